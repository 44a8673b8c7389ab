//! The six money models in use.

use crdt::Cents;
use serde::{Deserialize, Serialize};

use super::{BadRules, Household, MOST_PERSONS, Percent};

/// How much a household gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// The same for each person in a month (Montpellier: 100).
    PerPerson {
        /// For each person.
        amount: Cents,
        /// For each child under 14, if other than for each person.
        child: Option<Cents>,
    },
    /// So much for the first person and so much for each further one in a month (Gironde: 150 + 75;
    /// Lyon 8: about 40 per child; Grenoble: at most 4 persons).
    HouseholdScale {
        /// For the first person.
        first: Cents,
        /// For each further person.
        further: Cents,
        /// For each child under 14, if other than for each further person.
        child: Option<Cents>,
        /// How many persons count at most; those over 13 count first.
        most_persons: Option<u32>,
    },
    /// The mean of the month's contributions for each person, and a subsidy (Yonne: about 55). The first
    /// run of a month fixes the amount.
    MeanOfContributions {
        /// What a public subsidy adds for each person.
        subsidy: Cents,
        /// The amount is rounded down to a multiple of this.
        step: Cents,
    },
    /// Nothing in advance: what a member paid for a product is given back at the product's rate
    /// (Cadenet: 30, 70 or 100 %).
    ProductRefund {
        /// The most that a household gets back in a month for each person.
        most_per_person: Option<Cents>,
    },
    /// Nothing in advance: each buyer chooses at which share of the price to buy, and a pot balances
    /// (Dieulefit 2021-23: 65, 100 or 125 %).
    PriceTiers {
        /// The shares, from low to high.
        tiers: Vec<Percent>,
    },
    /// Nothing in advance: spending one's own money at sustainable vendors earns credit (Gers: 5 for each
    /// 10 spent).
    Bonus {
        /// For each so much spent,
        spent: Cents,
        /// so much is given.
        gives: Cents,
        /// The most that a household earns in a month.
        most_per_month: Option<Cents>,
    },
}

/// How many steps a mean is divided into at least: a step of zero would divide by nothing.
const SMALLEST_STEP: Cents = Cents::from_u32(1);

impl Allocation {
    /// Says whether the model gives every household something, and an amount of money.
    ///
    /// # Errors
    /// The first of [`BadRules`] that applies.
    pub fn check(&self) -> Result<(), BadRules> {
        match self {
            Self::HouseholdScale { most_persons: Some(0), .. } => {
                return Err(BadRules::NobodyCounts);
            }
            Self::PerPerson { .. } | Self::HouseholdScale { .. } => {}
            Self::MeanOfContributions { step, .. } if step.is_zero() => {
                return Err(BadRules::ZeroStep);
            }
            Self::MeanOfContributions { .. } | Self::ProductRefund { .. } => return Ok(()),
            Self::PriceTiers { tiers } => return check_tiers(tiers),
            Self::Bonus { spent, gives, .. } => {
                let sound = !spent.is_zero() && !gives.is_zero() && gives <= spent;
                return if sound { Ok(()) } else { Err(BadRules::Bonus) };
            }
        }
        let one = Household { adults: 1, teens: 0, children: 0 };
        if self.for_household(&one) == Some(Cents::ZERO) {
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

    /// Returns what a household gets at the month's run by its size alone: zero under the models that
    /// give nothing in advance; `None` if it fits no amount of money. Under
    /// [`Allocation::MeanOfContributions`] see [`Allocation::mean_for_each`].
    #[must_use]
    pub fn for_household(&self, household: &Household) -> Option<Cents> {
        let children = u64::from(household.children);
        let older = u64::from(household.adults) + u64::from(household.teens);
        match *self {
            Self::PerPerson { amount, child } => {
                let for_children = child.unwrap_or(amount).checked_times(children)?;
                amount.checked_times(older)?.checked_add(for_children)
            }
            Self::HouseholdScale { first, further, child, most_persons } => {
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
            Self::MeanOfContributions { .. }
            | Self::ProductRefund { .. }
            | Self::PriceTiers { .. }
            | Self::Bonus { .. } => Some(Cents::ZERO),
        }
    }

    /// Returns what each person gets under [`Allocation::MeanOfContributions`] when `contributed` came in
    /// for `persons` persons: their mean and the subsidy, rounded down to the step. `None` under any
    /// other model, or if it fits no amount of money.
    #[must_use]
    pub fn mean_for_each(&self, contributed: Cents, persons: u64) -> Option<Cents> {
        let Self::MeanOfContributions { subsidy, step } = *self else { return None };
        let mean = contributed.get().checked_div(persons).unwrap_or(0);
        let sum = Cents::new(mean).ok()?.checked_add(subsidy)?;
        let step = step.max(SMALLEST_STEP).get();
        Cents::new(sum.get() / step * step).ok()
    }

    /// Returns the bonus for so much of a member's own money spent; zero under any other model.
    #[must_use]
    pub fn bonus(&self, own_money: Cents) -> Cents {
        let Self::Bonus { spent, gives, .. } = *self else { return Cents::ZERO };
        let steps = own_money.get().checked_div(spent.get()).unwrap_or(0);
        // At most what was spent, for a bonus is not larger than what earns it.
        gives.checked_times(steps).unwrap_or(own_money)
    }

    /// Returns the bonus for so much of a member's own money when `earned` was given in the month before:
    /// never above the month's limit.
    #[must_use]
    pub fn bonus_after(&self, own_money: Cents, earned: Cents) -> Cents {
        let bonus = self.bonus(own_money);
        match self {
            Self::Bonus { most_per_month: Some(most), .. } => {
                bonus.min(most.saturating_sub(earned))
            }
            _ => bonus,
        }
    }

    /// Returns the most that a household gets back in a month; any amount where there is no limit.
    #[must_use]
    pub fn refund_limit(&self, household: &Household) -> Cents {
        let Self::ProductRefund { most_per_person: Some(most) } = self else { return Cents::MAX };
        most.checked_times(u64::from(household.persons())).unwrap_or(Cents::MAX)
    }

    /// Returns whether the model gives anything at the month's run.
    #[must_use]
    pub const fn is_monthly(&self) -> bool {
        match self {
            Self::PerPerson { .. }
            | Self::HouseholdScale { .. }
            | Self::MeanOfContributions { .. } => true,
            Self::ProductRefund { .. } | Self::PriceTiers { .. } | Self::Bonus { .. } => false,
        }
    }
}

fn check_tiers(tiers: &[Percent]) -> Result<(), BadRules> {
    let sorted = tiers.windows(2).all(|pair| pair[0] < pair[1]);
    let below = tiers.first().is_some_and(|tier| *tier < Percent::WHOLE);
    let above = tiers.last().is_some_and(|tier| *tier > Percent::WHOLE);
    let few = tiers.len() <= crate::limits::TIERS;
    if sorted && below && above && few { Ok(()) } else { Err(BadRules::Tiers) }
}
