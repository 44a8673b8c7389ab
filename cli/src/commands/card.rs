//! Cards and their codes. A code is never shown.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crdt::CardId;
use crdt::card::CardText;
use crdt::revocation::RevocationList;
use ledger::answer::{CardAnswer, CardInfo, CardRow, CardsNotice};
use ledger::card::Restriction;
use ledger::command::{CardCommand, CardQuery, Code, HolderRole, Limits, NewHolder, Restrict};
use ledger::{Answer, Command, Query};

use super::Context;
use crate::args::card::{self as args, Card};
use crate::args::people::CodeSource;
use crate::failure::Failure;
use crate::output::{Done, short, table, talk};
use crate::print::{self, Face};
use crate::resolve::{self, unexpected};

/// Bytes read of a file that should hold four digits.
const CODE_FILE_BYTES: u64 = 64;

/// Bytes read of a list of blocked cards: a million of them.
const LIST_BYTES: u64 = 32 * 1024 * 1024;

/// Permission bits of everybody but the owner.
const NOT_THE_OWNER: u32 = 0o077;

/// Does what was asked about cards.
pub(super) async fn card(context: &Context, command: Card) -> Result<Done, Failure> {
    match command {
        Card::Issue { member, holder, code } => give(context, None, &member, holder, &code).await,
        Card::Assign { card, member, holder, code } => {
            give(context, Some(card.card()), &member, holder, &code).await
        }
        Card::List { member, blank } => list(context, member.as_deref(), blank).await,
        Card::Block { card } => {
            let answer = context.command(&Command::BlockCard { card: card.card() }).await?;
            let Answer::Card(card) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, format!("card {} is blocked for good", card.number))
        }
        Card::Replace { card, reason, by, code } => {
            let (card, blank) = (card.card(), by.map(|by| by.card()));
            let code = new_code(&code)?;
            let replace = CardCommand::Replace { card, why: reason.into(), code, blank };
            changed(context, replace, |new| {
                format!("card {} takes its place; the old one is blocked for good", new.number)
            })
            .await
        }
        Card::ChangeCode { card, code } => {
            let code = new_code(&code)?;
            let change = CardCommand::ChangeCode { card: card.card(), code };
            changed(context, change, |card| format!("card {} has a new code", card.number)).await
        }
        Card::Unlock { card, reason } => {
            let unlock = CardCommand::Unlock { card: card.card(), reason };
            changed(context, unlock, |card| format!("card {} is not locked any more", card.number))
                .await
        }
        Card::Limit { card, limits } => {
            let limits = limits_of(context, limits).await?;
            let limit = CardCommand::Limit { card: card.card(), limits };
            changed(context, limit, |card| match &card.limited {
                Some(limited) => format!("card {}: {}", card.number, limit_words(&limited.limits)),
                None => format!("card {} is not limited any more", card.number),
            })
            .await
        }
        Card::Notices => notices(context).await,
        Card::Revoked { out, check: None } => revoked(context, out.as_deref()).await,
        Card::Revoked { check: Some(file), .. } => check(context, &file).await,
        Card::Print { card, out } => print(context, &card, out.as_deref()).await,
        Card::Sheet(sheet) => super::card_sheet::sheet(context, sheet).await,
    }
}

async fn print(context: &Context, card: &CardText, out: Option<&Path>) -> Result<Done, Failure> {
    let answer = context.query(&Query::Card(card.card())).await?;
    let Answer::Card(card) = &answer else {
        return Err(unexpected());
    };
    let Answer::Status(status) = context.query(&Query::Status).await? else {
        return Err(unexpected());
    };
    if card.blocked {
        talk("this card is blocked: it will not pay any more");
    }
    let face = Face { caisse: &status.name, number: &card.number, qr: &card.qr };
    drawing(&print::card(&face)?, &card.number, out)
}

/// Issues a card, or gives out a blank one.
async fn give(
    context: &Context,
    blank: Option<CardId>,
    member: &str,
    holder: args::Holder,
    code: &CodeSource,
) -> Result<Done, Failure> {
    let member = resolve::member(context, member).await?;
    let holder = holder_of(context, holder).await?;
    let code = new_code(code)?;
    let command = if blank.is_none() && holder.is_none() {
        Command::IssueCard { member, code }
    } else {
        Command::Cards(CardCommand::Give { member, code, blank, holder })
    };
    let answer = context.command(&command).await?;
    let card = match &answer {
        Answer::CardIssued(card) => card,
        Answer::Cards(CardAnswer::Given(card)) => card.as_ref(),
        _ => return Err(unexpected()),
    };
    if blank.is_none() {
        talk(&format!("print it with: caisse card print {} --out card.svg", card.number));
    }
    tell_of_many(card);
    Done::new(&answer, format!("card {} for member {}", card.number, short(&card.member)))
}

async fn holder_of(context: &Context, typed: args::Holder) -> Result<Option<NewHolder>, Failure> {
    let args::Holder { holder, delegate, limits } = typed;
    let limits = limits_of(context, limits).await?;
    match (holder, delegate) {
        (Some(name), _) => Ok(Some(NewHolder { name, role: HolderRole::Household, limits })),
        (None, Some(name)) => Ok(Some(NewHolder { name, role: HolderRole::Delegate, limits })),
        (None, None) if limits.is_empty() => Ok(None),
        (None, None) => Err(Failure::misused(
            "limits are for a card of someone else: name them with --holder or --delegate",
        )),
    }
}

async fn limits_of(context: &Context, typed: args::Limits) -> Result<Limits, Failure> {
    let args::Limits { per_purchase, per_month, until, vendors: names } = typed;
    let mut vendors = Vec::new();
    for name in &names {
        vendors.push(resolve::vendor(context, name).await?);
    }
    Ok(Limits { per_purchase, per_month, until, vendors })
}

fn limit_words(limits: &Limits) -> String {
    let Limits { per_purchase, per_month, until, vendors } = limits;
    let mut words = Vec::new();
    words.extend(per_purchase.map(|most| format!("at most {most} a purchase")));
    words.extend(per_month.map(|most| format!("at most {most} a month")));
    words.extend(until.map(|day| format!("until {day}")));
    if !vendors.is_empty() {
        words.push(format!("at {} vendor(s)", vendors.len()));
    }
    words.join(", ")
}

/// Carries out a change of a card.
async fn changed(
    context: &Context,
    command: CardCommand,
    words: impl FnOnce(&CardInfo) -> String,
) -> Result<Done, Failure> {
    let answer = context.command(&Command::Cards(command)).await?;
    match &answer {
        Answer::Cards(CardAnswer::Replaced { new: card, .. }) => {
            tell_of_many(card);
            Done::new(&answer, words(card))
        }
        Answer::Cards(CardAnswer::Changed(card)) => Done::new(&answer, words(card)),
        _ => Err(unexpected()),
    }
}

/// Tells at once what `card notices` lists.
fn tell_of_many(card: &CardInfo) {
    if card.cards_in_year >= ledger::limits::MANY_CARDS {
        talk(&format!(
            "this is card {} of this member within twelve months: ask what becomes of them",
            card.cards_in_year
        ));
    }
}

async fn list(context: &Context, member: Option<&str>, blank: bool) -> Result<Done, Failure> {
    let question = match member {
        _ if blank => CardQuery::Blanks,
        Some(member) => CardQuery::List(Some(resolve::member(context, member).await?)),
        None => CardQuery::List(None),
    };
    let answer = context.query(&Query::Cards(question)).await?;
    match &answer {
        Answer::Cards(CardAnswer::Blanks(blanks)) => {
            let mut rows = table(&["blank card", "made (UTC)"]);
            for blank in blanks {
                rows.add_row([blank.number.clone(), blank.made.to_string()]);
            }
            Done::new(&answer, format!("{rows}\n{} card(s)\n", blanks.len()))
        }
        Answer::Cards(CardAnswer::List(cards)) => Done::new(&answer, list_text(cards)),
        _ => Err(unexpected()),
    }
}

fn list_text(cards: &[CardRow]) -> String {
    let mut rows = table(&["card", "member", "holder", "state", "limits", ">this month"]);
    for CardRow { info, member_name, holder } in cards {
        let state = match info.locked_until {
            _ if info.blocked => "blocked".to_owned(),
            Some(until) => format!("locked until {until}"),
            None => "pays".to_owned(),
        };
        let holder = holder.as_ref().map_or("-".to_owned(), |holder| match holder.role {
            HolderRole::Household => holder.name.clone(),
            HolderRole::Delegate => format!("{} (delegate)", holder.name),
        });
        let limits = info.limited.as_ref().map(|limited| limit_words(&limited.limits));
        let spent = info.limited.as_ref().map(|_| info.spent_this_month.to_string());
        rows.add_row([
            info.number.clone(),
            member_name.clone().unwrap_or_else(|| "(erased)".to_owned()),
            holder,
            state,
            limits.unwrap_or_else(|| "-".to_owned()),
            spent.unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    format!("{rows}\n{} card(s)\n", cards.len())
}

async fn notices(context: &Context) -> Result<Done, Failure> {
    let answer = context.query(&Query::Cards(CardQuery::Notices)).await?;
    let Answer::Cards(CardAnswer::Notices(notices)) = &answer else {
        return Err(unexpected());
    };
    let mut rows = table(&["when (UTC)", "member", ">cards in 12 months", "the last"]);
    for CardsNotice { member, name, card, at, cards } in notices {
        rows.add_row([
            at.to_string(),
            name.clone().unwrap_or_else(|| short(member)),
            cards.to_string(),
            CardText::Number(*card).to_string(),
        ]);
    }
    Done::new(&answer, format!("{rows}\n{} notice(s)\n", notices.len()))
}

/// Freezes a member's cards or restricts where they pay, or ends that.
pub(super) async fn restrict(
    context: &Context,
    member: &str,
    change: Restrict,
) -> Result<Done, Failure> {
    let member = resolve::member(context, member).await?;
    let restrict = CardCommand::Restrict { member, change };
    let answer = context.command(&Command::Cards(restrict)).await?;
    let Answer::Cards(CardAnswer::Restricted(restriction)) = &answer else {
        return Err(unexpected());
    };
    let words = restriction_words(restriction);
    Done::new(&answer, format!("the cards of member {} pay {words}", short(&member)))
}

/// Says where a member's cards pay.
pub(super) fn restriction_words(restriction: &Restriction) -> String {
    match restriction {
        Restriction { frozen: Some(since), .. } => format!("nowhere: frozen since {since} (UTC)"),
        Restriction { only_at_home: true, .. } => "at vendors of this caisse only".to_owned(),
        Restriction { .. } => "everywhere".to_owned(),
    }
}

async fn revoked(context: &Context, out: Option<&Path>) -> Result<Done, Failure> {
    let answer = context.query(&Query::Cards(CardQuery::Revoked)).await?;
    let Answer::Cards(CardAnswer::Revoked(list)) = &answer else {
        return Err(unexpected());
    };
    if let Some(path) = out {
        let text =
            serde_json::to_string_pretty(list).map_err(|why| Failure::Failed(why.to_string()))?;
        std::fs::write(path, text + "\n")
            .map_err(|why| Failure::Misused(format!("{}: {why}", path.display())))?;
        let text = format!("{} blocked card(s) are listed in {}", list.cards.len(), path.display());
        return Done::new(&answer, text);
    }
    let numbers: String = list.cards.iter().map(|card| format!("{card}\n")).collect();
    Done::new(
        &answer,
        format!("{numbers}{} blocked card(s) at {} (UTC)\n", list.cards.len(), list.at),
    )
}

/// Checks a list of blocked cards against the key of the caisse that it names.
async fn check(context: &Context, file: &Path) -> Result<Done, Failure> {
    let name = file.display();
    let failed = |why: String| Failure::Misused(format!("{name}: {why}"));
    let mut text = String::new();
    let open = std::fs::File::open(file).map_err(|why| failed(why.to_string()))?;
    let read = open.take(LIST_BYTES).read_to_string(&mut text);
    read.map_err(|why| failed(why.to_string()))?;
    let list: RevocationList =
        serde_json::from_str(&text).map_err(|why| failed(format!("not such a list: {why}")))?;
    let Answer::Contact(own) = context.query(&Query::Contact).await? else {
        return Err(unexpected());
    };
    let signer = if own.id == list.caisse {
        Some(*own)
    } else {
        match context.query(&Query::Federation).await? {
            Answer::Federation(info) => info.members.into_iter().find(|m| m.id == list.caisse),
            _ => return Err(unexpected()),
        }
    };
    let signer = signer.ok_or_else(|| {
        failed(format!("caisse {} is neither this one nor of its federation", short(&list.caisse)))
    })?;
    let holds = list.verify(&signer.node).is_ok();
    let words = if holds {
        format!(
            "signed by {} at {} (UTC): {} blocked card(s)",
            signer.name,
            list.at,
            list.cards.len()
        )
    } else {
        format!("NOT signed by {}, or changed since: do not use it", signer.name)
    };
    let done = Done::new(&serde_json::json!({ "holds": holds, "caisse": list.caisse }), words)?;
    Ok(Done { holds, ..done })
}

fn drawing(svg: &str, number: &str, out: Option<&Path>) -> Result<Done, Failure> {
    let Some(path) = out else {
        return Done::new(&serde_json::json!({ "number": number, "svg": svg }), svg);
    };
    std::fs::write(path, svg)
        .map_err(|why| Failure::Misused(format!("{}: {why}", path.display())))?;
    let text = format!("card {number} is drawn in {}", path.display());
    Done::new(&serde_json::json!({ "number": number, "file": path }), text)
}

/// Asks for a new code twice, for nobody sees what is typed.
fn new_code(source: &CodeSource) -> Result<Code, Failure> {
    let code = code(source, "the code that the member chooses (four digits): ")?;
    if source.code_file.is_none() && ask("once more: ")? != code {
        return Err(Failure::misused("the two codes differ: start again"));
    }
    Ok(code)
}

/// Reads a card's code from where it was said to be, or asks for it on the terminal.
pub(super) fn code(source: &CodeSource, prompt: &str) -> Result<Code, Failure> {
    match source.code_file.as_deref() {
        None => ask(prompt),
        Some(path) if path == Path::new("-") => read(std::io::stdin().lock(), "standard input"),
        Some(path) => {
            let name = path.display().to_string();
            let failed = |why| Failure::Misused(format!("{name}: {why}"));
            let file = std::fs::File::open(path).map_err(failed)?;
            let mode = file.metadata().map_err(failed)?.permissions().mode();
            if mode & NOT_THE_OWNER != 0 {
                talk(&format!("others may read the code: run `chmod 600 {name}`"));
            }
            read(file, &name)
        }
    }
}

fn ask(prompt: &str) -> Result<Code, Failure> {
    let typed = rpassword::prompt_password(prompt).map_err(|why| {
        Failure::Misused(format!(
            "there is no terminal to ask for the code ({why}): use --code-file FILE"
        ))
    })?;
    typed.trim().parse().map_err(Failure::misused)
}

fn read(from: impl std::io::Read, name: &str) -> Result<Code, Failure> {
    let mut text = String::new();
    let read = from.take(CODE_FILE_BYTES).read_to_string(&mut text);
    read.map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
    text.trim().parse().map_err(|why| Failure::Misused(format!("{name}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_a_file_without_the_line_end_and_nothing_else_is_a_code() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("code");
        let source = CodeSource { code_file: Some(path.clone()) };
        std::fs::write(&path, " 4071\r\n").expect("our own file");
        assert_eq!(code(&source, "").map(|code| code.digits().to_vec()), Ok(b"4071".to_vec()));
        for bad in ["", "407", "40712", "abcd", "４０７１"] {
            std::fs::write(&path, bad).expect("our own file");
            let Err(Failure::Misused(message)) = code(&source, "") else {
                panic!("{bad:?} was taken for a code");
            };
            assert!(message.contains("four digits"), "{message}");
            assert!(bad.is_empty() || !message.contains(bad), "the code is shown: {message}");
        }
        std::fs::remove_file(&path).expect("it is there");
        assert!(matches!(code(&source, ""), Err(Failure::Misused(_))));
    }
}
