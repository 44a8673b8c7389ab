//! Closing of days and years: what is over does not change any more.
//!
//! One date divides the books: nothing can be entered on or before it. Closing a day moves it, closing a
//! year moves it too and keeps every balance.

use std::collections::BTreeMap;

use crdt::digest::Domain;
use crdt::{Date, Digest, SignedCents, VendorId, wire};
use serde::{Deserialize, Serialize};

use super::balance::{self, Balances};
use super::{Chart, walk};
use crate::account::Account;
use crate::answer::{
    AccountingAnswer, Answer, ClosedYear, Closings, DayReport, VendorDay, YearReport,
};
use crate::books::{Cause, JournalEntry, Phase};
use crate::guarantee::Force;
use crate::records::Kind;
use crate::refused::AccountingRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// A day, or several, that were closed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayClosing {
    /// The totals.
    pub report: DayReport,
    /// Entries of the books at that time.
    pub entries: u64,
    /// The hash of the last of them.
    pub head: Digest,
    /// The place of the first entry of a later day.
    pub next_from: u64,
}

/// A year that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Entries of the books at that time.
    pub entries: u64,
    /// The hash of the last of them.
    pub head: Digest,
    /// The place of the first entry of a later year.
    pub next_from: u64,
    /// When it was closed.
    pub on: Date,
    /// How many accounts held something.
    pub accounts: u64,
    /// The hash of their balances.
    pub balances: Digest,
    /// The chart of that year: a file of its entries is the same for ever.
    pub chart: Chart,
    /// The time zone that said on which day an entry was made.
    pub zone: String,
    /// Whether something was still open.
    pub forced: bool,
}

/// Returns the last day of a year.
///
/// # Errors
/// [`AccountingRefused::NotAYear`].
pub fn last_day(year: i16) -> Result<Date, AccountingRefused> {
    Date::new(year, 12, 31).map_err(|_| AccountingRefused::NotAYear(year))
}

pub(super) fn day_key(day: Date) -> [u8; 4] {
    day.number().to_be_bytes()
}

/// Returns the closing of a year.
pub(super) fn of_year(turn: &Turn<'_>, year: i16) -> Option<Closing> {
    turn.get(Kind::Closing, &year.to_be_bytes())
}

/// Returns the closed years, oldest first.
pub(super) fn years(turn: &Turn<'_>) -> Vec<(i16, Closing)> {
    let rows = turn.range(Kind::Closing, &[], &[], usize::MAX).into_iter();
    let year = |key: Vec<u8>| key.try_into().ok().map(i16::from_be_bytes);
    rows.filter_map(|(key, value)| Some((year(key)?, wire::decode(&value).ok()?))).collect()
}

/// Returns the key under which the balance of an account at the end of a year is kept.
pub(super) fn balance_key(year: i16, account: &Account) -> Vec<u8> {
    [year.to_be_bytes().as_slice(), &wire::encode(account)].concat()
}

/// Returns the hash of balances.
pub(super) fn digest(balances: &Balances) -> Digest {
    let rows: Vec<_> = balances.iter().collect();
    Domain::Closing.hash(&wire::encode(&rows))
}

/// Says what closing a day would say, or why it cannot be closed.
pub(super) fn preview_day(
    state: &State,
    turn: &Turn<'_>,
    day: Option<Date>,
) -> Result<DayClosing, AccountingRefused> {
    let today = turn.today();
    let upto = day.unwrap_or(today.plus_days(-1));
    if upto >= today {
        return Err(AccountingRefused::DayNotOver(upto));
    }
    if let Some(closed) = state.books.closed().filter(|closed| upto <= *closed) {
        return Err(AccountingRefused::DayClosed(closed));
    }
    let after = state.books.closed();
    Ok(totals(turn, after, upto, (state.books.entries(), state.books.head())))
}

/// Works out the totals of the days after one and up to another, from books with so many entries.
pub(super) fn totals(
    turn: &Turn<'_>,
    after: Option<Date>,
    upto: Date,
    (entries, head): (u64, Digest),
) -> DayClosing {
    let start = after.map_or(0, |day| balance::first_place(turn, day.plus_days(1)));
    let mut vendors: BTreeMap<VendorId, Sums> = BTreeMap::new();
    let (mut first, mut count, mut next_from) = (after.map(|day| day.plus_days(1)), 0, entries);
    walk::entries(turn, start, entries, |entry| {
        if entry.date > upto {
            next_from = next_from.min(entry.index);
        } else if after.is_none_or(|after| entry.date > after) {
            count += 1;
            if after.is_none() {
                first = Some(first.map_or(entry.date, |first| first.min(entry.date)));
            }
            add_up(&mut vendors, entry);
        }
    });
    let from = first.unwrap_or(upto);
    let report = report((from, upto), count, vendors);
    DayClosing { report, entries, head, next_from }
}

/// Sales, refunds and everything else.
type Sums = [SignedCents; 3];

fn add_up(vendors: &mut BTreeMap<VendorId, Sums>, entry: &JournalEntry) {
    if !matches!(entry.phase, Phase::Posted | Phase::HoldPosted) {
        return;
    }
    let place = match entry.cause {
        Cause::Sale(_) => 0,
        Cause::Refund(_) => 1,
        _ => 2,
    };
    for transfer in &entry.transfers {
        let mut add = |account, amount: SignedCents| {
            if let Account::Vendor(vendor) = account {
                let sum = &mut vendors.entry(vendor).or_default()[place];
                *sum = sum.checked_add(amount).unwrap_or(SignedCents::new(i64::MAX));
            }
        };
        add(transfer.credit, transfer.amount.signed());
        add(transfer.debit, transfer.amount.signed().negated());
    }
}

fn report(
    (from, upto): (Date, Date),
    entries: u64,
    vendors: BTreeMap<VendorId, Sums>,
) -> DayReport {
    let mut all = Sums::default();
    for sums in vendors.values() {
        for (all, sum) in all.iter_mut().zip(sums) {
            *all = all.checked_add(*sum).unwrap_or(SignedCents::new(i64::MAX));
        }
    }
    let [sales, refunds, other] = all;
    let vendors = vendors.into_iter();
    let vendors = vendors
        .map(|(vendor, [sales, refunds, other])| VendorDay { vendor, sales, refunds, other })
        .collect();
    DayReport { from, upto, preview: true, entries, vendors, sales, refunds, other }
}

/// Closes a day that is over, and all days before.
pub(super) fn close_day(state: &mut State, turn: &mut Turn<'_>, day: Option<Date>) -> Outcome {
    let mut closing = preview_day(state, turn, day)?;
    closing.report.preview = false;
    let upto = closing.report.upto;
    turn.put(Kind::DayClosing, &day_key(upto), &closing);
    state.books.close(turn, upto);
    Ok(Answer::Accounting(AccountingAnswer::Day(closing.report)))
}

/// Says what closing a year would say, with its balances, or why it cannot be closed.
pub(super) fn preview_year(
    state: &State,
    turn: &Turn<'_>,
    year: i16,
) -> Result<(YearReport, Balances, u64), AccountingRefused> {
    let end = last_day(year)?;
    if turn.today() <= end {
        return Err(AccountingRefused::YearNotOver(year));
    }
    if let Some((last, _)) = years(turn).last().filter(|(last, _)| year <= *last) {
        return Err(AccountingRefused::YearClosed(*last));
    }
    let entries = state.books.entries();
    let found = balance::at(turn, end, entries);
    if found.entries == 0 {
        return Err(AccountingRefused::NothingToClose(year));
    }
    let report = YearReport {
        year,
        preview: true,
        entries,
        head: state.books.head(),
        accounts: found.balances.len() as u64,
        balances: digest(&found.balances),
        result: balance::result(&state.settings.accounting.chart, &found.moves),
        open: still_open(state, year, end),
    };
    Ok((report, found.balances, found.next_from))
}

/// What should be finished before a year is closed.
fn still_open(state: &State, year: i16, end: Date) -> Vec<AccountingRefused> {
    let mut open = Vec::new();
    if state.books.closed().is_none_or(|closed| closed < end) {
        open.push(AccountingRefused::DaysOpen(year));
    }
    let payments = state.waiting.len() + state.holds.len();
    if payments > 0 {
        open.push(AccountingRefused::PaymentsOpen(payments as u64));
    }
    let lines = state.books.counters(Account::Unassigned).balance();
    if lines != SignedCents::ZERO {
        open.push(AccountingRefused::LinesOpen(lines));
    }
    open
}

/// Closes a year that is over.
pub(super) fn close_year(
    state: &mut State,
    turn: &mut Turn<'_>,
    year: i16,
    force: Option<Force>,
) -> Outcome {
    let reason = force.map(|force| force.reason);
    if reason.as_ref().is_some_and(|reason| !crate::vendor::is_text(reason)) {
        return Err(AccountingRefused::Text.into());
    }
    let (mut report, balances, next_from) = preview_year(state, turn, year)?;
    if let Some(open) = report.open.first().filter(|_| reason.is_none()) {
        return Err(open.clone().into());
    }
    report.preview = false;
    let closing = Closing {
        entries: report.entries,
        head: report.head,
        next_from,
        on: turn.today(),
        accounts: report.accounts,
        balances: report.balances,
        chart: state.settings.accounting.chart.clone(),
        zone: turn.zone().name().to_owned(),
        forced: !report.open.is_empty(),
    };
    turn.put(Kind::Closing, &year.to_be_bytes(), &closing);
    for (account, balance) in &balances {
        turn.put(Kind::ClosedBalance, &balance_key(year, account), balance);
    }
    if let Some(reason) = reason {
        turn.put(Kind::Note, &note_key(year), &reason);
    }
    state.books.close(turn, last_day(year)?);
    Ok(Answer::Accounting(AccountingAnswer::Year(report)))
}

/// Returns the key of the note that says why a year was closed although something was open.
fn note_key(year: i16) -> Vec<u8> {
    [b"year ".as_slice(), &year.to_be_bytes()].concat()
}

/// Returns what was closed.
pub(super) fn list(state: &State, turn: &Turn<'_>) -> Closings {
    let closed = |(year, closing): (i16, Closing)| ClosedYear {
        year,
        on: closing.on,
        entries: closing.entries,
        head: closing.head,
        forced: closing.forced,
    };
    let years = years(turn).into_iter().map(closed).collect();
    Closings { until: state.books.closed(), years }
}
