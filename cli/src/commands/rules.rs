//! Rules, grants, and how credit is covered.

use std::path::Path;

use ::node::config::Config;
use ledger::answer::{ExpiryReport, RulesInfo};
use ledger::command::Purse;
use ledger::guarantee::{Force, Guarantee};
use ledger::rules::Rules;
use ledger::{Answer, Command, Query};
use serde_json::{Value, json};

use super::Context;
use crate::args::rules as typed;
use crate::failure::Failure;
use crate::output::{Done, facts, short, table};
use crate::resolve::{self, unexpected};

/// Checks, shows, compares or plans rule sets.
pub(super) async fn rules(context: &Context, command: typed::Rules) -> Result<Done, Failure> {
    match command {
        typed::Rules::Check { file } => {
            let rules = read(&file)?;
            let text = format!("{}: {}", file.display(), title(&rules));
            Done::new(&rules, text)
        }
        typed::Rules::Show { number } => show(&known(context).await?, number),
        typed::Rules::List => list(&known(context).await?),
        typed::Rules::Diff { one, other } => {
            let info = known(context).await?;
            let one = named(&info, &one)?;
            let other = match other {
                Some(other) => named(&info, &other)?,
                None => version(&info, info.in_force)?,
            };
            difference(&one, &other)
        }
        typed::Rules::Simulate(asked) => {
            super::foresight::simulate(context, read(&asked.file)?, &asked).await
        }
        typed::Rules::Plan { file, force, dry_run } => {
            let rules = read(&file)?;
            if dry_run {
                let info = known(context).await?;
                return difference(&version(&info, info.in_force)?, &rules);
            }
            let text = format!("planned: {}", title(&rules));
            let force = force.map(|reason| Force { reason });
            let command = Command::PlanRules { rules: Box::new(rules), force };
            Done::new(&context.command(&command).await?, text)
        }
        typed::Rules::Cancel { number } => {
            let answer = context.command(&Command::CancelRules { version: number }).await?;
            Done::new(&answer, format!("rules version {number} are no longer planned"))
        }
    }
}

fn title(rules: &Rules) -> String {
    format!("rules version {} from {}: {}", rules.version, rules.from, rules.reason)
}

fn read(path: &Path) -> Result<Rules, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
    Config::parse_rules(&text, &name).map_err(Failure::misused)
}

async fn known(context: &Context) -> Result<RulesInfo, Failure> {
    match context.query(&Query::Rules).await? {
        Answer::Rules(info) => Ok(*info),
        _ => Err(unexpected()),
    }
}

fn version(info: &RulesInfo, version: u32) -> Result<Rules, Failure> {
    let found = info.sets.iter().find(|rules| rules.version == version).cloned();
    found.ok_or_else(|| Failure::Misused(format!("there are no rules of version {version}")))
}

/// Finds the rule set of a version or a file.
fn named(info: &RulesInfo, text: &str) -> Result<Rules, Failure> {
    match text.parse() {
        Ok(number) => version(info, number),
        Err(_) => read(Path::new(text)),
    }
}

fn show(info: &RulesInfo, asked: Option<u32>) -> Result<Done, Failure> {
    let rules = version(info, asked.unwrap_or(info.in_force))?;
    let mut text = format!("{}\n  (amounts in cents: 12500 is 125 euros)\n", title(&rules));
    for (key, value) in flat(&rules)? {
        text.push_str(&format!("  {key:32} {value}\n"));
    }
    if info.configuration_differs {
        text.push_str(
            "the configuration names other rules than the first ones: they are ignored; plan them \
             with: caisse rules plan FILE\n",
        );
    }
    Done::new(&rules, text)
}

fn list(info: &RulesInfo) -> Result<Done, Failure> {
    let mut rows = table(&[">version", "from", "", "reason", "decision"]);
    for rules in &info.sets {
        let standing = match rules.version.cmp(&info.in_force) {
            std::cmp::Ordering::Less => "was",
            std::cmp::Ordering::Equal => "in force",
            std::cmp::Ordering::Greater => "planned",
        };
        rows.add_row([
            rules.version.to_string(),
            rules.from.to_string(),
            standing.to_owned(),
            rules.reason.clone(),
            rules.decision.clone().unwrap_or_default(),
        ]);
    }
    Done::new(info, format!("{rows}\n"))
}

/// Every value of a rule set under its full name, amounts in cents.
fn flat(rules: &Rules) -> Result<Vec<(String, String)>, Failure> {
    fn walk(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    walk(&name, value, out);
                }
            }
            Value::Null => {}
            other => out.push((name.to_owned(), other.to_string())),
        }
    }
    let value = serde_json::to_value(rules).map_err(|why| Failure::Failed(why.to_string()))?;
    let mut out = Vec::new();
    walk("", &value, &mut out);
    Ok(out)
}

fn difference(one: &Rules, other: &Rules) -> Result<Done, Failure> {
    let (before, after) = (flat(one)?, flat(other)?);
    let of = |list: &[(String, String)], key: &str| {
        list.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
    };
    let mut keys: Vec<&String> = before.iter().chain(&after).map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    let (first, second) =
        (format!("version {}", one.version), format!("version {}", other.version));
    let mut rows = table(&["key (amounts in cents)", &first, &second]);
    let mut changes = Vec::new();
    for key in keys {
        let (old, new) = (of(&before, key), of(&after, key));
        if old != new {
            changes.push(json!({ "key": key, "one": old, "other": new }));
            let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            rows.add_row([key.clone(), shown(old), shown(new)]);
        }
    }
    Done::new(&json!({ "changes": changes }), format!("{rows}\n"))
}

/// Confirms, receives or lists grants.
pub(super) async fn grant(context: &Context, command: typed::Grant) -> Result<Done, Failure> {
    match command {
        typed::Grant::Confirm { funder, amount, reference } => {
            let command = Command::ConfirmGrant { funder, amount, reference };
            let answer = context.command(&command).await?;
            let Answer::GrantConfirmed(id) = &answer else { return Err(unexpected()) };
            Done::new(&answer, format!("grant {id}"))
        }
        typed::Grant::Receive { grant, amount, cash } => {
            let grant = resolve::grant(context, &grant).await?;
            let into = if cash { Purse::Cash } else { Purse::Bank };
            let answer = context.command(&Command::ReceiveGrant { grant, amount, into }).await?;
            Done::new(&answer, format!("{amount} of grant {grant} came"))
        }
        typed::Grant::List => {
            let answer = context.query(&Query::Grants).await?;
            let Answer::Grants(grants) = &answer else { return Err(unexpected()) };
            let columns = ["id", "funder", "reference", "confirmed", ">amount", ">not come yet"];
            let mut rows = table(&columns);
            for info in grants {
                rows.add_row([
                    short(&info.id),
                    info.grant.funder.clone(),
                    info.grant.reference.clone(),
                    info.grant.confirmed.to_string(),
                    info.grant.amount.to_string(),
                    info.left.to_string(),
                ]);
            }
            Done::new(&answer, format!("{rows}\n{} grant(s)\n", grants.len()))
        }
    }
}

/// Shows how credit is covered.
pub(super) async fn guarantee(context: &Context) -> Result<Done, Failure> {
    let answer = context.query(&Query::Guarantee).await?;
    let Answer::Guarantee(guarantee) = &answer else { return Err(unexpected()) };
    let done = Done::new(&answer, guarantee_text(guarantee))?;
    Ok(Done { holds: guarantee.is_kept(), ..done })
}

fn guarantee_text(guarantee: &Guarantee) -> String {
    let mut text = facts(&[
        ("credit of members", guarantee.members.to_string()),
        ("owed to vendors", guarantee.vendors.to_string()),
        ("owed to other caisses", guarantee.partners.to_string()),
        ("in the bank and the cash box", guarantee.money.to_string()),
        ("grants confirmed, not come yet", guarantee.grants.to_string()),
        ("margin", guarantee.margin().to_string()),
    ]);
    let words = if guarantee.is_kept() {
        "credit is covered\n"
    } else {
        "CREDIT IS NOT COVERED: find money or a grant before more is issued\n"
    };
    text.push_str(words);
    text
}

/// Puts money into the pot.
pub(super) async fn pot(context: &Context, command: typed::Pot) -> Result<Done, Failure> {
    let typed::Pot::Fund { amount } = command;
    let answer = context.command(&Command::FundPot { amount }).await?;
    Done::new(&answer, format!("{amount} put into the pot"))
}

/// Previews or runs the expiry of credit.
pub(super) async fn expire(context: &Context, command: typed::Expire) -> Result<Done, Failure> {
    let answer = match command {
        typed::Expire::Preview => context.query(&Query::ExpiryPreview).await?,
        typed::Expire::Run => context.command(&Command::Expire).await?,
    };
    let Answer::Expired(report) = &answer else { return Err(unexpected()) };
    Done::new(&answer, expiry_text(report))
}

fn expiry_text(report: &ExpiryReport) -> String {
    let mut rows = table(&["member", ">amount", "expires on", "what"]);
    let verb = if report.preview { "would expire" } else { "expired" };
    let told = if report.preview { "to be told" } else { "told" };
    let lists = [(verb, &report.expired), (told, &report.told), ("waiting", &report.waiting)];
    for (what, list) in lists {
        for expiring in list {
            rows.add_row([
                short(&expiring.member),
                expiring.amount.to_string(),
                expiring.on.to_string(),
                what.to_owned(),
            ]);
        }
    }
    format!(
        "{rows}\n{}: {} {verb}, {} member(s) {told}, {} dormant\n",
        report.on,
        report.total,
        report.told.len(),
        report.dormant.len()
    )
}
