//! A running node: the machine, the network, the doors, until it is told to stop.

use std::path::Path;
use std::sync::Arc;

use crdt::contact::Contact;
use crdt::feed::Envelope;
use crdt::message::Message;
use crdt::{CaisseId, wire};
use ledger::{Caisse, Input};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::http::{self, Doors};
use crate::machine::{Handle, Machine, Said, WorkError};
use crate::metrics::Metrics;
use crate::network::{self, FromNetwork, NetworkError, Peer, ToNetwork};
use crate::questions::Questions;
use crate::setup::{self, SetupError};
use crate::store::{Store, StoreError};

/// How long to wait for the machine's own word when another part has ended: it has ended already, or goes on.
const MACHINE_ENDS: std::time::Duration = std::time::Duration::from_secs(1);

/// Why a node cannot start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The directory cannot be read.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The store cannot be opened, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine cannot go on.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// The network cannot start.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A door cannot be opened.
    #[error("cannot listen on {address}: {why}")]
    Door {
        /// The address or socket.
        address: String,
        /// The operating system's words.
        why: String,
    },
    /// A part of the node ended by itself.
    #[error("a part of the node ended unexpectedly: {0}")]
    Part(String),
}

/// Runs the node of a directory until SIGTERM or SIGINT. What was taken in before is finished first; a
/// second signal ends the process at once, which loses nothing that was acknowledged.
///
/// # Errors
/// [`RunError`]; then the process should end with an error.
pub async fn run(dir: &Path) -> Result<(), RunError> {
    let stop = stop_signal()?;
    run_until(dir, stop).await
}

/// Runs the node of a directory until `stop` says so.
///
/// # Errors
/// As [`run`].
pub async fn run_until(dir: &Path, stop: watch::Receiver<bool>) -> Result<(), RunError> {
    let store = Store::open(dir)?;
    let loaded = setup::load(dir)?;
    let contact = loaded.settings.contact.clone();
    let node = loaded.secrets.node.clone();
    let caisse = Caisse::open(loaded.settings, loaded.secrets, &store);
    let network_id = caisse.0.keyring().map(|keyring| keyring.network);
    let metrics = Arc::new(Metrics::default());
    let (machine, handle, said) = Machine::new(caisse, store, Arc::clone(&metrics))?;

    let mut settings =
        network::Settings::new(node.clone(), network_id, loaded.config.listen.clone());
    settings.reach = loaded.config.reach.clone();
    let (network, heard) = network::start(settings)?;
    let doors = Doors::new(handle.clone(), Arc::clone(&metrics), node);
    let mut parts: JoinSet<Result<(), RunError>> = JoinSet::new();
    http::serve(&mut parts, doors, dir, loaded.config.http, &stop).await?;
    parts.spawn(speak(said, network.commands()));
    let door = Door { machine: handle, metrics, punish: network.commands() };
    parts.spawn(listen(heard, door, contact));
    tracing::info!(name = %loaded.config.name, http = %loaded.config.http, "the caisse is open");

    let mut working = tokio::spawn(machine.run(stop.clone()));
    let ended = tokio::select! {
        biased;
        ended = &mut working => ended.map_err(|why| RunError::Part(why.to_string()))
            .and_then(|done| Ok(done?)),
        Some(part) = parts.join_next() => {
            let ended = match part {
                Ok(Ok(())) if *stop.borrow() => Ok(()),
                Ok(Ok(())) => Err(RunError::Part("a door closed".to_owned())),
                Ok(Err(why)) => Err(why),
                Err(why) => Err(RunError::Part(why.to_string())),
            };
            // The batch that is being committed is finished before the process ends. And a part that ended
            // because the machine did is not the reason.
            let machine = if ended.is_ok() {
                Some((&mut working).await)
            } else {
                tokio::time::timeout(MACHINE_ENDS, &mut working).await.ok()
            };
            match machine {
                Some(Ok(Err(why))) => Err(why.into()),
                _ => ended,
            }
        }
    };
    network.stop().await;
    tracing::info!("the caisse is closed");
    ended
}

/// Becomes true at the first SIGTERM or SIGINT; the second ends the process.
fn stop_signal() -> Result<watch::Receiver<bool>, RunError> {
    use tokio::signal::unix::{SignalKind, signal};

    let failed = |why: std::io::Error| RunError::Part(format!("no signals: {why}"));
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if first {
                tracing::info!("stopping; a second signal stops at once");
                let _ = stop.send(true);
            }
        }
        std::process::exit(130);
    });
    Ok(stopped)
}

/// Carries what the machine says to the network.
async fn speak(
    mut said: mpsc::Receiver<Said>,
    network: mpsc::Sender<ToNetwork>,
) -> Result<(), RunError> {
    while let Some(said) = said.recv().await {
        let commands = match said {
            Said::To(to, bytes) => vec![ToNetwork::Send { to, bytes }],
            Said::All(bytes) => vec![ToNetwork::Announce { bytes }],
            Said::Partners(keyring, partners) => {
                let federation = keyring.map(|keyring| ToNetwork::SetNetwork(keyring.network));
                let peers = partners.into_iter().map(peer).collect();
                federation.into_iter().chain([ToNetwork::Allow(peers)]).collect()
            }
        };
        for command in commands {
            if network.send(command).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn peer(contact: Contact) -> Peer {
    Peer { id: contact.id, node: contact.node, addresses: contact.addresses }
}

/// Where what the network hears comes to the machine.
struct Door {
    machine: Handle,
    metrics: Arc<Metrics>,
    punish: mpsc::Sender<ToNetwork>,
}

/// Brings what the network hears to the machine: decoded, within limits, and verified before the door.
async fn listen(
    mut heard: mpsc::Receiver<FromNetwork>,
    door: Door,
    us: Contact,
) -> Result<(), RunError> {
    let Door { machine, metrics, .. } = &door;
    let mut questions = Questions::default();
    while let Some(event) = heard.recv().await {
        let (input, bytes) = match event {
            FromNetwork::Listening(address) => {
                tracing::info!(%address, caisse = %us.name, "listening");
                continue;
            }
            FromNetwork::Connected(peer) => {
                metrics.connected.inc();
                tracing::info!(%peer, "a partner is there");
                (Input::Connected(peer), 0)
            }
            FromNetwork::Disconnected(peer) => {
                metrics.connected.dec();
                tracing::info!(%peer, "a partner is gone");
                (Input::Disconnected(peer), 0)
            }
            FromNetwork::Message { from, bytes } | FromNetwork::Announcement { from, bytes } => {
                match door.verified(&mut questions, from, &bytes) {
                    Some(input) => (input, bytes.len()),
                    None => continue,
                }
            }
            FromNetwork::Relayed(count) => {
                metrics.relayed.set(i64::from(count));
                continue;
            }
            FromNetwork::Misbehaved { from, what } => {
                tracing::warn!(from = from.map(|id| id.to_string()), %what, "misbehaviour");
                continue;
            }
        };
        if machine.heard(input, bytes).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl Door {
    /// Decodes and verifies a message. What does not hold is dropped and counted.
    fn verified(&self, questions: &mut Questions, from: CaisseId, bytes: &[u8]) -> Option<Input> {
        let keyring = self.machine.keyring()?;
        let message = wire::decode::<Message<Envelope>>(bytes).ok().filter(Message::within_limits);
        let Some(message) = message else {
            self.metrics.malformed_messages.inc();
            tracing::warn!(%from, bytes = bytes.len(), "a partner sent what is not a message");
            // If its queue is full, the next such message does it.
            let _ = self.punish.try_send(ToNetwork::Misbehaved(from));
            return None;
        };
        if !questions.may_ask(from, &message, std::time::Instant::now()) {
            self.metrics.dropped_questions.inc();
            return None;
        }
        let (message, rejected) = message.verify(&keyring);
        for why in rejected {
            self.metrics.rejected_entries.inc();
            tracing::debug!(%from, %why, "an entry does not hold");
        }
        Some(Input::Received { from, message })
    }
}
