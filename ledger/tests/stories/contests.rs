//! What a member contests elsewhere is not settled before the dispute ends, and is never given back twice.

use crdt::pair::PairBody;
use crdt::{PaymentId, VendorId};
use ledger::account::Account;
use ledger::answer::{DisputeInfo, DisputesAnswer, StatementInfo};
use ledger::command::{Burden, Decision, DisputesCommand, DisputesQuery};
use ledger::dispute::contest::Contest;
use ledger::{Answer, Command, Query};

use super::village::{Shopper, Village, cents, terms};

/// House 0 is the home caisse; two sales of 14 and 7 euros at house 1.
fn visit() -> (Village, Shopper, VendorId) {
    let mut village = Village::federated(2, &terms());
    let (who, vendor) = (village.shopper(0, 1), village.vendor(1, 7_000));
    village.paid(1, 1, vendor, &who, 2_000);
    village.paid(1, 2, vendor, &who, 1_000);
    (village, who, vendor)
}

fn id(number: u8) -> PaymentId {
    PaymentId::new([number; 16])
}

fn contest(village: &mut Village, number: u8, who: &Shopper, amount: Option<u32>) -> DisputeInfo {
    let (payment, amount) = (id(number), amount.map(cents));
    let reason = "not mine".to_owned();
    let open = DisputesCommand::Open { payment, member: who.member, amount, reason };
    match village.ok(0, Command::Disputes(open)) {
        Answer::Disputes(DisputesAnswer::Dispute(info)) => info,
        other => panic!("no dispute: {other:?}"),
    }
}

fn info(village: &Village, dispute: &DisputeInfo) -> DisputeInfo {
    match village.query(0, &Query::Disputes(DisputesQuery::Show(dispute.id))) {
        Ok(Answer::Disputes(DisputesAnswer::Shown { info, .. })) => info,
        other => panic!("no dispute: {other:?}"),
    }
}

fn answer(village: &mut Village, dispute: &DisputeInfo, decision: Decision) {
    let dispute = dispute.id;
    village.ok(0, Command::Disputes(DisputesCommand::Answer { dispute, decision }));
}

fn reject() -> Decision {
    Decision::Reject { reason: "it was theirs".to_owned() }
}

fn own_loss(amount: Option<u32>) -> Decision {
    let reason = Some("for peace".to_owned());
    Decision::Accept { amount: amount.map(cents), burden: Burden::Caisse, reason }
}

fn refund(village: &mut Village, number: u8, payment: u8, amount: Option<u32>) {
    let (id, payment, amount) = (id(number), id(payment), amount.map(cents));
    village.ok(1, Command::Refund { id, payment, amount });
    village.deliver();
}

/// Both sides find the same statement; returns what the host is owed by it.
fn stated(village: &mut Village) -> i64 {
    let [ours, theirs] = [(0, 1), (1, 0)].map(|(house, other)| statement(village, house, other));
    assert_eq!(ours.now, theirs.now, "both fold the same");
    assert!(ours.anomalies.is_empty() && !ours.differs && !theirs.differs);
    theirs.owed_to_us.get()
}

fn statement(village: &Village, house: usize, other: usize) -> StatementInfo {
    match village.query(house, &Query::Statement { with: village.id(other) }) {
        Ok(Answer::Statement(info)) => *info,
        other => panic!("no statement: {other:?}"),
    }
}

fn settle(village: &mut Village) {
    let with = village.id(1);
    village.ok(0, Command::State { with });
    let Answer::RunProposed(run) = village.ok(0, Command::ProposeRun { without: [].into() }) else {
        panic!("proposed")
    };
    let Ok(Answer::Runs(runs)) = village.query(0, &Query::Runs) else { panic!("runs") };
    let found = runs.iter().find(|info| info.id == run).expect("the run");
    assert!(found.certified, "{found:?}");
}

#[test]
fn what_is_contested_is_left_out_of_statements_until_the_caisse_decides() {
    let (mut village, who, _) = visit();
    assert_eq!(stated(&mut village), 2_100);
    let dispute = contest(&mut village, 1, &who, Some(500));
    assert_eq!(dispute.settlement, Some(Contest::Excluded));
    assert_eq!(stated(&mut village), 700, "the whole obligation waits");
    let contested = statement(&village, 1, 0).lines.iter().filter(|(_, l)| l.contested).count();
    assert_eq!(contested, 1, "the host sees which");
    assert_eq!((village.owes(0, 1), village.balance(0, &who)), (2_100, 7_900), "nothing moved");
    village.all_is_well();
    answer(&mut village, &dispute, reject());
    assert_eq!(stated(&mut village), 2_100);
    assert_eq!(info(&village, &dispute).settlement, None);
    let again = contest(&mut village, 1, &who, None);
    assert_eq!(stated(&mut village), 700);
    village.ok(0, Command::Disputes(DisputesCommand::Withdraw { dispute: again.id }));
    assert_eq!(stated(&mut village), 2_100);
    village.all_is_well();
}

#[test]
fn a_refund_of_the_host_ends_it_and_a_part_of_it_does_not() {
    let (mut village, who, _) = visit();
    contest(&mut village, 1, &who, Some(1_000));
    refund(&mut village, 9, 1, Some(600));
    assert_eq!(stated(&mut village), 700);
    refund(&mut village, 8, 1, Some(400));
    assert_eq!(stated(&mut village), 1_100, "what was not contested counts again");
    assert_eq!((village.owes(0, 1), village.balance(0, &who)), (1_100, 8_900));
    village.all_is_well();
}

#[test]
fn only_what_is_not_contested_is_settled_and_the_rest_after() {
    let (mut village, who, _) = visit();
    let dispute = contest(&mut village, 1, &who, None);
    settle(&mut village);
    assert_eq!(village.owes(0, 1), 2_100, "the bank comes later");
    answer(&mut village, &dispute, reject());
    assert_eq!(stated(&mut village), 2_100);
    settle(&mut village);
    village.all_is_well();
}

#[test]
fn what_was_settled_is_not_contested_away_and_the_member_is_told() {
    let (mut village, who, _) = visit();
    settle(&mut village);
    let entries = village.entries(0).len();
    let dispute = contest(&mut village, 1, &who, None);
    assert_eq!(dispute.settlement, Some(Contest::Settled));
    assert_eq!(village.entries(0).len(), entries, "nothing is said to the host");
    assert_eq!(stated(&mut village), 2_100);
    answer(&mut village, &dispute, own_loss(None));
    assert_eq!(village.balance(0, &who), 9_300);
    village.all_is_well();
}

#[test]
fn a_home_caisse_that_contests_what_was_settled_is_not_believed() {
    let (mut village, ..) = visit();
    settle(&mut village);
    super::hostile::says(&mut village, 0, 1, PairBody::Contested { payment: id(1) });
    assert_eq!(statement(&village, 1, 0).owed_to_us.get(), 2_100);
    // But what was not settled it may contest.
    let (mut other, ..) = visit();
    super::hostile::says(&mut other, 0, 1, PairBody::Contested { payment: id(1) });
    assert_eq!(statement(&other, 1, 0).owed_to_us.get(), 700);
    // What is not owed cannot be contested: the statement names it.
    let (mut third, ..) = visit();
    super::hostile::says(&mut third, 0, 1, PairBody::Contested { payment: id(77) });
    assert_eq!(statement(&third, 1, 0).anomalies.len(), 1);
    assert_eq!(statement(&third, 1, 0).owed_to_us.get(), 2_100);
}

#[test]
fn a_dispute_opened_while_the_host_is_away_is_told_when_it_is_back() {
    let (mut village, who, _) = visit();
    village.restart(0, None);
    let dispute = contest(&mut village, 1, &who, None);
    assert_eq!(dispute.settlement, None, "the fence is closed");
    village.meet();
    assert_eq!(info(&village, &dispute).settlement, Some(Contest::Excluded));
    assert_eq!(stated(&mut village), 700);
    village.all_is_well();
}

#[test]
fn a_dispute_that_a_restore_has_lost_does_not_keep_a_payment_out_for_ever() {
    let (mut village, who, _) = visit();
    let backup = village.houses[0].disk.clone();
    let dispute = contest(&mut village, 1, &who, None);
    let later = village.houses[0].disk.clone();
    assert_eq!(stated(&mut village), 700);
    village.restart(0, Some(backup));
    village.meet();
    village.wait(30_000);
    assert_eq!(stated(&mut village), 2_100);
    village.all_is_well();
    // One that comes back with its dispute and has forgotten that it had ended says it again.
    village.restart(0, Some(later));
    village.meet();
    village.wait(30_000);
    assert_eq!(info(&village, &dispute).settlement, Some(Contest::Excluded));
    assert_eq!(stated(&mut village), 700);
    village.all_is_well();
}

#[test]
fn what_the_caisse_gave_at_its_own_loss_is_not_given_again_by_the_hosts_refund() {
    let (mut village, who, _) = visit();
    let dispute = contest(&mut village, 1, &who, Some(500));
    answer(&mut village, &dispute, own_loss(None));
    assert_eq!(village.balance(0, &who), 8_400);
    assert_eq!(stated(&mut village), 2_100, "it is owed and settled");
    let corrections = |village: &Village| {
        village.houses[0].caisse.books().counters(Account::Corrections).balance().get()
    };
    assert_eq!(corrections(&village), -500);
    refund(&mut village, 9, 1, Some(300));
    assert_eq!((village.balance(0, &who), corrections(&village)), (8_400, -200));
    refund(&mut village, 8, 1, None);
    // 14 were covered: 5 came from the caisse, the other 9 from the host, and the loss is made good.
    assert_eq!((village.balance(0, &who), corrections(&village)), (9_300, 0));
    assert_eq!((village.owes(0, 1), stated(&mut village)), (700, 700));
    village.all_is_well();
    village.restart(0, None);
    village.all_is_well();
}

#[test]
fn what_the_host_gave_first_can_still_be_contested_only_once() {
    let (mut village, who, _) = visit();
    refund(&mut village, 9, 1, Some(400));
    let first = contest(&mut village, 1, &who, None);
    assert_eq!(first.amount, cents(1_000));
    answer(&mut village, &first, own_loss(Some(600)));
    refund(&mut village, 8, 1, Some(600));
    let second = contest(&mut village, 1, &who, None);
    assert_eq!(second.amount, cents(400), "10 of 14 have come back, whoever gave them");
    answer(&mut village, &second, own_loss(None));
    assert_eq!(village.balance(0, &who), 9_300);
    refund(&mut village, 7, 1, None);
    assert_eq!(village.balance(0, &who), 9_300);
    village.all_is_well();
}
