//! Fork proofs: two entries of one author for one place. Anyone can check one from its bytes alone.

use serde::{Deserialize, Serialize};

use crate::feed::{Envelope, FeedId, Header, Keyring, PROTOCOL_VERSION};
use crate::key::{Purpose, Signature};
use crate::{limits, wire};

mod file;

pub use file::{BadProof, Keys, ProofFile};

/// A header and its signature: all that a fork proof needs of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SignedHeader {
    /// The header's bytes.
    #[serde(with = "serde_bytes")]
    pub header: Vec<u8>,
    /// The author's signature.
    pub signature: Signature,
}

/// Two signed headers for one place, in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkProof {
    one: SignedHeader,
    other: SignedHeader,
}

/// Where a feed forked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fork {
    /// The feed.
    pub feed: FeedId,
    /// The author's epoch.
    pub epoch: u32,
    /// The place that was used twice.
    pub seq: u64,
}

/// Two entries that prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these two entries do not prove a fork")]
pub struct NotAFork;

impl ForkProof {
    /// Puts two entries together; [`ForkProof::check`] says whether they prove a fork.
    #[must_use]
    pub fn of(one: &Envelope, other: &Envelope) -> Self {
        let signed = |envelope: &Envelope| SignedHeader {
            header: envelope.header.clone(),
            signature: envelope.signature,
        };
        let (one, other) = (signed(one), signed(other));
        if one <= other { Self { one, other } } else { Self { one: other, other: one } }
    }

    /// Returns whether both headers are small enough to be looked at.
    #[must_use]
    pub fn within_limits(&self) -> bool {
        [&self.one, &self.other].iter().all(|signed| signed.header.len() <= limits::HEADER_BYTES)
    }

    /// Returns the place that the proof is about, before any signature is looked at.
    #[must_use]
    pub fn place(&self) -> Option<Fork> {
        let Header { feed, epoch, seq, .. } = wire::decode(&self.one.header).ok()?;
        self.within_limits().then_some(Fork { feed, epoch, seq })
    }

    /// Checks both signatures, and that the two headers differ but claim the same place.
    ///
    /// # Errors
    /// [`NotAFork`] if anything of this does not hold.
    pub fn check(&self, keyring: &Keyring) -> Result<Fork, NotAFork> {
        let (one, other) =
            (signed_header(&self.one, keyring)?, signed_header(&self.other, keyring)?);
        let place = |header: &Header| (header.feed, header.epoch, header.seq);
        if self.one.header == self.other.header || place(&one) != place(&other) {
            return Err(NotAFork);
        }
        Ok(Fork { feed: one.feed, epoch: one.epoch, seq: one.seq })
    }
}

fn signed_header(signed: &SignedHeader, keyring: &Keyring) -> Result<Header, NotAFork> {
    if signed.header.len() > limits::HEADER_BYTES {
        return Err(NotAFork);
    }
    let header: Header = wire::decode(&signed.header).map_err(|_| NotAFork)?;
    if header.version != PROTOCOL_VERSION || header.network != keyring.network {
        return Err(NotAFork);
    }
    let key = keyring.key(&header.feed.author, header.epoch).ok_or(NotAFork)?;
    key.verify(Purpose::Entry, &signed.header, &signed.signature).map_err(|_| NotAFork)?;
    Ok(header)
}
