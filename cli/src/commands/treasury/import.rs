//! Importing a statement: the file is read here, and what its lines mean is decided by the node.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use ledger::answer::{ImportReport, TreasuryAnswer};
use ledger::command::{TreasuryCommand, TreasuryQuery};
use ledger::treasury::details::Holder;
use ledger::{Answer, Command};
use node::exchange::bank_csv::{self, Columns};
use node::exchange::{Iban, StatementFile, camt053};
use node::treasury::{Taken, take};
use serde_json::json;

use super::ask;
use crate::args::treasury::Format;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Done, short};
use crate::resolve::unexpected;

/// Imports a statement, or says what an import would do.
pub(super) async fn import(
    context: &Context,
    file: &Path,
    format: Format,
    dry_run: bool,
) -> Result<Done, Failure> {
    let own = own_account(context).await?;
    let name = file.display().to_string();
    let read = read(file, format, own)?;
    if read.kind.starts_with("camt.054") {
        return Err(Failure::misused(format!(
            "{name}: a notification (camt.054) repeats what the statement says: import the camt.053"
        )));
    }
    let taken = take(&read, own);
    let whole = context.request()?;
    let mut report = ImportReport { preview: dry_run, ..ImportReport::default() };
    for (number, import) in (0_u32..).zip(&taken.imports) {
        let import = Box::new(import.clone());
        let answer = if dry_run {
            ask(context, TreasuryQuery::ImportPreview(import)).await?
        } else {
            let command = Command::Treasury(TreasuryCommand::Import(import));
            match context.part(whole, number, &command).await? {
                Answer::Treasury(answer) => answer,
                _ => return Err(unexpected()),
            }
        };
        let TreasuryAnswer::Imported(part) = answer else { return Err(unexpected()) };
        add(&mut report, *part);
    }
    let json = json!({
        "imported": report,
        "not_booked": taken.not_booked,
        "without_day": taken.without_day,
        "other_accounts": taken.other_accounts,
        "file_problems": read.problems.kept().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "file_problems_in_all": read.problems.count(),
    });
    Done::new(&json, text(&name, &report, &taken, &read))
}

async fn own_account(context: &Context) -> Result<Iban, Failure> {
    let answer = ask(context, TreasuryQuery::Details(Holder::Own)).await?;
    let TreasuryAnswer::Details(own) = answer else { return Err(unexpected()) };
    let own = own.ok_or_else(|| {
        let refused = ledger::refused::TreasuryRefused::NoOwnAccount;
        Failure::from(ledger::Refused::from(refused))
    })?;
    own.iban.parse().map_err(Failure::misused)
}

fn read(path: &Path, format: Format, own: Iban) -> Result<StatementFile, Failure> {
    let name = path.display();
    let unreadable = |why: std::io::Error| Failure::misused(format!("{name}: {why}"));
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let xml = match format {
        Format::Camt => true,
        Format::Csv => false,
        Format::Auto => {
            let beginning = file.fill_buf().map_err(unreadable)?;
            let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
            beginning.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
        }
    };
    let read =
        if xml { camt053::read(file) } else { bank_csv::read(file, own, &Columns::default()) };
    read.map_err(|problem| Failure::misused(problem.in_file(&name.to_string())))
}

fn add(sum: &mut ImportReport, part: ImportReport) {
    sum.new += part.new;
    sum.known += part.known;
    sum.assigned.extend(part.assigned);
    sum.waiting.extend(part.waiting);
    sum.problems.extend(part.problems);
}

fn text(name: &str, report: &ImportReport, taken: &Taken, read: &StatementFile) -> String {
    let mut text = String::new();
    for problem in read.problems.kept() {
        text.push_str(&format!("{}\n", problem.in_file(name)));
    }
    for (place, why) in &report.problems {
        text.push_str(&format!("{name}:{place}: {why}; the line is left out\n"));
    }
    for place in &taken.without_day {
        text.push_str(&format!("{name}:{place}: no day of booking; the entry is left out\n"));
    }
    for account in &taken.other_accounts {
        text.push_str(&format!("a statement of the account {account} is left out: not our own\n"));
    }
    if taken.not_booked > 0 {
        let count = taken.not_booked;
        text.push_str(&format!("{count} entries are not booked yet: they will come again\n"));
    }
    for (place, id, why) in &report.waiting {
        text.push_str(&format!("{name}:{place}: line {} waits: {why}\n", short(id)));
    }
    let verb = if report.preview { "would be" } else { "are" };
    text.push_str(&format!(
        "{} line(s) {verb} new, {} known; {} assigned, {} wait{}\n",
        report.new,
        report.known,
        report.assigned.len(),
        report.waiting.len(),
        if report.waiting.is_empty() { "" } else { ": see `caisse bank queue`" },
    ));
    text
}
