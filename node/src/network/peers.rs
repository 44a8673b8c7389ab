//! The allow list with what is known of each peer on it.

use std::collections::BTreeMap;
use std::time::Instant;

use crdt::CaisseId;
use libp2p::{Multiaddr, PeerId};
use tracing::warn;

use super::dial::Dial;
use super::limits::{self, Pace};
use super::link::{Incoming, Outgoing};
use super::{Limits, Peer, address};

/// One peer on the allow list.
#[derive(Debug)]
pub struct Known {
    /// The caisse whose node it is.
    pub caisse: CaisseId,
    /// Where to dial it.
    pub addresses: Vec<Multiaddr>,
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

    /// Forgets a connection; returns whether the machine has to be told.
    pub fn disconnected(&mut self) -> bool {
        self.outgoing = Outgoing::default();
        self.incoming.reset();
        self.connected = false;
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
