//! Disputes, agreed contributions, reminders and corrections.

use std::collections::BTreeMap;

use crdt::{DisputeId, MemberId};
use ledger::answer::{
    AgreedInfo, DisputeInfo, DisputesAnswer, DunningReport, Foreseen, ReminderInfo,
};
use ledger::command::{Burden, Correction, Decision, Direction, DisputesCommand, DisputesQuery};
use ledger::dispute::contest::Contest;
use ledger::dispute::{DisputeState, Redress};
use ledger::{Answer, Command, Query};

use super::Context;
use super::money::names;
use crate::args::disputes::{Agree, AnswerDispute, Correct, CorrectBy, Dispute, Dunning};
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short, table};
use crate::resolve::{self, choose, unexpected};

async fn ask(context: &Context, question: DisputesQuery) -> Result<DisputesAnswer, Failure> {
    of_area(context.query(&Query::Disputes(question)).await?)
}

async fn have(context: &Context, command: DisputesCommand) -> Result<DisputesAnswer, Failure> {
    of_area(context.command(&Command::Disputes(command)).await?)
}

fn of_area(answer: Answer) -> Result<DisputesAnswer, Failure> {
    match answer {
        Answer::Disputes(answer) => Ok(answer),
        _ => Err(unexpected()),
    }
}

/// Finds a dispute by its id, or the beginning of it.
async fn resolved(context: &Context, text: &str) -> Result<DisputeId, Failure> {
    if let Ok(id) = text.trim().parse() {
        return Ok(id);
    }
    let DisputesAnswer::List(list) = ask(context, DisputesQuery::List { due: false }).await? else {
        return Err(unexpected());
    };
    choose("dispute", text, &list.iter().map(|info| (info.id, None)).collect::<Vec<_>>())
}

/// Opens, lists, shows, answers or withdraws disputes.
pub(super) async fn dispute(context: &Context, command: Dispute) -> Result<Done, Failure> {
    match command {
        Dispute::Open { payment, by, reason, amount } => {
            let payment = resolve::payment(context, &payment).await?;
            let member = resolve::member(context, &by).await?;
            let open = DisputesCommand::Open { payment, member, amount, reason };
            say_one(&have(context, open).await?)
        }
        Dispute::List { due } => {
            let answer = ask(context, DisputesQuery::List { due }).await?;
            let DisputesAnswer::List(list) = &answer else { return Err(unexpected()) };
            Done::new(&answer, listed(list))
        }
        Dispute::Show { dispute } => {
            let id = resolved(context, &dispute).await?;
            let answer = ask(context, DisputesQuery::Show(id)).await?;
            let DisputesAnswer::Shown { info, reason, answer: said } = &answer else {
                return Err(unexpected());
            };
            let text = format!(
                "{}{}",
                shown(info),
                facts(&[
                    ("the member says", or_dash(reason.as_ref())),
                    ("answered", or_dash(said.as_ref()))
                ])
            );
            Done::new(&answer, text)
        }
        Dispute::Answer(asked) => answer(context, asked).await,
        Dispute::Withdraw { dispute } => {
            let dispute = resolved(context, &dispute).await?;
            say_one(&have(context, DisputesCommand::Withdraw { dispute }).await?)
        }
        Dispute::Notice { dispute } => {
            let id = resolved(context, &dispute).await?;
            letters(&ask(context, DisputesQuery::Letter(id)).await?)
        }
    }
}

fn say_one(answer: &DisputesAnswer) -> Result<Done, Failure> {
    let DisputesAnswer::Dispute(info) = answer else { return Err(unexpected()) };
    Done::new(answer, shown(info))
}

async fn answer(context: &Context, asked: AnswerDispute) -> Result<Done, Failure> {
    let AnswerDispute { dispute, verdict, amount, reason, vendor_owes, own_loss, dry_run } = asked;
    let dispute = resolved(context, &dispute).await?;
    let burden = match (vendor_owes, own_loss) {
        (true, _) => Burden::VendorOwes,
        (false, true) => Burden::Caisse,
        (false, false) => Burden::Vendor,
    };
    let decision = if verdict.accept {
        Decision::Accept { amount, burden, reason }
    } else {
        // The caisse says that a rejection needs one.
        Decision::Reject { reason: reason.unwrap_or_default() }
    };
    if dry_run {
        let answer = ask(context, DisputesQuery::Foresee { dispute, decision }).await?;
        let DisputesAnswer::Foreseen(foreseen) = &answer else { return Err(unexpected()) };
        return Done::new(&answer, foreseen_text(foreseen));
    }
    say_one(&have(context, DisputesCommand::Answer { dispute, decision }).await?)
}

fn foreseen_text(foreseen: &Foreseen) -> String {
    let Foreseen { amount, by, vendor_owed } = foreseen;
    let how = by.map_or("nothing is given back", redress);
    let mut text = format!("would give back {amount} to the member: {how}\n");
    if let Some(owed) = vendor_owed {
        text.push_str(&format!("the vendor would then be owed {owed}\n"));
    }
    text.push_str("nothing has changed\n");
    text
}

const fn redress(by: Redress) -> &'static str {
    match by {
        Redress::Refund => "by a refund of the vendor",
        Redress::OwnLoss => "at the caisse's own loss",
        Redress::Host => "the other caisse has given it back",
    }
}

fn standing(info: &DisputeInfo) -> String {
    match info.state {
        DisputeState::Open if info.overdue => "OVERDUE".to_owned(),
        DisputeState::Open => "open".to_owned(),
        DisputeState::Accepted { on, amount, by } => {
            format!("accepted {on}: {amount}, {}", redress(by))
        }
        DisputeState::Rejected { on } => format!("rejected {on}"),
        DisputeState::Withdrawn { on } => format!("withdrawn {on}"),
    }
}

fn listed(list: &[DisputeInfo]) -> String {
    let columns =
        ["dispute", "payment", "member", ">amount", "opened", "answer by", "frozen until", ""];
    let mut rows = table(&columns);
    for info in list {
        let frozen = info.frozen.then_some(info.frozen_until);
        rows.add_row([
            short(&info.id),
            short(&info.payment),
            short(&info.member),
            info.amount.to_string(),
            info.opened.to_string(),
            info.answer_by.to_string(),
            or_dash(frozen),
            standing(info),
        ]);
    }
    let open = list.iter().filter(|info| info.state == DisputeState::Open);
    let overdue = list.iter().filter(|info| info.overdue).count();
    format!("{rows}\n{} to answer, {overdue} of them overdue\n", open.count())
}

fn shown(info: &DisputeInfo) -> String {
    let mut text = facts(&[
        ("dispute", info.id.to_string()),
        ("payment", info.payment.to_string()),
        ("member", info.member.to_string()),
        ("vendor", info.vendor.map_or("of another caisse".to_owned(), |id| id.to_string())),
        ("contested", info.amount.to_string()),
        ("opened", info.opened.to_string()),
        ("answer by", info.answer_by.to_string()),
        ("frozen until", or_dash(info.frozen.then_some(info.frozen_until))),
        ("standing", standing(info)),
    ]);
    match info.settlement {
        Some(Contest::Excluded) => text.push_str("left out of settlement until it ends\n"),
        Some(Contest::Settled) => {
            text.push_str("it was settled with the other caisse before, and stays settled\n");
        }
        None => {}
    }
    if info.given_by_host.is_zero() {
        return text;
    }
    text.push_str(&format!("the other caisse has given back {} since\n", info.given_by_host));
    text
}

/// Letters to print, each on a page of its own.
fn letters(answer: &DisputesAnswer) -> Result<Done, Failure> {
    let DisputesAnswer::Letters(letters) = answer else { return Err(unexpected()) };
    let rule = format!("\n{}\n\n", "─".repeat(60));
    Done::new(answer, letters.join(&rule))
}

/// Reminds members of contributions that have not come.
pub(super) async fn dunning(context: &Context, command: Dunning) -> Result<Done, Failure> {
    let answer = match command {
        Dunning::Preview { month } => ask(context, DisputesQuery::Late(month)).await?,
        Dunning::Run { month } => have(context, DisputesCommand::Remind { month }).await?,
        Dunning::List => ask(context, DisputesQuery::Reminders).await?,
        Dunning::Letters { month } => {
            return letters(&ask(context, DisputesQuery::ReminderLetters(month)).await?);
        }
    };
    let names = if context.json() { BTreeMap::new() } else { names(context).await };
    let text = match &answer {
        DisputesAnswer::Reminded(report) => reminded(report, &names),
        DisputesAnswer::Reminders(list) => reminders(list, &names),
        _ => return Err(unexpected()),
    };
    Done::new(&answer, text)
}

fn reminded(report: &DunningReport, names: &BTreeMap<MemberId, String>) -> String {
    let DunningReport { month, days, preview, late } = report;
    let mut rows = table(&["member", "name", ">agreed", ">missing", "reminder"]);
    for row in late {
        let reminder = match (row.level, row.told, preview) {
            (0, ..) => "too early".to_owned(),
            (level, true, _) => format!("{level}, given before"),
            (level, false, true) => format!("{level}, due"),
            (level, false, false) => format!("{level}, given now"),
        };
        rows.add_row([
            short(&row.member),
            or_dash(names.get(&row.member)),
            row.agreed.to_string(),
            row.missing.to_string(),
            reminder,
        ]);
    }
    let new = late.iter().filter(|row| row.level > 0 && !row.told).count();
    let verb = if *preview { "would be given" } else { "given" };
    format!(
        "{rows}\n{month}, {days} days after its first: {} late, {new} reminder(s) {verb}; nothing is suspended\n",
        late.len()
    )
}

fn reminders(list: &[ReminderInfo], names: &BTreeMap<MemberId, String>) -> String {
    let mut rows = table(&["member", "name", "month", ">reminder", "given", ">missing then"]);
    for info in list {
        rows.add_row([
            short(&info.member),
            or_dash(names.get(&info.member)),
            info.month.to_string(),
            info.level.to_string(),
            info.given.to_string(),
            info.missing.to_string(),
        ]);
    }
    format!("{rows}\n{} reminder(s)\n", list.len())
}

/// Records what a member agreed to contribute.
pub(super) async fn agree(context: &Context, asked: Agree) -> Result<Done, Failure> {
    let Agree { member, amount, from } = asked;
    let member = resolve::member(context, &member).await?;
    let answer = have(context, DisputesCommand::Agree { member, amount, from }).await?;
    let DisputesAnswer::Agreed(agreed) = &answer else { return Err(unexpected()) };
    let [AgreedInfo { from, amount, .. }] = agreed[..] else { return Err(unexpected()) };
    Done::new(&answer, format!("agreed: {amount} each month from {from} on"))
}

/// Lists what members agreed to contribute.
pub(super) async fn agreed(context: &Context) -> Result<Done, Failure> {
    let answer = ask(context, DisputesQuery::Agreed).await?;
    let DisputesAnswer::Agreed(list) = &answer else { return Err(unexpected()) };
    let names = if context.json() { BTreeMap::new() } else { names(context).await };
    let mut rows = table(&["member", "name", "from", ">each month"]);
    for AgreedInfo { member, from, amount } in list {
        let name = or_dash(names.get(member));
        rows.add_row([short(member), name, from.to_string(), amount.to_string()]);
    }
    Done::new(&answer, format!("{rows}\n"))
}

/// Corrects what a member holds, or says what that would do.
pub(super) async fn correct(context: &Context, asked: Correct) -> Result<Done, Failure> {
    let Correct { member, amount, reason, dry_run } = asked;
    let (direction, amount) = match amount {
        CorrectBy { credit: Some(amount), .. } => (Direction::Credit, amount),
        CorrectBy { debit: Some(amount), .. } => (Direction::Debit, amount),
        CorrectBy { credit: None, debit: None } => {
            return Err(Failure::misused("give --credit AMOUNT or --debit AMOUNT"));
        }
    };
    let member = resolve::member(context, &member).await?;
    let correction = Correction { member, direction, amount, reason };
    let answer = if dry_run {
        ask(context, DisputesQuery::ForeseeCorrection(correction)).await?
    } else {
        have(context, DisputesCommand::Correct(correction)).await?
    };
    let DisputesAnswer::Corrected { holds } = &answer else { return Err(unexpected()) };
    let text = if dry_run {
        format!("the member would hold {holds}; nothing has changed")
    } else {
        format!("corrected: the member holds {holds}")
    };
    Done::new(&answer, text)
}
