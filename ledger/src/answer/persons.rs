//! Arrival, departure, the waiting list, and what is held of a person.

use std::collections::BTreeMap;

use crdt::{Cents, Date, MemberId, Month, Timestamp};
use serde::{Deserialize, Serialize};

use super::{CardInfo, PaymentInfo};
use crate::books::JournalEntry;
use crate::command::Applicant;
use crate::draw::Candidate;
use crate::lots::{Lot, Origin};
use crate::member::{ErasureReason, Left, Person};
use crate::refused::Refused;
use crate::rules::Household;

/// An answer about members and the waiting list. Nothing in the answer of a command is personal: those
/// are kept under their request ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleAnswer {
    /// A member was changed.
    Changed(MemberId),
    /// A member left, or would.
    Left(Departure),
    /// A member came back.
    Returned {
        /// The member.
        member: MemberId,
        /// The credit that came back.
        credit: Cents,
    },
    /// What was erased of a person, or would be.
    Erased(Erasure),
    /// Someone waits.
    Waits(MemberId),
    /// Someone who waited is a member.
    Admitted(MemberId),
    /// Someone waits no more and is forgotten.
    Forgotten(MemberId),
    /// What became, or would become, of each line of a file.
    Imported(Vec<Imported>),
    /// Who waits, in the order of their coming.
    Waiting(Vec<WaitingInfo>),
    /// Who can be drawn by lot.
    Candidates(Vec<Candidate>),
    /// Everything that is held of someone.
    Held(Box<HeldOf>),
    /// All members who have not left.
    Roll(Vec<(MemberId, Applicant)>),
}

/// What leaving does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// The member.
    pub member: MemberId,
    /// Whether this only tells what would be.
    pub preview: bool,
    /// Until when the rest can be spent.
    pub until: Option<Date>,
    /// What expires at once.
    pub expired: Cents,
    /// What stays spendable until then.
    pub left: Cents,
    /// What is held for purchases that are not finished: it goes its way.
    pub held: Cents,
    /// What the caisse still owes the member in euros: it stays owed.
    pub owed: Cents,
    /// How many cards are blocked now.
    pub blocked: u32,
}

/// What an erasure does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The member.
    pub member: MemberId,
    /// Whether this only tells what would be.
    pub preview: bool,
    /// Records of the person: the member's own, and those of other holders of the cards.
    pub persons: u32,
    /// Notes.
    pub notes: u32,
    /// Texts of bank lines.
    pub line_texts: u32,
    /// Bank details.
    pub bank_details: u32,
    /// Notices.
    pub notices: u32,
    /// Credit that expires.
    pub expired: Cents,
    /// How many cards are blocked.
    pub blocked: u32,
}

/// What became of a line of a file of members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Imported {
    /// A member was enrolled; `None` where this only tells what would be.
    Added(Option<MemberId>),
    /// Somebody of that reference is there already, and stays as they are.
    Known(Option<MemberId>),
    /// The line was left out.
    Wrong(Box<Refused>),
}

/// Someone who waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingInfo {
    /// The member id to be.
    pub id: MemberId,
    /// The person's name.
    pub name: Option<String>,
    /// The household.
    pub household: Household,
    /// Since when.
    pub since: Timestamp,
}

/// Everything that is held of a member, or of someone who waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldOf {
    /// The member.
    pub member: MemberId,
    /// Since when they are a member, or wait.
    pub since: Timestamp,
    /// Whether they still wait.
    pub waits: bool,
    /// How they left.
    pub left: Option<Left>,
    /// When they were erased, and why.
    pub erased: Option<(Date, ErasureReason)>,
    /// The person.
    pub person: Option<Person>,
    /// Who lives in the household, from which day on.
    pub households: Vec<(Date, Household)>,
    /// What they can spend.
    pub balance: Cents,
    /// What the caisse owes them in euros.
    pub owed: Cents,
    /// Their cards.
    pub cards: Vec<CardInfo>,
    /// Contributions by month.
    pub contributions: BTreeMap<Month, Cents>,
    /// Lots of credit.
    pub lots: Vec<(Origin, Lot)>,
    /// Purchases.
    pub purchases: Vec<PaymentInfo>,
    /// Entries of the books on their accounts.
    pub entries: Vec<JournalEntry>,
    /// What else is kept, as text: notes, bank lines, bank details, other holders of cards, notices.
    pub others: Vec<OtherRecord>,
}

/// A record that another part of the caisse keeps of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherRecord {
    /// Of which kind.
    pub kind: crate::records::Kind,
    /// Its key in hexadecimal digits.
    pub key: String,
    /// What in it can be read.
    pub texts: Vec<String>,
}
