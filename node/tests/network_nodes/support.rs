//! Nodes on loopback with a port of their own choice, and waits that end.

use std::future::Future;
use std::time::Duration;

use crdt::key::SecretKey;
use crdt::{CaisseId, NetworkId};
use node::network::reach::Reach;
use node::network::{FromNetwork, Handle, Peer, Settings, ToNetwork, start};
use tokio::sync::mpsc::Receiver;

/// The federation of these tests.
pub const FEDERATION: NetworkId = NetworkId::new([0xfe; 32]);
/// TCP on loopback, the system chooses the port.
pub const TCP: &str = "/ip4/127.0.0.1/tcp/0";
/// QUIC on loopback, the system chooses the port.
pub const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// Fails if something does not end within a minute.
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it ends within a minute")
}

/// The node key of a seed.
pub fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

/// A message that is a number.
pub fn numbered(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// A running network and its only address.
pub struct Node {
    pub id: CaisseId,
    pub address: String,
    seed: u8,
    handle: Handle,
    events: Receiver<FromNetwork>,
}

impl Node {
    /// Starts a node of the federation.
    pub async fn start(seed: u8, listen: &str) -> Self {
        Self::start_in(seed, listen, Some(FEDERATION)).await
    }

    /// Starts a node that belongs to no federation yet.
    pub async fn start_alone(seed: u8, listen: &str) -> Self {
        Self::start_in(seed, listen, None).await
    }

    /// Starts a node of the federation that reaches others and is reached in some ways.
    pub async fn start_reached(seed: u8, listen: &str, reach: Reach) -> Self {
        let listen = vec![listen.to_owned()];
        let settings = Settings::new(secret(seed), Some(FEDERATION), listen);
        Self::start_as(seed, Settings { reach, ..settings }).await
    }

    /// Starts a node.
    pub async fn start_in(seed: u8, listen: &str, network: Option<NetworkId>) -> Self {
        Self::start_as(seed, Settings::new(secret(seed), network, vec![listen.to_owned()])).await
    }

    async fn start_as(seed: u8, settings: Settings) -> Self {
        let (handle, mut events) = start(settings).expect("loopback can be listened on");
        let Some(FromNetwork::Listening(address)) = events.recv().await else {
            panic!("the first event says where the node listens");
        };
        Self { id: CaisseId::new([seed; 32]), address, seed, handle, events }
    }

    /// How the register would name it.
    pub fn as_peer(&self) -> Peer {
        let node = secret(self.seed).public();
        Peer { id: self.id, node, addresses: vec![self.address.clone()] }
    }

    /// Tells the network something.
    pub async fn tell(&self, command: ToNetwork) {
        self.handle.send(command).await.expect("the network runs");
    }

    /// Sends a message.
    pub async fn send(&self, to: CaisseId, bytes: Vec<u8>) {
        self.tell(ToNetwork::Send { to, bytes }).await;
    }

    /// Returns the next event.
    pub async fn next(&mut self) -> FromNetwork {
        self.events.recv().await.expect("the network runs")
    }

    /// Waits for one event and passes over others.
    pub async fn expect(&mut self, expected: FromNetwork) {
        while self.next().await != expected {}
    }

    /// Returns the next message, or an event that ends all hope for one.
    pub async fn next_message(&mut self) -> FromNetwork {
        loop {
            match self.next().await {
                FromNetwork::Listening(_)
                | FromNetwork::Connected(_)
                | FromNetwork::Relayed(_)
                | FromNetwork::Announcement { .. } => {}
                event => return event,
            }
        }
    }

    /// Returns whether such an event comes within a moment.
    pub async fn next_within_a_moment(&mut self, wanted: impl Fn(&FromNetwork) -> bool) -> bool {
        let comes = async { while !wanted(&self.next().await) {} };
        tokio::time::timeout(Duration::from_millis(200), comes).await.is_ok()
    }

    /// Stops it and waits for the end.
    pub async fn stop(self) {
        self.handle.stop().await;
    }
}

/// Puts all nodes on each other's lists and waits until all are connected to all.
pub async fn introduce(nodes: &mut [&mut Node]) {
    let list: Vec<_> = nodes.iter().map(|node| node.as_peer()).collect();
    for node in nodes.iter() {
        node.tell(ToNetwork::Allow(list.clone())).await;
    }
    for node in nodes.iter_mut() {
        let mut missing: Vec<_> = list.iter().map(|peer| peer.id).collect();
        missing.retain(|id| *id != node.id);
        while !missing.is_empty() {
            if let FromNetwork::Connected(id) = node.next().await {
                missing.retain(|missing| *missing != id);
            }
        }
    }
}
