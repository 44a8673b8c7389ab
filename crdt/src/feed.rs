//! Feeds: the append-only, signed, hash-chained log of one author for one audience.
//!
//! We sign bytes, carry bytes, verify bytes, then decode; nothing is ever re-encoded to be checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agreement::{Eligible, TermsOffer};
use crate::catalogue::CatalogueChange;
use crate::digest::{Domain, salted};
use crate::epoch::EpochOpening;
use crate::key::{PublicKey, Purpose, SecretKey, Signature};
use crate::pair::PairBody;
use crate::register::{Charter, Proposal, ProposalId};
use crate::settlement::{Run, StatementBody};
use crate::time::Timestamp;
use crate::{CaisseId, Digest, NetworkId, RunId, limits, wire};

/// The version of headers and bodies that this code speaks.
pub const PROTOCOL_VERSION: u16 = 1;

/// For whom a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Audience {
    /// The whole federation.
    Public,
    /// One other caisse.
    Pair(CaisseId),
}

/// The name of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeedId {
    /// The only caisse that writes it.
    pub author: CaisseId,
    /// Who reads it.
    pub audience: Audience,
}

impl FeedId {
    /// The public feed of a caisse.
    #[must_use]
    pub const fn public(author: CaisseId) -> Self {
        Self { author, audience: Audience::Public }
    }

    /// What `author` says to `reader` alone.
    #[must_use]
    pub const fn pair(author: CaisseId, reader: CaisseId) -> Self {
        Self { author, audience: Audience::Pair(reader) }
    }
}

/// How far a feed is known: its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Head {
    /// The feed.
    pub feed: FeedId,
    /// The author's epoch: it grows when a tail is abandoned.
    pub epoch: u32,
    /// The place of the last entry; the first is 1, and 0 means none.
    pub seq: u64,
    /// The hash of the last entry's header; zero bytes if there is none.
    pub hash: Digest,
}

impl Head {
    /// The head of a feed without entries.
    #[must_use]
    pub const fn empty(feed: FeedId) -> Self {
        Self { feed, epoch: 0, seq: 0, hash: Digest::new([0; 32]) }
    }
}

/// What the author signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`PROTOCOL_VERSION`] of the author.
    pub version: u16,
    /// The federation.
    pub network: NetworkId,
    /// The feed.
    pub feed: FeedId,
    /// The author's epoch.
    pub epoch: u32,
    /// The place in the feed, from 1.
    pub seq: u64,
    /// The hash of the previous header, zero bytes for the first.
    pub prev: Digest,
    /// The salted hash of the body.
    pub body: Digest,
    /// The author's clock: information, decides nothing.
    pub claimed: Timestamp,
    /// Heads of other feeds that the author held: witnesses against a rewritten past.
    pub seen: Vec<Head>,
}

/// An entry as it travels: nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The encoded [`Header`], exactly as signed.
    #[serde(with = "serde_bytes")]
    pub header: Vec<u8>,
    /// The author's signature over the header.
    pub signature: Signature,
    /// The salt of the body's hash.
    #[serde(with = "serde_bytes")]
    pub salt: [u8; 32],
    /// The encoded [`Body`].
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// To the federation.
    Public(PublicBody),
    /// To one partner.
    Pair(PairBody),
}

/// What a caisse says to the federation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PublicBody {
    /// The author signs the founding charter.
    CharterSigned(Box<Charter>),
    /// The author proposes a change of the register, and approves it.
    Proposed(Box<Proposal>),
    /// The author approves a proposal.
    Approved(ProposalId),
    /// The author offers terms to another caisse.
    TermsOffered(TermsOffer),
    /// The author changes one of its catalogue documents.
    CatalogueChanged(CatalogueChange),
    /// The author states what it and a partner owe each other.
    Stated(Box<StatementBody>),
    /// The author proposes a settlement run.
    RunProposed(Run),
    /// The author signs the result of a run.
    RunSigned {
        /// The run.
        run: RunId,
        /// The hash of the result that the author computed.
        result: Digest,
    },
    /// The author will not sign a run, takes its signature back, or waits for the run no longer.
    RunAborted {
        /// The run.
        run: RunId,
        /// Why, for people.
        reason: String,
    },
    /// The author holds every signature of a run, and acts on no one participant's abort any more.
    CertSeen {
        /// The run.
        run: RunId,
    },
    /// The head of the author's own books, witnessed by whoever holds this entry.
    BooksHead {
        /// The number of journal entries.
        entries: u64,
        /// The hash of the last one.
        hash: Digest,
    },
    /// What the author finds eligible when its members buy elsewhere; the last word counts.
    EligibilityStated(Eligible),
    /// The first entry of an epoch: the identity key's word that opens it.
    EpochOpened(Box<EpochOpening>),
}

/// Why an envelope is not accepted, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejected {
    /// A part is over its limit.
    #[error("the entry is too large")]
    TooLarge,
    /// The header does not decode.
    #[error("the header does not decode")]
    MalformedHeader,
    /// Another version of the protocol.
    #[error("the entry is of another version of the protocol")]
    UnknownVersion,
    /// Another federation.
    #[error("the entry belongs to another federation")]
    WrongNetwork,
    /// Not a caisse that we know, or not in that epoch.
    #[error("the author is not known")]
    UnknownAuthor,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    BadSignature,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    WrongBody,
    /// The body does not decode or does not fit the audience.
    #[error("the body does not decode")]
    MalformedBody,
}

/// The node keys by which entries are checked, and the federation they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyring {
    /// The federation.
    pub network: NetworkId,
    /// The node key of each known caisse in epoch 0.
    pub nodes: BTreeMap<CaisseId, PublicKey>,
    /// The node keys of later epochs.
    pub epochs: BTreeMap<(CaisseId, u32), PublicKey>,
}

impl Keyring {
    /// Returns the key by which a caisse signs in an epoch.
    #[must_use]
    pub fn key(&self, author: &CaisseId, epoch: u32) -> Option<&PublicKey> {
        if epoch == 0 { self.nodes.get(author) } else { self.epochs.get(&(*author, epoch)) }
    }

    /// Returns every key that a caisse ever had: a printed card is signed by one of them.
    pub fn keys(&self, author: &CaisseId) -> impl Iterator<Item = &PublicKey> {
        let later = self.epochs.range((*author, 1)..=(*author, u32::MAX));
        self.nodes.get(author).into_iter().chain(later.map(|(_, key)| key))
    }
}

/// An entry whose author, network, signature and body hash hold. Only [`Envelope::verify`] and
/// [`Draft::sign`] make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Envelope")]
pub struct Verified {
    envelope: Envelope,
    header: Header,
    body: Body,
    hash: Digest,
}

impl Envelope {
    /// Checks the entry; what it says may still not fit its feed (see [`crate::replica::Replica`]).
    ///
    /// # Errors
    /// The first of [`Rejected`] that applies.
    pub fn verify(self, keyring: &Keyring) -> Result<Verified, Rejected> {
        if self.header.len() > limits::HEADER_BYTES || self.body.len() > limits::BODY_BYTES {
            return Err(Rejected::TooLarge);
        }
        let header: Header = wire::decode(&self.header).map_err(|_| Rejected::MalformedHeader)?;
        if header.version != PROTOCOL_VERSION {
            return Err(Rejected::UnknownVersion);
        }
        if header.network != keyring.network {
            return Err(Rejected::WrongNetwork);
        }
        if header.seen.len() > limits::HEADS_SEEN {
            return Err(Rejected::TooLarge);
        }
        let key = keyring.key(&header.feed.author, header.epoch).ok_or(Rejected::UnknownAuthor)?;
        key.verify(Purpose::Entry, &self.header, &self.signature)
            .map_err(|_| Rejected::BadSignature)?;
        if salted(&self.salt, &self.body) != header.body {
            return Err(Rejected::WrongBody);
        }
        let body: Body = wire::decode(&self.body).map_err(|_| Rejected::MalformedBody)?;
        if matches!(body, Body::Public(_)) != (header.feed.audience == Audience::Public) {
            return Err(Rejected::MalformedBody);
        }
        let hash = Domain::Header.hash(&self.header);
        Ok(Verified { envelope: self, header, body, hash })
    }
}

impl Verified {
    /// Reads an entry back from this node's own store. It was verified before it was stored, so its
    /// signature is not checked again here; `verify` does that for the whole store.
    #[must_use]
    pub fn from_store(bytes: &[u8]) -> Option<Self> {
        let envelope: Envelope = wire::decode(bytes).ok()?;
        let header = wire::decode(&envelope.header).ok()?;
        let body = wire::decode(&envelope.body).ok()?;
        let hash = Domain::Header.hash(&envelope.header);
        Some(Self { envelope, header, body, hash })
    }

    /// Returns the header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns what the entry says.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// Returns the hash of the header, which names the entry.
    #[must_use]
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// Returns the bytes as they came.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns the head of the feed that ends with this entry.
    #[must_use]
    pub const fn head(&self) -> Head {
        let Header { feed, epoch, seq, .. } = self.header;
        Head { feed, epoch, seq, hash: self.hash }
    }
}

impl From<Verified> for Envelope {
    fn from(entry: Verified) -> Self {
        entry.envelope
    }
}

/// An entry about to be written by its author.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The federation.
    pub network: NetworkId,
    /// The head that the entry follows.
    pub after: Head,
    /// What it says.
    pub body: Body,
    /// The author's clock.
    pub claimed: Timestamp,
    /// Heads of other feeds that the author holds.
    pub seen: Vec<Head>,
}

impl Draft {
    /// Signs the entry. The salt is secret and of this place in the feed only.
    #[must_use]
    pub fn sign(self, node: &SecretKey, salt_secret: &[u8; 32]) -> Verified {
        let Head { feed, epoch, seq, hash } = self.after;
        let place = wire::encode(&(feed, epoch, seq));
        let salt = crate::digest::keyed(salt_secret, "caisse v1 body salt", &place);
        let body = wire::encode(&self.body);
        let header = Header {
            version: PROTOCOL_VERSION,
            network: self.network,
            feed,
            epoch,
            seq: seq.saturating_add(1),
            prev: hash,
            body: salted(&salt, &body),
            claimed: self.claimed,
            seen: self.seen,
        };
        let header_bytes = wire::encode(&header);
        let signature = node.sign(Purpose::Entry, &header_bytes);
        let hash = Domain::Header.hash(&header_bytes);
        let envelope = Envelope { header: header_bytes, signature, salt, body };
        Verified { envelope, header, body: self.body, hash }
    }
}
