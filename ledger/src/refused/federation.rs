//! Why something about the federation or settlement is refused.

use crdt::register::BadCharter;
use crdt::settlement::BadRun;
use serde::{Deserialize, Serialize};

/// Why something about the federation was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum FederationRefused {
    /// No charter yet.
    #[error("this caisse is in no federation yet: sign a charter with `federation found`")]
    NotFounded,
    /// Another charter was signed before.
    #[error("this caisse is already in another federation")]
    AlreadyFounded,
    /// The charter does not hold.
    #[error("the charter does not hold: {0}")]
    Charter(String),
    /// The charter names us with other keys.
    #[error("the charter names this caisse with other keys or addresses than it has")]
    NotOurContact,
    /// Not every founder has signed.
    #[error("not every founder has signed the charter yet")]
    FoundersMissing,
    /// We do not know the other caisse.
    #[error("the other caisse does not belong to the federation")]
    UnknownCaisse,
    /// The same caisse on both sides.
    #[error("a caisse makes no agreement with itself")]
    Itself,
    /// No such proposal.
    #[error("the proposal is not known")]
    UnknownProposal,
    /// Somebody holds two entries of ours for one place: we are a copy, or were restored behind the
    /// fence's back.
    #[error(
        "this caisse signed two different entries for one place: a copy of it runs elsewhere, or an old backup spoke; stop every copy and ask the federation to admit the caisse anew"
    )]
    WeForked,
    /// The identity key gave our epoch another node key than the one that we run with.
    #[error(
        "this node runs with a key that is no longer valid: put the new keys in their place (`caisse key rotate` does it) and start it again"
    )]
    OldKeys,
    /// After a start, nothing is said before the others told what they heard from us.
    #[error(
        "this caisse has started and waits to hear from {waiting} other caisse(s) what it had said before; try again when they are connected"
    )]
    NotHeard {
        /// How many are missing.
        waiting: u32,
    },
}

impl From<BadCharter> for FederationRefused {
    fn from(bad: BadCharter) -> Self {
        Self::Charter(bad.to_string())
    }
}

/// Why something about settlement was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SettlementRefused {
    /// No such run.
    #[error("the settlement run is not known")]
    UnknownRun,
    /// We have no part in it.
    #[error("this caisse has no part in the run")]
    NotAPart,
    /// No pair has a new agreed statement.
    #[error("no pair of caisses has an agreed statement with a new debt: make statements first")]
    NothingToSettle,
    /// The run does not compute.
    #[error("the run does not compute: {0}")]
    BadRun(String),
    /// We said that we hold every signature: others may have acted on it.
    #[error(
        "this caisse holds every signature of the run and has said so: it can no longer abort it"
    )]
    AlreadyCertified,
    /// Not every participant has certified the run.
    #[error("the run is not certified by every participant yet")]
    NotCertified,
    /// No such transfer in the run.
    #[error("the run has no such transfer")]
    NoSuchTransfer,
    /// We may not speak yet, or there is no federation.
    #[error(transparent)]
    Federation(#[from] FederationRefused),
}

impl From<BadRun> for SettlementRefused {
    fn from(bad: BadRun) -> Self {
        Self::BadRun(bad.to_string())
    }
}
