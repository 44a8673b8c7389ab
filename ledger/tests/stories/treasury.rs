//! The treasurer's month: lines of the bank, transfers, direct debits, statements of vendors.

mod any;
mod batches;
mod lines;

use crdt::{Cents, Date, LineId, MemberId, VendorId};
use ledger::account::Account;
use ledger::answer::{BatchInfo, ImportReport, OrderReport, TreasuryAnswer};
use ledger::command::{Balance, Import, Source, StatementLine, TreasuryCommand, TreasuryQuery};
use ledger::refused::{Refused, TreasuryRefused};
use ledger::treasury::AccountNumber;
use ledger::treasury::details::{Details, Holder, Mandate};
use ledger::treasury::line::{LineText, Side};
use ledger::{Answer, Command, Outcome, Query};

use super::village::{Village, cents};

pub(super) const OWN: &str = "FR1420041010050500013M02606";
const OTHER: &str = "DE89370400440532013000";

fn day(month: i8, day: i8) -> Date {
    Date::new(2026, month, day).expect("a day")
}

fn iban(text: &str) -> AccountNumber {
    text.parse().expect("an IBAN")
}

pub(super) fn details(name: &str, account: &str) -> Details {
    Details {
        name: name.to_owned(),
        iban: iban(account),
        bic: None,
        mandate: None,
        creditor_id: None,
    }
}

/// A caisse whose account is known.
fn treasury() -> Village {
    let mut village = Village::strangers(1);
    let creditor_id = Some("FR72ZZZ123456".to_owned());
    let own = Details { creditor_id, ..details("Caisse", OWN) };
    set(&mut village, Holder::Own, own);
    village
}

pub(super) fn set(village: &mut Village, of: Holder, details: Details) {
    ok(village, TreasuryCommand::SetDetails { of, details: Box::new(details) });
}

fn mandate(reference: &str, monthly: u32) -> Mandate {
    let monthly = cents(monthly);
    Mandate { reference: reference.to_owned(), signed: day(10, 1), monthly, used: false }
}

fn ok(village: &mut Village, command: TreasuryCommand) -> Answer {
    village.ok(0, Command::Treasury(command))
}

fn ask(village: &mut Village, command: TreasuryCommand) -> Outcome {
    village.ask(0, Command::Treasury(command)).expect("answered at once")
}

fn refused(village: &mut Village, command: TreasuryCommand) -> TreasuryRefused {
    let before = village.fingerprint(0);
    match ask(village, command) {
        Err(Refused::Treasury(refused)) => {
            assert_eq!(village.fingerprint(0), before, "a refusal changes nothing");
            refused
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn tell(village: &Village, question: TreasuryQuery) -> TreasuryAnswer {
    match village.query(0, &Query::Treasury(question)) {
        Ok(Answer::Treasury(answer)) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

/// A line of the bank; equal numbers are the same line.
pub(super) fn line(number: u8, side: Side, amount: u32, remittance: &str) -> StatementLine {
    let text = LineText { remittance: remittance.to_owned(), ..LineText::default() };
    StatementLine {
        id: LineId::new([number; 32]),
        place: u32::from(number),
        date: day(11, 20),
        amount: cents(amount),
        side,
        returned: None,
        text,
    }
}

pub(super) fn statement(lines: Vec<StatementLine>) -> Import {
    Import {
        statement: "1".to_owned(),
        account: iban(OWN),
        source: Source::Message,
        opening: None,
        closing: None,
        lines,
    }
}

pub(super) fn import(village: &mut Village, lines: Vec<StatementLine>) -> ImportReport {
    match ok(village, TreasuryCommand::Import(Box::new(statement(lines)))) {
        Answer::Treasury(TreasuryAnswer::Imported(report)) => *report,
        other => panic!("no report: {other:?}"),
    }
}

pub(super) fn reference(village: &Village, member: MemberId) -> String {
    match tell(village, TreasuryQuery::Reference(member)) {
        TreasuryAnswer::Reference(reference) => reference.to_string(),
        other => panic!("no reference: {other:?}"),
    }
}

fn balance(village: &Village, account: Account) -> i64 {
    village.houses[0].caisse.books().counters(account).balance().get()
}

fn order(village: &mut Village, command: TreasuryCommand) -> OrderReport {
    match ok(village, command) {
        Answer::Treasury(TreasuryAnswer::Ordered(report)) => *report,
        other => panic!("no batch: {other:?}"),
    }
}

fn batch(village: &Village, id: crdt::BatchId) -> BatchInfo {
    match tell(village, TreasuryQuery::Batch(id)) {
        TreasuryAnswer::Batch(info) => *info,
        other => panic!("no batch: {other:?}"),
    }
}

/// A vendor with an account that is owed something.
fn owed_vendor(village: &mut Village, payment: u8, amount: u32) -> VendorId {
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.paid(0, payment, vendor, &shopper, amount);
    set(village, Holder::Vendor(vendor), details("Ferme du Pré", OTHER));
    vendor
}

fn closing(amount: i64, on: Date) -> Option<Balance> {
    Some(Balance { amount: crdt::SignedCents::new(amount), on })
}

fn payouts() -> TreasuryCommand {
    TreasuryCommand::OrderPayouts { vendors: Vec::new(), on: None }
}

const fn zero() -> Cents {
    Cents::ZERO
}
