//! Transfers to vendors and direct debits of members.

use crdt::{Month, PaymentId};
use ledger::account::Account;
use ledger::answer::{BatchFile, RejectReport, StatementWhat, TreasuryAnswer, VendorStatement};
use ledger::command::{
    DisputesCommand, PeopleCommand, Rejection, StatementLine, TreasuryCommand, TreasuryQuery,
};
use ledger::refused::{LeftOut, TreasuryRefused, Waits};
use ledger::treasury::batch::{BatchState, Payee};
use ledger::treasury::line::{LineText, Side};
use ledger::{Answer, Command, Query};

use super::super::village::{Village, cents, month};
use super::*;

fn named(number: u8, side: Side, amount: u32, end_to_end: &str) -> StatementLine {
    let text = LineText { end_to_end: Some(end_to_end.to_owned()), ..LineText::default() };
    StatementLine { text, ..line(number, side, amount, "") }
}

fn reject(village: &mut Village, name: &str) -> RejectReport {
    let items = vec![Rejection { name: name.to_owned(), reason: Some("AC04".to_owned()) }];
    match ok(village, TreasuryCommand::RejectItems { items }) {
        Answer::Treasury(TreasuryAnswer::Rejected(report)) => *report,
        other => panic!("no report: {other:?}"),
    }
}

fn file(village: &Village, id: crdt::BatchId) -> BatchFile {
    match tell(village, TreasuryQuery::BatchFile(id)) {
        TreasuryAnswer::BatchFile(file) => *file,
        other => panic!("no file: {other:?}"),
    }
}

fn december() -> Month {
    Month::new(2026, 12).expect("a month")
}

fn debits() -> TreasuryCommand {
    TreasuryCommand::OrderDebits { month: december(), on: None }
}

fn contributed(village: &Village, member: crdt::MemberId) -> u64 {
    match village.query(0, &Query::Member(member)) {
        Ok(Answer::Member(detail)) => {
            let of = detail.contributions.iter().find(|(of, _)| **of == december());
            of.map_or(0, |(_, amount)| amount.get())
        }
        other => panic!("no member: {other:?}"),
    }
}

#[test]
fn vendors_are_paid_what_they_are_owed_once_and_who_has_no_account_is_named() {
    let mut village = treasury();
    let vendor = owed_vendor(&mut village, 1, 4_000);
    let shopper = village.shopper(0, 1);
    let unknown = village.vendor(0, 10_000);
    village.paid(0, 2, unknown, &shopper, 1_000);

    let report = order(&mut village, payouts());
    assert_eq!(report.payments, [(Payee::Vendor(vendor), cents(4_000))]);
    assert_eq!(report.left_out, [(Payee::Vendor(unknown), LeftOut::NoDetails)]);
    let id = report.batch.expect("a batch");
    assert_eq!(balance(&village, Account::Vendor(vendor)), 0);
    assert_eq!(balance(&village, Account::Ordered(id)), 4_000);
    // A second operator who does the same finds nothing to do.
    assert_eq!(refused(&mut village, payouts()), TreasuryRefused::NothingToOrder);

    // The file is the same whenever it is made, also after the vendor has moved.
    let before = file(&village, id);
    set(&mut village, Holder::Vendor(vendor), details("Ferme du Bois", OWN));
    village.wait(24 * 3_600_000);
    assert_eq!(file(&village, id), before);
    assert_eq!(before.payments[0].to, details("Ferme du Pré", OTHER));

    let code = report.code.expect("a batch");
    import(&mut village, vec![named(1, Side::Out, 4_000, &format!("{code}-1"))]);
    assert_eq!(balance(&village, Account::Ordered(id)), 0);
    assert_eq!(batch(&village, id).open, zero());
    village.all_is_well();
}

#[test]
fn a_transfer_that_comes_back_is_owed_again_in_whatever_order_the_bank_says_so() {
    for order_of in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut village = treasury();
        let vendor = owed_vendor(&mut village, 1, 4_000);
        let report = order(&mut village, payouts());
        let (id, code) = (report.batch.expect("a batch"), report.code.expect("a batch"));
        let name = format!("{code}-1");
        for step in order_of {
            match step {
                0 => drop(import(&mut village, vec![named(1, Side::Out, 4_000, &name)])),
                1 => drop(import(&mut village, vec![named(2, Side::In, 4_000, &name)])),
                _ => drop(reject(&mut village, &name)),
            }
            village.all_is_well();
        }
        assert_eq!(balance(&village, Account::Vendor(vendor)), 4_000, "{order_of:?}");
        assert_eq!(balance(&village, Account::Ordered(id)), 0, "{order_of:?}");
        assert_eq!(balance(&village, Account::Unassigned), 0, "{order_of:?}");
        // And it can be ordered again.
        assert_eq!(order(&mut village, payouts()).total, cents(4_000));
    }
}

#[test]
fn a_batch_that_the_bank_books_as_one_sum_is_settled_as_a_whole() {
    let mut village = treasury();
    owed_vendor(&mut village, 1, 4_000);
    owed_vendor(&mut village, 2, 1_500);
    let report = order(&mut village, payouts());
    let (id, code) = (report.batch.expect("a batch"), report.code.expect("a batch"));
    let wrong = import(&mut village, vec![line(1, Side::Out, 5_400, &code)]);
    let other = Waits::OtherAmount { expected: cents(5_500) };
    assert_eq!(wrong.waiting.into_iter().map(|(.., why)| why).collect::<Vec<_>>(), [other]);
    let whole = import(&mut village, vec![line(2, Side::Out, 5_500, &format!("VIR {code}"))]);
    assert_eq!(whole.assigned.len(), 1, "{whole:?}");
    assert!(matches!(batch(&village, id).state, BatchState::Booked(_)));
    // One of the two comes back.
    let items = batch(&village, id).items;
    let (number, _) =
        items.iter().find(|(_, item)| item.amount == cents(1_500)).expect("it is there");
    import(&mut village, vec![named(3, Side::In, 1_500, &format!("{code}-{number}"))]);
    assert_eq!(batch(&village, id).back, cents(1_500));
    village.all_is_well();
    // The whole cannot be taken back by a person while it is with the bank.
    let cancel = TreasuryCommand::CancelBatch { batch: id, reason: "no".to_owned() };
    assert_eq!(refused(&mut village, cancel), TreasuryRefused::UnderWay);
}

#[test]
fn a_batch_is_cancelled_before_it_is_sent_and_confirmed_by_hand_where_no_lines_come() {
    let mut village = treasury();
    let vendor = owed_vendor(&mut village, 1, 4_000);
    let id = order(&mut village, payouts()).batch.expect("a batch");
    let cancel = TreasuryCommand::CancelBatch { batch: id, reason: "wrong day".to_owned() };
    ok(&mut village, cancel.clone());
    assert_eq!(balance(&village, Account::Vendor(vendor)), 4_000);
    assert_eq!(refused(&mut village, cancel), TreasuryRefused::Cancelled);
    let code = batch(&village, id).code;
    assert_eq!(reject(&mut village, &code).known, 1);
    village.all_is_well();

    let second = order(&mut village, payouts()).batch.expect("a batch");
    let bank = balance(&village, Account::Bank);
    ok(&mut village, TreasuryCommand::ConfirmBatch { batch: second });
    assert_eq!(balance(&village, Account::Bank), bank + 4_000, "it left the bank");
    let again = TreasuryCommand::ConfirmBatch { batch: second };
    assert_eq!(refused(&mut village, again), TreasuryRefused::UnderWay);
    // The bank gives it back after all.
    let name = format!("{}-1", batch(&village, second).code);
    assert_eq!(reject(&mut village, &name).reopened, [(second, 1)]);
    assert_eq!(balance(&village, Account::Vendor(vendor)), 4_000);
    assert_eq!(reject(&mut village, &name).known, 1, "it is known now");
    // Statements are imported after all: the line shows what the report has put back already.
    let back = balance(&village, Account::Bank);
    import(&mut village, vec![named(1, Side::In, 4_000, &name)]);
    assert_eq!(balance(&village, Account::Bank), back);
    assert_eq!(balance(&village, Account::Vendor(vendor)), 4_000);
    village.all_is_well();
}

#[test]
fn a_member_who_paid_first_is_paid_back_with_the_vendors() {
    use ledger::rules::{Allocation, Issue};
    let allocation = Allocation::ProductRefund { most_per_person: None };
    let issue = Issue { from_day: 1, after_contribution: false };
    let rules = ledger::rules::Rules { allocation, issue, ..super::super::village::rules() };
    let mut village = Village::alone(&rules);
    set(&mut village, Holder::Own, details("Caisse", OWN));
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 5_000));
    village.paid(0, 1, vendor, &shopper, 3_000);
    set(&mut village, Holder::Member(shopper.member), details("Camille", OTHER));
    let report = order(&mut village, payouts());
    assert_eq!(report.payments, [(Payee::Claim(shopper.member), cents(1_500))]);
    assert_eq!(balance(&village, Account::Claim(shopper.member)), 0);
    // It is on its way: a refund of the sale comes too late.
    let refund = Command::Refund {
        id: PaymentId::new([9; 16]),
        payment: PaymentId::new([1; 16]),
        amount: None,
    };
    assert!(village.ask(0, refund).expect("an answer").is_err());
    village.all_is_well();
}

#[test]
fn nothing_is_collected_from_who_has_left_though_the_mandate_is_there() {
    let mut village = treasury();
    let member = village.shopper(0, 1).member;
    let held = Details { mandate: Some(mandate("RUM-1", 2_000)), ..details("Zoé", OTHER) };
    set(&mut village, Holder::Member(member), held);
    let reason = "moved".to_owned();
    village.ok(0, Command::People(PeopleCommand::Leave { member, until: None, reason }));
    assert_eq!(refused(&mut village, debits()), TreasuryRefused::NothingToOrder);
    village.ok(0, Command::People(PeopleCommand::Return { member, with_credit: false }));
    assert_eq!(order(&mut village, debits()).payments, [(Payee::Debit(member), cents(2_000))]);
    village.all_is_well();
}

#[test]
fn a_contribution_is_collected_once_and_a_bounced_debit_shows_it_missing_again() {
    let mut village = treasury();
    let member = village.shopper(0, 1).member;
    assert_eq!(refused(&mut village, debits()), TreasuryRefused::NothingToOrder);
    let held = Details { mandate: Some(mandate("RUM-1", 2_000)), ..details("Zoé", OTHER) };
    set(&mut village, Holder::Member(member), held.clone());
    let first = order(&mut village, debits());
    let (id, code) = (first.batch.expect("a batch"), first.code.expect("a batch"));
    assert_eq!(first.payments, [(Payee::Debit(member), cents(2_000))]);
    assert_eq!(contributed(&village, member), 2_000);
    assert!(file(&village, id).payments[0].first);
    let TreasuryAnswer::Ordered(preview) =
        tell(&village, TreasuryQuery::DebitPreview { month: december() })
    else {
        panic!("a preview")
    };
    assert_eq!(preview.left_out, [(Payee::Debit(member), LeftOut::Contributed)]);

    let name = format!("{code}-1");
    import(&mut village, vec![named(1, Side::In, 2_000, &name)]);
    assert_eq!(balance(&village, Account::Collecting(id)), 0);
    let returned = Some("AC04".to_owned());
    let bounced = StatementLine { returned, ..named(2, Side::Out, 2_000, &name) };
    import(&mut village, vec![bounced]);
    assert_eq!(contributed(&village, member), 0);
    village.all_is_well();

    // Written down again, the mandate has still been used: the next debit is not its first.
    set(&mut village, Holder::Member(member), held);
    let second = order(&mut village, debits());
    let id = second.batch.expect("a batch");
    assert!(!file(&village, id).payments[0].first);
    let name = format!("{}-1", second.code.expect("a batch"));
    assert_eq!(reject(&mut village, &name).reopened, [(id, 1)]);
    assert_eq!((contributed(&village, member), balance(&village, Account::Collecting(id))), (0, 0));
    village.all_is_well();
}

#[test]
fn what_cannot_be_ordered_is_refused_and_nothing_changes() {
    let mut village = Village::strangers(1);
    village.shopper(0, 1);
    assert_eq!(refused(&mut village, payouts()), TreasuryRefused::NoOwnAccount);
    assert_eq!(refused(&mut village, debits()), TreasuryRefused::NoOwnAccount);
    set(&mut village, Holder::Own, details("Caisse", OWN));
    assert_eq!(refused(&mut village, debits()), TreasuryRefused::NoCreditorId);
    owed_vendor(&mut village, 1, 4_000);
    let (from, to) = (day(11, 24), day(11, 24).plus_days(365));
    for on in [from.plus_days(-1), to.plus_days(1)] {
        let late = TreasuryCommand::OrderPayouts { vendors: Vec::new(), on: Some(on) };
        assert_eq!(refused(&mut village, late), TreasuryRefused::Day { from, to });
    }
    let batch = crdt::BatchId::new([1; 16]);
    let confirm = TreasuryCommand::ConfirmBatch { batch };
    assert_eq!(refused(&mut village, confirm), TreasuryRefused::UnknownBatch);
    assert_eq!(reject(&mut village, "P00000000000000000000-1").unknown, [0]);
    assert_eq!(reject(&mut village, "Zoé").unknown, [0]);
    let later = Mandate { signed: day(12, 25), ..mandate("M", 100) };
    let held = Box::new(Details { mandate: Some(later), ..details("Zoé", OTHER) });
    let member = village.shopper(0, 1).member;
    let command = TreasuryCommand::SetDetails { of: Holder::Own, details: held.clone() };
    assert_eq!(refused(&mut village, command), TreasuryRefused::NotAMember);
    let command = TreasuryCommand::SetDetails { of: Holder::Member(member), details: held };
    assert_eq!(refused(&mut village, command), TreasuryRefused::SignedLater);
}

#[test]
fn a_vendors_statement_lists_every_entry_and_ends_with_what_the_books_owe() {
    let mut village = treasury();
    let vendor = owed_vendor(&mut village, 1, 4_000);
    let refund = Command::Refund {
        id: PaymentId::new([9; 16]),
        payment: PaymentId::new([1; 16]),
        amount: Some(cents(500)),
    };
    village.ok(0, refund);
    let report = order(&mut village, payouts());
    let (batch, code) = (report.batch.expect("a batch"), report.code.expect("a batch"));
    import(&mut village, vec![named(1, Side::In, 3_500, &format!("{code}-1"))]);
    let of = |month| {
        let TreasuryAnswer::VendorStatement(found) =
            tell(&village, TreasuryQuery::VendorStatement { vendor, month })
        else {
            panic!("a statement")
        };
        *found
    };
    let VendorStatement { opening, rows, closing, .. } = of(month());
    let rows: Vec<_> = rows.into_iter().map(|row| (row.what, row.amount.get())).collect();
    let (payment, refund) = (PaymentId::new([1; 16]), PaymentId::new([9; 16]));
    let expected = [
        (StatementWhat::Returned(batch), 3_500),
        (StatementWhat::Sale { payment, price: Some(cents(4_000)) }, 4_000),
        (StatementWhat::Refund { refund }, -500),
        (StatementWhat::Payout(batch), -3_500),
    ];
    assert_eq!((opening.get(), rows), (0, expected.to_vec()));
    assert_eq!(closing.get(), balance(&village, Account::Vendor(vendor)));
    assert_eq!((of(december()).opening, of(december()).rows), (closing, Vec::new()));
}

#[test]
fn what_a_member_contests_is_not_paid_out_until_it_thaws() {
    let mut village = treasury();
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &shopper, 3_000);
    village.paid(0, 2, vendor, &shopper, 1_000);
    set(&mut village, Holder::Vendor(vendor), details("Ferme du Pré", OTHER));
    let (payment, member) = (PaymentId::new([1; 16]), shopper.member);
    let reason = "Je n'ai pas fait cet achat".to_owned();
    let open = DisputesCommand::Open { payment, member, amount: None, reason };
    village.ok(0, Command::Disputes(open));

    let report = order(&mut village, payouts());
    assert_eq!(report.payments, [(Payee::Vendor(vendor), cents(1_000))]);
    let waits = LeftOut::Contested(cents(3_000));
    assert_eq!(report.left_out, [(Payee::Vendor(vendor), waits)]);
    assert_eq!(refused(&mut village, payouts()), TreasuryRefused::NothingToOrder);
    village.wait(15 * 24 * 3_600_000);
    let report = order(&mut village, payouts());
    assert_eq!(report.payments, [(Payee::Vendor(vendor), cents(3_000))]);
    assert_eq!(report.left_out, []);
    village.all_is_well();
}

#[test]
fn what_a_member_agreed_on_for_a_month_is_collected_and_not_the_amount_of_the_mandate() {
    let mut village = treasury();
    let member = village.shopper(0, 1).member;
    let held = Details { mandate: Some(mandate("RUM-1", 2_000)), ..details("Zoé", OTHER) };
    set(&mut village, Holder::Member(member), held);
    let agree = |from, amount| {
        Command::Disputes(DisputesCommand::Agree { member, from, amount: cents(amount) })
    };
    village.ok(0, agree(Some(december()), 3_500));
    village.ok(0, agree(Some(december().plus(1)), 4_000));
    let report = order(&mut village, debits());
    assert_eq!(report.payments, [(Payee::Debit(member), cents(3_500))]);
    village.all_is_well();
}
