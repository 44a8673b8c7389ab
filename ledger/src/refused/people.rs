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
    /// The member has left.
    #[error("the member has left: `caisse member return` comes first")]
    HasLeft,
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

/// Why a change of members or the waiting list was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PeopleRefused {
    /// Nobody of that id waits.
    #[error("nobody of this id is on the waiting list")]
    NotWaiting,
    /// The person was erased.
    #[error("the person was erased: nothing is known that could be changed; enrol them anew")]
    Erased,
    /// The member has left already.
    #[error("the member left on {on}")]
    AlreadyLeft {
        /// When.
        on: Date,
    },
    /// The member has not left.
    #[error("the member has not left")]
    NotLeft,
    /// Nothing is to be changed.
    #[error(
        "say what is to be changed: --name, --phone, --email, --commune, --band or the household"
    )]
    Nothing,
    /// A field is too long, or has control characters.
    #[error("the {field} has 1 to {} characters, all of them printable", crate::limits::TEXT_CHARS)]
    Text {
        /// Which.
        field: Field,
    },
    /// Not an e-mail address.
    #[error("an e-mail address has an @ with something on both sides")]
    Email,
    /// Not a band of income.
    #[error("bands of income are counted from 1 to {}; 0 takes it away", crate::limits::BANDS)]
    Band,
    /// The day of a change of the household is outside of what can be.
    #[error("a household changes from a day between {earliest} and {latest}")]
    From {
        /// The day on which the member joined.
        earliest: Date,
        /// How far ahead a change can be planned.
        latest: Date,
    },
    /// Too many changes of one household.
    #[error("a household has at most {} changes", crate::limits::HOUSEHOLD_CHANGES)]
    TooManyChanges,
    /// What is left could be spent until a day that has passed.
    #[error("the last day to spend what is left is {today} or later")]
    UntilPast {
        /// Today.
        today: Date,
    },
    /// A purchase elsewhere is not finished.
    #[error("{amount} is held for purchases that are not finished: wait until they are")]
    StillHeld {
        /// How much is held.
        amount: Cents,
    },
    /// The caisse owes the member euros.
    #[error("the member is owed {amount} for purchases that were paid first: pay it out before")]
    StillOwed {
        /// How much.
        amount: Cents,
    },
    /// Too many lines in one command.
    #[error("at most {} lines fit one command", crate::limits::IMPORT_LINES)]
    TooManyLines,
}

/// A field of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The name.
    Name,
    /// The telephone number.
    Phone,
    /// The e-mail address.
    Email,
    /// The commune.
    Commune,
    /// The reference in a file.
    Reference,
    /// The reason for leaving.
    Reason,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Commune => "commune",
            Self::Reference => "reference",
            Self::Reason => "reason",
        })
    }
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
