//! What nodes say to each other outside feeds: questions, and the carrying of entries.

use serde::{Deserialize, Serialize};

use crate::feed::{Envelope, FeedId, Head, Keyring, Rejected, Verified};
use crate::revocation::RevocationList;
use crate::seal::Sealed;
use crate::{CardId, Cents, Digest, PaymentId, VendorId, limits};

/// A message from one node to another. On the wire its entries are [`Envelope`]s; the machine takes
/// only messages whose entries are [`Verified`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message<Entry> {
    /// The feeds that the sender holds and the receiver may read, and how far.
    Have {
        /// One head per feed.
        heads: Vec<Head>,
        /// Whether the sender asks for the receiver's heads in return.
        reply: Reply,
    },
    /// Some feeds of the sender have grown; says nothing of others.
    Grown(Vec<Head>),
    /// Asks for the entries of a feed after a place.
    Want {
        /// The feed.
        feed: FeedId,
        /// The last place that the asker holds.
        after: u64,
    },
    /// Entries of feeds, in order within each feed.
    Entries(Vec<Entry>),
    /// A host asks the home caisse to authorise a payment; repeated until there is a decision.
    AuthRequest(AuthRequest),
    /// A home caisse asks what the host decided about a payment that it holds.
    Query {
        /// The payment.
        payment: PaymentId,
    },
    /// A home caisse tells a host which of its cards do not pay without it. The machine checks the
    /// signature.
    Revoked(Box<RevocationList>),
}

/// Whether a message expects the same in return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Please answer in kind.
    Wanted,
    /// This is the answer.
    Given,
}

/// What a host asks of the home caisse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthRequest {
    /// The sale.
    pub payment: PaymentId,
    /// The member's card.
    pub card: CardId,
    /// The vendor, as the host names it.
    pub vendor: VendorId,
    /// What the home caisse is asked to pay.
    pub covered: Cents,
    /// The hash of the till's request, bound into the sealed code.
    pub request: Digest,
    /// The member's code, sealed by the till to the home caisse.
    pub code: Sealed,
}

impl Message<Envelope> {
    /// Checks the limits of a message from a peer, before any signature is looked at.
    #[must_use]
    pub fn within_limits(&self) -> bool {
        match self {
            Self::Have { heads, .. } | Self::Grown(heads) => {
                heads.len() <= limits::HEADS_PER_MESSAGE
            }
            Self::Entries(entries) => entries.len() <= limits::ENTRIES_PER_MESSAGE,
            Self::Revoked(list) => list.cards.len() <= limits::REVOKED_CARDS,
            Self::Want { .. } | Self::AuthRequest(_) | Self::Query { .. } => true,
        }
    }

    /// Verifies every entry of the message, dropping (and returning) those that do not hold.
    #[must_use]
    pub fn verify(self, keyring: &Keyring) -> (Message<Verified>, Vec<Rejected>) {
        let mut rejected = Vec::new();
        let message = match self {
            Self::Entries(entries) => Message::Entries(
                entries
                    .into_iter()
                    .filter_map(|entry| entry.verify(keyring).map_err(|r| rejected.push(r)).ok())
                    .collect(),
            ),
            Self::Have { heads, reply } => Message::Have { heads, reply },
            Self::Grown(heads) => Message::Grown(heads),
            Self::Want { feed, after } => Message::Want { feed, after },
            Self::AuthRequest(request) => Message::AuthRequest(request),
            Self::Query { payment } => Message::Query { payment },
            Self::Revoked(list) => Message::Revoked(list),
        };
        (message, rejected)
    }
}

impl Message<Verified> {
    /// Returns the message as it travels.
    #[must_use]
    pub fn into_wire(self) -> Message<Envelope> {
        match self {
            Self::Entries(entries) => {
                Message::Entries(entries.into_iter().map(Envelope::from).collect())
            }
            Self::Have { heads, reply } => Message::Have { heads, reply },
            Self::Grown(heads) => Message::Grown(heads),
            Self::Want { feed, after } => Message::Want { feed, after },
            Self::AuthRequest(request) => Message::AuthRequest(request),
            Self::Query { payment } => Message::Query { payment },
            Self::Revoked(list) => Message::Revoked(list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;
    use crate::{CaisseId, Timestamp};

    #[test]
    fn a_list_of_more_cards_than_the_limit_is_refused_before_its_signature_is_looked_at() {
        let list = |count: usize| {
            let cards = (0..count).map(|_| CardId::new([7; 10]));
            let (caisse, at) = (CaisseId::new([1; 32]), Timestamp::from_ms(0));
            let list = RevocationList::sign(caisse, at, cards, &SecretKey::from_seed(&[1; 32]));
            Message::<Envelope>::Revoked(Box::new(list))
        };
        let full = list(limits::REVOKED_CARDS);
        assert!(full.within_limits());
        let bytes = crate::wire::encode(&full).len();
        assert!(bytes < limits::ENTRY_BYTES_PER_MESSAGE, "{bytes} bytes fit one packet");
        assert!(!list(limits::REVOKED_CARDS + 1).within_limits());
    }
}
