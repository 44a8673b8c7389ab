//! What a household has spent of its credit in a week and in a month, at home and elsewhere: for the caps
//! of the rules.

use crdt::{Cents, Date, MemberId};

use crate::records::Kind;
use crate::rules::Caps;
use crate::turn::Turn;

pub(crate) fn week_key(member: MemberId, date: Date) -> Vec<u8> {
    [member.as_bytes().as_slice(), b"w", &date.monday().number().to_be_bytes()].concat()
}

pub(crate) fn month_key(member: MemberId, date: Date) -> Vec<u8> {
    [member.as_bytes().as_slice(), b"m", date.month().to_string().as_bytes()].concat()
}

fn spent(turn: &Turn<'_>, key: &[u8]) -> Cents {
    turn.get(Kind::Spent, key).unwrap_or_default()
}

/// Returns how much a member may still spend today under the caps; `None` if nothing is capped.
pub(crate) fn room(turn: &Turn<'_>, caps: &Caps, member: MemberId, date: Date) -> Option<Cents> {
    let of_week = caps.per_week.map(|cap| cap.saturating_sub(spent(turn, &week_key(member, date))));
    let of_month =
        caps.per_month.map(|cap| cap.saturating_sub(spent(turn, &month_key(member, date))));
    [caps.per_visit, of_week, of_month].into_iter().flatten().min()
}

/// Returns what a member has spent in the month of a day.
pub(crate) fn in_month(turn: &Turn<'_>, member: MemberId, date: Date) -> Cents {
    spent(turn, &month_key(member, date))
}

/// Counts what a member spent on a day.
pub(crate) fn count(turn: &mut Turn<'_>, member: MemberId, date: Date, amount: Cents) {
    for key in [week_key(member, date), month_key(member, date)] {
        let sum = spent(turn, &key).checked_add(amount).unwrap_or(Cents::MAX);
        turn.put(Kind::Spent, &key, &sum);
    }
}

/// Takes back what was counted, when a purchase of that day did not come about or was given back.
pub(crate) fn uncount(turn: &mut Turn<'_>, member: MemberId, date: Date, amount: Cents) {
    for key in [week_key(member, date), month_key(member, date)] {
        let sum = spent(turn, &key).saturating_sub(amount);
        turn.put(Kind::Spent, &key, &sum);
    }
}
