//! Lists of cards, for the operator and for tills.

use crdt::revocation::RevocationList;
use crdt::{CardId, MemberId, wire};

use super::{Card, Holder, ManyCards, card_info, give, holder_key};
use crate::answer::{Answer, CardAnswer, CardRow, CardsNotice, HolderInfo};
use crate::command::CardQuery;
use crate::limits;
use crate::member::Person;
use crate::records::Kind;
use crate::refused::CardCommandRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Answers a question about cards.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: CardQuery) -> Outcome {
    let answer = match question {
        CardQuery::List(member) => list(state, turn, member)?,
        CardQuery::Blanks => {
            let blanks = state.blanks.iter().take(limits::ROWS as usize);
            CardAnswer::Blanks(
                blanks.map(|(card, made)| give::blank_info(state, *card, *made)).collect(),
            )
        }
        CardQuery::Notices => CardAnswer::Notices(notices(state, turn)),
        CardQuery::Revoked => {
            let blocked = state.cards.iter().filter(|(_, card)| card.blocked).map(|(id, _)| *id);
            let node = &state.secrets.node;
            let list = RevocationList::sign(state.me, turn.now, blocked, node);
            CardAnswer::Revoked(Box::new(list))
        }
    };
    Ok(Answer::Cards(answer))
}

fn list(
    state: &State,
    turn: &Turn<'_>,
    member: Option<MemberId>,
) -> Result<CardAnswer, CardCommandRefused> {
    if member.is_some_and(|member| !state.members.contains_key(&member)) {
        return Err(CardCommandRefused::UnknownMember);
    }
    let row = |(id, card): (CardId, &Card)| {
        let holder: Option<Holder> = turn.get(Kind::Person, &holder_key(card.member, id));
        Some(CardRow {
            info: card_info(state, turn, id)?,
            member_name: name_of(turn, card.member),
            holder: holder.map(|Holder { name, role }| HolderInfo { name, role }),
        })
    };
    let most = limits::ROWS as usize;
    let rows = match member {
        Some(member) => state.cards_of(member).filter_map(row).take(most).collect(),
        None => {
            state.cards.iter().map(|(id, card)| (*id, card)).filter_map(row).take(most).collect()
        }
    };
    Ok(CardAnswer::List(rows))
}

fn name_of(turn: &Turn<'_>, member: MemberId) -> Option<String> {
    turn.get::<Person>(Kind::Person, member.as_bytes()).map(|person| person.name)
}

/// The notices of many cards, newest first. Other notices lie in the same place: their keys are shorter.
fn notices(state: &State, turn: &Turn<'_>) -> Vec<CardsNotice> {
    let rows = turn.range(Kind::Notice, &[], &[], usize::MAX).into_iter();
    let mut notices: Vec<CardsNotice> = rows
        .filter_map(|(key, bytes)| {
            let member = MemberId::from_slice(key.get(..MemberId::LEN)?)?;
            let card = CardId::from_slice(key.get(MemberId::LEN + 1..)?)?;
            if key != give::notice_key(member, card) || !state.members.contains_key(&member) {
                return None;
            }
            let ManyCards { at, cards } = wire::decode(&bytes).ok()?;
            Some(CardsNotice { member, name: name_of(turn, member), card, at, cards })
        })
        .collect();
    notices.sort_by_key(|notice| std::cmp::Reverse((notice.at, notice.cards)));
    notices
}
