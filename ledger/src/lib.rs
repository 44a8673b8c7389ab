//! What one caisse decides: books, members, cards, rules, payments; the machine [`Caisse`].
//!
//! This crate is pure: no clock, file, socket, thread or operating-system randomness. Time is an
//! argument, chance is a seed, and what must be stored is an [`Effect`] like any other.

pub mod account;
pub mod accounting;
pub mod agreed;
pub mod allocation;
pub mod answer;
mod answered;
pub mod books;
pub mod caisse;
pub mod calendar;
pub mod card;
pub mod command;
mod correction;
pub mod dispute;
mod disputes;
pub mod draw;
pub mod dunning;
pub mod evaluation;
pub mod expiry;
pub mod federation;
pub mod foresight;
pub mod french;
mod funding;
pub mod grant;
pub mod guarantee;
pub mod home;
pub mod host;
pub mod limits;
pub mod lots;
pub mod member;
pub mod note;
pub mod offline;
pub mod payment;
mod people;
mod planning;
pub mod privacy;
pub mod query;
pub mod records;
pub mod refund;
pub mod refused;
pub mod rules;
pub mod sale;
pub mod settle;
pub mod shelf;
mod spent;
pub mod state;
pub mod treasury;
pub mod turn;
pub mod vendor;
pub mod verify;

pub use answer::Answer;
pub use caisse::Caisse;
pub use command::{Command, Query};
pub use refused::Refused;
pub use turn::{Effect, Input, Outcome};
