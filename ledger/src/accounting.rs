//! Accounts as an accountant reads them: the chart, the legal entries, closings, corrections.
//!
//! The books stay the only truth. What is here reads them, closes what is over, and takes back what was
//! entered by mistake; the reasoning behind the chart stands in `docs/accounting.md`.

pub mod balance;
pub mod chart;
pub(crate) mod check;
mod check_spent;
pub mod closing;
pub mod legal;
pub mod meter;
mod query;
pub(crate) mod receipts;
pub mod reverse;
mod walk;

use crate::command::AccountingCommand;
use crate::state::State;
use crate::turn::{Outcome, Turn};

pub use chart::Chart;
pub(crate) use query::answer;

/// What a caisse decided about its accounts, from its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Numbers and labels of the accounts.
    pub chart: Chart,
    /// The caisse's number in the register of enterprises (SIREN): nine digits.
    pub siren: Option<String>,
    /// Whether the caisse gives receipts to members who gave more than they were issued.
    pub receipts: bool,
}

/// Carries out a command about accounts.
pub(crate) fn carry_out(
    state: &mut State,
    turn: &mut Turn<'_>,
    command: AccountingCommand,
) -> Outcome {
    match command {
        AccountingCommand::Reverse { entry, reason } => {
            reverse::reverse(state, turn, entry, &reason)
        }
        AccountingCommand::CloseDay { day } => closing::close_day(state, turn, day),
        AccountingCommand::CloseYear { year, force } => {
            closing::close_year(state, turn, year, force)
        }
    }
}
