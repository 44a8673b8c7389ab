//! The queue of the bank's lines, and the reconciliation.

use crdt::{Month, SignedCents};
use ledger::answer::{LineInfo, Reconciliation, TreasuryAnswer};
use ledger::command::{AssignTo, TreasuryCommand, TreasuryQuery};
use ledger::treasury::line::{Side, Target};
use ledger::{Answer, Command};

use super::{ask, the_batch, the_line};
use crate::args::treasury::To;
use crate::commands::Context;
use crate::commands::names::Names;
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short, table};
use crate::resolve::{self, unexpected};

/// Lists lines.
pub(super) async fn queue(context: &Context, all: bool) -> Result<Done, Failure> {
    let question = if all { TreasuryQuery::Lines } else { TreasuryQuery::Queue };
    let answer = ask(context, question).await?;
    let TreasuryAnswer::Queue(lines) = &answer else { return Err(unexpected()) };
    let mut rows = table(&["line", "date", ">amount", "from or to", "what it says", "what for"]);
    let names = Names::known(context).await;
    let mut in_order: Vec<&LineInfo> = lines.iter().collect();
    in_order.sort_by_key(|info| (info.line.date, signed(info)));
    for info in in_order {
        rows.add_row([
            short(&info.id),
            info.line.date.to_string(),
            signed(info).to_string(),
            or_dash(info.text.name.as_ref()),
            info.text.remittance.clone(),
            stands(info, &names),
        ]);
    }
    let words = if all { "line(s)" } else { "line(s) wait" };
    Done::new(&answer, format!("{rows}\n{} {words}\n", lines.len()))
}

const fn signed(info: &LineInfo) -> SignedCents {
    match info.line.side {
        Side::In => info.line.amount.signed(),
        Side::Out => info.line.amount.signed().negated(),
    }
}

fn stands(info: &LineInfo, names: &Names) -> String {
    match (info.line.target, &info.waits) {
        (Some(target), _) => words(target, names),
        (None, Some(why)) => format!("waits: {why}"),
        (None, None) => "waits".to_owned(),
    }
}

fn words(target: Target, names: &Names) -> String {
    match target {
        Target::Contribution(member, month) => {
            format!("contribution of {} for {month}", names.member(member))
        }
        Target::Grant(id) => format!("grant {}", short(&id)),
        Target::Vendor(id) => names.vendor(id),
        Target::Cash => "the cash box".to_owned(),
        Target::Item(batch, number) => format!("payment {number} of batch {}", short(&batch)),
        Target::Batch(batch) => format!("batch {}", short(&batch)),
        Target::Returned(batch, number) => {
            format!("payment {number} of batch {} came back", short(&batch))
        }
        Target::Already(place) => format!("entry {place}, made by hand"),
        Target::Other => "something else".to_owned(),
    }
}

/// Shows a line.
pub(super) async fn show(context: &Context, line: &str) -> Result<Done, Failure> {
    let line = the_line(context, line).await?;
    let answer = ask(context, TreasuryQuery::Line(line)).await?;
    let TreasuryAnswer::Line(detail) = &answer else { return Err(unexpected()) };
    let info = &detail.info;
    let places: Vec<String> = detail.by_hand.iter().map(ToString::to_string).collect();
    let text = facts(&[
        ("line", info.id.to_string()),
        ("date", info.line.date.to_string()),
        ("amount", signed(info).to_string()),
        ("from or to", or_dash(info.text.name.as_ref())),
        ("account", or_dash(info.text.iban.as_ref().map(|iban| iban.masked()))),
        ("what it says", info.text.remittance.clone()),
        ("references", info.text.references.join(", ")),
        ("end-to-end id", or_dash(info.text.end_to_end.as_ref())),
        ("came back", or_dash(info.line.returned.as_ref())),
        ("what for", stands(info, &Names::known(context).await)),
        ("note", or_dash(detail.note.as_ref())),
        ("entries by hand of this amount", places.join(", ")),
    ]);
    Done::new(&answer, text)
}

/// Assigns a line.
pub(super) async fn assign(
    context: &Context,
    line: &str,
    to: To,
    month: Option<Month>,
    reason: Option<String>,
) -> Result<Done, Failure> {
    let line = the_line(context, line).await?;
    let reason = reason.or_else(|| to.other.clone());
    let to = target(context, to, month).await?;
    let command = TreasuryCommand::Assign { line, to, reason };
    let answer = context.command(&Command::Treasury(command)).await?;
    let Answer::Treasury(TreasuryAnswer::Assigned(target)) = &answer else {
        return Err(unexpected());
    };
    let names = Names::known(context).await;
    Done::new(&answer, format!("line {}: {}", short(&line), words(*target, &names)))
}

async fn target(context: &Context, to: To, month: Option<Month>) -> Result<AssignTo, Failure> {
    let To { member, grant, vendor, partner, batch, already, cash, other } = to;
    if let Some((member, month)) = member.zip(month) {
        let member = resolve::member(context, &member).await?;
        return Ok(AssignTo::Contribution { member, month });
    }
    if let Some(grant) = grant {
        return Ok(AssignTo::Grant(resolve::grant(context, &grant).await?));
    }
    if let Some(vendor) = vendor {
        return Ok(AssignTo::Vendor(resolve::vendor(context, &vendor).await?));
    }
    if let Some(partner) = partner {
        return Ok(AssignTo::Partner(resolve::caisse(context, &partner).await?));
    }
    if let Some(batch) = batch {
        return Ok(AssignTo::Batch(the_batch(context, &batch).await?));
    }
    match (already, cash, other) {
        (Some(place), _, _) => Ok(AssignTo::Already(place)),
        (None, true, _) => Ok(AssignTo::Cash),
        (None, false, Some(_)) => Ok(AssignTo::Other),
        (None, false, None) => Err(Failure::misused("say what the line was for")),
    }
}

/// Compares the books with the bank.
pub(super) async fn reconcile(context: &Context) -> Result<Done, Failure> {
    let answer = ask(context, TreasuryQuery::Reconcile).await?;
    let TreasuryAnswer::Reconciled(found) = &answer else { return Err(unexpected()) };
    let is_explained = found.unexplained.is_none_or(|amount| amount == SignedCents::ZERO);
    let done = Done::new(&answer, reconciliation(found))?;
    Ok(Done { holds: is_explained, ..done })
}

fn reconciliation(found: &Reconciliation) -> String {
    let closing = found.closing.map(|closing| format!("{} on {}", closing.amount, closing.on));
    let opening = found.opening.map(|opening| format!("{} on {}", opening.amount, opening.on));
    let mut text = facts(&[
        ("in the bank by the books", found.books.to_string()),
        ("by the last imported statement", or_dash(closing)),
        ("before the first, not in the books by itself", or_dash(opening)),
        ("lines after the last statement's day", found.later.to_string()),
        ("entries by hand, less those that lines show", found.by_hand_sum.to_string()),
        ("not explained", or_dash(found.unexplained)),
        ("lines that wait", format!("{} ({})", found.waiting, found.unassigned)),
    ]);
    if !found.by_hand.is_empty() {
        let mut rows = table(&[">entry by hand", "date", ">amount"]);
        for (place, date, amount) in &found.by_hand {
            rows.add_row([place.to_string(), date.to_string(), amount.to_string()]);
        }
        text.push_str(&format!("{rows}\n"));
    }
    let words = match found.unexplained {
        None => "no statement with a closing balance was imported\n",
        Some(SignedCents::ZERO) => "the books and the bank agree\n",
        Some(_) => "NOT EXPLAINED: look for days between two statements that were not imported\n",
    };
    text.push_str(words);
    text
}
