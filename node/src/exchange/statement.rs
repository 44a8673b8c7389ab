//! What a bank's statement says, whatever the format.

mod fingerprint;

use crdt::{Cents, Digest, SignedCents};
use serde::Serialize;

use super::date::Date;
use super::iban::Iban;
use super::problem::{Place, Problems};
use super::reason::Reason;

pub(super) use fingerprint::Fingerprints;

/// A file of statements as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementFile {
    /// What kind of message it is: `camt.053.001.02`, or `csv`.
    pub kind: &'static str,
    /// The name that the bank gave the message; for a table, made from its bytes.
    pub id: String,
    /// Its statements in the order of the file, without those that were left out.
    pub statements: Vec<BankStatement>,
    /// What is wrong with it, in the order of the file.
    pub problems: Problems,
}

/// A bank's statement of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BankStatement {
    /// The name that the bank gave it.
    pub id: String,
    /// The account.
    pub account: Iban,
    /// The days that it covers, if the bank says so.
    pub period: Option<Period>,
    /// What was in the account before the first entry.
    pub opening: Option<Balance>,
    /// What was in the account after the last entry.
    pub closing: Option<Balance>,
    /// Its entries in the order of the file, without those that were left out.
    pub entries: Vec<Entry>,
}

/// A first and a last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

/// What is in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Positive when the bank owes it to the holder.
    pub amount: SignedCents,
    /// The day.
    pub on: Date,
}

/// Where money goes, seen from the holder of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It comes in.
    Credit,
    /// It goes out.
    Debit,
}

/// How far a bank is with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryStatus {
    /// It is in the books of the bank.
    Booked,
    /// It is expected, and may never be booked.
    Pending,
    /// It is said for information, and changes nothing.
    Information,
}

/// One booking of a bank: a line, or several that were booked as one sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Where it begins in the file.
    #[serde(skip)]
    pub place: Place,
    /// The whole amount.
    pub amount: Cents,
    /// The direction.
    pub side: Side,
    /// How far the bank is.
    pub status: EntryStatus,
    /// Whether it takes back an earlier entry.
    pub reversal: bool,
    /// The day on which the bank booked it.
    pub booked_on: Option<Date>,
    /// The day from which it counts for interest.
    pub valued_on: Option<Date>,
    /// The name that the bank gave it (`AcctSvcrRef`).
    pub bank_reference: Option<String>,
    /// What the bank says about it in its own words (`AddtlNtryInf`).
    pub description: Option<String>,
    /// Its lines, at least one; those of its side less those of the other sum to the amount.
    pub lines: Vec<Line>,
}

/// One payment in an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Knows the line again when the same statement is read twice; no other line of this file has it.
    pub fingerprint: Digest,
    /// The amount.
    pub amount: Cents,
    /// The direction: in a batch it can differ from the entry's.
    pub side: Side,
    /// The name that the one who ordered the payment gave it; absent if the bank says `NOTPROVIDED`.
    /// Not an [`EndToEndId`](super::EndToEndId): others use characters that we must not.
    pub end_to_end: Option<String>,
    /// The reference of the direct debit mandate.
    pub mandate: Option<String>,
    /// The name of the instruction in the file of payments.
    pub instruction: Option<String>,
    /// The name that the bank gave this line of the entry, if it differs from the entry's.
    pub bank_reference: Option<String>,
    /// What the payer wrote, its parts joined by spaces; empty if nothing.
    pub remittance: String,
    /// Structured references that the payer gave (`CdtrRefInf`).
    pub creditor_references: Vec<String>,
    /// The other side.
    pub counterpart: Counterpart,
    /// That the line takes back an earlier payment, and why.
    pub returned: Option<Return>,
}

/// Who is on the other side of a payment, as far as the bank says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counterpart {
    /// The name.
    pub name: Option<String>,
    /// The account.
    pub iban: Option<Iban>,
}

/// That a payment came back (an R-transaction: reject, return, refund, reversal).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Return {
    /// Why, if the bank says so.
    pub reason: Option<Reason>,
    /// More words about it.
    pub words: Option<String>,
    /// The end-to-end id of the payment that came back.
    pub original_end_to_end: Option<String>,
}

impl Side {
    /// Returns the other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Credit => Self::Debit,
            Self::Debit => Self::Credit,
        }
    }

    /// Returns an amount as seen by the holder of the account: positive when it comes in.
    #[must_use]
    pub const fn signed(self, amount: Cents) -> SignedCents {
        match self {
            Self::Credit => amount.signed(),
            Self::Debit => amount.signed().negated(),
        }
    }
}

impl Line {
    /// Makes a line of which nothing is known but the amount, and without a fingerprint yet.
    pub(super) fn bare(amount: Cents, side: Side) -> Self {
        Self {
            fingerprint: Digest::new([0; Digest::LEN]),
            amount,
            side,
            end_to_end: None,
            mandate: None,
            instruction: None,
            bank_reference: None,
            remittance: String::new(),
            creditor_references: Vec::new(),
            counterpart: Counterpart::default(),
            returned: None,
        }
    }
}

impl Entry {
    /// Returns what its lines sum to in its direction, or `None` if that is more than any amount.
    #[must_use]
    pub fn sum_of_lines(&self) -> Option<SignedCents> {
        let signed = |line: &Line| match self.side {
            Side::Credit => line.side.signed(line.amount),
            Side::Debit => line.side.other().signed(line.amount),
        };
        self.lines.iter().map(signed).try_fold(SignedCents::ZERO, SignedCents::checked_add)
    }
}
