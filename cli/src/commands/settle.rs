//! Statements and settlement.

use std::collections::BTreeSet;

use crdt::pair::AnomalyKind;
use crdt::{Cents, SignedCents};
use ledger::answer::{FederationInfo, RunInfo, StatementInfo};
use ledger::{Answer, Command, Query};

use super::Context;
use super::federation::named;
use crate::args::federation::{Settle, Statement};
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short, table, yes_no};
use crate::resolve::{self, unexpected};

/// Shows, and publishes if asked to, what we and another caisse owe each other.
pub(super) async fn statement(context: &Context, asked: Statement) -> Result<Done, Failure> {
    let with = resolve::caisse(context, &asked.with).await?;
    if asked.publish {
        context.command(&Command::State { with }).await?;
    }
    let answer = context.query(&Query::Statement { with }).await?;
    let Answer::Statement(info) = &answer else {
        return Err(unexpected());
    };
    let done = Done::new(&answer, statement_text(info))?;
    // What cannot be in the feeds is for a person to look at, whoever asked.
    Ok(Done { holds: info.anomalies.is_empty(), ..done })
}

fn statement_text(info: &StatementInfo) -> String {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        info.lines.iter().partition(|(_, line)| line.host != info.with);
    let contested = info.lines.iter().filter(|(_, line)| line.contested).count();
    let owed = info.owed_to_us;
    let direction = match owed.get() {
        0 => "nothing is owed".to_owned(),
        cents if cents > 0 => format!("it owes us {}", owed.magnitude()),
        _ => format!("we owe it {}", owed.magnitude()),
    };
    let agreed = info.agreed.as_ref().map(|agreed| short(&agreed.digest));
    let mut text = facts(&[
        ("with", info.with.to_string()),
        ("payments of its members here", ours.len().to_string()),
        ("payments of our members there", theirs.len().to_string()),
        ("in all", direction),
        ("digest of this statement", info.now.digest.to_string()),
        ("last one published by both", or_dash(agreed)),
        ("the two sides contradict", yes_no(info.differs).to_owned()),
    ]);
    if contested > 0 {
        text.push_str(&format!(
            "{contested} contested payment(s) are not counted until that ends\n"
        ));
    }
    for anomaly in &info.anomalies {
        let what = match anomaly.what {
            AnomalyKind::ObligedTwice => "a payment is owed twice; the first counts",
            AnomalyKind::RefundAboveCaptured => {
                "more is given back than was owed; it does not count"
            }
            AnomalyKind::ContestedNothing => "what is not owed is contested; it does not count",
            AnomalyKind::Overflow => "the sums do not fit an amount of money; it does not count",
        };
        let (place, author) = (anomaly.at.seq, anomaly.at.feed.author);
        text.push_str(&format!("CANNOT BE: entry {place} of {author}: {what}\n"));
    }
    text
}

/// Proposes, shows, pays or refuses settlement runs.
pub(super) async fn settle(context: &Context, command: Settle) -> Result<Done, Failure> {
    match command {
        Settle::Propose { without } => {
            let mut left_out = BTreeSet::new();
            for caisse in &without {
                left_out.insert(resolve::caisse(context, caisse).await?);
            }
            let answer = context.command(&Command::ProposeRun { without: left_out }).await?;
            let Answer::RunProposed(run) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, format!("proposed run {run}; follow it with: caisse settle status"))
        }
        Settle::Status => show(context, status).await,
        Settle::Transfers => show(context, transfers).await,
        Settle::Sent { run, to } => {
            let run = resolve::run(context, &run).await?;
            let to = resolve::caisse(context, &to).await?;
            let answer = context.command(&Command::PaySent { run, to }).await?;
            Done::new(&answer, "said that our transfer left; only its arrival closes the debt")
        }
        Settle::Received { run, from } => {
            let run = resolve::run(context, &run).await?;
            let from = resolve::caisse(context, &from).await?;
            let answer = context.command(&Command::PayReceived { run, from }).await?;
            Done::new(&answer, "said that the transfer came: the debt is closed")
        }
        Settle::Abort { run, reason } => {
            let run = resolve::run(context, &run).await?;
            let answer = context.command(&Command::AbortRun { run, reason }).await?;
            Done::new(&answer, format!("run {run} is refused: it will never take effect"))
        }
    }
}

type Text = fn(&FederationInfo, &[RunInfo]) -> String;

async fn show(context: &Context, text: Text) -> Result<Done, Failure> {
    let answer = context.query(&Query::Runs).await?;
    let Answer::Runs(runs) = &answer else {
        return Err(unexpected());
    };
    if runs.is_empty() {
        return Done::new(&answer, "no settlement run yet\n");
    }
    let Answer::Federation(federation) = context.query(&Query::Federation).await? else {
        return Err(unexpected());
    };
    Done::new(&answer, text(&federation, runs))
}

fn status(federation: &FederationInfo, runs: &[RunInfo]) -> String {
    let mut rows = table(&["run", "state", ">signed", ">certified", ">transfers", "aborted by"]);
    for run in runs {
        let of_all = |some: usize| format!("{some} of {}", run.participants.len());
        let aborts = run.aborted.iter();
        let aborts: Vec<String> =
            aborts.map(|(who, why)| format!("{}: {why}", named(federation, who))).collect();
        let state = match (run.certified, aborts.is_empty()) {
            (true, _) => "in effect",
            (false, false) => "aborted",
            (false, true) => "waiting for signatures",
        };
        rows.add_row([
            short(&run.id),
            state.to_owned(),
            of_all(run.signed.len()),
            of_all(run.cert_seen.len()),
            run.transfers.len().to_string(),
            aborts.join("; "),
        ]);
    }
    format!("{rows}\n")
}

fn transfers(federation: &FederationInfo, runs: &[RunInfo]) -> String {
    let mut text = String::new();
    for run in runs.iter().filter(|run| run.aborted.is_empty()) {
        let columns = ["payer", "payee", ">amount", "tell the bank", "sent", "received"];
        let mut rows = table(&columns);
        for transfer in &run.transfers {
            rows.add_row([
                named(federation, &transfer.debt.debtor),
                named(federation, &transfer.debt.creditor),
                transfer.debt.amount.to_string(),
                transfer.end_to_end_id.clone(),
                yes_no(transfer.sent).to_owned(),
                yes_no(transfer.received).to_owned(),
            ]);
        }
        let gross = sum(run.gross.iter().map(|debt| debt.amount));
        let net = sum(run.transfers.iter().map(|transfer| transfer.debt.amount));
        let state = if run.certified { "in effect" } else { "not in effect yet: pay nothing" };
        text.push_str(&format!(
            "run {} ({state})\n{rows}\ngross {gross}, net {net}: {} less by bank\n",
            run.id,
            SignedCents::checked_sub(gross.signed(), net.signed()).unwrap_or_default()
        ));
    }
    text
}

fn sum(amounts: impl Iterator<Item = Cents>) -> Cents {
    Cents::checked_sum(amounts).unwrap_or(Cents::MAX)
}
