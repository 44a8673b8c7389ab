//! What a line of the bank was surely for.
//!
//! The decision looks at the line, at what was ordered, and at the rules; never at what other lines have
//! done to a sum. So statements can come in any order and give the same books.

use crdt::{Date, GrantId, MemberId, Month, wire};

use super::batch::{BatchKind, BatchState, Named};
use super::line::{Line, LineText, Side, Target};
use super::reference::References;
use super::{assign, batch};
use crate::allocation;
use crate::grant::Grant;
use crate::member::Person;
use crate::records::Kind;
use crate::refused::Waits;
use crate::rules::ContributionRefused;
use crate::state::State;
use crate::turn::Turn;

/// Letters and digits of the shortest reference of a grant that is looked for: a shorter one is found in
/// anything.
const GRANT_CHARS: usize = 5;

/// Says what a line was surely for, or why that is not sure.
pub(super) fn recognise(
    state: &State,
    turn: &Turn<'_>,
    references: &References,
    line: &Line,
    text: &LineText,
) -> Result<Target, Waits> {
    let target = if let Some(named) = named(text) {
        of_batch(turn, line, named)?
    } else {
        by_reference(state, turn, references, line, text)?
    };
    assign::account(turn, line, target)?;
    Ok(target)
}

/// Finds the name of a batch or of a payment of ours.
fn named(text: &LineText) -> Option<Named> {
    let texts = text.end_to_end.iter().chain(&text.instruction).chain(&text.references);
    texts.chain([&text.remittance]).chain(&text.description).find_map(|text| Named::find(text))
}

fn of_batch(turn: &Turn<'_>, line: &Line, named: Named) -> Result<Target, Waits> {
    let (id, batch) = named.batch(turn).ok_or(Waits::Unknown)?;
    let forth = match batch.kind {
        BatchKind::Payout => Side::Out,
        BatchKind::Debit(_) => Side::In,
    };
    match named.item {
        Some(item) if line.side == forth => Ok(Target::Item(id, item)),
        Some(item) => Ok(Target::Returned(id, item)),
        None => Ok(Target::Batch(id)),
    }
}

fn by_reference(
    state: &State,
    turn: &Turn<'_>,
    references: &References,
    line: &Line,
    text: &LineText,
) -> Result<Target, Waits> {
    let (members, grants) = (references.members(text), grants(turn, text));
    match (members.as_slice(), grants.as_slice()) {
        ([], []) => Err(Waits::NoReference),
        ([member], []) if line.side == Side::In => {
            let month = named_month(&text.remittance, line.date).unwrap_or(line.date.month());
            fits_rules(state, turn, *member, month, line.amount).map_err(Waits::Contribution)?;
            Ok(Target::Contribution(*member, month))
        }
        ([], [grant]) => Ok(Target::Grant(*grant)),
        ([_], []) => Err(Waits::WrongSide),
        _ => Err(Waits::SeveralMeanings),
    }
}

/// Says whether the rules of a month take such a contribution.
pub(super) fn fits_rules(
    state: &State,
    turn: &Turn<'_>,
    member: MemberId,
    month: Month,
    amount: crdt::Cents,
) -> Result<(), ContributionRefused> {
    let band = turn.get::<Person>(Kind::Person, member.as_bytes()).and_then(|person| person.band);
    let rules = allocation::rules_of(state, month);
    // Who is no member any more has no household to which the rules could apply.
    let Some(member) = state.members.get(&member) else { return Ok(()) };
    rules.contribution.accepts(&member.household(month.last_day()), band, amount)
}

/// Finds the month that a payer named, as `2026-12` or `12/2026`, if it is not far from the booking.
fn named_month(text: &str, booked: Date) -> Option<Month> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '-' && c != '/');
    let months = words.filter_map(|word| {
        let (one, other) = word.split_once(['-', '/'])?;
        let (year, month) = if one.len() == 4 { (one, other) } else { (other, one) };
        let two = year.len() == 4 && (1..=2).contains(&month.len());
        Month::new(year.parse().ok().filter(|_| two)?, month.parse().ok()?).ok()
    });
    let near = |month: &Month| booked.days_until(month.first_day()).abs() <= 366;
    months.filter(near).min()
}

/// Finds every grant whose reference a line has.
fn grants(turn: &Turn<'_>, text: &LineText) -> Vec<GrantId> {
    let plain = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_uppercase).collect()
    };
    let texts = text.references.iter().chain(&text.end_to_end).chain([&text.remittance]);
    let texts: Vec<String> = texts.map(|text| plain(text)).collect();
    let rows = turn.range(Kind::Grant, &[], &[], usize::MAX).into_iter();
    rows.filter_map(|(key, value)| {
        let reference = plain(&wire::decode::<Grant>(&value).ok()?.reference);
        let long = reference.chars().count() >= GRANT_CHARS;
        let there = texts.iter().any(|text| text.contains(&reference));
        GrantId::from_slice(&key).filter(|_| long && there)
    })
    .collect()
}

/// Says why a batch as a whole cannot be meant, if it cannot.
pub(super) fn whole_batch(
    turn: &Turn<'_>,
    line: &Line,
    id: crdt::BatchId,
) -> Result<BatchKind, Waits> {
    let header = batch::get(turn, id).map_err(|_| Waits::Unknown)?;
    match header.state {
        BatchState::Ordered => {}
        BatchState::Cancelled => return Err(Waits::Cancelled),
        BatchState::Booked(_) | BatchState::Confirmed => return Err(Waits::Settled),
    }
    let items = batch::items(turn, id);
    if items.iter().any(|(_, item)| item.paid.is_some()) {
        return Err(Waits::Settled);
    }
    // A bank leaves out what it rejected, or books the whole and gives that back.
    let kept =
        items.iter().filter(|(_, item)| item.rejected.is_none()).map(|(_, item)| item.amount);
    let kept = crdt::Cents::checked_sum(kept).unwrap_or(crdt::Cents::MAX);
    if line.amount != header.total && line.amount != kept {
        return Err(Waits::OtherAmount { expected: kept });
    }
    Ok(header.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_that_the_payer_names_is_found_and_a_day_is_not_a_month() {
        let booked = Date::new(2026, 11, 28).expect("a day");
        let month = |text| named_month(text, booked).map(|month| month.to_string());
        assert_eq!(month("cotisation 2026-12"), Some("2026-12".to_owned()));
        assert_eq!(month("cotisation 12/2026, merci"), Some("2026-12".to_owned()));
        assert_eq!(month("le 28/11/2026"), None);
        assert_eq!(month("2012-10"), None, "too far from the booking");
        assert_eq!(month("2026-13 99/2026 -/ /"), None);
    }
}
