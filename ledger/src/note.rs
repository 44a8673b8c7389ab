//! Why a person did something: kept apart from the books, for a reason may name someone.

use crdt::MemberId;

use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Keeps a person's reason beside the last entry of the books.
pub(crate) fn keep(state: &State, turn: &mut Turn<'_>, reason: String) {
    let place = state.books.entries().saturating_sub(1);
    turn.put(Kind::Note, &place.to_be_bytes(), &shortened(&reason));
}

/// Keeps what was said about a member; nothing once the member is erased. `what` tells one note of a member
/// from another.
pub(crate) fn keep_about(
    state: &State,
    turn: &mut Turn<'_>,
    member: MemberId,
    what: &[u8],
    text: &str,
) {
    if state.members.get(&member).is_some_and(|member| member.erased.is_none()) {
        turn.put(Kind::Note, &key_about(member, what), &shortened(text));
    }
}

/// Returns what was said about a member, unless it was erased.
pub(crate) fn about(turn: &Turn<'_>, member: MemberId, what: &[u8]) -> Option<String> {
    turn.get(Kind::Note, &key_about(member, what))
}

/// Returns the key of a note about a member: those of one member stand together, to be found when the
/// member asks what is kept, or is erased.
#[must_use]
pub fn key_about(member: MemberId, what: &[u8]) -> Vec<u8> {
    [b"m".as_slice(), member.as_bytes(), what].concat()
}

fn shortened(text: &str) -> String {
    text.chars().take(crate::limits::TEXT_CHARS).collect()
}
