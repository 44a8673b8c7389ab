//! Ordering a batch: what transfers and direct debits have in common.

use crdt::{BatchId, Cents, Date};

use super::assign::{Came, mark_contribution};
use super::batch::{self, Batch, BatchKind, BatchState, Item, Payee, code};
use super::details::{self, Details, copy_key};
use crate::answer::OrderReport;
use crate::books::{Cause, Phase, Transfer};
use crate::limits;
use crate::records::Kind;
use crate::refused::{LeftOut, Refused, TreasuryRefused};
use crate::state::State;
use crate::turn::Turn;

/// Days after today that a batch may be for at most: banks keep orders for a year.
const LATEST_DAYS: i32 = 365;

/// Who is to be paid or to pay, and who is left out.
#[derive(Default)]
pub(super) struct Proposal {
    pub wanted: Vec<Wanted>,
    pub left_out: Vec<(Payee, LeftOut)>,
}

/// One payment that could be ordered.
pub(super) struct Wanted {
    pub payee: Payee,
    pub amount: Cents,
    pub first: bool,
    pub to: Details,
}

impl Proposal {
    /// Adds a payment, or the word that the batch is full.
    pub fn add(&mut self, wanted: Wanted) {
        if self.wanted.len() < limits::BATCH_ITEMS {
            self.wanted.push(wanted);
        } else {
            self.left_out.push((wanted.payee, LeftOut::Full));
        }
    }

    /// Says what a batch of it is.
    pub fn report(self, batch: Option<(BatchId, BatchKind)>) -> OrderReport {
        let payments: Vec<(Payee, Cents)> =
            self.wanted.iter().map(|wanted| (wanted.payee, wanted.amount)).collect();
        let total = Cents::checked_sum(payments.iter().map(|(_, amount)| *amount));
        OrderReport {
            batch: batch.map(|(id, _)| id),
            code: batch.map(|(id, kind)| code(id, kind)),
            total: total.unwrap_or(Cents::MAX),
            payments,
            left_out: self.left_out,
        }
    }
}

/// Returns the day of a batch.
pub(super) fn day(turn: &Turn<'_>, on: Option<Date>, usual: i32) -> Result<Date, TreasuryRefused> {
    let from = turn.today();
    let to = from.plus_days(LATEST_DAYS);
    let on = on.unwrap_or_else(|| from.plus_days(usual));
    if on < from || on > to { Err(TreasuryRefused::Day { from, to }) } else { Ok(on) }
}

/// Orders a batch: every payment is an entry of the books, and keeps a copy of where it goes.
pub(super) fn place(
    state: &mut State,
    turn: &mut Turn<'_>,
    kind: BatchKind,
    on: Date,
    proposal: Proposal,
) -> Result<OrderReport, Refused> {
    let own = details::own(turn)?;
    if proposal.wanted.is_empty() {
        return Err(TreasuryRefused::NothingToOrder.into());
    }
    let id = BatchId::new(state.random("batch"));
    let transfers: Vec<Transfer> =
        proposal.wanted.iter().map(|wanted| transfer(kind, id, wanted)).collect();
    state.books.check(Phase::Posted, &transfers)?;
    let amounts = proposal.wanted.iter().map(|wanted| wanted.amount);
    let total = Cents::checked_sum(amounts).unwrap_or(Cents::MAX);
    let count = u32::try_from(transfers.len()).unwrap_or(u32::MAX);
    let (created, stands) = (turn.now, BatchState::Ordered);
    batch::put(turn, id, &Batch { kind, created, on, own, count, total, state: stands });
    for ((number, wanted), moved) in (1_u32..).zip(&proposal.wanted).zip(transfers) {
        let entry = state.books.entries();
        state.books.enter(turn, Cause::Batch(id), Phase::Posted, vec![moved])?;
        let Wanted { payee, amount, first, .. } = *wanted;
        let (paid, returned, rejected) = (None, None, None);
        let item = Item { payee, amount, first, entry, paid, returned, rejected };
        batch::put_item(turn, id, number, &item);
        mark_contribution(turn, id, number, &item, Came::In);
        turn.put(Kind::BankDetails, &copy_key(payee.holder(), id, number), &wanted.to);
    }
    Ok(proposal.report(Some((id, kind))))
}

fn transfer(kind: BatchKind, id: BatchId, wanted: &Wanted) -> Transfer {
    let (ordered, settled) = (kind.account(id), wanted.payee.account());
    let (debit, credit) = match kind {
        BatchKind::Payout => (settled, ordered),
        BatchKind::Debit(_) => (ordered, settled),
    };
    Transfer { debit, credit, amount: wanted.amount }
}
