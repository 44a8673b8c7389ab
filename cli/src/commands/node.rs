//! The node itself: made, run, looked at, verified.

use std::path::Path;
use std::time::{Duration, Instant};

use ::node::{log, run as running, setup, store::Store};
use ledger::answer::Status;
use ledger::verify::Report;
use ledger::{Answer, Caisse, Query};
use serde_json::json;

use super::Context;
use super::federation::used;
use crate::args::LogFormat;
use crate::client::now;
use crate::failure::Failure;
use crate::output::{Done, facts, patiently, short, talk};
use crate::resolve::unexpected;

/// Time between two looks at a node that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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

/// Shows how the caisse is; waits first, if asked to, so many seconds at most.
pub(super) async fn status(context: &Context, wait: Option<u32>) -> Result<Done, Failure> {
    let status = match wait {
        None => ask_status(context).await?,
        Some(seconds) => {
            let patience = Duration::from_secs(seconds.into());
            patiently("waiting for the caisse", until_ready(context, patience)).await?
        }
    };
    let text = status_text(&status);
    Done::new(&Answer::Status(status), text)
}

async fn ask_status(context: &Context) -> Result<Box<Status>, Failure> {
    match context.query(&Query::Status).await? {
        Answer::Status(status) => Ok(status),
        _ => Err(unexpected()),
    }
}

/// Looks again and again until the node is there and may speak for the caisse.
async fn until_ready(context: &Context, patience: Duration) -> Result<Box<Status>, Failure> {
    let since = Instant::now();
    loop {
        let missing = match look(context).await {
            Ok((status, None)) => return Ok(status),
            Ok((_, Some(why))) => {
                let seconds = patience.as_secs();
                Failure::Failed(format!("the node answers, but after {seconds} s {why}"))
            }
            Err(unreachable @ Failure::Unreachable { .. }) => unreachable,
            Err(failure) => return Err(failure),
        };
        if since.elapsed() >= patience {
            return Err(missing);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Returns how the caisse is, and why it may not speak yet if it may not.
async fn look(context: &Context) -> Result<(Box<Status>, Option<String>), Failure> {
    let status = ask_status(context).await?;
    if status.unheard > 0 {
        let why = format!("it still waits to hear from {} other caisse(s)", status.unheard);
        return Ok((status, Some(why)));
    }
    if status.network.is_none() {
        return Ok((status, None));
    }
    match context.query(&Query::Federation).await? {
        Answer::Federation(info) if info.founded => Ok((status, None)),
        Answer::Federation(_) => {
            Ok((status, Some("not every founder has signed the charter".to_owned())))
        }
        _ => Err(unexpected()),
    }
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
    ];
    if !status.guarantee.is_kept() {
        lines.push(("CREDIT NOT COVERED", status.guarantee.margin().to_string()));
    }
    lines.push(("partners connected", status.connected.to_string()));
    lines.push(("partners not heard yet", status.unheard.to_string()));
    for room in &status.degraded {
        let until = room.until.map_or_else(String::new, |until| format!(", until {until}"));
        let words = if room.left.is_zero() {
            format!("{}: nothing above the floor", short(&room.with))
        } else {
            format!("{}: {} by lots{until}", short(&room.with), room.left)
        };
        lines.push(("WITHOUT A PARTNER, sells", words));
    }
    if !status.forked.is_empty() {
        let forked: Vec<String> = status.forked.iter().map(ToString::to_string).collect();
        lines.push(("contradicted themselves", forked.join(", ")));
    }
    if !status.over_quota.is_empty() {
        let over: Vec<String> = status.over_quota.iter().map(ToString::to_string).collect();
        lines.push(("SAY TOO MUCH, wait until tomorrow", over.join(", ")));
    }
    for ceiling in &status.ceilings {
        let with = crate::output::short(&ceiling.with);
        lines.push(("ceiling filling up", format!("{with}: {}", used(ceiling))));
    }
    let advice =
        if status.forked.is_empty() { "" } else { "see `caisse proof list`: what to do\n" };
    facts(&lines) + advice
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
