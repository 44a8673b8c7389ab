//! Amounts of money and rates. There are no `+`, `-` or `*` operators: an overflow is a value that
//! the caller must handle.

use serde::{Deserialize, Serialize};

/// An amount of money in euro cents; never negative, at most `i64::MAX`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u64", into = "u64")]
pub struct Cents(u64);

/// Why a number or a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// More than `i64::MAX` cents.
    #[error("the amount is larger than any amount of money")]
    TooLarge,
    /// Not of the form `12`, `12.5` or `12.50`.
    #[error("not an amount in euros: write it as 12.50")]
    NotAnAmount,
    /// Below zero.
    #[error("an amount cannot be negative")]
    Negative,
    /// A rate above 100 %.
    #[error("a rate is at most 100 % (10000 basis points)")]
    RateAboveOne,
}

impl Cents {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// Makes an amount from a number of cents.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] above `i64::MAX`.
    pub const fn new(cents: u64) -> Result<Self, MoneyError> {
        if cents > i64::MAX as u64 { Err(MoneyError::TooLarge) } else { Ok(Self(cents)) }
    }

    /// Makes an amount from a number of cents known to be small, such as a constant.
    #[must_use]
    pub const fn from_u32(cents: u32) -> Self {
        Self(cents as u64)
    }

    /// Returns the number of cents.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the sum, or `None` above [`Cents::MAX`].
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) if sum <= i64::MAX as u64 => Some(Self(sum)),
            _ => None,
        }
    }

    /// Returns the difference, or `None` if `other` is larger.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// Returns the difference, or zero if `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns `self` times a count of things, or `None` above [`Cents::MAX`].
    #[must_use]
    pub const fn checked_times(self, count: u64) -> Option<Self> {
        match self.0.checked_mul(count) {
            Some(product) if product <= i64::MAX as u64 => Some(Self(product)),
            _ => None,
        }
    }

    /// Returns whether this is no money at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the amount as a signed number, to be netted against others.
    #[must_use]
    pub const fn signed(self) -> SignedCents {
        SignedCents(self.0 as i64)
    }

    /// Sums amounts, or `None` above [`Cents::MAX`].
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

impl TryFrom<u64> for Cents {
    type Error = MoneyError;
    fn try_from(cents: u64) -> Result<Self, MoneyError> {
        Self::new(cents)
    }
}

impl From<Cents> for u64 {
    fn from(amount: Cents) -> Self {
        amount.0
    }
}

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

impl std::str::FromStr for Cents {
    type Err = MoneyError;

    /// Reads an amount in euros: digits, then at most two decimals after a point or a comma.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if text.starts_with('-') {
            return Err(MoneyError::Negative);
        }
        let (euros, decimals) = text.split_once(['.', ',']).unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(euros) || !digits(decimals) || decimals.len() > 2 {
            return Err(MoneyError::NotAnAmount);
        }
        let euros: u64 = euros.parse().map_err(|_| MoneyError::TooLarge)?;
        let cents: u64 = decimals.parse().map_err(|_| MoneyError::NotAnAmount)?;
        let cents = if decimals.len() == 1 { cents * 10 } else { cents };
        euros
            .checked_mul(100)
            .and_then(|whole| whole.checked_add(cents))
            .ok_or(MoneyError::TooLarge)
            .and_then(Self::new)
    }
}

/// A signed amount in euro cents: a net position, positive when it is owed to the speaker.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SignedCents(i64);

impl SignedCents {
    /// Nothing owed either way.
    pub const ZERO: Self = Self(0);

    /// Makes a signed amount from a number of cents; `i64::MIN` becomes `-i64::MAX`.
    #[must_use]
    pub const fn new(cents: i64) -> Self {
        if cents == i64::MIN { Self(-i64::MAX) } else { Self(cents) }
    }

    /// Returns the number of cents.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the sum, or `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(i64::MIN) | None => None,
            Some(sum) => Some(Self(sum)),
        }
    }

    /// Returns the difference, or `None` on overflow.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(other.negated())
    }

    /// Returns the same amount owed the other way.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Returns the amount without its sign.
    #[must_use]
    pub const fn magnitude(self) -> Cents {
        Cents(self.0.unsigned_abs())
    }

    /// Returns the amount if it is owed to the speaker, else zero.
    #[must_use]
    pub const fn positive_part(self) -> Cents {
        if self.0 > 0 { Cents(self.0 as u64) } else { Cents::ZERO }
    }
}

impl std::fmt::Display for SignedCents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", self.magnitude()))
    }
}

/// A rate in basis points: 10,000 is the whole. Used for the coverage of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct BasisPoints(u16);

/// How a price is shared between the caisse and the member; the parts sum to the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// What the credit pays.
    pub covered: Cents,
    /// What the member pays with their own money (*reste à charge*).
    pub member_share: Cents,
}

impl BasisPoints {
    /// The whole price.
    pub const WHOLE: Self = Self(10_000);

    /// A quarter.
    pub const QUARTER: Self = Self(2_500);

    /// Makes a rate.
    ///
    /// # Errors
    /// [`MoneyError::RateAboveOne`] above 10,000.
    pub const fn new(points: u16) -> Result<Self, MoneyError> {
        if points > 10_000 { Err(MoneyError::RateAboveOne) } else { Ok(Self(points)) }
    }

    /// Returns the number of basis points.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Splits a price: the covered part is rounded down to the cent, the member pays the rest.
    #[must_use]
    pub fn split(self, price: Cents) -> Split {
        let covered = u128::from(price.0) * u128::from(self.0) / 10_000;
        // A share of at most the whole of a u64 fits in a u64.
        let covered = Cents(u64::try_from(covered).unwrap_or(price.0));
        Split { covered, member_share: price.saturating_sub(covered) }
    }
}

impl TryFrom<u16> for BasisPoints {
    type Error = MoneyError;
    fn try_from(points: u16) -> Result<Self, MoneyError> {
        Self::new(points)
    }
}

impl From<BasisPoints> for u16 {
    fn from(rate: BasisPoints) -> Self {
        rate.0
    }
}

impl std::fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        if rest == 0 {
            f.pad(&format!("{whole} %"))
        } else {
            f.pad(&format!("{whole}.{rest:02} %"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_as_people_write_them_and_nothing_else_is() {
        let read = |text: &str| text.parse::<Cents>().map(Cents::get);
        assert_eq!(read("12.50"), Ok(1250));
        assert_eq!(read("12,5"), Ok(1250));
        assert_eq!(read("7"), Ok(700));
        assert_eq!(read("-1"), Err(MoneyError::Negative));
        for text in ["", ".", "1.", ".5", "1.234", "1e3", "12 ", "+1", "twelve", "1.2.3"] {
            assert_eq!(read(text), Err(MoneyError::NotAnAmount), "{text:?}");
        }
        assert_eq!(read("99999999999999999999"), Err(MoneyError::TooLarge));
        assert_eq!(read("92233720368547758.08"), Err(MoneyError::TooLarge));
    }

    proptest! {
        #[test]
        fn a_split_never_loses_a_cent(price in 0..=i64::MAX as u64, rate in 0..=10_000u16) {
            let price = Cents::new(price).expect("in range");
            let split = BasisPoints::new(rate).expect("in range").split(price);
            prop_assert_eq!(split.covered.checked_add(split.member_share), Some(price));
        }

        #[test]
        fn an_amount_reads_back_as_it_was_shown(cents in 0..=i64::MAX as u64) {
            let amount = Cents::new(cents).expect("in range");
            prop_assert_eq!(amount.to_string().parse::<Cents>(), Ok(amount));
        }
    }
}
