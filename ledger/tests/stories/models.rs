//! The six money models, and the rules around them, as a charter would say them.

use crdt::catalogue::Product;
use crdt::{BasisPoints, Cents, MemberId, PaymentId, VendorId};
use ledger::account::Account;
use ledger::answer::{AllocationReport, Receipt, Skipped};
use ledger::command::{BasketLine, Code, PayIntent, PaymentCode, PeopleCommand, Purchase, Purse};
use ledger::expiry::WhyExpiring;
use ledger::guarantee::Force;
use ledger::lots::OpenLot;
use ledger::refused::{GrantRefused, MemberRefused, PaymentRefused, Refused, RulesRefused};
use ledger::rules::{Allocation, CancelRefused, Caps, Household, Issue, Lots, Percent, Rules};
use ledger::sale::Mode;
use ledger::{Answer, Command, Outcome, Query};

use super::village::{Shopper, Village, cents, code, month, rules};

/// One day of a village, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

fn euros(euros: u32) -> Cents {
    cents(euros * 100)
}

fn with(allocation: Allocation) -> Rules {
    let issue = Issue { from_day: 1, after_contribution: false };
    Rules { allocation, issue, ..rules() }
}

/// Enrols a household with a card.
fn enrol(village: &mut Village, adults: u16, children: u16) -> Shopper {
    let household = Household { adults, teens: 0, children };
    let add = Command::AddMember { name: "Camille Test".to_owned(), household };
    let Answer::MemberAdded(member) = village.ok(0, add) else { panic!("a member") };
    let issue = Command::IssueCard { member, code: code("1234") };
    let Answer::CardIssued(card) = village.ok(0, issue) else { panic!("a card") };
    Shopper { member, card: card.qr.parse().expect("a card") }
}

fn contribute(village: &mut Village, member: MemberId, amount: Cents) {
    let month = month();
    village.ok(0, Command::AddContribution { member, month, amount, into: Purse::Bank });
}

fn allocate(village: &mut Village) -> AllocationReport {
    let force = Some(Force::because("test"));
    match village.ok(0, Command::Allocate { month: month(), force }) {
        Answer::Allocated(report) => report,
        other => panic!("no report: {other:?}"),
    }
}

fn buy(
    village: &mut Village,
    number: u8,
    vendor: VendorId,
    who: &Shopper,
    what: Purchase,
) -> Outcome {
    let code: Code = code("1234");
    let intent = PayIntent {
        payment: PaymentId::new([number; 16]),
        card: who.card.clone(),
        vendor,
        purchase: what,
        code: PaymentCode::Plain(code),
        scanned: false,
    };
    village.ask(0, Command::Pay(intent)).expect("decided at home at once")
}

fn paid(outcome: Outcome) -> Receipt {
    match outcome {
        Ok(Answer::Paid(receipt)) => receipt,
        other => panic!("not paid: {other:?}"),
    }
}

fn refused(outcome: Outcome) -> PaymentRefused {
    match outcome {
        Err(Refused::Payment(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

fn balance(village: &Village, account: Account) -> i64 {
    village.houses[0].caisse.books().counters(account).balance().get()
}

#[test]
fn yonne_every_contributing_person_gets_the_mean_and_the_subsidy_fixed_by_the_first_run() {
    let mean = Allocation::MeanOfContributions { subsidy: euros(20), step: euros(1) };
    let mut village = Village::alone(&with(mean));
    let (alone, family) = (enrol(&mut village, 1, 0), enrol(&mut village, 2, 1));
    let late = enrol(&mut village, 1, 0);
    contribute(&mut village, alone.member, euros(60));
    contribute(&mut village, family.member, euros(82));
    // 142 euros of 4 persons are 35.50 each, and 20 more: 55 in whole euros.
    let report = allocate(&mut village);
    let of =
        |who: &Shopper| report.issued.iter().find(|(id, _)| *id == who.member).map(|(_, a)| *a);
    assert_eq!((of(&alone), of(&family), of(&late)), (Some(euros(55)), Some(euros(165)), None));
    assert_eq!(report.skipped, [(late.member, Skipped::NoContribution)]);
    // Who contributes later gets what the others got, though the mean would be another now.
    contribute(&mut village, late.member, euros(250));
    assert_eq!(allocate(&mut village).issued, [(late.member, euros(55))]);
    village.all_is_well();
}

#[test]
fn cadenet_the_member_pays_and_gets_the_products_rate_back_up_to_the_months_limit() {
    let refund = Allocation::ProductRefund { most_per_person: Some(euros(20)) };
    let mut village = Village::alone(&with(refund));
    let (member, vendor) = (enrol(&mut village, 1, 1), village.vendor(0, 10_000));
    let product = |code: &str, points| Product {
        code: code.to_owned(),
        name: code.to_owned(),
        ciqual: None,
        coverage: BasisPoints::new(points).ok(),
        price: None,
        climate_g_co2e_per_kg: None,
    };
    let products = vec![product("carottes", 10_000), product("comté", 3_000)];
    village.ok(0, Command::PutProducts { vendor, products });
    assert_eq!(allocate(&mut village).issued, [], "nothing in advance");
    let line = |product: &str, amount| BasketLine { product: product.to_owned(), amount };
    let lines = vec![line("carottes", euros(5)), line("comté", euros(10))];
    let basket = Purchase { lines, ..euros(15).into() };
    let receipt = paid(buy(&mut village, 1, vendor, &member, basket));
    assert_eq!((receipt.mode, receipt.covered), (Mode::Reimbursed, euros(8)));
    assert_eq!((receipt.member_share, receipt.left), (euros(7), None));
    assert_eq!(balance(&village, Account::Claim(member.member)), 800);
    assert_eq!(balance(&village, Account::Vendor(vendor)), 0, "the vendor was paid by the member");
    // Two persons get 40 euros back in a month; 8 are gone.
    let more = refused(buy(&mut village, 2, vendor, &member, euros(33).into()));
    assert_eq!(more, PaymentRefused::InsufficientFunds { available: euros(32) });
    let part = Purchase { partial: true, ..euros(33).into() };
    assert_eq!(paid(buy(&mut village, 3, vendor, &member, part)).covered, euros(32));
    village.all_is_well();
}

#[test]
fn dieulefit_each_buyer_chooses_a_share_of_the_price_and_the_pot_balances() {
    let tier = |percent| Percent::new(percent).expect("a tier");
    let tiers = Allocation::PriceTiers { tiers: vec![tier(65), tier(100), tier(125)] };
    let mut village = Village::alone(&with(tiers));
    let (member, vendor) = (enrol(&mut village, 1, 0), village.vendor(0, 10_000));
    let at = |percent: u16, amount: Cents| Purchase {
        tier: Percent::new(percent).ok(),
        ..amount.into()
    };
    let empty = refused(buy(&mut village, 1, vendor, &member, at(65, euros(20))));
    assert_eq!(empty, PaymentRefused::PotEmpty { available: Cents::ZERO });
    let above = paid(buy(&mut village, 2, vendor, &member, at(125, euros(40))));
    assert_eq!((above.member_share, above.covered), (euros(50), euros(10)));
    assert_eq!(
        (balance(&village, Account::Pot), balance(&village, Account::Vendor(vendor))),
        (1_000, -1_000)
    );
    let below = paid(buy(&mut village, 3, vendor, &member, at(65, euros(20))));
    assert_eq!((below.member_share, below.covered), (euros(13), euros(7)));
    assert_eq!(
        (balance(&village, Account::Pot), balance(&village, Account::Vendor(vendor))),
        (300, -300)
    );
    let whole = paid(buy(&mut village, 4, vendor, &member, euros(9).into()));
    assert_eq!((whole.member_share, whole.covered), (euros(9), Cents::ZERO));
    let other = refused(buy(&mut village, 5, vendor, &member, at(80, euros(20))));
    assert_eq!(other, PaymentRefused::NoSuchTier { tiers: vec![tier(65), tier(100), tier(125)] });
    village.ok(0, Command::FundPot { amount: euros(50) });
    paid(buy(&mut village, 6, vendor, &member, at(65, euros(20))));
    // Given back, the pot gets its part again.
    let id = PaymentId::new([60; 16]);
    let back = Command::Refund { id, payment: PaymentId::new([6; 16]), amount: None };
    village.ok(0, back);
    assert_eq!(balance(&village, Account::Pot), 5_300);
    village.all_is_well();
}

#[test]
fn gers_own_money_spent_earns_5_for_each_10_up_to_the_months_limit() {
    let (spent, gives) = (euros(10), euros(5));
    let bonus = Allocation::Bonus { spent, gives, most_per_month: Some(euros(12)) };
    let mut village = Village::alone(&with(bonus));
    let (member, vendor) = (enrol(&mut village, 1, 0), village.vendor(0, 10_000));
    let first = paid(buy(&mut village, 1, vendor, &member, euros(19).into()));
    assert_eq!(
        (first.covered, first.member_share, first.bonus),
        (Cents::ZERO, euros(19), euros(5))
    );
    assert_eq!(first.left, Some(euros(5)));
    // The credit is spent first; what is paid beside it earns again, and only up to the limit.
    let second = paid(buy(&mut village, 2, vendor, &member, euros(35).into()));
    assert_eq!(
        (second.covered, second.member_share, second.bonus),
        (euros(5), euros(30), euros(7))
    );
    assert_eq!(village.balance(0, &member), 700);
    // A sale that is wholly given back earned nothing.
    let (id, payment) = (PaymentId::new([22; 16]), PaymentId::new([2; 16]));
    village.ok(0, Command::Refund { id, payment, amount: None });
    assert_eq!(village.balance(0, &member), 500);
    village.all_is_well();
}

#[test]
fn caps_hold_in_a_visit_a_week_and_a_month_and_a_refund_gives_room_again() {
    let caps =
        Caps { per_visit: Some(euros(30)), per_week: Some(euros(50)), per_month: Some(euros(60)) };
    let mut village = Village::alone(&Rules { caps, ..rules() });
    let (member, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let cap = |room: u32| PaymentRefused::CapReached { room: euros(room) };
    assert_eq!(refused(buy(&mut village, 1, vendor, &member, euros(31).into())), cap(30));
    paid(buy(&mut village, 2, vendor, &member, euros(30).into()));
    assert_eq!(refused(buy(&mut village, 3, vendor, &member, euros(21).into())), cap(20));
    let partial = Purchase { partial: true, ..euros(21).into() };
    let receipt = paid(buy(&mut village, 4, vendor, &member, partial));
    assert_eq!((receipt.covered, receipt.member_share), (euros(20), euros(1)));
    assert_eq!(refused(buy(&mut village, 5, vendor, &member, euros(1).into())), cap(0));
    let (id, payment) = (PaymentId::new([40; 16]), PaymentId::new([4; 16]));
    village.ok(0, Command::Refund { id, payment, amount: Some(euros(5)) });
    paid(buy(&mut village, 6, vendor, &member, euros(5).into()));
    // The next week begins; the month goes on.
    village.wait(6 * DAY_MS);
    assert_eq!(refused(buy(&mut village, 7, vendor, &member, euros(11).into())), cap(10));
    village.all_is_well();
}

#[test]
fn credit_above_the_roll_over_expires_when_the_next_month_is_issued() {
    let lots = Lots { roll_over: Some(euros(30)), ..Lots::default() };
    let mut village = Village::alone(&Rules { lots, ..with(rules().allocation) });
    let member = enrol(&mut village, 1, 0);
    allocate(&mut village);
    village.wait(10 * DAY_MS);
    let force = Some(Force::because("test"));
    let next = Command::Allocate { month: month().plus(1), force };
    let Answer::Allocated(report) = village.ok(0, next) else { panic!("a report") };
    assert_eq!(report.rolled_over.iter().map(|r| r.expired).collect::<Vec<_>>(), [euros(70)]);
    assert_eq!(village.balance(0, &member), 13_000);
    assert_eq!(balance(&village, Account::Expired), 7_000);
    village.all_is_well();
}

#[test]
fn an_old_lot_expires_after_its_notice_and_what_was_spent_was_of_the_oldest() {
    let lots = Lots { expire_after_days: Some(60), notice_days: 30, ..Lots::default() };
    let mut village = Village::alone(&Rules { lots, ..with(rules().allocation) });
    let (member, vendor) = (enrol(&mut village, 1, 0), village.vendor(0, 10_000));
    allocate(&mut village);
    paid(buy(&mut village, 1, vendor, &member, euros(40).into()));
    let preview = |village: &Village| match village.query(0, &Query::ExpiryPreview) {
        Ok(Answer::Expired(report)) => report,
        other => panic!("no preview: {other:?}"),
    };
    assert_eq!(preview(&village).told, [], "nothing expires within a notice");
    village.wait(40 * DAY_MS);
    let told = preview(&village).told;
    assert_eq!((told.len(), told[0].amount, told[0].why), (1, euros(60), WhyExpiring::Age));
    village.ok(0, Command::Expire);
    village.wait(25 * DAY_MS);
    assert_eq!(preview(&village).waiting.len(), 1, "old enough, but not told long enough ago");
    village.wait(6 * DAY_MS);
    let Answer::Expired(report) = village.ok(0, Command::Expire) else { panic!("a report") };
    assert_eq!(report.total, euros(60));
    assert_eq!(village.balance(0, &member), 0);
    let Answer::Expired(again) = village.ok(0, Command::Expire) else { panic!("a report") };
    assert_eq!((again.total, again.told.len()), (Cents::ZERO, 0));
    // What comes back afterwards has no lot, and stays.
    let (id, payment) = (PaymentId::new([10; 16]), PaymentId::new([1; 16]));
    village.ok(0, Command::Refund { id, payment, amount: None });
    let lots = village.query(0, &Query::Lots(member.member));
    let left = OpenLot { origin: None, issued: None, left: euros(40) };
    assert_eq!(lots, Ok(Answer::Lots(vec![left])));
    village.all_is_well();
}

#[test]
fn a_purchase_keeps_credit_alive_and_silence_lets_it_expire() {
    let lots = Lots { expire_inactive_days: Some(60), notice_days: 20, ..Lots::default() };
    let mut village = Village::alone(&Rules { lots, ..with(rules().allocation) });
    let (member, vendor) = (enrol(&mut village, 1, 0), village.vendor(0, 10_000));
    allocate(&mut village);
    village.wait(45 * DAY_MS);
    let run = |village: &mut Village| match village.ok(0, Command::Expire) {
        Answer::Expired(report) => report,
        other => panic!("no report: {other:?}"),
    };
    assert_eq!(run(&mut village).told.len(), 1);
    paid(buy(&mut village, 1, vendor, &member, euros(1).into()));
    village.wait(40 * DAY_MS);
    // 85 days after the issue, 40 after the purchase: the old notice counts no more.
    let report = run(&mut village);
    assert_eq!((report.total, report.told.len()), (Cents::ZERO, 1));
    village.wait(21 * DAY_MS);
    assert_eq!(run(&mut village).total, euros(99));
    village.all_is_well();
}

#[test]
fn a_run_that_is_not_covered_is_refused_unless_a_person_says_why_and_a_grant_covers_it() {
    let mut village = Village::alone(&with(rules().allocation));
    enrol(&mut village, 1, 0);
    let run = Command::Allocate { month: month(), force: None };
    let before = village.fingerprint(0);
    let short = village.ask(0, run.clone());
    let expected = MemberRefused::NotCovered { short: euros(100) };
    assert_eq!(short, Some(Err(expected.into())));
    assert_eq!(village.fingerprint(0), before);
    let (funder, reference) = ("Commune".to_owned(), "D-2026-1".to_owned());
    let grant = Command::ConfirmGrant { funder, amount: euros(80), reference };
    let Answer::GrantConfirmed(id) = village.ok(0, grant) else { panic!("a grant") };
    let refused = village.ask(0, run).expect("answered");
    assert_eq!(refused, Err(MemberRefused::NotCovered { short: euros(20) }.into()));
    allocate(&mut village);
    let receive = |amount| Command::ReceiveGrant { grant: id, amount, into: Purse::Bank };
    village.ok(0, receive(euros(50)));
    let more = village.ask(0, receive(euros(31))).expect("answered");
    assert_eq!(more, Err(GrantRefused::MoreThanLeft { left: euros(30) }.into()));
    let Ok(Answer::Guarantee(guarantee)) = village.query(0, &Query::Guarantee) else {
        panic!("the guarantee")
    };
    assert_eq!(
        (guarantee.money, guarantee.grants, guarantee.members),
        (euros(50), euros(30), euros(100))
    );
    assert!(!guarantee.is_kept());
    village.all_is_well();
}

#[test]
fn a_planned_rule_set_takes_effect_on_its_day_and_what_was_sold_before_keeps_its_receipt() {
    let mut village = Village::alone(&rules());
    let (member, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let receipt = paid(buy(&mut village, 1, vendor, &member, euros(10).into()));
    let from = "2026-12-01".parse().expect("a day");
    let caps = Caps { per_visit: Some(euros(5)), ..Caps::default() };
    let next = Rules { version: 2, from, caps, ..rules() };
    let force = Some(Force::because("test"));
    let plan = Command::PlanRules { rules: Box::new(next), force };
    assert_eq!(village.ok(0, plan.clone()), Answer::RulesPlanned(2));
    assert!(village.ask(0, plan).expect("answered").is_err(), "version 2 is planned already");
    village.restart(0, None);
    paid(buy(&mut village, 2, vendor, &member, euros(10).into()));
    village.wait(8 * DAY_MS);
    let capped = refused(buy(&mut village, 3, vendor, &member, euros(10).into()));
    assert_eq!(capped, PaymentRefused::CapReached { room: euros(5) });
    assert_eq!(paid(buy(&mut village, 1, vendor, &member, euros(10).into())), receipt);
    let Ok(Answer::Rules(info)) = village.query(0, &Query::Rules) else { panic!("the rules") };
    assert_eq!((info.in_force, info.sets.len(), info.configuration_differs), (2, 2, false));
    village.all_is_well();
}

#[test]
fn rules_that_were_planned_by_mistake_are_taken_back_before_their_month_begins() {
    let mut village = Village::alone(&rules());
    let plan = |version, from: &str| {
        let from = from.parse().expect("a day");
        let rules = Box::new(Rules { version, from, ..rules() });
        Command::PlanRules { rules, force: None }
    };
    let cancel = |version| Command::CancelRules { version };
    let refused = |village: &mut Village, version| match village.ask(0, cancel(version)) {
        Some(Err(Refused::Rules(RulesRefused::Cancel(why)))) => why,
        other => panic!("not refused: {other:?}"),
    };
    village.ok(0, plan(2, "2026-12-15"));
    village.ok(0, plan(3, "2099-01-01"));
    assert_eq!(refused(&mut village, 2), CancelRefused::NotLast { version: 3 });
    assert_eq!(refused(&mut village, 4), CancelRefused::Unknown);
    assert!(matches!(refused(&mut village, 1), CancelRefused::Begun { .. }));
    village.ok(0, cancel(3));
    village.ok(0, plan(3, "2027-01-01"));
    village.ok(0, cancel(3));
    village.restart(0, None);
    let Ok(Answer::Rules(info)) = village.query(0, &Query::Rules) else { panic!("the rules") };
    assert_eq!(info.sets.len(), 2, "what was taken back is not there after a restart");
    // On 1 December its allocations may be issued, though version 2 holds from the 15th.
    village.wait(7 * DAY_MS);
    assert!(matches!(refused(&mut village, 2), CancelRefused::Begun { .. }));
    village.all_is_well();
}

#[test]
fn a_plan_must_be_covered_for_the_households_that_have_not_left() {
    let mut village = Village::alone(&rules());
    let add = |village: &mut Village| {
        let household = Household { adults: 1, teens: 0, children: 0 };
        let name = "Camille Test".to_owned();
        match village.ok(0, Command::AddMember { name, household }) {
            Answer::MemberAdded(member) => member,
            other => panic!("no member: {other:?}"),
        }
    };
    let (_, member) = (add(&mut village), add(&mut village));
    let one = rules().allocation.for_household(&Household { adults: 1, teens: 0, children: 0 });
    let (funder, reference) = ("Town".to_owned(), "2026-7".to_owned());
    let amount = one.expect("an amount");
    village.ok(0, Command::ConfirmGrant { funder, amount, reference });
    let from = "2026-12-01".parse().expect("a day");
    let rules = Box::new(Rules { version: 2, from, ..rules() });
    let plan = Command::PlanRules { rules, force: None };
    assert!(village.ask(0, plan.clone()).expect("answered").is_err(), "two are not covered");
    let reason = "moved".to_owned();
    village.ok(0, Command::People(PeopleCommand::Leave { member, until: None, reason }));
    assert_eq!(village.ok(0, plan), Answer::RulesPlanned(2));
}

#[test]
fn a_basket_must_sum_to_its_price_and_each_line_has_its_products_rate() {
    let mut village = Village::alone(&rules());
    let (member, vendor) = (village.shopper(0, 1), village.vendor(0, 7_000));
    let line = |product: &str, amount| BasketLine { product: product.to_owned(), amount };
    let basket = |lines, amount: Cents| Purchase { lines, ..amount.into() };
    let wrong = basket(vec![line("a", euros(5))], euros(6));
    let sum = refused(buy(&mut village, 1, vendor, &member, wrong));
    assert_eq!(sum, PaymentRefused::BasketSum { sum: euros(5) });
    let huge = basket(vec![line("a", cents(1)); 201], cents(201));
    let large = refused(buy(&mut village, 2, vendor, &member, huge));
    assert_eq!(large, PaymentRefused::BasketTooLarge { limit: 200 });
    let product = Product {
        code: "b".to_owned(),
        name: "Blé".to_owned(),
        ciqual: None,
        coverage: BasisPoints::new(10_000).ok(),
        price: None,
        climate_g_co2e_per_kg: None,
    };
    village.ok(0, Command::PutProducts { vendor, products: vec![product] });
    let two = basket(vec![line("a", euros(10)), line("b", euros(3))], euros(13));
    let receipt = paid(buy(&mut village, 3, vendor, &member, two));
    assert_eq!(
        (receipt.covered, receipt.member_share, receipt.parts.len()),
        (euros(10), euros(3), 2)
    );
    let tiered = Purchase { tier: Percent::new(65).ok(), ..euros(1).into() };
    assert_eq!(refused(buy(&mut village, 4, vendor, &member, tiered)), PaymentRefused::NoTiers);
    village.all_is_well();
}
