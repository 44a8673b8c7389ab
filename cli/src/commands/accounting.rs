//! Entries, balances, corrections, closings, the meter, receipts.

use ledger::answer::{
    AccountingAnswer, BookEntry, DayReport, Level, Meter, Reversal, TrialBalance, YearReport,
};
use ledger::command::{AccountingCommand, AccountingQuery, EntriesAsked};
use ledger::guarantee::Force;
use ledger::{Answer, Command, Query};

use super::Context;
use super::names::Names;
use crate::args::accounting as typed;
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short, table, yes_no};
use crate::resolve::unexpected;

pub(super) async fn ask(
    context: &Context,
    question: AccountingQuery,
) -> Result<AccountingAnswer, Failure> {
    match context.query(&Query::Accounting(question)).await? {
        Answer::Accounting(answer) => Ok(answer),
        _ => Err(unexpected()),
    }
}

async fn tell(context: &Context, command: AccountingCommand) -> Result<AccountingAnswer, Failure> {
    match context.command(&Command::Accounting(command)).await? {
        Answer::Accounting(answer) => Ok(answer),
        _ => Err(unexpected()),
    }
}

/// Looks into the books, or corrects them.
pub(super) async fn book(context: &Context, command: typed::Book) -> Result<Done, Failure> {
    match command {
        typed::Book::List { from, to, account, limit } => {
            let asked = EntriesAsked { first: from, last: to, account, ..EntriesAsked::default() };
            list(context, asked, limit).await
        }
        typed::Book::Show { entry } => show(context, entry).await,
        typed::Book::Balance { at } => {
            let answer = ask(context, AccountingQuery::Balance { at }).await?;
            let AccountingAnswer::Balance(balance) = &answer else { return Err(unexpected()) };
            Done::new(&answer, balance_text(balance))
        }
        typed::Book::Reverse { entry, reason, dry_run } => {
            let answer = if dry_run {
                ask(context, AccountingQuery::ReversalPreview(entry)).await?
            } else {
                tell(context, AccountingCommand::Reverse { entry, reason }).await?
            };
            let AccountingAnswer::Reversed(reversal) = &answer else { return Err(unexpected()) };
            Done::new(&answer, reversal_text(reversal))
        }
    }
}

async fn list(context: &Context, mut asked: EntriesAsked, limit: usize) -> Result<Done, Failure> {
    let mut entries: Vec<BookEntry> = Vec::new();
    let more = loop {
        let answer = ask(context, AccountingQuery::Entries(asked.clone())).await?;
        let AccountingAnswer::Entries(page) = answer else { return Err(unexpected()) };
        entries.extend(page.entries);
        if entries.len() > limit {
            entries.truncate(limit);
            break true;
        }
        match page.next {
            Some(next) => asked.from = next,
            None => break false,
        }
    };
    let mut rows = table(&columns());
    for told in &entries {
        add_rows(&mut rows, told);
    }
    let more = if more { "; more follow: narrow the days, or give a higher --limit" } else { "" };
    Done::new(&entries, format!("{rows}\n{} entries{more}\n", entries.len()))
}

const fn columns() -> [&'static str; 7] {
    [">entry", "day", "journal", "account", "whose", ">debit", ">credit"]
}

/// One row for each line, the label of the entry in the last place of the first.
fn add_rows(rows: &mut comfy_table::Table, told: &BookEntry) {
    let place = told.entry.index.to_string();
    let Some(legal) = &told.legal else {
        let held = "held or released".to_owned();
        let empty = String::new;
        rows.add_row([
            place,
            told.entry.date.to_string(),
            held,
            empty(),
            empty(),
            empty(),
            empty(),
        ]);
        return;
    };
    for line in &legal.lines {
        let side =
            |amount: crdt::Cents| if amount.is_zero() { String::new() } else { amount.to_string() };
        rows.add_row([
            place.clone(),
            legal.date.to_string(),
            legal.journal.code().to_owned(),
            format!("{} {}", line.account.number, line.account.label),
            line.auxiliary.as_ref().map(short).unwrap_or_default(),
            side(line.debit),
            side(line.credit),
        ]);
    }
}

async fn show(context: &Context, entry: u64) -> Result<Done, Failure> {
    let answer = ask(context, AccountingQuery::Entry(entry)).await?;
    let AccountingAnswer::Entry(detail) = &answer else { return Err(unexpected()) };
    let mut rows = table(&columns());
    add_rows(&mut rows, &detail.entry);
    let legal = detail.entry.legal.as_ref();
    let text = facts(&[
        ("what", or_dash(legal.map(|legal| &legal.label))),
        ("document", or_dash(legal.map(|legal| &legal.piece))),
        ("made on", detail.entry.made.to_string()),
        ("why", or_dash(detail.note.as_ref())),
        ("reversed by entry", or_dash(detail.reversed_by)),
        ("hash", detail.hash.to_string()),
    ]);
    Done::new(&answer, format!("{rows}\n{text}"))
}

fn balance_text(balance: &TrialBalance) -> String {
    let columns = ["account", "", ">carried over", ">debits", ">credits", ">balance"];
    let mut rows = table(&columns);
    for line in &balance.lines {
        rows.add_row([
            line.account.number.clone(),
            line.account.label.clone(),
            line.opening.to_string(),
            line.debits.to_string(),
            line.credits.to_string(),
            line.balance.to_string(),
        ]);
    }
    format!("{rows}\nbalances on {}; credits count up, debits down\n", balance.at)
}

fn reversal_text(reversal: &Reversal) -> String {
    let head = match reversal.entry {
        Some(entry) => format!("entry {} is reversed by entry {entry}", reversal.of),
        None => format!("entry {} would be reversed; nothing has changed", reversal.of),
    };
    let lines = reversal.legal.iter().flat_map(|legal| &legal.lines);
    let mut rows = table(&["account", ">debit", ">credit"]);
    for line in lines {
        let account = format!("{} {}", line.account.number, line.account.label);
        rows.add_row([account, line.debit.to_string(), line.credit.to_string()]);
    }
    format!("{head}\n{rows}\n")
}

/// Closes days and years, or shows what is closed.
pub(super) async fn close(context: &Context, command: typed::Close) -> Result<Done, Failure> {
    match command {
        typed::Close::Day { date, dry_run } => {
            let answer = if dry_run {
                ask(context, AccountingQuery::DayPreview { day: date }).await?
            } else {
                tell(context, AccountingCommand::CloseDay { day: date }).await?
            };
            let AccountingAnswer::Day(report) = &answer else { return Err(unexpected()) };
            Done::new(&answer, day_text(report, &Names::known(context).await))
        }
        typed::Close::Year { year, force, dry_run } => {
            let answer = if dry_run {
                ask(context, AccountingQuery::YearPreview { year }).await?
            } else {
                let force = force.map(|reason| Force { reason });
                tell(context, AccountingCommand::CloseYear { year, force }).await?
            };
            let AccountingAnswer::Year(report) = &answer else { return Err(unexpected()) };
            Done::new(&answer, year_text(report))
        }
        typed::Close::List => {
            let answer = ask(context, AccountingQuery::Closings).await?;
            let AccountingAnswer::Closings(closings) = &answer else { return Err(unexpected()) };
            let mut rows = table(&[">year", "closed on", ">entries", "hash of the last", "forced"]);
            for year in &closings.years {
                rows.add_row([
                    year.year.to_string(),
                    year.on.to_string(),
                    year.entries.to_string(),
                    short(&year.head),
                    yes_no(year.forced).to_owned(),
                ]);
            }
            let until = or_dash(closings.until);
            Done::new(&answer, format!("{rows}\nclosed up to {until}\n"))
        }
    }
}

fn day_text(report: &DayReport, names: &Names) -> String {
    let mut rows = table(&["vendor", ">sales", ">refunds", ">payouts and other"]);
    for vendor in &report.vendors {
        rows.add_row([
            names.vendor(vendor.vendor),
            vendor.sales.to_string(),
            vendor.refunds.to_string(),
            vendor.other.to_string(),
        ]);
    }
    let all = [report.sales, report.refunds, report.other].map(|sum| sum.to_string());
    let [sales, refunds, other] = all;
    rows.add_row(["all".to_owned(), sales, refunds, other]);
    let days = if report.from == report.upto {
        report.upto.to_string()
    } else {
        format!("{} to {}", report.from, report.upto)
    };
    let done = if report.preview { "would be closed" } else { "closed" };
    format!("{rows}\n{days} {done}: {} entries\n", report.entries)
}

fn year_text(report: &YearReport) -> String {
    let mut text = facts(&[
        ("year", report.year.to_string()),
        ("result (products less charges)", report.result.to_string()),
        ("accounts that hold something", report.accounts.to_string()),
        ("entries of the books", report.entries.to_string()),
        ("hash of the last", report.head.to_string()),
        ("hash of the balances", report.balances.to_string()),
    ]);
    for open in &report.open {
        text.push_str(&format!("still open: {open}\n"));
    }
    text.push_str(if report.preview { "nothing has changed\n" } else { "the year is closed\n" });
    text
}

/// Shows the volume of the last twelve months; exits with 1 once a declaration is due.
pub(super) async fn meter(context: &Context) -> Result<Done, Failure> {
    let answer = ask(context, AccountingQuery::Meter).await?;
    let AccountingAnswer::Meter(meter) = &answer else { return Err(unexpected()) };
    let level = meter.payments_level.max(meter.circulation_level);
    let done = Done::new(&answer, meter_text(meter, level))?;
    Ok(Done { holds: level < Level::Reached, ..done })
}

fn meter_text(meter: &Meter, level: Level) -> String {
    let mut text = facts(&[
        ("twelve months", format!("{} to {}", meter.from, meter.upto)),
        ("credit issued", meter.issued.to_string()),
        ("payments of members", meter.payments.to_string()),
        ("credit held now", meter.in_circulation.to_string()),
        ("limit", meter.limit.to_string()),
    ]);
    text.push_str(match level {
        Level::Below => "below 80 % of the limit\n",
        Level::Near => {
            "MORE THAN 80 % OF THE LIMIT: prepare the declaration to the ACPR (code monétaire et financier, \
             L. 521-3 and L. 525-6)\n"
        }
        Level::Reached => {
            "THE LIMIT IS REACHED: a declaration to the ACPR is due (code monétaire et financier, L. 521-3 \
             and L. 525-6)\n"
        }
    });
    text
}

/// Lists who gave more than they were issued.
pub(super) async fn receipt(context: &Context, command: typed::Receipt) -> Result<Done, Failure> {
    let typed::Receipt::List { year } = command;
    let answer = ask(context, AccountingQuery::Receipts { year }).await?;
    let AccountingAnswer::Receipts(list) = &answer else { return Err(unexpected()) };
    let mut rows = table(&["member", ">given", ">issued", ">over"]);
    for over in list {
        rows.add_row([
            short(&over.member),
            over.given.to_string(),
            over.issued.to_string(),
            over.over.to_string(),
        ]);
    }
    let text = format!("{rows}\n{} member(s); a draft: the association decides\n", list.len());
    Done::new(&answer, text)
}
