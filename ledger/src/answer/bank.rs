//! The bank's lines, batches, reconciliation, statements of vendors.

use crdt::{BatchId, Cents, Date, LineId, Month, PaymentId, SignedCents, Timestamp, VendorId};
use serde::{Deserialize, Serialize};

use crate::command::Balance;
use crate::refused::{LeftOut, LineProblem, Waits};
use crate::treasury::Reference;
use crate::treasury::batch::{BatchKind, BatchState, Item, Payee};
use crate::treasury::details::{Details, Mandate};
use crate::treasury::line::{Line, LineText, Target};

/// The answer to a treasurer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreasuryAnswer {
    /// What an import did or would do.
    Imported(Box<ImportReport>),
    /// What a line was for.
    Assigned(Target),
    /// Lines, those that nobody has assigned or all, oldest first.
    Queue(Vec<LineInfo>),
    /// One line.
    Line(Box<LineDetail>),
    /// What the books and the bank say.
    Reconciled(Box<Reconciliation>),
    /// Where someone is paid; nothing if nobody said.
    Details(Option<Box<DetailsInfo>>),
    /// A member's reference.
    Reference(Reference),
    /// A batch that was ordered or previewed.
    Ordered(Box<OrderReport>),
    /// Batches, oldest first, without their payments.
    Batches(Vec<BatchInfo>),
    /// One batch.
    Batch(Box<BatchInfo>),
    /// All that the file of a batch needs.
    BatchFile(Box<BatchFile>),
    /// What was done with payments that the bank rejected.
    Rejected(Box<RejectReport>),
    /// What a vendor earned and was paid in a month.
    VendorStatement(Box<VendorStatement>),
}

/// What an import does. Lines are named by their place in the file and by their id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Whether this only tells what an import would do.
    pub preview: bool,
    /// Lines that were not known.
    pub new: u32,
    /// Lines that were known, and changed nothing.
    pub known: u32,
    /// New lines that are sure.
    pub assigned: Vec<(u32, LineId, Target)>,
    /// New lines that wait for a person, and why.
    pub waiting: Vec<(u32, LineId, Waits)>,
    /// Lines that cannot be taken, and why.
    pub problems: Vec<(u32, LineProblem)>,
}

/// A line of the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineInfo {
    /// Its id.
    pub id: LineId,
    /// What it is.
    pub line: Line,
    /// What it says of the other party.
    pub text: LineText,
    /// Why it waits, if it does.
    pub waits: Option<Waits>,
}

/// A line of the bank, and what it could be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineDetail {
    /// The line.
    pub info: LineInfo,
    /// Places of late entries by hand that it could show.
    pub by_hand: Vec<u64>,
    /// What a person wrote when it was assigned.
    pub note: Option<String>,
}

/// What the books and the bank say: a report, which changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// What the bank holds by the books.
    pub books: SignedCents,
    /// What it held by its last imported statement.
    pub closing: Option<Balance>,
    /// What it held before its first imported statement: the books may not have it.
    pub opening: Option<Balance>,
    /// Lines that were booked after the day of the closing balance.
    pub later: SignedCents,
    /// Entries by hand that no line shows: the place, the day, the amount; the first 200.
    pub by_hand: Vec<(u64, Date, SignedCents)>,
    /// The sum of all of those.
    pub by_hand_sum: SignedCents,
    /// What all this does not explain: lines between two statements that were not imported.
    pub unexplained: Option<SignedCents>,
    /// Lines that nobody has assigned.
    pub waiting: u32,
    /// What they sum to; positive when more came in.
    pub unassigned: SignedCents,
}

/// Where someone is paid, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailsInfo {
    /// The holder of the account.
    pub name: String,
    /// The account, masked unless it is the caisse's own.
    pub iban: String,
    /// The bank's code.
    pub bic: Option<String>,
    /// What allows us to collect.
    pub mandate: Option<Mandate>,
    /// Who we are as a creditor.
    pub creditor_id: Option<String>,
    /// The reference by which a member's payments are known.
    pub reference: Option<Reference>,
}

/// A batch that was ordered or previewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// The batch; nothing for a preview.
    pub batch: Option<BatchId>,
    /// The name of its file.
    pub code: Option<String>,
    /// Who is paid or pays, and how much.
    pub payments: Vec<(Payee, Cents)>,
    /// Who is left out, and why.
    pub left_out: Vec<(Payee, LeftOut)>,
    /// What the payments sum to.
    pub total: Cents,
}

/// A batch with its payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchInfo {
    /// Its id.
    pub id: BatchId,
    /// The name of its file.
    pub code: String,
    /// What it is.
    pub kind: BatchKind,
    /// When it was ordered.
    pub created: Timestamp,
    /// The day on which the bank should carry it out.
    pub on: Date,
    /// How many payments it has.
    pub count: u32,
    /// What they sum to.
    pub total: Cents,
    /// Where it stands as a whole.
    pub state: BatchState,
    /// What the bank has not shown yet.
    pub open: Cents,
    /// What came back or was rejected.
    pub back: Cents,
    /// Its payments with their numbers.
    pub items: Vec<(u32, Item)>,
}

/// All that the file of a batch needs. It holds account numbers: for the file alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFile {
    /// The name of the file.
    pub name: String,
    /// What it is.
    pub kind: BatchKind,
    /// When it was ordered.
    pub created: Timestamp,
    /// The day on which the bank should carry it out.
    pub on: Date,
    /// The caisse's own account.
    pub own: Details,
    /// The payments.
    pub payments: Vec<FilePayment>,
}

/// A payment of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePayment {
    /// Its end-to-end id.
    pub end_to_end: String,
    /// How much.
    pub amount: Cents,
    /// Whether it is the first by its mandate.
    pub first: bool,
    /// Who is paid or pays.
    pub to: Details,
}

/// What was done with payments that the bank rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectReport {
    /// Payments that are owed again.
    pub reopened: Vec<(BatchId, u32)>,
    /// Payments of which it was known, or that a line has shown since.
    pub known: u32,
    /// Names that are not of ours, by their place in the list.
    pub unknown: Vec<u32>,
}

/// What a vendor earned and was paid in a month, by the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorStatement {
    /// The vendor.
    pub vendor: VendorId,
    /// Its name.
    pub name: String,
    /// The month.
    pub month: Month,
    /// What it was owed before; negative when it owed.
    pub opening: SignedCents,
    /// What happened.
    pub rows: Vec<StatementRow>,
    /// What it is owed at the end.
    pub closing: SignedCents,
}

/// One entry of the books that touches a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRow {
    /// The place of the entry.
    pub entry: u64,
    /// The day.
    pub date: Date,
    /// What it was.
    pub what: StatementWhat,
    /// What the vendor earns by it; negative when it is paid or gives back.
    pub amount: SignedCents,
}

/// What an entry was for a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementWhat {
    /// A sale.
    Sale {
        /// The sale.
        payment: PaymentId,
        /// The whole price.
        price: Option<Cents>,
    },
    /// A refund of a sale, or of a part of it.
    Refund {
        /// The refund's own id.
        refund: PaymentId,
    },
    /// A bank transfer of a batch.
    Payout(BatchId),
    /// A bank transfer that came back.
    Returned(BatchId),
    /// A bank transfer outside of a batch.
    Transfer,
    /// Anything else: a correction.
    Correction,
}
