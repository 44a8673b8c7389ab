//! What `verify` checks of caps: what households spent in this week and month, again from sales and charges.

use std::collections::BTreeMap;

use crdt::{Cents, Date, MemberId, Timestamp, wire};

use crate::payment::{Charge, ChargeState, Sale};
use crate::records::Kind;
use crate::sale::Mode;
use crate::spent::{month_key, week_key};
use crate::turn::Turn;
use crate::verify::{Report, each};

/// What was spent, by the keys under which it is counted.
struct Counts<'a> {
    turn: &'a Turn<'a>,
    today: Date,
    sums: BTreeMap<Vec<u8>, Cents>,
}

impl Counts<'_> {
    /// Counts only what a cap can still ask for: older weeks and months are never read again.
    fn add(&mut self, member: MemberId, at: Timestamp, amount: Cents) {
        let date = self.turn.day_of(at);
        let mut add = |key: Vec<u8>| {
            let sum = self.sums.entry(key).or_default();
            *sum = sum.checked_add(amount).unwrap_or(Cents::MAX);
        };
        if date.monday() == self.today.monday() {
            add(week_key(member, date));
        }
        if date.month() == self.today.month() {
            add(month_key(member, date));
        }
    }

    fn is_current(&self, key: &[u8]) -> bool {
        let member = key.get(..MemberId::LEN).and_then(MemberId::from_slice);
        member.is_some_and(|member| {
            key == week_key(member, self.today) || key == month_key(member, self.today)
        })
    }
}

/// Compares what is counted for caps with the sales and charges.
pub(super) fn spent(turn: &Turn<'_>, report: &mut Report) {
    let mut counts = Counts { turn, today: turn.today(), sums: BTreeMap::new() };
    each(turn, Kind::Sale, |(_, value)| {
        if let Ok(sale) = wire::decode::<Sale>(value) {
            of_sale(&mut counts, &sale);
        }
    });
    each(turn, Kind::Charge, |(_, value)| {
        if let Ok(charge) = wire::decode::<Charge>(value) {
            of_charge(&mut counts, &charge);
        }
    });
    each(turn, Kind::Spent, |(key, value)| {
        if counts.is_current(key) {
            let expected = counts.sums.remove(key.as_slice()).unwrap_or_default();
            if wire::decode::<Cents>(value) != Ok(expected) {
                report.differs("what is counted for a cap is not what was spent");
            }
        }
    });
    if counts.sums.values().any(|left| !left.is_zero()) {
        report.differs("what was spent is not counted for a cap");
    }
}

fn of_sale(counts: &mut Counts<'_>, sale: &Sale) {
    let Some(member) = sale.member.filter(|_| sale.is_made()) else { return };
    match sale.mode {
        Mode::Credit => counts.add(member, sale.at, sale.covered.saturating_sub(sale.refunded)),
        Mode::Reimbursed => counts.add(member, sale.at, sale.covered),
        Mode::TierBelow(_) | Mode::TierAbove(_) => {}
    }
}

fn of_charge(counts: &mut Counts<'_>, charge: &Charge) {
    let Some(member) = charge.member else { return };
    match charge.state {
        ChargeState::Held | ChargeState::Obliged => {
            counts.add(member, charge.at, charge.covered.saturating_sub(charge.refunded));
        }
        ChargeState::Released
        | ChargeState::Denied(_)
        | ChargeState::FloorDeclined(_)
        | ChargeState::Tombstone => {}
    }
}
