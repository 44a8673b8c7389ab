//! What `verify` checks of lots: what was claimed and spent is what charges and sales say.

use std::collections::BTreeMap;

use crdt::{CaisseId, Cents, LotId, wire};

use super::{GivenLot, HeldLot, Offline, Side, card_key, read_lot_key};
use crate::account::Account;
use crate::payment::{Charge, Sale, read_charge_key};
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;
use crate::verify::{Report, each};

/// Sums by partner and lot.
type Sums = BTreeMap<(CaisseId, LotId), Cents>;

/// Compares lots, advances and losses with charges, sales and the books.
pub(crate) fn verify(state: &State, turn: &Turn<'_>, report: &mut Report) {
    given(state, turn, claims(state, turn, report), report);
    held(state, turn, sales(turn), report);
    cards(turn, report);
    let stored = Offline::load(turn.records());
    let own = &state.offline;
    let same = (&stored.policies, stored.reserve) == (&own.policies, own.reserve)
        && (&stored.given, &stored.held, &stored.lists) == (&own.given, &own.held, &own.lists);
    if !same {
        report.differs("lots as held in memory are not those that are stored");
    }
}

fn add(sums: &mut Sums, of: (CaisseId, LotId), amount: Cents) {
    let sum = sums.entry(of).or_default();
    *sum = sum.checked_add(amount).unwrap_or(Cents::MAX);
}

/// Adds up what charges say of each lot that we gave, and of what nobody gives back.
fn claims(state: &State, turn: &Turn<'_>, report: &mut Report) -> Sums {
    let (mut sums, mut lost) = (Sums::new(), 0_i128);
    each(turn, Kind::Charge, |(key, bytes)| {
        let charge = read_charge_key(key).zip(wire::decode::<Charge>(bytes).ok());
        let Some(((host, _), charge)) = charge else { return };
        if let Some(lot) = charge.lot {
            add(&mut sums, (host, lot), charge.covered);
        }
        if charge.account == Some(Account::OfflineLosses) {
            lost += i128::from(charge.covered.get()) - i128::from(charge.refunded.get());
        }
    });
    if i128::from(state.books.holds(Account::OfflineLosses).get()) != lost {
        report.differs("the losses of sales by lots are not what the charges say");
    }
    sums
}

fn sales(turn: &Turn<'_>) -> Sums {
    let mut sums = Sums::new();
    each(turn, Kind::Sale, |(_, bytes)| {
        if let Ok(Sale { home, lot: Some(lot), covered, .. }) = wire::decode(bytes) {
            add(&mut sums, (home, lot), covered);
        }
    });
    sums
}

fn given(_: &State, turn: &Turn<'_>, mut claims: Sums, report: &mut Report) {
    each(turn, Kind::LotGiven, |(key, bytes)| {
        let lot = read_lot_key(key).zip(wire::decode::<GivenLot>(bytes).ok());
        let Some((of, lot)) = lot else {
            return report.differs("a stored lot that was given does not decode");
        };
        let claimed = claims.remove(&of).unwrap_or_default();
        if claimed != lot.claimed || claimed > lot.terms.amount {
            report.differs(format!("lot {} is claimed otherwise than the charges say", of.1));
        }
    });
    if !claims.is_empty() {
        report.differs("a charge names a lot that was not given");
    }
}

fn held(_: &State, turn: &Turn<'_>, mut sales: Sums, report: &mut Report) {
    each(turn, Kind::LotHeld, |(key, bytes)| {
        let lot = read_lot_key(key).zip(wire::decode::<HeldLot>(bytes).ok());
        let Some((of, lot)) = lot else {
            return report.differs("a stored lot that is held does not decode");
        };
        let spent = sales.remove(&of).unwrap_or_default();
        if spent != lot.spent || lot.terms.is_some_and(|terms| spent > terms.amount) {
            report.differs(format!("lot {} is spent otherwise than the sales say", of.1));
        }
    });
    if !sales.is_empty() {
        report.differs("a sale names a lot that is not held");
    }
}

/// What cards took of an open lot is what was taken of it in all, and each not more than its cap.
fn cards(turn: &Turn<'_>, report: &mut Report) {
    let mut check = |side, of: (CaisseId, LotId), in_all: Cents, per_card: Option<Cents>| {
        let from = card_key(side, &of.0, &of.1, &[]);
        let to = card_key(side, &of.0, &of.1, &[u8::MAX; crdt::CardId::LEN + 1]);
        let rows = turn.range(Kind::LotCard, &from, &to, usize::MAX);
        let amounts = rows.iter().map(|(_, v)| wire::decode::<Cents>(v).unwrap_or(Cents::MAX));
        let above = amounts.clone().any(|amount| per_card.is_some_and(|most| amount > most));
        if above || Cents::checked_sum(amounts) != Some(in_all) {
            report.differs(format!("what cards took of lot {} does not sum up", of.1));
        }
    };
    for (key, bytes) in turn.range(Kind::LotGiven, &[], &[], usize::MAX) {
        if let Some((of, lot)) = read_lot_key(&key).zip(wire::decode::<GivenLot>(&bytes).ok()) {
            let open = if lot.closed.is_none() { lot.claimed } else { Cents::ZERO };
            check(Side::Given, of, open, Some(lot.terms.per_card));
        }
    }
    for (key, bytes) in turn.range(Kind::LotHeld, &[], &[], usize::MAX) {
        if let Some((of, lot)) = read_lot_key(&key).zip(wire::decode::<HeldLot>(&bytes).ok()) {
            let open = if lot.closed { Cents::ZERO } else { lot.spent };
            check(Side::Held, of, open, lot.terms.map(|terms| terms.per_card));
        }
    }
}
