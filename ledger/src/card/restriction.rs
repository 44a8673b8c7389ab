//! A member's own brakes: cards that are frozen, or pay at home only. Effective at once. What was
//! authorised before is captured all the same: the vendor was told.

use crdt::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, CardAnswer};
use crate::command::Restrict;
use crate::records::Kind;
use crate::refused::CardCommandRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// What restricts a member's cards; stored only while something does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// Since when they are frozen, if they are.
    pub frozen: Option<Timestamp>,
    /// Whether they pay at vendors of this caisse only.
    pub only_at_home: bool,
}

/// Changes what restricts a member's cards.
pub(crate) fn restrict(
    state: &mut State,
    turn: &mut Turn<'_>,
    member: MemberId,
    change: Restrict,
) -> Outcome {
    if !state.members.contains_key(&member) {
        return Err(CardCommandRefused::UnknownMember.into());
    }
    let before = state.restrictions.get(&member).copied().unwrap_or_default();
    let frozen = before.frozen.or(Some(turn.now));
    let after = match change {
        Restrict::Freeze => Restriction { frozen, ..before },
        Restrict::Unfreeze => Restriction { frozen: None, ..before },
        Restrict::OnlyAtHome => Restriction { only_at_home: true, ..before },
        Restrict::Anywhere => Restriction { only_at_home: false, ..before },
    };
    if after == before {
        return Err(CardCommandRefused::SoAlready.into());
    }
    if after == Restriction::default() {
        turn.delete(Kind::Restriction, member.as_bytes());
        state.restrictions.remove(&member);
    } else {
        turn.put(Kind::Restriction, member.as_bytes(), &after);
        state.restrictions.insert(member, after);
    }
    Ok(Answer::Cards(CardAnswer::Restricted(after)))
}
