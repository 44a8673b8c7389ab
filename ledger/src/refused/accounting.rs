//! Why something about accounts is refused.

use crdt::{Date, SignedCents};
use serde::{Deserialize, Serialize};

use super::BooksRefused;

/// Why something about accounts was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AccountingRefused {
    /// A reason without characters or with too many.
    #[error("a reason has 1 to {} characters", crate::limits::TEXT_CHARS)]
    Text,
    /// No such entry.
    #[error("the books have no entry {0}")]
    UnknownEntry(u64),
    /// The entry moves nothing for good.
    #[error("entry {0} only holds or releases: there is nothing to reverse")]
    NotPosted(u64),
    /// The entry has a way of its own to be undone.
    #[error("entry {entry} is not reversed here: {instead}")]
    OwnUndo {
        /// The entry.
        entry: u64,
        /// What to do.
        instead: Instead,
    },
    /// The entry was reversed before.
    #[error("entry {entry} was reversed before, by entry {by}")]
    AlreadyReversed {
        /// The entry.
        entry: u64,
        /// The entry that reversed it.
        by: u64,
    },
    /// What it gave is not there any more.
    #[error("entry {entry} cannot be reversed: {why}")]
    NotThere {
        /// The entry.
        entry: u64,
        /// What the books say.
        why: BooksRefused,
    },
    /// The day is not over.
    #[error("{0} is not over yet: close it tomorrow")]
    DayNotOver(Date),
    /// The day was closed before.
    #[error("all days up to {0} are closed")]
    DayClosed(Date),
    /// A number that is no year.
    #[error("{0} is not a year between 1970 and 9999")]
    NotAYear(i16),
    /// The year is not over.
    #[error("{0} is not over yet")]
    YearNotOver(i16),
    /// The year was closed before.
    #[error("all years up to {0} are closed")]
    YearClosed(i16),
    /// Nothing happened up to then.
    #[error("the books have no entry up to the end of {0}")]
    NothingToClose(i16),
    /// Days of the year are not closed.
    #[error("days of {0} are open: close {0}-12-31 first, or force it and say why")]
    DaysOpen(i16),
    /// Payments are not finished.
    #[error("{0} payment(s) are not finished: wait for them, or force it and say why")]
    PaymentsOpen(u64),
    /// Lines of the bank are not assigned.
    #[error("lines of the bank over {0} are not assigned: assign them, or force it and say why")]
    LinesOpen(SignedCents),
    /// The caisse gives no receipts.
    #[error(
        "this caisse gives no receipts: set `enabled = true` in the section [receipts] and start again"
    )]
    ReceiptsOff,
}

/// How an entry that is not reversed is undone instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Instead {
    /// Sales and their bonuses.
    #[error("refund the sale")]
    Refund,
    /// Sales in other caisses.
    #[error("the other caisse refunds the sale")]
    OtherCaisse,
    /// Refunds.
    #[error("a refund stands; make a new sale")]
    NewSale,
    /// Settlements.
    #[error("a settlement stands on signed statements; agree on the next one")]
    NextSettlement,
    /// Lines of the bank.
    #[error("it is a fact of the bank; assign the line anew")]
    AssignAnew,
    /// Batches of transfers.
    #[error("the bank says what became of its batch")]
    BankSays,
    /// Claims of members.
    #[error("refund the purchase that the claim is for")]
    RefundPurchase,
    /// Corrections of what a member holds, and what the caisse bore of a dispute.
    #[error("correct what the member holds by the opposite")]
    CorrectMember,
    /// Reversals.
    #[error("it is a reversal itself; enter again what was right")]
    EnterAgain,
    /// Entries by hand that a line of the bank shows.
    #[error("a line of the bank shows it; unassign the line first")]
    Unassign,
}
