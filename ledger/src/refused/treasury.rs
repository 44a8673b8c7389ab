//! Why something about rules or grants is refused.

use crdt::Cents;
use serde::{Deserialize, Serialize};

use super::MemberRefused;
use crate::rules::{CancelRefused, PlanRefused};

/// Why something about rules was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RulesRefused {
    /// The rule set cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanRefused),
    /// Credit would not be covered.
    #[error(transparent)]
    Guarantee(#[from] MemberRefused),
    /// The planned rule set cannot be cancelled.
    #[error(transparent)]
    Cancel(#[from] CancelRefused),
}

/// Why something about grants was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum GrantRefused {
    /// No such grant.
    #[error("the grant is not known")]
    UnknownGrant,
    /// A funder or reference without characters or with too many.
    #[error("a funder or reference has 1 to {} characters", crate::limits::TEXT_CHARS)]
    Text,
    /// Zero.
    #[error("the amount is zero")]
    AmountZero,
    /// More than the grant.
    #[error("only {left} of this grant has not come yet")]
    MoreThanLeft {
        /// What is left.
        left: Cents,
    },
}
