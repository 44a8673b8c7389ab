//! Keys, epochs and fork proofs.

use crdt::epoch::{EpochCut, EpochOpening};
use crdt::feed::Audience;
use crdt::fork::ProofFile;
use crdt::{CaisseId, NetworkId};
use serde::{Deserialize, Serialize};

/// What is answered about keys, epochs and fork proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysAnswer {
    /// Every fork that is proved.
    Proofs(Vec<ProofInfo>),
    /// A proof that anyone can check.
    Proof(Box<ProofFile>),
    /// What a statement that opens our next epoch must say.
    NextEpoch(NextEpoch),
    /// Every opening of a caisse, in their order.
    Openings(Vec<EpochOpening>),
}

/// What a statement that opens our next epoch must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextEpoch {
    /// The federation.
    pub network: NetworkId,
    /// The epoch.
    pub epoch: u32,
    /// Where each feed of ours ends.
    pub cuts: Vec<EpochCut>,
    /// Partners that we wait to hear from since the start: they may hold more.
    pub unheard: u32,
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
    /// Whether its identity key has ended the epoch since: then it can be forgiven.
    pub over: bool,
    /// Whether we forgave it.
    pub forgiven: bool,
}
