//! What hosts decide: captures, voids, sales at their own risk, refunds.

use crdt::pair::{DenyReason, PairBody};
use crdt::{CaisseId, Cents, PaymentId};

use super::{Request, count_card, count_visit, decide, hold, put_closed, visit_key};
use crate::account::Account;
use crate::books::{Cause, Phase, Transfer};
use crate::card;
use crate::dispute;
use crate::federation;
use crate::offline;
use crate::payment::{Charge, ChargeState, OPEN_CHARGE, charge_key, open_key};
use crate::records::Kind;
use crate::spent;
use crate::state::State;
use crate::turn::Turn;

/// Takes in what a host decided.
pub(crate) fn hears(state: &mut State, turn: &mut Turn<'_>, host: CaisseId, body: &PairBody) {
    match body {
        PairBody::Captured { payment, covered, .. } => {
            captured(state, turn, host, *payment, *covered);
        }
        PairBody::Voided { payment } => voided(state, turn, host, *payment),
        PairBody::FloorCaptured { payment, vendor, card, covered, bought, code } => {
            let request = Request {
                host,
                payment: *payment,
                card: *card,
                covered: *covered,
                vendor: *vendor,
                bought,
                code,
            };
            at_hosts_risk(state, turn, &request);
        }
        PairBody::Refunded { payment, amount, .. } => {
            refunded(state, turn, host, *payment, *amount);
        }
        PairBody::OfflineCaptured { payment, lot, vendor, card, covered, bought, code } => {
            let request = Request {
                host,
                payment: *payment,
                card: *card,
                covered: *covered,
                vendor: *vendor,
                bought,
                code,
            };
            offline::claimed(state, turn, &request, *lot);
        }
        PairBody::LotClosed { lot, spent } => {
            offline::given_back(state, turn, host, *lot, *spent);
        }
        PairBody::Granted { .. }
        | PairBody::Denied { .. }
        | PairBody::Obliged { .. }
        | PairBody::FloorDeclined { .. }
        | PairBody::PaySent { .. }
        | PairBody::PayReceived { .. }
        | PairBody::LotGranted { .. }
        | PairBody::LotCloseAsked { .. }
        | PairBody::Contested { .. }
        | PairBody::ContestEnded { .. } => {}
    }
}

/// The host made the sale: what was held is owed. A capture without a hold is the host's own affair. One
/// of another amount than the hold is a decision too, but not of the sale that we granted: the hold ends
/// and nothing is owed.
fn captured(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    covered: Cents,
) {
    let key = charge_key(&host, &payment);
    let Some(charge) = turn.get::<Charge>(Kind::Charge, &key) else {
        return;
    };
    if charge.state != ChargeState::Held {
        return;
    }
    if charge.covered == covered {
        oblige(state, turn, host, payment, charge);
    } else {
        release(state, turn, host, payment, charge);
    }
}

pub(crate) fn oblige(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    charge: Charge,
) {
    let body = PairBody::Obliged { payment, covered: charge.covered };
    let said = federation::say(state, turn, host, body);
    obliged(state, turn, host, payment, charge, said);
}

/// Posts what was held.
pub(super) fn obliged(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    mut charge: Charge,
    said: u64,
) {
    end_hold(state, turn, host, payment, &charge, Phase::HoldPosted);
    (charge.state, charge.said) = (ChargeState::Obliged, said);
    turn.put(Kind::Charge, &charge_key(&host, &payment), &charge);
}

pub(super) fn end_hold(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    charge: &Charge,
    phase: Phase,
) {
    let account = charge.account.unwrap_or(Account::Suspense);
    let transfer =
        Transfer { debit: account, credit: Account::Partner(host), amount: charge.covered };
    let ended = state.books.enter(turn, Cause::Charge(host, payment), phase, vec![transfer]);
    debug_assert!(ended.is_ok(), "a charge that is held has its hold in the books");
    turn.delete(Kind::Open, &open_key(OPEN_CHARGE, &charge_key(&host, &payment)));
    state.holds.remove(&(host, payment));
}

/// The host did not make the sale. Heard before its request, this leaves a tombstone, so that the
/// request, when it comes late, is denied.
fn voided(state: &mut State, turn: &mut Turn<'_>, host: CaisseId, payment: PaymentId) {
    let key = charge_key(&host, &payment);
    match turn.get::<Charge>(Kind::Charge, &key) {
        None => {
            #[cfg(feature = "mutants")]
            if state.is_mutant(crate::caisse::Mutant::M3) {
                return;
            }
            put_closed(turn, host, payment, ChargeState::Tombstone, 0);
        }
        Some(charge) if charge.state == ChargeState::Held => {
            release(state, turn, host, payment, charge);
        }
        Some(_) => {}
    }
}

/// Ends a hold without a debt.
pub(crate) fn release(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    mut charge: Charge,
) {
    end_hold(state, turn, host, payment, &charge, Phase::HoldReleased);
    give_visit_back(turn, host, &charge);
    let payment_key = open_key(OPEN_CHARGE, &charge_key(&host, &payment));
    card::uncount(turn, &payment_key, charge.covered);
    charge.state = ChargeState::Released;
    turn.put(Kind::Charge, &charge_key(&host, &payment), &charge);
}

fn give_visit_back(turn: &mut Turn<'_>, host: CaisseId, charge: &Charge) {
    let Some(member) = charge.member else {
        return;
    };
    let key = visit_key(host, charge.at.month(), member);
    let spent: Cents = turn.get(Kind::Visit, &key).unwrap_or_default();
    turn.put(Kind::Visit, &key, &spent.saturating_sub(charge.covered));
    spent::uncount(turn, member, turn.day_of(charge.at), charge.covered);
}

/// The host sold at its own risk: we pay if we granted it, or if we would have.
fn at_hosts_risk(state: &mut State, turn: &mut Turn<'_>, request: &Request<'_>) {
    let Request { host, payment, covered, .. } = *request;
    let known = turn.get::<Charge>(Kind::Charge, &charge_key(&host, &payment));
    let reason = match known {
        // Heard again after a restore: what we had said stands.
        Some(Charge { state: ChargeState::Obliged | ChargeState::FloorDeclined(_), .. }) => return,
        Some(charge)
            if charge.state == ChargeState::Held
                && charge.covered == covered
                && charge.asked.is_none_or(|asked| asked == request.question().content()) =>
        {
            return oblige(state, turn, host, payment, charge);
        }
        Some(charge) if charge.state == ChargeState::Held => {
            release(state, turn, host, payment, charge);
            DenyReason::Conflict
        }
        Some(Charge { state: ChargeState::Denied(reason), .. }) => reason,
        // The host had voided it.
        Some(_) => DenyReason::Conflict,
        None => match decide(state, turn, request) {
            Ok(payer) => {
                if let Some(member) = payer.member {
                    count_visit(turn, host, turn.now.month(), member, covered);
                    count_card(state, turn, request);
                }
                hold(state, turn, host, payment, covered, payer, 0);
                if let Some(charge) = turn.get(Kind::Charge, &charge_key(&host, &payment)) {
                    oblige(state, turn, host, payment, charge);
                }
                return;
            }
            Err(reason) => reason,
        },
    };
    let said = federation::say(state, turn, host, PairBody::FloorDeclined { payment, reason });
    put_closed(turn, host, payment, ChargeState::FloorDeclined(reason), said);
}

/// The host gives back: to the member it came from. What we had given the member at our own loss makes that
/// loss good first, so that the member does not have it twice.
fn refunded(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    amount: Cents,
) {
    let key = charge_key(&host, &payment);
    let Some(mut charge) = turn.get::<Charge>(Kind::Charge, &key) else {
        return;
    };
    let sum = charge.refunded.checked_add(amount).filter(|sum| *sum <= charge.covered);
    let (ChargeState::Obliged, Some(sum)) = (charge.state, sum) else {
        return;
    };
    let borne = dispute::borne(turn, &host, payment).saturating_sub(charge.recovered);
    let recovered = amount.min(borne);
    let (from, rest) = (Account::Partner(host), amount.saturating_sub(recovered));
    let mut transfers =
        vec![Transfer { debit: from, credit: Account::Corrections, amount: recovered }];
    transfers.extend(offline::refund(state, &charge, from, rest));
    transfers.retain(|transfer| !transfer.amount.is_zero());
    let cause = Cause::Charge(host, payment);
    if state.books.enter(turn, cause, Phase::Posted, transfers).is_ok() {
        if let Some(member) = charge.member {
            spent::uncount(turn, member, turn.day_of(charge.at), amount);
        }
        card::uncount(turn, &open_key(OPEN_CHARGE, &key), amount);
        charge.refunded = sum;
        charge.recovered = charge.recovered.checked_add(recovered).unwrap_or(sum);
        turn.put(Kind::Charge, &key, &charge);
        dispute::contest::follow(state, turn, host);
    }
}
