//! What nodes say to each other outside feeds: questions, and the carrying of entries.

use serde::{Deserialize, Serialize};

use crate::digest::Domain;
use crate::epoch::EpochOpening;
use crate::feed::{Envelope, FeedId, Head, Keyring, Rejected, Verified};
use crate::fork::ForkProof;
use crate::revocation::RevocationList;
use crate::seal::Sealed;
use crate::{CardId, Cents, Digest, PaymentId, VendorId, limits, wire};

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
    /// A home caisse says that a question came under the id of another one: the first one's answer stands.
    Conflict {
        /// The payment.
        payment: PaymentId,
    },
    /// Proofs that caisses contradicted themselves: whoever gets a new one checks it and passes it on.
    Forked(Vec<ForkProof>),
    /// Words of identity keys that open epochs: whoever gets a new one checks it and passes it on.
    Opened(Vec<EpochOpening>),
}

/// Whether a message expects the same in return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Please answer in kind.
    Wanted,
    /// This is the answer.
    Given,
}

/// What is bought, as far as the home caisse must know it to check what it is asked to cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bought {
    /// What kind of place the vendor is, as in its sheet of the catalogue.
    pub kind: String,
    /// The whole price.
    pub price: Cents,
    /// The hash of everything else that the till asked for, such as the basket: not for the home caisse.
    pub details: Digest,
}

impl Bought {
    /// Returns the hash of the till's request, to which the code is sealed. A host that names another price
    /// than the till did names another request, for which the code does not open.
    #[must_use]
    pub fn request(&self, payment: PaymentId, card: CardId, vendor: VendorId) -> Digest {
        let all = wire::encode(&(payment, card, vendor, self.price, self.details));
        Domain::PaymentRequest.hash(&all)
    }
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
    /// What is bought.
    pub bought: Bought,
    /// The member's code, sealed by the till to the home caisse.
    pub code: Sealed,
}

impl AuthRequest {
    /// Returns the hash of what is asked, by which a home caisse knows a repeated question. The sealed code is
    /// left out: a till that asks a restored host again seals its code again, with other chance.
    #[must_use]
    pub fn content(&self) -> Digest {
        let Self { payment, card, vendor, covered, bought, code: _ } = self;
        Domain::AuthRequest.hash(&wire::encode(&(payment, card, vendor, covered, bought)))
    }
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
            Self::AuthRequest(ask) => ask.bought.kind.chars().count() <= limits::TEXT_CHARS,
            Self::Revoked(list) => list.cards.len() <= limits::REVOKED_CARDS,
            Self::Forked(proofs) => {
                proofs.len() <= limits::PROOFS_PER_MESSAGE
                    && proofs.iter().all(ForkProof::within_limits)
            }
            Self::Opened(openings) => {
                openings.len() <= limits::OPENINGS_PER_MESSAGE
                    && openings.iter().all(EpochOpening::within_limits)
            }
            Self::Want { .. } | Self::Query { .. } | Self::Conflict { .. } => true,
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
            Self::Conflict { payment } => Message::Conflict { payment },
            Self::Forked(proofs) => Message::Forked(proofs),
            Self::Opened(openings) => Message::Opened(openings),
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
            Self::Conflict { payment } => Message::Conflict { payment },
            Self::Forked(proofs) => Message::Forked(proofs),
            Self::Opened(openings) => Message::Opened(openings),
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
