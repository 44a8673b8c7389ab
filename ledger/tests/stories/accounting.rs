//! The accounts: corrections, closings, balances at any day, the meter.

use std::collections::BTreeMap;

use crdt::{Date, PaymentId, VendorId, wire};
use ledger::account::Account;
use ledger::accounting::Chart;
use ledger::accounting::chart::{ChartLine, Heading};
use ledger::accounting::closing::Closing;
use ledger::answer::{
    AccountingAnswer, BookEntry, DayReport, Level, Meter, TrialBalance, YearFile, YearReport,
};
use ledger::books::Cause;
use ledger::calendar::Zone;
use ledger::command::{AccountingCommand, AccountingQuery, EntriesAsked, Purse};
use ledger::guarantee::Force;
use ledger::lots::Lot;
use ledger::member::Contribution;
use ledger::records::{Kind, Records, Write};
use ledger::refused::{AccountingRefused, BooksRefused, Instead, Refused};
use ledger::state::{PaymentSettings, Settings};
use ledger::{Answer, Command, Query};

use super::village::{House, Shopper, Village, cents, contact, month, rules, secrets};

/// One day, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn asked(village: &Village, question: AccountingQuery) -> AccountingAnswer {
    match village.query(0, &Query::Accounting(question)) {
        Ok(Answer::Accounting(answer)) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

fn done(village: &mut Village, command: AccountingCommand) -> AccountingAnswer {
    match village.ok(0, Command::Accounting(command)) {
        Answer::Accounting(answer) => answer,
        other => panic!("another answer: {other:?}"),
    }
}

/// Asks for something that is refused, and shows that nothing changed.
fn refused(village: &mut Village, command: AccountingCommand) -> AccountingRefused {
    let before = village.fingerprint(0);
    let outcome = village.ask(0, Command::Accounting(command)).expect("answered at once");
    assert_eq!(village.fingerprint(0), before);
    match outcome {
        Err(Refused::Accounting(why)) => *why,
        other => panic!("not refused: {other:?}"),
    }
}

fn entries(village: &Village, asked_for: EntriesAsked) -> Vec<BookEntry> {
    match asked(village, AccountingQuery::Entries(asked_for)) {
        AccountingAnswer::Entries(page) => page.entries,
        other => panic!("no entries: {other:?}"),
    }
}

fn all(village: &Village) -> Vec<BookEntry> {
    entries(village, EntriesAsked::default())
}

fn place_of(village: &Village, is: impl Fn(&Cause) -> bool) -> u64 {
    let found = all(village).into_iter().rfind(|told| is(&told.entry.cause));
    found.expect("there is such an entry").entry.index
}

fn reverse(entry: u64) -> AccountingCommand {
    AccountingCommand::Reverse { entry, reason: "typed twice".to_owned() }
}

fn balance(village: &Village, at: &str) -> TrialBalance {
    match asked(village, AccountingQuery::Balance { at: Some(day(at)) }) {
        AccountingAnswer::Balance(balance) => balance,
        other => panic!("no balance: {other:?}"),
    }
}

/// What an account of the chart holds, credits less debits.
fn held(balance: &TrialBalance, number: &str) -> i64 {
    let found = balance.lines.iter().find(|line| line.account.number == number);
    found.map_or(0, |line| line.balance.get())
}

fn close_day(village: &mut Village, date: &str) -> DayReport {
    match done(village, AccountingCommand::CloseDay { day: Some(day(date)) }) {
        AccountingAnswer::Day(report) => report,
        other => panic!("no report: {other:?}"),
    }
}

fn close_year(village: &mut Village, force: Option<&str>) -> YearReport {
    let force = force.map(Force::because);
    match done(village, AccountingCommand::CloseYear { year: 2026, force }) {
        AccountingAnswer::Year(report) => report,
        other => panic!("no report: {other:?}"),
    }
}

fn file(village: &Village, year: i16) -> YearFile {
    match asked(village, AccountingQuery::Opening { year }) {
        AccountingAnswer::Opening(file) => *file,
        other => panic!("no file: {other:?}"),
    }
}

/// A caisse on 24 November 2026 with a member, a vendor, a sale and a refund.
fn village() -> (Village, Shopper, VendorId) {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &shopper, 3_000);
    let (id, payment) = (PaymentId::new([90; 16]), PaymentId::new([1; 16]));
    village.ok(0, Command::Refund { id, payment, amount: Some(cents(500)) });
    (village, shopper, vendor)
}

/// Changes one record behind the caisse's back.
fn forge<T: serde::Serialize>(village: &mut Village, kind: Kind, key: &[u8], value: &T) {
    let write = Write { kind, key: key.to_vec(), value: Some(wire::encode(value)) };
    village.houses[0].disk.apply([write]);
}

fn differences(village: &Village) -> Vec<String> {
    match village.query(0, &Query::Verify) {
        Ok(Answer::Verified(report)) => report.differences,
        other => panic!("verify answers: {other:?}"),
    }
}

#[test]
fn every_entry_is_balanced_and_the_sums_of_each_account_are_those_of_the_books() {
    // A hundred moves drawn from a seed, so that a failure can be played again.
    for seed in 1..=5_u64 {
        let (mut village, shopper, vendor) = village();
        let mut drawn = seed;
        for number in 10..60_u8 {
            drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            some_move(&mut village, &shopper, vendor, number, drawn >> 33);
        }
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for legal in all(&village).into_iter().filter_map(|told| told.legal) {
            let sum = |side: fn(&ledger::accounting::legal::LegalLine) -> u64| -> u64 {
                legal.lines.iter().map(side).sum()
            };
            assert_eq!(sum(|line| line.debit.get()), sum(|line| line.credit.get()), "seed {seed}");
            for line in &legal.lines {
                let (debit, credit) = (line.debit.signed().get(), line.credit.signed().get());
                *sums.entry(line.account.number.clone()).or_default() += credit - debit;
            }
        }
        let mut books: BTreeMap<String, i64> = BTreeMap::new();
        let chart = Chart::default();
        for (account, counters) in village.houses[0].caisse.books().accounts() {
            *books.entry(chart.of(account).number.clone()).or_default() += counters.balance().get();
        }
        assert_eq!(sums, books, "seed {seed}");
        let trial = balance(&village, "2026-12-31");
        for (number, sum) in &sums {
            assert_eq!(held(&trial, number), *sum, "seed {seed}, account {number}");
        }
        assert_eq!(trial.lines.iter().map(|line| line.balance.get()).sum::<i64>(), 0);
        village.all_is_well();
    }
}

fn some_move(village: &mut Village, who: &Shopper, vendor: VendorId, number: u8, drawn: u64) {
    let amount = u32::try_from(drawn % 40 + 1).expect("small") * 100;
    let member = who.member;
    match drawn % 7 {
        0 => {
            let into = if drawn.is_multiple_of(2) { Purse::Bank } else { Purse::Cash };
            let amount = cents(amount);
            let give = Command::AddContribution { member, month: month(), amount, into };
            let _ = village.ask(0, give);
        }
        1 | 2 => drop(village.pay(0, number, vendor, who, amount)),
        3 => {
            let payment = PaymentId::new([number - 1; 16]);
            let id = PaymentId::new([number + 100; 16]);
            let _ = village.ask(0, Command::Refund { id, payment, amount: None });
        }
        4 => {
            let (funder, reference) = ("Commune".to_owned(), "D1".to_owned());
            let amount = cents(amount);
            village.ok(0, Command::ConfirmGrant { funder, amount, reference });
        }
        5 => {
            let entry = drawn % village.houses[0].caisse.books().entries();
            let _ = village.ask(0, Command::Accounting(reverse(entry)));
        }
        _ => {
            village.wait(DAY_MS);
            let _ = village.ask(0, Command::Accounting(AccountingCommand::CloseDay { day: None }));
        }
    }
}

#[test]
fn a_contribution_typed_twice_is_taken_back_once_with_a_reason_that_can_be_erased() {
    let (mut village, shopper, _) = village();
    let give = Command::AddContribution {
        member: shopper.member,
        month: month(),
        amount: cents(2_000),
        into: Purse::Bank,
    };
    village.ok(0, give);
    let place = place_of(&village, |cause| matches!(cause, Cause::Contribution(_)));
    let before = village.fingerprint(0);
    let preview = asked(&village, AccountingQuery::ReversalPreview(place));
    assert!(matches!(preview, AccountingAnswer::Reversed(reversal) if reversal.entry.is_none()));
    assert_eq!(village.fingerprint(0), before, "a preview changes nothing");
    done(&mut village, reverse(place));
    assert_eq!(village.houses[0].caisse.books().holds(Account::Bank).get(), 2_000);
    let Ok(Answer::Member(detail)) = village.query(0, &Query::Member(shopper.member)) else {
        panic!("a member")
    };
    assert_eq!(detail.contributions[&month()], cents(2_000), "the other one stands");
    let new = village.houses[0].caisse.books().entries() - 1;
    let AccountingAnswer::Entry(detail) = asked(&village, AccountingQuery::Entry(new)) else {
        panic!("an entry")
    };
    assert_eq!(detail.note.as_deref(), Some("typed twice"));
    let twice = refused(&mut village, reverse(place));
    assert_eq!(twice, AccountingRefused::AlreadyReversed { entry: place, by: new });
    let back = refused(&mut village, reverse(new));
    let instead = Instead::EnterAgain;
    assert_eq!(back, AccountingRefused::OwnUndo { entry: new, instead });
    village.all_is_well();
}

#[test]
fn what_has_an_undo_of_its_own_or_is_spent_is_not_reversed() {
    let (mut village, shopper, _) = village();
    let sale = place_of(&village, |cause| matches!(cause, Cause::Sale(_)));
    let why = refused(&mut village, reverse(sale));
    assert_eq!(why, AccountingRefused::OwnUndo { entry: sale, instead: Instead::Refund });
    assert_eq!(why.to_string(), format!("entry {sale} is not reversed here: refund the sale"));
    let issue = place_of(&village, |cause| matches!(cause, Cause::Allocation(..)));
    let why = BooksRefused::Overdrawn { available: cents(7_500) };
    assert_eq!(
        refused(&mut village, reverse(issue)),
        AccountingRefused::NotThere { entry: issue, why }
    );
    assert_eq!(refused(&mut village, reverse(999)), AccountingRefused::UnknownEntry(999));
    let empty = AccountingCommand::Reverse { entry: issue, reason: " ".to_owned() };
    assert_eq!(refused(&mut village, empty), AccountingRefused::Text);
    // Once the sale is given back the allocation can be corrected, and issued again.
    let (id, payment) = (PaymentId::new([91; 16]), PaymentId::new([1; 16]));
    village.ok(0, Command::Refund { id, payment, amount: None });
    done(&mut village, reverse(issue));
    assert_eq!(village.balance(0, &shopper), 0);
    village.all_is_well();
    village.ok(0, Command::Allocate { month: month(), force: Some(Force::because("again")) });
    assert_eq!(village.balance(0, &shopper), 10_000);
    village.all_is_well();
}

#[test]
fn a_closed_day_says_what_each_vendor_sold_and_later_entries_belong_to_open_days() {
    let (mut village, shopper, vendor) = village();
    let today = AccountingCommand::CloseDay { day: Some(day("2026-11-24")) };
    let why = refused(&mut village, today.clone());
    assert_eq!(why, AccountingRefused::DayNotOver(day("2026-11-24")));
    village.wait(DAY_MS);
    village.paid(0, 2, vendor, &shopper, 1_000);
    let report = close_day(&mut village, "2026-11-24");
    assert_eq!((report.from, report.upto), (day("2026-11-24"), day("2026-11-24")));
    assert_eq!((report.sales.get(), report.refunds.get(), report.other.get()), (3_000, -500, 0));
    assert_eq!(report.vendors.len(), 1);
    assert_eq!(refused(&mut village, today), AccountingRefused::DayClosed(day("2026-11-24")));
    // A clock that goes back does not open the day again.
    village.now = crdt::Timestamp::from_ms(village.now.as_ms() - DAY_MS);
    village.restart(0, None);
    village.paid(0, 3, vendor, &shopper, 700);
    assert_eq!(all(&village).last().map(|told| told.entry.date), Some(day("2026-11-25")));
    village.wait(2 * DAY_MS);
    let report = close_day(&mut village, "2026-11-25");
    assert_eq!((report.from, report.sales.get()), (day("2026-11-25"), 1_700));
    village.all_is_well();
}

#[test]
fn a_closed_year_never_changes_and_the_next_one_opens_with_its_balances() {
    let (mut village, shopper, vendor) = village();
    let year = |force| AccountingCommand::CloseYear { year: 2026, force };
    assert_eq!(refused(&mut village, year(None)), AccountingRefused::YearNotOver(2026));
    village.wait(45 * DAY_MS);
    village.paid(0, 2, vendor, &shopper, 1_000);
    assert_eq!(refused(&mut village, year(None)), AccountingRefused::DaysOpen(2026));
    let early = AccountingCommand::CloseYear { year: 2025, force: Some(Force::because("test")) };
    assert_eq!(refused(&mut village, early), AccountingRefused::NothingToClose(2025));
    let open = file(&village, 2027).opening;
    close_day(&mut village, "2026-12-31");
    let before = (file(&village, 2026), balance(&village, "2026-12-31"));
    let told = entries(&village, of_year());
    let report = close_year(&mut village, None);
    assert_eq!(report.result.get(), 2_000 - 10_000, "contributions less allocations");
    assert_eq!(refused(&mut village, year(None)), AccountingRefused::YearClosed(2026));
    // The next year opens with what the last one left.
    let opening = file(&village, 2027).opening;
    assert_eq!(opening, open, "kept balances are those that the books gave before");
    let lines = opening.expect("something is carried over").lines;
    let carried = lines.iter().find(|line| line.account.number == "119").expect("a deficit");
    assert_eq!(carried.debit, cents(8_000));
    assert!(!lines.iter().any(|line| line.account.is_of_result()));
    // Whatever happens later, the file of the closed year is the same.
    let place = place_of(&village, |cause| matches!(cause, Cause::Contribution(_)));
    done(&mut village, reverse(place));
    village.restart(0, None);
    let after = (file(&village, 2026), balance(&village, "2026-12-31"));
    assert_eq!((&before.0.opening, &before.1), (&after.0.opening, &after.1));
    assert!(after.0.closed && !before.0.closed);
    assert_eq!(entries(&village, of_year()), told);
    assert_eq!(held(&balance(&village, "2027-01-31"), "756"), -2_000, "the correction is of 2027");
    village.all_is_well();
}

fn of_year() -> EntriesAsked {
    let (first, last) = (Some(day("2026-01-01")), Some(day("2026-12-31")));
    EntriesAsked { first, last, ..EntriesAsked::default() }
}

#[test]
fn a_closed_year_is_told_the_same_though_the_chart_and_the_time_zone_change() {
    let (mut village, ..) = village();
    village.wait(45 * DAY_MS);
    close_day(&mut village, "2026-12-31");
    close_year(&mut village, None);
    let bank = ChartLine { number: "512999".to_owned(), label: "Autre banque".to_owned() };
    let accounting = ledger::accounting::Settings {
        chart: Chart::with([(Heading::Bank, bank)]).expect("a chart"),
        ..ledger::accounting::Settings::default()
    };
    let settings = Settings {
        contact: contact(1),
        rules: rules(),
        zone: Zone::named("Pacific/Noumea").expect("it is French"),
        payments: PaymentSettings::default(),
        accounting,
        reminders: ledger::dunning::AFTER_DAYS.to_vec(),
        visits: None,
    };
    let (before, told) = (file(&village, 2026), entries(&village, of_year()));
    let House { caisse, disk, .. } = &mut village.houses[0];
    *caisse = ledger::Caisse::open(settings, secrets(1, 9), disk).0;
    assert_eq!((file(&village, 2026), entries(&village, of_year())), (before, told));
    let opening = file(&village, 2027).opening.expect("something is carried over");
    assert!(opening.lines.iter().any(|line| line.account.number == "512999"), "the new year's own");
    village.all_is_well();
}

#[test]
fn a_year_with_something_open_is_closed_only_with_a_reason() {
    let (mut village, ..) = village();
    village.wait(45 * DAY_MS);
    let AccountingAnswer::Year(preview) =
        asked(&village, AccountingQuery::YearPreview { year: 2026 })
    else {
        panic!("a preview")
    };
    assert!(preview.preview && preview.open == [AccountingRefused::DaysOpen(2026)]);
    assert!(!close_year(&mut village, Some("the assembly wants the accounts")).preview);
    let AccountingAnswer::Closings(closings) = asked(&village, AccountingQuery::Closings) else {
        panic!("closings")
    };
    assert_eq!(closings.until, Some(day("2026-12-31")));
    assert!(closings.years[0].forced);
    village.all_is_well();
}

#[test]
fn verify_names_a_lot_a_cap_a_contribution_and_a_closing_that_do_not_follow_from_the_books() {
    let (mut village, shopper, _) = village();
    village.wait(45 * DAY_MS);
    close_day(&mut village, "2026-12-31");
    close_year(&mut village, None);
    village.all_is_well();
    let row = |village: &Village, kind| village.houses[0].disk.range(kind, &[], &[], 1).remove(0);
    type Change = fn(&[u8]) -> Vec<u8>;
    let cases: [(Kind, Change, &str); 5] = [
        (
            Kind::Allocation,
            |bytes| {
                let lot: Lot = wire::decode(bytes).expect("a lot");
                wire::encode(&Lot { amount: cents(20_000), ..lot })
            },
            "the lot of 2026-11",
        ),
        (
            Kind::Allocation,
            |bytes| {
                let lot: Lot = wire::decode(bytes).expect("a lot");
                wire::encode(&Lot { closed: true, ..lot })
            },
            "a lot of member",
        ),
        (
            Kind::Contribution,
            |bytes| {
                let given: Contribution = wire::decode(bytes).expect("a contribution");
                wire::encode(&Contribution { amount: cents(1), ..given })
            },
            "contribution ",
        ),
        (
            Kind::ClosedBalance,
            |_| wire::encode(&crdt::SignedCents::new(1)),
            "the balances kept of 2026",
        ),
        (
            Kind::Closing,
            |bytes| {
                let closing: Closing = wire::decode(bytes).expect("a closing");
                wire::encode(&Closing { head: crdt::Digest::new([1; 32]), ..closing })
            },
            "2026 was made from other books",
        ),
    ];
    for (kind, change, words) in cases {
        let whole = village.houses[0].disk.clone();
        let (key, value) = row(&village, kind);
        village.houses[0].disk.apply([Write { kind, key, value: Some(change(&value)) }]);
        let found = differences(&village);
        assert!(found.first().is_some_and(|first| first.contains(words)), "{words}: {found:?}");
        village.houses[0].disk = whole;
    }
    let key = [shopper.member.as_bytes().as_slice(), b"m2027-01"].concat();
    forge(&mut village, Kind::Spent, &key, &cents(1));
    assert_eq!(differences(&village), ["what is counted for a cap is not what was spent"]);
}

#[test]
fn the_meter_counts_twelve_months_and_the_guarantee_stands_in_the_status() {
    let (mut village, shopper, vendor) = village();
    let meter = |village: &Village| -> Meter {
        match asked(village, AccountingQuery::Meter) {
            AccountingAnswer::Meter(meter) => meter,
            other => panic!("no meter: {other:?}"),
        }
    };
    let now = meter(&village);
    assert_eq!((now.issued, now.payments), (cents(10_000), cents(3_000)));
    assert_eq!((now.from, now.payments_level), (day("2025-11-25"), Level::Below));
    village.wait(364 * DAY_MS);
    assert_eq!(meter(&village).payments, cents(3_000), "the last day of the twelve months");
    village.wait(DAY_MS);
    assert_eq!(meter(&village).payments, cents(0));
    village.paid(0, 2, vendor, &shopper, 1_000);
    assert_eq!(meter(&village).payments, cents(1_000));
    let Ok(Answer::Status(status)) = village.query(0, &Query::Status) else { panic!("a status") };
    assert_eq!(status.guarantee.margin().get(), 2_000 - 10_000, "credit is not covered");
}

#[test]
fn receipts_are_off_unless_the_caisse_decided_otherwise() {
    let village = Village::alone(&rules());
    let question = Query::Accounting(AccountingQuery::Receipts { year: 2026 });
    assert_eq!(village.query(0, &question), Err(AccountingRefused::ReceiptsOff.into()));
}

#[test]
fn entries_are_found_by_account_and_by_whose_it_is() {
    let (village, shopper, _) = village();
    let of = |account: &str| {
        let account = Some(account.to_owned());
        entries(&village, EntriesAsked { account, ..EntriesAsked::default() }).len()
    };
    let bank = Chart::default().line(Heading::Bank).number.clone();
    assert_eq!((of(&bank), of("401"), of("9")), (1, 2, 0));
    assert_eq!(of(&format!("M{}", shopper.member)), 3, "an allocation, a sale, a refund");
}
