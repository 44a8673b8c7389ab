//! Why something about the bank's lines and batches is refused, or waits.

use crdt::{Cents, Date};
use serde::{Deserialize, Serialize};

use super::BooksRefused;
use crate::limits;
use crate::rules::ContributionRefused;

/// Why something about the bank was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum TreasuryRefused {
    /// The caisse has not said where it is paid.
    #[error(
        "the caisse's own account is not known: caisse bank details set --own --iban IBAN --name NAME"
    )]
    NoOwnAccount,
    /// A statement of another account.
    #[error("the statement is of the account {account}, which is not the caisse's own")]
    OtherAccount {
        /// The other account, masked.
        account: String,
    },
    /// More lines than one command takes.
    #[error("more than {} lines at once", limits::STATEMENT_LINES)]
    TooManyLines,
    /// No such line.
    #[error("the line of the bank is not known")]
    UnknownLine,
    /// It was assigned before.
    #[error("the line was assigned before: take that back first, with caisse bank unassign")]
    Assigned,
    /// It was not assigned.
    #[error("the line is not assigned")]
    NotAssigned,
    /// A line cannot be for this.
    #[error("the line cannot be for this: {0}")]
    Unfit(Waits),
    /// A reason is needed, or is too long.
    #[error("say why with --reason, in 1 to {} characters", limits::TEXT_CHARS)]
    Reason,
    /// Nothing in the books was made by hand that this line shows.
    #[error("the books have no entry by hand of this amount that no line shows yet: book it first")]
    NoSuchEntry,
    /// Several entries could be meant.
    #[error("several entries by hand have this amount: name one with --already PLACE")]
    SeveralEntries {
        /// Their places.
        places: Vec<u64>,
    },
    /// Money in the bank is booked by its lines.
    #[error(
        "the bank's statements are imported, so this will come as a line: caisse bank import, then caisse bank assign; for money in the cash box say --cash"
    )]
    ComesByStatement,
    /// A name or code without characters or with too many.
    #[error(
        "a name or code has 1 to {} characters, a mandate at most {}",
        limits::TEXT_CHARS,
        limits::MANDATE_CHARS
    )]
    Text,
    /// A mandate of somebody who is not a member.
    #[error("only members have mandates")]
    NotAMember,
    /// A mandate that was signed on a later day.
    #[error("the mandate is signed on a day that has not come")]
    SignedLater,
    /// Zero.
    #[error("the amount is zero")]
    AmountZero,
    /// The caisse has no creditor identifier.
    #[error(
        "the caisse has no creditor identifier (ICS), without which no bank collects: caisse bank details set --own --creditor-id ICS"
    )]
    NoCreditorId,
    /// The day of a batch.
    #[error("the day of a batch is between {from} and {to}")]
    Day {
        /// The first that can be.
        from: Date,
        /// The last.
        to: Date,
    },
    /// Nobody can be paid or debited.
    #[error("there is nothing to order: a preview says who was left out and why")]
    NothingToOrder,
    /// No such batch.
    #[error("the batch is not known")]
    UnknownBatch,
    /// It was taken back.
    #[error("the batch was cancelled")]
    Cancelled,
    /// The bank has it.
    #[error("the bank has carried out a part of the batch: what comes back comes as a line")]
    UnderWay,
    /// The details of a payee were erased.
    #[error("the bank details of one of the payees were erased: this file cannot be made again")]
    DetailsErased,
}

/// Why a line of the bank waits for a person, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// Nothing in it is known.
    #[error("no reference of a member, a batch or a grant")]
    NoReference,
    /// It can mean several.
    #[error("its references mean several members or grants")]
    SeveralMeanings,
    /// What it names is not there.
    #[error("what it names is not known")]
    Unknown,
    /// The money goes the other way.
    #[error("the money goes the other way")]
    WrongSide,
    /// The amount is another.
    #[error("the amount is not the expected {expected}")]
    OtherAmount {
        /// What was expected.
        expected: Cents,
    },
    /// Another line shows it.
    #[error("another line, or a person, has settled this before")]
    Settled,
    /// The batch was taken back.
    #[error("the batch was cancelled")]
    Cancelled,
    /// The rules do not take such a contribution.
    #[error("{0}")]
    Contribution(ContributionRefused),
    /// The books do not take it.
    #[error("{0}")]
    Books(BooksRefused),
}

/// What is wrong with one line of a statement; the others are taken all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LineProblem {
    /// Zero.
    #[error("amount: it is zero")]
    AmountZero,
    /// Too early or too late.
    #[error("date: {date} is more than ten years ago, or has not come")]
    Date {
        /// The day.
        date: Date,
    },
    /// Its day came in another kind of file, in which the same line looks different.
    #[error(
        "date: {date} was imported from another kind of file (camt or table): its lines would count twice"
    )]
    OtherSource {
        /// The day.
        date: Date,
    },
    /// The books do not take it.
    #[error("amount: {0}")]
    Books(BooksRefused),
}

/// Why somebody is left out of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Nothing is owed.
    #[error("nothing is owed")]
    NothingOwed,
    /// Members contest it.
    #[error("{0} is contested and waits")]
    Contested(Cents),
    /// Nobody said where.
    #[error("no bank details: caisse bank details set")]
    NoDetails,
    /// The contribution has come in, or is being collected.
    #[error("the contribution of this month has come in, or is being collected")]
    Contributed,
    /// The rules do not take such a contribution.
    #[error("the mandate's amount does not fit the rules: {0}")]
    Contribution(ContributionRefused),
    /// The batch is full.
    #[error("the batch is full: order again")]
    Full,
}
