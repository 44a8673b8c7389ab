//! Sheets of cards to print and cut.

use std::io::Write as _;
use std::path::Path;

use crdt::card::CardText;
use ledger::answer::{CardAnswer, CardRow};
use ledger::command::{CardCommand, CardQuery};
use ledger::{Answer, Command, Query};
use node::exchange::pdf::{CARDS_PER_PAGE, CardFace, CardSheet, SHEET_CARDS, card_sheet};

use super::Context;
use crate::args::card::Sheet;
use crate::client::now;
use crate::failure::Failure;
use crate::output::{Done, talk};
use crate::resolve::{self, unexpected};

/// Characters of a contact that fit a card.
const CONTACT_CHARS: usize = 60;

/// Makes a PDF of cards.
pub(super) async fn sheet(context: &Context, asked: Sheet) -> Result<Done, Failure> {
    if asked.contact.as_ref().is_some_and(|contact| contact.chars().count() > CONTACT_CHARS) {
        let why = format!("--contact has at most {CONTACT_CHARS} characters: a card is small");
        return Err(Failure::Misused(why));
    }
    // Before anything is made: a file that cannot be written would leave blank cards behind. Only the
    // owner may read it, for whoever copies a card needs no more than its code.
    let failed = |why: std::io::Error| Failure::Misused(format!("{}: {why}", asked.out.display()));
    let beside = asked.out.parent().filter(|dir| !dir.as_os_str().is_empty());
    let file = tempfile::NamedTempFile::new_in(beside.unwrap_or_else(|| Path::new(".")));
    let mut file = file.map_err(failed)?;
    let cards = faces(context, &asked).await?;
    let Answer::Status(status) = context.query(&Query::Status).await? else {
        return Err(unexpected());
    };
    let numbers: Vec<String> = cards.iter().map(|card| card.number.clone()).collect();
    let day = now().date();
    let sheet = CardSheet { caisse: status.name, contact: asked.contact, day, cards };
    let pdf = card_sheet(&sheet).map_err(|why| Failure::Misused(why.to_string()))?;
    file.write_all(&pdf).map_err(failed)?;
    file.persist(&asked.out).map_err(|why| failed(why.error))?;
    if asked.new.is_some() {
        talk("they pay nowhere yet: give each out with `caisse card assign NUMBER --member …`");
    }
    let pages = numbers.len().div_ceil(CARDS_PER_PAGE);
    let text = format!(
        "{} card(s) on {pages} page(s) in {}: print at 100 %, not fitted to the page",
        numbers.len(),
        asked.out.display()
    );
    Done::new(&serde_json::json!({ "file": asked.out, "pages": pages, "cards": numbers }), text)
}

async fn faces(context: &Context, asked: &Sheet) -> Result<Vec<CardFace>, Failure> {
    if let Some(count) = asked.new {
        let made = CardCommand::MakeBlanks { count };
        return blank(context.command(&Command::Cards(made)).await?);
    }
    if asked.blank {
        let known = context.query(&Query::Cards(CardQuery::Blanks)).await?;
        let mut cards = blank(known)?;
        if cards.len() > SHEET_CARDS {
            talk(&format!("only the first {SHEET_CARDS} of {} are printed", cards.len()));
            cards.truncate(SHEET_CARDS);
        }
        return Ok(cards);
    }
    let member = match &asked.member {
        Some(member) => resolve::member(context, member).await?,
        None if asked.cards.is_empty() => {
            return Err(Failure::misused("say which: --member, --cards, --new or --blank"));
        }
        None => return chosen(context, asked).await,
    };
    let rows = rows(context, CardQuery::List(Some(member))).await?;
    let usable = rows.into_iter().filter(|row| !row.info.blocked);
    Ok(usable.map(|row| face(row, asked.names)).collect())
}

async fn rows(context: &Context, question: CardQuery) -> Result<Vec<CardRow>, Failure> {
    match context.query(&Query::Cards(question)).await? {
        Answer::Cards(CardAnswer::List(rows)) => Ok(rows),
        _ => Err(unexpected()),
    }
}

/// The cards whose numbers were typed, blank ones too.
async fn chosen(context: &Context, asked: &Sheet) -> Result<Vec<CardFace>, Failure> {
    let blanks = blank(context.query(&Query::Cards(CardQuery::Blanks)).await?)?;
    let mut faces = Vec::new();
    for typed in &asked.cards {
        let number = CardText::Number(typed.card()).to_string();
        if let Some(blank) = blanks.iter().find(|face| face.number == number) {
            faces.push(blank.clone());
            continue;
        }
        let Answer::Card(info) = context.query(&Query::Card(typed.card())).await? else {
            return Err(unexpected());
        };
        if info.blocked {
            let why = format!("card {number} is blocked: it would pay nowhere");
            return Err(Failure::Misused(why));
        }
        let of_member = rows(context, CardQuery::List(Some(info.member))).await?;
        let row = of_member.into_iter().find(|row| row.info.card == info.card);
        faces.push(face(row.ok_or_else(unexpected)?, asked.names));
    }
    Ok(faces)
}

fn blank(answer: Answer) -> Result<Vec<CardFace>, Failure> {
    let Answer::Cards(CardAnswer::Blanks(blanks)) = answer else {
        return Err(unexpected());
    };
    let face = |blank: ledger::answer::BlankInfo| CardFace {
        number: blank.number,
        qr: blank.qr,
        name: None,
    };
    Ok(blanks.into_iter().map(face).collect())
}

fn face(row: CardRow, names: bool) -> CardFace {
    let CardRow { info, member_name, holder } = row;
    let name = holder.map(|holder| holder.name).or(member_name);
    CardFace { number: info.number, qr: info.qr, name: name.filter(|_| names) }
}
