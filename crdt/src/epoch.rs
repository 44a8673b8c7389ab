//! Epochs: how a caisse changes its keys, or leaves a tail of its feeds behind, by a word of its
//! identity key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contact::{Contact, caisse_id};
use crate::digest::Domain;
use crate::feed::{Audience, FeedId};
use crate::key::{PublicKey, Purpose, SecretKey, Signature};
use crate::seal::SealingKey;
use crate::{CaisseId, Digest, NetworkId, limits, wire};

/// How far a feed of the epoch before counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EpochCut {
    /// Which feed of the author.
    pub audience: Audience,
    /// The place of the last entry that counts.
    pub seq: u64,
    /// The hash of that entry's header.
    pub hash: Digest,
}

/// What an identity key says when it opens an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochStatement {
    /// The federation.
    pub network: NetworkId,
    /// The key that says it; its hash is the caisse.
    pub identity: PublicKey,
    /// The epoch that is opened; the first that can be is 1.
    pub epoch: u32,
    /// The key that signs entries of the epoch.
    pub node: PublicKey,
    /// The key to which card codes are sealed from now on.
    pub sealing: SealingKey,
    /// The identity key's signature over these two.
    pub certificate: Signature,
    /// Where each feed of the epoch before ends, sorted. Of a feed that is not named nothing counts.
    pub cuts: Vec<EpochCut>,
    /// Why, for people.
    pub reason: String,
}

/// A statement as it travels: nothing in it is trusted before [`EpochOpening::check`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EpochOpening {
    /// The encoded [`EpochStatement`], exactly as signed.
    #[serde(with = "serde_bytes")]
    statement: Vec<u8>,
    signature: Signature,
}

/// Why an opening is not accepted, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum BadOpening {
    /// A part is over its limit.
    #[error("the statement that opens the epoch is too large")]
    TooLarge,
    /// It does not decode.
    #[error("the statement that opens the epoch does not decode")]
    Malformed,
    /// Another federation.
    #[error("the statement that opens the epoch is of another federation")]
    WrongNetwork,
    /// Epoch 0 needs no opening.
    #[error("epoch 0 is not opened")]
    Zero,
    /// The cuts are not sorted, or one is there twice, or the public feed is missing.
    #[error("the cuts are not sorted, or the public feed's is missing")]
    Cuts,
    /// The identity key did not sign it, or did not certify the keys.
    #[error("the identity key did not sign the statement, or did not certify the keys in it")]
    BadSignature,
}

impl EpochStatement {
    /// Signs the statement.
    #[must_use]
    pub fn sign(&self, identity: &SecretKey) -> EpochOpening {
        let statement = wire::encode(self);
        let signature = identity.sign(Purpose::Epoch, &statement);
        EpochOpening { statement, signature }
    }

    /// Returns the hash of the statement, as [`EpochOpening::hash`] does.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Domain::Epoch.hash(&wire::encode(self))
    }

    /// Returns the caisse.
    #[must_use]
    pub fn author(&self) -> CaisseId {
        caisse_id(&self.identity)
    }

    /// Returns how far a feed of the epoch before counts.
    #[must_use]
    pub fn cut(&self, audience: Audience) -> Option<&EpochCut> {
        self.cuts.iter().find(|cut| cut.audience == audience)
    }
}

impl EpochOpening {
    /// Returns whether it is small enough to be looked at.
    #[must_use]
    pub const fn within_limits(&self) -> bool {
        self.statement.len() <= limits::BODY_BYTES
    }

    /// Checks the statement from its bytes alone.
    ///
    /// # Errors
    /// The first of [`BadOpening`] that applies.
    pub fn check(&self, network: NetworkId) -> Result<EpochStatement, BadOpening> {
        if !self.within_limits() {
            return Err(BadOpening::TooLarge);
        }
        let said: EpochStatement =
            wire::decode(&self.statement).map_err(|_| BadOpening::Malformed)?;
        // One statement has one form, so it has one hash.
        if wire::encode(&said) != self.statement {
            return Err(BadOpening::Malformed);
        }
        if said.cuts.len() > limits::CAISSES + 1 || said.reason.chars().count() > limits::TEXT_CHARS
        {
            return Err(BadOpening::TooLarge);
        }
        if said.network != network {
            return Err(BadOpening::WrongNetwork);
        }
        if said.epoch == 0 {
            return Err(BadOpening::Zero);
        }
        let sorted = said.cuts.windows(2).all(|two| two[0].audience < two[1].audience);
        if !sorted || said.cut(Audience::Public).is_none() {
            return Err(BadOpening::Cuts);
        }
        let certified = wire::encode(&(&said.node, &said.sealing));
        said.identity
            .verify(Purpose::Epoch, &self.statement, &self.signature)
            .and_then(|()| {
                said.identity.verify(Purpose::Certificate, &certified, &said.certificate)
            })
            .map_err(|_| BadOpening::BadSignature)?;
        Ok(said)
    }

    /// Returns the hash of the statement.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Domain::Epoch.hash(&self.statement)
    }
}

/// Which epochs each caisse has opened: the one after another, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    opened: BTreeMap<CaisseId, Vec<EpochStatement>>,
}

impl Epochs {
    /// Takes in a checked statement, if it opens the next epoch of its author. Returns whether it did.
    pub fn open(&mut self, said: EpochStatement) -> bool {
        let author = said.author();
        let next = self.current(&author).checked_add(1);
        let is_next = next == Some(said.epoch);
        if is_next {
            self.opened.entry(author).or_default().push(said);
        }
        is_next
    }

    /// Returns the epoch in which a caisse is.
    #[must_use]
    pub fn current(&self, author: &CaisseId) -> u32 {
        self.of(author).last().map_or(0, |last| last.epoch)
    }

    /// Returns the statements of a caisse, in order.
    #[must_use]
    pub fn of(&self, author: &CaisseId) -> &[EpochStatement] {
        self.opened.get(author).map_or(&[], Vec::as_slice)
    }

    /// Returns every statement.
    pub fn all(&self) -> impl Iterator<Item = &EpochStatement> {
        self.opened.values().flatten()
    }

    /// Returns the epoch to which a place of a feed belongs: each goes as far as the next one's cut.
    #[must_use]
    pub fn at(&self, feed: FeedId, seq: u64) -> u32 {
        let before = |said: &&EpochStatement| said.cut(feed.audience).map_or(0, |c| c.seq) < seq;
        self.of(&feed.author).iter().rfind(before).map_or(0, |said| said.epoch)
    }

    /// Returns where a feed ends in an epoch that is over; `None` for the present one.
    #[must_use]
    pub fn end(&self, feed: FeedId, epoch: u32) -> Option<u64> {
        let next = usize::try_from(epoch).ok()?;
        let said = self.of(&feed.author).get(next)?;
        Some(said.cut(feed.audience).map_or(0, |cut| cut.seq))
    }

    /// Returns the keys by which entries of an epoch from 1 on are checked.
    pub fn keys(&self) -> impl Iterator<Item = ((CaisseId, u32), PublicKey)> {
        let of = |(author, list): (&CaisseId, &Vec<EpochStatement>)| {
            let author = *author;
            list.iter().map(move |said| ((author, said.epoch), said.node)).collect::<Vec<_>>()
        };
        self.opened.iter().flat_map(of)
    }

    /// Returns a contact with the keys of the present epoch.
    #[must_use]
    pub fn renewed(&self, contact: &Contact) -> Contact {
        let mut contact = contact.clone();
        if let Some(said) = self.of(&contact.id).last() {
            (contact.node, contact.sealing, contact.certificate) =
                (said.node, said.sealing, said.certificate);
        }
        contact
    }
}
