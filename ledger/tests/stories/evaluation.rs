//! An evaluator compares caisses by figures that tell of nobody.

use crdt::agreement::Terms;
use crdt::{BasisPoints, Date, VendorId, wire};
use ledger::account::Account;
use ledger::answer::{Dimension, Evaluation, ForesightAnswer, Indicator, IndicatorRow};
use ledger::books::{Cause, JournalEntry, Transfer};
use ledger::command::ForesightQuery;
use ledger::records::{Kind, Records as _, Write};
use ledger::refused::{ForesightRefused, Refused};
use ledger::rules::{Issue, Rules};
use ledger::{Answer, Command, Query};

use super::foresight::{allocate, buy, contribute, enrol, euros, household};
use super::village::{Shopper, Village, month, rules, terms};

const DAY_MS: i64 = 24 * 3_600_000;

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn ask(village: &Village, from: Option<&str>, at: &str) -> Result<Evaluation, Refused> {
    let question = ForesightQuery::Evaluate { from: from.map(day), at: day(at) };
    village.query(0, &Query::Foresight(question)).map(|answer| match answer {
        Answer::Foresight(answer) => match *answer {
            ForesightAnswer::Evaluation(evaluation) => evaluation,
            other => panic!("no evaluation: {other:?}"),
        },
        other => panic!("no foresight: {other:?}"),
    })
}

fn vendor(village: &mut Village, kind: &str, commune: &str) -> VendorId {
    let add = Command::AddVendor {
        name: "Stall".to_owned(),
        commune: commune.to_owned(),
        kind: kind.to_owned(),
        till: None,
    };
    let Answer::VendorAdded(vendor) = village.ok(0, add) else { panic!("a vendor") };
    let coverage = BasisPoints::WHOLE;
    let reason = "decided".to_owned();
    village.ok(0, Command::ApproveVendor { vendor, coverage, reason });
    vendor
}

/// Twenty households get 100 each for 40; all buy for 10 at a market, twelve for 20 at a farm, three for
/// 30 at a shop; eleven ask for more than they have.
fn year(village: &mut Village) -> Vec<Shopper> {
    let (market, farm, shop) = (
        vendor(village, "market", "34172"),
        vendor(village, "farm", "34172"),
        vendor(village, "shop", "34057"),
    );
    let who: Vec<Shopper> = (0..20).map(|_| enrol(village, household(1, 0))).collect();
    for shopper in &who {
        contribute(village, shopper.member, month(), euros(40));
    }
    allocate(village, month());
    let mut number = 0;
    let sales = [(20, market, 10), (12, farm, 20), (3, shop, 30), (11, market, 200)];
    for (count, vendor, amount) in sales {
        for shopper in who.iter().take(count) {
            number += 1;
            let _ = buy(village, number, vendor, shopper, euros(amount));
        }
    }
    who
}

fn row(evaluation: &Evaluation, indicator: Indicator, category: &str) -> IndicatorRow {
    let found =
        evaluation.rows.iter().find(|row| row.indicator == indicator && row.category == category);
    found.unwrap_or_else(|| panic!("no {indicator:?} {category}: {evaluation:?}")).clone()
}

fn value(evaluation: &Evaluation, indicator: Indicator, category: &str) -> Option<i64> {
    row(evaluation, indicator, category).value
}

#[test]
fn the_indicators_say_what_the_books_say_and_nothing_of_three_households() {
    let mut village = Village::alone(&rules());
    year(&mut village);
    village.wait(DAY_MS);
    let found = ask(&village, Some("2026-11-01"), "2026-11-24").expect("it is over");
    let all = |indicator| value(&found, indicator, "all");
    assert_eq!(all(Indicator::Contributions), Some(80_000));
    assert_eq!(all(Indicator::Allocations), Some(200_000));
    assert_eq!(all(Indicator::CoverRatio), Some(4_000));
    // 200 at the market, 240 at the farm, 90 in the shop, of 2,000.
    assert_eq!(all(Indicator::Spending), Some(53_000));
    assert_eq!(all(Indicator::TakeUp), Some(2_650));
    assert_eq!(all(Indicator::ActiveShare), Some(10_000));
    assert_eq!(row(&found, Indicator::Spending, "all").n, Some(20));
    let shop = row(&found, Indicator::Spending, "shop");
    assert_eq!((shop.value, shop.n, shop.suppressed), (None, None, true));
    assert_eq!(value(&found, Indicator::Spending, "farm"), None, "or the shop could be worked out");
    assert_eq!(value(&found, Indicator::Spending, "market"), Some(20_000));
    assert_eq!(value(&found, Indicator::Spending, "34057"), None);
    assert_eq!(value(&found, Indicator::Refusals, "insufficient_funds"), Some(11));
    assert_eq!(all(Indicator::Concentration), None, "three vendors would be told apart");
    assert_eq!((all(Indicator::Decisions), all(Indicator::ApprovedVendors)), (Some(3), Some(3)));
}

#[test]
fn a_day_that_is_over_is_told_the_same_for_ever() {
    let mut village = Village::alone(&rules());
    let who = year(&mut village);
    village.wait(DAY_MS);
    let first = ask(&village, None, "2026-11-24").expect("it is over");
    // Later: a contribution, a purchase, a refund of an old one, a decision, and a start from the disk.
    contribute(&mut village, who[0].member, month(), euros(5));
    let another = vendor(&mut village, "market", "34172");
    buy(&mut village, 900, another, &who[5], euros(7)).expect("paid");
    let mut payment = [0; 16];
    payment[1] = 1;
    let (payment, id) = (crdt::PaymentId::new(payment), crdt::PaymentId::new([9; 16]));
    village.ok(0, Command::Refund { id, payment, amount: None });
    village.wait(40 * DAY_MS);
    village.restart(0, None);
    assert_eq!(ask(&village, None, "2026-11-24"), Ok(first.clone()));
    let later = ask(&village, None, "2026-11-25").expect("it is over");
    assert_eq!(value(&later, Indicator::Spending, "all"), Some(53_000 + 700 - 1_000));
    assert_eq!(value(&later, Indicator::Decisions, "all"), Some(4));
    assert_ne!(later.rows, first.rows);
}

#[test]
fn an_entry_for_a_day_that_is_over_counts_from_the_day_on_which_it_was_booked() {
    let mut village = Village::alone(&rules());
    year(&mut village);
    village.wait(DAY_MS);
    let first = ask(&village, None, "2026-11-24").expect("it is over");
    // As the bank's line of the 24th that is imported on the 25th.
    let disk = &mut village.houses[0].disk;
    let rows = disk.range(Kind::Journal, &[], &[], usize::MAX);
    let (_, last) = rows.last().expect("an entry");
    let last: JournalEntry = wire::decode(last).expect("an entry");
    let (debit, credit) = (Account::Bank, Account::Contributions);
    let entry = JournalEntry {
        index: last.index + 1,
        at: village.now,
        date: day("2026-11-24"),
        cause: Cause::Contribution(crdt::RequestId::new([9; 16])),
        transfers: vec![Transfer { debit, credit, amount: euros(5) }],
        ..last
    };
    let key = entry.index.to_be_bytes().to_vec();
    disk.apply([Write { kind: Kind::Journal, key, value: Some(wire::encode(&entry)) }]);
    village.wait(DAY_MS);
    assert_eq!(ask(&village, None, "2026-11-24"), Ok(first));
    let later = ask(&village, None, "2026-11-25").expect("it is over");
    assert_eq!(value(&later, Indicator::Contributions, "all"), Some(80_500));
}

#[test]
fn nothing_but_decisions_is_told_of_a_caisse_of_nine_households() {
    let mut village = Village::alone(&rules());
    let market = vendor(&mut village, "market", "34172");
    for number in 0..9 {
        let shopper = enrol(&mut village, household(1, 0));
        contribute(&mut village, shopper.member, month(), euros(40));
        allocate(&mut village, month());
        buy(&mut village, number, market, &shopper, euros(10)).expect("paid");
    }
    village.wait(DAY_MS);
    let found = ask(&village, None, "2026-11-24").expect("it is over");
    let told = found.rows.iter().filter(|row| row.value.is_some_and(|value| value != 0));
    let told: Vec<Indicator> = told.map(|row| row.indicator).collect();
    assert_eq!(told, [Indicator::Decisions, Indicator::ApprovedVendors]);
}

#[test]
fn what_was_bought_elsewhere_is_spending_by_caisse_and_nobody_is_named() {
    let terms = Terms { ceiling: euros(500), ..terms() };
    let mut village = Village::federated(2, &terms);
    let stall = village.vendor(1, 10_000);
    let market = vendor(&mut village, "market", "34172");
    for number in 0..12 {
        let shopper = village.shopper(0, 1);
        village.paid(1, 100 + number as u8, stall, &shopper, 1_000);
        buy(&mut village, number, market, &shopper, euros(20)).expect("paid");
    }
    village.wait(DAY_MS);
    let found = ask(&village, None, "2026-11-24").expect("it is over");
    let other = village.id(1).to_string();
    // The agreement covers 70 % of visitors' purchases.
    assert_eq!(value(&found, Indicator::Spending, &other), Some(12 * 700));
    assert_eq!(value(&found, Indicator::Spending, "own"), Some(24_000));
    let by_caisse = found.rows.iter().filter(|row| row.dimension == Dimension::Caisse).count();
    assert_eq!(by_caisse, 2);
}

#[test]
fn a_period_that_is_not_over_or_is_none_is_refused() {
    let village = Village::alone(&Rules {
        issue: Issue { from_day: 1, after_contribution: false },
        ..rules()
    });
    let (at, latest) = (day("2026-11-24"), day("2026-11-23"));
    let not_over = Refused::Foresight(ForesightRefused::NotOver { at, latest });
    assert_eq!(ask(&village, None, "2026-11-24"), Err(not_over));
    assert!(ask(&village, Some("2026-11-23"), "2026-11-23").is_ok());
    for from in ["2026-11-24", "2021-11-30"] {
        let refused = ask(&village, Some(from), "2026-11-23");
        let (from, at) = (day(from), latest);
        assert_eq!(refused, Err(Refused::Foresight(ForesightRefused::Period { from, at })));
    }
}
