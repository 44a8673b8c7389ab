//! Why a person did something: kept apart from the books, for a reason may name someone.

use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Keeps a person's reason beside the last entry of the books.
pub(crate) fn keep(state: &State, turn: &mut Turn<'_>, reason: String) {
    let place = state.books.entries().saturating_sub(1);
    let reason: String = reason.chars().take(crate::limits::TEXT_CHARS).collect();
    turn.put(Kind::Note, &place.to_be_bytes(), &reason);
}
