//! Why something about keys, epochs or fork proofs is refused.

use crdt::epoch::BadOpening;
use serde::{Deserialize, Serialize};

/// Why something about keys, epochs or fork proofs was refused, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum KeysRefused {
    /// The statement does not hold.
    #[error(transparent)]
    Opening(#[from] BadOpening),
    /// The statement is of a caisse that is not known, or not of this one.
    #[error("the statement is of another caisse")]
    WrongCaisse,
    /// Another epoch comes next.
    #[error("epoch {next} is the next one: look again and sign that one")]
    NotNext {
        /// The next epoch.
        next: u32,
    },
    /// The identity key opened the same epoch with other words.
    #[error(
        "the identity key signed another opening of the same epoch: it contradicted itself, and only a removal from the federation helps"
    )]
    IdentityForked,
    /// Feeds have grown since the statement was made.
    #[error("the cuts are not where the feeds end now: look again and sign again")]
    Moved,
    /// The entry does not carry the statement, or is not the first of the epoch.
    #[error("the entry is not the first of the epoch that the statement opens")]
    WrongEntry,
    /// There is nothing to forgive.
    #[error("it is not known that this caisse contradicted itself")]
    NotForked,
    /// Its identity key has not ended the epoch in which it forked.
    #[error(
        "this caisse has not ended the epoch in which it contradicted itself: it opens a new one with its identity key first (`caisse epoch open` or `caisse key rotate`)"
    )]
    NotOver,
}
