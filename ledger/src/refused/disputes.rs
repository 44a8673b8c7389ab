//! Why something about disputes, agreed contributions or corrections is refused.

use crdt::{Cents, Date, DisputeId, Month, SignedCents};
use serde::{Deserialize, Serialize};

use super::{BooksRefused, RefundRefused};
use crate::rules::ContributionRefused;

/// A refusal of anything of this area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum DisputesRefused {
    /// Opening a dispute.
    #[error(transparent)]
    Open(#[from] OpenRefused),
    /// Answering or withdrawing one.
    #[error(transparent)]
    Answer(#[from] AnswerRefused),
    /// Agreeing on a contribution.
    #[error(transparent)]
    Agree(#[from] AgreeRefused),
    /// Correcting an account.
    #[error(transparent)]
    Correct(#[from] CorrectRefused),
}

/// Why a dispute is not opened, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum OpenRefused {
    /// A reason without characters or with too many.
    #[error("a dispute needs a reason of 1 to {} characters", crate::limits::TEXT_CHARS)]
    Reason,
    /// No such payment.
    #[error("no such payment is known here")]
    UnknownPayment,
    /// A payment of someone else.
    #[error("this payment was not made by this member; a visitor contests at their own caisse")]
    NotTheirs,
    /// The payment did not take place, or not yet.
    #[error("this payment was not made, or is not finished: there is nothing to contest yet")]
    NotPaid,
    /// No credit was spent.
    #[error("no credit was spent in this payment: the member and the vendor settle it themselves")]
    OwnMoney,
    /// Too late.
    #[error(
        "a payment can be contested for {} days: this one until {until}",
        crate::limits::DISPUTE_DAYS
    )]
    TooLate {
        /// The last day.
        until: Date,
    },
    /// It is contested already.
    #[error("this payment is contested already, in dispute {dispute}")]
    AlreadyOpen {
        /// The dispute.
        dispute: DisputeId,
    },
    /// Zero.
    #[error("the amount is zero, or all of this payment was given back")]
    AmountZero,
    /// More than is left.
    #[error("only {left} of this payment was covered and not given back")]
    MoreThanLeft {
        /// What is left.
        left: Cents,
    },
}

/// Why a dispute is not answered, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AnswerRefused {
    /// No such dispute.
    #[error("the dispute is not known")]
    UnknownDispute,
    /// It was answered or withdrawn.
    #[error(
        "the dispute was closed on {on}; what was wrong can be put right by `caisse member correct`"
    )]
    Closed {
        /// When.
        on: Date,
    },
    /// A reason without characters or with too many, or none where one is needed.
    #[error(
        "a rejection, and a loss of the caisse, need a reason of 1 to {} characters: --reason TEXT",
        crate::limits::TEXT_CHARS
    )]
    Reason,
    /// Zero.
    #[error("the amount is zero")]
    AmountZero,
    /// More than was contested.
    #[error("only {contested} is contested")]
    MoreThanContested {
        /// How much.
        contested: Cents,
    },
    /// The vendor is not ours.
    #[error(
        "the vendor belongs to another caisse, which has given back {given} so far: ask it for a refund, or accept at this caisse's own loss with --own-loss"
    )]
    AtHost {
        /// What the host gave back since the dispute was opened.
        given: Cents,
    },
    /// It was given back in the meantime.
    #[error("only {left} of the payment was not given back yet: accept less, or withdraw it")]
    MoreThanLeft {
        /// What is left.
        left: Cents,
    },
    /// The vendor was paid.
    #[error(
        "the vendor was paid and is owed only {owed}: let it owe the rest with --vendor-owes, or accept at the caisse's own loss with --own-loss"
    )]
    VendorPaid {
        /// What the vendor is owed.
        owed: SignedCents,
    },
    /// The refund is refused.
    #[error(transparent)]
    Refund(#[from] RefundRefused),
    /// The books do not take it.
    #[error(transparent)]
    Books(#[from] BooksRefused),
}

/// Why an agreed contribution is not recorded, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AgreeRefused {
    /// A month that is over.
    #[error("a contribution is agreed for this month or later: from {earliest} at the earliest")]
    Past {
        /// This month.
        earliest: Month,
    },
    /// It does not fit the rules of that month.
    #[error(transparent)]
    Contribution(#[from] ContributionRefused),
}

/// Why an account is not corrected, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CorrectRefused {
    /// A reason without characters or with too many.
    #[error("a correction needs a reason of 1 to {} characters", crate::limits::TEXT_CHARS)]
    Reason,
    /// Zero.
    #[error("the amount is zero")]
    AmountZero,
    /// The member would hold less than nothing, or the sums overflow.
    #[error(transparent)]
    Books(#[from] BooksRefused),
}
