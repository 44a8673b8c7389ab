//! The treasurer's month: the bank's lines, what is paid to vendors, what is collected from members.
//!
//! The shell reads files and writes files; what a line means and who is paid is decided here. Each line
//! of the bank goes into the books once, against [`Account::Unassigned`](crate::account::Account), and
//! from there to what it was for.

mod account_number;
mod assign;
pub mod batch;
pub(crate) mod check;
mod debit;
pub mod details;
mod import;
pub mod line;
mod order;
mod payout;
mod person;
mod recognise;
mod reconcile;
mod reference;
mod settled;
mod statement;

pub use account_number::{AccountNumber, NotAnAccountNumber};
pub use reference::Reference;

use crate::answer::{Answer, TreasuryAnswer};
use crate::command::{Purse, TreasuryCommand, TreasuryQuery};
use crate::records::Kind;
use crate::refused::TreasuryRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// The name of the record that says that statements are imported.
const IMPORTS_KEY: &[u8] = b"bank import";

/// Returns whether the bank's statements are imported: then money in the bank is booked by its lines
/// alone, and nobody can count it a second time by hand.
fn imports(turn: &Turn<'_>) -> bool {
    turn.get::<()>(Kind::Meta, IMPORTS_KEY).is_some()
}

/// Says whether money may be booked by hand into a purse.
pub(crate) fn check_by_hand(turn: &Turn<'_>, into: Purse) -> Result<(), TreasuryRefused> {
    match into {
        Purse::Bank if imports(turn) => Err(TreasuryRefused::ComesByStatement),
        Purse::Bank | Purse::Cash => Ok(()),
    }
}

/// Carries out a command.
pub(crate) fn carry_out(
    state: &mut State,
    turn: &mut Turn<'_>,
    command: TreasuryCommand,
) -> Outcome {
    let answer = match command {
        TreasuryCommand::Import(file) => {
            TreasuryAnswer::Imported(Box::new(import::run(state, turn, &file)?))
        }
        TreasuryCommand::Assign { line, to, reason } => {
            TreasuryAnswer::Assigned(person::assign(state, turn, line, to, reason)?)
        }
        TreasuryCommand::Unassign { line, reason } => {
            assign::undo(state, turn, line, reason)?;
            return Ok(Answer::Done);
        }
        TreasuryCommand::SetDetails { of, details } => {
            details::set(state, turn, of, *details)?;
            return Ok(Answer::Done);
        }
        TreasuryCommand::Forget { member } => {
            details::forget(turn, member);
            return Ok(Answer::Done);
        }
        TreasuryCommand::OrderPayouts { vendors, on } => {
            let order = payout::order(state, turn, &vendors, on)?;
            TreasuryAnswer::Ordered(Box::new(order))
        }
        TreasuryCommand::OrderDebits { month, on } => {
            TreasuryAnswer::Ordered(Box::new(debit::order(state, turn, month, on)?))
        }
        TreasuryCommand::ConfirmBatch { batch } => {
            settled::confirm(state, turn, batch)?;
            return Ok(Answer::Done);
        }
        TreasuryCommand::CancelBatch { batch, reason } => {
            settled::cancel(state, turn, batch, reason)?;
            return Ok(Answer::Done);
        }
        TreasuryCommand::RejectItems { items } => {
            TreasuryAnswer::Rejected(Box::new(settled::reject(state, turn, &items)?))
        }
    };
    Ok(Answer::Treasury(answer))
}

/// Answers a question.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: &TreasuryQuery) -> Outcome {
    let answer = match question {
        TreasuryQuery::ImportPreview(file) => {
            TreasuryAnswer::Imported(Box::new(import::preview(state, turn, file)?))
        }
        TreasuryQuery::Queue => TreasuryAnswer::Queue(person::queue(state, turn)),
        TreasuryQuery::Lines => TreasuryAnswer::Queue(person::latest(state, turn)),
        TreasuryQuery::Line(line) => {
            TreasuryAnswer::Line(Box::new(person::show(state, turn, *line)?))
        }
        TreasuryQuery::Reconcile => {
            TreasuryAnswer::Reconciled(Box::new(reconcile::now(state, turn)))
        }
        TreasuryQuery::Details(of) => TreasuryAnswer::Details(details::show(state, turn, *of)?),
        TreasuryQuery::Reference(member) => {
            TreasuryAnswer::Reference(reference::of_known(state, *member)?)
        }
        TreasuryQuery::PayoutPreview { vendors } => {
            TreasuryAnswer::Ordered(Box::new(payout::preview(state, turn, vendors)?))
        }
        TreasuryQuery::DebitPreview { month } => {
            TreasuryAnswer::Ordered(Box::new(debit::preview(state, turn, *month)?))
        }
        TreasuryQuery::Batches => TreasuryAnswer::Batches(batch::list(turn)),
        TreasuryQuery::Batch(id) => TreasuryAnswer::Batch(Box::new(batch::show(turn, *id)?)),
        TreasuryQuery::BatchFile(id) => {
            TreasuryAnswer::BatchFile(Box::new(batch::for_file(turn, *id)?))
        }
        TreasuryQuery::VendorStatement { vendor, month } => {
            TreasuryAnswer::VendorStatement(Box::new(statement::of(state, turn, *vendor, *month)?))
        }
    };
    Ok(Answer::Treasury(answer))
}
