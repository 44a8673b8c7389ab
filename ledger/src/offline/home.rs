//! The lots that we give hosts, and what they claim by them.

use crdt::lot::LotTerms;
use crdt::pair::{DenyReason, PairBody};
use crdt::{CaisseId, Cents, LotId, PaymentId};

use super::{GivenLot, Side, count_card, forget_cards, list, lot_key, payer, spent};
use crate::federation;
use crate::home::{Request, oblige, put_closed, release};
use crate::limits;
use crate::payment::{Charge, ChargeState, charge_key};
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// A host gives a lot back: what is left of it may be given again.
pub(crate) fn given_back(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    lot: LotId,
    spent: Cents,
) {
    closed(state, turn, host, lot, spent);
    renew(state, turn, host);
}

/// Learns again that we gave a lot before a restore: it stays given.
pub(crate) fn relearns_given(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    lot: LotId,
    terms: LotTerms,
) {
    let (at, claimed) = (turn.now, Cents::ZERO);
    let given = GivenLot { terms, at, claimed, close_asked: false, closed: None };
    put(state, turn, host, lot, given);
}

/// Learns again that we asked for a lot before a restore.
pub(crate) fn relearns_asked(state: &mut State, turn: &mut Turn<'_>, host: CaisseId, lot: LotId) {
    if let Some(given) = state.offline.given.get(&(host, lot)).copied() {
        put(state, turn, host, lot, GivenLot { close_asked: true, ..given });
    }
}

/// Stores a lot that we gave, and holds it in memory while it is open.
pub(super) fn put(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    lot: LotId,
    given: GivenLot,
) {
    turn.put(Kind::LotGiven, &lot_key(&host, &lot), &given);
    if given.closed.is_none() {
        state.offline.given.insert((host, lot), given);
    } else {
        state.offline.given.remove(&(host, lot));
    }
}

/// The host gives a lot back. Its claims came before this word in the same feed, so what is left of the
/// lot is ours again. The first word counts.
fn closed(state: &mut State, turn: &mut Turn<'_>, host: CaisseId, lot: LotId, spent: Cents) {
    if let Some(given) = state.offline.given.get(&(host, lot)).copied() {
        put(state, turn, host, lot, GivenLot { closed: Some(spent), ..given });
        forget_cards(turn, Side::Given, (host, lot));
    }
}

/// What can be given to a partner now, by what was decided; `None` if nothing.
pub(super) fn due(state: &State, host: CaisseId) -> Option<LotTerms> {
    let policy = state.offline.policies.get(&host)?;
    let terms = federation::terms_with(state, host)?;
    let half_used = |lot: &GivenLot| {
        lot.close_asked || lot.claimed.checked_times(2).is_none_or(|two| two >= lot.terms.amount)
    };
    let open: Vec<&GivenLot> = state.offline.given_to(host).map(|(_, lot)| lot).collect();
    if !open.iter().all(|lot| half_used(lot)) || open.len() >= limits::OPEN_LOTS {
        return None;
    }
    let of_reserve = state.offline.reserve.saturating_sub(state.offline.left());
    let owed = state.books.owed_to(host).positive_part();
    let promised = owed.checked_add(state.offline.left_for(host)).unwrap_or(Cents::MAX);
    let lot = policy.at_most(of_reserve.min(terms.ceiling.saturating_sub(promised)));
    // A lot too small for the largest sale that was meant would only be in the way of a whole one.
    (lot.amount >= policy.per_sale && lot.check().is_ok()).then_some(lot)
}

/// Gives a partner a new lot when it has none, or has used half of what it has.
pub(crate) fn renew(state: &mut State, turn: &mut Turn<'_>, host: CaisseId) {
    let connected = state.federation.as_ref().is_some_and(|f| f.is_connected(&host));
    if !connected || !federation::may_speak_to(state, host) || list::is_too_long(state, turn) {
        return;
    }
    let Some(terms) = due(state, host) else {
        return;
    };
    let lot = LotId::new(state.random("lot"));
    federation::say(state, turn, host, PairBody::LotGranted { lot, terms });
    let (at, claimed) = (turn.now, Cents::ZERO);
    let given = GivenLot { terms, at, claimed, close_asked: false, closed: None };
    put(state, turn, host, lot, given);
}

/// Asks for a lot back. It stays promised until the host has closed it.
pub(super) fn ask_back(state: &mut State, turn: &mut Turn<'_>, host: CaisseId, lot: LotId) {
    let Some(given) = state.offline.given.get(&(host, lot)).copied() else {
        return;
    };
    if !given.close_asked {
        federation::say(state, turn, host, PairBody::LotCloseAsked { lot });
        put(state, turn, host, lot, GivenLot { close_asked: true, ..given });
    }
}

/// A host claims a sale that it made by a lot. What we granted is owed by the grant; anything else is
/// owed up to the lot, whatever became of the card and the code.
pub(crate) fn claimed(state: &mut State, turn: &mut Turn<'_>, request: &Request<'_>, lot: LotId) {
    let Request { host, payment, covered, .. } = *request;
    let known = turn.get::<Charge>(Kind::Charge, &charge_key(&host, &payment));
    let earlier = match known {
        Some(Charge { state: ChargeState::FloorDeclined(_), .. }) => return,
        Some(charge) if charge.state == ChargeState::Obliged => {
            return again(state, turn, request, lot, charge);
        }
        Some(charge)
            if charge.state == ChargeState::Held
                && charge.covered == covered
                && charge.asked.is_none_or(|asked| asked == request.question().content()) =>
        {
            let lot = count(state, turn, request, lot).ok().map(|()| lot);
            oblige(state, turn, host, payment, Charge { lot, ..charge });
            return renew(state, turn, host);
        }
        Some(charge) if charge.state == ChargeState::Held => {
            // Another amount or purchase than we granted: the grant is void, and the claim is one like any other.
            release(state, turn, host, payment, charge);
            None
        }
        Some(Charge { state: ChargeState::Denied(reason), .. }) => Some(reason),
        // The host had voided it.
        Some(_) => return decline(state, turn, host, payment, DenyReason::Conflict),
        None => None,
    };
    if count(state, turn, request, lot).is_err() {
        return decline(state, turn, host, payment, DenyReason::Lot);
    }
    payer::pay(state, turn, request, lot, earlier);
    renew(state, turn, host);
}

fn decline(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    reason: DenyReason,
) {
    let said = federation::say(state, turn, host, PairBody::FloorDeclined { payment, reason });
    put_closed(turn, host, payment, ChargeState::FloorDeclined(reason), said);
}

/// A claim on what we owe already. After a restore we know that we owe it, and only now from which lot,
/// and by which card.
fn again(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
    lot: LotId,
    charge: Charge,
) {
    if charge.lot.is_some() || count(state, turn, request, lot).is_err() {
        return;
    }
    payer::assign(state, turn, request, lot, charge);
}

/// Why a claim is not counted.
struct BeyondLot;

/// Counts a claim on a lot, if the lot allows it.
fn count(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
    lot: LotId,
) -> Result<(), BeyondLot> {
    let (host, covered) = (request.host, request.covered);
    let given = state.offline.given.get(&(host, lot)).copied().ok_or(BeyondLot)?;
    let before = spent(turn, Side::Given, (host, lot), given.claimed, request.card);
    given.terms.fits(before, covered).map_err(|_| BeyondLot)?;
    let claimed = given.claimed.checked_add(covered).ok_or(BeyondLot)?;
    put(state, turn, host, lot, GivenLot { claimed, ..given });
    count_card(turn, Side::Given, (host, lot), request.card, covered);
    Ok(())
}

/// Mutant M8: takes lots back whose days are over by our own clock.
#[cfg(feature = "mutants")]
pub(super) fn take_back_by_clock(state: &mut State, turn: &mut Turn<'_>) {
    if !state.is_mutant(crate::caisse::Mutant::M8) {
        return;
    }
    let over = |lot: &GivenLot| {
        let days = i64::from(lot.terms.days).saturating_mul(24 * 3_600_000);
        lot.at.as_ms().saturating_add(days) <= turn.now.as_ms()
    };
    let lots = state.offline.given.iter().filter(|(_, lot)| over(lot)).map(|(id, _)| *id);
    for (host, lot) in lots.collect::<Vec<_>>() {
        let claimed = state.offline.given.get(&(host, lot)).map(|lot| lot.claimed);
        closed(state, turn, host, lot, claimed.unwrap_or_default());
    }
}
