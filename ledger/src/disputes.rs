//! Routes what is asked about disputes, agreed contributions, reminders and corrections.

use crdt::RequestId;

use crate::answer::{Answer, DisputesAnswer};
use crate::books::{Cause, JournalEntry};
use crate::command::{DisputesCommand, DisputesQuery};
use crate::state::State;
use crate::turn::{Outcome, Turn};
use crate::{agreed, correction, dispute, dunning};

/// Carries out a command.
pub(crate) fn carry_out(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    command: DisputesCommand,
) -> Outcome {
    match command {
        DisputesCommand::Open { payment, member, amount, reason } => {
            dispute::open(state, turn, payment, member, amount, &reason)
        }
        DisputesCommand::Answer { dispute, decision } => {
            dispute::answer(state, turn, dispute, &decision)
        }
        DisputesCommand::Withdraw { dispute } => dispute::withdraw(state, turn, dispute),
        DisputesCommand::Agree { member, amount, from } => {
            agreed::agree(state, turn, member, amount, from)
        }
        DisputesCommand::Remind { month } => dunning::run(state, turn, month),
        DisputesCommand::Correct(correction) => {
            correction::correct(state, turn, request, &correction)
        }
    }
}

/// Answers a question.
pub(crate) fn query(state: &State, turn: &Turn<'_>, question: &DisputesQuery) -> Outcome {
    let answer = match question {
        DisputesQuery::List { due } => DisputesAnswer::List(dispute::list(turn, *due)),
        DisputesQuery::Show(id) => return dispute::show(turn, *id),
        DisputesQuery::Foresee { dispute, decision } => {
            return dispute::foresee(state, turn, *dispute, decision);
        }
        DisputesQuery::Letter(id) => return dispute::letter(state, turn, *id),
        DisputesQuery::Agreed => DisputesAnswer::Agreed(agreed::list(turn)),
        DisputesQuery::Late(month) => {
            DisputesAnswer::Reminded(dunning::preview(state, turn, *month))
        }
        DisputesQuery::Reminders => DisputesAnswer::Reminders(dunning::list(turn)),
        DisputesQuery::ReminderLetters(month) => return dunning::letters(state, turn, *month),
        DisputesQuery::ForeseeCorrection(correction) => {
            return correction::foresee(state, correction);
        }
    };
    Ok(Answer::Disputes(answer))
}

/// Returns why an entry of the books was made, if it is one of this area and the reason was not erased.
pub(crate) fn why(turn: &Turn<'_>, entry: &JournalEntry) -> Option<String> {
    match entry.cause {
        Cause::Dispute(id) => dispute::why(turn, id),
        Cause::Correction(_) => correction::why(turn, entry),
        _ => None,
    }
}
