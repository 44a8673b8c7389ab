//! A line of the bank: what is kept of it, and what it was for.

use crdt::{BatchId, Cents, Date, GrantId, LineId, MemberId, Month, VendorId};
use serde::{Deserialize, Serialize};

use super::AccountNumber;
use crate::limits;
use crate::records::Kind;
use crate::turn::Turn;

/// Where money goes, seen from the caisse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It comes in.
    In,
    /// It goes out.
    Out,
}

/// A line of a bank statement without what it says of persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The day on which the bank booked it.
    pub date: Date,
    /// How much.
    pub amount: Cents,
    /// Which way.
    pub side: Side,
    /// The code of the reason for which an earlier payment came back, if the bank gives one (`AC04`).
    pub returned: Option<String>,
    /// What it was for; `None` while nobody knows.
    pub target: Option<Target>,
    /// The place of the entry that says so.
    pub entry: Option<u64>,
}

/// What a line says of the other party. Purpose: to know what a payment is for, and to answer questions
/// about it. Retention: can be erased with the person at any time; the books do not need it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineText {
    /// The other party's name.
    pub name: Option<String>,
    /// The other party's account.
    pub iban: Option<AccountNumber>,
    /// What the payer wrote.
    pub remittance: String,
    /// The name that the one who ordered the payment gave it.
    pub end_to_end: Option<String>,
    /// The name of the instruction or of the block of payments.
    pub instruction: Option<String>,
    /// Structured references that the payer gave.
    pub references: Vec<String>,
    /// What the bank says about it.
    pub description: Option<String>,
}

/// What a line of the bank was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A member's contribution for a month.
    Contribution(MemberId, Month),
    /// Money of a grant.
    Grant(GrantId),
    /// Money to or from a vendor, outside of a batch.
    Vendor(VendorId),
    /// Cash that was put into the bank or taken from it.
    Cash,
    /// One payment of a batch.
    Item(BatchId, u32),
    /// A whole batch that the bank booked as one sum.
    Batch(BatchId),
    /// One payment of a batch that came back.
    Returned(BatchId, u32),
    /// What a person had already put into the books by hand, by the place of that entry.
    Already(u64),
    /// Something else, with a person's words in the note of the entry.
    Other,
}

impl LineText {
    /// Cuts every text to its limit: what comes in by the operator's door is not bounded there.
    pub(super) fn bounded(mut self) -> Self {
        let cut = |text: &mut String, most: usize| {
            if let Some((at, _)) = text.char_indices().nth(most) {
                text.truncate(at);
            }
        };
        cut(&mut self.remittance, limits::REMITTANCE_CHARS);
        self.references.truncate(limits::LINE_REFERENCES);
        let short = [&mut self.name, &mut self.end_to_end, &mut self.instruction];
        let short = short.into_iter().flatten().chain(&mut self.references);
        short.for_each(|text| cut(text, limits::TEXT_CHARS));
        self.description.iter_mut().for_each(|text| cut(text, limits::REMITTANCE_CHARS));
        self
    }
}

/// Reads a line.
pub(super) fn get(turn: &Turn<'_>, id: LineId) -> Option<Line> {
    turn.get(Kind::Line, id.as_bytes())
}

/// Stores a line, and keeps the queue of lines that nobody knows.
pub(super) fn put(turn: &mut Turn<'_>, id: LineId, line: &Line) {
    turn.put(Kind::Line, id.as_bytes(), line);
    match line.target {
        None => turn.put(Kind::Unassigned, id.as_bytes(), &()),
        Some(_) => turn.delete(Kind::Unassigned, id.as_bytes()),
    }
}

/// Reads what a line says of the other party; empty once it was erased.
pub(super) fn text(turn: &Turn<'_>, id: LineId) -> LineText {
    turn.get(Kind::LineText, id.as_bytes()).unwrap_or_default()
}
