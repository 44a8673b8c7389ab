//! Handing cards out: printed in advance, given in person, replaced.

use crdt::card::CardText;
use crdt::{CardId, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Card, card_info, limits};
use crate::answer::{Answer, BlankInfo, CardAnswer, CardInfo};
use crate::command::{Code, HolderRole, NewHolder, WhyReplaced};
use crate::records::Kind;
use crate::refused::{CardCommandRefused, MemberRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Who holds a card that is not the member's own. Purpose: to hand it out, replace and block it in
/// person. Retention: as the member's own record, under whose key it lies ([`holder_key`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The person's name.
    pub name: String,
    /// In what role.
    pub role: HolderRole,
}

/// Returns the key of a card's holder among [`Kind::Person`]: the member's id, `holder`, the card's id.
/// So whoever erases everything under a member's id erases the holders too.
#[must_use]
pub fn holder_key(member: MemberId, card: CardId) -> Vec<u8> {
    [member.as_bytes().as_slice(), b"holder", card.as_bytes()].concat()
}

/// Returns the key of a notice of many cards among [`Kind::Notice`]: the member's id, `c`, the card's id.
#[must_use]
pub fn notice_key(member: MemberId, card: CardId) -> Vec<u8> {
    [member.as_bytes().as_slice(), b"c", card.as_bytes()].concat()
}

/// A notice that a member got many cards within a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManyCards {
    /// When.
    pub at: Timestamp,
    /// How many, the last one included.
    pub cards: u32,
}

/// Makes cards that belong to nobody.
pub(crate) fn make_blanks(state: &mut State, turn: &mut Turn<'_>, count: u32) -> Outcome {
    if !(1..=crate::limits::BLANK_CARDS).contains(&count) {
        return Err(CardCommandRefused::Count.into());
    }
    let mut made = Vec::new();
    for _ in 0..count {
        let card = new_id(state);
        let now = turn.now;
        turn.put(Kind::BlankCard, card.as_bytes(), &now);
        state.blanks.insert(card, now);
        made.push(blank_info(state, card, now));
    }
    Ok(Answer::Cards(CardAnswer::Blanks(made)))
}

pub(super) fn blank_info(state: &State, card: CardId, made: Timestamp) -> BlankInfo {
    let number = CardText::Number(card).to_string();
    BlankInfo { card, number, qr: super::qr(state, card), made }
}

/// Draws the id of a new card: one that no card has.
fn new_id(state: &mut State) -> CardId {
    loop {
        let random = state.random("card");
        let card = crdt::card::card_id(&state.me, random);
        if !state.cards.contains_key(&card) && !state.blanks.contains_key(&card) {
            return card;
        }
    }
}

/// Returns the card to hand out: a blank one, or a new one.
fn take(
    state: &mut State,
    turn: &mut Turn<'_>,
    blank: Option<CardId>,
) -> Result<CardId, CardCommandRefused> {
    let Some(card) = blank else {
        return Ok(new_id(state));
    };
    state.blanks.remove(&card).ok_or(CardCommandRefused::NotBlank)?;
    turn.delete(Kind::BlankCard, card.as_bytes());
    Ok(card)
}

/// Gives a card to a member, with a code that was set in person.
pub(crate) fn give(
    state: &mut State,
    turn: &mut Turn<'_>,
    member: MemberId,
    code: &Code,
    blank: Option<CardId>,
    holder: Option<NewHolder>,
) -> Outcome {
    let known = state.members.get(&member).ok_or(CardCommandRefused::UnknownMember)?;
    if known.left.is_some() {
        return Err(MemberRefused::HasLeft.into());
    }
    if let Some(holder) = &holder {
        check_holder(state, turn, holder)?;
    }
    let id = take(state, turn, blank)?;
    let mut card = Card::new(member, state.secrets.code_tag(&id, code.digits()), turn.now);
    if let Some(NewHolder { name, role, limits }) = holder {
        card.limited = limits::limited(limits, id);
        turn.put(Kind::Person, &holder_key(member, id), &Holder { name, role });
    }
    let info = put(state, turn, id, card)?;
    Ok(Answer::Cards(CardAnswer::Given(Box::new(info))))
}

fn check_holder(
    state: &State,
    turn: &Turn<'_>,
    holder: &NewHolder,
) -> Result<(), CardCommandRefused> {
    super::check_text(&holder.name)?;
    if holder.role == HolderRole::Delegate && holder.limits.is_empty() {
        return Err(CardCommandRefused::NoLimit);
    }
    limits::check(state, turn.today(), &holder.limits)
}

/// Stores a card that was handed out, and notices if the household got many.
pub(crate) fn put(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: CardId,
    card: Card,
) -> Result<CardInfo, Refused> {
    let member = card.member;
    turn.put(Kind::Card, id.as_bytes(), &card);
    state.cards.insert(id, card);
    state.cards_of.insert((member, id));
    let cards = super::in_year(state, turn, member);
    if cards >= crate::limits::MANY_CARDS {
        turn.put(Kind::Notice, &notice_key(member, id), &ManyCards { at: turn.now, cards });
    }
    card_info(state, turn, id).ok_or(Refused::NotFound)
}

/// Blocks a card for good and puts another in its place. The balance is the member's, so it stays.
pub(crate) fn replace(
    state: &mut State,
    turn: &mut Turn<'_>,
    old: CardId,
    why: WhyReplaced,
    code: &Code,
    blank: Option<CardId>,
) -> Outcome {
    let mut before = super::known(state, old)?.clone();
    if let Some((by, _)) = before.replaced {
        let by = CardText::Number(by).to_string();
        return Err(CardCommandRefused::Replaced { by }.into());
    }
    let id = take(state, turn, blank)?;
    let mut card = Card::new(before.member, state.secrets.code_tag(&id, code.digits()), turn.now);
    card.limited = before.limited.clone();
    (before.blocked, before.replaced) = (true, Some((id, why)));
    let (from, to) = (holder_key(before.member, old), holder_key(before.member, id));
    if let Some(holder) = turn.get::<Holder>(Kind::Person, &from) {
        turn.put(Kind::Person, &to, &holder);
        turn.delete(Kind::Person, &from);
    }
    turn.put(Kind::Card, old.as_bytes(), &before);
    state.cards.insert(old, before);
    let new = Box::new(put(state, turn, id, card)?);
    Ok(Answer::Cards(CardAnswer::Replaced { old, new }))
}
