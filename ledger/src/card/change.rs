//! Changes of a card that its holder keeps: code, lock, limits.

use crdt::CardId;

use super::{Card, card_info, limits};
use crate::answer::{Answer, CardAnswer};
use crate::command::{Code, HolderRole, Limits};
use crate::records::Kind;
use crate::refused::{CardCommandRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Sets a new code. Whoever stands before the operator and chooses a code need not wait for a lock.
pub(crate) fn code(state: &mut State, turn: &mut Turn<'_>, id: CardId, code: &Code) -> Outcome {
    let mut card = usable(state, id)?;
    card.code = state.secrets.code_tag(&id, code.digits());
    (card.wrong_codes, card.locked_until) = (0, None);
    put(state, turn, id, card)
}

/// Ends a lock, and keeps why.
pub(crate) fn unlock(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: CardId,
    reason: String,
) -> Outcome {
    let mut card = usable(state, id)?;
    if card.locked_until.is_none_or(|until| until <= turn.now) {
        return Err(CardCommandRefused::NotLocked.into());
    }
    super::check_text(&reason)?;
    (card.wrong_codes, card.locked_until) = (0, None);
    turn.put(Kind::Note, &super::note_key(id, turn.now), &reason);
    put(state, turn, id, card)
}

/// Limits what a card spends; without limits it spends like the member's own, but not a delegate's.
pub(crate) fn limit(state: &mut State, turn: &mut Turn<'_>, id: CardId, limits: Limits) -> Outcome {
    let mut card = usable(state, id)?;
    let holder: Option<super::Holder> = turn.get(Kind::Person, &super::holder_key(card.member, id));
    let delegate = holder.is_some_and(|holder| holder.role == HolderRole::Delegate);
    if delegate && limits.is_empty() {
        return Err(CardCommandRefused::NoLimit.into());
    }
    limits::check(state, turn.today(), &limits)?;
    let counted_as = card.limited.map_or(id, |limited| limited.counted_as);
    card.limited = limits::limited(limits, counted_as);
    put(state, turn, id, card)
}

fn usable(state: &State, id: CardId) -> Result<Card, CardCommandRefused> {
    let card = super::known(state, id)?;
    if card.blocked { Err(CardCommandRefused::Blocked) } else { Ok(card.clone()) }
}

fn put(state: &mut State, turn: &mut Turn<'_>, id: CardId, card: Card) -> Outcome {
    turn.put(Kind::Card, id.as_bytes(), &card);
    state.cards.insert(id, card);
    let info = card_info(state, turn, id).ok_or(Refused::NotFound)?;
    Ok(Answer::Cards(CardAnswer::Changed(Box::new(info))))
}
