//! What is known of a member, from a change to erasure.

use crdt::{Date, MemberId};
use ledger::answer::{Departure, Erasure, HeldOf, PeopleAnswer};
use ledger::command::{MemberChange, PeopleCommand, PeopleQuery};
use ledger::member::{ErasureReason, Person};
use ledger::privacy;
use ledger::records::Kind;
use ledger::rules::Household;
use ledger::{Answer, Command, Query};

use super::Context;
use super::member::household;
use crate::args::people as typed;
use crate::failure::Failure;
use crate::output::{Done, facts, or_dash, short, table, yes_no};
use crate::resolve::{self, unexpected};

/// Asks for a change of members or the waiting list.
pub(super) async fn ask(
    context: &Context,
    command: PeopleCommand,
) -> Result<PeopleAnswer, Failure> {
    resolve::people(context.command(&Command::People(command)).await?)
}

/// Asks a question about members or the waiting list.
pub(super) async fn look(
    context: &Context,
    question: PeopleQuery,
) -> Result<PeopleAnswer, Failure> {
    resolve::people(context.query(&Query::People(question)).await?)
}

/// Changes what is known of a member.
pub(super) async fn change(context: &Context, typed: typed::MemberChange) -> Result<Done, Failure> {
    let member = resolve::member(context, &typed.member).await?;
    let typed::MemberChange {
        name,
        phone,
        email,
        commune,
        band,
        adults,
        teens,
        children,
        from,
        ..
    } = typed;
    let household = if adults.or(teens).or(children).is_some() {
        let answer = context.query(&Query::Member(member)).await?;
        let Answer::Member(detail) = answer else { return Err(unexpected()) };
        let now = detail.info.household;
        Some(Household {
            adults: adults.unwrap_or(now.adults),
            teens: teens.unwrap_or(now.teens),
            children: children.unwrap_or(now.children),
        })
    } else if from.is_some() {
        return Err(Failure::misused("--from goes with --adults, --teens or --children"));
    } else {
        None
    };
    let change = Box::new(MemberChange { name, phone, email, commune, band, household, from });
    let answer = ask(context, PeopleCommand::Change { member, change }).await?;
    Done::new(&answer, format!("member {member} is changed"))
}

/// Ends a membership, or says what that would do.
pub(super) async fn leave(
    context: &Context,
    member: MemberId,
    reason: String,
    until: Option<Date>,
    dry_run: bool,
) -> Result<Done, Failure> {
    let answer = if dry_run {
        look(context, PeopleQuery::LeavePreview { member, until }).await?
    } else {
        ask(context, PeopleCommand::Leave { member, until, reason }).await?
    };
    let PeopleAnswer::Left(departure) = &answer else { return Err(unexpected()) };
    Done::new(&answer, departed(departure))
}

fn departed(departure: &Departure) -> String {
    let verb = if departure.preview { "would leave" } else { "has left" };
    let rest = facts(&[
        ("expires now", departure.expired.to_string()),
        ("can be spent", departure.left.to_string()),
        ("until", or_dash(departure.until)),
        ("held for purchases under way", departure.held.to_string()),
        ("owed to the member in euros", departure.owed.to_string()),
        ("cards blocked", departure.blocked.to_string()),
    ]);
    format!("member {} {verb}\n{rest}", departure.member)
}

/// Takes back a departure.
pub(super) async fn come_back(
    context: &Context,
    member: MemberId,
    with_credit: bool,
) -> Result<Done, Failure> {
    let answer = ask(context, PeopleCommand::Return { member, with_credit }).await?;
    let PeopleAnswer::Returned { credit, .. } = &answer else { return Err(unexpected()) };
    Done::new(&answer, format!("member {member} is back, with {credit} of credit"))
}

/// Forgets a person, or says what that would do.
pub(super) async fn erase(
    context: &Context,
    member: MemberId,
    reason: typed::ErasureReason,
    dry_run: bool,
) -> Result<Done, Failure> {
    let reason = match reason {
        typed::ErasureReason::Request => ErasureReason::Request,
        typed::ErasureReason::Retention => ErasureReason::Retention,
        typed::ErasureReason::Mistake => ErasureReason::Mistake,
    };
    let answer = if dry_run {
        look(context, PeopleQuery::ErasurePreview(member)).await?
    } else {
        ask(context, PeopleCommand::Erase { member, reason }).await?
    };
    let PeopleAnswer::Erased(erasure) = &answer else { return Err(unexpected()) };
    Done::new(&answer, erased(erasure))
}

fn erased(erasure: &Erasure) -> String {
    let verb = if erasure.preview { "would be erased" } else { "is erased" };
    let what = facts(&[
        ("persons", erasure.persons.to_string()),
        ("notes", erasure.notes.to_string()),
        ("texts of bank lines", erasure.line_texts.to_string()),
        ("bank details", erasure.bank_details.to_string()),
        ("notices", erasure.notices.to_string()),
        ("credit that expires", erasure.expired.to_string()),
        ("cards blocked", erasure.blocked.to_string()),
    ]);
    format!("member {} {verb}\n{what}", erasure.member)
}

/// Shows everything that is held of someone.
pub(super) async fn export(context: &Context, who: &str) -> Result<Done, Failure> {
    let member = match resolve::member(context, who).await {
        Ok(id) => id,
        Err(unknown @ Failure::Misused(_)) => {
            resolve::waiting(context, who).await.map_err(|_| unknown)?
        }
        Err(other) => return Err(other),
    };
    let answer = look(context, PeopleQuery::Held(member)).await?;
    let PeopleAnswer::Held(held) = &answer else { return Err(unexpected()) };
    let json = serde_json::json!({ "held": held, "kept": privacy::FIELDS });
    Done::new(&json, export_text(held))
}

fn export_text(held: &HeldOf) -> String {
    let mut text = facts(&[
        ("id", held.member.to_string()),
        (
            if held.waits { "waits since (UTC)" } else { "member since (UTC)" },
            held.since.to_string(),
        ),
        ("left on", or_dash(held.left.map(|left| left.on))),
        ("erased on", or_dash(held.erased.map(|(on, _)| on))),
        ("credit", held.balance.to_string()),
        ("owed in euros", held.owed.to_string()),
    ]);
    let mut section = |title: &str, kind: Kind, body: String| {
        if !body.is_empty() {
            text.push_str(&format!("\n{title}\n{}{body}", why(kind)));
        }
    };
    section("Person", Kind::Person, held.person.as_ref().map_or_else(String::new, person));
    let households = held.households.iter();
    let households = households.map(|(day, h)| format!("  from {day}: {}\n", household(h)));
    section("Household: adults + teens + children", Kind::Member, households.collect());
    let cards = held.cards.iter();
    let cards = cards.map(|c| format!("  {}, blocked: {}\n", c.number, yes_no(c.blocked)));
    section("Cards", Kind::Card, cards.collect());
    let contributions = held.contributions.iter();
    let contributions = contributions.map(|(month, amount)| format!("  {month}: {amount}\n"));
    section("Contributions", Kind::Contribution, contributions.collect());
    let lots = held.lots.iter().map(|(_, lot)| format!("  {}: {}\n", lot.issued, lot.amount));
    section("Lots of credit", Kind::Allocation, lots.collect());
    section("Purchases", Kind::Sale, purchases(held));
    let entries = held.entries.iter();
    let entries = entries.map(|e| format!("  {}: entry {} of the books\n", e.date, e.index));
    section("Entries of the books", Kind::Journal, entries.collect());
    for record in &held.others {
        let texts: String = record.texts.iter().map(|text| format!("  {text}\n")).collect();
        section(&format!("Other: {:?}", record.kind), record.kind, texts);
    }
    text
}

fn purchases(held: &HeldOf) -> String {
    let line = |p: &ledger::answer::PaymentInfo| {
        let vendor = p.vendor.map_or_else(|| "elsewhere".to_owned(), |vendor| short(&vendor));
        format!("  {} (UTC): {} covered, {} given back, {vendor}\n", p.at, p.covered, p.refunded)
    };
    held.purchases.iter().map(line).collect()
}

fn person(person: &Person) -> String {
    let Person { name, band, phone, email, commune, reference, left_because } = person;
    let lines = [
        ("name", Some(name.clone())),
        ("phone", phone.clone()),
        ("email", email.clone()),
        ("commune", commune.clone()),
        ("reference", reference.clone()),
        ("band of income", band.map(|band| u16::from(band).saturating_add(1).to_string())),
        ("reason for leaving", left_because.clone()),
    ];
    lines
        .iter()
        .filter_map(|(what, value)| Some(format!("  {what}: {}\n", value.as_ref()?)))
        .collect()
}

/// Says what a kind of records is for and how long it is kept.
fn why(kind: Kind) -> String {
    let fields = privacy::FIELDS.iter().filter(|field| field.place == kind);
    let line = |f: &privacy::PersonalField| {
        format!("  ({}: to {}; kept {})\n", f.field, f.purpose, f.retention)
    };
    fields.map(line).collect()
}

/// Shows what is kept of persons.
pub(super) fn privacy() -> Result<Done, Failure> {
    let mut rows = table(&["what", "purpose", "kept", "records", "encrypted"]);
    for field in &privacy::FIELDS {
        rows.add_row([
            field.field.to_owned(),
            field.purpose.to_owned(),
            field.retention.to_owned(),
            format!("{:?}", field.place),
            yes_no(field.is_encrypted()).to_owned(),
        ]);
    }
    Done::new(&privacy::FIELDS, format!("{rows}\n"))
}
