//! Taking back what a person entered by mistake: the same moves the other way, with a reason.

use crdt::{Cents, LineId, MemberId, RequestId};

use super::{legal, walk};
use crate::account::Account;
use crate::answer::{AccountingAnswer, Answer, Reversal};
use crate::books::{Cause, JournalEntry, Phase, Transfer};
use crate::lots::{self, Lot, Origin};
use crate::member::Contribution;
use crate::records::Kind;
use crate::refused::{AccountingRefused, Instead};
use crate::state::State;
use crate::turn::{Outcome, Turn};
use crate::vendor::is_text;

/// Returns the entry that reversed another.
pub(crate) fn reversed_by(turn: &Turn<'_>, entry: u64) -> Option<u64> {
    turn.get(Kind::Reversed, &entry.to_be_bytes())
}

/// Says what a reversal would move, or why it cannot be.
pub(super) fn preview(
    state: &State,
    turn: &Turn<'_>,
    place: u64,
) -> Result<(JournalEntry, Vec<Transfer>), AccountingRefused> {
    let entry = walk::entry(turn, place).ok_or(AccountingRefused::UnknownEntry(place))?;
    if entry.phase != Phase::Posted || entry.transfers.is_empty() {
        return Err(AccountingRefused::NotPosted(place));
    }
    if let Some(instead) = instead(&entry.cause) {
        return Err(AccountingRefused::OwnUndo { entry: place, instead });
    }
    if let Some(by) = reversed_by(turn, place) {
        return Err(AccountingRefused::AlreadyReversed { entry: place, by });
    }
    // What the bank shows has happened: taken back, it would be missing from what the bank holds.
    if turn.get::<LineId>(Kind::Matched, &place.to_be_bytes()).is_some() {
        return Err(AccountingRefused::OwnUndo { entry: place, instead: Instead::Unassign });
    }
    let back = moves_back(&entry);
    let not_there = |why| AccountingRefused::NotThere { entry: place, why };
    state.books.check(Phase::Posted, &back).map_err(not_there)?;
    confirmed_only(state, &back).map_err(not_there)?;
    Ok((entry, back))
}

/// Returns the moves of an entry the other way.
fn moves_back(entry: &JournalEntry) -> Vec<Transfer> {
    let back = |transfer: &Transfer| Transfer {
        debit: transfer.credit,
        credit: transfer.debit,
        amount: transfer.amount,
    };
    entry.transfers.iter().rev().map(back).collect()
}

/// Enters the reversal of an entry, and notes it; returns its place. Whether it may be reversed is the
/// caller's to know.
///
/// # Errors
/// [`crate::refused::BooksRefused`] if what was moved is not there any more.
pub(crate) fn enter(
    state: &mut State,
    turn: &mut Turn<'_>,
    entry: &JournalEntry,
) -> Result<u64, crate::refused::BooksRefused> {
    let cause = Cause::Reversal(entry.index);
    state.books.enter(turn, cause, Phase::Posted, moves_back(entry))?;
    let new = state.books.entries().saturating_sub(1);
    turn.put(Kind::Reversed, &entry.index.to_be_bytes(), &new);
    Ok(new)
}

/// A confirmed grant is taken back as far as its money has not come.
fn confirmed_only(state: &State, back: &[Transfer]) -> Result<(), crate::refused::BooksRefused> {
    for Transfer { debit, credit, amount } in back {
        if let (Account::Grants, Account::Grant(_)) = (debit, credit) {
            let available = state.books.holds(*credit).positive_part();
            if available < *amount {
                return Err(crate::refused::BooksRefused::Overdrawn { available });
            }
        }
    }
    Ok(())
}

/// Returns what to do instead, for what has a way of its own to be undone.
const fn instead(cause: &Cause) -> Option<Instead> {
    match cause {
        Cause::Sale(_) | Cause::Bonus(_) => Some(Instead::Refund),
        Cause::Charge(..) => Some(Instead::OtherCaisse),
        Cause::Refund(_) => Some(Instead::NewSale),
        Cause::Run(_) | Cause::Paid(..) => Some(Instead::NextSettlement),
        Cause::Line(_) | Cause::Assigned(_) => Some(Instead::AssignAnew),
        Cause::Batch(_) | Cause::Returned(..) => Some(Instead::BankSays),
        Cause::Claim(_) => Some(Instead::RefundPurchase),
        Cause::Dispute(_) | Cause::Correction(_) => Some(Instead::CorrectMember),
        Cause::Reversal(_) => Some(Instead::EnterAgain),
        Cause::Contribution(_)
        | Cause::Allocation(..)
        | Cause::Expiry(..)
        | Cause::RollOver(..)
        | Cause::Recovery(..)
        | Cause::Grant(_)
        | Cause::Pot(_)
        | Cause::Cash(_) => None,
    }
}

/// Takes an entry back.
pub(super) fn reverse(state: &mut State, turn: &mut Turn<'_>, place: u64, reason: &str) -> Outcome {
    if !is_text(reason) {
        return Err(AccountingRefused::Text.into());
    }
    let (entry, _) = preview(state, turn, place)?;
    let new = enter(state, turn, &entry)?;
    forget(turn, &entry.cause);
    crate::note::keep(state, turn, reason.to_owned());
    let made = walk::entry(turn, new);
    let reversal = report(state, turn, place, made.as_ref(), Some(new));
    Ok(Answer::Accounting(AccountingAnswer::Reversed(Box::new(reversal))))
}

/// Says what a reversal moves.
pub(super) fn report(
    state: &State,
    turn: &Turn<'_>,
    of: u64,
    made: Option<&JournalEntry>,
    entry: Option<u64>,
) -> Reversal {
    let chart = &state.settings.accounting.chart;
    let legal = made.and_then(|made| legal::entry(chart, made, turn.today()));
    Reversal { of, entry, legal }
}

/// Brings what stands beside the books into line: a contribution that was not given, a lot that was not
/// issued. What expired and comes back has no lot any more: it stays until it is spent.
fn forget(turn: &mut Turn<'_>, cause: &Cause) {
    match cause {
        Cause::Contribution(request) => forget_contribution(turn, *request),
        Cause::Allocation(month, member) => {
            turn.delete(Kind::Allocation, &lots::key(*member, Origin::Allocation(*month)));
        }
        _ => {}
    }
}

/// A contribution is found by its request, which ends its key: a person corrects seldom.
fn forget_contribution(turn: &mut Turn<'_>, request: RequestId) {
    let rows = turn.range(Kind::Contribution, &[], &[], usize::MAX);
    for (key, value) in rows.iter().filter(|(key, _)| key.ends_with(request.as_bytes())) {
        if let Ok(given) = crdt::wire::decode::<Contribution>(value) {
            turn.put(Kind::Contribution, key, &Contribution { amount: Cents::ZERO, ..given });
        }
    }
}

/// Returns the lot that an allocation opened.
pub(super) fn lot(turn: &Turn<'_>, member: MemberId, origin: Origin) -> Option<Lot> {
    turn.get(Kind::Allocation, &lots::key(member, origin))
}
