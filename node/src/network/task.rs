//! The one task that owns the swarm: commands in, events out.

mod events;
mod reach;

use std::time::Instant;

use crdt::{CaisseId, NetworkId};
use futures::StreamExt as _;
use libp2p::identity::Keypair;
use libp2p::swarm::SwarmEvent;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{PeerId, Swarm, gossipsub};
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::behaviour::{self, Behaviour, BehaviourEvent};
use super::carrier::Arrival;
use super::limits::{self, Pace};
use super::outbox::Outbox;
use super::peers::{Known, Peers};
use super::{FromNetwork, Limits, Misbehaviour, NetworkError, Peer, Settings, ToNetwork, address};
use reach::Reached;

/// The state of the running network.
pub struct Task {
    swarm: Swarm<Behaviour>,
    keypair: Keypair,
    network: Option<NetworkId>,
    limits: Limits,
    peers: Peers,
    outbox: Outbox,
    strangers: Pace,
    commands: mpsc::Receiver<ToNetwork>,
    events: mpsc::Sender<FromNetwork>,
    /// When something is due without an event: a dial, a packet held back, the end of a ban.
    wake: Option<Instant>,
    /// How the node is reached from outside, and reaches those that are not.
    reached: Reached,
}

/// Whether the task goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

/// What ended a wait.
enum Happened {
    /// There is room in the machine's queue.
    Room,
    Command(ToNetwork),
    Swarm(Box<SwarmEvent<BehaviourEvent>>),
    Due,
}

impl Task {
    /// Binds the sockets.
    pub fn new(
        settings: Settings,
        commands: mpsc::Receiver<ToNetwork>,
        events: mpsc::Sender<FromNetwork>,
    ) -> Result<Self, NetworkError> {
        let keypair = address::keypair(&settings.secret);
        let reach = &settings.reach;
        let mut swarm = behaviour::swarm(keypair.clone(), settings.limits.connections, reach)
            .map_err(|error| NetworkError::Setup(error.to_string()))?;
        for text in settings.listen {
            listen(&mut swarm, text)?;
        }
        let mut task = Self {
            swarm,
            keypair,
            network: None,
            limits: settings.limits,
            peers: Peers::default(),
            outbox: Outbox::default(),
            strangers: Pace::new(limits::STRANGERS, limits::STRANGERS_WINDOW, Instant::now()),
            commands,
            events,
            wake: None,
            reached: Reached::new(settings.reach),
        };
        task.is_reached_at_configured_addresses();
        if let Some(network) = settings.network {
            task.set_network(network).map_err(|error| NetworkError::Setup(error.to_string()))?;
        }
        Ok(task)
    }

    /// Runs until told to stop, or until nobody is there to tell or to be told.
    pub async fn run(mut self) {
        while self.turn().await == Next::GoOn {}
        self.close().await;
    }

    async fn turn(&mut self) -> Next {
        let wake = self.wake;
        let due = async move {
            match wake {
                Some(wake) => tokio::time::sleep_until(wake.into()).await,
                None => std::future::pending().await,
            }
        };
        let happened = tokio::select! {
            place = self.events.reserve(), if !self.outbox.is_empty() => match place {
                Ok(_) => Happened::Room,
                Err(_) => return Next::End,
            },
            command = self.commands.recv() => match command {
                None | Some(ToNetwork::Stop) => return Next::End,
                Some(command) => Happened::Command(command),
            },
            event = self.swarm.select_next_some(), if self.outbox.has_room() => {
                Happened::Swarm(Box::new(event))
            }
            () = due => Happened::Due,
        };
        match happened {
            Happened::Room => {}
            Happened::Command(command) => self.command(command),
            Happened::Swarm(event) => self.swarm_event(*event),
            Happened::Due => self.on_time(),
        }
        self.deliver();
        Next::GoOn
    }

    /// Passes on as many events as the machine has places for.
    fn deliver(&mut self) {
        while !self.outbox.is_empty() {
            let Ok(place) = self.events.try_reserve() else {
                return;
            };
            let Some(item) = self.outbox.pop() else {
                return;
            };
            place.send(item.event);
            self.acknowledge(item.ack);
        }
    }

    fn command(&mut self, command: ToNetwork) {
        match command {
            ToNetwork::Allow(list) => self.allow(list),
            ToNetwork::SetNetwork(network) => match self.network {
                Some(current) if current == network => {}
                Some(current) => {
                    warn!(%current, %network, "the node belongs to a federation already; restart it to change");
                }
                None => {
                    if let Err(error) = self.set_network(network) {
                        tracing::error!(%network, %error, "cannot set up the protocols of the federation");
                    }
                }
            },
            ToNetwork::Send { to, bytes } => self.send(to, bytes),
            ToNetwork::Announce { bytes } => self.announce(bytes),
            ToNetwork::Misbehaved(caisse) => {
                if let Some(peer) = self.peers.of_caisse(&caisse) {
                    self.strike(peer, Misbehaviour::Meaningless);
                }
            }
            ToNetwork::Stop => {}
        }
    }

    fn set_network(&mut self, network: NetworkId) -> Result<(), behaviour::SetupError> {
        // Nobody is allowed before this, so no connection misses a protocol.
        let federation = behaviour::federation(&self.keypair, &network)?;
        self.swarm.behaviour_mut().federation = Some(federation).into();
        self.network = Some(network);
        info!(%network, "the node speaks within its federation");
        let allowed = &mut self.swarm.behaviour_mut().allowed;
        for (peer, _) in self.peers.iter_mut() {
            allowed.allow_peer(*peer);
        }
        self.wake_at(Instant::now());
        Ok(())
    }

    fn allow(&mut self, list: Vec<Peer>) {
        let now = Instant::now();
        let own = *self.swarm.local_peer_id();
        let change = self.peers.replace(own, list, self.limits, now);
        for (peer, mut known) in change.removed {
            debug!(caisse = %known.caisse, "taken off the list");
            self.swarm.behaviour_mut().allowed.disallow_peer(peer);
            if known.disconnected() {
                self.outbox.push(FromNetwork::Disconnected(known.caisse));
            }
        }
        for peer in change.added {
            if self.network.is_some() {
                self.swarm.behaviour_mut().allowed.allow_peer(peer);
            }
        }
        self.wake_at(now);
    }

    fn send(&mut self, to: CaisseId, bytes: Vec<u8>) {
        if bytes.len() > limits::MESSAGE_BYTES {
            warn!(%to, bytes = bytes.len(), "a message is too large to be sent; dropped");
            return;
        }
        let Some(peer) = self.peers.of_caisse(&to) else {
            debug!(%to, "a message for a caisse that is not on the list; dropped");
            return;
        };
        let Some(known) = self.peers.get_mut(&peer).filter(|known| known.greeted) else {
            debug!(%to, "a message for a caisse that is not connected; dropped");
            return;
        };
        if known.outgoing.push(bytes).is_err() {
            warn!(%to, "a caisse takes messages too slowly; disconnected");
            self.disconnect(peer);
            return;
        }
        self.flush(peer);
    }

    /// Sends the next packet to a peer if there is one and none is under way.
    fn flush(&mut self, peer: PeerId) {
        let Some(known) = self.peers.get_mut(&peer).filter(|known| known.greeted) else {
            return;
        };
        let Some(federation) = self.swarm.behaviour_mut().federation.as_mut() else {
            return;
        };
        if let Some(packet) = known.outgoing.next_packet() {
            known.outgoing.sent(federation.carrier.send_request(&peer, Arrival::Packet(packet)));
        }
    }

    fn announce(&mut self, bytes: Vec<u8>) {
        if bytes.len() > limits::ANNOUNCEMENT_BYTES {
            warn!(bytes = bytes.len(), "an announcement is too large to be sent; dropped");
            return;
        }
        let (Some(network), Some(federation)) =
            (self.network, self.swarm.behaviour_mut().federation.as_mut())
        else {
            debug!("an announcement before there is a federation; dropped");
            return;
        };
        match federation.gossip.publish(behaviour::topic(&network), bytes) {
            Ok(_) | Err(gossipsub::PublishError::Duplicate) => {}
            Err(error) => debug!(%error, "an announcement reached nobody"),
        }
    }

    /// Notes a misbehaviour; the last of too many ends the connection for a while.
    fn strike(&mut self, peer: PeerId, what: Misbehaviour) {
        let now = Instant::now();
        let Some(known) = self.peers.get_mut(&peer).filter(|known| !known.banned) else {
            return;
        };
        let caisse = known.caisse;
        known.strikes.spend(1, now);
        self.outbox.push(FromNetwork::Misbehaved { from: Some(caisse), what });
        if known.strikes.has_one(now) {
            debug!(%caisse, %what, "misbehaved");
            return;
        }
        warn!(%caisse, %what, refused_s = limits::BAN.as_secs(), "misbehaved too often; refused for a while");
        known.banned = true;
        known.dial.not_before(now + limits::BAN);
        self.wake_at(now + limits::BAN);
        self.swarm.behaviour_mut().allowed.disallow_peer(peer);
    }

    fn disconnect(&mut self, peer: PeerId) {
        // Not connected any more is what is wanted.
        let _ = self.swarm.disconnect_peer_id(peer);
    }

    /// Does what is due and finds the next time.
    fn on_time(&mut self) {
        let now = Instant::now();
        self.wake = None;
        let is_due = |known: &Known| known.dial.next().is_some_and(|next| next <= now);
        let listed: Vec<_> =
            self.peers.iter_mut().map(|(peer, known)| (*peer, is_due(known))).collect();
        self.keep_relays(now);
        for (peer, is_due) in listed {
            self.release(peer);
            self.shed(peer, now);
            if is_due && self.network.is_some() {
                self.dial(peer, now);
            }
            let next = self.peers.get_mut(&peer).and_then(|known| known.dial.next());
            if let Some(next) = next.filter(|_| self.network.is_some()) {
                self.wake_at(next);
            }
        }
    }

    fn dial(&mut self, peer: PeerId, now: Instant) {
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        if std::mem::take(&mut known.banned) {
            self.swarm.behaviour_mut().allowed.allow_peer(peer);
        }
        known.dial.pause();
        if known.connected {
            return;
        }
        let direct = known.targets();
        // A direct connection is better, so it is tried alone first where there is a chance of one.
        let alone = !direct.is_empty() && !known.dial.has_failed() && !known.was_relayed;
        let circuits = if alone { Vec::new() } else { self.circuits(peer) };
        let addresses = [circuits, direct].concat();
        if addresses.is_empty() {
            self.without_address(peer, now);
            return;
        }
        let options = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(addresses)
            // From its own port, a dial and the other side's dial back could become one connection
            // in which both believe to be the one that dialled.
            .allocate_new_port()
            .build();
        self.swarm.behaviour_mut().gate.pass(options.connection_id());
        if let Err(error) = self.swarm.dial(options) {
            debug!(%peer, %error, "cannot dial");
            if let Some(known) = self.peers.get_mut(&peer) {
                known.dial.failed(now);
            }
        }
    }

    fn wake_at(&mut self, time: Instant) {
        self.wake = Some(self.wake.map_or(time, |wake| wake.min(time)));
    }

    /// Says good-bye, so that the others need not find out by themselves.
    async fn close(mut self) {
        let connected: Vec<_> = self.swarm.connected_peers().copied().collect();
        for peer in connected {
            self.disconnect(peer);
        }
        let closed = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        if tokio::time::timeout(limits::STOP_TIMEOUT, closed).await.is_err() {
            debug!("some connections did not close in time");
        }
    }
}

fn listen(swarm: &mut Swarm<Behaviour>, text: String) -> Result<(), NetworkError> {
    let address = match address::parse(&text) {
        Ok(address) => address,
        Err(reason) => {
            return Err(NetworkError::Address { address: text, reason });
        }
    };
    match swarm.listen_on(address) {
        Ok(_) => Ok(()),
        Err(error) => Err(NetworkError::Listen { address: text, reason: error.to_string() }),
    }
}
