//! The file of a year's entries: written page by page, checked without a node.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use ::node::exchange::fec::{FecReport, FecWriter, check, description, file_name, is_siren};
use ledger::accounting::legal;
use ledger::answer::{AccountingAnswer, YearFile};
use ledger::command::{AccountingQuery, EntriesAsked};
use ledger::{Answer, Query};
use serde_json::json;

use super::Context;
use super::accounting::ask;
use crate::args::accounting::Fec;
use crate::failure::Failure;
use crate::output::{Done, bar, facts};
use crate::resolve::unexpected;

/// Writes or checks a file of entries.
pub(super) async fn fec(context: &Context, command: Fec) -> Result<Done, Failure> {
    match command {
        Fec::Export { year, out, siren, vendor_names } => {
            let answer = ask(context, AccountingQuery::Opening { year }).await?;
            let AccountingAnswer::Opening(file) = answer else { return Err(unexpected()) };
            let siren = siren.or_else(|| file.siren.clone());
            let siren = siren.map(|siren| siren.replace(' ', "")).filter(|siren| is_siren(siren));
            let siren = siren.ok_or_else(|| {
                Failure::misused(
                    "the file is named after the caisse's SIREN: give --siren with its nine digits, or set \
                     `siren` in the section [caisse] of the configuration",
                )
            })?;
            let names = if vendor_names { names(context).await? } else { BTreeMap::new() };
            export(context, &file, &siren, &out, &names).await
        }
        Fec::Check { file } => checked(&file),
    }
}

/// Returns the names of vendors by their auxiliary accounts.
async fn names(context: &Context) -> Result<BTreeMap<String, String>, Failure> {
    match context.query(&Query::Vendors).await? {
        Answer::Vendors(vendors) => {
            Ok(vendors.into_iter().map(|vendor| (format!("V{}", vendor.id), vendor.name)).collect())
        }
        _ => Err(unexpected()),
    }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |why| Failure::Failed(format!("{path}: {why}"))
}

/// Writes the file beside its place and puts it there when it is whole.
async fn export(
    context: &Context,
    file: &YearFile,
    siren: &str,
    out: &Path,
    names: &BTreeMap<String, String>,
) -> Result<Done, Failure> {
    let path = out.join(file_name(siren, file.year));
    let refused = io(&path);
    let unfinished = tempfile::NamedTempFile::new_in(out).map_err(io(out))?;
    let writer = FecWriter::new(BufWriter::new(unfinished)).map_err(&refused)?;
    let (written, lines) = fill(context, file, writer, names, &refused).await?;
    let unfinished = written.into_inner().map_err(|why| refused(why.into_error()))?;
    unfinished.as_file().sync_all().map_err(&refused)?;
    unfinished.persist(&path).map_err(|why| refused(why.error))?;
    let about = path.with_extension("description.txt");
    std::fs::write(&about, description(siren, file.year, &file.chart)).map_err(io(&about))?;
    let standing = if file.closed {
        "the year is closed: the file never changes again"
    } else {
        "the year is not closed: the file is a draft"
    };
    let text = format!("{}: {lines} lines; {standing}", path.display());
    let json = json!({ "file": path, "description": about, "lines": lines, "closed": file.closed });
    Done::new(&json, text)
}

async fn fill<W: Write>(
    context: &Context,
    file: &YearFile,
    mut writer: FecWriter<W>,
    names: &BTreeMap<String, String>,
    refused: &impl Fn(std::io::Error) -> Failure,
) -> Result<(W, u64), Failure> {
    let name = |owner: &str| names.get(owner).cloned();
    if let Some(opening) = &file.opening {
        writer.write(opening, name).map_err(refused)?;
    }
    let day = |month, day| crdt::Date::new(file.year, month, day).ok();
    let (first, last) = (day(1, 1), day(12, 31));
    let upto = Some(file.upto);
    let mut asked =
        EntriesAsked { from: file.from, upto, first, last, bare: true, ..EntriesAsked::default() };
    let progress = bar(file.upto.saturating_sub(file.from), "writing entries");
    loop {
        let answer = ask(context, AccountingQuery::Entries(asked.clone())).await?;
        let AccountingAnswer::Entries(page) = answer else { return Err(unexpected()) };
        for told in &page.entries {
            if let Some(legal) = legal::entry(&file.chart, &told.entry, told.made) {
                writer.write(&legal, name).map_err(refused)?;
            }
        }
        let Some(next) = page.next else { break };
        progress.set_position(next.saturating_sub(file.from));
        asked.from = next;
    }
    progress.finish_and_clear();
    writer.finish().map_err(refused)
}

fn checked(path: &PathBuf) -> Result<Done, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let cannot = |why| Failure::Misused(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(cannot)?;
    let report = check(&name, BufReader::new(file)).map_err(cannot)?;
    let faults: Vec<_> = report.faults.iter().map(|fault| {
        json!({ "line": fault.line, "field": fault.field, "message": fault.problem.to_string() })
    }).collect();
    let json = json!({
        "lines": report.lines,
        "entries": report.entries,
        "debits": report.debits.to_string(),
        "credits": report.credits.to_string(),
        "faults": faults,
        "count": report.count,
    });
    let done = Done::new(&json, report_text(path, &report))?;
    Ok(Done { holds: report.count == 0, ..done })
}

fn report_text(path: &Path, report: &FecReport) -> String {
    let euros = |cents: i128| format!("{},{:02}", cents / 100, cents.abs() % 100);
    let mut text = facts(&[
        ("lines", report.lines.to_string()),
        ("entries", report.entries.to_string()),
        ("debits", euros(report.debits)),
        ("credits", euros(report.credits)),
    ]);
    if report.count == 0 {
        text.push_str("nothing is wrong\n");
        return text;
    }
    text.push_str(&format!("{} FAULT(S):\n", report.count));
    for fault in &report.faults {
        text.push_str(&format!("  {}: {fault}\n", path.display()));
    }
    text
}
