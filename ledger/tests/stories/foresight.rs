//! A treasurer looks ahead, and a committee tries rules on the months that were.

use crdt::{Cents, MemberId, Month, PaymentId, VendorId};
use ledger::answer::{
    Forecast, ForesightAnswer, HouseholdType, Moves, Scenario, Simulation, TypeFigures, Unknown,
};
use ledger::command::{Cells, ForesightQuery, PayIntent, PaymentCode, Purse};
use ledger::guarantee::Force;
use ledger::refused::{ForesightRefused, Refused};
use ledger::rules::{Allocation, BadRules, Household, Issue, Percent, Rules};
use ledger::{Answer, Command, Outcome, Query};

use super::village::{Shopper, Village, cents, code, month, rules};

const DAY_MS: i64 = 24 * 3_600_000;

pub fn euros(euros: u32) -> Cents {
    cents(euros * 100)
}

fn with(allocation: Allocation) -> Rules {
    let issue = Issue { from_day: 1, after_contribution: false };
    Rules { allocation, issue, ..rules() }
}

fn scale(first: u32, further: u32) -> Allocation {
    let (first, further) = (euros(first), euros(further));
    Allocation::HouseholdScale { first, further, child: None, most_persons: None }
}

pub fn household(adults: u16, children: u16) -> Household {
    Household { adults, teens: 0, children }
}

/// Enrols a household with a card.
pub fn enrol(village: &mut Village, household: Household) -> Shopper {
    let add = Command::AddMember { name: "Camille Test".to_owned(), household };
    let Answer::MemberAdded(member) = village.ok(0, add) else { panic!("a member") };
    let issue = Command::IssueCard { member, code: code("1234") };
    let Answer::CardIssued(card) = village.ok(0, issue) else { panic!("a card") };
    Shopper { member, card: card.qr.parse().expect("a card") }
}

pub fn contribute(village: &mut Village, member: MemberId, month: Month, amount: Cents) {
    village.ok(0, Command::AddContribution { member, month, amount, into: Purse::Bank });
}

pub fn allocate(village: &mut Village, month: Month) -> Cents {
    let force = Some(Force::because("test"));
    match village.ok(0, Command::Allocate { month, force }) {
        Answer::Allocated(report) => report.total,
        other => panic!("no report: {other:?}"),
    }
}

/// Buys something; each purchase of a story has a number.
pub fn buy(
    village: &mut Village,
    number: u16,
    vendor: VendorId,
    who: &Shopper,
    amount: Cents,
) -> Outcome {
    let mut payment = [0; 16];
    payment[..2].copy_from_slice(&number.to_be_bytes());
    let intent = PayIntent {
        payment: PaymentId::new(payment),
        card: who.card.clone(),
        vendor,
        purchase: amount.into(),
        code: PaymentCode::Plain(code("1234")),
        scanned: false,
    };
    village.ask(0, Command::Pay(intent)).expect("decided at once")
}

fn ask(village: &Village, question: ForesightQuery) -> Result<ForesightAnswer, Refused> {
    village.query(0, &Query::Foresight(question)).map(|answer| match answer {
        Answer::Foresight(answer) => *answer,
        other => panic!("no foresight: {other:?}"),
    })
}

fn forecast(village: &Village, months: u16) -> Forecast {
    match ask(village, ForesightQuery::Forecast { months }) {
        Ok(ForesightAnswer::Forecast(forecast)) => forecast,
        other => panic!("no forecast: {other:?}"),
    }
}

fn simulate(village: &Village, tried: &Rules, cells: Cells) -> Simulation {
    let question = ForesightQuery::Simulate { rules: Box::new(tried.clone()), months: 12, cells };
    match ask(village, question) {
        Ok(ForesightAnswer::Simulation(simulation)) => simulation,
        other => panic!("no simulation: {other:?}"),
    }
}

/// A month in which two households contribute 30 each, get 100 each, and buy for 90 and 70.
fn live(village: &mut Village, who: &[Shopper; 2], vendor: VendorId, month: Month, number: u16) {
    for shopper in who {
        contribute(village, shopper.member, month, euros(30));
    }
    allocate(village, month);
    for (n, (shopper, amount)) in who.iter().zip([euros(90), euros(70)]).enumerate() {
        buy(village, number + n as u16, vendor, shopper, amount).expect("paid");
    }
}

#[test]
fn the_forecast_carries_on_whole_months_and_says_how_few_it_knows() {
    let mut village = Village::alone(&with(scale(100, 50)));
    let refused = ask(&village, ForesightQuery::Forecast { months: 12 });
    assert_eq!(refused, Err(Refused::Foresight(ForesightRefused::NoHistory)));
    let vendor = village.vendor(0, 10_000);
    let who = [enrol(&mut village, household(1, 0)), enrol(&mut village, household(1, 0))];
    live(&mut village, &who, vendor, month(), 0);
    let first = forecast(&village, 12);
    assert!(first.basis_not_over && first.basis == [month()]);
    // The month after, 500 are granted: 300 of them would be gone when the third month ends.
    village.wait(12 * DAY_MS);
    let grant = |funder: &str| Command::ConfirmGrant {
        funder: funder.to_owned(),
        amount: euros(500),
        reference: "G1".to_owned(),
    };
    village.ok(0, grant("Commune"));
    let next = month().plus(1);
    live(&mut village, &who, vendor, next, 10);
    village.wait(30 * DAY_MS);
    let before = village.fingerprint(0);
    let forecast = forecast(&village, 3);
    assert_eq!(village.fingerprint(0), before, "nothing has changed");
    assert_eq!((forecast.basis.as_slice(), forecast.basis_not_over), (&[month(), next][..], false));
    assert_eq!(forecast.cover_ratio, Some(3_000), "60 of 200");
    let past: Vec<_> = forecast.history.iter().map(|m| (m.used.get(), m.issued.get())).collect();
    assert_eq!(past, [(16_000, 20_000), (16_000, 20_000), (0, 0)]);
    let [as_before, all_used, fewer] = forecast.scenarios.as_slice() else { panic!("three") };
    // 120 came in, 500 are granted, 320 are owed to the vendor: 300, and each month takes 100.
    let money: Vec<i64> = as_before.path.iter().map(|point| point.money.get()).collect();
    assert_eq!(money, [20_000, 10_000, 0]);
    assert_eq!((as_before.runway, as_before.covered), (Some(3), Some(1)));
    // Of 400 that were issued 80 are held: 80 + 200 are used at once, then 200 a month.
    assert_eq!((all_used.scenario, all_used.runway), (Scenario::AllUsed, Some(1)));
    assert_eq!(all_used.path[0].money.get(), 8_000);
    assert_eq!((fewer.contributions.get(), fewer.runway), (4_800, Some(2)));
    village.all_is_well();
}

#[test]
fn what_is_given_back_is_no_use_of_credit() {
    let mut village = Village::alone(&with(scale(100, 50)));
    let vendor = village.vendor(0, 10_000);
    let who = enrol(&mut village, household(1, 0));
    allocate(&mut village, month());
    buy(&mut village, 1, vendor, &who, euros(60)).expect("paid");
    let payment = PaymentId::new([&[0, 1][..], &[0; 14]].concat().try_into().expect("16 bytes"));
    let id = PaymentId::new([9; 16]);
    village.ok(0, Command::Refund { id, payment, amount: Some(euros(20)) });
    assert_eq!(forecast(&village, 1).history[0].used.get(), 4_000);
}

/// Twelve single households, twenty couples with a child, three large families, for a month under 100 for
/// each person.
fn montpellier() -> (Village, Cents) {
    let per_person = Allocation::PerPerson { amount: euros(100), child: None };
    let mut village = Village::alone(&with(per_person));
    for (count, members) in [(12, household(1, 0)), (20, household(2, 1)), (3, household(3, 2))] {
        for _ in 0..count {
            enrol(&mut village, members);
        }
    }
    let total = allocate(&mut village, month());
    (village, total)
}

fn of(simulation: &Simulation, household: HouseholdType) -> Option<TypeFigures> {
    let row = simulation.types.iter().find(|row| row.household == Some(household));
    row.and_then(|row| row.figures)
}

#[test]
fn the_committee_sees_who_would_gain_and_lose_under_the_scale_of_gironde() {
    let (village, issued) = montpellier();
    let before = village.fingerprint(0);
    let simulation = simulate(&village, &with(scale(150, 75)), Cells::All);
    assert_eq!(village.fingerprint(0), before, "nothing has changed");
    // What is replayed for the rules in force is what their run issued.
    assert_eq!(simulation.in_force.given, issued.signed());
    // 12 x 150 + 20 x 300 + 3 x 450.
    assert_eq!(simulation.tried.given.get(), 915_000);
    let one = of(&simulation, HouseholdType::One).expect("shown");
    assert_eq!((one.households, one.mean_change.get()), (12, 5_000));
    assert_eq!(one.largest_gain, Some(euros(50)));
    let large = of(&simulation, HouseholdType::ThreeOrMoreWithChildren).expect("shown");
    assert_eq!((large.mean_change.get(), large.largest_loss), (-5_000, Some(euros(50))));
    let all = simulation.all.figures.expect("shown");
    assert_eq!(all.moves, Some(Moves { gain: 12, lose: 3, stay: 20 }));
    assert_eq!(simulation.unknown, [Unknown::Behaviour, Unknown::Limits]);
}

#[test]
fn three_families_are_not_shown_nor_can_they_be_worked_out_from_the_rest() {
    let (village, _) = montpellier();
    let simulation = simulate(&village, &with(scale(150, 75)), Cells::LargeOnly);
    assert_eq!(of(&simulation, HouseholdType::ThreeOrMoreWithChildren), None);
    assert_eq!(of(&simulation, HouseholdType::One), None, "or the total would tell");
    assert!(of(&simulation, HouseholdType::TwoWithChildren).is_some());
    let all = simulation.all.figures.expect("shown");
    assert_eq!((all.moves, all.largest_loss), (None, None), "three lose");
}

#[test]
fn every_model_is_tried_on_the_purchases_and_contributions_that_were() {
    let mut village = Village::alone(&with(scale(100, 50)));
    let vendor = village.vendor(0, 7_000);
    let who = [enrol(&mut village, household(1, 0)), enrol(&mut village, household(1, 1))];
    contribute(&mut village, who[0].member, month(), euros(30));
    contribute(&mut village, who[1].member, month(), euros(60));
    allocate(&mut village, month());
    buy(&mut village, 1, vendor, &who[0], euros(15)).expect("paid");
    buy(&mut village, 2, vendor, &who[1], euros(50)).expect("paid");
    let tried = |allocation| {
        let simulation = simulate(&village, &with(allocation), Cells::All);
        (simulation.in_force.given.get(), simulation.tried.given.get())
    };
    // The mean of 90 for three persons is 30.
    let mean = Allocation::MeanOfContributions { subsidy: euros(20), step: euros(1) };
    assert_eq!(tried(mean), (25_000, 15_000));
    // 10.50 and 35 are 70 %; one person gets 20 at most, two 40.
    let refund = |most| Allocation::ProductRefund { most_per_person: most };
    assert_eq!(tried(refund(None)), (25_000, 4_550));
    assert_eq!(tried(refund(Some(euros(10)))), (25_000, 3_000));
    // 5 for each 10 of the whole price: 5 and 25, at most 20 a month.
    let bonus =
        |most| Allocation::Bonus { spent: euros(10), gives: euros(5), most_per_month: most };
    assert_eq!(tried(bonus(None)), (25_000, 3_000));
    assert_eq!(tried(bonus(Some(euros(20)))), (25_000, 2_500));
    let tier = |percent| Percent::new(percent).expect("a tier");
    let tiers = Allocation::PriceTiers { tiers: vec![tier(65), tier(125)] };
    assert_eq!(tried(tiers), (25_000, 0), "nobody chose a tier");
}

#[test]
fn rules_that_were_in_force_are_compared_as_they_pay() {
    let refund = Allocation::ProductRefund { most_per_person: None };
    let mut village = Village::alone(&with(refund));
    let (vendor, who) = (village.vendor(0, 7_000), enrol(&mut village, household(1, 0)));
    buy(&mut village, 1, vendor, &who, euros(15)).expect("paid");
    let simulation = simulate(&village, &with(scale(100, 50)), Cells::All);
    assert_eq!((simulation.in_force.given.get(), simulation.tried.given.get()), (1_050, 10_000));
    assert_eq!(simulation.months[0].in_force.get(), forecast(&village, 1).history[0].used.get());
}

#[test]
fn questions_that_make_no_sense_are_refused_in_order() {
    let village = Village::alone(&rules());
    let simulate = |rules: Rules, months| {
        let cells = Cells::LargeOnly;
        let refused =
            ask(&village, ForesightQuery::Simulate { rules: Box::new(rules), months, cells });
        refused.expect_err("refused")
    };
    let bad = Rules { issue: Issue { from_day: 0, after_contribution: false }, ..rules() };
    assert_eq!(simulate(bad.clone(), 0), ForesightRefused::Months.into());
    assert_eq!(simulate(bad, 12), ForesightRefused::Rules(BadRules::IssueDay).into());
    assert_eq!(simulate(rules(), 12), ForesightRefused::NoHistory.into());
    for months in [0, 61, u16::MAX] {
        let refused = ask(&village, ForesightQuery::Forecast { months });
        assert_eq!(refused, Err(ForesightRefused::Months.into()));
    }
}
