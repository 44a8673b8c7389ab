//! What a home caisse lets a host sell to its members while the two cannot reach each other.
//!
//! A lot is a bounded counter with a single spender: the host alone spends it, so it never needs to ask,
//! and the home caisse accepts claims up to the lot, whatever the host signs.

use serde::{Deserialize, Serialize};

use crate::{Cents, limits};

/// What a lot allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotTerms {
    /// What the host may sell by it in all.
    pub amount: Cents,
    /// What it may sell by it to one card, over the whole life of the lot.
    pub per_card: Cents,
    /// What it may sell by it at one time.
    pub per_sale: Cents,
    /// For how many days it sells by it, by the host's own clock. The home caisse counts no days.
    pub days: u16,
}

/// Why terms of a lot cannot be, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LotTermsRefused {
    /// An amount is zero.
    #[error("an amount of a lot is zero")]
    AmountZero,
    /// More for one sale than for one card, or more for one card than in all.
    #[error("a lot allows at most its amount to one card, and at most that in one sale")]
    Caps,
    /// No days, or too many.
    #[error("a lot lasts from 1 to {} days", limits::LOT_DAYS)]
    Days,
}

impl LotTerms {
    /// Checks that the terms can be.
    ///
    /// # Errors
    /// The first of [`LotTermsRefused`] that applies.
    pub fn check(&self) -> Result<(), LotTermsRefused> {
        if self.amount.is_zero() || self.per_card.is_zero() || self.per_sale.is_zero() {
            return Err(LotTermsRefused::AmountZero);
        }
        if self.per_card > self.amount || self.per_sale > self.per_card {
            return Err(LotTermsRefused::Caps);
        }
        if self.days == 0 || self.days > limits::LOT_DAYS {
            return Err(LotTermsRefused::Days);
        }
        Ok(())
    }

    /// Returns the same terms for no more than an amount in all.
    #[must_use]
    pub fn at_most(self, amount: Cents) -> Self {
        let amount = self.amount.min(amount);
        let per_card = self.per_card.min(amount);
        Self { amount, per_card, per_sale: self.per_sale.min(per_card), days: self.days }
    }

    /// Says why a sale does not fit what is left, if it does not. Both sides ask this, each of its own
    /// count: the host before it sells, the home caisse when it is asked to pay.
    ///
    /// # Errors
    /// The first of [`DoesNotFit`] that applies.
    pub fn fits(&self, spent: Spent, covered: Cents) -> Result<(), DoesNotFit> {
        if covered.is_zero() || covered > self.per_sale {
            return Err(DoesNotFit::Sale { most: self.per_sale });
        }
        let of_card = self.per_card.saturating_sub(spent.by_card);
        if covered > of_card {
            return Err(DoesNotFit::Card { left: of_card });
        }
        let left = self.amount.saturating_sub(spent.in_all);
        if covered > left {
            return Err(DoesNotFit::Lot { left });
        }
        Ok(())
    }
}

/// What was sold by a lot before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// In all.
    pub in_all: Cents,
    /// To the card that buys.
    pub by_card: Cents,
}

/// Why a sale does not fit a lot, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoesNotFit {
    /// More than one sale may cover.
    Sale {
        /// The most.
        most: Cents,
    },
    /// More than is left for the card.
    Card {
        /// What is left.
        left: Cents,
    },
    /// More than is left of the lot.
    Lot {
        /// What is left.
        left: Cents,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(cents: u32) -> Cents {
        Cents::from_u32(cents)
    }

    fn terms() -> LotTerms {
        LotTerms { amount: cents(1_000), per_card: cents(400), per_sale: cents(300), days: 7 }
    }

    #[test]
    fn terms_are_whole_amounts_in_order_and_a_life_of_some_days() {
        let good = terms();
        assert_eq!(good.check(), Ok(()));
        let zero = Cents::ZERO;
        for (bad, why) in [
            (LotTerms { amount: zero, ..good }, LotTermsRefused::AmountZero),
            (LotTerms { per_sale: zero, ..good }, LotTermsRefused::AmountZero),
            (LotTerms { per_card: cents(1_001), ..good }, LotTermsRefused::Caps),
            (LotTerms { per_sale: cents(401), ..good }, LotTermsRefused::Caps),
            (LotTerms { days: 0, ..good }, LotTermsRefused::Days),
            (LotTerms { days: limits::LOT_DAYS + 1, ..good }, LotTermsRefused::Days),
        ] {
            assert_eq!(bad.check(), Err(why), "{bad:?}");
        }
        let small = good.at_most(cents(350));
        assert_eq!(
            (small.amount, small.per_card, small.per_sale),
            (cents(350), cents(350), cents(300))
        );
        assert_eq!(small.check(), Ok(()));
    }

    #[test]
    fn a_sale_fits_by_sale_by_card_and_by_what_is_left_in_this_order() {
        let fits = |in_all, by_card, covered| {
            let spent = Spent { in_all: cents(in_all), by_card: cents(by_card) };
            terms().fits(spent, cents(covered))
        };
        assert_eq!(fits(0, 0, 300), Ok(()));
        assert_eq!(fits(0, 0, 0), Err(DoesNotFit::Sale { most: cents(300) }));
        assert_eq!(fits(0, 0, 301), Err(DoesNotFit::Sale { most: cents(300) }));
        assert_eq!(fits(300, 300, 100), Ok(()));
        assert_eq!(fits(300, 300, 101), Err(DoesNotFit::Card { left: cents(100) }));
        assert_eq!(fits(900, 0, 100), Ok(()));
        assert_eq!(fits(900, 0, 101), Err(DoesNotFit::Lot { left: cents(100) }));
        assert_eq!(fits(2_000, 0, 1), Err(DoesNotFit::Lot { left: Cents::ZERO }));
    }
}
