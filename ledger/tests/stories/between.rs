//! What two areas do to each other: a line of the bank and a reversal, a refund and a dispute, a departure
//! and a batch.

use crdt::{Cents, Date, LineId, MemberId, Month, PaymentId};
use ledger::account::Account;
use ledger::answer::{OrderReport, TreasuryAnswer};
use ledger::command::{
    AccountingCommand, AssignTo, Correction, Direction, DisputesCommand, PeopleCommand, Purse,
    StatementLine, TreasuryCommand,
};
use ledger::guarantee::Force;
use ledger::member::ErasureReason;
use ledger::refused::{
    AccountingRefused, Instead, LeftOut, PaymentRefused, Refused, TreasuryRefused, Waits,
};
use ledger::rules::{Allocation, Rules};
use ledger::treasury::batch::Payee;
use ledger::treasury::details::{Details, Holder, Mandate};
use ledger::treasury::line::{LineText, Side};
use ledger::{Answer, Command};

use super::treasury::{OWN, details, import, line, set};
use super::village::{Village, cents, month, rules};

const OTHER: &str = "DE89370400440532013000";
const DAY_MS: i64 = 24 * 3_600_000;

fn treasury() -> Village {
    let mut village = Village::strangers(1);
    let creditor_id = Some("FR72ZZZ123456".to_owned());
    set(&mut village, Holder::Own, Details { creditor_id, ..details("Caisse", OWN) });
    village
}

fn balance(village: &Village, account: Account) -> i64 {
    village.houses[0].caisse.books().counters(account).balance().get()
}

fn reverse(entry: u64) -> Command {
    let reason = "typed twice".to_owned();
    Command::Accounting(AccountingCommand::Reverse { entry, reason })
}

fn already(number: u8, place: u64) -> Command {
    let (line, to) = (LineId::new([number; 32]), AssignTo::Already(place));
    Command::Treasury(TreasuryCommand::Assign { line, to, reason: None })
}

fn payouts(village: &mut Village) -> OrderReport {
    let command = TreasuryCommand::OrderPayouts { vendors: Vec::new(), on: None };
    ordered(village, command)
}

fn ordered(village: &mut Village, command: TreasuryCommand) -> OrderReport {
    match village.ok(0, Command::Treasury(command)) {
        Answer::Treasury(TreasuryAnswer::Ordered(report)) => *report,
        other => panic!("no batch: {other:?}"),
    }
}

/// Asks for something that is refused, and shows that nothing changed.
fn refused(village: &mut Village, command: Command) -> Refused {
    let before = village.fingerprint(0);
    let outcome = village.ask(0, command).expect("answered at once");
    assert_eq!(village.fingerprint(0), before, "a refusal changes nothing");
    outcome.expect_err("refused")
}

fn named(number: u8, side: Side, amount: u32, name: &str) -> StatementLine {
    let text = LineText { end_to_end: Some(name.to_owned()), ..LineText::default() };
    StatementLine { text, ..line(number, side, amount, "") }
}

#[test]
fn a_line_does_not_show_an_entry_that_was_reversed() {
    let mut village = treasury();
    village.shopper(0, 1);
    village.ok(0, reverse(0));
    assert_eq!(balance(&village, Account::Bank), 0);
    import(&mut village, vec![line(1, Side::In, 2_000, "Mme Exemple")]);
    assert_eq!(balance(&village, Account::Bank), -2_000, "the bank has it");
    let settled = TreasuryRefused::Unfit(Waits::Settled);
    assert_eq!(refused(&mut village, already(1, 0)), settled.into());
    assert_eq!(balance(&village, Account::Bank), -2_000);
    village.all_is_well();
}

#[test]
fn an_entry_that_a_line_shows_is_not_reversed_until_the_line_is_taken_back() {
    let mut village = treasury();
    village.shopper(0, 1);
    import(&mut village, vec![line(1, Side::In, 2_000, "Mme Exemple")]);
    village.ok(0, already(1, 0));
    assert_eq!(balance(&village, Account::Bank), -2_000);
    let instead = Instead::Unassign;
    let why = AccountingRefused::OwnUndo { entry: 0, instead };
    assert_eq!(refused(&mut village, reverse(0)), Refused::Accounting(Box::new(why)));
    let (line, reason) = (LineId::new([1; 32]), "another payer".to_owned());
    village.ok(0, Command::Treasury(TreasuryCommand::Unassign { line, reason }));
    village.ok(0, reverse(0));
    assert_eq!(balance(&village, Account::Bank), -2_000, "what the bank shows");
    village.all_is_well();
}

#[test]
fn what_was_given_back_is_not_kept_from_the_vendor_by_a_dispute() {
    let mut village = treasury();
    let (who, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    set(&mut village, Holder::Vendor(vendor), details("Ferme du Pré", OTHER));
    village.paid(0, 1, vendor, &who, 3_000);
    village.paid(0, 2, vendor, &who, 5_000);
    let (payment, member) = (PaymentId::new([1; 16]), who.member);
    let reason = "not mine".to_owned();
    village
        .ok(0, Command::Disputes(DisputesCommand::Open { payment, member, amount: None, reason }));
    let id = PaymentId::new([9; 16]);
    village.ok(0, Command::Refund { id, payment, amount: Some(cents(2_000)) });
    let report = payouts(&mut village);
    assert_eq!(report.payments, [(Payee::Vendor(vendor), cents(5_000))]);
    assert_eq!(report.left_out, [(Payee::Vendor(vendor), LeftOut::Contested(cents(1_000)))]);
    village.all_is_well();
}

fn leave(village: &mut Village, member: MemberId) {
    let reason = "moves".to_owned();
    village.ok(0, Command::People(PeopleCommand::Leave { member, until: None, reason }));
}

fn come_back(village: &mut Village, member: MemberId) {
    village.ok(0, Command::People(PeopleCommand::Return { member, with_credit: true }));
}

#[test]
fn credit_comes_back_once_however_often_a_member_leaves_and_whatever_is_reversed() {
    let mut village = treasury();
    let who = village.shopper(0, 1);
    let expired = |village: &Village| village.houses[0].caisse.books().entries() - 1;
    for _ in 0..3 {
        leave(&mut village, who.member);
        assert_eq!(village.balance(0, &who), 0);
        come_back(&mut village, who.member);
        assert_eq!(village.balance(0, &who), 10_000);
        village.all_is_well();
    }
    leave(&mut village, who.member);
    let place = expired(&village);
    village.ok(0, reverse(place));
    village.ok(0, Command::Expire);
    assert_eq!(village.balance(0, &who), 0);
    come_back(&mut village, who.member);
    assert!(village.balance(0, &who) <= 10_000);
    refused(&mut village, reverse(place));
    village.all_is_well();
    // The allocation is reversed after its credit expired.
    let mut village = treasury();
    let who = village.shopper(0, 1);
    leave(&mut village, who.member);
    refused(&mut village, reverse(1));
    come_back(&mut village, who.member);
    village.ok(0, reverse(1));
    village.all_is_well();
    village.ok(0, Command::Allocate { month: month(), force: Some(Force::because("test")) });
    assert_eq!(village.balance(0, &who), 10_000);
    village.all_is_well();
}

fn mandate(village: &mut Village, member: MemberId) {
    let signed = Date::new(2026, 10, 1).expect("a day");
    let reference = "RUM-1".to_owned();
    let mandate = Some(Mandate { reference, signed, monthly: cents(3_000), used: false });
    set(village, Holder::Member(member), Details { mandate, ..details("Camille", OTHER) });
}

#[test]
fn a_direct_debit_that_comes_back_after_its_member_was_erased_and_the_year_was_closed() {
    for erased in [false, true] {
        let mut village = treasury();
        let who = village.shopper(0, 1);
        mandate(&mut village, who.member);
        let december = Month::new(2026, 12).expect("a month");
        let report =
            ordered(&mut village, TreasuryCommand::OrderDebits { month: december, on: None });
        let name = format!("{}-1", report.code.expect("a batch"));
        leave(&mut village, who.member);
        if erased {
            let (member, reason) = (who.member, ErasureReason::Request);
            village.ok(0, Command::People(PeopleCommand::Erase { member, reason }));
        }
        import(&mut village, vec![named(1, Side::In, 3_000, &name)]);
        village.all_is_well();
        village.wait(60 * DAY_MS);
        let force = Some(Force::because("test"));
        village.ok(0, Command::Accounting(AccountingCommand::CloseYear { year: 2026, force }));
        village.all_is_well();
        import(&mut village, vec![named(2, Side::Out, 3_000, &name)]);
        assert_eq!(balance(&village, Account::Unassigned), 0);
        assert_eq!(balance(&village, Account::Contributions), 2_000);
        assert_eq!(balance(&village, Account::Bank), -2_000, "what came by hand");
        village.all_is_well();
    }
}

#[test]
fn amounts_and_days_at_the_end_of_what_can_be_said_are_refused_or_booked_whole() {
    let mut village = treasury();
    let who = village.shopper(0, 1);
    let far = Month::new(9999, 12).expect("a month");
    let most = Cents::MAX;
    let (member, into) = (who.member, Purse::Cash);
    let grant = || Command::ConfirmGrant {
        funder: "Ville".to_owned(),
        amount: most,
        reference: "2026-77".to_owned(),
    };
    let day = Date::new(9999, 12, 31).expect("a day");
    let reason = || "test".to_owned();
    let correct = |direction| {
        Command::Disputes(DisputesCommand::Correct(Correction {
            member,
            direction,
            amount: most,
            reason: reason(),
        }))
    };
    let mut first = line(7, Side::In, 1, "");
    first.amount = most;
    let commands = vec![
        Command::AddContribution { member, month: far, amount: cents(100), into },
        Command::AddContribution { member, month: far, amount: most, into },
        Command::Allocate { month: far, force: None },
        Command::Treasury(TreasuryCommand::OrderDebits { month: far, on: None }),
        Command::Treasury(TreasuryCommand::OrderDebits { month: far, on: Some(day) }),
        Command::Disputes(DisputesCommand::Agree { member, amount: most, from: Some(far) }),
        Command::Disputes(DisputesCommand::Remind { month: far }),
        correct(Direction::Credit),
        correct(Direction::Debit),
        grant(),
        grant(),
        Command::FundPot { amount: most },
        Command::FundPot { amount: cents(1) },
        Command::People(PeopleCommand::Leave { member, until: Some(day), reason: reason() }),
        Command::Accounting(AccountingCommand::CloseYear { year: 9999, force: None }),
        Command::Accounting(AccountingCommand::CloseDay { day: Some(day) }),
        Command::Allocate { month: month().plus(1), force: Some(Force::because("test")) },
        Command::Expire,
        Command::People(PeopleCommand::Return { member, with_credit: true }),
        Command::Allocate { month: month(), force: Some(Force::because("test")) },
    ];
    for command in commands {
        let before = village.fingerprint(0);
        let outcome = village.ask(0, command.clone()).expect("answered");
        if let Err(why) = outcome {
            assert_eq!(village.fingerprint(0), before, "{command:?} {why:?}");
        }
        village.all_is_well();
    }
    import(&mut village, vec![first, line(8, Side::In, 100, "")]);
    village.all_is_well();
    village.wait(400 * DAY_MS);
    village.ok(0, Command::Expire);
    village.all_is_well();
}

#[test]
fn a_purchase_whose_bonus_the_books_cannot_take_is_refused_whole() {
    let (spent, gives) = (cents(1_000), cents(500));
    let allocation = Allocation::Bonus { spent, gives, most_per_month: None };
    let mut village = Village::alone(&Rules { allocation, ..rules() });
    let (who, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let correction = Correction {
        member: who.member,
        direction: Direction::Credit,
        amount: cents(1_000),
        reason: "test".to_owned(),
    };
    village.ok(0, Command::Disputes(DisputesCommand::Correct(correction)));
    village.ok(0, Command::FundPot { amount: Cents::MAX });
    let paid = village.pay(0, 1, vendor, &who, 3_000).expect("answered at once");
    assert_eq!(paid, Err(PaymentRefused::Busy.into()));
    assert_eq!(village.balance(0, &who), 1_000, "nothing was taken");
    assert_eq!(balance(&village, Account::Vendor(vendor)), 0);
    village.all_is_well();
}

#[test]
fn lots_are_dated_as_the_books_are_when_the_clock_was_set_back_behind_a_closed_day() {
    let mut village = treasury();
    village.wait(3 * DAY_MS);
    village.shopper(0, 1);
    village.wait(DAY_MS);
    village.ok(0, Command::Accounting(AccountingCommand::CloseDay { day: None }));
    village.wait(-3 * DAY_MS);
    let who = village.shopper(0, 1);
    village.all_is_well();
    leave(&mut village, who.member);
    village.all_is_well();
}
