//! How far the ceilings of our agreements are used: to warn before a till is refused.

use crdt::{CaisseId, Cents};
use serde::{Deserialize, Serialize};

use super::terms_with;
use crate::limits;
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Who owes whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Debtor {
    /// We owe the partner, holds included.
    Us,
    /// The partner owes us.
    Partner,
}

/// How much of a ceiling is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Less than half.
    Below,
    /// Half: think of settling.
    Half,
    /// Four fifths: settle now, or visitors are refused soon.
    Most,
    /// All of it: visitors are refused.
    Reached,
}

impl Level {
    /// Returns the level of a part in percent.
    #[must_use]
    pub const fn of(percent: u32) -> Self {
        match percent {
            0..limits::CEILING_HALF_PERCENT => Self::Below,
            limits::CEILING_HALF_PERCENT..limits::CEILING_MOST_PERCENT => Self::Half,
            limits::CEILING_MOST_PERCENT..100 => Self::Most,
            100.. => Self::Reached,
        }
    }
}

/// The use of one agreement's ceiling. What one side owes is counted less what it is owed, so only one of the
/// two is in debt at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeilingUse {
    /// The partner.
    pub with: CaisseId,
    /// Who owes whom.
    pub debtor: Debtor,
    /// How much.
    pub owed: Cents,
    /// The ceiling.
    pub ceiling: Cents,
    /// How much of it is used, rounded down; 100 and more when nothing is left.
    pub percent: u32,
    /// Whether that is worth a warning.
    pub level: Level,
}

/// Returns the use of the ceiling of every agreement in force, by partner.
pub(crate) fn all(state: &State) -> Vec<CeilingUse> {
    let partners = state.federation.as_ref().map(|f| f.partners(&state.me)).unwrap_or_default();
    partners.into_iter().filter_map(|partner| with(state, partner.id)).collect()
}

/// Returns the use of the ceiling with a partner, if there is an agreement.
pub(crate) fn with(state: &State, with: CaisseId) -> Option<CeilingUse> {
    let ceiling = terms_with(state, with)?.ceiling;
    let balance = state.books.owed_to(with);
    let debtor = if balance.get() < 0 { Debtor::Partner } else { Debtor::Us };
    let owed = balance.magnitude();
    let percent = percent(owed, ceiling);
    Some(CeilingUse { with, debtor, owed, ceiling, percent, level: Level::of(percent) })
}

fn percent(part: Cents, whole: Cents) -> u32 {
    let share = (u128::from(part.get()) * 100).checked_div(u128::from(whole.get()));
    match share {
        Some(percent) => u32::try_from(percent).unwrap_or(u32::MAX),
        None if part.is_zero() => 0,
        None => 100,
    }
}

/// Counts our members who have used four fifths of what the agreement lets one visitor spend there in this
/// month: they are refused soon, and their caisse can say so before.
pub(crate) fn visitors_near(state: &State, turn: &Turn<'_>, host: CaisseId) -> u32 {
    let Some(most) = terms_with(state, host).map(|terms| terms.per_month) else {
        return 0;
    };
    let from = [host.as_bytes().as_slice(), turn.now.month().to_string().as_bytes()].concat();
    // Members follow the month in the key: none has an id above all ones.
    let to = [from.as_slice(), &[0xff; 17]].concat();
    let rows = turn.range(Kind::Visit, &from, &to, usize::MAX).into_iter();
    let spent = rows.filter_map(|(_, bytes)| crdt::wire::decode::<Cents>(&bytes).ok());
    let near = spent.filter(|spent| percent(*spent, most) >= limits::CEILING_MOST_PERCENT).count();
    u32::try_from(near).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_begins_where_it_says() {
        let levels = [(0, 0), (4_999, 49), (5_000, 50), (7_999, 79), (8_000, 80), (9_999, 99)];
        for (part, expected) in levels {
            assert_eq!(percent(Cents::from_u32(part), Cents::from_u32(10_000)), expected);
        }
        let named = [0, 49, 50, 79, 80, 99, 100, 250].map(Level::of);
        use Level::{Below, Half, Most, Reached};
        assert_eq!(named, [Below, Below, Half, Half, Most, Most, Reached, Reached]);
        assert_eq!(percent(Cents::ZERO, Cents::ZERO), 0);
        assert_eq!(percent(Cents::MAX, Cents::ZERO), 100);
        assert_eq!(percent(Cents::MAX, Cents::from_u32(1)), u32::MAX);
    }
}
