//! The node itself: made, run, looked at, verified.

use std::path::Path;

use ::node::{log, run as running, setup, store::Store};
use ledger::answer::Status;
use ledger::verify::Report;
use ledger::{Answer, Caisse, Query};
use serde_json::json;

use super::Context;
use crate::args::LogFormat;
use crate::client::now;
use crate::failure::Failure;
use crate::output::{Done, facts, patiently, talk};
use crate::resolve::unexpected;

/// Makes a caisse.
pub(super) fn init(dir: &Path, config: &Path) -> Result<Done, Failure> {
    let made = setup::init(dir, config)?;
    let contact = made.settings.contact;
    talk(&format!(
        "keep a copy of {} in a safe place; open the caisse with: caisse run {}",
        dir.join("keys").display(),
        dir.display()
    ));
    let text = format!("{} is made in {}\nid  {}", contact.name, dir.display(), contact.id);
    Done::new(&json!({ "id": contact.id, "name": contact.name, "dir": dir }), text)
}

/// Runs a node until it is told to stop.
pub(super) async fn run(dir: &Path, format: LogFormat, level: &str) -> Result<Done, Failure> {
    let format = match format {
        LogFormat::Text => log::Format::Text,
        LogFormat::Json => log::Format::Json,
    };
    log::start(format, level);
    running::run(dir).await?;
    Done::new(&json!({ "stopped": dir }), "")
}

/// Shows how the caisse is.
pub(super) async fn status(context: &Context) -> Result<Done, Failure> {
    let answer = context.query(&Query::Status).await?;
    let Answer::Status(status) = &answer else {
        return Err(unexpected());
    };
    Done::new(&answer, status_text(status))
}

fn status_text(status: &Status) -> String {
    let network = status.network.map_or("none".to_owned(), |network| network.to_string());
    let mut lines = vec![
        ("name", status.name.clone()),
        ("id", status.id.to_string()),
        ("federation", network),
        ("members", status.members.to_string()),
        ("cards", status.cards.to_string()),
        ("vendors", status.vendors.to_string()),
        ("entries of the books", status.journal_entries.to_string()),
        ("credit held by members", status.outstanding.to_string()),
        ("held for payments", status.held.to_string()),
        ("holds older than 15 min", status.old_holds.to_string()),
        ("partners connected", status.connected.to_string()),
        ("partners not heard yet", status.unheard.to_string()),
    ];
    if !status.forked.is_empty() {
        let forked: Vec<String> = status.forked.iter().map(ToString::to_string).collect();
        lines.push(("contradicted themselves", forked.join(", ")));
    }
    facts(&lines)
}

/// Re-derives everything, on the running node or, if there is none, on the store itself.
pub(super) async fn verify(context: &Context) -> Result<Done, Failure> {
    let answer = match context.query(&Query::Verify).await {
        Err(Failure::Unreachable { .. }) => {
            let dir = context.dir().to_owned();
            let stopped = tokio::task::spawn_blocking(move || verify_stopped(&dir));
            let stopped = patiently("reading the books and feeds", stopped).await;
            stopped.map_err(|why| Failure::Failed(why.to_string()))??
        }
        answer => answer?,
    };
    let Answer::Verified(report) = &answer else {
        return Err(unexpected());
    };
    let done = Done::new(&answer, report_text(report))?;
    Ok(Done { holds: report.is_clean(), ..done })
}

fn verify_stopped(dir: &Path) -> Result<Answer, Failure> {
    let store = Store::open(dir)?;
    let loaded = setup::load(dir)?;
    talk("no node runs here: reading the store itself");
    let (caisse, _) = Caisse::open(loaded.settings, loaded.secrets, &store);
    let answer = caisse.query(now(), &Query::Verify, &store);
    // A read that failed answered nothing: then the report is not about the whole truth.
    store.failed().map_or(Ok(()), Err)?;
    Ok(answer?)
}

fn report_text(report: &Report) -> String {
    let read = facts(&[
        ("entries of the books", report.journal_entries.to_string()),
        ("accounts", report.accounts.to_string()),
        ("payments", report.payments.to_string()),
        ("entries of feeds", report.feed_entries.to_string()),
    ]);
    if report.is_clean() {
        return format!("{read}all is well: nothing differs\n");
    }
    let differences: String = report.differences.iter().map(|what| format!("  {what}\n")).collect();
    format!("{read}THESE DIFFER:\n{differences}")
}
