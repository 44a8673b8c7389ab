//! From a line of the bank to what it was for, and back.

use crdt::{BatchId, LineId};

use super::batch::{self, BatchKind, BatchState, Item, Payee};
use super::line::{self, Line, Side, Target};
use super::recognise::whole_batch;
use crate::account::Account;
use crate::accounting::reverse;
use crate::books::{Cause, JournalEntry, Phase, Transfer};
use crate::command::request_of_line;
use crate::grant::Grant;
use crate::member::{Contribution, contribution_key};
use crate::note;
use crate::records::Kind;
use crate::refused::{Refused, TreasuryRefused, Waits};
use crate::state::State;
use crate::turn::Turn;
use crate::vendor::is_text;

/// Returns the account from which a line's money came or to which it went, or why it cannot have been
/// for that.
pub(super) fn account(turn: &Turn<'_>, line: &Line, target: Target) -> Result<Account, Waits> {
    match target {
        Target::Contribution(..) => match line.side {
            Side::In => Ok(Account::Contributions),
            Side::Out => Err(Waits::WrongSide),
        },
        Target::Grant(id) => {
            let grant = turn.get::<Grant>(Kind::Grant, id.as_bytes()).ok_or(Waits::Unknown)?;
            match line.side {
                Side::Out => Err(Waits::WrongSide),
                Side::In if line.amount > grant.amount => {
                    Err(Waits::OtherAmount { expected: grant.amount })
                }
                Side::In => Ok(Account::Grant(id)),
            }
        }
        Target::Vendor(id) => Ok(Account::Vendor(id)),
        Target::Cash => Ok(Account::Cash),
        Target::Item(id, number) => of_item(turn, line, id, number),
        Target::Batch(id) => {
            let kind = whole_batch(turn, line, id)?;
            of_side(line, kind, kind.account(id))
        }
        Target::Returned(id, number) => of_returned(turn, line, id, number),
        Target::Already(place) => {
            let entry = journal(turn, place).ok_or(Waits::Unknown)?;
            match by_hand(&entry, line) {
                true if is_free(turn, place) => Ok(Account::Bank),
                true => Err(Waits::Settled),
                false => Err(Waits::Unknown),
            }
        }
        Target::Other => Ok(Account::Corrections),
    }
}

/// Money of a batch goes out for transfers and comes in for debits.
fn of_side(line: &Line, kind: BatchKind, account: Account) -> Result<Account, Waits> {
    match (kind, line.side) {
        (BatchKind::Payout, Side::Out) | (BatchKind::Debit(_), Side::In) => Ok(account),
        (BatchKind::Payout, Side::In) | (BatchKind::Debit(_), Side::Out) => Err(Waits::WrongSide),
    }
}

fn item_of(
    turn: &Turn<'_>,
    line: &Line,
    id: BatchId,
    number: u32,
) -> Result<(batch::Batch, Item), Waits> {
    let header = batch::get(turn, id).map_err(|_| Waits::Unknown)?;
    let item = batch::item(turn, id, number).ok_or(Waits::Unknown)?;
    if header.state == BatchState::Cancelled {
        return Err(Waits::Cancelled);
    }
    if item.amount != line.amount {
        return Err(Waits::OtherAmount { expected: item.amount });
    }
    Ok((header, item))
}

fn of_item(turn: &Turn<'_>, line: &Line, id: BatchId, number: u32) -> Result<Account, Waits> {
    let (header, item) = item_of(turn, line, id, number)?;
    if item.paid.is_some() || header.state != BatchState::Ordered {
        return Err(Waits::Settled);
    }
    of_side(line, header.kind, header.kind.account(id))
}

/// What came back is owed again, or missing again; if the bank had rejected it, it is so already, and the
/// bank only takes back what it had booked.
fn of_returned(turn: &Turn<'_>, line: &Line, id: BatchId, number: u32) -> Result<Account, Waits> {
    let (header, item) = item_of(turn, line, id, number)?;
    if item.returned.is_some() {
        return Err(Waits::Settled);
    }
    let back =
        Line { side: if line.side == Side::In { Side::Out } else { Side::In }, ..line.clone() };
    let settled = match item.rejected {
        // A person had confirmed the batch, and the report has put the money back into the bank.
        Some(_) if header.state == BatchState::Confirmed => Account::Bank,
        Some(_) => header.kind.account(id),
        None => item.payee.account(),
    };
    of_side(&back, header.kind, settled)
}

fn transfer(line: &Line, account: Account) -> Transfer {
    let (debit, credit) = match line.side {
        Side::In => (Account::Unassigned, account),
        Side::Out => (account, Account::Unassigned),
    };
    Transfer { debit, credit, amount: line.amount }
}

/// Puts into the books what a line was for, and marks what it settles.
pub(super) fn apply(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: LineId,
    line: Line,
    target: Target,
    day: crdt::Date,
) -> Result<(), Waits> {
    let moved = transfer(&line, account(turn, &line, target)?);
    let cause = match target {
        Target::Returned(batch, _) => Cause::Returned(batch, id),
        Target::Contribution(..)
        | Target::Grant(_)
        | Target::Vendor(_)
        | Target::Cash
        | Target::Item(..)
        | Target::Batch(_)
        | Target::Already(_)
        | Target::Other => Cause::Assigned(id),
    };
    let entry = Some(state.books.entries());
    let entered = state.books.enter_on(turn, day, cause, Phase::Posted, vec![moved]);
    entered.map_err(Waits::Books)?;
    mark(turn, id, &line, target, Some(id));
    line::put(turn, id, &Line { target: Some(target), entry, ..line });
    Ok(())
}

/// Marks what a line settles, or with `by` absent that it does no longer.
fn mark(turn: &mut Turn<'_>, id: LineId, line: &Line, target: Target, by: Option<LineId>) {
    match target {
        Target::Contribution(member, month) => {
            let key = contribution_key(member, Some(month), Some(request_of_line(id)));
            let given = Contribution { amount: line.amount, at: turn.now };
            match by {
                Some(_) => turn.put(Kind::Contribution, &key, &given),
                None => turn.delete(Kind::Contribution, &key),
            }
        }
        Target::Item(batch, number) => {
            if let Some(item) = batch::item(turn, batch, number) {
                batch::put_item(turn, batch, number, &Item { paid: by, ..item });
            }
        }
        Target::Batch(batch) => {
            if let Ok(header) = batch::get(turn, batch) {
                let state = by.map_or(BatchState::Ordered, BatchState::Booked);
                batch::put(turn, batch, &batch::Batch { state, ..header });
            }
        }
        Target::Returned(batch, number) => {
            if let Some(item) = batch::item(turn, batch, number) {
                if item.rejected.is_none() {
                    let came = if by.is_some() { Came::Back } else { Came::In };
                    mark_contribution(turn, batch, number, &item, came);
                }
                batch::put_item(turn, batch, number, &Item { returned: by, ..item });
            }
        }
        Target::Already(place) => match by {
            Some(id) => turn.put(Kind::Matched, &place.to_be_bytes(), &id),
            None => turn.delete(Kind::Matched, &place.to_be_bytes()),
        },
        Target::Grant(_) | Target::Vendor(_) | Target::Cash | Target::Other => {}
    }
}

/// Whether a direct debit counts as a contribution.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    In,
    Back,
}

/// Notes that the contribution of a direct debit is there, or missing again.
pub(super) fn mark_contribution(
    turn: &mut Turn<'_>,
    id: BatchId,
    number: u32,
    item: &Item,
    came: Came,
) {
    let Ok(batch::Batch { kind: BatchKind::Debit(month), .. }) = batch::get(turn, id) else {
        return;
    };
    let Payee::Debit(member) = item.payee else { return };
    let request = batch::request_of_item(id, number);
    let key = contribution_key(member, Some(month), Some(request));
    match came {
        Came::In => {
            let given = Contribution { amount: item.amount, at: turn.now };
            turn.put(Kind::Contribution, &key, &given);
        }
        Came::Back => turn.delete(Kind::Contribution, &key),
    }
}

/// Takes back what a line was said to be for, by a reversing entry.
pub(super) fn undo(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: LineId,
    reason: String,
) -> Result<(), Refused> {
    let line = line::get(turn, id).ok_or(TreasuryRefused::UnknownLine)?;
    let (Some(target), Some(entry)) = (line.target, line.entry) else {
        return Err(TreasuryRefused::NotAssigned.into());
    };
    if !is_text(&reason) {
        return Err(TreasuryRefused::Reason.into());
    }
    let done = journal(turn, entry).ok_or(TreasuryRefused::NotAssigned)?;
    reverse::enter(state, turn, &done)?;
    note::keep(state, turn, reason);
    mark(turn, id, &line, target, None);
    line::put(turn, id, &Line { target: None, entry: None, ..line });
    Ok(())
}

/// Reads an entry of the books.
pub(super) fn journal(turn: &Turn<'_>, place: u64) -> Option<JournalEntry> {
    turn.get(Kind::Journal, &place.to_be_bytes())
}

/// Returns what an entry that was made by hand puts into the bank, in cents; nothing for what lines do.
pub(super) fn into_bank_by_hand(entry: &JournalEntry) -> i128 {
    if matches!(entry.cause, Cause::Line(_)) || entry.phase != Phase::Posted {
        return 0;
    }
    let of = |transfer: &Transfer| {
        let amount = i128::from(transfer.amount.get());
        let (debit, credit) = (transfer.debit == Account::Bank, transfer.credit == Account::Bank);
        amount * i128::from(debit) - amount * i128::from(credit)
    };
    entry.transfers.iter().map(of).sum()
}

/// Returns whether an entry by hand still stands and no line shows it yet: one that was reversed moved
/// nothing after all.
pub(super) fn is_free(turn: &Turn<'_>, place: u64) -> bool {
    let matched = turn.get::<LineId>(Kind::Matched, &place.to_be_bytes());
    matched.is_none() && reverse::reversed_by(turn, place).is_none()
}

/// Returns whether an entry by hand moved what a line shows.
pub(super) fn by_hand(entry: &JournalEntry, line: &Line) -> bool {
    let amount = i128::from(line.amount.get());
    let shown = match line.side {
        Side::In => amount,
        Side::Out => -amount,
    };
    let ours = matches!(entry.cause, Cause::Assigned(_) | Cause::Reversal(_));
    !ours && into_bank_by_hand(entry) == shown
}
