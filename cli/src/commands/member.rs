//! Members and their contributions.

use ledger::answer::{MemberDetail, MemberInfo};
use ledger::command::{Purse, Restrict};
use ledger::rules::Household;
use ledger::{Answer, Command, Query};

use super::{Context, disputes};
use crate::args::people::{self, OnOff};
use crate::failure::Failure;
use crate::output::{Done, facts, short, table, yes_no};
use crate::resolve::{self, unexpected};

/// Enrols, lists, shows, freezes members.
pub(super) async fn member(context: &Context, command: people::Member) -> Result<Done, Failure> {
    match command {
        people::Member::Add { name, adults, teens, children } => {
            let household = Household { adults, teens, children };
            let answer = context.command(&Command::AddMember { name, household }).await?;
            let Answer::MemberAdded(id) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, format!("member {id}"))
        }
        people::Member::List => {
            let answer = context.query(&Query::Members).await?;
            let Answer::Members(members) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, list(members))
        }
        people::Member::Correct(asked) => disputes::correct(context, asked).await,
        people::Member::Show { member } => {
            let id = resolve::member(context, &member).await?;
            let answer = context.query(&Query::Member(id)).await?;
            let Answer::Member(detail) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, show(detail))
        }
        people::Member::Change(change) => super::people::change(context, change).await,
        people::Member::Leave { member, reason, until, dry_run } => {
            let member = resolve::member(context, &member).await?;
            super::people::leave(context, member, reason, until, dry_run).await
        }
        people::Member::Return { member, with_credit } => {
            let member = resolve::member(context, &member).await?;
            super::people::come_back(context, member, with_credit).await
        }
        people::Member::Export { member } => super::people::export(context, &member).await,
        people::Member::Erase { member, reason, dry_run } => {
            let member = resolve::member(context, &member).await?;
            super::people::erase(context, member, reason, dry_run).await
        }
        people::Member::Import { csv, dry_run } => {
            super::member_file::import(context, &csv, dry_run).await
        }
        people::Member::ExportAll { french, out } => {
            super::member_file::export(context, french, out.as_deref()).await
        }
        people::Member::Freeze { member } => {
            super::card::restrict(context, &member, Restrict::Freeze).await
        }
        people::Member::Unfreeze { member } => {
            super::card::restrict(context, &member, Restrict::Unfreeze).await
        }
        people::Member::OnlyAtHome { member, only: OnOff::On } => {
            super::card::restrict(context, &member, Restrict::OnlyAtHome).await
        }
        people::Member::OnlyAtHome { member, only: OnOff::Off } => {
            super::card::restrict(context, &member, Restrict::Anywhere).await
        }
    }
}

fn name(info: &MemberInfo) -> String {
    let name = info.name.clone().unwrap_or_else(|| "(erased)".to_owned());
    if info.left.is_some() { format!("{name} (left)") } else { name }
}

pub(super) fn household(household: &Household) -> String {
    format!("{} + {} + {}", household.adults, household.teens, household.children)
}

fn list(members: &[MemberInfo]) -> String {
    let mut rows = table(&["id", "name", "adults + teens + children", ">cards", ">balance"]);
    for info in members {
        rows.add_row([
            short(&info.id),
            name(info),
            household(&info.household),
            info.cards.to_string(),
            info.balance.to_string(),
        ]);
    }
    format!("{rows}\n{} member(s)\n", members.len())
}

fn show(detail: &MemberDetail) -> String {
    let MemberDetail { info, cards, restriction, contributions } = detail;
    let mut text = facts(&[
        ("id", info.id.to_string()),
        ("name", name(info)),
        ("adults + teens + children", household(&info.household)),
        ("balance", info.balance.to_string()),
        ("cards pay", super::card::restriction_words(restriction)),
    ]);
    if !cards.is_empty() {
        let mut rows = table(&["card", "blocked", "locked until (UTC)"]);
        for card in cards {
            let locked = card.locked_until.map_or("-".to_owned(), |until| until.to_string());
            rows.add_row([card.number.clone(), yes_no(card.blocked).to_owned(), locked]);
        }
        text.push_str(&format!("{rows}\n"));
    }
    if !contributions.is_empty() {
        let mut rows = table(&["month", ">contribution"]);
        for (month, amount) in contributions {
            rows.add_row([month.to_string(), amount.to_string()]);
        }
        text.push_str(&format!("{rows}\n"));
    }
    text
}

/// Records a contribution.
pub(super) async fn contribution(
    context: &Context,
    command: people::Contribution,
) -> Result<Done, Failure> {
    let (member, month, amount, cash) = match command {
        people::Contribution::Add { member, month, amount, cash } => (member, month, amount, cash),
        people::Contribution::Agree(asked) => return disputes::agree(context, asked).await,
        people::Contribution::Agreed => return disputes::agreed(context).await,
    };
    let into = if cash { Purse::Cash } else { Purse::Bank };
    let member = resolve::member(context, &member).await?;
    let answer = context.command(&Command::AddContribution { member, month, amount, into }).await?;
    let Answer::ContributionAdded { total } = &answer else {
        return Err(unexpected());
    };
    Done::new(&answer, format!("recorded {amount}; {total} for {month} in all"))
}
