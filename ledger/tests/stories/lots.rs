//! A sale while the member's caisse is away: by a lot that it gave before.

mod claims;
mod recovery;
mod restore;
mod town;

use crdt::card::CardText;
use crdt::feed::FeedId;
use crdt::message::Message;
use crdt::{PaymentId, RequestId};
use ledger::answer::PaymentStatus;
use ledger::command::OfflineCommand;
use ledger::refused::{OfflineRefused, PaymentRefused, RefundRefused, WithoutHome};
use ledger::{Answer, Command, Input, Query};

use super::village::{cents, terms};
use town::{Town, policy};

#[test]
fn a_sale_in_an_outage_is_made_by_a_lot_at_once_and_claimed_after() {
    let mut town = Town::open();
    town.village.cut_off(1);
    let receipt = town.paid(1, 1_000);
    assert_eq!((receipt.covered, receipt.member_share), (cents(700), cents(300)));
    assert!(receipt.offline && !receipt.at_hosts_risk, "the till shows that it was without A");
    assert_eq!(town.village.payment(0, 1).status, PaymentStatus::ByLot);
    assert_eq!(town.held().left, cents(3_300));
    let Ok(Answer::Status(status)) = town.village.query(0, &Query::Status) else { panic!() };
    assert_eq!(status.degraded.len(), 1, "the operator sees it");
    assert_eq!(status.degraded[0].left, cents(3_300));
    town.village.all_is_well_at(0);

    town.back();
    assert_eq!(town.village.payment(0, 1).status, PaymentStatus::ByLotAccepted);
    assert_eq!(town.village.payment(1, 1).status, PaymentStatus::Obliged);
    assert_eq!(town.village.balance(1, &town.visitor), 9_300);
    assert_eq!((town.village.owes(1, 0), town.village.owes(0, 1)), (700, -700));
    assert_eq!(town.given().state.claimed, cents(700));
    assert_eq!(town.paid(1, 1_000), receipt, "the till hears the same however often it asks");
    let Ok(Answer::Status(status)) = town.village.query(0, &Query::Status) else { panic!() };
    assert!(status.degraded.is_empty(), "it ends at the first contact");
    town.village.all_is_well();
}

#[test]
fn a_sale_beyond_what_the_lot_allows_is_refused_and_nothing_is_stored() {
    let mut town = Town::open();
    let other = town.village.shopper(1, 1);
    town.village.cut_off(1);
    let refused = |town: &mut Town, payment, amount| {
        let before = town.village.fingerprint(0);
        let outcome = town.pay(payment, amount).expect("answered at once");
        assert_eq!(town.village.fingerprint(0), before, "a refusal stores nothing");
        outcome.expect_err("refused")
    };
    let without = |why| PaymentRefused::WithoutHome(why).into();
    // Above one sale: 2,001 cents of 2,859.
    let most = cents(2_000);
    assert_eq!(refused(&mut town, 1, 2_859), without(WithoutHome::Sale { most }));
    town.paid(2, 2_857);
    town.paid(3, 1_000);
    // The card has 301 left of its 3,000, the lot 1,301 of its 4,000.
    let left = cents(301);
    assert_eq!(refused(&mut town, 4, 1_000), without(WithoutHome::Card { left }));
    town.visitor = other;
    let left = cents(1_301);
    assert_eq!(refused(&mut town, 5, 2_000), without(WithoutHome::Lot { left }));
    town.paid(6, 1_000);
    // A number that was typed proves nothing: whoever has seen the card knows it.
    town.visitor.card = CardText::Number(town.visitor.card.card());
    assert_eq!(refused(&mut town, 7, 100), without(WithoutHome::Typed));
    let mut scanned = town.intent(8, 100, "1234");
    scanned.scanned = true;
    assert!(town.village.ask(0, Command::Pay(scanned)).expect("answered").is_ok());
    town.back();
    assert_eq!((town.village.owes(1, 0), town.village.owes(0, 1)), (3_469, -3_469));
    town.village.all_is_well();
}

#[test]
fn a_card_that_its_caisse_has_listed_is_refused_in_an_outage_under_the_floor_too() {
    let mut floor = terms();
    floor.floor = cents(1_000);
    let mut town = Town::with(&floor);
    let card = town.visitor.card.card();
    town.village.ok(1, Command::BlockCard { card });
    town.village.deliver();
    town.village.cut_off(1);
    let refused = town.pay(1, 1_000);
    let listed = PaymentRefused::WithoutHome(WithoutHome::Listed).into();
    assert_eq!(refused, Some(Err(listed)), "known within the moment in which it was blocked");
    town.back();
    assert_eq!(town.village.owes(1, 0), 0);
    town.village.all_is_well();
}

#[test]
fn a_list_of_cards_that_is_too_old_sells_nothing_by_lots_but_the_floor_still_does() {
    let mut floor = terms();
    floor.floor = cents(100);
    let mut town = Town::with(&floor);
    town.village.cut_off(1);
    town.days(7);
    let old = PaymentRefused::WithoutHome(WithoutHome::ListTooOld { days: 7 }).into();
    assert_eq!(town.pay(1, 1_000), Some(Err(old)));
    assert!(town.paid(2, 100).at_hosts_risk);
    town.back();
    town.village.cut_off(1);
    assert!(!town.paid(3, 1_000).at_hosts_risk, "contact brought a new list");
    town.back();
    town.village.all_is_well();
}

#[test]
fn a_connected_partner_is_told_the_list_again_every_day_and_an_old_one_heard_late_is_ignored() {
    let mut town = Town::open();
    town.village.post.clear();
    town.village.wait(1);
    let at = town.village.now;
    town.village.input(1, Input::Connected(town.village.id(0)));
    town.village.now = crdt::Timestamp::from_ms(at.as_ms() + 24 * 3_600_000 + 1);
    town.village.input(1, Input::Woke);
    let lists = town.village.post.iter().filter(|(.., m)| matches!(m, Message::Revoked(_)));
    assert_eq!(lists.count(), 1, "told again after a day");
    let old = town.village.post.iter().find(|(.., m)| matches!(m, Message::Revoked(_))).cloned();
    town.village.deliver();
    let card = town.visitor.card.card();
    town.village.ok(1, Command::BlockCard { card });
    town.village.deliver();
    town.village.post.extend(old);
    town.village.deliver();
    town.village.cut_off(1);
    let listed = PaymentRefused::WithoutHome(WithoutHome::Listed).into();
    assert_eq!(town.pay(1, 1_000), Some(Err(listed)), "the newest list counts");
}

#[test]
fn a_partner_that_gets_no_lots_any_more_is_told_nothing_and_nobody_is_woken_for_it() {
    let mut town = Town::open();
    let with = town.village.id(0);
    let none = Command::Offline(OfflineCommand::SetPolicy { with, policy: None });
    town.village.ok(1, none);
    let later = town.village.now.as_ms() + 25 * 3_600_000;
    town.village.now = crdt::Timestamp::from_ms(later);
    for house in [0, 1] {
        town.village.input(house, Input::Woke);
        let wakes = town.village.houses[house].caisse.next_wakeup();
        assert!(wakes.is_none_or(|at| at > town.village.now), "house {house}: {wakes:?}");
    }
}

#[test]
fn a_grant_that_crosses_a_sale_by_lot_is_charged_once() {
    let mut town = Town::open();
    let intent = town.intent(1, 1_000, "1234");
    let request = RequestId::new([77; 16]);
    town.village.input(0, Input::Command { request, command: Command::Pay(intent) });
    // The question arrives; the grant is lost on its way back, and A is not missed before the deadline.
    let question = town.village.post.pop_back().expect("the question is on its way");
    town.village.lose_post();
    town.village.post.push_back(question);
    town.village.deliver_to(1);
    assert_eq!(town.village.payment(1, 1).status, PaymentStatus::Held);
    town.village.cut.insert(1);
    town.village.wait(7_000);
    assert_eq!(town.village.payment(0, 1).status, PaymentStatus::ByLot, "decided at the deadline");
    town.back();
    town.village.wait(60_000);
    assert_eq!(town.village.payment(0, 1).status, PaymentStatus::ByLotAccepted);
    assert_eq!(town.village.payment(1, 1).status, PaymentStatus::Obliged);
    assert_eq!(town.village.balance(1, &town.visitor), 9_300, "charged once");
    assert_eq!((town.village.owes(1, 0), town.village.owes(0, 1)), (700, -700));
    assert_eq!(town.given().state.claimed, cents(700), "the lot is debited on both sides");
    assert_eq!(town.village.houses[1].caisse.open_payments(), 0);
    town.village.all_is_well();
}

#[test]
fn a_lot_is_renewed_when_half_of_it_is_used_and_the_reserve_is_never_exceeded() {
    let mut town = Town::open();
    assert_eq!(town.lots(1).given.len(), 1);
    town.village.cut_off(1);
    town.paid(1, 2_000);
    town.back();
    assert_eq!(town.lots(1).given.len(), 1, "1,400 of 4,000 are used: no new lot");
    town.village.cut_off(1);
    town.paid(2, 1_000);
    town.back();
    let lots = town.lots(1);
    assert_eq!(lots.given.len(), 2, "2,100 of 4,000 are used");
    assert!(lots.out <= lots.reserve, "{lots:?}");
    assert_eq!(lots.given[0].state.terms.amount, cents(4_000));
    // The old one has less left than its largest sale, and a newer one is there: it is given back.
    let old = &lots.given[1];
    assert_eq!((old.state.closed, old.state.claimed), (Some(cents(2_100)), cents(2_100)));
    assert_eq!(lots.out, cents(4_000));
    town.village.all_is_well();
}

#[test]
fn a_lot_ends_by_its_days_at_the_host_or_when_it_is_asked_back_and_is_then_free_again() {
    let mut town = Town::open();
    town.days(10);
    town.village.deliver();
    let lots = town.lots(1);
    assert_eq!(lots.given.len(), 2, "the host closed it by its own clock, and a new one came");
    assert_eq!(lots.given[1].state.closed, Some(cents(0)));
    let lot = lots.given[0].lot;
    let with = town.village.id(0);
    let none = Command::Offline(OfflineCommand::SetPolicy { with, policy: None });
    town.village.ok(1, none);
    let lots = town.lots(1);
    let closed = lots.given.iter().find(|given| given.lot == lot).expect("the lot");
    assert_eq!((closed.state.closed, closed.state.close_asked), (Some(cents(0)), true));
    assert_eq!(lots.out, cents(0));
    town.village.cut_off(1);
    assert_eq!(town.pay(1, 1_000), Some(Err(PaymentRefused::HomeUnreachable.into())));
    town.back();
    town.village.all_is_well();
}

#[test]
fn a_lot_that_is_asked_back_while_its_host_is_away_stays_promised_until_the_host_says_so() {
    let mut town = Town::open();
    town.village.cut_off(1);
    let lot = town.given().lot;
    town.village.ok(1, Command::Offline(OfflineCommand::Close { lot }));
    assert_eq!(town.lots(1).out, cents(4_000), "asked for, not yet given back");
    town.paid(1, 1_000);
    town.back();
    let given = town.lots(1).given.into_iter().find(|given| given.lot == lot).expect("the lot");
    assert_eq!(given.state.closed, Some(cents(700)));
    assert_eq!(town.village.owes(1, 0), 700, "what was sold before is paid");
    let again = town.village.ask(1, Command::Offline(OfflineCommand::Close { lot }));
    assert_eq!(again, Some(Err(OfflineRefused::UnknownLot.into())));
    town.village.all_is_well();
}

#[test]
fn a_refund_of_a_sale_by_lot_waits_for_the_claim_and_lowers_the_advance_first() {
    let mut town = Town::open();
    town.spend_at_home(9_800);
    town.village.cut_off(1);
    town.paid(1, 1_000);
    let (id, payment) = (PaymentId::new([50; 16]), PaymentId::new([1; 16]));
    let refund = Command::Refund { id, payment, amount: Some(cents(600)) };
    let early = town.village.ask(0, refund.clone());
    assert_eq!(early, Some(Err(RefundRefused::NotAccepted.into())));
    town.back();
    assert_eq!((town.village.balance(1, &town.visitor), town.advance()), (0, 500));
    town.village.ok(0, refund);
    assert_eq!((town.village.balance(1, &town.visitor), town.advance()), (100, 0));
    assert_eq!((town.village.owes(1, 0), town.village.owes(0, 1)), (100, -100));
    town.village.all_is_well();
}

#[test]
fn a_policy_and_a_reserve_are_bounded_by_what_is_there_and_a_preview_changes_nothing() {
    let mut town = Town::open();
    let with = town.village.id(0);
    let set = |policy| Command::Offline(OfflineCommand::SetPolicy { with, policy: Some(policy) });
    let refused = |town: &mut Town, command| town.village.ask(1, command).expect("answered");
    let mut large = policy();
    large.amount = cents(6_001);
    let reserve = cents(6_000);
    assert_eq!(
        refused(&mut town, set(large)),
        Err(OfflineRefused::AboveReserve { reserve }.into())
    );
    large.amount = cents(20_001);
    let ceiling = terms().ceiling;
    assert_eq!(
        refused(&mut town, set(large)),
        Err(OfflineRefused::AboveCeiling { ceiling }.into())
    );
    let mut caps = policy();
    caps.per_sale = cents(3_001);
    assert!(refused(&mut town, set(caps)).is_err());
    let reserve = |amount| Command::Offline(OfflineCommand::SetReserve { amount: cents(amount) });
    assert!(matches!(
        refused(&mut town, reserve(22_001)),
        Err(ledger::Refused::Offline(OfflineRefused::NoMoney { .. }))
    ));
    let out = cents(4_000);
    assert_eq!(refused(&mut town, reserve(3_999)), Err(OfflineRefused::BelowLots { out }.into()));
    let before = town.village.fingerprint(1);
    let preview = ledger::command::OfflineQuery::PolicyPreview { with, policy: None };
    assert!(town.village.query(1, &Query::Offline(preview)).is_ok());
    assert_eq!(town.village.fingerprint(1), before);
    let stranger = FeedId::public(town.village.id(1)).author;
    let own =
        Command::Offline(OfflineCommand::SetPolicy { with: stranger, policy: Some(policy()) });
    assert_eq!(refused(&mut town, own), Err(OfflineRefused::NoAgreement.into()));
}

#[test]
fn a_host_that_has_just_started_sells_nothing_by_lots_before_it_was_told_what_it_had_said() {
    let mut town = Town::open();
    town.village.cut_off(1);
    town.village.cut.insert(1);
    town.village.restart(0, None);
    town.village.cut.insert(1);
    assert_eq!(town.pay(1, 1_000), Some(Err(PaymentRefused::HomeUnreachable.into())));
    town.back();
    town.village.cut_off(1);
    town.paid(1, 1_000);
}
