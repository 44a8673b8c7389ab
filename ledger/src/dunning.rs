//! Reminders of contributions that were agreed and have not come.
//!
//! A reminder is a letter and a record of it. It suspends nothing: what happens next, people decide.

mod letter;

use std::collections::BTreeMap;

use crdt::{Cents, Date, MemberId, Month, wire};
use serde::{Deserialize, Serialize};

use crate::agreed;
use crate::answer::{Answer, DisputesAnswer, DunningReport, Late, ReminderInfo};
use crate::member::contributed;
use crate::records::Kind;
use crate::state::State;
use crate::turn::{Outcome, Turn};

pub(crate) use letter::letters;

/// Days after the first of the month at which the reminders are due, unless the configuration says
/// otherwise.
pub const AFTER_DAYS: [u16; 3] = [10, 25, 45];

/// The letter after the member in the key of a [`Kind::Notice`]: the others belong to expiry.
const LETTER: u8 = b'd';

/// A reminder that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// When.
    pub given: Date,
    /// What had not come by then.
    pub missing: Cents,
}

fn key(member: MemberId, month: Month, level: u8) -> Vec<u8> {
    [member.as_bytes().as_slice(), &[LETTER], month.to_string().as_bytes(), &[level]].concat()
}

fn read_key(key: &[u8]) -> Option<(MemberId, Month, u8)> {
    let (member, rest) = key.split_at_checked(MemberId::LEN)?;
    let (level, month) = rest.strip_prefix(&[LETTER])?.split_last()?;
    let month = std::str::from_utf8(month).ok()?.parse().ok()?;
    Some((MemberId::from_slice(member)?, month, *level))
}

/// Says whom reminders of a month would go to. A contribution is due on the first of its month.
pub(crate) fn preview(state: &State, turn: &Turn<'_>, month: Month) -> DunningReport {
    let days = u32::try_from(month.first_day().days_until(turn.today())).unwrap_or(0);
    let level = level(&state.settings.reminders, days);
    let mut late = Vec::new();
    if turn.today() >= month.first_day() {
        for (member, agreed) in expected(state, turn, month) {
            let missing = agreed.saturating_sub(contributed(turn, member, month));
            if !missing.is_zero() {
                let told = level > 0 && given(turn, member, month) >= level;
                late.push(Late { member, agreed, missing, level, told });
            }
        }
    }
    DunningReport { month, days, preview: true, late }
}

/// Returns the last reminder of a month that a member was given: 0 for none.
fn given(turn: &Turn<'_>, member: MemberId, month: Month) -> u8 {
    let to = [key(member, month, u8::MAX).as_slice(), &[0]].concat();
    let rows = turn.range(Kind::Notice, &key(member, month, 0), &to, usize::MAX);
    rows.last().and_then(|(key, _)| read_key(key)).map_or(0, |(_, _, level)| level)
}

/// Returns which reminder is due after so many days: 0 for none yet.
fn level(after_days: &[u16], days: u32) -> u8 {
    let reached = after_days.iter().filter(|after| u32::from(**after) <= days).count();
    u8::try_from(reached).unwrap_or(u8::MAX)
}

/// What each member that is still there agreed to contribute for a month.
fn expected(state: &State, turn: &Turn<'_>, month: Month) -> BTreeMap<MemberId, Cents> {
    // By member and month: of those that had begun, the last one counts.
    let begun = agreed::list(turn).into_iter().filter(|agreed| agreed.from <= month);
    begun
        .filter(|agreed| state.members.get(&agreed.member).is_some_and(|m| m.left.is_none()))
        .map(|agreed| (agreed.member, agreed.amount))
        .collect()
}

/// Records the reminders that are due and were not given yet.
pub(crate) fn run(state: &State, turn: &mut Turn<'_>, month: Month) -> Outcome {
    let report = DunningReport { preview: false, ..preview(state, turn, month) };
    let given = turn.today();
    for Late { member, missing, level, told, .. } in &report.late {
        if *level > 0 && !told {
            let reminder = Reminder { given, missing: *missing };
            turn.put(Kind::Notice, &key(*member, month, *level), &reminder);
        }
    }
    Ok(Answer::Disputes(DisputesAnswer::Reminded(report)))
}

/// Returns the reminders that were given, by member, month and level.
pub(crate) fn list(turn: &Turn<'_>) -> Vec<ReminderInfo> {
    let rows = turn.range(Kind::Notice, &[], &[], usize::MAX).into_iter();
    let info = |(key, value): (Vec<u8>, Vec<u8>)| {
        let (member, month, level) = read_key(&key)?;
        let Reminder { given, missing } = wire::decode(&value).ok()?;
        Some(ReminderInfo { member, month, level, given, missing })
    };
    rows.filter_map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_is_due_from_its_day_on() {
        let level = |days| super::level(&AFTER_DAYS, days);
        assert_eq!([0, 9, 10, 24, 25, 44, 45, 400].map(level), [0, 0, 1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn the_key_of_a_reminder_is_read_back_and_that_of_an_expiry_is_none() {
        let (member, month) = (MemberId::new([7; 16]), Month::new(2026, 11).expect("a month"));
        assert_eq!(read_key(&key(member, month, 2)), Some((member, month, 2)));
        assert_eq!(read_key(&[&[7; 16][..], b"i"].concat()), None);
        assert_eq!(read_key(&[&[7; 16][..], b"a", &[1, 2, 3, 4]].concat()), None);
    }
}
