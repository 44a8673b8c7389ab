//! Entries, balances, closings, the meter.

use crdt::{Cents, Date, Digest, MemberId, SignedCents, VendorId};
use serde::{Deserialize, Serialize};

use crate::accounting::chart::{Chart, ChartLine};
use crate::accounting::legal::LegalEntry;
use crate::books::JournalEntry;
use crate::refused::AccountingRefused;

/// An answer about accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountingAnswer {
    /// A page of entries.
    Entries(EntriesPage),
    /// One entry.
    Entry(Box<EntryDetail>),
    /// A reversal, done or previewed.
    Reversed(Box<Reversal>),
    /// A trial balance.
    Balance(TrialBalance),
    /// What a file of a year's entries begins with.
    Opening(Box<YearFile>),
    /// A day was closed, or would be.
    Day(DayReport),
    /// A year was closed, or would be.
    Year(YearReport),
    /// What was closed.
    Closings(Closings),
    /// The volume of the last twelve months.
    Meter(Meter),
    /// Who gave more than they were issued.
    Receipts(Vec<OverContribution>),
}

/// A page of entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesPage {
    /// The entries.
    pub entries: Vec<BookEntry>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<u64>,
}

/// An entry of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookEntry {
    /// The entry.
    pub entry: JournalEntry,
    /// The day on which it was made, at the caisse's place.
    pub made: Date,
    /// The entry as an accountant writes it; `None` for one that moves nothing for good, and where it was
    /// not asked for.
    pub legal: Option<LegalEntry>,
}

/// One entry with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryDetail {
    /// The entry.
    pub entry: BookEntry,
    /// Its hash.
    pub hash: Digest,
    /// Why a person made it; may be personal.
    pub note: Option<String>,
    /// The place of the entry that reversed it.
    pub reversed_by: Option<u64>,
}

/// A reversal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    /// The place of the entry that is reversed.
    pub of: u64,
    /// The place of the new entry; `None` for a preview.
    pub entry: Option<u64>,
    /// What moves, as an accountant writes it.
    pub legal: Option<LegalEntry>,
}

/// A trial balance (balance générale): every account of the chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialBalance {
    /// The day at whose end it is.
    pub at: Date,
    /// The accounts, by number.
    pub lines: Vec<BalanceLine>,
}

/// An account of a trial balance. Balances are credits less debits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceLine {
    /// The account.
    pub account: ChartLine,
    /// What was carried into the year.
    pub opening: SignedCents,
    /// Debits of the year until that day.
    pub debits: Cents,
    /// Credits of the year until that day.
    pub credits: Cents,
    /// The balance.
    pub balance: SignedCents,
}

/// What a file of a year's entries begins with, and where its entries are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearFile {
    /// The year.
    pub year: i16,
    /// Whether it is closed, so that the file never changes again.
    pub closed: bool,
    /// The number of the caisse in the register of enterprises.
    pub siren: Option<String>,
    /// The chart of that year.
    pub chart: Chart,
    /// The opening entry.
    pub opening: Option<LegalEntry>,
    /// The place of the first entry that may be of that year.
    pub from: u64,
    /// The place after the last.
    pub upto: u64,
}

/// What went over a vendor's account in some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorDay {
    /// The vendor.
    pub vendor: VendorId,
    /// Sales.
    pub sales: SignedCents,
    /// Refunds; below zero.
    pub refunds: SignedCents,
    /// Everything else, such as payouts; below zero for what was paid.
    pub other: SignedCents,
}

/// The totals of a day, or of several that were closed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReport {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub upto: Date,
    /// Whether this only tells what closing would say.
    pub preview: bool,
    /// Entries of these days.
    pub entries: u64,
    /// Vendors with movements, by id.
    pub vendors: Vec<VendorDay>,
    /// Sales of all vendors.
    pub sales: SignedCents,
    /// Refunds of all vendors.
    pub refunds: SignedCents,
    /// Everything else of all vendors.
    pub other: SignedCents,
}

/// The closing of a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearReport {
    /// The year.
    pub year: i16,
    /// Whether this only tells what closing would say.
    pub preview: bool,
    /// Entries of the books up to the closing.
    pub entries: u64,
    /// The hash of the last of them.
    pub head: Digest,
    /// Accounts that hold something at the end of the year.
    pub accounts: u64,
    /// The hash of their balances.
    pub balances: Digest,
    /// What the year left over: products less charges of that year.
    pub result: SignedCents,
    /// What is still open.
    pub open: Vec<AccountingRefused>,
}

/// What was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closings {
    /// The last day on which nothing can be entered any more.
    pub until: Option<Date>,
    /// The years that were closed.
    pub years: Vec<ClosedYear>,
}

/// A year that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedYear {
    /// The year.
    pub year: i16,
    /// When it was closed.
    pub on: Date,
    /// Entries of the books up to the closing.
    pub entries: u64,
    /// The hash of the last of them.
    pub head: Digest,
    /// Whether it was closed although something was open.
    pub forced: bool,
}

/// How near something is to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Less than 80 %.
    Below,
    /// 80 % or more.
    Near,
    /// All of it or more.
    Reached,
}

/// The volume of the last twelve months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub upto: Date,
    /// Credit that was issued.
    pub issued: Cents,
    /// Payments of members with their credit, here and in other caisses; refunds are not taken off.
    pub payments: Cents,
    /// Credit that members hold now.
    pub in_circulation: Cents,
    /// The amount from which the law asks for a declaration.
    pub limit: Cents,
    /// How near the payments are.
    pub payments_level: Level,
    /// How near the credit in circulation is.
    pub circulation_level: Level,
}

/// A member who gave more than they were issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverContribution {
    /// The member.
    pub member: MemberId,
    /// What was given in the year.
    pub given: Cents,
    /// What was issued in the year.
    pub issued: Cents,
    /// The difference.
    pub over: Cents,
}
