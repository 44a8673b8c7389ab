//! What a household gives in a month.

use crdt::{BasisPoints, Cents};
use serde::{Deserialize, Serialize};

use super::{BadRules, Household};
use crate::limits;

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
    /// A share of the household's net income (Ariège: 2.5 %, at least 10). Income is not recorded: the
    /// household works out its share itself, and is trusted.
    IncomeShare {
        /// The share.
        share: BasisPoints,
        /// The least.
        least: Cents,
        /// The most, if there is one.
        most: Option<Cents>,
    },
    /// An amount by bands of income. Only the band is recorded, if at all: a household of no known band
    /// gives the amount of any of them.
    Bands(Vec<Band>),
}

/// A band of income, by the month and consumption unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Up to which income; the last band has no bound.
    pub up_to: Option<Cents>,
    /// What the household gives.
    pub amount: Cents,
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
    /// Not the amount of any band.
    #[error("the contribution is the amount of a band of income, such as {nearest}")]
    NotABand {
        /// The nearest amount.
        nearest: Cents,
    },
    /// Not the amount of the household's band.
    #[error("the contribution of this household's band of income is {amount}")]
    OtherBand {
        /// The amount of its band.
        amount: Cents,
    },
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
            | Self::IncomeShare { least, most: Some(most), .. }
                if least > most =>
            {
                Err(BadRules::LeastAboveMost { least, most })
            }
            Self::SelfSet { least, step, .. } => match least.get().checked_rem(step.get()) {
                None => Err(BadRules::ZeroStep),
                Some(0) => Ok(()),
                Some(_) => Err(BadRules::LeastOffStep { least, step }),
            },
            Self::HouseholdMinimum { .. } | Self::IncomeShare { .. } => Ok(()),
            Self::Bands(ref bands) => check_bands(bands),
        }
    }

    /// Says whether a household may contribute an amount for a month in all. `band` is the number of its
    /// band of income, from 0, if it is known.
    ///
    /// # Errors
    /// The first of [`ContributionRefused`] that applies.
    pub fn accepts(
        &self,
        household: &Household,
        band: Option<u8>,
        amount: Cents,
    ) -> Result<(), ContributionRefused> {
        let (least, most, step) = match *self {
            Self::SelfSet { least, most, step } => (least, Some(most), step),
            Self::HouseholdMinimum { most, .. } | Self::IncomeShare { most, .. } => {
                (self.least(household), most, Cents::from_u32(1))
            }
            Self::Bands(ref bands) => return accepts_band(bands, band, amount),
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

    /// Returns the least that a household gives in a month.
    #[must_use]
    pub fn least(&self, household: &Household) -> Cents {
        match *self {
            Self::SelfSet { least, .. } | Self::IncomeShare { least, .. } => least,
            Self::HouseholdMinimum { first, further, most } => {
                let others = u64::from(household.persons().saturating_sub(1));
                let least = further.checked_times(others).and_then(|sum| first.checked_add(sum));
                least.unwrap_or(Cents::MAX).min(most.unwrap_or(Cents::MAX))
            }
            Self::Bands(ref bands) => {
                bands.iter().map(|band| band.amount).min().unwrap_or(Cents::ZERO)
            }
        }
    }

    /// Returns what a household is expected to give in a month: what it declared, else the amount of its
    /// band, else the least.
    #[must_use]
    pub fn expected(
        &self,
        household: &Household,
        band: Option<u8>,
        declared: Option<Cents>,
    ) -> Cents {
        let of_band = match self {
            Self::Bands(bands) => band.and_then(|band| Some(bands.get(usize::from(band))?.amount)),
            Self::SelfSet { .. } | Self::HouseholdMinimum { .. } | Self::IncomeShare { .. } => None,
        };
        declared.or(of_band).unwrap_or_else(|| self.least(household))
    }
}

fn check_bands(bands: &[Band]) -> Result<(), BadRules> {
    let few = (1..=limits::BANDS).contains(&bands.len());
    let bounds: Vec<Option<Cents>> = bands.iter().map(|band| band.up_to).collect();
    // `None` is smaller than any bound, so only the last may be without one.
    let rising =
        bounds.windows(2).all(|pair| pair[0].is_some() && (pair[1].is_none() || pair[0] < pair[1]));
    let open = bounds.last() == Some(&None);
    if few && rising && open { Ok(()) } else { Err(BadRules::Bands) }
}

fn accepts_band(
    bands: &[Band],
    band: Option<u8>,
    amount: Cents,
) -> Result<(), ContributionRefused> {
    let of_band = band.and_then(|band| bands.get(usize::from(band)));
    if let Some(Band { amount: expected, .. }) = of_band {
        return if amount == *expected {
            Ok(())
        } else {
            Err(ContributionRefused::OtherBand { amount: *expected })
        };
    }
    let amounts = bands.iter().map(|band| band.amount);
    let nearest = amounts.min_by_key(|other| other.get().abs_diff(amount.get()));
    match nearest {
        Some(nearest) if nearest == amount => Ok(()),
        nearest => Err(ContributionRefused::NotABand { nearest: nearest.unwrap_or_default() }),
    }
}
