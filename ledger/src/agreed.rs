//! What members agreed to contribute each month. What has come of it stands in the books.

use crdt::{Cents, MemberId, Month, Timestamp, wire};
use serde::{Deserialize, Serialize};

use crate::allocation;
use crate::answer::{AgreedInfo, Answer, DisputesAnswer};
use crate::member::Person;
use crate::records::Kind;
use crate::refused::{AgreeRefused, DisputesRefused, MemberRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// What a member agreed to contribute, from a month on and until the next one that was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// How much each month.
    pub amount: Cents,
    /// When it was recorded.
    pub at: Timestamp,
}

fn key(member: MemberId, from: Month) -> Vec<u8> {
    [member.as_bytes().as_slice(), from.to_string().as_bytes()].concat()
}

fn read_key(key: &[u8]) -> Option<(MemberId, Month)> {
    let (member, month) = key.split_at_checked(MemberId::LEN)?;
    Some((MemberId::from_slice(member)?, std::str::from_utf8(month).ok()?.parse().ok()?))
}

/// Records what a member agreed to contribute. It must fit the rules of its first month.
pub(crate) fn agree(
    state: &State,
    turn: &mut Turn<'_>,
    member: MemberId,
    amount: Cents,
    from: Option<Month>,
) -> Outcome {
    let known = state.members.get(&member).ok_or(MemberRefused::UnknownMember)?;
    let earliest = turn.today().month();
    let from = from.unwrap_or(earliest);
    if from < earliest {
        return Err(refused(AgreeRefused::Past { earliest }));
    }
    let band = turn.get::<Person>(Kind::Person, member.as_bytes()).and_then(|person| person.band);
    let rules = allocation::rules_of(state, from);
    let accepted = rules.contribution.accepts(&known.household(from.last_day()), band, amount);
    accepted.map_err(|why| refused(AgreeRefused::Contribution(why)))?;
    turn.put(Kind::Agreed, &key(member, from), &Agreed { amount, at: turn.now });
    Ok(Answer::Disputes(DisputesAnswer::Agreed(vec![AgreedInfo { member, from, amount }])))
}

fn refused(why: AgreeRefused) -> Refused {
    Refused::Disputes(DisputesRefused::Agree(why))
}

/// Returns what a member agreed to contribute for a month, if anything.
#[must_use]
pub fn of(turn: &Turn<'_>, member: MemberId, month: Month) -> Option<Cents> {
    // The end of a range is left out: a zero byte more puts the month itself into it.
    let upto = [key(member, month).as_slice(), &[0]].concat();
    let rows = turn.range(Kind::Agreed, member.as_bytes(), &upto, usize::MAX);
    let (_, latest) = rows.last()?;
    wire::decode::<Agreed>(latest).ok().map(|agreed| agreed.amount)
}

/// Returns everything that was agreed, by member and month.
pub(crate) fn list(turn: &Turn<'_>) -> Vec<AgreedInfo> {
    let rows = turn.range(Kind::Agreed, &[], &[], usize::MAX).into_iter();
    let info = |(key, value): (Vec<u8>, Vec<u8>)| {
        let ((member, from), agreed) = (read_key(&key)?, wire::decode::<Agreed>(&value).ok()?);
        Some(AgreedInfo { member, from, amount: agreed.amount })
    };
    rows.filter_map(info).collect()
}
