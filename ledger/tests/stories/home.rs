//! One caisse: members, cards, vendors, the month, a sale.

use crdt::PaymentId;
use ledger::answer::{PaymentStatus, Skipped};
use ledger::command::Purse;
use ledger::guarantee::Force;
use ledger::refused::{MemberRefused, PaymentRefused, RefundRefused, Refused};
use ledger::rules::{ContributionRefused, Household};
use ledger::{Answer, Command, Query};

use super::village::{Village, cents, code, month};

#[test]
fn a_member_gets_the_allocation_once_the_contribution_is_in_and_only_once() {
    let mut village = Village::strangers(1);
    let household = Household { adults: 2, teens: 0, children: 1 };
    let add = Command::AddMember { name: "Camille".to_owned(), household };
    let Answer::MemberAdded(member) = village.ok(0, add) else { panic!("added") };
    let preview = Query::AllocationPreview(month());
    let Ok(Answer::Allocated(report)) = village.query(0, &preview) else { panic!("a report") };
    assert_eq!(report.skipped, [(member, Skipped::NoContribution)]);

    let amount = cents(1_000);
    village.ok(0, Command::AddContribution { member, month: month(), amount, into: Purse::Bank });
    let Ok(Answer::Allocated(report)) = village.query(0, &preview) else { panic!("a report") };
    assert_eq!(
        (report.issued.as_slice(), report.preview),
        ([(member, cents(30_000))].as_slice(), true)
    );
    assert!(
        village.houses[0].caisse.books().available(member).is_zero(),
        "a preview moves nothing"
    );

    village.ok(0, Command::Allocate { month: month(), force: Some(Force::because("test")) });
    let before = village.houses[0].caisse.books().clone();
    let Answer::Allocated(again) =
        village.ok(0, Command::Allocate { month: month(), force: Some(Force::because("test")) })
    else {
        panic!("a report")
    };
    assert_eq!(again.skipped, [(member, Skipped::AlreadyIssued)]);
    assert_eq!(*village.houses[0].caisse.books(), before, "a second run changes nothing");
    assert_eq!(before.available(member), cents(30_000));
    village.all_is_well();
}

#[test]
fn a_sale_takes_the_covered_part_from_the_credit_and_leaves_the_rest_to_the_member() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 7_000));
    let receipt = village.paid(0, 1, vendor, &shopper, 1_255);
    assert_eq!((receipt.covered, receipt.member_share), (cents(878), cents(377)));
    assert_eq!(village.balance(0, &shopper), 10_000 - 878);
    village.all_is_well();
}

#[test]
fn a_till_that_asks_again_gets_the_same_answer_and_nobody_is_charged_twice() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let first = village.pay(0, 1, vendor, &shopper, 1_000);
    let before = village.fingerprint(0);
    village.wait(3_600_000);
    assert_eq!(village.pay(0, 1, vendor, &shopper, 1_000), first);
    let other = village.pay(0, 1, vendor, &shopper, 999);
    assert_eq!(other, Some(Err(PaymentRefused::Conflict.into())));
    assert_eq!(village.fingerprint(0), before);
    assert_eq!(village.balance(0, &shopper), 9_000);
}

#[test]
fn a_member_cannot_spend_more_than_the_allocation_and_the_books_do_not_move() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &shopper, 9_000);
    let books = village.houses[0].caisse.books().clone();
    let refused = village.pay(0, 2, vendor, &shopper, 1_001);
    let available = cents(1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::InsufficientFunds { available }.into())));
    assert_eq!(*village.houses[0].caisse.books(), books);
    village.paid(0, 3, vendor, &shopper, 1_000);
    assert_eq!(village.balance(0, &shopper), 0);
    village.all_is_well();
}

#[test]
fn four_wrong_codes_lock_the_card_for_a_day_and_asking_again_is_not_another_attempt() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let attempt = |village: &mut Village, payment: u8, typed: &str| {
        let intent = village.intent(0, payment, vendor, &shopper, 100, typed);
        village.ask(0, Command::Pay(intent)).expect("answered at once")
    };
    for (payment, attempts_left) in [(1, 3), (1, 3), (2, 2), (3, 1), (4, 0)] {
        let refused = attempt(&mut village, payment, "0000");
        assert_eq!(refused, Err(PaymentRefused::WrongCode { attempts_left }.into()));
    }
    let locked = attempt(&mut village, 5, "1234");
    assert_eq!(locked, Err(PaymentRefused::CardLocked { left_minutes: 24 * 60 }.into()));
    village.restart(0, None);
    let locked = attempt(&mut village, 6, "1234");
    assert_eq!(locked, Err(PaymentRefused::CardLocked { left_minutes: 24 * 60 }.into()));
    village.wait(24 * 3_600_000);
    assert!(attempt(&mut village, 7, "1234").is_ok());
    village.all_is_well();
}

#[test]
fn a_blocked_card_pays_nothing_and_a_new_one_has_the_balance() {
    let mut village = Village::strangers(1);
    let (mut shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.ok(0, Command::BlockCard { card: shopper.card.card() });
    let refused = village.pay(0, 1, vendor, &shopper, 100);
    assert_eq!(refused, Some(Err(PaymentRefused::CardBlocked.into())));
    let issue = Command::IssueCard { member: shopper.member, code: code("9876") };
    let Answer::CardIssued(card) = village.ok(0, issue) else { panic!("a card") };
    shopper.card = card.number.parse().expect("a number");
    let intent = village.intent(0, 2, vendor, &shopper, 100, "9876");
    assert!(matches!(village.ok(0, Command::Pay(intent)), Answer::Paid(_)));
    assert_eq!(village.balance(0, &shopper), 9_900);
}

#[test]
fn a_refund_gives_back_to_the_member_and_never_more_than_was_covered() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 7_000));
    village.paid(0, 1, vendor, &shopper, 1_000);
    let payment = PaymentId::new([1; 16]);
    let refund = |id: u8, amount: Option<u32>| Command::Refund {
        id: PaymentId::new([id; 16]),
        payment,
        amount: amount.map(cents),
    };
    let first = village.ok(0, refund(50, Some(300)));
    assert_eq!(village.ok(0, refund(50, Some(300))), first, "the same refund again is the same");
    assert_eq!(village.balance(0, &shopper), 10_000 - 700 + 300);
    let refused = |village: &mut Village, command| village.ask(0, command).expect("answered");
    let conflict = refused(&mut village, refund(50, Some(301)));
    assert_eq!(conflict, Err(RefundRefused::Conflict.into()));
    let more = refused(&mut village, refund(51, Some(401)));
    assert_eq!(more, Err(RefundRefused::MoreThanLeft { left: cents(400) }.into()));
    village.ok(0, refund(52, None));
    assert_eq!(village.balance(0, &shopper), 10_000);
    assert_eq!(refused(&mut village, refund(53, None)), Err(RefundRefused::AmountZero.into()));
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Paid);
    assert_eq!(village.payment(0, 1).refunded, cents(700));
    village.all_is_well();
}

#[test]
fn a_contribution_outside_the_rules_is_refused_with_the_bound() {
    let mut village = Village::strangers(1);
    let shopper = village.shopper(0, 1);
    let mut give = |amount| {
        let member = shopper.member;
        let command = Command::AddContribution {
            member,
            // A month for which nothing has been given yet.
            month: month().plus(-1),
            amount: cents(amount),
            into: Purse::Bank,
        };
        village.ask(0, command).expect("answered")
    };
    let refused = |why| Err(Refused::Member(MemberRefused::Contribution(why)));
    let (least, most, step) = (cents(100), cents(25_000), cents(100));
    assert_eq!(give(50), refused(ContributionRefused::BelowMinimum { least }));
    assert_eq!(give(25_100), refused(ContributionRefused::AboveMaximum { most }));
    assert_eq!(give(150), refused(ContributionRefused::NotAStep { step }));
}

#[test]
fn a_changed_journal_entry_or_account_is_found() {
    use ledger::records::{Kind, Records, Write};

    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &shopper, 500);
    village.all_is_well();
    let clean = village.houses[0].disk.clone();
    for kind in [Kind::Journal, Kind::Account, Kind::Sale] {
        for (key, value) in clean.range(kind, &[], &[], usize::MAX) {
            let mut changed = value.clone();
            let last = changed.len() - 1;
            changed[last] ^= 1;
            for value in [Some(changed), None] {
                let mut disk = clean.clone();
                disk.apply([Write { kind, key: key.clone(), value: value.clone() }]);
                village.restart(0, Some(disk));
                let Ok(Answer::Verified(report)) = village.query(0, &Query::Verify) else {
                    panic!("verify answers")
                };
                let what = format!("{value:?} as {kind:?} {key:?}");
                assert!(!report.is_clean(), "{what} goes unnoticed");
            }
        }
    }
}
