//! The lots that we hold: we alone spend them, so nothing needs to be asked.

use crdt::lot::{DoesNotFit, LotTerms};
use crdt::pair::PairBody;
use crdt::{CaisseId, CardId, Cents, LotId, Timestamp};

use super::{HeldLot, Side, count_card, forget_cards, list, lot_key, of_partner, spent};
use crate::answer::LotRoom;
use crate::federation;
use crate::limits;
use crate::records::Kind;
use crate::refused::WithoutHome;
use crate::state::State;
use crate::turn::Turn;

/// Chooses the lot by which a sale can be made without its home caisse.
///
/// # Errors
/// The first of [`WithoutHome`] that applies; of several lots, what the newest says.
pub(crate) fn choose(
    state: &State,
    turn: &Turn<'_>,
    home: CaisseId,
    card: CardId,
    scanned: bool,
    covered: Cents,
) -> Result<LotId, WithoutHome> {
    if list::holds(state, home, card) {
        return Err(WithoutHome::Listed);
    }
    let lots = usable(state, turn, home);
    if lots.is_empty() {
        return Err(WithoutHome::NoLot);
    }
    if !scanned {
        return Err(WithoutHome::Typed);
    }
    if !list::is_fresh(state, turn, home) {
        return Err(WithoutHome::ListTooOld { days: limits::CARD_LIST_DAYS });
    }
    let mut why = WithoutHome::NoLot;
    for (id, lot, terms) in lots {
        let before = spent(turn, Side::Held, (home, id), lot.spent, card);
        match terms.fits(before, covered) {
            Ok(()) => return Ok(id),
            Err(DoesNotFit::Sale { most }) => why = WithoutHome::Sale { most },
            Err(DoesNotFit::Card { left }) => why = WithoutHome::Card { left },
            Err(DoesNotFit::Lot { left }) => why = WithoutHome::Lot { left },
        }
    }
    Err(why)
}

/// The lots of a home caisse by which we may sell now, those to be spent first before others.
fn usable(state: &State, turn: &Turn<'_>, home: CaisseId) -> Vec<(LotId, HeldLot, LotTerms)> {
    let lots = state.offline.held_of(home).into_iter();
    lots.filter(|(_, lot)| lot.until().is_some_and(|until| turn.now < until))
        .filter_map(|(id, lot)| Some((id, lot, lot.terms?)))
        .collect()
}

/// Returns what we can sell without a home caisse that cannot be reached; `None` if it can.
pub(crate) fn degraded(state: &State, turn: &Turn<'_>, home: CaisseId) -> Option<LotRoom> {
    let federation = state.federation.as_ref()?;
    if home == state.me || federation.is_connected(&home) {
        return None;
    }
    let may_sell = federation::may_speak_to(state, home) && list::is_fresh(state, turn, home);
    let lots = if may_sell { usable(state, turn, home) } else { Vec::new() };
    let left = lots.iter().map(|(_, lot, _)| lot.left());
    Some(LotRoom {
        with: home,
        left: Cents::checked_sum(left).unwrap_or(Cents::MAX),
        per_sale: lots.iter().map(|(.., terms)| terms.per_sale).max().unwrap_or_default(),
        until: lots.iter().filter_map(|(_, lot, _)| lot.until()).max(),
    })
}

/// Takes a sale off a lot.
pub(crate) fn debit(
    state: &mut State,
    turn: &mut Turn<'_>,
    of: (CaisseId, LotId),
    card: CardId,
    covered: Cents,
) {
    let unknown = HeldLot { terms: None, at: turn.now, spent: Cents::ZERO, closed: false };
    let held = state.offline.held.get(&of).copied().unwrap_or(unknown);
    let spent = held.spent.checked_add(covered).unwrap_or(Cents::MAX);
    put(state, turn, of, HeldLot { spent, ..held });
    count_card(turn, Side::Held, of, card, covered);
}

/// Stores a lot that we hold, and holds it in memory while it is open.
fn put(state: &mut State, turn: &mut Turn<'_>, of: (CaisseId, LotId), held: HeldLot) {
    turn.put(Kind::LotHeld, &lot_key(&of.0, &of.1), &held);
    if held.closed {
        state.offline.held.remove(&of);
    } else {
        state.offline.held.insert(of, held);
    }
}

/// Gives a lot back, once: what we sold by it was said before, in the same feed.
pub(crate) fn close(state: &mut State, turn: &mut Turn<'_>, of: (CaisseId, LotId)) {
    if let Some(held) = state.offline.held.get(&of).copied() {
        federation::say(state, turn, of.0, PairBody::LotClosed { lot: of.1, spent: held.spent });
        put(state, turn, of, HeldLot { closed: true, ..held });
        forget_cards(turn, Side::Held, of);
    }
}

/// Gives back the lots of a home caisse that are spent, or that a newer one has replaced.
pub(crate) fn tidy(state: &mut State, turn: &mut Turn<'_>, home: CaisseId) {
    let lots = state.offline.held_of(home);
    let newest = lots.last().map(|(id, _)| *id);
    for (id, lot) in lots {
        let Some(terms) = lot.terms else { continue };
        let small = lot.left() < terms.per_sale && newest != Some(id);
        if lot.left().is_zero() || small {
            close(state, turn, (home, id));
        }
    }
}

/// Gives back the lots of a home caisse whose days are over.
pub(super) fn close_what_is_over(state: &mut State, turn: &mut Turn<'_>, home: CaisseId) {
    for (id, lot) in state.offline.held_of(home) {
        if lot.until().is_some_and(|until| until <= turn.now) {
            close(state, turn, (home, id));
        }
    }
}

/// A home caisse gives us a lot. One that cannot be, or is one too many, goes back at once.
pub(crate) fn granted(
    state: &mut State,
    turn: &mut Turn<'_>,
    of: (CaisseId, LotId),
    terms: LotTerms,
) {
    let stored = turn.get::<HeldLot>(Kind::LotHeld, &lot_key(&of.0, &of.1));
    let known =
        stored.unwrap_or(HeldLot { terms: None, at: turn.now, spent: Cents::ZERO, closed: false });
    if known.closed || known.terms.is_some() {
        // Heard again after a restore, or twice from a home caisse that contradicts itself.
        return;
    }
    put(state, turn, of, HeldLot { terms: Some(terms), at: turn.now, ..known });
    let open = state.offline.held.range(of_partner(of.0)).count();
    if terms.check().is_err() || open > limits::OPEN_LOTS {
        return close(state, turn, of);
    }
    tidy(state, turn, of.0);
}

/// Learns again that we gave a lot back before a restore.
pub(crate) fn relearns_closed(
    state: &mut State,
    turn: &mut Turn<'_>,
    of: (CaisseId, LotId),
    spent: Cents,
) {
    let unknown = HeldLot { terms: None, at: turn.now, spent, closed: false };
    let held = state.offline.held.get(&of).copied().unwrap_or(unknown);
    put(state, turn, of, HeldLot { closed: true, ..held });
    forget_cards(turn, Side::Held, of);
}

/// The home caisses of which a lot is over, and to which we may say so.
fn over(state: &State) -> impl Iterator<Item = (CaisseId, Timestamp)> {
    let lots = state.offline.held.iter();
    lots.filter_map(|((home, _), lot)| Some((*home, lot.until()?)))
        .filter(|(home, _)| federation::may_speak_to(state, *home))
}

/// Gives back what is over by our own clock: about lots that only we spend.
pub(super) fn tick(state: &mut State, turn: &mut Turn<'_>) {
    let due: Vec<CaisseId> =
        over(state).filter(|(_, until)| *until <= turn.now).map(|(home, _)| home).collect();
    for home in due {
        close_what_is_over(state, turn, home);
    }
}

/// When the next lot is over.
pub(super) fn next_wakeup(state: &State) -> Option<Timestamp> {
    over(state).map(|(_, until)| until).min()
}
