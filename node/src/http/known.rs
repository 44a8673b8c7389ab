//! What a door finds out once: whose till a secret is, and which cards bear a true signature.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crdt::card::{CardCertificate, CardText, issuer_prefix};
use crdt::digest::keyed;
use crdt::feed::Keyring;
use crdt::key::PublicKey;
use crdt::register::prefix;
use crdt::{Digest, VendorId, wire};

/// Cards that are remembered: far more than visit a caisse in a month, and half a megabyte.
const CARDS: usize = 16 * 1024;

/// What the door for tills has found out since the start. Nothing here can become untrue: a vendor keeps
/// its till's secret for good, and a signature that holds under a key holds for ever.
#[derive(Debug, Default)]
pub(super) struct Known {
    tills: Mutex<BTreeMap<Digest, VendorId>>,
    cards: Mutex<BTreeSet<Digest>>,
}

impl Known {
    /// Returns whose till has a secret of this hash, if it was found before.
    pub fn till(&self, secret: &Digest) -> Option<VendorId> {
        held(&self.tills).get(secret).copied()
    }

    /// Remembers whose till has a secret of this hash: no more of them than there are vendors.
    pub fn remember_till(&self, secret: Digest, vendor: VendorId) {
        held(&self.tills).insert(secret, vendor);
    }

    /// Checks a scanned card here, beside the machine instead of in it, and only the first time that it
    /// comes. A card whose signature holds needs none any more: its number says the rest. Any other goes
    /// to the machine as it is, which says what is wrong with it, in its own order of precedence.
    pub fn checked(&self, card: CardText, own: &PublicKey, partners: Option<&Keyring>) -> CardText {
        let CardText::Certificate(certificate) = &card else {
            return card;
        };
        // The machine finds the caisse of a number by the beginning of its id.
        if prefix(&certificate.home) != issuer_prefix(&certificate.card) {
            return card;
        }
        let listed: Vec<_> =
            partners.map(|keyring| keyring.keys(&certificate.home).collect()).unwrap_or_default();
        let own = Some(own).filter(|_| listed.is_empty());
        if listed.into_iter().chain(own).any(|key| self.holds(certificate, key)) {
            CardText::Number(certificate.card)
        } else {
            card
        }
    }

    fn holds(&self, certificate: &CardCertificate, key: &PublicKey) -> bool {
        let bytes = wire::encode(&(certificate, key));
        let name = Digest::new(keyed(&[0; 32], "caisse v1 checked card", &bytes));
        if held(&self.cards).contains(&name) {
            return true;
        }
        if certificate.verify(key).is_err() {
            return false;
        }
        let mut cards = held(&self.cards);
        if cards.len() >= CARDS {
            cards.clear();
        }
        cards.insert(name);
        true
    }
}

/// Locks a mutex even if a thread panicked with it: what they hold here is whole at any moment.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crdt::CaisseId;
    use crdt::card::card_id;
    use crdt::key::SecretKey;

    use super::*;

    #[test]
    fn only_a_card_that_its_own_caisse_signed_is_taken_for_its_number() {
        let (ours, theirs) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let (us, them) = (CaisseId::new([7; 32]), CaisseId::new([8; 32]));
        let nodes = [(us, ours.public()), (them, theirs.public())].into_iter().collect();
        let network = crdt::NetworkId::new([0; 32]);
        let keyring = Keyring { network, nodes, epochs: BTreeMap::new() };
        let known = Known::default();
        let scanned = |issuer: &CaisseId, home, key: &SecretKey| {
            let card = card_id(issuer, [1, 2, 3, 4, 5, 6]);
            CardText::Certificate(Box::new(CardCertificate::sign(card, home, key)))
        };
        let (ours, own) = (&ours, ours.public());
        for (card, holds) in [
            (scanned(&us, us, ours), true),
            (scanned(&them, them, &theirs), true),
            (scanned(&us, us, &theirs), false),
            (scanned(&them, them, &SecretKey::from_seed(&[3; 32])), false),
            (scanned(&them, us, ours), false),
            (scanned(&us, them, &theirs), false),
        ] {
            for time in ["first", "second"] {
                let checked = known.checked(card.clone(), &own, Some(&keyring));
                let expected = if holds { CardText::Number(card.card()) } else { card.clone() };
                assert_eq!(checked, expected, "{time} time");
            }
        }
        let foreign = scanned(&them, them, &theirs);
        assert_eq!(Known::default().checked(foreign.clone(), &own, None), foreign);
    }

    #[test]
    fn no_more_cards_are_remembered_than_fit() {
        let (home, node) = (CaisseId::new([7; 32]), SecretKey::from_seed(&[1; 32]));
        let known = Known::default();
        let full = (0..CARDS).map(|n| Digest::new(keyed(&[0; 32], "test", &n.to_be_bytes())));
        *held(&known.cards) = full.collect();
        let certificate = CardCertificate::sign(card_id(&home, [0; 6]), home, &node);
        assert!(known.holds(&certificate, &node.public()));
        assert_eq!(held(&known.cards).len(), 1);
    }
}
