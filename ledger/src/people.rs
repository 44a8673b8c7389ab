//! Members from arrival to erasure: what is known of them, the waiting list, files of members.
//!
//! The books and most records know a member as a random id. What says who that is lies in the personal
//! kinds of records ([`crate::privacy`]), so that it can be forgotten while the books keep balancing.

mod applicant;
mod erase;
mod held;
mod import;
mod leave;
mod traces;
mod waiting;

use crdt::MemberId;

use crate::answer::{Answer, PeopleAnswer};
use crate::command::{Applicant, PeopleCommand, PeopleQuery, Pool};
use crate::draw::Candidate;
use crate::member::{Member, Person};
use crate::records::Kind;
use crate::refused::{MemberRefused, PeopleRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Carries out a command.
pub(crate) fn carry_out(state: &mut State, turn: &mut Turn<'_>, command: PeopleCommand) -> Outcome {
    let answer = match command {
        PeopleCommand::Change { member, change } => {
            applicant::change(state, turn, member, *change)?
        }
        PeopleCommand::Leave { member, until, reason } => {
            leave::leave(state, turn, member, until, reason)?
        }
        PeopleCommand::Return { member, with_credit } => {
            leave::come_back(state, turn, member, with_credit)?
        }
        PeopleCommand::Erase { member, reason } => erase::erase(state, turn, member, reason)?,
        PeopleCommand::Wait(applicant) => waiting::add(state, turn, *applicant)?,
        PeopleCommand::Admit(id) => waiting::admit(state, turn, id)?,
        PeopleCommand::StopWaiting(id) => waiting::forget(turn, id)?,
        PeopleCommand::Import(lines) => import::run(state, turn, lines)?,
    };
    Ok(Answer::People(Box::new(answer)))
}

/// Answers a question.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: &PeopleQuery) -> Outcome {
    let answer = match question {
        PeopleQuery::LeavePreview { member, until } => {
            PeopleAnswer::Left(leave::preview(state, turn, *member, *until)?)
        }
        PeopleQuery::Held(id) => PeopleAnswer::Held(Box::new(held::of(state, turn, *id)?)),
        PeopleQuery::ErasurePreview(id) => PeopleAnswer::Erased(erase::preview(state, turn, *id)?),
        PeopleQuery::Waiting => PeopleAnswer::Waiting(waiting::list(turn)),
        PeopleQuery::Candidates(pool) => PeopleAnswer::Candidates(candidates(state, turn, *pool)),
        PeopleQuery::ImportPreview(lines) => import::preview(turn, lines)?,
        PeopleQuery::Roll => PeopleAnswer::Roll(roll(state, turn)),
    };
    Ok(Answer::People(Box::new(answer)))
}

/// Returns a member of whom something can be changed.
fn member_of(state: &mut State, id: MemberId) -> Result<&mut Member, Refused> {
    let member = state.members.get_mut(&id).ok_or(MemberRefused::UnknownMember)?;
    if member.erased.is_some() {
        return Err(PeopleRefused::Erased.into());
    }
    Ok(member)
}

/// Says what of members and the waiting list cannot be.
pub(crate) fn differences(state: &State, turn: &Turn<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (id, member) in &state.members {
        let days = || member.households.iter().map(|(day, _)| *day);
        if member.households.is_empty() || !days().is_sorted_by(|one, next| one < next) {
            found.push(format!("the households of member {id} are not one after the other"));
        }
        if member.erased.is_some() && (member.left.is_none() || person_of(turn, *id).is_some()) {
            found.push(format!("member {id} was erased and is still there"));
        }
    }
    let waiting = waiting::all(turn).into_iter().map(|(id, _)| id);
    let both = waiting.filter(|id| state.members.contains_key(id));
    found.extend(both.map(|id| format!("member {id} still waits")));
    found
}

fn person_of(turn: &Turn<'_>, id: MemberId) -> Option<Person> {
    turn.get(Kind::Person, id.as_bytes())
}

/// Returns who can be drawn, with what quotas can be made of: nothing that says who it is.
fn candidates(state: &State, turn: &Turn<'_>, pool: Pool) -> Vec<Candidate> {
    let today = turn.today();
    let candidate = |id: MemberId, household: crate::rules::Household| {
        let commune = person_of(turn, id).and_then(|person| person.commune);
        let with_children = household.children + household.teens > 0;
        let attributes = [
            ("persons", household.persons().to_string()),
            ("adults", household.adults.to_string()),
            ("with_children", if with_children { "yes" } else { "no" }.to_owned()),
            ("commune", commune.unwrap_or_default()),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        Candidate { id: id.to_string(), attributes: attributes.into() }
    };
    match pool {
        Pool::Members => {
            let members = state.members.iter().filter(|(_, member)| member.left.is_none());
            members.map(|(id, member)| candidate(*id, member.household(today))).collect()
        }
        Pool::Waiting => {
            let waiting = waiting::all(turn).into_iter();
            waiting.map(|(id, waiting)| candidate(id, waiting.household)).collect()
        }
    }
}

fn roll(state: &State, turn: &Turn<'_>) -> Vec<(MemberId, Applicant)> {
    let here = state.members.iter().filter(|(_, member)| member.left.is_none());
    here.filter_map(|(id, member)| {
        let Person { name, phone, email, commune, reference, .. } = person_of(turn, *id)?;
        let household = member.household(turn.today());
        Some((*id, Applicant { name, household, phone, email, commune, reference }))
    })
    .collect()
}
