//! Erasure (GDPR article 17): nothing that says who a member was is left; the books keep balancing.
//!
//! The account, its entries and the purchases stay, under a random id that nothing leads to any more.

use crdt::{Cents, MemberId};

use super::leave::close;
use super::traces;
use crate::account::Account;
use crate::answer::{Erasure, PeopleAnswer};
use crate::member::ErasureReason;
use crate::records::Kind;
use crate::refused::{MemberRefused, PeopleRefused, Refused};
use crate::state::State;
use crate::turn::Turn;

/// Says what an erasure would do.
pub(super) fn preview(state: &State, turn: &Turn<'_>, id: MemberId) -> Result<Erasure, Refused> {
    let found = traces::of(state, turn, id).records;
    look(state, turn, id, &found)
}

type Found = Vec<(Kind, Vec<u8>, Vec<u8>)>;

fn look(state: &State, turn: &Turn<'_>, id: MemberId, found: &Found) -> Result<Erasure, Refused> {
    let member = state.members.get(&id).ok_or(MemberRefused::UnknownMember)?;
    if member.erased.is_some() {
        return Err(PeopleRefused::Erased.into());
    }
    let counters = state.books.counters(Account::Member(id));
    let claim = state.books.counters(Account::Claim(id));
    let held = counters.debits_pending.checked_add(claim.debits_pending).unwrap_or(Cents::MAX);
    if !held.is_zero() {
        return Err(PeopleRefused::StillHeld { amount: held }.into());
    }
    if !claim.available().is_zero() {
        return Err(PeopleRefused::StillOwed { amount: claim.available() }.into());
    }
    let count = |kind| {
        let count = found.iter().filter(|(of, ..)| *of == kind).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let own = u32::from(super::person_of(turn, id).is_some());
    let cards = state.cards.values().filter(|card| card.member == id && !card.blocked).count();
    Ok(Erasure {
        member: id,
        preview: true,
        persons: count(Kind::Person).saturating_add(own),
        notes: count(Kind::Note),
        line_texts: count(Kind::LineText),
        bank_details: count(Kind::BankDetails),
        notices: count(Kind::Notice),
        expired: counters.available(),
        blocked: u32::try_from(cards).unwrap_or(u32::MAX),
    })
}

/// Forgets who a member is; ends the membership if it has not ended.
pub(super) fn erase(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: MemberId,
    reason: ErasureReason,
) -> Result<PeopleAnswer, Refused> {
    let found = traces::of(state, turn, id).records;
    let erasure = Erasure { preview: false, ..look(state, turn, id, &found)? };
    close(state, turn, id, None)?;
    for (kind, key, _) in found {
        turn.delete(kind, &key);
    }
    turn.delete(Kind::Person, id.as_bytes());
    let today = turn.today();
    let member = state.members.get_mut(&id).ok_or(MemberRefused::UnknownMember)?;
    member.erased = Some((today, reason));
    turn.put(Kind::Member, id.as_bytes(), member);
    Ok(PeopleAnswer::Erased(erasure))
}
