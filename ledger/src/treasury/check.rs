//! What the records of lines and batches say must be what the books say.

use std::collections::BTreeMap;

use crdt::{BatchId, LineId, wire};

use super::batch::{self, BatchState};
use super::line::{Line, Side};
use super::reconcile::each_entry;
use crate::account::Account;
use crate::books::{Cause, Transfer};
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Names every line and batch that is not what the books say.
pub(crate) fn differences(state: &State, turn: &Turn<'_>, mut differs: impl FnMut(String)) {
    // Without such an account no line was ever booked, and the books need not be read again.
    let any = state.books.accounts().contains_key(&Account::Unassigned);
    let mut waiting = if any { waiting_by_books(turn) } else { BTreeMap::new() };
    for (key, bytes) in turn.range(Kind::Line, &[], &[], usize::MAX) {
        let line = LineId::from_slice(&key).zip(wire::decode::<Line>(&bytes).ok());
        let Some((id, line)) = line else {
            differs("a stored line of the bank does not decode".to_owned());
            continue;
        };
        let amount = i128::from(line.amount.get());
        let expected = match (line.target, line.side) {
            (Some(_), _) => 0,
            (None, Side::In) => amount,
            (None, Side::Out) => -amount,
        };
        let queued = turn.get::<()>(Kind::Unassigned, &key).is_some();
        if waiting.remove(&id) != Some(expected) || queued != line.target.is_none() {
            differs(format!("line {id} of the bank is not what the books say"));
        }
    }
    for id in waiting.into_keys() {
        differs(format!("the books know a line {id} of the bank that is not stored"));
    }
    for (key, _) in turn.range(Kind::Matched, &[], &[], usize::MAX) {
        if turn.get::<u64>(Kind::Reversed, &key).is_some() {
            differs("a line of the bank shows an entry that was reversed".to_owned());
        }
    }
    for info in batch::list(turn) {
        check_batch(state, turn, info.id, &mut differs);
    }
}

/// What each line has put into [`Account::Unassigned`] and not taken out, in cents.
fn waiting_by_books(turn: &Turn<'_>) -> BTreeMap<LineId, i128> {
    let (mut waiting, mut by_entry) = (BTreeMap::new(), BTreeMap::new());
    each_entry(turn, |entry| {
        let of = |Transfer { debit, credit, amount }: &Transfer| {
            let amount = i128::from(amount.get());
            let (out, into) = (*debit == Account::Unassigned, *credit == Account::Unassigned);
            (out || into).then(|| amount * i128::from(into) - amount * i128::from(out))
        };
        let moved: Vec<i128> = entry.transfers.iter().filter_map(of).collect();
        let line = match entry.cause {
            Cause::Line(id) | Cause::Assigned(id) | Cause::Returned(_, id) => Some(id),
            Cause::Reversal(place) => by_entry.get(&place).copied(),
            _ => None,
        };
        if let Some(id) = line.filter(|_| !moved.is_empty()) {
            *waiting.entry(id).or_insert(0) += moved.iter().sum::<i128>();
            by_entry.insert(entry.index, id);
        }
    });
    waiting
}

/// What the account of a batch holds must follow from what its payments say.
fn check_batch(state: &State, turn: &Turn<'_>, id: BatchId, differs: &mut impl FnMut(String)) {
    let Ok(header) = batch::get(turn, id) else {
        return differs(format!("batch {id} does not decode"));
    };
    let items = batch::items(turn, id);
    let sum: i128 = items.iter().map(|(_, item)| i128::from(item.amount.get())).sum();
    let named = i128::from(header.total.get());
    if sum != named || items.len() != header.count as usize {
        differs(format!("the payments of batch {id} do not sum to it"));
    }
    let booked = match header.state {
        BatchState::Booked(line) => {
            super::line::get(turn, line).map_or(0, |line| i128::from(line.amount.get()))
        }
        BatchState::Ordered | BatchState::Confirmed | BatchState::Cancelled => 0,
    };
    let mut left = sum - booked;
    for (_, item) in &items {
        let amount = i128::from(item.amount.get());
        let took = i128::from(item.rejected.is_some()) + i128::from(item.paid.is_some());
        // The bank took back what it had booked although it was rejected.
        let gave = i128::from(item.rejected.is_some() && item.returned.is_some());
        left += amount * (gave - took);
    }
    let held = match header.kind {
        batch::BatchKind::Payout => state.books.counters(header.kind.account(id)).balance(),
        batch::BatchKind::Debit(_) => state.books.holds(header.kind.account(id)),
    };
    let expected = match header.state {
        BatchState::Cancelled | BatchState::Confirmed => 0,
        BatchState::Ordered | BatchState::Booked(_) => left,
    };
    if i128::from(held.get()) != expected {
        differs(format!("batch {id} is not what the books say"));
    }
}
