//! Departure and return. What is left of the credit expires, or stays spendable until a day; it is never
//! paid out in euros, for it was given for food.

use crdt::{Cents, Date, MemberId};

use super::applicant::check_text;
use super::{member_of, person_of};
use crate::account::Account;
use crate::answer::{Departure, PeopleAnswer};
use crate::books::{Cause, JournalEntry, Phase, Transfer};
use crate::expiry;
use crate::member::Left;
use crate::records::Kind;
use crate::refused::{Field, MemberRefused, PeopleRefused, Refused};
use crate::state::State;
use crate::turn::Turn;

/// Says what leaving would do.
pub(super) fn preview(
    state: &State,
    turn: &Turn<'_>,
    id: MemberId,
    until: Option<Date>,
) -> Result<Departure, Refused> {
    let member = state.members.get(&id).ok_or(MemberRefused::UnknownMember)?;
    if let Some(left) = member.left {
        return Err(PeopleRefused::AlreadyLeft { on: left.on }.into());
    }
    let today = turn.today();
    if until.is_some_and(|until| until < today) {
        return Err(PeopleRefused::UntilPast { today }.into());
    }
    let counters = state.books.counters(Account::Member(id));
    let credit = counters.available();
    let cards = state.cards.values().filter(|card| card.member == id && !card.blocked).count();
    let at_once = until.is_none();
    Ok(Departure {
        member: id,
        preview: true,
        until,
        expired: if at_once { credit } else { Cents::ZERO },
        left: if at_once { Cents::ZERO } else { credit },
        held: counters.debits_pending,
        owed: state.books.counters(Account::Claim(id)).available(),
        blocked: if at_once { u32::try_from(cards).unwrap_or(u32::MAX) } else { 0 },
    })
}

/// A member leaves.
pub(super) fn leave(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: MemberId,
    until: Option<Date>,
    reason: String,
) -> Result<PeopleAnswer, Refused> {
    let departure = Departure { preview: false, ..preview(state, turn, id, until)? };
    check_text(Field::Reason, &reason)?;
    close(state, turn, id, until)?;
    if let Some(mut person) = person_of(turn, id) {
        person.left_because = Some(reason);
        turn.put(Kind::Person, id.as_bytes(), &person);
    }
    Ok(PeopleAnswer::Left(departure))
}

/// Ends a membership. Without a day until which the rest can be spent, it expires and cards are blocked.
pub(super) fn close(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: MemberId,
    until: Option<Date>,
) -> Result<(), Refused> {
    let mut expired = None;
    if until.is_none() {
        expired = expiry::at_once(state, turn, id)?.map(|(_, place)| place);
        block_cards(state, turn, id);
    }
    let today = turn.today();
    let member = state.members.get_mut(&id).ok_or(MemberRefused::UnknownMember)?;
    let on = member.left.map_or(today, |left| left.on);
    member.left = Some(Left { on, until, expired });
    turn.put(Kind::Member, id.as_bytes(), member);
    Ok(())
}

fn block_cards(state: &mut State, turn: &mut Turn<'_>, member: MemberId) {
    let own = state.cards.iter_mut().filter(|(_, card)| card.member == member && !card.blocked);
    for (id, card) in own {
        card.blocked = true;
        turn.put(Kind::Card, id.as_bytes(), card);
    }
}

/// A member who left comes back. Blocked cards stay blocked: they may be anywhere.
pub(super) fn come_back(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: MemberId,
    with_credit: bool,
) -> Result<PeopleAnswer, Refused> {
    let member = member_of(state, id)?;
    let left = member.left.ok_or(PeopleRefused::NotLeft)?;
    let transfer = left.expired.filter(|_| with_credit).and_then(|place| {
        // Somebody may have taken the entry back in the books already.
        if turn.get::<u64>(Kind::Reversed, &place.to_be_bytes()).is_some() {
            return None;
        }
        let entry: JournalEntry = turn.get(Kind::Journal, &place.to_be_bytes())?;
        let [Transfer { debit, credit, amount }] = entry.transfers.as_slice() else { return None };
        Some((place, Transfer { debit: *credit, credit: *debit, amount: *amount }))
    });
    let mut credit = Cents::ZERO;
    if let Some((place, transfer)) = transfer {
        state.books.enter(turn, Cause::Reversal(place), Phase::Posted, vec![transfer])?;
        let new = state.books.entries().saturating_sub(1);
        turn.put(Kind::Reversed, &place.to_be_bytes(), &new);
        credit = transfer.amount;
    }
    let member = member_of(state, id)?;
    member.left = None;
    turn.put(Kind::Member, id.as_bytes(), member);
    if let Some(mut person) = person_of(turn, id) {
        person.left_because = None;
        turn.put(Kind::Person, id.as_bytes(), &person);
    }
    Ok(PeopleAnswer::Returned { member: id, credit })
}
