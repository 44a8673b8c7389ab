//! A node that comes back from a backup learns what it had promised before it speaks.

use std::collections::BTreeMap;

use crdt::{RequestId, Timestamp};
use ledger::answer::PaymentStatus;
use ledger::refused::PaymentRefused;
use ledger::{Answer, Command, Input};

use super::village::{Village, cents, terms};

/// No author ever signed two entries for one place.
fn nobody_forked(village: &Village) {
    let mut seen = BTreeMap::new();
    for house in 0..village.houses.len() {
        assert_eq!(village.houses[house].caisse.forked(), []);
        for entry in village.entries(house) {
            let place = (entry.header().feed, entry.header().epoch, entry.header().seq);
            let known = *seen.entry(place).or_insert(entry.hash());
            assert_eq!(known, entry.hash(), "{place:?} was signed twice");
        }
    }
}

#[test]
fn a_home_caisse_restored_from_any_backup_keeps_every_promise_and_signs_nothing_twice() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let mut backups = vec![village.houses[1].disk.clone()];
    for payment in 1..=3 {
        village.paid(0, payment, vendor, &visitor, 1_000);
        backups.push(village.houses[1].disk.clone());
    }
    for (number, backup) in backups.into_iter().enumerate() {
        village.restart(1, Some(backup));
        village.meet();
        village.wait(30_000);
        assert_eq!(village.balance(1, &visitor), 7_900, "backup {number}");
        assert_eq!((village.owes(1, 0), village.owes(0, 1)), (2_100, -2_100));
        nobody_forked(&village);
        village.all_is_well();
    }
    village.paid(0, 10, vendor, &visitor, 1_000);
    nobody_forked(&village);
    village.all_is_well();
}

#[test]
fn a_host_restored_from_any_backup_still_owes_its_vendor_and_signs_nothing_twice() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let mut backups = vec![village.houses[0].disk.clone()];
    for payment in 1..=3 {
        village.paid(0, payment, vendor, &visitor, 1_000);
        backups.push(village.houses[0].disk.clone());
    }
    for backup in backups {
        village.restart(0, Some(backup));
        village.meet();
        village.wait(30_000);
        assert_eq!((village.owes(1, 0), village.owes(0, 1)), (2_100, -2_100));
        assert_eq!(village.payment(0, 3).status, PaymentStatus::Captured);
        nobody_forked(&village);
        village.all_is_well();
    }
}

#[test]
fn a_node_that_has_just_started_does_not_speak_before_it_was_told_what_it_had_said() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.restart(0, None);
    let refused = village.pay(0, 1, vendor, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeUnreachable.into())));
    let with = village.id(1);
    let offer = Command::Agree { with, terms: terms() };
    assert!(village.ask(0, offer.clone()).expect("answered").is_err());
    village.meet();
    assert!(matches!(village.ok(0, offer), Answer::Done));
    let receipt = village.paid(0, 2, vendor, &visitor, 1_000);
    assert_eq!(receipt.covered, cents(700));
    nobody_forked(&village);
}

#[test]
fn a_restored_host_gives_its_till_the_receipt_that_the_till_had_not_heard() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let backup = village.houses[0].disk.clone();
    let receipt = village.paid(0, 1, vendor, &visitor, 1_000);
    village.restart(0, Some(backup));
    village.meet();
    village.wait(30_000);
    assert_eq!(village.paid(0, 1, vendor, &visitor, 1_000), receipt);
    let other = village.pay(0, 1, vendor, &visitor, 1_001);
    assert_eq!(other, Some(Err(PaymentRefused::Conflict.into())));
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (700, -700));
    village.all_is_well();
}

#[test]
fn a_clock_set_back_while_the_node_was_down_keeps_no_sale_and_no_hold_waiting() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    // The question is on its way when both go down; the home caisse never hears it.
    let intent = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    village.input(
        0,
        Input::Command { request: RequestId::new([1; 16]), command: Command::Pay(intent) },
    );
    village.lose_post();
    village.now = Timestamp::from_ms(village.now.as_ms() - 48 * 3_600_000);
    village.restart(0, None);
    village.restart(1, None);
    village.meet();
    village.wait(30_000);
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Captured);
    assert_eq!(village.houses[1].caisse.open_payments(), 0);
    village.all_is_well();
}
