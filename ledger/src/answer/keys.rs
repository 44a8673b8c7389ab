//! Keys, epochs and fork proofs.

use crdt::CaisseId;
use crdt::feed::Audience;
use crdt::fork::ProofFile;
use serde::{Deserialize, Serialize};

/// What is answered about keys, epochs and fork proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysAnswer {
    /// Every fork that is proved.
    Proofs(Vec<ProofInfo>),
    /// A proof that anyone can check.
    Proof(Box<ProofFile>),
}

/// A fork that is proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofInfo {
    /// Who contradicted itself.
    pub author: CaisseId,
    /// Its name.
    pub name: String,
    /// Whether it is this caisse.
    pub ours: bool,
    /// To whom it said two things.
    pub audience: Audience,
    /// Its epoch.
    pub epoch: u32,
    /// The place that it used twice.
    pub seq: u64,
}
