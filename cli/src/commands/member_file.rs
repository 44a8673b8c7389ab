//! Files of members: reading one with a report per line, and writing one.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ledger::answer::{Imported, PeopleAnswer};
use ledger::command::{Applicant, PeopleCommand, PeopleQuery};
use ledger::{Command, limits};
use node::exchange::members_csv::{self, Dialect};
use serde::Serialize;

use super::Context;
use super::people::look;
use crate::failure::Failure;
use crate::output::{Done, bar, table, talk};
use crate::resolve::{self, unexpected};

/// How long an import may take in silence.
const QUIET: Duration = Duration::from_secs(2);

/// What became of a line of a file.
#[derive(Serialize)]
struct LineReport {
    line: u32,
    status: &'static str,
    why: Option<String>,
}

/// Enrols members from a file, or says what that would do.
pub(super) async fn import(context: &Context, csv: &Path, dry_run: bool) -> Result<Done, Failure> {
    let name = csv.display();
    let file = File::open(csv).map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
    let file = members_csv::read(file).map_err(|problem| {
        Failure::Misused(format!(
            "{}\n  the first line names the columns, at least reference and name",
            problem.in_file(&name.to_string())
        ))
    })?;
    if !file.not_read.is_empty() {
        talk(&format!("columns that are not read: {}", file.not_read.join(", ")));
    }
    let (mut report, mut sound) = (Vec::new(), Vec::new());
    for (line, read) in file.lines {
        match read {
            Ok(applicant) => sound.push((line, applicant)),
            Err(why) => report.push(wrong(line, why.to_string())),
        }
    }
    report.extend(send(context, sound, dry_run).await?);
    report.sort_by_key(|line| line.line);
    Ok(Done { holds: report.iter().all(|line| line.why.is_none()), ..told(&report, dry_run)? })
}

const fn wrong(line: u32, why: String) -> LineReport {
    LineReport { line, status: "wrong", why: Some(why) }
}

/// Sends the lines in parts, each under a request id of its own.
async fn send(
    context: &Context,
    lines: Vec<(u32, Applicant)>,
    dry_run: bool,
) -> Result<Vec<LineReport>, Failure> {
    let (whole, begun, mut progress) = (context.request()?, Instant::now(), None);
    let (all, mut report) = (lines.len() as u64, Vec::new());
    // A preview of one part does not know what an earlier one would add.
    let mut seen = BTreeSet::new();
    for (part, lines) in (0..).zip(lines.chunks(limits::IMPORT_LINES)) {
        let applicants = lines.iter().map(|(_, applicant)| applicant.clone()).collect();
        let answer = if dry_run {
            look(context, PeopleQuery::ImportPreview(applicants)).await?
        } else {
            let command = Command::People(PeopleCommand::Import(applicants));
            resolve::people(context.part(whole, part, &command).await?)?
        };
        let PeopleAnswer::Imported(done) = answer else { return Err(unexpected()) };
        report.extend(lines.iter().zip(done).map(|((line, applicant), done)| match done {
            Imported::Added(_) if seen.insert(applicant.reference.clone()) => {
                LineReport { line: *line, status: "added", why: None }
            }
            Imported::Added(_) | Imported::Known(_) => {
                LineReport { line: *line, status: "already there", why: None }
            }
            Imported::Wrong(why) => wrong(*line, why.to_string()),
        }));
        if begun.elapsed() > QUIET {
            let bar = progress.get_or_insert_with(|| bar(all, "members"));
            bar.set_position(report.len() as u64);
        }
    }
    if let Some(bar) = progress {
        bar.finish_and_clear();
    }
    Ok(report)
}

fn told(report: &[LineReport], dry_run: bool) -> Result<Done, Failure> {
    let mut rows = table(&[">line", "what became of it", "why"]);
    for LineReport { line, status, why } in report {
        let why = why.clone().unwrap_or_default();
        rows.add_row([line.to_string(), (*status).to_owned(), why]);
    }
    let count = |status: &str| report.iter().filter(|line| line.status == status).count();
    let verb = if dry_run { "would be added" } else { "added" };
    let (added, known, wrong) = (count("added"), count("already there"), count("wrong"));
    let text = format!("{rows}\n{added} {verb}, {known} already there, {wrong} wrong\n");
    let json = serde_json::json!({
        "dry_run": dry_run, "added": added, "already_there": known, "wrong": wrong, "lines": report,
    });
    Done::new(&json, text)
}

/// Writes all members who have not left as a table.
pub(super) async fn export(
    context: &Context,
    french: bool,
    out: Option<&Path>,
) -> Result<Done, Failure> {
    let answer = look(context, PeopleQuery::Roll).await?;
    let PeopleAnswer::Roll(members) = &answer else { return Err(unexpected()) };
    let dialect = if french { Dialect::French } else { Dialect::Plain };
    let text = members_csv::write(members, dialect);
    let Some(path) = out else { return Done::new(&answer, text) };
    let failed = |why| Failure::Failed(format!("{}: {why}", path.display()));
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
    Done::new(&answer, format!("{} member(s) written to {}", members.len(), path.display()))
}
