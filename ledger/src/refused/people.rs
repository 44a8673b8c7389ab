//! Why something about members, cards or vendors is refused.

use crdt::{Cents, Date};
use serde::{Deserialize, Serialize};

use crate::rules::ContributionRefused;

/// Why something about members was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum MemberRefused {
    /// No such member.
    #[error("the member is not known")]
    UnknownMember,
    /// No such card.
    #[error("the card is not known")]
    UnknownCard,
    /// A name without characters or with too many.
    #[error("a name has 1 to {} characters", crate::limits::TEXT_CHARS)]
    Name,
    /// The household is not one.
    #[error(
        "a household has 1 to {} persons, at least one of them adult or teen",
        crate::rules::MOST_PERSONS
    )]
    Household,
    /// The contribution does not fit the rules.
    #[error(transparent)]
    Contribution(#[from] ContributionRefused),
    /// The rules give an amount that is none.
    #[error("the rules give no amount for a household of this size")]
    NoAmount,
    /// Before the day of issue.
    #[error("the allocations of this month are issued from {from} on")]
    TooEarly {
        /// The day of issue.
        from: Date,
    },
    /// More than is covered.
    #[error(
        "credit would not be covered: {short} more is needed in the bank or in confirmed grants; to do it all the same, say why with --force REASON"
    )]
    NotCovered {
        /// How much is missing.
        short: Cents,
    },
}

/// Why something about vendors was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum VendorRefused {
    /// No such vendor.
    #[error("the vendor is not known")]
    UnknownVendor,
    /// A name, kind or reason without characters or with too many.
    #[error("a name, kind or reason has 1 to {} characters", crate::limits::TEXT_CHARS)]
    Text,
    /// Not an INSEE code.
    #[error("the commune is not an INSEE code of five characters")]
    Commune,
    /// The products do not fit a sheet.
    #[error("the products do not fit the sheet: {0}")]
    Sheet(String),
}
