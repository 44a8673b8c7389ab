//! The volume of the last twelve months against the limits of the law.
//!
//! A means of payment for a limited network needs no licence, but a declaration to the ACPR once it is
//! large. Refunds are not taken off: the meter warns rather early than late.

use crdt::{Cents, Date};

use super::{balance, walk};
use crate::account::Account;
use crate::answer::{Level, Meter};
use crate::books::{Cause, JournalEntry, Phase, Transfer};
use crate::state::State;
use crate::turn::Turn;

/// The volume from which a limited network is declared: one million euros of payments in twelve months
/// (code monétaire et financier, article L. 521-3, II), or of electronic money in circulation (article
/// L. 525-6, for the exemption of article L. 525-5).
pub const LIMIT: Cents = Cents::from_u32(100_000_000);

/// The share of the limit, in percent, from which a caisse is warned: time to prepare the declaration.
pub const NEAR_PERCENT: u64 = 80;

/// Returns how near an amount is to the limit.
#[must_use]
pub fn level(amount: Cents) -> Level {
    let near = LIMIT.get() / 100 * NEAR_PERCENT;
    if amount >= LIMIT {
        Level::Reached
    } else if amount.get() >= near {
        Level::Near
    } else {
        Level::Below
    }
}

/// Returns the day after which twelve months end on a day.
fn year_before(day: Date) -> Date {
    let same_month = day.month().plus(-12);
    let first = same_month.first_day().plus_days(i32::from(day.day()) - 1);
    first.min(same_month.last_day())
}

/// Works out the volume of the twelve months that end today.
pub(super) fn now(state: &State, turn: &Turn<'_>) -> Meter {
    let upto = turn.today();
    let from = year_before(upto).plus_days(1);
    let (mut issued, mut payments) = (Cents::ZERO, Cents::ZERO);
    let start = balance::first_place(turn, from);
    walk::entries(turn, start, state.books.entries(), |entry| {
        if (from..=upto).contains(&entry.date) {
            add_up(entry, &mut issued, &mut payments);
        }
    });
    let held = state.members.keys().map(|member| state.books.available(*member));
    let in_circulation = Cents::checked_sum(held).unwrap_or(Cents::MAX);
    Meter {
        from,
        upto,
        issued,
        payments,
        in_circulation,
        limit: LIMIT,
        payments_level: level(payments),
        circulation_level: level(in_circulation),
    }
}

fn add_up(entry: &JournalEntry, issued: &mut Cents, payments: &mut Cents) {
    if !matches!(entry.phase, Phase::Posted | Phase::HoldPosted) {
        return;
    }
    let pays = matches!(entry.cause, Cause::Sale(_) | Cause::Charge(..));
    let add = |to: &mut Cents, amount| *to = to.checked_add(amount).unwrap_or(Cents::MAX);
    for Transfer { debit, credit, amount } in &entry.transfers {
        match (debit, credit) {
            (Account::Allocations, Account::Member(_)) => add(issued, *amount),
            (Account::Member(_) | Account::Suspense, _) if pays => add(payments, *amount),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caisse_is_warned_at_eighty_percent_and_at_one_million() {
        let euros = |euros: u32| Cents::from_u32(euros * 100);
        assert_eq!(level(euros(799_999)), Level::Below);
        assert_eq!(level(euros(800_000)), Level::Near);
        assert_eq!(level(euros(999_999)), Level::Near);
        assert_eq!(level(euros(1_000_000)), Level::Reached);
    }

    #[test]
    fn twelve_months_end_on_the_day_even_on_the_last_of_february() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(year_before(day("2026-11-25")), day("2025-11-25"));
        assert_eq!(year_before(day("2028-02-29")), day("2027-02-28"));
        assert_eq!(year_before(day("2027-02-28")), day("2026-02-28"));
    }
}
