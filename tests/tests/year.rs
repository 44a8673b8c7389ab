//! A year of a caisse: 400 households and 12 vendors live through 2026 on the machine that a node runs, with
//! real files to and from a small bank.
//!
//! Beside the books stands an account in plain integers ([`plain`]) that shares no arithmetic with them. At
//! each month's end both must agree, `verify` must find nothing, and what is reported of that day must be
//! the same bytes when it is asked for again at the end of the year.

#[path = "year/bank.rs"]
mod bank;
#[path = "year/batches.rs"]
mod batches;
#[path = "year/closing.rs"]
mod closing;
#[path = "year/departures.rs"]
mod departures;
#[path = "year/house.rs"]
mod house;
#[path = "year/market.rs"]
mod market;
#[path = "year/paper.rs"]
mod paper;
#[path = "year/people.rs"]
mod people;
#[path = "year/plain.rs"]
mod plain;
#[path = "year/reports.rs"]
mod reports;
#[path = "year/town.rs"]
mod town;
#[path = "year/treasurer.rs"]
mod treasurer;
#[path = "year/xsd.rs"]
mod xsd;

use crdt::Date;
use town::Town;

/// The one number from which all chance of the year comes.
const SEED: u64 = 20_260_101;

const SATURDAY: i8 = 6;

#[test]
fn a_caisse_of_400_households_lives_a_year_and_every_account_of_it_agrees() {
    println!("seed {SEED}");
    let mut town = Town::founded(SEED);
    let mut day = Date::new(2026, 1, 1).expect("a day");
    while day.year() == 2026 {
        town.house.today = day;
        passes(&mut town, day);
        if day == day.month().last_day() {
            town.month_ends();
        }
        day = day.plus_days(1);
    }
    town.year_ends();
}

/// What happens on a day.
fn passes(town: &mut Town, day: Date) {
    town.old_credit_expires();
    match day.day() {
        2 => town.people_come_and_go(),
        3 => town.debits_are_ordered(),
        5 => town.the_last_month_is_closed(),
        6 => town.the_bank_rejects_a_debit(),
        9 => town.households_change(),
        11 => town.cash_is_paid_in(),
        12 => town.statement_comes(),
        13 => town.allocations_are_issued(),
        14 => town.households_leave(),
        15 => town.one_comes_back_or_is_erased(),
        16 => town.the_committee_plans_rules(),
        19 | 22 => town.a_sale_is_contested(),
        26 => town.a_dispute_is_answered(),
        27 => town.vendors_are_paid(),
        _ => {}
    }
    if day.weekday() == SATURDAY {
        town.market_day();
    }
    if day == day.month().last_day() {
        town.statement_comes();
    }
}
