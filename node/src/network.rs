//! How bytes reach the nodes of other caisses and come back: the only code that names libp2p.
//!
//! What travels is opaque here. The promise to the machine: between [`FromNetwork::Connected`] and
//! [`FromNetwork::Disconnected`] of a caisse, the messages sent to it arrive complete and in order;
//! whatever cannot be delivered ends the connection, so nothing is lost silently. Messages under way
//! at that moment may or may not have arrived. Announcements are hints: any of them may be lost.
//!
//! Limits come first (`limits`): a connection is counted, then checked against the allow list, and
//! sizes and rates are checked before a message is passed on, hence before any signature check.

mod address;
mod behaviour;
mod carrier;
mod dial;
mod gate;
pub mod limits;
mod link;
mod outbox;
mod peers;
pub mod reach;
mod task;

use crdt::key::{PublicKey, SecretKey};
use crdt::{CaisseId, NetworkId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use address::AddressRefused;
use reach::Reach;

/// What the network needs to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's key, which is its identity towards others.
    pub secret: SecretKey,
    /// The federation; without one the node listens and accepts nobody.
    pub network: Option<NetworkId>,
    /// Where to listen, as multiaddrs such as `/ip4/0.0.0.0/tcp/7001` or
    /// `/ip4/0.0.0.0/udp/7001/quic-v1`; port 0 lets the system choose.
    pub listen: Vec<String>,
    /// What one peer may send, and how many may connect.
    pub limits: Limits,
    /// How the node reaches others and is reached.
    pub reach: Reach,
}

impl Settings {
    /// Makes settings with the default limits and ways to be reached.
    #[must_use]
    pub fn new(secret: SecretKey, network: Option<NetworkId>, listen: Vec<String>) -> Self {
        Self { secret, network, listen, limits: Limits::default(), reach: Reach::default() }
    }
}

/// The limits that an operator may change; all others are constants in [`limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages that one peer may send per second; faster peers are slowed down.
    pub messages_per_second: u32,
    /// Bytes that one peer may send per second; faster peers are slowed down.
    pub bytes_per_second: u32,
    /// Connections in all.
    pub connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_second: limits::MESSAGES_PER_SECOND,
            bytes_per_second: limits::BYTES_PER_SECOND,
            connections: limits::CONNECTIONS,
        }
    }
}

/// A caisse that may connect, as the register names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The caisse.
    pub id: CaisseId,
    /// The key of its node.
    pub node: PublicKey,
    /// Where its node listens, as multiaddrs; those that cannot be used are ignored with a warning.
    pub addresses: Vec<String>,
}

/// What the network is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToNetwork {
    /// Replaces the list of who may connect and is dialled; others are disconnected.
    Allow(Vec<Peer>),
    /// Names the federation, once; a node changes federation by a restart only.
    SetNetwork(NetworkId),
    /// Sends a message to a connected caisse; dropped if it is not connected.
    Send {
        /// The receiver.
        to: CaisseId,
        /// The message, at most [`limits::MESSAGE_BYTES`].
        bytes: Vec<u8>,
    },
    /// Tells the whole federation something, as far as it can be reached now.
    Announce {
        /// The announcement, at most [`limits::ANNOUNCEMENT_BYTES`].
        bytes: Vec<u8>,
    },
    /// A caisse sent what no honest node sends, as the machine's door found.
    Misbehaved(CaisseId),
    /// Closes all connections and ends the task.
    Stop,
}

/// What the network tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromNetwork {
    /// The node listens at this multiaddr.
    Listening(String),
    /// A caisse is there and speaks this federation's protocol.
    Connected(CaisseId),
    /// The last connection to a caisse is gone.
    Disconnected(CaisseId),
    /// A caisse sent a message.
    Message {
        /// The sender, proven by its node key.
        from: CaisseId,
        /// The message, not looked at.
        bytes: Vec<u8>,
    },
    /// A caisse told the federation something.
    Announcement {
        /// The author, proven by a signature, who need not be connected.
        from: CaisseId,
        /// The announcement, not looked at.
        bytes: Vec<u8>,
    },
    /// So many caisses are connected through a relay alone now.
    Relayed(u32),
    /// Somebody did what no honest node does.
    Misbehaved {
        /// Who, if it is a caisse on the list.
        from: Option<CaisseId>,
        /// What was done.
        what: Misbehaviour,
    },
}

/// What no honest and well configured node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misbehaviour {
    /// A node that is not on the list tried to connect.
    #[error("a node that the register does not know tried to connect")]
    Stranger,
    /// A node on the list does not speak this federation's protocol.
    #[error("its node belongs to another federation")]
    WrongNetwork,
    /// A packet or announcement was larger than allowed.
    #[error("it sent more bytes at once than allowed")]
    Oversized,
    /// What came was not a packet.
    #[error("it sent bytes that are not a packet")]
    Garbled,
    /// It did not wait for acknowledgements.
    #[error("it sent packets without waiting for acknowledgements")]
    Impatient,
    /// What came was a packet, but not messages.
    #[error("it sent what is not a message")]
    Meaningless,
    /// It said again and again where it is.
    #[error("it says more often than allowed where it is")]
    Restless,
}

/// Why the network cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// An address in the settings cannot be used.
    #[error(
        "cannot listen on {address:?}: {reason}; correct the listen addresses in the configuration"
    )]
    Address {
        /// The text in the settings.
        address: String,
        /// What is wrong with it.
        reason: AddressRefused,
    },
    /// The system does not let the node listen there.
    #[error(
        "cannot listen on {address}: {reason}; is another node running, or is the address not this machine's?"
    )]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The protocols could not be set up.
    #[error("cannot set up the network protocols: {0}")]
    Setup(String),
    /// There is no tokio runtime to run on.
    #[error("the network needs a tokio runtime to run on")]
    NoRuntime,
}

/// The network has ended, so nothing can be told to it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network has stopped")]
pub struct NetworkStopped;

/// The way to tell a running network something. It stops when this and all senders are dropped.
#[derive(Debug)]
pub struct Handle {
    commands: mpsc::Sender<ToNetwork>,
    task: JoinHandle<()>,
}

impl Handle {
    /// Tells the network something. It never waits long: the network always takes commands, even
    /// while the machine takes no events.
    ///
    /// # Errors
    /// [`NetworkStopped`] if it has ended.
    pub async fn send(&self, command: ToNetwork) -> Result<(), NetworkStopped> {
        self.commands.send(command).await.map_err(|_| NetworkStopped)
    }

    /// Returns another sender of commands.
    #[must_use]
    pub fn commands(&self) -> mpsc::Sender<ToNetwork> {
        self.commands.clone()
    }

    /// Closes all connections and waits for the end, at most about [`limits::STOP_TIMEOUT`].
    pub async fn stop(self) {
        // If it cannot be told, it has ended already.
        let _ = self.commands.send(ToNetwork::Stop).await;
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the network did not end cleanly");
        }
    }
}

/// Says whether a text is an address that the network understands.
///
/// # Errors
/// [`AddressRefused`] if it is not.
pub fn check_address(text: &str) -> Result<(), AddressRefused> {
    address::parse(text).map(drop)
}

/// Starts the network as a task of the current tokio runtime. Sockets are bound when this returns.
///
/// # Errors
/// [`NetworkError`] if an address cannot be used, or outside a runtime.
pub fn start(settings: Settings) -> Result<(Handle, mpsc::Receiver<FromNetwork>), NetworkError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| NetworkError::NoRuntime)?;
    let (commands, from_machine) = mpsc::channel(limits::COMMANDS_QUEUED);
    let (to_machine, events) = mpsc::channel(limits::EVENTS_QUEUED);
    let task = task::Task::new(settings, from_machine, to_machine)?;
    let task = runtime.spawn(task.run());
    Ok((Handle { commands, task }, events))
}
