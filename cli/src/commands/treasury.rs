//! The treasurer's month.

mod batch;
mod import;
mod lines;
mod statement;

use crdt::{BatchId, LineId};
use ledger::answer::TreasuryAnswer;
use ledger::command::{TreasuryCommand, TreasuryQuery};
use ledger::treasury::batch::Payee;
use ledger::treasury::details::{Details, Holder, Mandate};
use ledger::{Answer, Command, Query};

use super::Context;
use super::names::Names;
use crate::args::treasury as typed;
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short};
use crate::resolve::{self, unexpected};

pub(super) use batch::{collect, payout};
pub(super) use statement::vendor_statement;

/// Asks a treasurer's question.
async fn ask(context: &Context, question: TreasuryQuery) -> Result<TreasuryAnswer, Failure> {
    match context.query(&Query::Treasury(question)).await? {
        Answer::Treasury(answer) => Ok(answer),
        _ => Err(unexpected()),
    }
}

/// Asks for something that answers no more than that it is done.
async fn does(context: &Context, command: TreasuryCommand, text: String) -> Result<Done, Failure> {
    let answer = context.command(&Command::Treasury(command)).await?;
    Done::new(&answer, text)
}

/// Imports, lists, assigns and compares the bank's lines.
pub(super) async fn bank(context: &Context, command: typed::Bank) -> Result<Done, Failure> {
    match command {
        typed::Bank::Import { file, format, dry_run } => {
            import::import(context, &file, format, dry_run).await
        }
        typed::Bank::Queue { all } => lines::queue(context, all).await,
        typed::Bank::Show { line } => lines::show(context, &line).await,
        typed::Bank::Assign { line, to, month, reason } => {
            lines::assign(context, &line, to, month, reason).await
        }
        typed::Bank::Unassign { line, reason } => {
            let line = the_line(context, &line).await?;
            let command = TreasuryCommand::Unassign { line, reason };
            does(context, command, format!("line {} waits again", short(&line))).await
        }
        typed::Bank::Reconcile => lines::reconcile(context).await,
        typed::Bank::Reference { member } => {
            let member = resolve::member(context, &member).await?;
            let question = TreasuryQuery::Reference(member);
            let TreasuryAnswer::Reference(reference) = ask(context, question).await? else {
                return Err(unexpected());
            };
            Done::new(&reference, reference.to_string())
        }
        typed::Bank::Forget { member } => {
            let member = resolve::member(context, &member).await?;
            let text = format!("erased what bank records say of member {}", short(&member));
            does(context, TreasuryCommand::Forget { member }, text).await
        }
        typed::Bank::Details(command) => details(context, command).await,
    }
}

/// Finds a line by the beginning of its id.
async fn the_line(context: &Context, text: &str) -> Result<LineId, Failure> {
    if let Ok(id) = text.trim().parse() {
        return Ok(id);
    }
    let TreasuryAnswer::Queue(lines) = ask(context, TreasuryQuery::Lines).await? else {
        return Err(unexpected());
    };
    let known: Vec<_> = lines.into_iter().map(|info| (info.id, None)).collect();
    resolve::choose("line", text, &known)
}

/// Finds a batch by its code, or by the beginning of its id.
async fn the_batch(context: &Context, text: &str) -> Result<BatchId, Failure> {
    if let Ok(id) = text.trim().parse() {
        return Ok(id);
    }
    let TreasuryAnswer::Batches(batches) = ask(context, TreasuryQuery::Batches).await? else {
        return Err(unexpected());
    };
    let known: Vec<_> = batches.into_iter().map(|info| (info.id, Some(info.code))).collect();
    resolve::choose("batch", text, &known)
}

/// Returns words for someone who is paid or pays.
fn payee(payee: Payee, names: &Names) -> String {
    match payee {
        Payee::Vendor(id) => names.vendor(id),
        Payee::Claim(id) | Payee::Debit(id) => names.member(id),
    }
}

async fn holder(context: &Context, of: typed::Of) -> Result<Holder, Failure> {
    Ok(match (of.vendor, of.member) {
        (Some(vendor), _) => Holder::Vendor(resolve::vendor(context, &vendor).await?),
        (None, Some(member)) => Holder::Member(resolve::member(context, &member).await?),
        (None, None) => Holder::Own,
    })
}

async fn details(context: &Context, command: typed::Details) -> Result<Done, Failure> {
    match command {
        typed::Details::Set { of, iban, name, bic, creditor_id, monthly, signed, mandate } => {
            if !iban.is_sepa() {
                return Err(Failure::misused("--iban: SEPA payments do not reach this country"));
            }
            let of = holder(context, of).await?;
            let mandate = match (of, monthly, signed) {
                (Holder::Member(member), Some(monthly), Some(signed)) => {
                    let reference = match mandate {
                        Some(reference) => reference.as_str().to_owned(),
                        None => the_reference(context, member).await?,
                    };
                    Some(Mandate { reference, signed, monthly, used: false })
                }
                _ => None,
            };
            let details = Box::new(Details {
                name,
                iban: iban.as_str().parse().map_err(Failure::misused)?,
                bic: bic.map(|bic| bic.as_str().to_owned()),
                mandate,
                creditor_id: creditor_id.map(|id| id.as_str().to_owned()),
            });
            let text = format!("recorded the account {}", iban.masked());
            does(context, TreasuryCommand::SetDetails { of, details }, text).await
        }
        typed::Details::Show { of } => {
            let of = holder(context, of).await?;
            let answer = ask(context, TreasuryQuery::Details(of)).await?;
            let TreasuryAnswer::Details(found) = &answer else { return Err(unexpected()) };
            let Some(found) = found else { return Done::new(&answer, "no bank details") };
            let mandate = found.mandate.as_ref();
            let text = facts(&[
                ("account", found.iban.clone()),
                ("holder", found.name.clone()),
                ("bank", or_dash(found.bic.as_ref())),
                ("creditor identifier", or_dash(found.creditor_id.as_ref())),
                ("mandate", or_dash(mandate.map(|mandate| &mandate.reference))),
                ("signed", or_dash(mandate.map(|mandate| mandate.signed))),
                ("each month", or_dash(mandate.map(|mandate| mandate.monthly))),
                ("reference", or_dash(found.reference.as_ref())),
            ]);
            Done::new(&answer, text)
        }
    }
}

async fn the_reference(context: &Context, member: crdt::MemberId) -> Result<String, Failure> {
    match ask(context, TreasuryQuery::Reference(member)).await? {
        TreasuryAnswer::Reference(reference) => Ok(reference.as_str().to_owned()),
        _ => Err(unexpected()),
    }
}
