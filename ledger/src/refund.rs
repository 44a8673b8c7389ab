//! Refunds: back to the member that it came from, by a new entry, never more than was covered.

use crdt::pair::PairBody;
use crdt::{Cents, MemberId, PaymentId};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Answer, RefundReceipt};
use crate::books::{Cause, Phase, Transfer};
use crate::card;
use crate::federation;
use crate::payment::{OPEN_SALE, Sale, SaleState, open_key};
use crate::records::Kind;
use crate::refused::{BooksRefused, FederationRefused, RefundRefused};
use crate::sale::{self, Mode};
use crate::spent;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// A refund, kept for good under its own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// How much was asked for.
    pub asked: Asked,
    /// What was answered.
    pub receipt: RefundReceipt,
}

/// How much a till asked to give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// So much.
    Amount(Cents),
    /// All that was left.
    Rest,
    /// Either: a restore has lost it.
    Forgotten,
}

impl Asked {
    fn of(amount: Option<Cents>) -> Self {
        amount.map_or(Self::Rest, Self::Amount)
    }
}

impl Refund {
    /// Returns whether a till asks for this very refund again.
    fn is_again(&self, payment: PaymentId, amount: Option<Cents>) -> bool {
        let same = match self.asked {
            Asked::Amount(_) | Asked::Rest => self.asked == Asked::of(amount),
            Asked::Forgotten => amount.is_none_or(|amount| amount == self.receipt.amount),
        };
        same && payment == self.receipt.payment
    }
}

/// Gives back what a payment covered, or a part of it. The member's own part is between the member
/// and the vendor.
pub(crate) fn refund(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: PaymentId,
    payment: PaymentId,
    amount: Option<Cents>,
) -> Outcome {
    if let Some(known) = turn.get::<Refund>(Kind::Refund, id.as_bytes()) {
        return if known.is_again(payment, amount) {
            Ok(Answer::Refunded(known.receipt))
        } else {
            Err(RefundRefused::Conflict.into())
        };
    }
    let sale = turn.get::<Sale>(Kind::Sale, payment.as_bytes());
    let sale = sale.ok_or_else(|| unknown(state))?;
    if sale.state == SaleState::AtRisk {
        return Err(RefundRefused::NotAccepted.into());
    }
    if !matches!(sale.state, SaleState::Paid | SaleState::Captured | SaleState::AtRiskAccepted) {
        return Err(RefundRefused::NotPaid.into());
    }
    let left = sale.covered.saturating_sub(sale.refunded);
    let amount_now = amount.unwrap_or(left);
    if amount_now.is_zero() {
        return Err(RefundRefused::AmountZero.into());
    }
    if amount_now > left {
        return Err(RefundRefused::MoreThanLeft { left }.into());
    }
    let back = backwards(state, &sale, amount_now)?;
    if sale.member.is_none() {
        federation::check_may_speak_to(state, sale.home).map_err(RefundRefused::NotHeard)?;
        let body = PairBody::Refunded { refund: id, payment, amount: amount_now };
        federation::say(state, turn, sale.home, body);
    }
    let receipt = give_back(state, turn, id, payment, sale, back);
    let record = Refund { asked: Asked::of(amount), receipt: receipt.clone() };
    turn.put(Kind::Refund, id.as_bytes(), &record);
    Ok(Answer::Refunded(receipt))
}

/// Until every partner was heard after a start, a sale may be one that a restore has lost.
fn unknown(state: &State) -> RefundRefused {
    match federation::check_may_publish(state) {
        Err(not_heard @ FederationRefused::NotHeard { .. }) => RefundRefused::NotHeard(not_heard),
        Ok(()) | Err(_) => RefundRefused::UnknownPayment,
    }
}

/// What a refund moves: the sale's own way back, as far as that is still possible.
fn backwards(state: &State, sale: &Sale, amount: Cents) -> Result<Transfer, RefundRefused> {
    let Some(member) = sale.member else {
        let (debit, credit) = (Account::Vendor(sale.vendor), Account::Partner(sale.home));
        return Ok(Transfer { debit, credit, amount });
    };
    let forth = sale::transfers(sale.mode, member, sale.vendor, amount);
    let forth = forth.first().copied().ok_or(RefundRefused::AmountZero)?;
    let back = Transfer { debit: forth.credit, credit: forth.debit, amount };
    // What a member got back in euros, or the pot has spent since, is not there any more.
    match state.books.check(Phase::Posted, &[back]) {
        Ok(()) => Ok(back),
        Err(BooksRefused::Overdrawn { available }) => Err(RefundRefused::PaidOut { available }),
        Err(BooksRefused::Overflow | BooksRefused::NoSuchHold) => Err(RefundRefused::NotPaid),
    }
}

fn give_back(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: PaymentId,
    payment: PaymentId,
    mut sale: Sale,
    back: Transfer,
) -> RefundReceipt {
    let amount = back.amount;
    let entered = state.books.enter(turn, Cause::Refund(id), Phase::Posted, vec![back]);
    debug_assert!(entered.is_ok(), "it was checked, or a partner's word needs no limit");
    card::uncount(turn, &open_key(OPEN_SALE, payment.as_bytes()), amount);
    if let (Some(member), Mode::Credit) = (sale.member, sale.mode) {
        spent::uncount(turn, member, turn.day_of(sale.at), amount);
        take_bonus_back(state, turn, id, &mut sale, member, amount);
    }
    sale.refunded = sale.refunded.checked_add(amount).unwrap_or(sale.covered);
    turn.put(Kind::Sale, payment.as_bytes(), &sale);
    let left = sale.covered.saturating_sub(sale.refunded);
    RefundReceipt { refund: id, payment, amount, left }
}

/// A sale that is wholly given back earned nothing: what is left of its bonus goes back too.
fn take_bonus_back(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: PaymentId,
    sale: &mut Sale,
    member: MemberId,
    amount: Cents,
) {
    let whole = sale.refunded.checked_add(amount) == Some(sale.covered);
    let bonus = sale.bonus.min(state.books.available(member));
    if !whole || bonus.is_zero() {
        return;
    }
    let (debit, credit) = (Account::Member(member), Account::Allocations);
    let transfer = Transfer { debit, credit, amount: bonus };
    if state.books.enter(turn, Cause::Bonus(id), Phase::Posted, vec![transfer]).is_ok() {
        sale.bonus = sale.bonus.saturating_sub(bonus);
    }
}

/// Learns again a refund that we had said to a home caisse before a restore.
pub(crate) fn relearns(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: PaymentId,
    payment: PaymentId,
    amount: Cents,
) {
    let Some(sale) = turn.get::<Sale>(Kind::Sale, payment.as_bytes()) else {
        return;
    };
    let (debit, credit) = (Account::Vendor(sale.vendor), Account::Partner(sale.home));
    let back = Transfer { debit, credit, amount };
    let receipt = give_back(state, turn, id, payment, sale, back);
    let record = Refund { asked: Asked::Forgotten, receipt };
    turn.put(Kind::Refund, id.as_bytes(), &record);
}
