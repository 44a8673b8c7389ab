//! Refunds: back to the member that it came from, by a new entry, never more than was covered.

use crdt::pair::PairBody;
use crdt::{Cents, PaymentId};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Answer, RefundReceipt};
use crate::books::{Cause, Phase, Transfer};
use crate::federation;
use crate::payment::{Sale, SaleState};
use crate::records::Kind;
use crate::refused::{FederationRefused, RefundRefused};
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
    let giver = match (&sale.state, sale.member) {
        (SaleState::Paid, Some(member)) => Account::Member(member),
        (SaleState::Captured | SaleState::AtRiskAccepted, _) => Account::Partner(sale.home),
        _ => return Err(RefundRefused::NotPaid.into()),
    };
    let left = sale.covered.saturating_sub(sale.refunded);
    let amount_now = amount.unwrap_or(left);
    if amount_now.is_zero() {
        return Err(RefundRefused::AmountZero.into());
    }
    if amount_now > left {
        return Err(RefundRefused::MoreThanLeft { left }.into());
    }
    if let Account::Partner(home) = giver {
        federation::check_may_speak_to(state, home).map_err(RefundRefused::NotHeard)?;
        let body = PairBody::Refunded { refund: id, payment, amount: amount_now };
        federation::say(state, turn, home, body);
    }
    let receipt = give_back(state, turn, id, payment, sale, giver, amount_now);
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

fn give_back(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: PaymentId,
    payment: PaymentId,
    mut sale: Sale,
    to: Account,
    amount: Cents,
) -> RefundReceipt {
    let transfer = Transfer { debit: Account::Vendor(sale.vendor), credit: to, amount };
    let entered = state.books.enter(turn, Cause::Refund(id), Phase::Posted, vec![transfer]);
    debug_assert!(entered.is_ok(), "a refund only takes from a vendor, who has no limit");
    sale.refunded = sale.refunded.checked_add(amount).unwrap_or(sale.covered);
    turn.put(Kind::Sale, payment.as_bytes(), &sale);
    let left = sale.covered.saturating_sub(sale.refunded);
    RefundReceipt { refund: id, payment, amount, left }
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
    let to = Account::Partner(sale.home);
    let receipt = give_back(state, turn, id, payment, sale, to, amount);
    let record = Refund { asked: Asked::Forgotten, receipt };
    turn.put(Kind::Refund, id.as_bytes(), &record);
}
