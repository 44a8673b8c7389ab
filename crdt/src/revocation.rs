//! The list of cards that do not pay: for whoever sells without their caisse, be it a till without a
//! network or a host whose partner is away.

use serde::{Deserialize, Serialize};

use crate::card::CardText;
use crate::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::{CaisseId, CardId, Timestamp, wire};

/// The blocked cards of a caisse at a time, signed by its node's key. Nothing in it says whose they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationList {
    /// The caisse.
    pub caisse: CaisseId,
    /// When the list was made: a till takes the newer of two.
    pub at: Timestamp,
    /// The numbers of the blocked cards, in the order of their ids.
    pub cards: Vec<CardText>,
    /// The signature of the caisse's node key.
    pub signature: Signature,
}

fn message(caisse: CaisseId, at: Timestamp, cards: &[CardText]) -> Vec<u8> {
    let cards: Vec<CardId> = cards.iter().map(CardText::card).collect();
    wire::encode(&(caisse, at, cards))
}

impl RevocationList {
    /// Signs the list of a caisse.
    #[must_use]
    pub fn sign(
        caisse: CaisseId,
        at: Timestamp,
        cards: impl IntoIterator<Item = CardId>,
        node: &SecretKey,
    ) -> Self {
        let cards: Vec<CardText> = cards.into_iter().map(CardText::Number).collect();
        let signature = node.sign(Purpose::Revocations, &message(caisse, at, &cards));
        Self { caisse, at, cards, signature }
    }

    /// Checks that the caisse's node key signed the list.
    ///
    /// # Errors
    /// [`BadSignature`] if it did not, or if anything in the list was changed since.
    pub fn verify(&self, node: &PublicKey) -> Result<(), BadSignature> {
        let message = message(self.caisse, self.at, &self.cards);
        node.verify(Purpose::Revocations, &message, &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::card_id;

    #[test]
    fn a_list_holds_until_a_card_the_time_or_the_caisse_is_changed() {
        let (caisse, node) = (CaisseId::new([7; 32]), SecretKey::from_seed(&[1; 32]));
        let cards = [1, 2].map(|n| card_id(&caisse, [n; 6]));
        let list = RevocationList::sign(caisse, Timestamp::from_ms(5), cards, &node);
        assert_eq!(list.verify(&node.public()), Ok(()));
        assert!(list.verify(&SecretKey::from_seed(&[2; 32]).public()).is_err());
        let mut shorter = list.clone();
        shorter.cards.pop();
        let later = RevocationList { at: Timestamp::from_ms(6), ..list.clone() };
        let other = RevocationList { caisse: CaisseId::new([8; 32]), ..list };
        for changed in [shorter, later, other] {
            assert_eq!(changed.verify(&node.public()), Err(BadSignature));
        }
    }
}
