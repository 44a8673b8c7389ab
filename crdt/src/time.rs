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

    /// Returns the day of this moment (UTC).
    #[must_use]
    pub fn date(self) -> Date {
        Date(self.civil().date())
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

impl Month {
    /// Returns the first day of the month.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date(jiff::civil::date(self.year, self.month, 1))
    }

    /// Returns the last day of the month.
    #[must_use]
    pub fn last_day(self) -> Date {
        Date(self.first_day().0.last_of_month())
    }

    /// Returns the month so many months later, or earlier; the first or last possible one beyond.
    #[must_use]
    pub fn plus(self, months: i16) -> Self {
        let count = i32::from(self.year) * 12 + i32::from(self.month) - 1 + i32::from(months);
        let count = count.clamp(1970 * 12, 9999 * 12 + 11);
        let year = i16::try_from(count / 12).unwrap_or(self.year);
        let month = i8::try_from(count % 12 + 1).unwrap_or(self.month);
        Self { year, month }
    }

    /// Returns the year.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }
}

/// A calendar day, written `2026-11-24`; between 1970 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

/// A text or number that is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day: write it as 2026-11-24")]
pub struct NotADate;

impl Date {
    /// Makes a day of a year between 1970 and 9999.
    ///
    /// # Errors
    /// [`NotADate`] if the calendar has no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, NotADate> {
        if !(1970..=9999).contains(&year) {
            return Err(NotADate);
        }
        jiff::civil::Date::new(year, month, day).map(Self).map_err(|_| NotADate)
    }

    /// Returns the day of a moment at a place that is so many seconds ahead of UTC.
    #[must_use]
    pub fn at(moment: Timestamp, seconds_ahead: i32) -> Self {
        let local = moment.as_ms().saturating_add(i64::from(seconds_ahead) * 1_000);
        Timestamp::from_ms(local).date()
    }

    /// Returns the month.
    #[must_use]
    pub fn month(self) -> Month {
        Month { year: self.0.year(), month: self.0.month() }
    }

    /// Returns the year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// Returns the day of the month, from 1.
    #[must_use]
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// Returns the day of the week: 1 is Monday, 7 is Sunday.
    #[must_use]
    pub fn weekday(self) -> i8 {
        self.0.weekday().to_monday_one_offset()
    }

    /// Returns the day so many days later, or earlier; the first or last possible one beyond.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        let first = jiff::civil::date(1970, 1, 1);
        let last = jiff::civil::date(9999, 12, 31);
        let moved =
            self.0.saturating_add(jiff::Span::new().days(days.clamp(-3_000_000, 3_000_000)));
        Self(moved.clamp(first, last))
    }

    /// Returns the number of days from this one until another; negative if that one is earlier.
    #[must_use]
    pub fn days_until(self, other: Self) -> i32 {
        other.number() - self.number()
    }

    /// Returns the Monday of this day's week.
    #[must_use]
    pub fn monday(self) -> Self {
        self.plus_days(1 - i32::from(self.weekday()))
    }

    /// Returns the number of days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> i32 {
        let since = jiff::civil::date(1970, 1, 1);
        self.0.since(since).map_or(0, |span| span.get_days())
    }

    /// Makes a day from the number of days since 1970-01-01.
    ///
    /// # Errors
    /// [`NotADate`] before 1970 or after 9999.
    pub fn from_number(days: i32) -> Result<Self, NotADate> {
        let first = Self(jiff::civil::date(1970, 1, 1));
        let made = first.plus_days(days);
        if made.number() == days { Ok(made) } else { Err(NotADate) }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = self.0;
        f.pad(&format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()))
    }
}

impl std::fmt::Debug for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Date({self})")
    }
}

impl std::str::FromStr for Date {
    type Err = NotADate;
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(NotADate) };
        let digits =
            |part: &str, width| part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(NotADate);
        }
        let read = |part: &str| part.parse::<i16>().map_err(|_| NotADate);
        let small = |part: &str| part.parse::<i8>().map_err(|_| NotADate);
        Self::new(read(year)?, small(month)?, small(day)?)
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.number().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            let days = i32::deserialize(deserializer)?;
            Self::from_number(days).map_err(serde::de::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn days_count_as_the_calendar_does() {
        assert_eq!(day("2024-02-28").plus_days(2), day("2024-03-01"));
        assert_eq!(day("2026-11-24").weekday(), 2, "a Tuesday");
        assert_eq!(day("2026-11-24").monday(), day("2026-11-23"));
        assert_eq!(day("2026-11-24").days_until(day("2027-11-24")), 365);
        assert_eq!(day("9999-12-31").plus_days(1), day("9999-12-31"));
        assert_eq!(day("2026-11-24").month().last_day(), day("2026-11-30"));
        let month: Month = "2026-11".parse().expect("a month");
        assert_eq!(month.plus(2).to_string(), "2027-01");
        assert_eq!(month.plus(-11).to_string(), "2025-12");
        for text in ["2026-02-29", "2026-2-01", "26-02-01", "2026-02", "1969-12-31", "2026-02-01Z"]
        {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
    }

    #[test]
    fn a_day_is_a_text_for_people_and_a_number_on_disk() {
        let date = day("2026-11-24");
        assert_eq!(serde_json::to_string(&date).expect("a text"), "\"2026-11-24\"");
        let bytes = crate::wire::encode(&date);
        assert!(bytes.len() <= 3, "{bytes:?}");
        assert_eq!(crate::wire::decode(&bytes), Ok(date));
        assert!(crate::wire::decode::<Date>(&crate::wire::encode(&-1_i32)).is_err());
        assert!(crate::wire::decode::<Date>(&crate::wire::encode(&i32::MAX)).is_err());
    }

    #[test]
    fn the_day_of_a_moment_depends_on_the_place() {
        let moment = Timestamp::from_ms(1_795_476_600_000);
        assert_eq!(moment.to_string(), "2026-11-23 23:30:00");
        assert_eq!(Date::at(moment, 0), day("2026-11-23"));
        assert_eq!(Date::at(moment, 3_600), day("2026-11-24"));
    }

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
