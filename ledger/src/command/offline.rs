//! What the operator decides about sales while caisses cannot reach each other.

use crdt::lot::LotTerms;
use crdt::{CaisseId, Cents, LotId};
use serde::{Deserialize, Serialize};

/// Decides about lots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfflineCommand {
    /// Decides what a partner gets, from the next lot on; `None` ends it, and asks for what is open.
    SetPolicy {
        /// The partner.
        with: CaisseId,
        /// What each lot allows.
        policy: Option<LotTerms>,
    },
    /// Decides what all open lots may hold together.
    SetReserve {
        /// How much.
        amount: Cents,
    },
    /// Asks for a lot back.
    Close {
        /// The lot.
        lot: LotId,
    },
}

/// A question about lots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfflineQuery {
    /// Policies, the reserve, and all lots, given and held.
    Lots,
    /// What a policy would change.
    PolicyPreview {
        /// The partner.
        with: CaisseId,
        /// What each lot would allow.
        policy: Option<LotTerms>,
    },
    /// What a reserve would change.
    ReservePreview {
        /// How much.
        amount: Cents,
    },
    /// What members were advanced, and claims that the caisse bears itself.
    Losses,
}
