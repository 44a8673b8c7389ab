//! From amounts to places, and round amounts beside an axis.

use crdt::SignedCents;

/// An axis of amounts that always shows zero.
pub(super) struct Scale {
    least: i128,
    most: i128,
    step: i128,
    /// The places of the least and the most.
    places: (i64, i64),
}

impl Scale {
    /// Makes an axis between two places that has room for all amounts.
    pub(super) fn over(amounts: impl IntoIterator<Item = SignedCents>, places: (i64, i64)) -> Self {
        let (mut least, mut most) = (0_i128, 0_i128);
        for amount in amounts {
            least = least.min(i128::from(amount.get()));
            most = most.max(i128::from(amount.get()));
        }
        // At least one euro, so that an axis of nothing has a length.
        most = most.max(least + 100);
        let step = round_step((most - least).div_euclid(5).max(1));
        let (down, up) = (least.div_euclid(step) * step, (most + step - 1).div_euclid(step) * step);
        Self { least: down, most: up, step, places }
    }

    /// Where an amount is.
    pub(super) fn place(&self, amount: SignedCents) -> i64 {
        self.of(i128::from(amount.get()))
    }

    fn of(&self, amount: i128) -> i64 {
        let (from, to) = (i128::from(self.places.0), i128::from(self.places.1));
        let place = from + (to - from) * (amount - self.least) / (self.most - self.least);
        i64::try_from(place).unwrap_or(self.places.0)
    }

    /// The round amounts, from the least.
    pub(super) fn ticks(&self) -> Vec<SignedCents> {
        let ticks = (0..=20_i128).map(|n| self.least + n * self.step);
        let ticks = ticks.take_while(|tick| *tick <= self.most);
        ticks.filter_map(|tick| i64::try_from(tick).ok()).map(SignedCents::new).collect()
    }
}

/// The next of 1, 2 or 5 times a power of ten, in whole euros.
fn round_step(least: i128) -> i128 {
    let mut power = 100;
    loop {
        for factor in [1, 2, 5] {
            if power * factor >= least {
                return power * factor;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_a_few_round_amounts_and_shows_zero() {
        let cents = SignedCents::new;
        let scale = Scale::over([cents(-123_400), cents(987_600)], (500, 100));
        let ticks: Vec<i64> = scale.ticks().iter().map(|tick| tick.get() / 100).collect();
        assert_eq!(ticks, [-5_000, 0, 5_000, 10_000]);
        assert_eq!((scale.place(cents(-500_000)), scale.place(cents(1_000_000))), (500, 100));
    }

    #[test]
    fn an_axis_of_nothing_or_of_anything_has_a_length() {
        for amounts in [vec![], vec![0], vec![i64::MAX, -i64::MAX], vec![-1]] {
            let scale = Scale::over(amounts.into_iter().map(SignedCents::new), (0, 100));
            assert!((2..20).contains(&scale.ticks().len()));
            assert!((0..=100).contains(&scale.place(SignedCents::ZERO)));
        }
    }
}
