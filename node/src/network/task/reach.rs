//! Being reached behind a router, and reaching those who are: relays, holes, addresses that changed.
//!
//! Every node keeps a place at a few relays, whether it believes to need one or not: what it believes of
//! its router can be wrong, and a path that is cut between two nodes may be whole through a third.

use std::collections::BTreeMap;
use std::time::Instant;

use libp2p::core::transport::ListenerId;
use libp2p::{Multiaddr, PeerId, autonat, dcutr, identify, kad, mdns, relay};
use tracing::{debug, info};

use super::Task;
use crate::network::peers::Known;
use crate::network::reach::{Reach, Relaying};
use crate::network::{FromNetwork, Misbehaviour, address, behaviour, limits};

/// What is known of the node's own place in the network.
#[derive(Debug)]
pub(super) struct Reached {
    settings: Reach,
    /// Where others found the node, the newest last.
    own: Vec<Multiaddr>,
    /// The relays at which it has a place or asked for one.
    places: BTreeMap<PeerId, ListenerId>,
    /// When to look for a relay again, if there is reason to.
    look_at: Option<Instant>,
    /// The peers whose addresses are being asked for.
    sought: BTreeMap<PeerId, kad::QueryId>,
    /// How many peers the machine was told are connected through a relay alone.
    relayed: u32,
}

impl Reached {
    pub(super) fn new(settings: Reach) -> Self {
        let (own, places, sought) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { settings, own, places, look_at: None, sought, relayed: 0 }
    }
}

impl Task {
    /// A node that is told to be a relay is believed to be where its contact says.
    pub(super) fn is_reached_at_configured_addresses(&mut self) {
        if self.reached.settings.relaying != Relaying::Always {
            return;
        }
        let own = std::mem::take(&mut self.reached.settings.own_addresses);
        for address in own.iter().filter_map(|text| address::parse(text).ok()) {
            self.swarm.add_external_address(address);
        }
        self.answers_lookups();
    }

    /// Others have found that the node can be reached from outside.
    pub(super) fn is_reached_at(&mut self, address: Multiaddr) {
        if !address::is_public(&address) {
            return;
        }
        let own = &mut self.reached.own;
        own.retain(|known| *known != address);
        info!(%address, "can be reached from outside");
        own.push(address);
        if own.len() > limits::OWN_ADDRESSES {
            let oldest = own.remove(0);
            self.swarm.remove_external_address(&oldest);
        }
        if self.reached.settings.relaying == Relaying::WhenReachable
            && let Some(relay) = self.swarm.behaviour_mut().relay.as_mut()
        {
            relay.set_status(Some(relay::Status::Enable));
        }
        self.answers_lookups();
    }

    fn answers_lookups(&mut self) {
        if let Some(lookup) = self.swarm.behaviour_mut().lookup.as_mut() {
            lookup.set_mode(Some(kad::Mode::Server));
        }
    }

    /// A peer said what it speaks and where it is.
    pub(super) fn told_where(&mut self, peer: PeerId, info: identify::Info) {
        let now = Instant::now();
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        if !known.identifications.has_one(now) {
            self.strike(peer, Misbehaviour::Restless);
            return;
        }
        known.identifications.spend(1, now);
        known.relays = info.protocols.contains(&relay::HOP_PROTOCOL_NAME);
        let found: Vec<_> = info.listen_addrs.into_iter().take(crdt::limits::ADDRESSES).collect();
        known.learn(found.iter().cloned());
        let (caisse, relays) = (known.caisse, known.relays);
        debug!(%caisse, relays, addresses = ?found, "said where it is");
        if let Some(lookup) = self.swarm.behaviour_mut().lookup.as_mut() {
            // What it said before is no longer true, and would gather.
            lookup.remove_peer(&peer);
            if info.protocols.contains(&behaviour::LOOKUP) {
                for address in found.into_iter().filter(address::is_public) {
                    lookup.add_address(&peer, address);
                }
            }
        }
        if relays {
            self.reached.look_at.get_or_insert(now);
            self.wake_at(now);
            self.try_the_unreached(now);
        }
    }

    /// Dials those who could not be dialled for want of a relay.
    fn try_the_unreached(&mut self, now: Instant) {
        for (_, known) in self.peers.iter_mut() {
            if !known.connected && !known.banned && known.targets().is_empty() {
                known.dial.not_before(now);
            }
        }
    }

    /// Tells how many peers are connected through a relay alone, if that has changed.
    pub(super) fn count_relayed(&mut self) {
        let is_relayed =
            |known: &Known| known.greeted && known.links.iter().all(|link| link.is_relayed);
        let count = self.peers.iter_mut().filter(|(_, known)| is_relayed(known)).count();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if std::mem::replace(&mut self.reached.relayed, count) != count {
            self.outbox.push(FromNetwork::Relayed(count));
        }
    }

    /// Asks for places at relays until there are enough.
    pub(super) fn keep_relays(&mut self, now: Instant) {
        let Some(look_at) = self.reached.look_at else {
            return;
        };
        if !self.reached.settings.use_relays || self.network.is_none() {
            self.reached.look_at = None;
            return;
        }
        if look_at > now {
            self.wake_at(look_at);
            return;
        }
        self.reached.look_at = None;
        for (peer, address) in self.relays() {
            let places = &self.reached.places;
            if places.len() >= limits::RELAYS_HELD || places.contains_key(&peer) {
                continue;
            }
            match self.swarm.listen_on(address::through(&address, peer, None)) {
                Ok(listener) => {
                    debug!(relay = %peer, "asks for a place");
                    self.reached.places.insert(peer, listener);
                }
                Err(error) => debug!(relay = %peer, %error, "cannot ask for a place"),
            }
        }
    }

    /// Returns whether a listener that closed was a place at a relay.
    pub(super) fn relay_lost(&mut self, listener: ListenerId) -> bool {
        let mut places = self.reached.places.iter();
        let Some(relay) = places.find(|(_, held)| **held == listener).map(|(relay, _)| *relay)
        else {
            return false;
        };
        self.reached.places.remove(&relay);
        debug!(%relay, "no place at a relay any more");
        let again = Instant::now() + limits::RELAY_AGAIN;
        self.reached.look_at = Some(again);
        self.wake_at(again);
        true
    }

    /// Returns the connected peers that carry connections, each with an address.
    fn relays(&mut self) -> Vec<(PeerId, Multiaddr)> {
        let mut relays = Vec::new();
        for (peer, known) in self.peers.iter_mut() {
            let is_direct = known.links.iter().any(|link| !link.is_relayed);
            if known.greeted && known.relays && is_direct {
                // It is connected already: the address stands there for form's sake.
                relays.extend(known.targets().first().map(|address| (*peer, address.clone())));
            }
        }
        relays
    }

    /// Returns ways to a peer through those who are connected.
    pub(super) fn circuits(&mut self, peer: PeerId) -> Vec<Multiaddr> {
        if !self.reached.settings.use_relays {
            return Vec::new();
        }
        let relays = self.relays().into_iter().filter(|(relay, _)| *relay != peer);
        relays
            .take(limits::RELAYS_TRIED)
            .map(|(relay, address)| address::through(&address, relay, Some(peer)))
            .collect()
    }

    /// Nobody said where a peer is: somebody may know, or it calls, or a relay comes.
    pub(super) fn without_address(&mut self, peer: PeerId, now: Instant) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.dial.failed(now);
        }
        self.look_up(peer);
    }

    /// Asks members for the address of one that is not found.
    pub(super) fn look_up(&mut self, peer: PeerId) {
        if self.reached.sought.contains_key(&peer) {
            return;
        }
        if let Some(lookup) = self.swarm.behaviour_mut().lookup.as_mut() {
            self.reached.sought.insert(peer, lookup.get_closest_peers(peer));
        }
    }

    pub(super) fn looked_up(&mut self, event: kad::Event) {
        // What else happens in the lookup (questions of others, its table) decides nothing here.
        let kad::Event::OutboundQueryProgressed { id, result, step, .. } = event else {
            return;
        };
        if step.last {
            self.reached.sought.retain(|_, query| *query != id);
        }
        let kad::QueryResult::GetClosestPeers(result) = result else {
            return;
        };
        let peers = match result {
            Ok(kad::GetClosestPeersOk { peers, .. })
            | Err(kad::GetClosestPeersError::Timeout { peers, .. }) => peers,
        };
        for found in peers {
            self.found(found.peer_id, found.addrs);
        }
    }

    /// Somebody said where a peer is. Whether it is true shows its key when it is dialled.
    fn found(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        let now = Instant::now();
        let addresses = addresses.into_iter().take(crdt::limits::ADDRESSES);
        let Some(known) = self.peers.get_mut(&peer).filter(|known| !known.banned) else {
            return;
        };
        if known.learn(addresses) && !known.connected && known.dial.next().is_some() {
            debug!(caisse = %known.caisse, "learned of another address");
            known.dial.not_before(now);
            self.wake_at(now);
        }
    }

    pub(super) fn seen_in_lan(&mut self, event: mdns::Event) {
        // Who is no longer seen is not less of a member: the next dial shows.
        if let mdns::Event::Discovered(list) = event {
            for (peer, address) in list {
                self.found(peer, vec![address]);
            }
        }
    }

    /// A relayed connection was replaced by a direct one, or could not be.
    pub(super) fn punched(&mut self, event: dcutr::Event) {
        let peer = event.remote_peer_id;
        match event.result {
            Err(error) => debug!(%peer, %error, "no direct connection; the relay goes on carrying"),
            Ok(_) => debug!(%peer, "a direct connection through both routers"),
        }
    }

    /// Plans the end of relayed connections if there is a direct one now, whoever made it.
    pub(super) fn may_shed(&mut self, peer: PeerId) {
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let relayed = known.links.iter().filter(|link| link.is_relayed).count();
        if relayed == 0 || relayed == known.links.len() {
            return;
        }
        info!(caisse = %known.caisse, "connected directly, no longer through a relay");
        let at = Instant::now() + limits::CIRCUIT_AFTERWARDS;
        known.shed_at = Some(at);
        self.wake_at(at);
    }

    /// Closes relayed connections once a direct one has taken their place and nothing is under way.
    pub(super) fn shed(&mut self, peer: PeerId, now: Instant) {
        let own = *self.swarm.local_peer_id();
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let Some(at) = known.shed_at else { return };
        // One of the two is enough, and closes less of what the other has under way.
        let is_ours = own < peer && known.links.iter().any(|link| !link.is_relayed);
        if at > now {
            self.wake_at(at);
            return;
        }
        known.shed_at = None;
        if !is_ours {
            return;
        }
        if known.outgoing.is_busy() {
            let again = now + limits::CIRCUIT_AFTERWARDS;
            known.shed_at = Some(again);
            self.wake_at(again);
            return;
        }
        let relayed: Vec<_> =
            known.links.iter().filter(|link| link.is_relayed).map(|link| link.id).collect();
        for link in relayed {
            self.swarm.close_connection(link);
        }
    }

    /// A peer asked if it can be reached; the connection that was made to find out has served.
    pub(super) fn probed(&mut self, event: autonat::v2::server::Event) {
        debug!(peer = %event.client, address = %event.tested_addr, result = ?event.result, "probed");
        let tested = address::dialable(event.tested_addr);
        let Some(known) = self.peers.get_mut(&event.client).filter(|known| known.links.len() > 1)
        else {
            return;
        };
        let served = known.links.iter().skip(1).find(|link| {
            tested.is_some() && link.dialled.clone().and_then(address::dialable) == tested
        });
        if let Some(id) = served.map(|link| link.id) {
            self.swarm.close_connection(id);
        }
    }
}
