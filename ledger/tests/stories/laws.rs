//! Laws of one caisse: whatever is done to it, in whatever order and by whatever clock, the books are in
//! balance (I1), nobody holds less than nothing (I2), no refund exceeds its sale (I7), `verify` finds
//! nothing, a refusal has changed nothing, and a restart gives the same caisse.

mod steps;

use std::collections::BTreeMap;

use crdt::{Cents, Date, Month, PaymentId, wire};
use ledger::account::{Account, Floor};
use ledger::answer::Receipt;
use ledger::command::DisputesQuery;
use ledger::lots::{self, Lot, Origin};
use ledger::payment::Sale;
use ledger::records::{Kind, Records};
use ledger::refund::Refund;
use ledger::sale::Mode;
use ledger::{Answer, Query};
use proptest::prelude::*;

use super::village::Village;
use steps::{Step, Town, sequence};

/// I1, I2 and I7, as the books and records show them; `verify` has its own way of looking.
fn invariants(village: &Village) {
    let books = village.houses[0].caisse.books();
    assert!(books.is_balanced(), "I1");
    let signed = |amount: Cents| i128::from(amount.get());
    let sum: i128 = books.accounts().values().map(|c| signed(c.credits) - signed(c.debits)).sum();
    assert_eq!(sum, 0, "I1");
    for (account, counters) in books.accounts() {
        let spent = signed(counters.debits) + signed(counters.debits_pending);
        match account.floor() {
            Floor::Credit => assert!(spent <= signed(counters.credits), "I2: {account:?}"),
            Floor::Debit => assert!(counters.credits <= counters.debits, "I2: {account:?}"),
            Floor::None => assert!(!matches!(account, Account::Member(_)), "members have a floor"),
        }
    }
    refunds(village);
    village.all_is_well();
}

/// What was given back of each sale is the sum of its refunds, and not more than it covered (I7).
fn refunds(village: &Village) {
    let disk = &village.houses[0].disk;
    let mut back = BTreeMap::<PaymentId, u64>::new();
    for (_, bytes) in disk.range(Kind::Refund, &[], &[], usize::MAX) {
        let refund: Refund = wire::decode(&bytes).expect("a refund");
        *back.entry(refund.receipt.payment).or_default() += refund.receipt.amount.get();
    }
    for (key, bytes) in disk.range(Kind::Sale, &[], &[], usize::MAX) {
        let sale: Sale = wire::decode(&bytes).expect("a sale");
        let id = PaymentId::from_slice(&key).expect("a payment");
        let refunded = back.remove(&id).unwrap_or(0);
        assert_eq!(sale.refunded.get(), refunded, "I7: the sum of the refunds");
        assert!(refunded <= sale.covered.get(), "I7: more than was covered");
        assert!(refunded == 0 || sale.is_made(), "I7: a sale that was not made");
    }
    assert!(back.is_empty(), "I7: a refund without a sale");
}

/// A price is shared, and no cent of it gets lost.
fn no_cent_is_lost(receipt: &Receipt) {
    let sum = Cents::checked_sum(receipt.parts.iter().map(|part| part.amount));
    assert_eq!(sum, Some(receipt.amount));
    let (covered, share, amount) = (receipt.covered, receipt.member_share, receipt.amount);
    match receipt.mode {
        Mode::Credit | Mode::Reimbursed | Mode::TierBelow(_) => {
            assert_eq!(covered.checked_add(share), Some(amount));
        }
        Mode::TierAbove(_) => assert_eq!(share.checked_sub(covered), Some(amount)),
    }
}

/// A caisse that is started again from its disk answers as before, and holds the same books.
fn restart_changes_nothing(village: &mut Village) {
    let asked = [Query::Status, Query::Members, Query::Vendors, Query::Accounts, Query::Rules];
    let asked = asked.into_iter().chain([
        Query::Disputes(DisputesQuery::List { due: false }),
        Query::Disputes(DisputesQuery::Agreed),
        Query::Disputes(DisputesQuery::Reminders),
    ]);
    let asked: Vec<Query> = asked.collect();
    let answers = |village: &Village| -> Vec<_> {
        asked.iter().map(|question| village.query(0, question)).collect()
    };
    let (before, books) = (answers(village), village.houses[0].caisse.books().clone());
    village.restart(0, None);
    assert_eq!(*village.houses[0].caisse.books(), books);
    for ((question, before), after) in asked.iter().zip(before).zip(answers(village)) {
        assert!(after == before, "{question:?} is answered otherwise after a restart");
    }
}

fn play(steps: Vec<Step>) {
    let mut town = Town::open();
    for step in steps {
        let before = town.village.fingerprint(0);
        let outcome = town.carry_out(&step);
        match outcome {
            Some(Ok(Answer::Paid(receipt))) => no_cent_is_lost(&receipt),
            Some(Err(_)) if !step.counts_refusals() => {
                assert_eq!(
                    town.village.fingerprint(0),
                    before,
                    "a refused {step:?} changed something"
                );
            }
            Some(Ok(_) | Err(_)) | None => {}
        }
        invariants(&town.village);
    }
    restart_changes_nothing(&mut town.village);
    invariants(&town.village);
}

fn lot(day: i8, cents: u32, closed: bool) -> (Origin, Lot) {
    let issued = Date::new(2026, 1, day).expect("a day");
    let origin = Origin::Allocation(Month::new(2026, day).expect("a month"));
    (origin, Lot { amount: Cents::from_u32(cents), issued, closed })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_commands_keeps_the_invariants_and_survives_a_restart(steps in sequence()) {
        play(steps);
    }

    #[test]
    fn a_balance_is_divided_among_lots_without_losing_a_cent(
        balance in 0..5_000u32,
        amounts in prop::collection::vec((1..2_000u32, any::<bool>()), 0..12),
    ) {
        let lots: Vec<_> =
            amounts.iter().zip(1i8..).map(|((cents, closed), day)| lot(day, *cents, *closed)).collect();
        let open = lots::divide(Cents::from_u32(balance), &lots);
        let sum = Cents::checked_sum(open.iter().map(|open| open.left));
        prop_assert_eq!(sum, Some(Cents::from_u32(balance)));
        prop_assert!(open.iter().all(|open| !open.left.is_zero()));
    }
}
