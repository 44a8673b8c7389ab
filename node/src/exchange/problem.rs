//! What is wrong with a bank's file, where, what became of it, and what to do.

use crdt::{Cents, SignedCents};

use super::date::NotADate;
use super::iban::NotAnIban;
use super::limits::{EXCERPT_CHARS, MESSAGE_CHARS, PROBLEMS};

/// A place in a file, from 1. In a table the column counts cells, in XML characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something wrong in a file.
///
/// It is shown as `12:5: ``Stmt/Ntry[3]/Amt``: …`, so that a caller who knows the name of the file
/// puts it and a colon in front ([`Problem::in_file`]).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {}{fault}; {consequence}\n  what to do: {}", self.field(), fault.help())]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// The path of the XML element from the root (`Document/BkToCstmrStmt/Stmt/Ntry[3]/Amt`), or the
    /// name of the column; empty where there is none.
    pub path: String,
    /// What is wrong.
    pub fault: Fault,
    /// What became of what it belongs to.
    pub consequence: Consequence,
}

impl Problem {
    /// Returns the message with the name of the file in front.
    #[must_use]
    pub fn in_file(&self, name: &str) -> String {
        format!("{name}:{self}")
    }

    fn field(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("`{}`: ", self.path) }
    }
}

/// What became of the part of a file in which something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// The text was kept, with a mark for each character that could not be read.
    TextDamaged,
    /// The field counts as absent.
    FieldLeftOut,
    /// The entry, or the payment's status, is not in the result.
    EntryLeftOut,
    /// The statement with all its entries is not in the result.
    StatementLeftOut,
    /// Nothing of the file is used.
    FileRefused,
}

impl std::fmt::Display for Consequence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::TextDamaged => "the text was kept, damaged",
            Self::FieldLeftOut => "the field was left out, the entry was kept",
            Self::EntryLeftOut => "this entry was left out, the others were read",
            Self::StatementLeftOut => "this statement was left out",
            Self::FileRefused => "the file was refused",
        })
    }
}

/// What can be wrong with a bank's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes could not be read at all.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The file ends before its last element does.
    #[error("the file ends too early")]
    Truncated,
    /// It is not XML; the words are the XML reader's.
    #[error("not well-formed XML: {0}")]
    Malformed(String),
    /// It has a document type definition, which no bank's message has.
    #[error("a document type definition, which these messages never have")]
    DocumentType,
    /// It refers to something that is not in the file.
    #[error("an unknown entity {0:?}")]
    Entity(String),
    /// Another encoding than those that we read.
    #[error("the encoding {0:?} is not read")]
    Encoding(String),
    /// Bytes that are no characters in the encoding that the file says it has.
    #[error("bytes that are no characters of the file's encoding")]
    Characters,
    /// More than a limit allows.
    #[error("more than {most} {what}")]
    Limit {
        /// What is limited, in the plural.
        what: &'static str,
        /// How many are allowed.
        most: u64,
    },
    /// Another message than those that the reader knows.
    #[error("the message is {found:?}, not {expected}")]
    WrongMessage {
        /// What the root element's namespace says.
        found: String,
        /// What is read here.
        expected: &'static str,
    },
    /// Something that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Not a number with at most two decimals.
    #[error("not an amount: {0}")]
    NotAnAmount(String),
    /// An amount below zero, where its direction stands beside it.
    #[error("a negative amount: {0}")]
    NegativeAmount(String),
    /// A part of a cent.
    #[error("an amount with a part of a cent: {0}")]
    PartOfCent(String),
    /// More than any amount of money.
    #[error("an amount larger than any amount of money: {0}")]
    HugeAmount(String),
    /// `1.234`: one thousand, or one and a bit.
    #[error("an amount that can be read in two ways: {0}")]
    AmbiguousAmount(String),
    /// Another currency than the euro.
    #[error("the currency is {0}, only EUR is read")]
    Currency(String),
    /// Not a day.
    #[error("{1}: {0}")]
    Date(String, NotADate),
    /// A word that the format does not know in this place.
    #[error("{found} is not one of {known}")]
    NotOneOf {
        /// What stands there.
        found: String,
        /// What may stand there.
        known: &'static str,
    },
    /// A text longer than the format allows.
    #[error("a text of more than {0} characters")]
    TooLong(usize),
    /// Not an IBAN. Its characters are not repeated: they belong to a person.
    #[error("{0}")]
    Iban(NotAnIban),
    /// The details of an entry do not add up to it.
    #[error("the details sum to {details}, the entry is {entry}")]
    Sum {
        /// What the transaction details sum to, in the direction of the entry; none if they overflow.
        details: SignedSum,
        /// The amount of the entry.
        entry: Cents,
    },
    /// A table without a line that names a date and an amount.
    #[error("no line names the columns")]
    NoHeader,
    /// A table's header names a column twice.
    #[error("two columns have this name")]
    ColumnTwice,
    /// Fewer or more cells than the header has.
    #[error("{found} cells, the header has {expected}")]
    Cells {
        /// How many cells the line has.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// Amounts both in the debit and in the credit column, or in none of them.
    #[error("one of debit and credit must have an amount, here have {0}")]
    DebitAndCredit(&'static str),
}

/// A sum that may be larger than any amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedSum(pub Option<SignedCents>);

impl std::fmt::Display for SignedSum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(sum) => sum.fmt(f),
            None => f.pad("more than any amount"),
        }
    }
}

impl Fault {
    /// Returns what a person can do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "check the path and that the file may be read",
            Self::Truncated => "get the file from the bank again: the end is missing",
            Self::Malformed(_) => "get the file from the bank again, and do not edit it",
            Self::DocumentType | Self::Entity(_) => "no bank writes this: do not trust the file",
            Self::Encoding(_) => "save it as UTF-8, ISO-8859-1, ISO-8859-15 or Windows-1252",
            Self::Characters => {
                "get the file again without opening it in an editor, or tell the bank"
            }
            Self::Limit { .. } => "ask the bank for smaller files, for instance one for each day",
            Self::WrongMessage { .. } => "choose the right kind of file in the bank's export",
            Self::Missing(_) | Self::NotOneOf { .. } | Self::TooLong(_) => {
                "tell the bank; until then enter this by hand"
            }
            Self::NotAnAmount(_)
            | Self::NegativeAmount(_)
            | Self::PartOfCent(_)
            | Self::HugeAmount(_)
            | Self::Date(..) => "compare with the bank's own pages, and enter this by hand",
            Self::AmbiguousAmount(_) => "export the table with two decimals in every amount",
            Self::Currency(_) => "a caisse counts in euros: enter what was booked in euros by hand",
            Self::Iban(_) => "compare with the bank's own pages",
            Self::Sum { .. } => "ask the bank for the details, and enter this by hand",
            Self::NoHeader => "export the table with its header, or name the columns yourself",
            Self::ColumnTwice => "name the columns yourself",
            Self::Cells { .. } => "look at this line: is a separator in a text without quotes?",
            Self::DebitAndCredit(_) => "look at this line in the bank's own pages",
        }
    }
}

/// Returns the beginning of a wrong value in quotes, with nothing that could change a terminal.
pub(super) fn excerpt(text: &str) -> String {
    format!("{:?}", shortened(text, EXCERPT_CHARS))
}

/// Returns the beginning of a message of a library, which may repeat what a stranger wrote.
pub(super) fn foreign_words(message: &str) -> String {
    shortened(message, MESSAGE_CHARS).escape_debug().to_string().replace("\\'", "'")
}

fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Problems of one file in the order in which they were met: the first ones, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<Problem>,
    count: u64,
}

impl Problems {
    /// Returns those that were kept, at most [`limits::PROBLEMS`](super::limits::PROBLEMS).
    #[must_use]
    pub fn kept(&self) -> &[Problem] {
        &self.kept
    }

    /// Returns how many there were in all.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns whether there was none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn push(&mut self, problem: Problem) {
        self.count = self.count.saturating_add(1);
        if self.kept.len() < PROBLEMS {
            self.kept.push(problem);
        }
    }
}
