//! A member shops in another territory.

use crdt::PaymentId;
use crdt::pair::DenyReason;
use ledger::answer::PaymentStatus;
use ledger::refused::PaymentRefused;
use ledger::{Answer, Command, Input};

use super::village::{House, Village, cents, terms};

#[test]
fn a_visitor_pays_elsewhere_at_the_lower_rate_and_both_books_agree() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let receipt = village.paid(0, 1, vendor, &visitor, 1_000);
    assert_eq!((receipt.covered, receipt.member_share), (cents(700), cents(300)));
    assert_eq!(village.balance(1, &visitor), 9_300);
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (700, -700));
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Captured);
    assert_eq!(village.payment(1, 1).status, PaymentStatus::Obliged);
    village.all_is_well();
}

#[test]
fn the_host_learns_neither_the_code_nor_the_member() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let known = format!("{:?}", village.houses[0].disk);
    let hidden = [format!("{:?}", visitor.member.as_bytes()), format!("{:?}", b"1234")];
    for secret in hidden {
        assert!(!known.contains(secret.trim_matches(['[', ']'])), "{secret}");
    }
}

#[test]
fn a_wrong_code_is_denied_by_the_home_caisse_and_counts_there() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    for payment in 1..=4 {
        let intent = village.intent(0, payment, vendor, &visitor, 100, "9999");
        let refused = village.ask(0, Command::Pay(intent)).expect("answered");
        assert_eq!(refused, Err(PaymentRefused::Denied(DenyReason::WrongCode).into()));
    }
    let refused = village.pay(0, 5, vendor, &visitor, 100);
    assert_eq!(refused, Some(Err(PaymentRefused::Denied(DenyReason::CardLocked).into())));
    assert_eq!(village.balance(1, &visitor), 10_000);
    village.all_is_well();
}

#[test]
fn visitors_are_bounded_by_payment_by_month_and_by_the_ceiling() {
    let mut village = Village::federated(2, &terms());
    let vendor = village.vendor(0, 10_000);
    let visitor = village.shopper(1, 3);
    let above = village.pay(0, 1, vendor, &visitor, 7_145);
    let limit = cents(5_000);
    assert_eq!(above, Some(Err(PaymentRefused::VisitorLimit { limit }.into())));
    village.paid(0, 2, vendor, &visitor, 7_142);
    village.paid(0, 3, vendor, &visitor, 4_000);
    let month = village.pay(0, 4, vendor, &visitor, 1_000);
    assert_eq!(month, Some(Err(PaymentRefused::Denied(DenyReason::VisitorLimit).into())));
    let other = village.shopper(1, 3);
    village.paid(0, 10, vendor, &other, 7_142);
    village.paid(0, 11, vendor, &other, 4_284);
    let last = village.shopper(1, 3);
    let ceiling = village.pay(0, 20, vendor, &last, 7_142);
    let limit = cents(20_000);
    assert_eq!(ceiling, Some(Err(PaymentRefused::HomeOwes { ceiling: limit }.into())));
    assert!(village.owes(1, 0) <= 20_000);
    village.all_is_well();
}

#[test]
fn a_sale_whose_home_caisse_is_away_is_refused_and_one_that_falls_silent_is_void() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let intent = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    // The home caisse hears nothing, and the host does not know that.
    village.cut.insert(1);
    assert_eq!(village.ask(0, Command::Pay(intent.clone())), None, "nobody knows yet");
    village.wait(5_999);
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Asked);
    village.wait(1);
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Voided);
    let (_, told) = village.houses[0].told.last().expect("the till was told").clone();
    assert_eq!(told, Err(PaymentRefused::HomeSilent.into()));
    assert_eq!(village.ask(0, Command::Pay(intent)), Some(told), "and is told the same again");
    village.input(0, Input::Disconnected(village.id(1)));
    let away = village.pay(0, 2, vendor, &visitor, 1_000);
    assert_eq!(away, Some(Err(PaymentRefused::HomeUnreachable.into())));
    village.cut.clear();
    village.meet();
    assert_eq!(village.balance(1, &visitor), 10_000);
    assert_eq!(village.payment(1, 1).status, PaymentStatus::Tombstone);
    village.all_is_well();
}

#[test]
fn a_request_that_comes_after_the_void_is_denied_for_good() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let intent = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    let request = crdt::RequestId::new([9; 16]);
    let now = village.now;
    let House { caisse, disk, .. } = &mut village.houses[0];
    let effects =
        caisse.handle(now, Input::Command { request, command: Command::Pay(intent) }, disk);
    let mut late = None;
    village.cut.insert(1);
    let disk = &mut village.houses[0].disk;
    for effect in effects {
        match effect {
            ledger::Effect::Persist(writes) => disk.apply(writes),
            ledger::Effect::Send { message, .. } => late = Some(message),
            _ => {}
        }
    }
    village.wait(7_000);
    village.cut.clear();
    village.meet();
    assert_eq!(village.payment(1, 1).status, PaymentStatus::Tombstone);
    let from = village.id(0);
    village.input(1, Input::Received { from, message: late.expect("a request was sent") });
    village.deliver();
    assert_eq!(village.payment(1, 1).status, PaymentStatus::Tombstone);
    assert_eq!(village.balance(1, &visitor), 10_000);
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Voided);
    village.all_is_well();
}

#[test]
fn a_hold_whose_capture_is_lost_is_asked_about_and_ends() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    // The host crashes after its question left, before it wrote anything down: it never heard of it.
    let intent = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    let before = village.houses[0].disk.clone();
    let request = crdt::RequestId::new([9; 16]);
    village.input(0, Input::Command { request, command: Command::Pay(intent) });
    village.deliver();
    assert_eq!(village.balance(1, &visitor), 9_300);
    village.restart(0, Some(before));
    village.meet();
    village.wait(60_000);
    assert_eq!(village.houses[1].caisse.open_payments(), 0);
    village.all_is_well();
    assert_eq!(village.owes(1, 0), -village.owes(0, 1));
}

#[test]
fn a_refund_travels_back_to_the_member() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let (id, payment) = (PaymentId::new([50; 16]), PaymentId::new([1; 16]));
    let refund = Command::Refund { id, payment, amount: Some(cents(200)) };
    assert!(matches!(village.ok(0, refund.clone()), Answer::Refunded(_)));
    village.ok(0, refund);
    assert_eq!(village.balance(1, &visitor), 9_500);
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (500, -500));
    village.all_is_well();
}

#[test]
fn a_sale_at_the_hosts_risk_is_paid_when_the_home_caisse_accepts_it_later_and_lost_otherwise() {
    let mut floor = terms();
    floor.floor = cents(1_000);
    let mut village = Village::federated(2, &floor);
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let good = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    let wrong = village.intent(0, 2, vendor, &visitor, 1_000, "0000");
    village.cut_off(1);
    for intent in [good, wrong] {
        village.ask(0, Command::Pay(intent));
    }
    village.wait(6_000);
    for payment in [1, 2] {
        assert_eq!(village.payment(0, payment).status, PaymentStatus::AtRisk);
    }
    village.cut.clear();
    village.meet();
    assert_eq!(village.payment(0, 1).status, PaymentStatus::AtRiskAccepted);
    assert_eq!(village.payment(0, 2).status, PaymentStatus::AtRiskLost);
    assert_eq!(village.balance(1, &visitor), 9_300);
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (700, -700));
    village.all_is_well();
}
