//! Files of members: each line is enrolled once, by its reference; a bad line never stops the rest.

use std::collections::BTreeMap;

use crdt::{MemberId, wire};

use super::applicant;
use crate::answer::{Imported, PeopleAnswer};
use crate::command::Applicant;
use crate::limits;
use crate::member::Person;
use crate::records::Kind;
use crate::refused::{Field, PeopleRefused, Refused};
use crate::state::State;
use crate::turn::Turn;

/// The references that are known, of members and of those who wait.
type References = BTreeMap<String, Option<MemberId>>;

/// Says what an import would do.
pub(super) fn preview(turn: &Turn<'_>, lines: &[Applicant]) -> Result<PeopleAnswer, Refused> {
    let mut references = references(turn, lines)?;
    let sorted = lines.iter().map(|line| match look_up(&references, line) {
        Ok(Some(known)) => Imported::Known(known),
        Ok(None) => {
            references.extend(line.reference.clone().map(|reference| (reference, None)));
            Imported::Added(None)
        }
        Err(why) => Imported::Wrong(Box::new(why)),
    });
    Ok(PeopleAnswer::Imported(sorted.collect()))
}

/// Enrols those whose reference is not known.
pub(super) fn run(
    state: &mut State,
    turn: &mut Turn<'_>,
    lines: Vec<Applicant>,
) -> Result<PeopleAnswer, Refused> {
    let mut references = references(turn, &lines)?;
    let mut done = Vec::new();
    for line in lines {
        done.push(match look_up(&references, &line) {
            Ok(Some(known)) => Imported::Known(known),
            Ok(None) => {
                let id = MemberId::new(state.random("member"));
                references.extend(line.reference.clone().map(|reference| (reference, Some(id))));
                let household = applicant::store(turn, id, line);
                applicant::enrol(state, turn, id, household);
                Imported::Added(Some(id))
            }
            Err(why) => Imported::Wrong(Box::new(why)),
        });
    }
    Ok(PeopleAnswer::Imported(done))
}

/// Returns who has the reference of a line, if anybody.
fn look_up(references: &References, line: &Applicant) -> Result<Option<Option<MemberId>>, Refused> {
    applicant::check(line)?;
    let reference = line.reference.as_ref();
    let reference = reference.ok_or(PeopleRefused::Text { field: Field::Reference })?;
    Ok(references.get(reference).copied())
}

fn references(turn: &Turn<'_>, lines: &[Applicant]) -> Result<References, Refused> {
    if lines.len() > limits::IMPORT_LINES {
        return Err(PeopleRefused::TooManyLines.into());
    }
    let rows = turn.range(Kind::Person, &[], &[], usize::MAX).into_iter();
    let known = rows.filter_map(|(key, value)| {
        let id = MemberId::from_slice(&key)?;
        let person: Person = wire::decode(&value).ok()?;
        // A file that we wrote names those without a reference by their ids.
        Some((person.reference.unwrap_or_else(|| id.to_string()), Some(id)))
    });
    Ok(known.collect())
}
