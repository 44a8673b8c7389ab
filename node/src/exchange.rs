//! The bank's files: pure conversion between bytes and plain types.
//!
//! Nothing here opens a file, knows a clock, or decides about members and money: a statement is
//! read, a payment file is made, and what to do with them is decided elsewhere.
//!
//! What is read comes from a stranger: every size is bounded ([`limits`]), and what is wrong is said
//! with its place ([`Problem`]). What is written is the same bytes for the same input, for ever, so
//! that a file made again is seen to be the same file.

pub mod bank_csv;
pub mod camt053;
mod date;
mod field;
pub mod iban;
pub mod limits;
pub mod pain002;
mod problem;
mod reason;
mod sepa_text;
mod source;
mod statement;
mod xml;

pub use date::{Date, NotADate};
pub use iban::{
    Bic, CreditorId, EndToEndId, Iban, MandateReference, MessageId, NotABic, NotACreditorId,
    NotAReference, NotAnIban,
};
pub use problem::{Consequence, Fault, Place, Problem, Problems};
pub use reason::Reason;
pub use statement::{
    Balance, BankStatement, Counterpart, Entry, EntryStatus, Line, Period, Return, Side,
    StatementFile,
};
