//! What people tell of themselves: how it is checked, and how it changes.

use crdt::MemberId;

use super::{member_of, person_of};
use crate::answer::PeopleAnswer;
use crate::command::{Applicant, MemberChange};
use crate::limits;
use crate::member::{Member, Person};
use crate::records::Kind;
use crate::refused::{Field, MemberRefused, PeopleRefused, Refused};
use crate::rules::Household;
use crate::state::State;
use crate::turn::Turn;

/// Checks a text that people wrote.
pub(super) fn check_text(field: Field, text: &str) -> Result<(), PeopleRefused> {
    let fits = text.chars().count() <= limits::TEXT_CHARS && !text.chars().any(char::is_control);
    if fits && !text.trim().is_empty() { Ok(()) } else { Err(PeopleRefused::Text { field }) }
}

fn check_email(text: &str) -> Result<(), PeopleRefused> {
    check_text(Field::Email, text)?;
    let parts = text.rsplit_once('@').filter(|(before, after)| {
        !before.is_empty() && !after.is_empty() && !text.contains(char::is_whitespace)
    });
    parts.map(|_| ()).ok_or(PeopleRefused::Email)
}

/// Checks everything that an applicant tells.
pub(super) fn check(applicant: &Applicant) -> Result<(), Refused> {
    check_text(Field::Name, &applicant.name)?;
    if !applicant.household.is_valid() {
        return Err(MemberRefused::Household.into());
    }
    let texts = [
        (Field::Phone, &applicant.phone),
        (Field::Commune, &applicant.commune),
        (Field::Reference, &applicant.reference),
    ];
    for (field, text) in texts {
        text.as_deref().map_or(Ok(()), |text| check_text(field, text))?;
    }
    applicant.email.as_deref().map_or(Ok(()), check_email)?;
    Ok(())
}

/// Stores what an applicant told, under the id of the member that they are or will be.
pub(super) fn store(turn: &mut Turn<'_>, id: MemberId, applicant: Applicant) -> Household {
    let Applicant { name, household, phone, email, commune, reference } = applicant;
    let person = Person { name, phone, email, commune, reference, ..Person::default() };
    turn.put(Kind::Person, id.as_bytes(), &person);
    household
}

/// Makes a member of someone whose person is stored.
pub(super) fn enrol(state: &mut State, turn: &mut Turn<'_>, id: MemberId, household: Household) {
    let member = Member::new(household, turn.now, turn.today());
    turn.put(Kind::Member, id.as_bytes(), &member);
    state.members.insert(id, member);
}

/// Changes what is known of a member.
pub(super) fn change(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: MemberId,
    change: MemberChange,
) -> Result<PeopleAnswer, Refused> {
    let member = member_of(state, id)?;
    if change == (MemberChange { from: change.from, ..MemberChange::default() }) {
        return Err(PeopleRefused::Nothing.into());
    }
    let person = changed_person(person_of(turn, id), &change)?;
    if let Some(household) = change.household {
        member.households = changed_household(turn, member, household, &change)?;
        turn.put(Kind::Member, id.as_bytes(), member);
    }
    if let Some(person) = person {
        turn.put(Kind::Person, id.as_bytes(), &person);
    }
    Ok(PeopleAnswer::Changed(id))
}

/// Returns the person as changed, or `None` if nothing of it changes.
fn changed_person(
    person: Option<Person>,
    change: &MemberChange,
) -> Result<Option<Person>, PeopleRefused> {
    let MemberChange { name, phone, email, commune, band, .. } = change;
    let texts = [name, phone, email, commune];
    if band.is_none() && texts.iter().all(|field| field.is_none()) {
        return Ok(None);
    }
    let mut person = person.ok_or(PeopleRefused::Erased)?;
    if let Some(name) = name {
        check_text(Field::Name, name)?;
        person.name.clone_from(name);
    }
    let Person { phone: old_phone, email: old_email, commune: old_commune, .. } = &mut person;
    for (field, new, old) in [
        (Field::Phone, phone, old_phone),
        (Field::Email, email, old_email),
        (Field::Commune, commune, old_commune),
    ] {
        let Some(text) = new else { continue };
        match field {
            _ if text.is_empty() => {}
            Field::Email => check_email(text)?,
            field => check_text(field, text)?,
        }
        *old = (!text.is_empty()).then(|| text.clone());
    }
    if let Some(band) = *band {
        if usize::from(band) > limits::BANDS {
            return Err(PeopleRefused::Band);
        }
        person.band = band.checked_sub(1);
    }
    Ok(Some(person))
}

/// Returns a member's households with a new one from its day on, until the next that is known.
fn changed_household(
    turn: &Turn<'_>,
    member: &Member,
    household: Household,
    change: &MemberChange,
) -> Result<Vec<(crdt::Date, Household)>, Refused> {
    if !household.is_valid() {
        return Err(MemberRefused::Household.into());
    }
    let today = turn.today();
    let from = change.from.unwrap_or(today);
    let (earliest, latest) =
        (turn.day_of(member.since), today.plus_days(limits::HOUSEHOLD_AHEAD_DAYS));
    if !(earliest..=latest).contains(&from) {
        return Err(PeopleRefused::From { earliest, latest }.into());
    }
    let mut households = member.households.clone();
    households.retain(|(day, _)| *day != from);
    households.push((from, household));
    households.sort_by_key(|(day, _)| *day);
    if households.len() > limits::HOUSEHOLD_CHANGES {
        return Err(PeopleRefused::TooManyChanges.into());
    }
    Ok(households)
}
