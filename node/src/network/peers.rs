//! The allow list with what is known of each peer on it.

use std::collections::BTreeMap;
use std::time::Instant;

use crdt::CaisseId;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use tracing::warn;

use super::dial::Dial;
use super::limits::{self, Pace};
use super::link::{Incoming, Outgoing};
use super::{Limits, Peer, address};

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number in the swarm.
    pub id: ConnectionId,
    /// Whether a relay carries it.
    pub is_relayed: bool,
    /// Where this node dialled, if it did.
    pub dialled: Option<Multiaddr>,
}

/// One peer on the allow list.
#[derive(Debug)]
pub struct Known {
    /// The caisse whose node it is.
    pub caisse: CaisseId,
    /// Where the register says it is.
    pub addresses: Vec<Multiaddr>,
    /// Where it was seen or said to be since the start, beside those.
    pub learned: Vec<Multiaddr>,
    /// Whether it carries connections for others.
    pub relays: bool,
    /// The connections to it.
    pub links: Vec<Link>,
    /// Whether the last connection that was made was relayed.
    pub was_relayed: bool,
    /// When relayed connections are closed because there is a direct one.
    pub shed_at: Option<Instant>,
    /// How often it said lately where it is.
    pub identifications: Pace,
    /// When to dial it.
    pub dial: Dial,
    /// Whether there is a connection, which may not have been greeted on yet.
    pub connected: bool,
    /// Whether the machine was told of the connection.
    pub greeted: bool,
    /// Whether it misbehaved too often and is refused for a while.
    pub banned: bool,
    /// How often it misbehaved lately.
    pub strikes: Pace,
    /// How often it announced something lately.
    pub announcements: Pace,
    /// What waits to be sent.
    pub outgoing: Outgoing,
    /// What waits to be passed on.
    pub incoming: Incoming,
}

impl Known {
    fn new(caisse: CaisseId, addresses: Vec<Multiaddr>, limits: Limits, now: Instant) -> Self {
        Self {
            caisse,
            addresses,
            learned: Vec::new(),
            relays: false,
            links: Vec::new(),
            was_relayed: false,
            shed_at: None,
            identifications: Pace::new(
                limits::IDENTIFICATIONS,
                limits::IDENTIFICATIONS_WINDOW,
                now,
            ),
            dial: Dial::now(now),
            connected: false,
            greeted: false,
            banned: false,
            strikes: Pace::new(limits::STRIKES, limits::STRIKES_WINDOW, now),
            announcements: Pace::new(limits::ANNOUNCEMENTS, limits::ANNOUNCEMENT_WINDOW, now),
            outgoing: Outgoing::default(),
            incoming: Incoming::new(limits.messages_per_second, limits.bytes_per_second, now),
        }
    }

    /// Returns where to dial it: first what was learned, which is newer.
    pub fn targets(&self) -> Vec<Multiaddr> {
        let new = self.learned.iter().filter(|address| !self.addresses.contains(address));
        new.chain(&self.addresses).cloned().collect()
    }

    /// Notes where it is; returns whether that is new.
    pub fn learn(&mut self, found: impl IntoIterator<Item = Multiaddr>) -> bool {
        let mut is_new = false;
        for address in found.into_iter().filter_map(address::dialable) {
            if self.addresses.contains(&address) || self.learned.contains(&address) {
                continue;
            }
            is_new = true;
            self.learned.insert(0, address);
            self.learned.truncate(limits::LEARNED_ADDRESSES);
        }
        is_new
    }

    /// Forgets a connection; returns whether the machine has to be told.
    pub fn disconnected(&mut self) -> bool {
        self.outgoing = Outgoing::default();
        self.incoming.reset();
        self.connected = false;
        self.relays = false;
        self.links.clear();
        self.shed_at = None;
        std::mem::take(&mut self.greeted)
    }
}

/// The allow list. Each caisse has one node, and each node one caisse.
#[derive(Debug, Default)]
pub struct Peers {
    known: BTreeMap<PeerId, Known>,
    by_caisse: BTreeMap<CaisseId, PeerId>,
}

/// Who came and who went when the list was replaced.
#[derive(Debug, Default)]
pub struct Change {
    pub added: Vec<PeerId>,
    pub removed: Vec<(PeerId, Known)>,
}

impl Peers {
    /// Returns what is known of a peer on the list.
    pub fn get_mut(&mut self, peer: &PeerId) -> Option<&mut Known> {
        self.known.get_mut(peer)
    }

    /// Returns the peer of a caisse on the list.
    pub fn of_caisse(&self, caisse: &CaisseId) -> Option<PeerId> {
        self.by_caisse.get(caisse).copied()
    }

    /// Returns everyone on the list.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&PeerId, &mut Known)> {
        self.known.iter_mut()
    }

    /// Replaces the list. Who stays on it keeps the connection; who has new addresses is dialled
    /// there at once.
    pub fn replace(
        &mut self,
        own: PeerId,
        list: Vec<Peer>,
        limits: Limits,
        now: Instant,
    ) -> Change {
        let mut old = std::mem::take(self);
        let mut change = Change::default();
        for peer in list {
            let Some((id, addresses)) = self.admissible(own, &peer) else {
                continue;
            };
            let known = match old.known.remove(&id) {
                Some(known) if known.caisse == peer.id => moved(known, addresses, now),
                other => {
                    change.removed.extend(other.map(|known| (id, known)));
                    change.added.push(id);
                    Known::new(peer.id, addresses, limits, now)
                }
            };
            self.by_caisse.insert(peer.id, id);
            self.known.insert(id, known);
        }
        change.removed.extend(old.known);
        change
    }

    fn admissible(&self, own: PeerId, peer: &Peer) -> Option<(PeerId, Vec<Multiaddr>)> {
        let caisse = &peer.id;
        let Some(id) = address::peer_id(&peer.node) else {
            warn!(%caisse, node = %peer.node, "the register names a node key that is not a key; ignored");
            return None;
        };
        if id == own {
            return None;
        }
        if self.known.contains_key(&id) || self.by_caisse.contains_key(caisse) {
            warn!(%caisse, node = %peer.node, "the register names this caisse or its node twice; ignored");
            return None;
        }
        Some((id, addresses(peer)))
    }
}

fn addresses(peer: &Peer) -> Vec<Multiaddr> {
    let read = |text: &String| match address::parse(text) {
        Ok(address) => Some(address),
        Err(error) => {
            warn!(caisse = %peer.id, address = text, %error, "an address in the register cannot be used; ignored");
            None
        }
    };
    peer.addresses.iter().take(crdt::limits::ADDRESSES).filter_map(read).collect()
}

fn moved(mut known: Known, addresses: Vec<Multiaddr>, now: Instant) -> Known {
    if known.addresses != addresses {
        known.addresses = addresses;
        if !known.connected && !known.banned {
            known.dial = Dial::now(now);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt::key::{PublicKey, SecretKey};

    fn node(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn peer(caisse: u8, seed: u8) -> Peer {
        let addresses = vec!["nonsense".to_owned(), format!("/ip4/127.0.0.1/tcp/{seed}")];
        Peer { id: CaisseId::new([caisse; 32]), node: node(seed), addresses }
    }

    fn id(seed: u8) -> PeerId {
        address::peer_id(&node(seed)).expect("the key of a seed is a key")
    }

    #[test]
    fn the_list_ignores_the_node_itself_doubles_bad_keys_and_bad_addresses() {
        let mut peers = Peers::default();
        let bad_key = Peer { node: PublicKey::new([2; 32]), ..peer(9, 9) };
        let list = vec![peer(1, 1), peer(2, 2), peer(2, 3), peer(3, 2), bad_key];
        let change = peers.replace(id(1), list, Limits::default(), Instant::now());
        assert_eq!(change.added, [id(2)]);
        let known = peers.get_mut(&id(2)).expect("it was added");
        assert_eq!((known.caisse, known.addresses.len()), (CaisseId::new([2; 32]), 1));
    }

    #[test]
    fn what_is_learned_of_a_peer_is_bounded_and_the_newest_is_tried_first() {
        let (mut peers, now) = (Peers::default(), Instant::now());
        peers.replace(id(1), vec![peer(2, 2)], Limits::default(), now);
        let known = peers.get_mut(&id(2)).expect("it was added");
        let at = |last: u8| -> Multiaddr {
            format!("/ip4/203.0.113.{last}/tcp/7447").parse().expect("an address")
        };
        for last in 1..=200 {
            assert!(known.learn([at(last)]));
            assert!(!known.learn([at(last)]));
        }
        assert_eq!(known.learned.len(), limits::LEARNED_ADDRESSES);
        let targets = known.targets();
        assert_eq!(targets.first(), Some(&at(200)));
        assert_eq!(targets.last(), known.addresses.last(), "the register's is not forgotten");
        assert!(!known.learn(["/ip4/127.0.0.1/tcp/22".parse().expect("an address")]));
    }

    #[test]
    fn replacing_the_list_names_who_came_and_who_went_and_leaves_the_others_alone() {
        let (mut peers, now) = (Peers::default(), Instant::now());
        peers.replace(id(1), vec![peer(2, 2), peer(3, 3)], Limits::default(), now);
        peers.get_mut(&id(2)).expect("it is listed").dial.pause();
        let change = peers.replace(id(1), vec![peer(2, 2), peer(4, 4)], Limits::default(), now);
        assert_eq!(change.added, [id(4)]);
        assert_eq!(change.removed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id(3)]);
        assert_eq!(peers.get_mut(&id(2)).expect("it is listed").dial.next(), None);
    }
}
