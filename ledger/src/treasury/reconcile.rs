//! What the books and the bank say, and what explains the difference. A report: it changes nothing.

use crdt::{Date, SignedCents, wire};

use super::assign::into_bank_by_hand;
use crate::account::Account;
use crate::answer::Reconciliation;
use crate::books::{Cause, JournalEntry, Transfer};
use crate::command::Balance;
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Entries by hand that are named.
const NAMED: usize = 200;

/// How many entries are read at a time.
const PAGE: usize = 4_096;

/// Visits every entry of the books in order.
pub(super) fn each_entry(turn: &Turn<'_>, mut visit: impl FnMut(&JournalEntry)) {
    let mut from = 0_u64;
    loop {
        let rows = turn.range(Kind::Journal, &from.to_be_bytes(), &[], PAGE);
        let full = rows.len() == PAGE;
        for (_, bytes) in &rows {
            if let Ok(entry) = wire::decode::<JournalEntry>(bytes) {
                from = entry.index;
                visit(&entry);
            }
        }
        if !full {
            return;
        }
        from += 1;
    }
}

/// Narrows a sum; one that no account could hold stands at the end of what can be shown.
pub(super) fn narrow(sum: i128) -> SignedCents {
    SignedCents::new(i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }))
}

/// Compares the books with the bank's last statement. Reads every entry of the books.
pub(super) fn now(state: &State, turn: &Turn<'_>) -> Reconciliation {
    let (opening, closing) = balances(turn);
    let (mut later, mut by_hand_sum, mut by_hand) = (0_i128, 0_i128, Vec::new());
    each_entry(turn, |entry| {
        if let Cause::Line(_) = entry.cause {
            if closing.is_some_and(|closing| entry.date > closing.on) {
                later += of_line(entry);
            }
            return;
        }
        let amount = into_bank_by_hand(entry);
        by_hand_sum += amount;
        let shown =
            || turn.get::<crdt::LineId>(Kind::Matched, &entry.index.to_be_bytes()).is_some();
        let ours = matches!(entry.cause, Cause::Assigned(_) | Cause::Reversal(_));
        if amount != 0 && !ours && by_hand.len() < NAMED && !shown() {
            by_hand.push((entry.index, entry.date, narrow(amount)));
        }
    });
    let books = state.books.holds(Account::Bank);
    let unexplained = closing.map(|closing| {
        let before = opening.map_or(0, |opening| i128::from(opening.amount.get()));
        let difference = i128::from(books.get()) - i128::from(closing.amount.get());
        narrow(difference + before - later - by_hand_sum)
    });
    let waiting = turn.range(Kind::Unassigned, &[], &[], usize::MAX).len();
    Reconciliation {
        books,
        closing,
        opening,
        later: narrow(later),
        by_hand,
        by_hand_sum: narrow(by_hand_sum),
        unexplained,
        waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        unassigned: state.books.counters(Account::Unassigned).balance(),
    }
}

fn of_line(entry: &JournalEntry) -> i128 {
    let of = |Transfer { debit, amount, .. }: &Transfer| {
        let amount = i128::from(amount.get());
        if *debit == Account::Bank { amount } else { -amount }
    };
    entry.transfers.iter().map(of).sum()
}

/// Returns the opening balance of the first statement, and the closing one of the last.
fn balances(turn: &Turn<'_>) -> (Option<Balance>, Option<Balance>) {
    // The balances are named by a year first; marks of days come after them.
    let rows = turn.range(Kind::Statement, &[], b"a", usize::MAX).into_iter();
    let all: Vec<(Option<Balance>, Balance)> =
        rows.filter_map(|(_, value)| wire::decode(&value).ok()).collect();
    let day = |balance: &Balance| -> Date { balance.on };
    let opening = all.first().and_then(|(opening, _)| *opening);
    (opening, all.into_iter().map(|(_, closing)| closing).max_by_key(day))
}
