//! Credit that lasts too long: members are told, and what was told long enough ago expires.
//!
//! Nothing expires by itself: an operator starts the run, sees first what it would do, and whom to tell.

use crdt::{Cents, Date, MemberId};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Answer, ExpiryReport};
use crate::books::{Cause, Phase, Transfer};
use crate::lots::{self, Lot, OpenLot};
use crate::member::Member;
use crate::records::Kind;
use crate::refused::Refused;
use crate::rules::Lots;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// What of a member's credit an expiry run looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiring {
    /// The member.
    pub member: MemberId,
    /// How much.
    pub amount: Cents,
    /// On which day it expires, or would have without a notice.
    pub on: Date,
    /// Why.
    pub why: WhyExpiring,
}

/// Why credit expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyExpiring {
    /// It was issued long ago.
    Age,
    /// Nothing was bought for long.
    Inactivity,
    /// The member left.
    Departure,
}

/// A notice that was given: when, and what of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The day on which the member was told.
    pub given: Date,
    /// The day of expiry that it names.
    pub on: Date,
}

/// Each lot has a notice of its own, by its day; inactivity has one, for there is one last purchase.
fn notice_key(Expiring { member, on, why, .. }: &Expiring) -> Vec<u8> {
    let mut key = member.as_bytes().to_vec();
    match why {
        WhyExpiring::Age => {
            key.push(b'a');
            key.extend(on.number().to_be_bytes());
        }
        WhyExpiring::Inactivity => key.push(b'i'),
        WhyExpiring::Departure => key.push(b'd'),
    }
    key
}

/// Says what a run of today would do.
pub(crate) fn preview(state: &State, turn: &Turn<'_>) -> ExpiryReport {
    let today = turn.today();
    let rules = &state.rules.on(today).lots;
    let mut report = ExpiryReport::empty(today);
    for (id, member) in &state.members {
        if member.is_gone(today) {
            report.expired.extend(of_gone(state, *id, member));
            continue;
        }
        let used = last_use(state, turn, *id);
        if used.is_some_and(|used| used.plus_days(i32::from(rules.dormant_after_days)) <= today) {
            report.dormant.push(*id);
        }
        for expiring in expiring(state, turn, rules, *id, used) {
            sort(turn, rules, today, expiring, &mut report);
        }
    }
    let amounts = report.expired.iter().map(|expiring| expiring.amount);
    report.total = Cents::checked_sum(amounts).unwrap_or(Cents::MAX);
    report
}

/// What a member who left has not spent in time, or what came back since. It was told on leaving.
fn of_gone(state: &State, id: MemberId, member: &Member) -> Option<Expiring> {
    let amount = state.books.available(id);
    let left = member.left.filter(|_| !amount.is_zero())?;
    let on = left.until.unwrap_or(left.on);
    Some(Expiring { member: id, amount, on, why: WhyExpiring::Departure })
}

/// Lets expire at once what is left of a member's credit. Returns how much, and the entry's place.
pub(crate) fn at_once(
    state: &mut State,
    turn: &mut Turn<'_>,
    member: MemberId,
) -> Result<Option<(Cents, u64)>, Refused> {
    let (amount, today) = (state.books.available(member), turn.today());
    if amount.is_zero() {
        return Ok(None);
    }
    let expiring = Expiring { member, amount, on: today, why: WhyExpiring::Departure };
    expire(state, turn, &expiring)?;
    Ok(Some((amount, state.books.entries().saturating_sub(1))))
}

/// When a member last bought something, or got the first credit that is left.
fn last_use(state: &State, turn: &Turn<'_>, member: MemberId) -> Option<Date> {
    let counters = state.books.counters(Account::Member(member));
    let oldest = || {
        let lots = lots::of_member(turn, member);
        lots::divide(counters.available(), &lots).into_iter().find_map(|lot| lot.issued)
    };
    counters.used.or_else(oldest).filter(|_| !counters.available().is_zero())
}

/// What of a member's credit expires within the time of a notice.
fn expiring(
    state: &State,
    turn: &Turn<'_>,
    rules: &Lots,
    member: MemberId,
    used: Option<Date>,
) -> Vec<Expiring> {
    let horizon = turn.today().plus_days(i32::from(rules.notice_days));
    let available = state.books.available(member);
    if available.is_zero() {
        return Vec::new();
    }
    if let (Some(days), Some(used)) = (rules.expire_inactive_days, used) {
        let on = used.plus_days(i32::from(days));
        if on <= horizon {
            let why = WhyExpiring::Inactivity;
            return vec![Expiring { member, amount: available, on, why }];
        }
    }
    let Some(days) = rules.expire_after_days else { return Vec::new() };
    let open = lots::divide(available, &lots::of_member(turn, member));
    let old = open.into_iter().filter_map(|OpenLot { issued, left, .. }| {
        // Credit that came back after its lot had expired has no date: it stays until it is spent.
        let on = issued?.plus_days(i32::from(days));
        (on <= horizon).then_some(Expiring { member, amount: left, on, why: WhyExpiring::Age })
    });
    old.collect()
}

/// What is due and was told long enough ago expires; of what is not told yet the member is told now.
fn sort(turn: &Turn<'_>, rules: &Lots, today: Date, expiring: Expiring, report: &mut ExpiryReport) {
    let notice = turn.get::<Notice>(Kind::Notice, &notice_key(&expiring));
    // A purchase since the notice has moved the day: the old notice is about nothing any more.
    let told = notice.filter(|notice| notice.on == expiring.on);
    let waited = |notice: &Notice| notice.given.plus_days(i32::from(rules.notice_days)) <= today;
    match told {
        None => report.told.push(expiring),
        Some(notice) if waited(&notice) && expiring.on <= today => report.expired.push(expiring),
        Some(_) => report.waiting.push(expiring),
    }
}

/// Tells and lets expire what the preview says.
pub(crate) fn run(state: &mut State, turn: &mut Turn<'_>) -> Outcome {
    let report = ExpiryReport { preview: false, ..preview(state, turn) };
    let today = turn.today();
    for expiring in &report.told {
        let notice = Notice { given: today, on: expiring.on };
        turn.put(Kind::Notice, &notice_key(expiring), &notice);
    }
    for expiring in &report.expired {
        expire(state, turn, expiring)?;
    }
    Ok(Answer::Expired(report))
}

fn expire(state: &mut State, turn: &mut Turn<'_>, expiring: &Expiring) -> Result<(), Refused> {
    let Expiring { member, amount, .. } = *expiring;
    let (debit, credit) = (Account::Member(member), Account::Expired);
    let cause = Cause::Expiry(member, state.books.open_day(turn.today()));
    state.books.enter(turn, cause, Phase::Posted, vec![Transfer { debit, credit, amount }])?;
    close_lots(state, turn, expiring);
    turn.delete(Kind::Notice, &notice_key(expiring));
    Ok(())
}

/// Closes the lots that have expired: all at inactivity and departure, else those that were old enough.
fn close_lots(state: &State, turn: &mut Turn<'_>, expired: &Expiring) {
    let days = state.rules.on(turn.today()).lots.expire_after_days.unwrap_or(0);
    let old = |lot: &Lot| match expired.why {
        WhyExpiring::Inactivity | WhyExpiring::Departure => true,
        WhyExpiring::Age => lot.issued.plus_days(i32::from(days)) <= expired.on,
    };
    let lots = lots::of_member(turn, expired.member);
    for (origin, lot) in lots.into_iter().filter(|(_, lot)| !lot.closed && old(lot)) {
        let closed = Lot { closed: true, ..lot };
        turn.put(Kind::Allocation, &lots::key(expired.member, origin), &closed);
    }
}
