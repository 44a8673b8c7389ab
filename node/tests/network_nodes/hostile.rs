//! What strangers and hostile peers achieve: nothing that an honest peer would notice.

use std::time::Duration;

use crdt::{CaisseId, NetworkId};
use futures::StreamExt as _;
use libp2p::request_response::{self, ProtocolSupport, cbor};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identify, identity, noise, ping, tcp,
    yamux,
};
use node::network::{FromNetwork, Misbehaviour, Peer, ToNetwork, limits};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{FEDERATION, Node, TCP, introduce, secret, within};

/// A packet as `docs/protocol.md` describes it, written down once more.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Packet {
    messages: Vec<ByteBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ack {}

#[derive(NetworkBehaviour)]
struct Hostile {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    carrier: cbor::Behaviour<Packet, Ack>,
    /// The same protocol, in which anything can be said.
    anything: cbor::Behaviour<ByteBuf, Ack>,
}

/// A node that speaks the protocol of the federation, and need not follow it.
pub struct Attacker {
    swarm: Swarm<Hostile>,
    target: PeerId,
}

impl Attacker {
    /// Dials a node and waits for the connection.
    pub async fn connect(seed: u8, target: &Node) -> Self {
        let keypair = identity::Keypair::ed25519_from_bytes([seed; 32]).expect("32 bytes");
        let mut swarm = SwarmBuilder::with_existing_identity(keypair)
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .expect("it can be set up")
            .with_behaviour(|key| hostile(key.public()))
            .expect("it can be set up")
            .with_swarm_config(|config| {
                config.with_idle_connection_timeout(Duration::from_secs(60))
            })
            .build();
        let address: Multiaddr = target.address.parse().expect("a node says where it listens");
        swarm.dial(address).expect("loopback can be dialled");
        loop {
            if let SwarmEvent::ConnectionEstablished { peer_id, .. } =
                swarm.select_next_some().await
            {
                return Self { swarm, target: peer_id };
            }
        }
    }

    fn send(&mut self, sizes: &[usize]) {
        let messages = sizes.iter().map(|size| ByteBuf::from(vec![7; *size])).collect();
        self.swarm.behaviour_mut().carrier.send_request(&self.target, Packet { messages });
    }

    /// Runs until the connection is closed.
    pub async fn until_closed(mut self) {
        while !matches!(self.swarm.select_next_some().await, SwarmEvent::ConnectionClosed { .. }) {}
    }

    /// Keeps more packets under way than any honest node, until the connection is closed.
    async fn flood_until_closed(mut self) {
        for _ in 0..limits::PACKETS_UNACKNOWLEDGED + 2 {
            self.send(&[1; limits::MESSAGES_PER_PACKET]);
        }
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::ConnectionClosed { .. } => return,
                SwarmEvent::Behaviour(HostileEvent::Carrier(_)) => {
                    self.send(&[1; limits::MESSAGES_PER_PACKET]);
                }
                _ => {}
            }
        }
    }

    /// Runs for ever beside something that ends.
    async fn beside<F: Future>(&mut self, future: F) -> F::Output {
        let running = async {
            loop {
                self.swarm.select_next_some().await;
            }
        };
        tokio::select! {
            output = future => output,
            () = running => unreachable!("a swarm has no end"),
        }
    }
}

fn hostile(key: identity::PublicKey) -> Hostile {
    let name = || StreamProtocol::new("/caisse/fefefefefefefefe/1");
    let config = || request_response::Config::default().with_max_concurrent_streams(1_000);
    let anything = cbor::codec::Codec::default();
    Hostile {
        identify: identify::Behaviour::new(identify::Config::new("/caisse/1".to_owned(), key)),
        ping: ping::Behaviour::default(),
        carrier: cbor::Behaviour::new([(name(), ProtocolSupport::Full)], config()),
        anything: request_response::Behaviour::with_codec(
            anything,
            [(name(), ProtocolSupport::Outbound)],
            config(),
        ),
    }
}

/// The caisse of an attacker's seed, as the register would name it.
fn listed(seed: u8) -> Peer {
    let node = secret(seed).public();
    Peer { id: CaisseId::new([seed; 32]), node, addresses: Vec::new() }
}

fn misbehaved(seed: u8, what: Misbehaviour) -> FromNetwork {
    FromNetwork::Misbehaved { from: Some(CaisseId::new([seed; 32])), what }
}

#[tokio::test]
async fn a_stranger_is_refused_and_the_honest_go_on() {
    within(async {
        let (mut a, mut b) = (Node::start(1, TCP).await, Node::start(2, TCP).await);
        introduce(&mut [&mut a, &mut b]).await;
        let mut stranger = Attacker::connect(66, &a).await;
        stranger.send(&[10]);
        stranger.until_closed().await;
        let what = Misbehaviour::Stranger;
        assert_eq!(a.next_message().await, FromNetwork::Misbehaved { from: None, what });
        b.send(a.id, b"still here".to_vec()).await;
        let bytes = b"still here".to_vec();
        assert_eq!(a.next_message().await, FromNetwork::Message { from: b.id, bytes });
    })
    .await;
}

#[tokio::test]
async fn a_node_without_a_federation_accepts_nobody() {
    within(async {
        let mut alone = Node::start_alone(1, TCP).await;
        alone.tell(ToNetwork::Allow(vec![listed(66)])).await;
        let mut peer = Attacker::connect(66, &alone).await;
        peer.send(&[10]);
        peer.until_closed().await;
        assert!(!alone.next_within_a_moment(|_| true).await);
    })
    .await;
}

#[tokio::test]
async fn a_node_of_another_federation_gets_nothing_through() {
    within(async {
        let mut a = Node::start(1, TCP).await;
        let mut b = Node::start_in(2, TCP, Some(NetworkId::new([0xab; 32]))).await;
        a.tell(ToNetwork::Allow(vec![b.as_peer()])).await;
        b.tell(ToNetwork::Allow(vec![a.as_peer()])).await;
        b.send(a.id, b"let me in".to_vec()).await;
        // The first events, so neither was told of a connection or a message.
        assert_eq!(a.next().await, misbehaved(2, Misbehaviour::WrongNetwork));
        assert_eq!(b.next().await, misbehaved(1, Misbehaviour::WrongNetwork));
    })
    .await;
}

#[tokio::test]
async fn an_oversized_packet_is_refused_and_the_connection_goes_on() {
    within(async {
        let mut a = Node::start(1, TCP).await;
        a.tell(ToNetwork::Allow(vec![listed(66)])).await;
        let mut peer = Attacker::connect(66, &a).await;
        let from = CaisseId::new([66; 32]);
        peer.beside(a.expect(FromNetwork::Connected(from))).await;
        peer.send(&[limits::PACKET_BYTES]);
        let refused = peer.beside(a.next()).await;
        assert_eq!(refused, misbehaved(66, Misbehaviour::Oversized));
        peer.send(&[10]);
        let message = peer.beside(a.next()).await;
        assert_eq!(message, FromNetwork::Message { from, bytes: vec![7; 10] });
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_sends_garbage_again_and_again_is_disconnected_and_refused() {
    within(async {
        let (mut a, mut b) = (Node::start(1, TCP).await, Node::start(2, TCP).await);
        a.tell(ToNetwork::Allow(vec![listed(66), b.as_peer()])).await;
        b.tell(ToNetwork::Allow(vec![a.as_peer()])).await;
        a.expect(FromNetwork::Connected(b.id)).await;
        b.expect(FromNetwork::Connected(a.id)).await;
        let mut peer = Attacker::connect(66, &a).await;
        peer.beside(a.expect(FromNetwork::Connected(CaisseId::new([66; 32])))).await;
        for _ in 0..limits::STRIKES {
            let target = peer.target;
            let garbage = ByteBuf::from(b"not a packet".to_vec());
            peer.swarm.behaviour_mut().anything.send_request(&target, garbage);
            let refused = peer.beside(a.next_message()).await;
            assert_eq!(refused, misbehaved(66, Misbehaviour::Garbled));
        }
        peer.beside(a.expect(FromNetwork::Disconnected(CaisseId::new([66; 32])))).await;
        // It is turned away now, and nobody else is disturbed.
        Attacker::connect(66, &a).await.until_closed().await;
        b.send(a.id, b"still here".to_vec()).await;
        let bytes = b"still here".to_vec();
        assert_eq!(a.next_message().await, FromNetwork::Message { from: b.id, bytes });
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_does_not_wait_for_acknowledgements_is_stopped_while_the_machine_is_slow() {
    within(async {
        let mut a = Node::start(1, TCP).await;
        a.tell(ToNetwork::Allow(vec![listed(66)])).await;
        let mut peer = Attacker::connect(66, &a).await;
        peer.beside(a.expect(FromNetwork::Connected(CaisseId::new([66; 32])))).await;
        // The machine takes nothing, so a few packets fill its queue, and the next are not
        // acknowledged.
        peer.flood_until_closed().await;
        a.expect(misbehaved(66, Misbehaviour::Impatient)).await;
        a.expect(FromNetwork::Disconnected(CaisseId::new([66; 32]))).await;
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_disconnected_before_it_fills_the_memory() {
    within(async {
        let mut a = Node::start(1, TCP).await;
        a.tell(ToNetwork::Allow(vec![listed(66)])).await;
        let mut peer = Attacker::connect(66, &a).await;
        let to = CaisseId::new([66; 32]);
        peer.beside(a.expect(FromNetwork::Connected(to))).await;
        // It stops here: its side of the connection is open, and nobody looks at it.
        let (bytes, mut sent) = (1024 * 1024 / 2, 0);
        while sent <= 2 * limits::QUEUED_BYTES {
            a.send(to, vec![7; bytes]).await;
            sent += bytes;
        }
        a.expect(FromNetwork::Disconnected(to)).await;
        drop(peer);
    })
    .await;
}

#[tokio::test]
async fn what_the_machine_calls_no_message_counts_as_misbehaviour() {
    within(async {
        let mut a = Node::start(1, TCP).await;
        a.tell(ToNetwork::Allow(vec![listed(66)])).await;
        let mut peer = Attacker::connect(66, &a).await;
        let from = CaisseId::new([66; 32]);
        peer.beside(a.expect(FromNetwork::Connected(from))).await;
        for _ in 0..limits::STRIKES {
            a.tell(ToNetwork::Misbehaved(from)).await;
            let told = peer.beside(a.next_message()).await;
            assert_eq!(told, misbehaved(66, Misbehaviour::Meaningless));
        }
        peer.beside(a.expect(FromNetwork::Disconnected(from))).await;
    })
    .await;
}

#[tokio::test]
async fn garbage_on_the_tcp_port_does_nothing() {
    within(async {
        let (mut a, mut b) = (Node::start(1, TCP).await, Node::start(2, TCP).await);
        introduce(&mut [&mut a, &mut b]).await;
        let port = a.address.rsplit('/').next().and_then(|port| port.parse::<u16>().ok());
        let port = port.expect("the address ends with the port");
        let garbage: [&[u8]; 4] = [&[0xff; 4_096], b"GET / HTTP/1.1\r\n\r\n", &[0; 64], &[]];
        for bytes in garbage {
            let mut socket = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
            // The node may hang up before all is written or read.
            let _ = socket.write_all(bytes).await;
            let _ = socket.shutdown().await;
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
        b.send(a.id, b"still here".to_vec()).await;
        let bytes = b"still here".to_vec();
        assert_eq!(a.next_message().await, FromNetwork::Message { from: b.id, bytes });
    })
    .await;
}

#[test]
fn the_federation_of_these_tests_is_the_one_in_the_protocol_name() {
    assert_eq!(format!("{FEDERATION:.16}"), "fefefefefefefefe");
}
