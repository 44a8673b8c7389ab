//! What the swarm reports, and what follows from it.

use std::time::Instant;

use libp2p::allow_block_list::NotAllowed;
use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{Message, OutboundFailure};
use libp2p::swarm::{ConnectionId, DialError, ListenError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, gossipsub, identify, ping};
use tracing::{debug, info, trace, warn};

use super::Task;
use crate::network::behaviour::{BehaviourEvent, FederationEvent};
use crate::network::carrier::{self, Ack, AckChannel, Arrival};
use crate::network::outbox::Item;
use crate::network::peers::Link;
use crate::network::{FromNetwork, Misbehaviour, limits};

impl Task {
    pub(super) fn swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.behaviour_event(event),
            SwarmEvent::NewListenAddr { address, .. } if is_circuit(&address) => {
                info!(%address, "can be reached through a relay");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                info!(%address, "listening");
                self.outbox.push(FromNetwork::Listening(address.to_string()));
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                if !self.relay_lost(listener_id) {
                    warn!(?addresses, ?reason, "no longer listening");
                }
            }
            SwarmEvent::ExternalAddrConfirmed { address } => self.is_reached_at(address),
            SwarmEvent::ListenerError { error, .. } => warn!(%error, "trouble while listening"),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.established(peer_id, link(connection_id, endpoint));
                self.count_relayed();
            }
            SwarmEvent::ConnectionClosed {
                peer_id, num_established, cause, connection_id, ..
            } => {
                trace!(peer = %peer_id, ?cause, num_established, "a connection closed");
                if let Some(known) = self.peers.get_mut(&peer_id) {
                    known.links.retain(|link| link.id != connection_id);
                }
                if num_established == 0 {
                    self.closed(peer_id);
                }
                self.count_relayed();
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.not_reached(peer, &error);
            }
            SwarmEvent::IncomingConnectionError { error, peer_id, .. } => {
                self.turned_away(peer_id, &error);
            }
            // The rest (attempts under way, addresses seen from outside) decides nothing here; the
            // enum is open, so new kinds cannot be named.
            other => trace!(event = ?other, "swarm"),
        }
    }

    fn behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Limits(never)
            | BehaviourEvent::Allowed(never)
            | BehaviourEvent::Gate(never) => match never {},
            BehaviourEvent::Identify(event) => self.identified(event),
            BehaviourEvent::Ping(ping::Event { peer, connection, result }) => {
                self.pinged(peer, connection, result);
            }
            BehaviourEvent::Relay(event) => trace!(?event, "relay"),
            BehaviourEvent::Carried(event) => debug!(?event, "carried by a relay"),
            BehaviourEvent::Punching(event) => self.punched(event),
            BehaviourEvent::Probing(event) => {
                debug!(address = %event.tested_addr, result = ?event.result, "asked if this can be reached");
            }
            BehaviourEvent::Probed(event) => self.probed(event),
            BehaviourEvent::Lookup(event) => self.looked_up(event),
            BehaviourEvent::Mapping(event) => info!(?event, "the router's port"),
            BehaviourEvent::Lan(event) => self.seen_in_lan(event),
            BehaviourEvent::Federation(FederationEvent::Carrier(event)) => self.carried(event),
            BehaviourEvent::Federation(FederationEvent::Gossip(event)) => self.gossiped(event),
        }
    }

    fn established(&mut self, peer: PeerId, link: Link) {
        trace!(%peer, ?link, "a connection is established");
        if let Some(known) = self.peers.get_mut(&peer) {
            known.was_relayed = link.is_relayed;
            known.links.push(link);
            known.connected = true;
            known.dial.pause();
        }
        self.may_shed(peer);
    }

    fn closed(&mut self, peer: PeerId) {
        let now = Instant::now();
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let was_greeted = known.disconnected();
        if !known.banned {
            if was_greeted { known.dial.again(now) } else { known.dial.failed(now) }
        }
        let next = known.dial.next();
        if was_greeted {
            info!(caisse = %known.caisse, "disconnected");
            self.outbox.push(FromNetwork::Disconnected(known.caisse));
        }
        if let Some(next) = next {
            self.wake_at(next);
        }
    }

    fn not_reached(&mut self, peer: PeerId, error: &DialError) {
        let now = Instant::now();
        let Some(known) = self.peers.get_mut(&peer).filter(|known| !known.banned) else {
            return;
        };
        if known.connected {
            return;
        }
        if let DialError::WrongPeerId { address, .. } = error {
            warn!(caisse = %known.caisse, %address, "another node answers at the address of a caisse");
        } else {
            debug!(caisse = %known.caisse, %error, "not reached");
        }
        known.dial.failed(now);
        if let Some(next) = known.dial.next() {
            self.wake_at(next);
        }
        self.look_up(peer);
    }

    fn turned_away(&mut self, peer: Option<PeerId>, error: &ListenError) {
        debug!(?peer, %error, "an incoming connection failed");
        let ListenError::Denied { cause } = error else {
            return;
        };
        let is_listed = peer.is_some_and(|peer| self.peers.get_mut(&peer).is_some());
        if is_listed || cause.downcast_ref::<NotAllowed>().is_none() {
            return;
        }
        let now = Instant::now();
        if self.strangers.ready_at(now) == now {
            self.strangers.spend(1, now);
            let what = Misbehaviour::Stranger;
            self.outbox.push(FromNetwork::Misbehaved { from: None, what });
        }
    }

    fn identified(&mut self, event: identify::Event) {
        match event {
            identify::Event::Received { peer_id, info, .. } => {
                let Some(network) = self.network else { return };
                if info.protocols.contains(&carrier::protocol(&network)) {
                    self.greet(peer_id);
                    self.told_where(peer_id, info);
                } else {
                    self.wrong_network(peer_id);
                }
            }
            identify::Event::Error { peer_id, error, .. } => {
                debug!(peer = %peer_id, %error, "a peer does not say what it speaks");
                if self.peers.get_mut(&peer_id).is_some_and(|known| !known.greeted) {
                    self.disconnect(peer_id);
                }
            }
            identify::Event::Sent { .. } | identify::Event::Pushed { .. } => {}
        }
    }

    /// Tells the machine of a peer that is known to speak this federation's protocol.
    fn greet(&mut self, peer: PeerId) {
        let Some(known) = self.peers.get_mut(&peer).filter(|known| !known.greeted) else {
            return;
        };
        known.connected = true;
        known.greeted = true;
        known.dial.pause();
        known.dial.succeeded();
        info!(caisse = %known.caisse, "connected");
        self.outbox.push(FromNetwork::Connected(known.caisse));
        self.count_relayed();
    }

    fn wrong_network(&mut self, peer: PeerId) {
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let from = Some(known.caisse);
        warn!(caisse = %known.caisse, "its node belongs to another federation; disconnected");
        let what = Misbehaviour::WrongNetwork;
        self.outbox.push(FromNetwork::Misbehaved { from, what });
        self.disconnect(peer);
    }

    fn pinged(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        result: Result<std::time::Duration, ping::Failure>,
    ) {
        match result {
            Ok(round_trip) => trace!(%peer, ?round_trip, "ping"),
            Err(error) => {
                debug!(%peer, %error, "a connection is dead; closed");
                self.swarm.close_connection(connection);
            }
        }
    }

    fn carried(&mut self, event: carrier::Event) {
        match event {
            carrier::Event::Message {
                peer,
                message: Message::Request { request, channel, .. },
                ..
            } => {
                self.arrived(peer, request, channel);
            }
            carrier::Event::Message {
                peer, message: Message::Response { request_id, .. }, ..
            } => {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.outgoing.acknowledged(request_id);
                }
                self.flush(peer);
            }
            carrier::Event::OutboundFailure { peer, request_id, error, .. } => {
                let Some(known) = self.peers.get_mut(&peer) else {
                    return;
                };
                if !known.outgoing.is_under_way(request_id) {
                    return;
                }
                debug!(caisse = %known.caisse, %error, "a packet did not arrive; disconnected");
                // The packet stays under way, so nothing follows it on this connection.
                if matches!(error, OutboundFailure::UnsupportedProtocols) {
                    self.wrong_network(peer);
                } else {
                    self.disconnect(peer);
                }
            }
            carrier::Event::InboundFailure { peer, error, .. } => {
                debug!(%peer, %error, "an acknowledgement did not leave");
            }
            carrier::Event::ResponseSent { .. } => {}
        }
    }

    fn arrived(&mut self, peer: PeerId, arrival: Arrival, channel: AckChannel) {
        // The protocol's name holds the network id: who uses it has shown what it speaks.
        self.greet(peer);
        let Some(known) = self.peers.get_mut(&peer).filter(|known| !known.banned) else {
            return;
        };
        // What is refused is not acknowledged, so that the sender knows.
        match arrival {
            Arrival::Packet(packet) => match known.incoming.hold(packet, channel) {
                Ok(()) => self.release(peer),
                Err(_) => self.strike(peer, Misbehaviour::Impatient),
            },
            Arrival::Oversized => self.strike(peer, Misbehaviour::Oversized),
            Arrival::Garbled => self.strike(peer, Misbehaviour::Garbled),
        }
    }

    /// Passes on what a peer's rate allows now.
    pub(super) fn release(&mut self, peer: PeerId) {
        let now = Instant::now();
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let from = known.caisse;
        let mut at_once = Vec::new();
        while let Some((packet, channel)) = known.incoming.release(now) {
            let mut ack = Some((peer, channel));
            let last = packet.messages.len().saturating_sub(1);
            for (index, bytes) in packet.messages.into_iter().enumerate() {
                let event = FromNetwork::Message { from, bytes: bytes.into_vec() };
                let ack = if index == last { ack.take() } else { None };
                self.outbox.push_item(Item { event, ack });
            }
            at_once.push(ack);
        }
        let next = known.incoming.ready_at(now);
        for ack in at_once {
            self.acknowledge(ack);
        }
        if let Some(next) = next {
            self.wake_at(next);
        }
    }

    /// Acknowledges a packet whose messages are in the machine's queue.
    pub(super) fn acknowledge(&mut self, ack: Option<(PeerId, AckChannel)>) {
        let Some((peer, channel)) = ack else { return };
        if let Some(known) = self.peers.get_mut(&peer) {
            known.incoming.acknowledged();
        }
        let Some(federation) = self.swarm.behaviour_mut().federation.as_mut() else {
            return;
        };
        if federation.carrier.send_response(channel, Ack {}).is_err() {
            debug!(%peer, "the sender of a packet no longer waits for its acknowledgement");
        }
    }

    fn gossiped(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message { propagation_source, message_id, message } = event else {
            // Who subscribes, and who is slow, decides nothing: announcements are hints.
            trace!(?event, "gossip");
            return;
        };
        let verdict = self.announced(propagation_source, message);
        if let Some(federation) = self.swarm.behaviour_mut().federation.as_mut() {
            let gossip = &mut federation.gossip;
            gossip.report_message_validation_result(&message_id, &propagation_source, verdict);
        }
    }

    /// Passes an announcement on if its author is on the list and not too fast. An unknown author is
    /// no fault of the peer that passed it on, whose register may be ahead of ours.
    fn announced(
        &mut self,
        source: PeerId,
        message: gossipsub::Message,
    ) -> gossipsub::MessageAcceptance {
        if message.data.len() > limits::ANNOUNCEMENT_BYTES {
            self.strike(source, Misbehaviour::Oversized);
            return gossipsub::MessageAcceptance::Reject;
        }
        let now = Instant::now();
        let author = message.source.and_then(|author| self.peers.get_mut(&author));
        let Some(author) = author.filter(|author| !author.banned) else {
            return gossipsub::MessageAcceptance::Ignore;
        };
        if author.announcements.ready_at(now) > now || !self.outbox.has_room_for_hints() {
            debug!(caisse = %author.caisse, "an announcement too many; dropped");
            return gossipsub::MessageAcceptance::Ignore;
        }
        author.announcements.spend(1, now);
        let from = author.caisse;
        self.outbox.push(FromNetwork::Announcement { from, bytes: message.data });
        gossipsub::MessageAcceptance::Accept
    }
}

fn link(id: ConnectionId, endpoint: ConnectedPoint) -> Link {
    let is_relayed = endpoint.is_relayed();
    let dialled = match endpoint {
        ConnectedPoint::Dialer { address, .. } => Some(address),
        ConnectedPoint::Listener { .. } => None,
    };
    Link { id, is_relayed, dialled }
}

fn is_circuit(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::P2pCircuit))
}
