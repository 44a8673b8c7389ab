//! Corrections of what a member holds: what went wrong is put right by an entry of its own, with a
//! reason, and undone by the opposite.

use crdt::{Cents, RequestId};

use crate::account::Account;
use crate::answer::{Answer, DisputesAnswer};
use crate::books::{Cause, JournalEntry, Phase, Transfer};
use crate::command::{Correction, Direction};
use crate::note;
use crate::refused::{BooksRefused, CorrectRefused, DisputesRefused, MemberRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};
use crate::vendor::is_text;

/// Corrects what a member holds.
pub(crate) fn correct(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    correction: &Correction,
) -> Outcome {
    let (transfer, holds) = plan(state, correction)?;
    state.books.enter(turn, Cause::Correction(request), Phase::Posted, vec![transfer])?;
    let place = state.books.entries().saturating_sub(1);
    note::keep_about(state, turn, correction.member, &what(place), &correction.reason);
    Ok(Answer::Disputes(DisputesAnswer::Corrected { holds }))
}

/// Tells the note of a correction from other notes about its member.
fn what(place: u64) -> Vec<u8> {
    [b"c".as_slice(), &place.to_be_bytes()].concat()
}

/// Returns why a correction was made, unless it was erased.
pub(crate) fn why(turn: &Turn<'_>, entry: &JournalEntry) -> Option<String> {
    let accounts = entry.transfers.iter().flat_map(|transfer| [transfer.debit, transfer.credit]);
    let members = accounts.filter_map(|account| match account {
        Account::Member(member) => Some(member),
        _ => None,
    });
    members.into_iter().find_map(|member| note::about(turn, member, &what(entry.index)))
}

/// Says what a correction would do.
pub(crate) fn foresee(state: &State, correction: &Correction) -> Outcome {
    let (_, holds) = plan(state, correction)?;
    Ok(Answer::Disputes(DisputesAnswer::Corrected { holds }))
}

/// Checks a correction; returns what it moves, and what the member holds afterwards.
fn plan(state: &State, correction: &Correction) -> Result<(Transfer, Cents), Refused> {
    let Correction { member, direction, amount, ref reason } = *correction;
    if !state.members.contains_key(&member) {
        return Err(MemberRefused::UnknownMember.into());
    }
    if !is_text(reason) {
        return Err(refused(CorrectRefused::Reason));
    }
    if amount.is_zero() {
        return Err(refused(CorrectRefused::AmountZero));
    }
    let (account, before) = (Account::Member(member), state.books.available(member));
    let (debit, credit, holds) = match direction {
        Direction::Credit => (Account::Corrections, account, before.checked_add(amount)),
        Direction::Debit => (account, Account::Corrections, before.checked_sub(amount)),
    };
    let transfer = Transfer { debit, credit, amount };
    let checked = state.books.check(Phase::Posted, &[transfer]);
    checked.map_err(|why| refused(CorrectRefused::Books(why)))?;
    let holds = holds.ok_or_else(|| refused(CorrectRefused::Books(BooksRefused::Overflow)))?;
    Ok((transfer, holds))
}

fn refused(why: CorrectRefused) -> Refused {
    Refused::Disputes(DisputesRefused::Correct(why))
}
