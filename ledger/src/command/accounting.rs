//! What people ask about accounts.

use crdt::Date;
use serde::{Deserialize, Serialize};

use crate::guarantee::Force;

/// Something that closes or corrects the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountingCommand {
    /// Takes back an entry that a person made by mistake, by one that moves the same the other way.
    Reverse {
        /// The place of the entry in the books.
        entry: u64,
        /// Why, for people.
        reason: String,
    },
    /// Closes a day that is over, and all days before: nothing can be entered with their dates any more.
    CloseDay {
        /// The day; yesterday when absent.
        day: Option<Date>,
    },
    /// Closes a year that is over.
    CloseYear {
        /// The year.
        year: i16,
        /// Closes it even if something of it is still open.
        #[serde(default)]
        force: Option<Force>,
    },
}

/// A question about accounts; changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountingQuery {
    /// Entries of the books, one page of them.
    Entries(EntriesAsked),
    /// One entry, by its place.
    Entry(u64),
    /// What a reversal would do.
    ReversalPreview(u64),
    /// The trial balance at the end of a day; of today when absent.
    Balance {
        /// The day.
        at: Option<Date>,
    },
    /// What a file of a year's entries begins with.
    Opening {
        /// The year.
        year: i16,
    },
    /// What was closed: years, and the days of the last month that was.
    Closings,
    /// What closing a day would say.
    DayPreview {
        /// The day; yesterday when absent.
        day: Option<Date>,
    },
    /// What closing a year would say, and what stands in the way.
    YearPreview {
        /// The year.
        year: i16,
    },
    /// The volume of the last twelve months against the limits of the law.
    Meter,
    /// Who gave more than they were issued in a year.
    Receipts {
        /// The year.
        year: i16,
    },
}

/// Which entries are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesAsked {
    /// From this place on.
    pub from: u64,
    /// Up to this place, itself left out; all when absent.
    pub upto: Option<u64>,
    /// The first day.
    pub first: Option<Date>,
    /// The last day.
    pub last: Option<Date>,
    /// The beginning of an account's number (`512`), or of whose account it is (`V3fa1`).
    pub account: Option<String>,
    /// Leaves out how an accountant writes them: who reads a whole year does that itself.
    #[serde(default)]
    pub bare: bool,
}
