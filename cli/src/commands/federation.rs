//! The federation: contacts, the charter, proposals, agreements, partners.

use std::path::Path;

use ::node::{config::Config, setup};
use crdt::agreement::{Eligibility, Terms};
use crdt::contact::Contact;
use crdt::register::{Change, Charter};
use ledger::answer::FederationInfo;
use ledger::federation::ceiling::{CeilingUse, Debtor, Level};
use ledger::{Answer, Command, Query};
use serde::de::DeserializeOwned;

use super::Context;
use crate::args::federation::{Federation, Found, Propose};
use crate::failure::Failure;
use crate::output::{Done, facts, short, table, talk, yes_no};
use crate::resolve::{self, unexpected};

/// Bytes of the largest file that is read: a charter of a thousand caisses.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Founds a federation, changes it, or shows it.
pub(super) async fn federation(context: &Context, command: Federation) -> Result<Done, Failure> {
    match command {
        Federation::Contact { out } => show_contact(&our_contact(context).await?, out.as_deref()),
        Federation::Found(asked) => found(context, asked).await,
        Federation::Propose(change) => propose(context, change).await,
        Federation::Approve { id } => {
            let id = resolve::proposal(context, &id).await?;
            let answer = context.command(&Command::Approve(id)).await?;
            Done::new(&answer, format!("approved {id}"))
        }
        Federation::Members => {
            let answer = context.query(&Query::Federation).await?;
            let Answer::Federation(info) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, members(info))
        }
        Federation::Agree { caisse, terms_file, eligibility } => {
            let with = resolve::caisse(context, &caisse).await?;
            let mut terms = terms(context, terms_file.as_deref())?;
            if let Some(whose) = eligibility {
                terms.eligibility = whose.into();
            }
            let answer = context.command(&Command::Agree { with, terms }).await?;
            let text = format!("offered to {with}; in force once it has offered the same terms");
            Done::new(&answer, text)
        }
    }
}

/// Asks the running node for its contact, or reads it from the directory of a stopped one.
async fn our_contact(context: &Context) -> Result<Contact, Failure> {
    match context.query(&Query::Contact).await {
        Ok(Answer::Contact(contact)) => Ok(*contact),
        Ok(_) => Err(unexpected()),
        Err(Failure::Unreachable { .. }) => Ok(setup::load(context.dir())?.settings.contact),
        Err(failure) => Err(failure),
    }
}

fn show_contact(contact: &Contact, out: Option<&Path>) -> Result<Done, Failure> {
    if contact.addresses.is_empty() {
        talk("the configuration names no address: others will not find this caisse");
    }
    let failed = |why: serde_json::Error| Failure::Failed(why.to_string());
    let text = serde_json::to_string_pretty(contact).map_err(failed)?;
    let Some(path) = out else {
        return Done::new(contact, text);
    };
    std::fs::write(path, text + "\n")
        .map_err(|why| Failure::Misused(format!("{}: {why}", path.display())))?;
    Done::new(contact, format!("the contact of {} is in {}", contact.name, path.display()))
}

/// Reads a JSON file that a person named.
fn read<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    let named = |why: String| Failure::Misused(format!("{}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|why| named(why.to_string()))?.len();
    if length > FILE_BYTES {
        return Err(named(format!("too large for {what}")));
    }
    let bytes = std::fs::read(path).map_err(|why| named(why.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|why| named(format!("not {what}: {why}")))
}

fn read_contact(path: &Path) -> Result<Contact, Failure> {
    let contact: Contact = read(path, "a contact, as `caisse federation contact` prints it")?;
    match contact.check() {
        Ok(()) => Ok(contact),
        Err(why) => Err(Failure::Misused(format!("{}: {why}", path.display()))),
    }
}

async fn found(context: &Context, asked: Found) -> Result<Done, Failure> {
    let charter = match &asked.charter {
        Some(path) => read(path, "a charter")?,
        None => {
            let mut founders = vec![our_contact(context).await?];
            for path in &asked.contacts {
                founders.push(read_contact(path)?);
            }
            charter(asked.name, founders, asked.threshold)
        }
    };
    charter.check().map_err(|why| Failure::Misused(format!("the charter does not hold: {why}")))?;
    let network = charter.network();
    if asked.dry_run {
        let names: Vec<&str> = charter.founders.iter().map(|one| one.name.as_str()).collect();
        let text = facts(&[
            ("federation", charter.name.clone()),
            ("id", network.to_string()),
            ("threshold", format!("{} %", charter.threshold_percent)),
            ("founders", names.join(", ")),
        ]);
        return Done::new(&charter, text);
    }
    let answer = context.command(&Command::Found(Box::new(charter))).await?;
    let text = format!("signed the charter of {network}\neach founder must show the same id\n");
    Done::new(&answer, text)
}

/// Makes the same charter of the same contacts, whatever their order; one that is there twice counts once.
fn charter(name: String, mut founders: Vec<Contact>, threshold_percent: u8) -> Charter {
    founders.sort_by_key(|founder| founder.id);
    founders.dedup();
    Charter { name, founders, threshold_percent }
}

async fn propose(context: &Context, change: Propose) -> Result<Done, Failure> {
    let change = match change {
        Propose::Admit { contact } => Change::Admit(Box::new(read_contact(&contact)?)),
        Propose::Remove { caisse } => Change::Remove(resolve::caisse(context, &caisse).await?),
    };
    let answer = context.command(&Command::Propose(change)).await?;
    let Answer::Proposed(id) = &answer else {
        return Err(unexpected());
    };
    Done::new(
        &answer,
        format!("proposed {id}\nthe others approve with: caisse federation approve {id}"),
    )
}

/// Reads the terms to offer: from a file of their own, or from this caisse's configuration.
fn terms(context: &Context, file: Option<&Path>) -> Result<Terms, Failure> {
    let Some(path) = file else {
        let config = Config::read(&context.dir().join("caisse.toml"));
        return Ok(config.map_err(Failure::misused)?.terms);
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
    Config::parse_terms(&text, &name).map_err(Failure::misused)
}

fn members(info: &FederationInfo) -> String {
    let signed = format!("{} of {}", info.signed.len(), info.charter.founders.len());
    let mut text = facts(&[
        ("federation", info.charter.name.clone()),
        ("id", info.network.to_string()),
        ("threshold", format!("{} %", info.charter.threshold_percent)),
        ("signed by", signed),
        ("founded", yes_no(info.founded).to_owned()),
    ]);
    let mut rows = table(&["id", "caisse", ">communes", "addresses"]);
    for member in &info.members {
        let addresses = member.addresses.join(" ");
        let communes = member.territory.len().to_string();
        rows.add_row([short(&member.id), member.name.clone(), communes, addresses]);
    }
    text.push_str(&format!("{rows}\n"));
    if !info.agreements.is_empty() {
        text.push_str(&format!("{}\n{}", agreements(info), remarks(info)));
    }
    if !info.proposals.is_empty() {
        text.push_str(&format!("{}\n", proposals(info)));
    }
    text
}

fn agreements(info: &FederationInfo) -> comfy_table::Table {
    let columns =
        ["agreement with", "in force", ">coverage", ">per payment", ">per month", ">ceiling"];
    let mut rows = table(&columns);
    for agreement in &info.agreements {
        let terms = agreement.ours.as_ref().or(agreement.theirs.as_ref());
        let shown = |show: fn(&Terms) -> String| terms.map_or("-".to_owned(), show);
        rows.add_row([
            named(info, &agreement.with),
            yes_no(agreement.in_force).to_owned(),
            shown(|terms| terms.coverage_max.to_string()),
            shown(|terms| terms.per_payment.to_string()),
            shown(|terms| terms.per_month.to_string()),
            shown(|terms| terms.ceiling.to_string()),
        ]);
    }
    rows
}

/// What is worth saying of agreements beside their terms: whose rules count, and what is filling up.
fn remarks(info: &FederationInfo) -> String {
    let mut text = String::new();
    for agreement in &info.agreements {
        let with = named(info, &agreement.with);
        let terms = agreement.ours.as_ref().or(agreement.theirs.as_ref());
        let eligibility = terms.map(|terms| terms.eligibility);
        if let Some(whose) = eligibility.filter(|whose| *whose != Eligibility::Host) {
            let stated = if agreement.eligible.is_some() { "" } else { "; IT HAS STATED NONE" };
            text.push_str(&format!(
                "{with}: eligible by the rules of: {}{stated}\n",
                rules_of(whose)
            ));
        }
        if let Some(ceiling) = agreement.ceiling.filter(|used| used.level > Level::Below) {
            text.push_str(&format!("{with}: ceiling used to {}\n", used(&ceiling)));
        }
        if agreement.visitors_near > 0 {
            let near = agreement.visitors_near;
            text.push_str(&format!("{with}: {near} member(s) near the limit of the month\n"));
        }
    }
    text
}

/// Whose rules say what is eligible.
pub(super) const fn rules_of(eligibility: Eligibility) -> &'static str {
    match eligibility {
        Eligibility::Host => "host",
        Eligibility::Home => "home",
        Eligibility::Strictest => "both",
    }
}

/// Says how far a ceiling is used, and by whom.
pub(super) fn used(used: &CeilingUse) -> String {
    let warning = match used.level {
        Level::Below => "",
        Level::Half => ": think of settling",
        Level::Most => ": SETTLE NOW",
        Level::Reached => ": FULL, VISITORS ARE REFUSED",
    };
    let debtor = match used.debtor {
        Debtor::Us => "we owe",
        Debtor::Partner => "it owes us",
    };
    format!("{} %, {debtor} {}{warning}", used.percent, used.owed)
}

fn proposals(info: &FederationInfo) -> comfy_table::Table {
    let mut rows = table(&["proposal", "change", "caisse", ">approvals", "effective"]);
    for proposal in &info.proposals {
        let (change, caisse) = match &proposal.change {
            Change::Admit(contact) => ("admit", contact.name.clone()),
            Change::Remove(id) => ("remove", named(info, id)),
        };
        rows.add_row([
            short(&proposal.id),
            change.to_owned(),
            caisse,
            proposal.approvals.len().to_string(),
            yes_no(proposal.effective).to_owned(),
        ]);
    }
    rows
}

/// Returns a caisse's name, or the beginning of its id if it has none here.
pub(super) fn named(info: &FederationInfo, id: &crdt::CaisseId) -> String {
    let mut known = info.members.iter().chain(&info.charter.founders);
    known.find(|contact| contact.id == *id).map_or_else(|| short(id), |found| found.name.clone())
}

/// Lists the partners.
pub(super) async fn peers(context: &Context) -> Result<Done, Failure> {
    let answer = context.query(&Query::Peers).await?;
    let Answer::Peers(peers) = &answer else {
        return Err(unexpected());
    };
    let columns = ["id", "caisse", "connected", "heard", ">public", ">to us", ">from us"];
    let mut rows = table(&columns);
    for peer in peers {
        rows.add_row([
            short(&peer.id),
            peer.name.clone(),
            yes_no(peer.connected).to_owned(),
            yes_no(peer.heard).to_owned(),
            peer.public_entries.to_string(),
            peer.pair_entries.to_string(),
            peer.our_pair_entries.to_string(),
        ]);
    }
    Done::new(&answer, format!("{rows}\n{} partner(s)\n", peers.len()))
}
