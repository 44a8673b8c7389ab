//! Lots: what is sold while two caisses cannot reach each other.

use crdt::lot::LotTerms;
use crdt::{Cents, LotId};
use ledger::answer::{
    FederationInfo, GivenLotInfo, HeldLotInfo, LossesInfo, LotsDecided, LotsInfo, OfflineAnswer,
};
use ledger::command::{OfflineCommand, OfflineQuery};
use ledger::{Answer, Command, Query};
use serde_json::json;

use super::Context;
use super::federation::named;
use crate::args::lot::{Lot, Policy};
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short, table};
use crate::resolve::{self, unexpected};

/// Shows lots, or decides about them.
pub(super) async fn lot(context: &Context, command: Lot) -> Result<Done, Failure> {
    match command {
        Lot::List => list(context).await,
        Lot::Policy(asked) => policy(context, asked).await,
        Lot::Reserve { amount, dry_run } => {
            let command = OfflineCommand::SetReserve { amount };
            let question = OfflineQuery::ReservePreview { amount };
            decide(context, command, dry_run.then_some(question)).await
        }
        Lot::Close { lot, dry_run } => close(context, &lot, dry_run).await,
        Lot::Losses => losses(context).await,
    }
}

async fn ask(context: &Context, question: OfflineQuery) -> Result<OfflineAnswer, Failure> {
    match context.query(&Query::Offline(question)).await? {
        Answer::Offline(answer) => Ok(answer),
        _ => Err(unexpected()),
    }
}

async fn all(context: &Context) -> Result<Box<LotsInfo>, Failure> {
    match ask(context, OfflineQuery::Lots).await? {
        OfflineAnswer::Lots(info) => Ok(info),
        _ => Err(unexpected()),
    }
}

async fn policy(context: &Context, asked: Policy) -> Result<Done, Failure> {
    let Policy { with, amount, per_card, per_sale, days, none, dry_run } = asked;
    let with = resolve::caisse(context, &with).await?;
    let policy = match (amount, per_card, per_sale) {
        (Some(amount), Some(per_card), Some(per_sale)) if !none => {
            Some(LotTerms { amount, per_card, per_sale, days })
        }
        _ => None,
    };
    let command = OfflineCommand::SetPolicy { with, policy };
    let question = OfflineQuery::PolicyPreview { with, policy };
    decide(context, command, dry_run.then_some(question)).await
}

/// Carries out a decision, or answers a question about it instead.
async fn decide(
    context: &Context,
    command: OfflineCommand,
    instead: Option<OfflineQuery>,
) -> Result<Done, Failure> {
    let answer = match instead {
        Some(question) => context.query(&Query::Offline(question)).await?,
        None => context.command(&Command::Offline(command)).await?,
    };
    let Answer::Offline(OfflineAnswer::Decided(decided)) = &answer else {
        return Err(unexpected());
    };
    Done::new(&answer, decided_text(decided))
}

fn decided_text(decided: &LotsDecided) -> String {
    let mut text = facts(&[
        ("reserve", decided.reserve.to_string()),
        ("held by open lots", decided.out.to_string()),
        ("in the bank and the cash box", decided.money.to_string()),
    ]);
    let (gives, asks) =
        if decided.preview { ("would give", "would ask back") } else { ("gave", "asked back") };
    if let Some(terms) = &decided.grants {
        text.push_str(&format!("{gives} a lot of {}\n", words(terms)));
    }
    for lot in &decided.asks_back {
        text.push_str(&format!(
            "{asks} lot {}; it is promised until the partner says so\n",
            short(lot)
        ));
    }
    if decided.preview {
        text.push_str("nothing has changed\n");
    }
    text
}

fn words(terms: &LotTerms) -> String {
    let LotTerms { amount, per_card, per_sale, days } = terms;
    format!("{amount}: {per_card} for one card, {per_sale} at one time, {days} days")
}

async fn close(context: &Context, typed: &str, dry_run: bool) -> Result<Done, Failure> {
    let info = all(context).await?;
    let open = info.given.iter().filter(|given| given.state.closed.is_none());
    let candidates: Vec<(LotId, Option<String>)> = open.map(|given| (given.lot, None)).collect();
    let lot = match typed.parse() {
        Ok(whole) => whole,
        Err(_) => resolve::choose("open lot", typed, &candidates)?,
    };
    if !dry_run {
        return decide(context, OfflineCommand::Close { lot }, None).await;
    }
    let given = info.given.iter().find(|given| given.lot == lot && given.state.closed.is_none());
    let left = given.map_or(Cents::ZERO, |given| given.left);
    let text = format!("would ask back lot {lot}, of which {left} is left; nothing has changed\n");
    Done::new(&json!({ "would_ask_back": given }), text)
}

async fn list(context: &Context) -> Result<Done, Failure> {
    let info = all(context).await?;
    let federation = match context.query(&Query::Federation).await {
        Ok(Answer::Federation(federation)) => Some(federation),
        Ok(_) | Err(Failure::Refused(_)) => None,
        Err(failure) => return Err(failure),
    };
    let text = list_text(&info, federation.as_deref());
    Done::new(&Answer::Offline(OfflineAnswer::Lots(info)), text)
}

fn list_text(info: &LotsInfo, federation: Option<&FederationInfo>) -> String {
    let name = |id| federation.map_or_else(|| short(id), |federation| named(federation, id));
    let mut text = facts(&[
        ("reserve", info.reserve.to_string()),
        ("held by open lots", info.out.to_string()),
    ]);
    for (with, terms) in &info.policies {
        text.push_str(&format!("{} gets lots of {}\n", name(with), words(terms)));
    }
    if info.list_too_long {
        text.push_str("NO LOTS ARE GIVEN: too many cards do not pay without us to be listed\n");
    }
    let mut rows = table(&["lot", "", "with", ">amount", ">used", ">left", "state"]);
    for given in &info.given {
        rows.add_row([
            short(&given.lot),
            "given".to_owned(),
            name(&given.with),
            given.state.terms.amount.to_string(),
            given.state.claimed.to_string(),
            given.left.to_string(),
            given_state(given),
        ]);
    }
    for held in &info.held {
        rows.add_row([
            short(&held.lot),
            "held".to_owned(),
            name(&held.with),
            or_dash(held.state.terms.map(|terms| terms.amount)),
            held.state.spent.to_string(),
            held.left.to_string(),
            held_state(held),
        ]);
    }
    text.push_str(&format!("{rows}\n{} lot(s)\n", info.given.len() + info.held.len()));
    text
}

fn given_state(given: &GivenLotInfo) -> String {
    match (given.state.closed, given.state.close_asked) {
        (Some(spent), _) if spent != given.state.claimed => {
            format!("CLOSED WITH {spent} SOLD, not what was claimed")
        }
        (Some(_), _) => "closed".to_owned(),
        (None, true) => "asked back".to_owned(),
        (None, false) => "open".to_owned(),
    }
}

fn held_state(held: &HeldLotInfo) -> String {
    match held.until {
        _ if held.state.closed => "closed".to_owned(),
        Some(until) => format!("until {until}"),
        None => "not known any more".to_owned(),
    }
}

async fn losses(context: &Context) -> Result<Done, Failure> {
    let answer = ask(context, OfflineQuery::Losses).await?;
    let OfflineAnswer::Losses(info) = &answer else {
        return Err(unexpected());
    };
    let text = losses_text(info);
    Done::new(&Answer::Offline(answer), text)
}

fn losses_text(info: &LossesInfo) -> String {
    let mut advances = table(&["member", ">advanced"]);
    for (member, amount) in &info.advances {
        advances.add_row([short(member), amount.to_string()]);
    }
    let mut losses = table(&["payment", "at (UTC)", ">amount", "why no member pays"]);
    for loss in &info.losses {
        losses.add_row([
            short(&loss.payment),
            loss.at.to_string(),
            loss.amount.to_string(),
            loss.reason.to_string(),
        ]);
    }
    format!(
        "{advances}\n{} member(s) were advanced\n{losses}\n{} claim(s) that no member pays: {}\n",
        info.advances.len(),
        info.losses.len(),
        info.lost
    )
}
