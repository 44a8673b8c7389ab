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
use crate::refused::RefundRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// A refund, kept for good under its own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// What was asked for.
    pub asked: (PaymentId, Option<Cents>),
    /// What was answered.
    pub receipt: RefundReceipt,
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
        let same = known.asked == (payment, amount);
        return if same {
            Ok(Answer::Refunded(known.receipt))
        } else {
            Err(RefundRefused::Conflict.into())
        };
    }
    let sale = turn.get::<Sale>(Kind::Sale, payment.as_bytes());
    let sale = sale.ok_or(RefundRefused::UnknownPayment)?;
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
    let record = Refund { asked: (payment, amount), receipt: receipt.clone() };
    turn.put(Kind::Refund, id.as_bytes(), &record);
    Ok(Answer::Refunded(receipt))
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
    let record = Refund { asked: (payment, Some(amount)), receipt };
    turn.put(Kind::Refund, id.as_bytes(), &record);
}
