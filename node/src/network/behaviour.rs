//! What this node speaks: limits first, then who is allowed, then the protocols.

use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;

use crdt::NetworkId;
use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    StreamProtocol, Swarm, SwarmBuilder, autonat, dcutr, identify, kad, mdns, noise, ping, relay,
    tcp, upnp, yamux,
};

use super::gate::Gate;
use super::reach::{Reach, Relaying};
use super::{carrier, limits};

/// The protocol by which members ask each other for addresses. Who may speak it is the allow list's affair.
pub const LOOKUP: StreamProtocol = StreamProtocol::new("/caisse/lookup/1");

/// What a node speaks. The order counts: a connection refused by one is not shown to the next.
#[derive(NetworkBehaviour)]
pub struct Behaviour {
    pub limits: connection_limits::Behaviour,
    pub allowed: allow_block_list::Behaviour<AllowedPeers>,
    pub gate: Gate,
    pub identify: identify::Behaviour,
    pub ping: ping::Behaviour,
    /// Carries connections between others.
    pub relay: Toggle<relay::Behaviour>,
    /// Is carried by others; the transport needs it even where nothing is carried.
    pub carried: relay::client::Behaviour,
    pub punching: Toggle<dcutr::Behaviour>,
    /// Asks whether this node can be reached.
    pub probing: Toggle<autonat::v2::client::Behaviour>,
    /// Answers others who ask that.
    pub probed: Toggle<autonat::v2::server::Behaviour>,
    pub lookup: Toggle<Lookup>,
    pub mapping: Toggle<upnp::tokio::Behaviour>,
    pub lan: Toggle<mdns::tokio::Behaviour>,
    /// Off until the node belongs to a federation; nobody is allowed before.
    pub federation: Toggle<Federation>,
}

/// What is named after the federation.
#[derive(NetworkBehaviour)]
pub struct Federation {
    pub carrier: carrier::Behaviour,
    pub gossip: Gossip,
}

/// Kademlia as a way to find addresses: nothing is stored in it.
pub type Lookup = kad::Behaviour<kad::store::MemoryStore>;

/// Gossipsub that takes note of the one topic only, whatever a peer subscribes to.
pub type Gossip =
    gossipsub::Behaviour<gossipsub::IdentityTransform, gossipsub::WhitelistSubscriptionFilter>;

/// Why the protocols cannot be set up; the same on every machine, so a fault of this file.
pub type SetupError = Box<dyn Error + Send + Sync>;

/// Makes the swarm of a node that belongs to no federation yet.
pub fn swarm(
    keypair: Keypair,
    connections: u32,
    reach: &Reach,
) -> Result<Swarm<Behaviour>, SetupError> {
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, multiplexer)?
        .with_quic_config(|mut config| {
            config.max_concurrent_stream_limit = limits::STREAMS_IN_ALL;
            config
        })
        .with_relay_client(noise::Config::new, multiplexer)?
        .with_behaviour(|key, carried| behaviour(key, carried, connections, reach))?
        .with_swarm_config(|config| {
            // Caisses of one federation stay connected; ping notices those that are gone.
            config
                .with_idle_connection_timeout(Duration::from_secs(u64::MAX))
                .with_max_negotiating_inbound_streams(limits::STREAMS_PER_CONNECTION)
        })
        .with_connection_timeout(limits::HANDSHAKE_TIMEOUT)
        .build();
    Ok(swarm)
}

/// Many streams make one TCP connection; each may have 256 KiB under way that nobody has read.
fn multiplexer() -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(limits::STREAMS_IN_ALL as usize);
    config
}

fn behaviour(
    keypair: &Keypair,
    carried: relay::client::Behaviour,
    connections: u32,
    reach: &Reach,
) -> Result<Behaviour, SetupError> {
    let own = keypair.public().to_peer_id();
    let connection_limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits::HANDSHAKES))
        .with_max_pending_outgoing(Some(limits::DIALS))
        .with_max_established(Some(connections))
        .with_max_established_per_peer(Some(limits::CONNECTIONS_PER_PEER));
    let identify = identify::Config::new("/caisse/1".to_owned(), keypair.public())
        .with_agent_version(concat!("caisse/", env!("CARGO_PKG_VERSION")).to_owned())
        // Members learn where the node is now; nobody else gets as far as this.
        .with_push_listen_addr_updates(true)
        .with_cache_size(0);
    let ping =
        ping::Config::new().with_interval(limits::PING_INTERVAL).with_timeout(limits::PING_TIMEOUT);
    let may_relay = reach.relaying != Relaying::Never;
    let lan = if reach.search_lan { Some(search_lan(own)?) } else { None };
    Ok(Behaviour {
        limits: connection_limits::Behaviour::new(connection_limits),
        allowed: allow_block_list::Behaviour::default(),
        gate: Gate::default(),
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(ping),
        relay: may_relay.then(|| relay_of(own, reach.relaying)).into(),
        carried,
        punching: reach.punch_holes.then(|| dcutr::Behaviour::new(own)).into(),
        probing: reach.probe.then(autonat::v2::client::Behaviour::default).into(),
        probed: reach.probe.then(autonat::v2::server::Behaviour::default).into(),
        lookup: reach.ask_for_addresses.then(|| lookup(own)).into(),
        mapping: reach.map_ports.then(upnp::tokio::Behaviour::default).into(),
        lan: lan.into(),
        federation: None.into(),
    })
}

/// Makes a relay; who may use it is the allow list's affair.
fn relay_of(own: libp2p::PeerId, relaying: Relaying) -> relay::Behaviour {
    let mut config = relay::Config {
        max_reservations: limits::RESERVATIONS,
        max_reservations_per_peer: limits::RESERVATIONS_PER_PEER,
        reservation_duration: limits::RESERVATION,
        reservation_rate_limiters: Vec::new(),
        max_circuits: limits::CIRCUITS,
        max_circuits_per_peer: limits::CIRCUITS_PER_PEER,
        max_circuit_duration: limits::CIRCUIT,
        max_circuit_bytes: limits::CIRCUIT_BYTES,
        circuit_src_rate_limiters: Vec::new(),
    };
    config = config
        .reservation_rate_per_peer(limits::RELAY_REQUESTS, limits::RELAY_REQUESTS_WINDOW)
        .circuit_src_per_peer(limits::RELAY_REQUESTS, limits::RELAY_REQUESTS_WINDOW);
    let mut relay = relay::Behaviour::new(own, config);
    relay.set_status(Some(match relaying {
        Relaying::Always => relay::Status::Enable,
        Relaying::Never | Relaying::WhenReachable => relay::Status::Disable,
    }));
    relay
}

/// Makes the lookup of addresses. A node answers in it only once it is known to be reachable, and keeps
/// what members say of themselves, no records of others.
fn lookup(own: libp2p::PeerId) -> Lookup {
    let mut config = kad::Config::new(LOOKUP);
    config
        .set_query_timeout(limits::LOOKUP)
        .set_max_packet_size(limits::LOOKUP_BYTES)
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None)
        .set_periodic_bootstrap_interval(None);
    let mut lookup = Lookup::with_config(own, kad::store::MemoryStore::new(own), config);
    lookup.set_mode(Some(kad::Mode::Client));
    lookup
}

fn search_lan(own: libp2p::PeerId) -> Result<mdns::tokio::Behaviour, SetupError> {
    let config = mdns::Config {
        ttl: limits::LAN_ANSWER,
        query_interval: limits::LAN_QUESTION,
        enable_ipv6: false,
    };
    Ok(mdns::tokio::Behaviour::new(config, own)?)
}

/// Makes what a node speaks within a federation.
pub fn federation(keypair: &Keypair, network: &NetworkId) -> Result<Federation, SetupError> {
    let topic = topic(network);
    let config = gossipsub::ConfigBuilder::default()
        .protocol_id_prefix(format!("/caisse/{network:.16}/gossip"))
        .validation_mode(ValidationMode::Strict)
        // An announcement is passed on only once its author is known to be allowed.
        .validate_messages()
        .message_id_fn(message_id)
        .max_transmit_size(4 * limits::ANNOUNCEMENT_BYTES)
        .max_publish_messages(limits::GOSSIP_PER_FRAME)
        .max_control_messages_sent(limits::GOSSIP_PER_FRAME)
        .connection_handler_queue_len(limits::ANNOUNCEMENT_QUEUE)
        // A federation may be of three: a mesh of two others is complete.
        .mesh_outbound_min(1)
        .mesh_n_low(2)
        .mesh_n(4)
        .mesh_n_high(8)
        .heartbeat_initial_delay(Duration::from_secs(1))
        .build()?;
    let filter = gossipsub::WhitelistSubscriptionFilter(HashSet::from([topic.hash()]));
    let signed = MessageAuthenticity::Signed(keypair.clone());
    let mut gossip = Gossip::new_with_subscription_filter(signed, config, filter)?;
    gossip.subscribe(&topic)?;
    Ok(Federation { carrier: carrier::behaviour(network), gossip })
}

/// Returns the one topic of a federation.
pub fn topic(network: &NetworkId) -> IdentTopic {
    IdentTopic::new(format!("/caisse/{network:.16}/announce/1"))
}

/// An announcement is the same if its author and its bytes are, so that repeating it costs nothing;
/// the author is in it so that nobody can keep another's announcement away by sending it first.
fn message_id(message: &gossipsub::Message) -> MessageId {
    let author = message.source.map(|author| author.to_bytes()).unwrap_or_default();
    let bytes = [author.as_slice(), &message.data].concat();
    MessageId::from(crdt::digest::keyed(&[0; 32], "caisse v1 announcement id", &bytes).to_vec())
}
