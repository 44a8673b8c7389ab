//! The waiting list: who comes first is admitted first, unless a lot is drawn.

use crdt::{MemberId, Timestamp, wire};
use serde::{Deserialize, Serialize};

use super::{applicant, person_of};
use crate::answer::{PeopleAnswer, WaitingInfo};
use crate::command::Applicant;
use crate::records::Kind;
use crate::refused::{PeopleRefused, Refused};
use crate::rules::Household;
use crate::state::State;
use crate::turn::Turn;

/// A place on the waiting list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// Who lives in the household.
    pub household: Household,
    /// Since when.
    pub since: Timestamp,
}

/// Returns who waits, by id.
pub(super) fn all(turn: &Turn<'_>) -> Vec<(MemberId, Waiting)> {
    let rows = turn.range(Kind::Waiting, &[], &[], usize::MAX).into_iter();
    rows.filter_map(|(k, v)| Some((MemberId::from_slice(&k)?, wire::decode(&v).ok()?))).collect()
}

/// Returns someone's place.
pub(super) fn of(turn: &Turn<'_>, id: MemberId) -> Result<Waiting, PeopleRefused> {
    turn.get(Kind::Waiting, id.as_bytes()).ok_or(PeopleRefused::NotWaiting)
}

/// Lists who waits, in the order of their coming.
pub(super) fn list(turn: &Turn<'_>) -> Vec<WaitingInfo> {
    let info = |(id, Waiting { household, since })| {
        let name = person_of(turn, id).map(|person| person.name);
        WaitingInfo { id, name, household, since }
    };
    let mut list: Vec<WaitingInfo> = all(turn).into_iter().map(info).collect();
    list.sort_by_key(|waiting| (waiting.since, waiting.id));
    list
}

/// Puts someone on the list.
pub(super) fn add(
    state: &mut State,
    turn: &mut Turn<'_>,
    applicant: Applicant,
) -> Result<PeopleAnswer, Refused> {
    applicant::check(&applicant)?;
    let id = MemberId::new(state.random("member"));
    let household = applicant::store(turn, id, applicant);
    turn.put(Kind::Waiting, id.as_bytes(), &Waiting { household, since: turn.now });
    Ok(PeopleAnswer::Waits(id))
}

/// Makes a member of someone who waits: the same id, the same person, the same household.
pub(super) fn admit(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: MemberId,
) -> Result<PeopleAnswer, Refused> {
    let Waiting { household, .. } = of(turn, id)?;
    turn.delete(Kind::Waiting, id.as_bytes());
    applicant::enrol(state, turn, id, household);
    Ok(PeopleAnswer::Admitted(id))
}

/// Takes someone off the list and forgets them.
pub(super) fn forget(turn: &mut Turn<'_>, id: MemberId) -> Result<PeopleAnswer, Refused> {
    of(turn, id)?;
    turn.delete(Kind::Waiting, id.as_bytes());
    turn.delete(Kind::Person, id.as_bytes());
    Ok(PeopleAnswer::Forgotten(id))
}
