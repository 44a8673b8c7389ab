//! What home caisses decide: grants, denials, and whether they pay for what we sold at our own risk.

use crdt::pair::{DenyReason, PairBody};
use crdt::{CaisseId, PaymentId};

use crate::account::Account;
use crate::books::{Cause, Phase, Transfer};
use crate::federation;
use crate::offline;
use crate::payment::{OPEN_SALE, Sale, SaleState, open_key};
use crate::records::Kind;
use crate::refused::PaymentRefused;
use crate::state::State;
use crate::turn::Turn;

/// Takes in what a home caisse decided. What comes after we have decided changes nothing.
pub(crate) fn hears(state: &mut State, turn: &mut Turn<'_>, home: CaisseId, body: &PairBody) {
    match body {
        PairBody::Granted { payment, covered, .. } => {
            if let Some(sale) = asked(turn, home, *payment)
                && sale.covered == *covered
            {
                capture(state, turn, *payment, sale);
            }
        }
        PairBody::Denied { payment, reason } => {
            if let Some(sale) = asked(turn, home, *payment) {
                let refused = SaleState::Refused(PaymentRefused::Denied(*reason));
                close(state, turn, *payment, sale, refused, 0);
            }
        }
        PairBody::Obliged { payment, .. } => risk_ended(state, turn, home, *payment, None),
        PairBody::FloorDeclined { payment, reason } => {
            risk_ended(state, turn, home, *payment, Some(*reason));
        }
        PairBody::LotGranted { lot, terms } => {
            offline::granted(state, turn, (home, *lot), *terms);
        }
        PairBody::LotCloseAsked { lot } => offline::close(state, turn, (home, *lot)),
        PairBody::OfflineCaptured { .. }
        | PairBody::LotClosed { .. }
        | PairBody::Captured { .. }
        | PairBody::Voided { .. }
        | PairBody::FloorCaptured { .. }
        | PairBody::Refunded { .. }
        | PairBody::PaySent { .. }
        | PairBody::PayReceived { .. }
        | PairBody::Contested { .. }
        | PairBody::ContestEnded { .. } => {}
    }
}

/// The home caisse knows another question under this id: this sale is void, and our signed word ends whatever
/// is held under it. That it is void is ours to say, so an unsigned hint is enough to decide it.
pub(crate) fn conflict(state: &mut State, turn: &mut Turn<'_>, home: CaisseId, payment: PaymentId) {
    let Some(sale) = asked(turn, home, payment).filter(|_| federation::may_speak_to(state, home))
    else {
        return;
    };
    let said = federation::say(state, turn, home, PairBody::Voided { payment });
    let refused = SaleState::Refused(PaymentRefused::Denied(DenyReason::Conflict));
    close(state, turn, payment, sale, refused, said);
}

fn of_home(turn: &Turn<'_>, home: CaisseId, payment: PaymentId) -> Option<Sale> {
    turn.get::<Sale>(Kind::Sale, payment.as_bytes()).filter(|sale| sale.home == home)
}

pub(super) fn asked(turn: &Turn<'_>, home: CaisseId, payment: PaymentId) -> Option<Sale> {
    let is_asked = |sale: &Sale| matches!(sale.state, SaleState::Asked { .. });
    of_home(turn, home, payment).filter(is_asked)
}

fn capture(state: &mut State, turn: &mut Turn<'_>, payment: PaymentId, sale: Sale) {
    let Some(request) = sale.request else {
        return;
    };
    #[cfg(feature = "mutants")]
    if state.is_mutant(crate::caisse::Mutant::M4) {
        super::mutants::tell_too_early(state, turn, payment, &sale);
    }
    let Sale { vendor, covered, .. } = sale;
    let body = PairBody::Captured { payment, vendor, covered, request };
    let said = federation::say(state, turn, sale.home, body);
    credit_vendor(state, turn, payment, &sale, Account::Partner(sale.home));
    close(state, turn, payment, sale, SaleState::Captured, said);
}

pub(super) fn credit_vendor(
    state: &mut State,
    turn: &mut Turn<'_>,
    payment: PaymentId,
    sale: &Sale,
    debit: Account,
) {
    let transfer = Transfer { debit, credit: Account::Vendor(sale.vendor), amount: sale.covered };
    let entered = state.books.enter(turn, Cause::Sale(payment), Phase::Posted, vec![transfer]);
    debug_assert!(entered.is_ok(), "neither partners nor vendors have a limit but overflow");
}

/// Writes the decision down, then tells every till that waits.
pub(super) fn close(
    state: &mut State,
    turn: &mut Turn<'_>,
    payment: PaymentId,
    mut sale: Sale,
    decision: SaleState,
    said: u64,
) {
    (sale.state, sale.said, sale.at) = (decision, said, turn.now);
    turn.put(Kind::Sale, payment.as_bytes(), &sale);
    turn.delete(Kind::Open, &open_key(OPEN_SALE, payment.as_bytes()));
    let waiting = state.waiting.remove(&payment);
    let Some(outcome) = sale.outcome(payment) else {
        return;
    };
    for request in waiting.into_iter().flat_map(|waiting| waiting.requests) {
        turn.reply(request, outcome.clone());
    }
}

/// A sale without an answer, at our own risk or by a lot, ends: the home caisse pays, or it is our loss.
fn risk_ended(
    state: &mut State,
    turn: &mut Turn<'_>,
    home: CaisseId,
    payment: PaymentId,
    declined: Option<DenyReason>,
) {
    let Some(mut sale) = of_home(turn, home, payment) else {
        return;
    };
    if sale.state != SaleState::AtRisk {
        return;
    }
    sale.state = match declined {
        Some(reason) => SaleState::AtRiskLost(reason),
        None => {
            let (debit, credit) = (Account::Partner(home), Account::Risk);
            let transfer = Transfer { debit, credit, amount: sale.covered };
            let cause = Cause::Sale(payment);
            let entered = state.books.enter(turn, cause, Phase::Posted, vec![transfer]);
            debug_assert!(entered.is_ok(), "neither account has a limit but overflow");
            SaleState::AtRiskAccepted
        }
    };
    turn.put(Kind::Sale, payment.as_bytes(), &sale);
}
