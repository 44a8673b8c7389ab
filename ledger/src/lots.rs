//! Lots: when each part of a member's credit was issued, and so when it expires.
//!
//! The books hold one balance for each member, and no second place holds another. The oldest credit is
//! spent first, so what is left of a balance is always of the newest lots: the parts follow from the
//! balance and the dates.

use crdt::{Cents, Date, MemberId, Month};
use serde::{Deserialize, Serialize};

use crate::records::Kind;
use crate::turn::Turn;

/// Credit that was issued on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// How much was issued.
    pub amount: Cents,
    /// When, or when last, for a bonus that grows.
    pub issued: Date,
    /// Whether it has expired.
    pub closed: bool,
}

/// Where a lot came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The allocation of a month.
    Allocation(Month),
    /// The bonuses earned in a month.
    Bonus(Month),
}

/// A lot with what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLot {
    /// Where it came from; `None` for credit that came back after its lot had expired.
    pub origin: Option<Origin>,
    /// When it was issued.
    pub issued: Option<Date>,
    /// What is left of it.
    pub left: Cents,
}

/// Returns the key of a lot.
#[must_use]
pub fn key(member: MemberId, origin: Origin) -> Vec<u8> {
    let (letter, month) = match origin {
        Origin::Allocation(month) => (b'a', month),
        Origin::Bonus(month) => (b'b', month),
    };
    [member.as_bytes().as_slice(), &[letter], month.to_string().as_bytes()].concat()
}

pub(crate) fn origin_of(key: &[u8]) -> Option<Origin> {
    let (letter, month) = key.get(MemberId::LEN..)?.split_first()?;
    let month = std::str::from_utf8(month).ok()?.parse().ok()?;
    match letter {
        b'a' => Some(Origin::Allocation(month)),
        b'b' => Some(Origin::Bonus(month)),
        _ => None,
    }
}

/// Opens a lot of a day, that of its entry in the books, or adds to one.
pub(crate) fn open(
    turn: &mut Turn<'_>,
    member: MemberId,
    origin: Origin,
    amount: Cents,
    issued: Date,
) {
    let key = key(member, origin);
    let known: Option<Lot> = turn.get(Kind::Allocation, &key);
    let before = known.filter(|lot| !lot.closed).map_or(Cents::ZERO, |lot| lot.amount);
    let amount = before.checked_add(amount).unwrap_or(Cents::MAX);
    turn.put(Kind::Allocation, &key, &Lot { amount, issued, closed: false });
}

/// Returns how much was issued in a lot.
pub(crate) fn issued(turn: &Turn<'_>, member: MemberId, origin: Origin) -> Cents {
    let lot: Option<Lot> = turn.get(Kind::Allocation, &key(member, origin));
    lot.map_or(Cents::ZERO, |lot| lot.amount)
}

/// Returns the lots of a member, oldest first.
pub(crate) fn of_member(turn: &Turn<'_>, member: MemberId) -> Vec<(Origin, Lot)> {
    let from = member.as_bytes().as_slice();
    let to = [from, &[u8::MAX]].concat();
    let rows = turn.range(Kind::Allocation, from, &to, usize::MAX).into_iter();
    let lots = rows.filter_map(|(k, v)| Some((origin_of(&k)?, crdt::wire::decode(&v).ok()?)));
    let mut lots: Vec<(Origin, Lot)> = lots.collect();
    lots.sort_by_key(|(origin, lot)| (lot.issued, *origin));
    lots
}

/// Divides a balance among lots given oldest first: the newest take their part first. What no lot takes
/// came back after its lot had expired.
#[must_use]
pub fn divide(balance: Cents, lots: &[(Origin, Lot)]) -> Vec<OpenLot> {
    let mut rest = balance;
    let mut open = Vec::new();
    for (origin, lot) in lots.iter().rev().filter(|(_, lot)| !lot.closed) {
        let left = rest.min(lot.amount);
        rest = rest.saturating_sub(left);
        if !left.is_zero() {
            open.push(OpenLot { origin: Some(*origin), issued: Some(lot.issued), left });
        }
    }
    if !rest.is_zero() {
        open.push(OpenLot { origin: None, issued: None, left: rest });
    }
    open.reverse();
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot(day: i8, cents: u32, closed: bool) -> (Origin, Lot) {
        let month = Month::new(2026, day).expect("a month");
        let issued = Date::new(2026, day, 1).expect("a day");
        (Origin::Allocation(month), Lot { amount: Cents::from_u32(cents), issued, closed })
    }

    fn left(balance: u32, lots: &[(Origin, Lot)]) -> Vec<u64> {
        divide(Cents::from_u32(balance), lots).iter().map(|open| open.left.get()).collect()
    }

    #[test]
    fn the_oldest_credit_is_spent_first_and_what_comes_back_goes_where_it_was_last_taken() {
        let lots = [lot(1, 100, false), lot(2, 100, false), lot(3, 50, false)];
        assert_eq!(left(250, &lots), [100, 100, 50]);
        assert_eq!(left(170, &lots), [20, 100, 50]);
        assert_eq!(left(100, &lots), [50, 50]);
        assert_eq!(left(0, &lots), Vec::<u64>::new());
        let expired = [lot(1, 100, true), lot(2, 100, false)];
        assert_eq!(left(130, &expired), [30, 100], "30 came back after the first lot expired");
    }
}
