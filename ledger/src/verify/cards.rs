//! Cards: what those with limits spent must be what their payments say, and no card is two things.

use std::collections::BTreeMap;

use crdt::wire;

use super::{Report, each};
use crate::card::{Card, CardUse};
use crate::payment::{Charge, ChargeState, OPEN_SALE, Sale};
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Compares cards with each other and with the payments.
pub(super) fn check(state: &State, turn: &Turn<'_>, report: &mut Report) {
    each(turn, Kind::Card, |(key, bytes)| {
        let Ok(card) = wire::decode::<Card>(bytes) else {
            return report.differs("a stored card does not decode");
        };
        let number = name_of(key);
        if !state.members.contains_key(&card.member) {
            report.differs(format!("card {number} belongs to a member that is not stored"));
        }
        if card.replaced.is_some() && !card.blocked {
            report.differs(format!("card {number} was replaced and still pays"));
        }
        if turn.records().get(Kind::BlankCard, key).is_some() {
            report.differs(format!("card {number} is given to a member and blank"));
        }
    });
    spending(turn, report);
}

fn name_of(key: &[u8]) -> String {
    crdt::CardId::from_slice(key).map_or_else(|| "of no id".to_owned(), |id| id.to_string())
}

/// Adds up, by card and month, what payments of cards with limits took and did not give back.
fn spending(turn: &Turn<'_>, report: &mut Report) {
    let mut sums: BTreeMap<Vec<u8>, u128> = BTreeMap::new();
    each(turn, Kind::CardUse, |(key, bytes)| match (wire::decode(bytes), taken(turn, key)) {
        (Ok(usage), Some(amount)) => {
            *sums.entry(CardUse::spent_key(&usage)).or_default() += u128::from(amount);
        }
        _ => report.differs("a use of a card with limits names no payment"),
    });
    each(turn, Kind::CardSpent, |(key, bytes)| {
        let stored = wire::decode::<crdt::Cents>(bytes).map(|sum| u128::from(sum.get()));
        if stored.ok() != Some(sums.remove(key).unwrap_or(0)) {
            report.differs("what a card with limits spent in a month is not what its payments say");
        }
    });
    if sums.values().any(|sum| *sum > 0) {
        report.differs("a card with limits spent in a month what was not counted");
    }
}

/// What the payment of a use took in the end, in cents.
fn taken(turn: &Turn<'_>, key: &[u8]) -> Option<u64> {
    let (letter, payment) = key.split_first()?;
    if *letter == OPEN_SALE {
        let sale: Sale = turn.get(Kind::Sale, payment)?;
        return Some(sale.covered.saturating_sub(sale.refunded).get());
    }
    let charge: Charge = turn.get(Kind::Charge, payment)?;
    match charge.state {
        ChargeState::Held | ChargeState::Obliged => {
            Some(charge.covered.saturating_sub(charge.refunded).get())
        }
        ChargeState::Released
        | ChargeState::Denied(_)
        | ChargeState::FloorDeclined(_)
        | ChargeState::Tombstone => Some(0),
    }
}
