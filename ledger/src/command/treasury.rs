//! What a treasurer asks for.

use crdt::{BatchId, CaisseId, Date, GrantId, LineId, MemberId, Month, SignedCents, VendorId};
use crdt::{Cents, RequestId};
use serde::{Deserialize, Serialize};

use crate::treasury::AccountNumber;
use crate::treasury::details::{Details, Holder};
use crate::treasury::line::{LineText, Side};

/// Something that changes what the bank's lines and batches are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreasuryCommand {
    /// Takes in lines of a bank statement; what is known already changes nothing.
    Import(Box<Import>),
    /// Says what a line was for.
    Assign {
        /// The line.
        line: LineId,
        /// What for.
        to: AssignTo,
        /// Why, kept as a note. Needed for something else, and for a contribution that the rules do not
        /// take.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Takes back what a line was said to be for.
    Unassign {
        /// The line.
        line: LineId,
        /// Why.
        reason: String,
    },
    /// Records where someone is paid, or where the caisse is.
    SetDetails {
        /// Who.
        of: Holder,
        /// Where.
        details: Box<Details>,
    },
    /// Erases what bank records say of a member.
    Forget {
        /// The member.
        member: MemberId,
    },
    /// Orders transfers of what vendors, and members who paid first, are owed.
    OrderPayouts {
        /// Only these vendors; all, and all members with claims, when empty.
        vendors: Vec<VendorId>,
        /// The day on which the bank should pay; today when absent.
        #[serde(default)]
        on: Option<Date>,
    },
    /// Orders direct debits of the contributions of a month.
    OrderDebits {
        /// The month.
        month: Month,
        /// The day on which members are debited; in a week when absent.
        #[serde(default)]
        on: Option<Date>,
    },
    /// Says that the bank carried out a batch, where statements are not imported.
    ConfirmBatch {
        /// The batch.
        batch: BatchId,
    },
    /// Takes back a batch that was not sent to the bank.
    CancelBatch {
        /// The batch.
        batch: BatchId,
        /// Why.
        reason: String,
    },
    /// Records payments that the bank rejected, as its report says.
    RejectItems {
        /// The payments.
        items: Vec<Rejection>,
    },
}

/// A question of a treasurer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreasuryQuery {
    /// What an import would do.
    ImportPreview(Box<Import>),
    /// Lines that nobody has assigned.
    Queue,
    /// The latest lines, assigned or not.
    Lines,
    /// One line.
    Line(LineId),
    /// What the books and the bank say.
    Reconcile,
    /// Where someone is paid, masked.
    Details(Holder),
    /// The reference by which a member's payments are known.
    Reference(MemberId),
    /// Whom a batch of transfers would pay.
    PayoutPreview {
        /// Only these vendors; everybody when empty.
        vendors: Vec<VendorId>,
    },
    /// From whom a batch of direct debits would collect.
    DebitPreview {
        /// The month.
        month: Month,
    },
    /// All batches.
    Batches,
    /// One batch.
    Batch(BatchId),
    /// All that the file of a batch needs.
    BatchFile(BatchId),
    /// What a vendor earned and was paid in a month.
    VendorStatement {
        /// The vendor.
        vendor: VendorId,
        /// The month.
        month: Month,
    },
}

/// Lines of one statement of the caisse's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The name that the bank gave the statement.
    pub statement: String,
    /// The account.
    pub account: AccountNumber,
    /// What kind of file it is.
    pub source: Source,
    /// What was in the account before the first line, if the bank says so.
    pub opening: Option<Balance>,
    /// What was in the account after the last line, if the bank says so.
    pub closing: Option<Balance>,
    /// The lines, in any order.
    pub lines: Vec<StatementLine>,
}

/// What kind of file a statement is. One line looks different in each, so a day is taken from one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A message of the bank (camt.053).
    Message,
    /// A table (CSV).
    Table,
}

/// What was in an account at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Positive when the bank owes it to the caisse.
    pub amount: SignedCents,
    /// The day.
    pub on: Date,
}

/// A line as the shell read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// Its name: the hash of what it says, so that a line read twice is one line.
    pub id: LineId,
    /// The line of the file, from 1, to speak of it.
    pub place: u32,
    /// The day on which the bank booked it.
    pub date: Date,
    /// How much.
    pub amount: Cents,
    /// Which way.
    pub side: Side,
    /// The code of the reason for which an earlier payment came back.
    pub returned: Option<String>,
    /// What it says of the other party.
    pub text: LineText,
}

/// What a person says a line was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignTo {
    /// A member's contribution for a month.
    Contribution {
        /// The member.
        member: MemberId,
        /// The month.
        month: Month,
    },
    /// Money of a grant.
    Grant(GrantId),
    /// Money to or from a vendor, outside of a batch.
    Vendor(VendorId),
    /// The transfer of a settlement with a partner, which `settle` has put into the books.
    Partner(CaisseId),
    /// Cash that was put into the bank or taken from it.
    Cash,
    /// A whole batch.
    Batch(BatchId),
    /// What was put into the books by hand before, by the place of that entry.
    Already(u64),
    /// Something else; why is the reason of the command.
    Other,
}

/// A payment of a batch that the bank rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The batch's code, or the payment's end-to-end id: a code alone rejects what is open of the batch.
    pub name: String,
    /// The code of the reason.
    pub reason: Option<String>,
}

/// Returns the request under which a contribution that comes by a line is kept.
#[must_use]
pub fn request_of_line(line: LineId) -> RequestId {
    let mut bytes = [0; RequestId::LEN];
    bytes.copy_from_slice(&line.as_bytes()[..RequestId::LEN]);
    RequestId::new(bytes)
}
