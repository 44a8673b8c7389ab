//! Keys, epochs and fork proofs: what is asked and what is done.

use crdt::CaisseId;
use crdt::epoch::EpochOpening;
use crdt::feed::Envelope;
use serde::{Deserialize, Serialize};

/// Something about keys, epochs or fork proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysCommand {
    /// Opens the next epoch of this caisse.
    Open {
        /// The identity key's word.
        opening: EpochOpening,
        /// The first entry of the epoch, signed by the key that the word names.
        entry: Envelope,
        /// Who must have been heard before.
        waits: Waits,
    },
    /// Takes in openings that came by hand, in their order.
    Learn(Vec<EpochOpening>),
    /// Gives credit again to a caisse that contradicted itself in an epoch that is over.
    Forgive(CaisseId),
}

/// Who must have been heard before an epoch is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// Every partner: nothing that anyone holds is left behind.
    ForAll,
    /// Nobody: what others hold beyond what we do is left behind.
    ForNobody,
}

/// A question about keys, epochs or fork proofs; changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysQuery {
    /// Every fork that is proved.
    Proofs,
    /// The proof against a caisse, as a file that anyone can check.
    Proof(CaisseId),
    /// Where our feeds end: what a statement that opens our next epoch must say.
    NextEpoch,
    /// Every opening of a caisse, in their order.
    Openings(CaisseId),
}
