//! Batches of transfers and direct debits, and their files.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crdt::VendorId;
use ledger::answer::{BatchFile, BatchInfo, OrderReport, TreasuryAnswer};
use ledger::command::{TreasuryCommand, TreasuryQuery};
use ledger::treasury::batch::{BatchKind, BatchState, Item};
use ledger::{Answer, Command};
use node::exchange::{PaymentFile, pain001, pain002, pain008};
use node::treasury::{FileRefused, debits, rejections, transfers};
use serde_json::json;

use super::{ask, does, payee, the_batch};
use crate::args::treasury::{Batch, Collect, DebitVersion, Payout, TransferVersion};
use crate::commands::Context;
use crate::commands::names::{Names, alphabetical};
use crate::failure::Failure;
use crate::output::{Done, facts, short, table};
use crate::resolve::{self, unexpected};

/// Which batches are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Payouts,
    Debits,
}

/// Previews, orders and follows transfers.
pub(in crate::commands) async fn payout(
    context: &Context,
    command: Payout,
) -> Result<Done, Failure> {
    match command {
        Payout::Preview { vendors } => {
            let vendors = all(context, &vendors).await?;
            preview(context, TreasuryQuery::PayoutPreview { vendors }).await
        }
        Payout::Order { vendors, on: _, dry_run: true } => {
            let vendors = all(context, &vendors).await?;
            preview(context, TreasuryQuery::PayoutPreview { vendors }).await
        }
        Payout::Order { vendors, on, dry_run: false } => {
            let vendors = all(context, &vendors).await?;
            order(context, TreasuryCommand::OrderPayouts { vendors, on }).await
        }
        Payout::File { batch, version, out } => {
            let version = match version {
                TransferVersion::V03 => pain001::Version::V03,
                TransferVersion::V09 => pain001::Version::V09,
            };
            let batch = the_batch(context, &batch).await?;
            file(context, batch, &out, |batch| transfers(batch, version)).await
        }
        Payout::Batch(command) => follow(context, command, Which::Payouts).await,
    }
}

/// Previews, orders and follows direct debits.
pub(in crate::commands) async fn collect(
    context: &Context,
    command: Collect,
) -> Result<Done, Failure> {
    match command {
        Collect::Preview { month } | Collect::Order { month, on: _, dry_run: true } => {
            preview(context, TreasuryQuery::DebitPreview { month }).await
        }
        Collect::Order { month, on, dry_run: false } => {
            order(context, TreasuryCommand::OrderDebits { month, on }).await
        }
        Collect::File { batch, version, out } => {
            let version = match version {
                DebitVersion::V02 => pain008::Version::V02,
                DebitVersion::V08 => pain008::Version::V08,
            };
            let batch = the_batch(context, &batch).await?;
            file(context, batch, &out, |batch| debits(batch, version)).await
        }
        Collect::Batch(command) => follow(context, command, Which::Debits).await,
    }
}

async fn all(context: &Context, texts: &[String]) -> Result<Vec<VendorId>, Failure> {
    let mut vendors = Vec::with_capacity(texts.len());
    for text in texts {
        vendors.push(resolve::vendor(context, text).await?);
    }
    Ok(vendors)
}

async fn preview(context: &Context, question: TreasuryQuery) -> Result<Done, Failure> {
    let answer = ask(context, question).await?;
    let TreasuryAnswer::Ordered(report) = &answer else { return Err(unexpected()) };
    Done::new(&answer, ordered(report, &Names::known(context).await))
}

async fn order(context: &Context, command: TreasuryCommand) -> Result<Done, Failure> {
    let answer = context.command(&Command::Treasury(command)).await?;
    let Answer::Treasury(TreasuryAnswer::Ordered(report)) = &answer else {
        return Err(unexpected());
    };
    Done::new(&answer, ordered(report, &Names::known(context).await))
}

fn ordered(report: &OrderReport, names: &Names) -> String {
    let mut rows = table(&["who", ">amount", "why not"]);
    let paid = report.payments.iter();
    let paid = paid.map(|(who, amount)| [payee(*who, names), amount.to_string(), String::new()]);
    let left = report.left_out.iter();
    let left = left.map(|(who, why)| [payee(*who, names), "-".to_owned(), why.to_string()]);
    for part in [paid.collect::<Vec<_>>(), left.collect()] {
        rows.add_rows(by_name(part));
    }
    let OrderReport { payments, left_out, total, code, .. } = report;
    let what =
        code.as_ref().map_or("would be ordered".to_owned(), |code| format!("ordered: {code}"));
    format!(
        "{rows}\n{} payment(s), {total} in all, {} left out; {what}\n",
        payments.len(),
        left_out.len()
    )
}

fn by_name<const N: usize>(mut rows: Vec<[String; N]>) -> Vec<[String; N]> {
    rows.sort_by_key(|row| row.first().map(|name| alphabetical(name)));
    rows
}

/// Writes the file of a batch, readable by its owner alone.
async fn file(
    context: &Context,
    batch: crdt::BatchId,
    out: &Path,
    make: impl FnOnce(&BatchFile) -> Result<PaymentFile, FileRefused>,
) -> Result<Done, Failure> {
    let TreasuryAnswer::BatchFile(batch) = ask(context, TreasuryQuery::BatchFile(batch)).await?
    else {
        return Err(unexpected());
    };
    let made = make(&batch).map_err(|why| Failure::Failed(why.to_string()))?;
    write_new(out, &made.bytes)?;
    let mut text = String::new();
    for change in &made.changes {
        let place =
            change.payment.map_or("our own name".to_owned(), |n| format!("payment {}", n + 1));
        text.push_str(&format!("{place}: written as {:?}\n", change.written));
    }
    let (count, total) = (made.count, made.total);
    text.push_str(&format!("{}: {count} payment(s), {total} in all\n", out.display()));
    let json = json!({ "batch": batch.name, "count": count, "total": total.get() });
    Done::new(&json, text)
}

fn write_new(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let name = out.display();
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
    match opened {
        Ok(mut file) => {
            let written = file.write_all(bytes).and_then(|()| file.sync_all());
            written.map_err(|why| Failure::Failed(format!("{name}: {why}")))
        }
        Err(why) if why.kind() == ErrorKind::AlreadyExists => match std::fs::read(out) {
            Ok(there) if there == bytes => Ok(()),
            Ok(_) | Err(_) => Err(Failure::misused(format!(
                "{name} is there with other contents, and is not touched: give another name"
            ))),
        },
        Err(why) => Err(Failure::misused(format!("{name}: {why}"))),
    }
}

async fn follow(context: &Context, command: Batch, which: Which) -> Result<Done, Failure> {
    match command {
        Batch::List => list(context, which).await,
        Batch::Show { batch } => {
            let batch = the_batch(context, &batch).await?;
            let answer = ask(context, TreasuryQuery::Batch(batch)).await?;
            let TreasuryAnswer::Batch(info) = &answer else { return Err(unexpected()) };
            Done::new(&answer, shown(info, &Names::known(context).await))
        }
        Batch::Confirm { batch } => {
            let batch = the_batch(context, &batch).await?;
            let text = format!("batch {} was carried out", short(&batch));
            does(context, TreasuryCommand::ConfirmBatch { batch }, text).await
        }
        Batch::Cancel { batch, reason } => {
            let batch = the_batch(context, &batch).await?;
            let text = format!("batch {} is taken back", short(&batch));
            does(context, TreasuryCommand::CancelBatch { batch, reason }, text).await
        }
        Batch::Returns { file } => returns(context, &file).await,
    }
}

async fn list(context: &Context, which: Which) -> Result<Done, Failure> {
    let TreasuryAnswer::Batches(batches) = ask(context, TreasuryQuery::Batches).await? else {
        return Err(unexpected());
    };
    let of = |info: &BatchInfo| match info.kind {
        BatchKind::Payout => Which::Payouts,
        BatchKind::Debit(_) => Which::Debits,
    };
    let batches: Vec<_> = batches.into_iter().filter(|info| of(info) == which).collect();
    let mut rows =
        table(&["batch", "for", "on", ">payments", ">total", ">open", ">came back", "state"]);
    for info in &batches {
        rows.add_row([
            info.code.clone(),
            purpose(info.kind),
            info.on.to_string(),
            info.count.to_string(),
            info.total.to_string(),
            info.open.to_string(),
            info.back.to_string(),
            state(info.state).to_owned(),
        ]);
    }
    Done::new(&batches, format!("{rows}\n{} batch(es)\n", batches.len()))
}

fn purpose(kind: BatchKind) -> String {
    match kind {
        BatchKind::Payout => "vendors".to_owned(),
        BatchKind::Debit(month) => format!("contributions {month}"),
    }
}

const fn state(state: BatchState) -> &'static str {
    match state {
        BatchState::Ordered => "ordered",
        BatchState::Booked(_) => "booked as one sum",
        BatchState::Confirmed => "confirmed by hand",
        BatchState::Cancelled => "cancelled",
    }
}

fn shown(info: &BatchInfo, names: &Names) -> String {
    let mut text = facts(&[
        ("batch", info.code.clone()),
        ("id", info.id.to_string()),
        ("for", purpose(info.kind)),
        ("on", info.on.to_string()),
        ("total", info.total.to_string()),
        ("not shown by the bank yet", info.open.to_string()),
        ("came back or rejected", info.back.to_string()),
        ("state", state(info.state).to_owned()),
    ]);
    let mut rows = table(&[">payment", "who", ">amount", "stands"]);
    for (number, item) in &info.items {
        let who = payee(item.payee, names);
        rows.add_row([number.to_string(), who, item.amount.to_string(), stands(item)]);
    }
    text.push_str(&format!("{rows}\n"));
    text
}

fn stands(item: &Item) -> String {
    let Item { rejected, returned, paid, .. } = item;
    match (rejected, returned, paid) {
        (Some(code), _, _) => format!("rejected {code}"),
        (None, Some(line), _) => format!("came back: line {}", short(line)),
        (None, None, Some(line)) => format!("done: line {}", short(line)),
        (None, None, None) => "-".to_owned(),
    }
}

/// Reopens what the bank rejected.
async fn returns(context: &Context, path: &Path) -> Result<Done, Failure> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path);
    let file = file.map_err(|why| Failure::misused(format!("{name}: {why}")))?;
    let report = pain002::read(std::io::BufReader::new(file));
    let report = report.map_err(|problem| Failure::misused(problem.in_file(&name)))?;
    let items = rejections(&report);
    let names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
    let command = Command::Treasury(TreasuryCommand::RejectItems { items });
    let answer = context.command(&command).await?;
    let Answer::Treasury(TreasuryAnswer::Rejected(found)) = &answer else {
        return Err(unexpected());
    };
    let mut text = String::new();
    for problem in report.problems.kept() {
        text.push_str(&format!("{}\n", problem.in_file(&name)));
    }
    for place in &found.unknown {
        let unknown = names.get(*place as usize).map_or("", String::as_str);
        text.push_str(&format!("{name}: {unknown:?} is no payment of ours\n"));
    }
    let (reopened, known) = (found.reopened.len(), found.known);
    text.push_str(&format!("{reopened} payment(s) reopened, {known} known before\n"));
    Done::new(&answer, text)
}
