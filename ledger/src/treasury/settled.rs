//! What becomes of a batch without a line of the bank: a person confirms or cancels it, or the bank
//! rejects payments of it.

use crdt::digest::Domain;
use crdt::{BatchId, LineId, wire};

use super::assign::{Came, mark_contribution, noted};
use super::batch::{self, Batch, BatchKind, BatchState, Item, Named};
use crate::account::Account;
use crate::answer::RejectReport;
use crate::books::{Cause, Phase, Transfer};
use crate::command::Rejection;
use crate::limits;
use crate::note;
use crate::refused::{Refused, TreasuryRefused};
use crate::state::State;
use crate::turn::Turn;
use crate::vendor::is_text;

/// Says that the bank carried out what is open of a batch.
pub(super) fn confirm(state: &mut State, turn: &mut Turn<'_>, id: BatchId) -> Result<(), Refused> {
    let header = ordered(turn, id)?;
    if super::imports(turn) {
        return Err(TreasuryRefused::ComesByStatement.into());
    }
    let ordered = header.kind.account(id);
    let (debit, credit) = match header.kind {
        BatchKind::Payout => (ordered, Account::Bank),
        BatchKind::Debit(_) => (Account::Bank, ordered),
    };
    let open = batch::items(turn, id).into_iter().filter(|(_, item)| item.is_open());
    let amount = crdt::Cents::checked_sum(open.map(|(_, item)| item.amount));
    let amount = amount.unwrap_or(crdt::Cents::MAX);
    if amount.is_zero() {
        return Err(TreasuryRefused::UnderWay.into());
    }
    let transfer = Transfer { debit, credit, amount };
    state.books.enter(turn, Cause::Batch(id), Phase::Posted, vec![transfer])?;
    batch::put(turn, id, &Batch { state: BatchState::Confirmed, ..header });
    Ok(())
}

fn ordered(turn: &Turn<'_>, id: BatchId) -> Result<Batch, TreasuryRefused> {
    let header = batch::get(turn, id)?;
    match header.state {
        BatchState::Ordered => Ok(header),
        BatchState::Cancelled => Err(TreasuryRefused::Cancelled),
        BatchState::Booked(_) | BatchState::Confirmed => Err(TreasuryRefused::UnderWay),
    }
}

/// Takes back a batch of which the bank has not shown anything.
pub(super) fn cancel(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: BatchId,
    reason: String,
) -> Result<(), Refused> {
    let header = ordered(turn, id)?;
    let items = batch::items(turn, id);
    if items.iter().any(|(_, item)| !item.is_open()) {
        return Err(TreasuryRefused::UnderWay.into());
    }
    if !is_text(&reason) {
        return Err(TreasuryRefused::Reason.into());
    }
    let backs: Vec<Transfer> =
        items.iter().map(|(_, item)| back(header.kind, header.kind.account(id), item)).collect();
    state.books.check(Phase::Posted, &backs)?;
    for ((number, item), moved) in items.iter().zip(backs) {
        state.books.enter(turn, Cause::Reversal(item.entry), Phase::Posted, vec![moved])?;
        noted(state, turn, item.entry);
        mark_contribution(turn, id, *number, item, Came::Back);
    }
    note::keep(state, turn, reason);
    batch::put(turn, id, &Batch { state: BatchState::Cancelled, ..header });
    Ok(())
}

/// What makes a payment owed, or missing, again.
fn back(kind: BatchKind, from: Account, item: &Item) -> Transfer {
    let settled = item.payee.account();
    let (debit, credit) = match kind {
        BatchKind::Payout => (from, settled),
        BatchKind::Debit(_) => (settled, from),
    };
    Transfer { debit, credit, amount: item.amount }
}

/// Reopens payments that the bank rejected. What a line has shown since is left to the lines.
pub(super) fn reject(
    state: &mut State,
    turn: &mut Turn<'_>,
    rejections: &[Rejection],
) -> Result<RejectReport, Refused> {
    if rejections.len() > limits::STATEMENT_LINES {
        return Err(TreasuryRefused::TooManyLines.into());
    }
    let mut report = RejectReport::default();
    for (place, Rejection { name, reason }) in (0_u32..).zip(rejections) {
        let reason: String = reason.iter().flat_map(|code| code.chars()).take(4).collect();
        let Some((named, (id, header))) =
            Named::find(name).and_then(|named| Some((named, named.batch(turn)?)))
        else {
            report.unknown.push(place);
            continue;
        };
        let items = match named.item {
            Some(number) => {
                batch::item(turn, id, number).map(|item| (number, item)).into_iter().collect()
            }
            None => batch::items(turn, id),
        };
        if items.is_empty() {
            report.unknown.push(place);
        }
        for (number, item) in items {
            if reopen(state, turn, (id, &header), (number, item), &reason)? {
                report.reopened.push((id, number));
            } else {
                report.known += 1;
            }
        }
    }
    Ok(report)
}

/// Reopens one payment, if it is still open.
fn reopen(
    state: &mut State,
    turn: &mut Turn<'_>,
    (id, header): (BatchId, &Batch),
    (number, item): (u32, Item),
    reason: &str,
) -> Result<bool, Refused> {
    if !item.is_open() || header.state == BatchState::Cancelled {
        return Ok(false);
    }
    let from = match header.state {
        // Nobody imports lines: the person who confirmed has the money back.
        BatchState::Confirmed => Account::Bank,
        BatchState::Ordered | BatchState::Booked(_) | BatchState::Cancelled => {
            header.kind.account(id)
        }
    };
    // The report has no line: it is named by what it rejects.
    let said = Domain::BankLine.hash(&wire::encode(&("rejected", id, number)));
    let cause = Cause::Returned(id, LineId::new(*said.as_bytes()));
    state.books.enter(turn, cause, Phase::Posted, vec![back(header.kind, from, &item)])?;
    mark_contribution(turn, id, number, &item, Came::Back);
    batch::put_item(turn, id, number, &Item { rejected: Some(reason.to_owned()), ..item });
    Ok(true)
}
