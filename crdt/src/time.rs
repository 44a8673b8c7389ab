//! Time as an argument: what a clock said, never the clock itself.

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since 1970-01-01 UTC, as one node's own clock told it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(i64);

/// A length of time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Duration(u32);

impl Duration {
    /// Makes a length of time from milliseconds (at most 49 days).
    #[must_use]
    pub const fn from_ms(ms: u32) -> Self {
        Self(ms)
    }

    /// Returns the number of milliseconds.
    #[must_use]
    pub const fn as_ms(self) -> u32 {
        self.0
    }
}

impl Timestamp {
    /// Makes a moment from milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Returns the milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Returns the moment that long after this one.
    #[must_use]
    pub const fn after(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.0 as i64))
    }

    /// Returns the month of this moment (UTC).
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.civil();
        Month { year: date.year(), month: date.month() }
    }

    fn civil(self) -> jiff::civil::DateTime {
        let clamped = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        jiff::tz::Offset::UTC.to_datetime(clamped)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.civil();
        f.pad(&format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        ))
    }
}

/// A calendar month, written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: i16,
    month: i8,
}

/// A text that is not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month: write it as 2026-11")]
pub struct NotAMonth;

impl Month {
    /// Makes a month of a year between 1970 and 9999.
    ///
    /// # Errors
    /// [`NotAMonth`] outside 1..=12 or those years.
    pub const fn new(year: i16, month: i8) -> Result<Self, NotAMonth> {
        if year < 1970 || year > 9999 || month < 1 || month > 12 {
            return Err(NotAMonth);
        }
        Ok(Self { year, month })
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year, self.month))
    }
}

impl std::str::FromStr for Month {
    type Err = NotAMonth;
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let (year, month) = text.split_once('-').ok_or(NotAMonth)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(NotAMonth);
        }
        Self::new(year.parse().map_err(|_| NotAMonth)?, month.parse().map_err(|_| NotAMonth)?)
    }
}

impl TryFrom<String> for Month {
    type Error = NotAMonth;
    fn try_from(text: String) -> Result<Self, NotAMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_knows_its_month_and_extreme_ones_do_not_panic() {
        assert_eq!(Timestamp::from_ms(0).month().to_string(), "1970-01");
        assert_eq!(Timestamp::from_ms(1_795_500_000_000).month().to_string(), "2026-11");
        assert_eq!(Timestamp::from_ms(i64::MAX).to_string(), "9999-12-30 22:00:00");
        assert!(Timestamp::from_ms(i64::MIN).to_string().starts_with('-'));
        assert_eq!("2026-11".parse::<Month>().map(|m| m.to_string()), Ok("2026-11".to_owned()));
        for text in ["2026", "2026-13", "26-11", "2026-1", "2026-11-01", "-026-11"] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
    }
}
