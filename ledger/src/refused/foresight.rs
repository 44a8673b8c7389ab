//! Why a forecast, a simulation or an evaluation is refused.

use crdt::Date;
use serde::{Deserialize, Serialize};

use crate::foresight::MOST_MONTHS;
use crate::rules::BadRules;

/// Why a question about other months was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ForesightRefused {
    /// No months, or too many.
    #[error("ask for 1 to {MOST_MONTHS} months")]
    Months,
    /// The rule set contradicts itself.
    #[error("these rules cannot be tried: {0}")]
    Rules(BadRules),
    /// The books say nothing yet.
    #[error("the books hold no entry yet: there is nothing to work it out from")]
    NoHistory,
    /// The period ends before it begins, or is too long.
    #[error("the period goes from {from} to {at}: give 1 day to {MOST_MONTHS} months")]
    Period {
        /// Its first day.
        from: Date,
        /// Its last day.
        at: Date,
    },
    /// The last day is not over: what is said of it could change.
    #[error("{at} is not over: ask for a day up to {latest}, so that the answer stays the same")]
    NotOver {
        /// The day.
        at: Date,
        /// The latest day that can be asked for.
        latest: Date,
    },
}
