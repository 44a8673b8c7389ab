//! Questions about keys, epochs and fork proofs.

use crdt::CaisseId;
use serde::{Deserialize, Serialize};

/// A question about keys, epochs or fork proofs; changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysQuery {
    /// Every fork that is proved.
    Proofs,
    /// The proof against a caisse, as a file that anyone can check.
    Proof(CaisseId),
}
