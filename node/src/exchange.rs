//! Files that others read or write, such as those of banks: conversion between bytes and plain types.
//!
//! Nothing here opens a file, knows a clock, or decides about members and money: a statement is
//! read, a payment file is made, and what to do with them is decided elsewhere.
//!
//! | file | direction | format |
//! |---|---|---|
//! | [`camt053`] | read | bank statements, camt.053 and camt.054, versions 02 and 08 |
//! | [`bank_csv`] | read | bank statements as a table |
//! | [`members_csv`] | read and write | members as a table |
//! | [`pain001`] | write | credit transfers, pain.001, versions 03 and 09 |
//! | [`pain008`] | write | direct debits, pain.008, versions 02 and 08 |
//! | [`fec`] | write, check | a year's entries, as French law asks for them |
//! | [`vendor_csv`] | write | a vendor's statement as a table, for an accountant |
//! | [`vendor_pdf`] | write | a vendor's statement on paper |
//! | [`pain002`] | read | what the bank did with a payment file, pain.002, versions 03 and 10 |
//! | [`pdf`] | write | paper: cards to cut, and documents of a table |
//! | [`chart`] | write | a forecast or a simulation of rules, SVG |
//! | [`indicators`] | write | an evaluation, JSON, CSV and Parquet |
//!
//! What is read comes from a stranger: every size is bounded ([`limits`]), and what is wrong is said
//! with its place ([`Problem`]). What is written is the same bytes for the same input, for ever, so
//! that a file made again is seen to be the same file.

pub mod bank_csv;
pub mod camt053;
pub mod chart;
mod date;
pub mod fec;
mod field;
pub mod iban;
pub mod indicators;
pub mod limits;
pub mod members_csv;
pub mod pain001;
pub mod pain002;
pub mod pain008;
mod payment_file;
pub mod pdf;
mod problem;
mod reason;
mod sepa_text;
mod source;
mod statement;
pub mod vendor_csv;
pub mod vendor_pdf;
mod xml;

pub use date::{Date, NotADate};
pub use iban::{
    Bic, CreditorId, EndToEndId, Iban, MandateReference, MessageId, NotABic, NotACreditorId,
    NotAReference, NotAnIban,
};
pub use payment_file::{
    BatchBooking, Change, Field, HowChanged, Party, PaymentFile, PaymentFileRefused,
};
pub use problem::{Consequence, Fault, Place, Problem, Problems};
pub use reason::Reason;
pub use statement::{
    Balance, BankStatement, Counterpart, Entry, EntryStatus, Line, Period, Return, Side,
    StatementFile,
};
