//! Rules are data: how much a household gets, and how much it gives.
//!
//! The models and figures are those that caisses publish; `docs/data.md` names them one by one.

use crdt::{Cents, Month};
use serde::{Deserialize, Serialize};

/// Persons of one household at most: more is a typing error.
pub const MOST_PERSONS: u32 = 30;

/// Who lives in a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Household {
    /// Persons of 18 and over.
    pub adults: u16,
    /// Persons of 14 to 17.
    pub teens: u16,
    /// Persons under 14.
    pub children: u16,
}

impl Household {
    /// Returns the number of persons.
    #[must_use]
    pub fn persons(&self) -> u32 {
        u32::from(self.adults) + u32::from(self.teens) + u32::from(self.children)
    }

    /// Returns whether it has 1 to [`MOST_PERSONS`] persons, at least one of them adult or teen.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        u32::from(self.adults) + u32::from(self.teens) >= 1 && self.persons() <= MOST_PERSONS
    }
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Counts the rule sets of a caisse.
    pub version: u32,
    /// The first month in which it is in force.
    pub from: Month,
    /// Why it was decided.
    pub reason: String,
    /// How much a household gets.
    pub allocation: Allocation,
    /// How much it gives.
    pub contribution: Contribution,
}

/// How much a household gets in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// The same for each person (Montpellier: 100).
    PerPerson {
        /// For each person.
        amount: Cents,
        /// For each child under 14, if other than for each person.
        child: Option<Cents>,
        /// Whether it is issued only once the contribution is in.
        after_contribution: bool,
    },
    /// So much for the first person and so much for each further one (Gironde: 150 + 75; Lyon 8: about
    /// 40 per child; Grenoble: at most 4 persons).
    HouseholdScale {
        /// For the first person.
        first: Cents,
        /// For each further person.
        further: Cents,
        /// For each child under 14, if other than for each further person.
        child: Option<Cents>,
        /// How many persons count at most; those over 13 count first.
        most_persons: Option<u32>,
        /// Whether it is issued only once the contribution is in.
        after_contribution: bool,
    },
}

/// How much a household gives in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contribution {
    /// The household sets it itself, within bounds.
    SelfSet {
        /// The least.
        least: Cents,
        /// The most.
        most: Cents,
        /// The step; the least is a multiple of it.
        step: Cents,
    },
    /// A minimum by the size of the household.
    HouseholdMinimum {
        /// For the first person.
        first: Cents,
        /// For each further person.
        further: Cents,
        /// The most, if there is one; the minimum of a large household stops there.
        most: Option<Cents>,
    },
}

/// Why a contribution does not fit the rules, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ContributionRefused {
    /// Less than the rules ask for.
    #[error("the contribution is at least {least}")]
    BelowMinimum {
        /// The least.
        least: Cents,
    },
    /// More than the rules allow.
    #[error("the contribution is at most {most}")]
    AboveMaximum {
        /// The most.
        most: Cents,
    },
    /// Not a multiple of the step.
    #[error("contributions go in steps of {step}")]
    NotAStep {
        /// The step.
        step: Cents,
    },
}

/// Why rules contradict themselves, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum BadRules {
    /// The scale counts no person.
    #[error("no person of a household counts")]
    NobodyCounts,
    /// The allocation of the smallest household is zero.
    #[error("a household of one person would get nothing")]
    NothingForOne,
    /// The allocation of the largest household is no amount of money.
    #[error("a household of {MOST_PERSONS} persons would get more than any amount of money")]
    TooMuch,
    /// No contribution fits between the bounds.
    #[error("the least contribution, {least}, is above the most, {most}")]
    LeastAboveMost {
        /// The least.
        least: Cents,
        /// The most.
        most: Cents,
    },
    /// No contribution is a multiple of zero.
    #[error("the step of contributions is zero")]
    ZeroStep,
    /// The least contribution could not be given.
    #[error("the least contribution, {least}, is not a multiple of the step, {step}")]
    LeastOffStep {
        /// The least.
        least: Cents,
        /// The step.
        step: Cents,
    },
}

impl Rules {
    /// Says whether every household can get and give something under these rules.
    ///
    /// # Errors
    /// The first of [`BadRules`] that applies.
    pub fn check(&self) -> Result<(), BadRules> {
        self.allocation.check()?;
        self.contribution.check()
    }
}

impl Allocation {
    /// Says whether every household gets something, and an amount of money.
    ///
    /// # Errors
    /// The first of [`BadRules`] that applies.
    pub fn check(&self) -> Result<(), BadRules> {
        match self {
            Self::HouseholdScale { most_persons: Some(0), .. } => {
                return Err(BadRules::NobodyCounts);
            }
            Self::HouseholdScale { .. } | Self::PerPerson { .. } => {}
        }
        if self.for_household(&Household { adults: 1, teens: 0, children: 0 }) == Some(Cents::ZERO)
        {
            return Err(BadRules::NothingForOne);
        }
        // What a household gets grows with each of its numbers, so the extremes stand for all.
        let Ok(most) = u16::try_from(MOST_PERSONS) else { return Err(BadRules::TooMuch) };
        let adults = Household { adults: most, teens: 0, children: 0 };
        let children = Household { adults: 1, teens: 0, children: most - 1 };
        match (self.for_household(&adults), self.for_household(&children)) {
            (Some(_), Some(_)) => Ok(()),
            _ => Err(BadRules::TooMuch),
        }
    }

    /// Returns whether the allocation is issued only once the contribution is in.
    #[must_use]
    pub const fn after_contribution(&self) -> bool {
        match self {
            Self::PerPerson { after_contribution, .. }
            | Self::HouseholdScale { after_contribution, .. } => *after_contribution,
        }
    }

    /// Returns what a household gets in a month; `None` if it fits no amount of money.
    #[must_use]
    pub fn for_household(&self, household: &Household) -> Option<Cents> {
        let children = u64::from(household.children);
        let older = u64::from(household.adults) + u64::from(household.teens);
        match *self {
            Self::PerPerson { amount, child, .. } => {
                let for_children = child.unwrap_or(amount).checked_times(children)?;
                amount.checked_times(older)?.checked_add(for_children)
            }
            Self::HouseholdScale { first, further, child, most_persons, .. } => {
                let counted = u64::from(most_persons.unwrap_or(u32::MAX));
                let older = older.min(counted);
                let children = children.min(counted - older);
                if older + children == 0 {
                    return Some(Cents::ZERO);
                }
                // The first person is one of the older ones if there is any.
                let (further_older, further_children) =
                    if older > 0 { (older - 1, children) } else { (0, children - 1) };
                let for_children = child.unwrap_or(further).checked_times(further_children)?;
                first.checked_add(further.checked_times(further_older)?)?.checked_add(for_children)
            }
        }
    }
}

impl Contribution {
    /// Says whether there is a contribution that every household may give.
    ///
    /// # Errors
    /// The first of [`BadRules`] that applies.
    pub fn check(&self) -> Result<(), BadRules> {
        match *self {
            Self::SelfSet { least, most, .. }
            | Self::HouseholdMinimum { first: least, most: Some(most), .. }
                if least > most =>
            {
                Err(BadRules::LeastAboveMost { least, most })
            }
            Self::SelfSet { least, step, .. } => match least.get().checked_rem(step.get()) {
                None => Err(BadRules::ZeroStep),
                Some(0) => Ok(()),
                Some(_) => Err(BadRules::LeastOffStep { least, step }),
            },
            Self::HouseholdMinimum { .. } => Ok(()),
        }
    }

    /// Says whether a household may contribute an amount.
    ///
    /// # Errors
    /// The first of [`ContributionRefused`] that applies.
    pub fn accepts(&self, household: &Household, amount: Cents) -> Result<(), ContributionRefused> {
        let (least, most, step) = match *self {
            Self::SelfSet { least, most, step } => (least, Some(most), step),
            Self::HouseholdMinimum { first, further, most } => {
                let others = u64::from(household.persons().saturating_sub(1));
                let least = further.checked_times(others).and_then(|sum| first.checked_add(sum));
                let least = least.unwrap_or(Cents::MAX).min(most.unwrap_or(Cents::MAX));
                (least, most, Cents::from_u32(1))
            }
        };
        if amount < least {
            return Err(ContributionRefused::BelowMinimum { least });
        }
        if let Some(most) = most.filter(|most| amount > *most) {
            return Err(ContributionRefused::AboveMaximum { most });
        }
        match amount.get().checked_rem(step.get()) {
            Some(0) => Ok(()),
            _ => Err(ContributionRefused::NotAStep { step }),
        }
    }
}

#[cfg(test)]
mod tests;
