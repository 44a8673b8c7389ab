//! Which cards do not pay without their caisse: our list for partners, and theirs for us.

use std::collections::BTreeSet;

use crdt::digest::Domain;
use crdt::revocation::RevocationList;
use crdt::{CaisseId, CardId, Timestamp, wire};

use super::{Listed, recovery};
use crate::card;
use crate::federation;
use crate::limits;
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;
use crdt::message::Message;

/// The name of the record that holds the time of our last list: a newer list has a later one, whatever
/// is done to the clock.
const LIST_AT_KEY: &[u8] = b"card list at";

/// Our cards that do not pay without us: blocked or blank ones, those of members who froze theirs or have
/// left, those with limits that no host can count, and those of members who were advanced and have not
/// given it back. Which of it is not told.
fn cards(state: &State, turn: &Turn<'_>) -> BTreeSet<CardId> {
    let own = state.cards.iter().filter(|(id, card)| {
        !card::pays_offline(state, turn, id) || !recovery::owed_by(state, card.member).is_zero()
    });
    own.map(|(id, _)| *id).chain(state.blanks.keys().copied()).collect()
}

/// Whether the list does not fit: then nothing can be sold without us.
pub(super) fn is_too_long(state: &State, turn: &Turn<'_>) -> bool {
    // Not more cards than fit: the usual case, without building the list.
    state.cards.len().saturating_add(state.blanks.len()) > crdt::limits::REVOKED_CARDS
        && cards(state, turn).len() > crdt::limits::REVOKED_CARDS
}

/// Returns whether a partner may sell without us.
fn concerns(state: &State, host: CaisseId) -> bool {
    state.offline.policies.contains_key(&host) || state.offline.given_to(host).next().is_some()
}

/// Returns whether a partner was told since it is connected, and not long ago. What changed meanwhile it
/// was told at once.
pub(super) fn is_told(state: &State, turn: &Turn<'_>, host: CaisseId) -> bool {
    let told = state.offline.told.get(&host);
    told.is_some_and(|(_, at)| turn.now < at.after(limits::CARD_LIST_AGAIN))
}

/// Tells a partner which cards do not pay without us, unless it knows.
pub(super) fn tell(state: &mut State, turn: &mut Turn<'_>, host: CaisseId) {
    let connected = state.federation.as_ref().is_some_and(|f| f.is_connected(&host));
    if !connected || !concerns(state, host) || !federation::may_speak_to(state, host) {
        return;
    }
    let cards = cards(state, turn);
    let digest = Domain::Trace.hash(&wire::encode(&cards));
    let same = state.offline.told.get(&host).is_some_and(|(told, _)| *told == digest);
    let known = same && is_told(state, turn, host);
    if known || cards.len() > crdt::limits::REVOKED_CARDS {
        return;
    }
    let last: Option<Timestamp> = turn.get(Kind::Meta, LIST_AT_KEY);
    let later = last.map(|at| at.after(crdt::Duration::from_ms(1)));
    let at = later.map_or(turn.now, |later| later.max(turn.now));
    turn.put(Kind::Meta, LIST_AT_KEY, &at);
    let list = RevocationList::sign(state.me, at, cards, &state.secrets.node);
    turn.send(host, Message::Revoked(Box::new(list)));
    state.offline.told.insert(host, (digest, turn.now));
}

/// Tells every partner that can be reached.
pub(super) fn tell_all(state: &mut State, turn: &mut Turn<'_>) {
    let hosts: BTreeSet<CaisseId> = state.offline.told.keys().copied().collect();
    for host in hosts {
        tell(state, turn, host);
    }
}

/// Tells again what partners were told long ago: a list that grows old sells nothing.
pub(super) fn tick(state: &mut State, turn: &mut Turn<'_>) {
    if next_wakeup(state).is_none_or(|at| at > turn.now) {
        return;
    }
    tell_all(state, turn);
    // Whoever is not concerned any more is not woken for.
    let old: Vec<CaisseId> = state.offline.told.keys().copied().collect();
    for host in old.into_iter().filter(|host| !is_told(state, turn, *host)).collect::<Vec<_>>() {
        state.offline.told.remove(&host);
    }
}

/// When a partner is to be told again.
pub(super) fn next_wakeup(state: &State) -> Option<Timestamp> {
    state.offline.told.values().map(|(_, at)| at.after(limits::CARD_LIST_AGAIN)).min()
}

/// A home caisse tells which of its cards do not pay without it. The newest of its lists counts; one that
/// it did not sign, or that is another's, counts for nothing.
pub(crate) fn hears(state: &mut State, turn: &mut Turn<'_>, from: CaisseId, list: &RevocationList) {
    let key = state.federation.as_ref().and_then(|f| f.keyring().keys(&from).last());
    if list.caisse != from || key.is_none_or(|key| list.verify(key).is_err()) {
        return;
    }
    if state.offline.lists.get(&from).is_some_and(|known| list.at <= known.at) {
        return;
    }
    let cards = list.cards.iter().map(crdt::card::CardText::card).collect();
    let listed = Listed { at: list.at, heard: turn.now, cards };
    turn.put(Kind::CardList, from.as_bytes(), &listed);
    state.offline.lists.insert(from, listed);
}

/// Returns whether a home caisse said that a card does not pay without it.
pub(super) fn holds(state: &State, home: CaisseId, card: CardId) -> bool {
    state.offline.lists.get(&home).is_some_and(|list| list.cards.contains(&card))
}

/// Returns whether the list of a home caisse is not too old to sell by.
pub(super) fn is_fresh(state: &State, turn: &Turn<'_>, home: CaisseId) -> bool {
    let age = crdt::Duration::from_ms(u32::from(limits::CARD_LIST_DAYS) * 24 * 3_600_000);
    state.offline.lists.get(&home).is_some_and(|list| turn.now < list.heard.after(age))
}
