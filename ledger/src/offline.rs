//! Selling while the home caisse cannot be reached: lots, state by state in `docs/protocol.md`.
//!
//! As home we give lots out of a reserve and pay what is claimed up to each; as host we spend lots that
//! we were given, alone. A lot ends only by the host's signed word: no clock of the home caisse ends it.

mod check;
mod commands;
mod home;
mod host;
mod list;
mod payer;
mod recovery;

use std::collections::{BTreeMap, BTreeSet};

use crdt::lot::{LotTerms, Spent};
use crdt::{BasisPoints, CaisseId, CardId, Cents, Digest, LotId, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use check::verify;
pub(crate) use commands::{answer, carry_out};
pub(crate) use home::{claimed, given_back, relearns_asked, relearns_given};
pub(crate) use host::{choose, close, debit, degraded, granted, relearns_closed, tidy};
pub(crate) use list::hears as hears_list;
pub(crate) use payer::refund;
pub(crate) use recovery::{recover, slice};

use crate::records::{Kind, Records};
use crate::state::State;
use crate::turn::Turn;

/// What the people of a caisse decided about sales without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfflineSettings {
    /// Which part of each allocation at most repays what a member was advanced.
    pub recovery: BasisPoints,
}

impl Default for OfflineSettings {
    fn default() -> Self {
        Self { recovery: BasisPoints::QUARTER }
    }
}

/// A lot that we gave a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenLot {
    /// What it allows.
    pub terms: LotTerms,
    /// When we gave it; for people, no clock ends it.
    pub at: Timestamp,
    /// What the host claimed and we accepted.
    pub claimed: Cents,
    /// Whether we asked for it back.
    pub close_asked: bool,
    /// What the host says that it sold, once it has closed the lot.
    pub closed: Option<Cents>,
}

impl GivenLot {
    /// Returns what the host can still claim.
    #[must_use]
    pub const fn left(&self) -> Cents {
        match self.closed {
            None => self.terms.amount.saturating_sub(self.claimed),
            Some(_) => Cents::ZERO,
        }
    }
}

/// A lot that a home caisse gave us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLot {
    /// What it allows; absent while a restore has lost it: then nothing is sold by it.
    pub terms: Option<LotTerms>,
    /// When we heard of it: its days run by our own clock.
    pub at: Timestamp,
    /// What we sold by it.
    pub spent: Cents,
    /// Whether we closed it.
    pub closed: bool,
}

impl HeldLot {
    /// Returns when we stop to sell by it.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        let days = i64::from(self.terms?.days).saturating_mul(24 * 3_600_000);
        Some(Timestamp::from_ms(self.at.as_ms().saturating_add(days)))
    }

    /// Returns what can still be sold by it.
    #[must_use]
    pub fn left(&self) -> Cents {
        let amount = self.terms.filter(|_| !self.closed).map_or(Cents::ZERO, |t| t.amount);
        amount.saturating_sub(self.spent)
    }
}

/// The newest list of a partner of cards that do not pay without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The partner's time of the list: the newer of two counts.
    pub at: Timestamp,
    /// When we heard it: its age counts by our own clock.
    pub heard: Timestamp,
    /// The cards.
    pub cards: BTreeSet<CardId>,
}

/// What is held in memory of all this. Lots that are closed stay on disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offline {
    /// What each partner gets, as the operator decided.
    pub policies: BTreeMap<CaisseId, LotTerms>,
    /// What all open lots that we gave may hold together.
    pub reserve: Cents,
    /// Open lots that we gave.
    pub given: BTreeMap<(CaisseId, LotId), GivenLot>,
    /// Open lots that we hold.
    pub held: BTreeMap<(CaisseId, LotId), HeldLot>,
    /// The lists of partners.
    pub lists: BTreeMap<CaisseId, Listed>,
    /// What we last told each connected partner of our cards, and when.
    told: BTreeMap<CaisseId, (Digest, Timestamp)>,
    /// Whether something happened that may change our list.
    list_moved: bool,
}

/// The name of the record that holds the reserve.
pub const RESERVE_KEY: &[u8] = b"lot reserve";

/// Which side of a lot a record belongs to: the first byte of its key in [`Kind::LotCard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// We gave it.
    Given,
    /// We hold it.
    Held,
}

/// Returns the key of a lot, under the partner that holds or gave it.
#[must_use]
pub fn lot_key(partner: &CaisseId, lot: &LotId) -> Vec<u8> {
    [partner.as_bytes().as_slice(), lot.as_bytes()].concat()
}

fn read_lot_key(key: &[u8]) -> Option<(CaisseId, LotId)> {
    let (partner, lot) = key.split_at_checked(CaisseId::LEN)?;
    Some((CaisseId::from_slice(partner)?, LotId::from_slice(lot)?))
}

fn card_key(side: Side, partner: &CaisseId, lot: &LotId, card: &[u8]) -> Vec<u8> {
    let letter = match side {
        Side::Given => b'g',
        Side::Held => b'h',
    };
    [&[letter], lot_key(partner, lot).as_slice(), card].concat()
}

/// Returns what one card took of a lot so far.
fn spent_by(turn: &Turn<'_>, side: Side, of: (CaisseId, LotId), card: CardId) -> Cents {
    turn.get(Kind::LotCard, &card_key(side, &of.0, &of.1, card.as_bytes())).unwrap_or_default()
}

/// Counts what one card took of a lot.
fn count_card(turn: &mut Turn<'_>, side: Side, of: (CaisseId, LotId), card: CardId, amount: Cents) {
    let sum = spent_by(turn, side, of, card).checked_add(amount).unwrap_or(Cents::MAX);
    turn.put(Kind::LotCard, &card_key(side, &of.0, &of.1, card.as_bytes()), &sum);
}

/// Forgets which cards took of a lot: once it is closed nobody asks any more.
fn forget_cards(turn: &mut Turn<'_>, side: Side, of: (CaisseId, LotId)) {
    let from = card_key(side, &of.0, &of.1, &[]);
    let to = card_key(side, &of.0, &of.1, &[u8::MAX; CardId::LEN + 1]);
    for (key, _) in turn.range(Kind::LotCard, &from, &to, usize::MAX) {
        turn.delete(Kind::LotCard, &key);
    }
}

/// Returns how far a lot is spent, for a sale to a card.
fn spent(turn: &Turn<'_>, side: Side, of: (CaisseId, LotId), in_all: Cents, card: CardId) -> Spent {
    Spent { in_all, by_card: spent_by(turn, side, of, card) }
}

impl Offline {
    /// Loads what was stored.
    pub fn load(records: &dyn Records) -> Self {
        let reserve = records.get(crate::records::Kind::Meta, RESERVE_KEY);
        let reserve = reserve.and_then(|bytes| crdt::wire::decode(&bytes).ok());
        let mut given: BTreeMap<_, GivenLot> =
            crate::state::table(records, Kind::LotGiven, read_lot_key);
        given.retain(|_, lot| lot.closed.is_none());
        let mut held: BTreeMap<_, HeldLot> =
            crate::state::table(records, Kind::LotHeld, read_lot_key);
        held.retain(|_, lot| !lot.closed);
        Self {
            policies: crate::state::table(records, Kind::LotPolicy, CaisseId::from_slice),
            reserve: reserve.unwrap_or_default(),
            given,
            held,
            lists: crate::state::table(records, Kind::CardList, CaisseId::from_slice),
            told: BTreeMap::new(),
            list_moved: false,
        }
    }

    /// Returns the open lots that we gave a partner.
    pub fn given_to(&self, host: CaisseId) -> impl Iterator<Item = (LotId, &GivenLot)> {
        self.given.range(of_partner(host)).map(|((_, id), lot)| (*id, lot))
    }

    /// Returns the open lots that a partner gave us, those first by which we sell first.
    pub fn held_of(&self, home: CaisseId) -> Vec<(LotId, HeldLot)> {
        let all = self.held.range(of_partner(home)).map(|((_, id), lot)| (*id, *lot));
        let mut lots: Vec<_> = all.collect();
        lots.sort_by_key(|(id, lot)| (lot.at, *id));
        lots
    }

    /// Returns what a partner can still claim by open lots.
    pub fn left_for(&self, host: CaisseId) -> Cents {
        let left = self.given_to(host).map(|(_, lot)| lot.left());
        Cents::checked_sum(left).unwrap_or(Cents::MAX)
    }

    /// Returns what all partners can still claim by open lots.
    pub fn left(&self) -> Cents {
        let left = self.given.values().map(GivenLot::left);
        Cents::checked_sum(left).unwrap_or(Cents::MAX)
    }
}

fn of_partner(partner: CaisseId) -> std::ops::RangeInclusive<(CaisseId, LotId)> {
    (partner, LotId::new([0; LotId::LEN]))..=(partner, LotId::new([0xff; LotId::LEN]))
}

/// A partner told how far it holds our feeds: it gets our list and its lots, and hears what is over.
pub(crate) fn met(state: &mut State, turn: &mut Turn<'_>, partner: CaisseId) {
    if !crate::federation::may_speak_to(state, partner) {
        return;
    }
    host::close_what_is_over(state, turn, partner);
    if !list::is_told(state, turn, partner) {
        list::tell(state, turn, partner);
    }
    home::renew(state, turn, partner);
}

/// A partner can no longer be reached.
pub(crate) fn lost(state: &mut State, partner: CaisseId) {
    state.offline.told.remove(&partner);
}

/// Ends an input: whatever changed our cards changes what partners must know of them.
pub(crate) fn after(state: &mut State, turn: &mut Turn<'_>) {
    let cards = [Kind::Card, Kind::BlankCard, Kind::Restriction, Kind::Member];
    let moved = std::mem::take(&mut state.offline.list_moved);
    if moved || cards.into_iter().any(|kind| turn.touches(kind)) {
        list::tell_all(state, turn);
    }
}

/// Does what time asks for.
pub(crate) fn tick(state: &mut State, turn: &mut Turn<'_>) {
    host::tick(state, turn);
    list::tick(state, turn);
    #[cfg(feature = "mutants")]
    home::take_back_by_clock(state, turn);
}

/// When something is due.
pub(crate) fn next_wakeup(state: &State) -> Option<Timestamp> {
    [host::next_wakeup(state), list::next_wakeup(state)].into_iter().flatten().min()
}
