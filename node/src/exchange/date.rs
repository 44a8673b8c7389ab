//! A calendar day as banks write it.

use serde::{Deserialize, Serialize};

use super::limits::{FIRST_YEAR, LAST_YEAR};

/// A calendar day of the years 1990 to 2199, written `2026-11-25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

/// Why a text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADate {
    /// Not of the expected form.
    #[error("not a date")]
    Form,
    /// Of the right form, but no day of the calendar.
    #[error("no such day in the calendar")]
    NoSuchDay,
    /// Too early or too late to be meant.
    #[error("the year is not between {FIRST_YEAR} and {LAST_YEAR}")]
    OutOfRange,
}

impl Date {
    /// Makes a day.
    ///
    /// # Errors
    /// [`NotADate::NoSuchDay`] and [`NotADate::OutOfRange`].
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, NotADate> {
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
            return Err(NotADate::OutOfRange);
        }
        jiff::civil::Date::new(year, month, day).map(Self).map_err(|_| NotADate::NoSuchDay)
    }

    /// Returns the year, the month (1 to 12) and the day of the month (1 to 31).
    #[must_use]
    pub fn parts(self) -> (i16, i8, i8) {
        (self.0.year(), self.0.month(), self.0.day())
    }

    /// Reads the day of an XML date or date and time (`2026-11-25`, `2026-11-25T23:30:00+01:00`).
    ///
    /// The zone is dropped and not converted: the day that the bank wrote is the day that it booked.
    ///
    /// # Errors
    /// [`NotADate`].
    pub fn from_xml(text: &str) -> Result<Self, NotADate> {
        let (day, rest) = text.split_at_checked(10).ok_or(NotADate::Form)?;
        let zone_or_time = |c: char| c.is_ascii_digit() || "T:.+-Z".contains(c);
        let begins_well = rest.is_empty() || rest.starts_with(['T', '+', '-', 'Z']);
        if !begins_well || !rest.chars().all(zone_or_time) {
            return Err(NotADate::Form);
        }
        day.parse()
    }

    /// Reads a day as French banks write it in tables: `25/11/2026`, also with `.` or `-`, or
    /// `2026-11-25`. Years of two digits are refused: 25/11/26 may be read in three ways.
    ///
    /// # Errors
    /// [`NotADate`].
    pub fn from_table(text: &str) -> Result<Self, NotADate> {
        let Some(separator) = text.chars().find(|c| !c.is_ascii_digit()) else {
            return Err(NotADate::Form);
        };
        let parts: Vec<&str> = text.split(separator).collect();
        match (separator, parts.as_slice()) {
            ('-', [year, ..]) if year.len() == 4 => text.parse(),
            ('/' | '.' | '-', [day, month, year]) => Self::from_parts(year, month, day),
            _ => Err(NotADate::Form),
        }
    }

    fn from_parts(year: &str, month: &str, day: &str) -> Result<Self, NotADate> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || ![year, month, day].into_iter().all(digits) {
            return Err(NotADate::Form);
        }
        if month.is_empty() || day.is_empty() || month.len() > 2 || day.len() > 2 {
            return Err(NotADate::Form);
        }
        let number = |text: &str| text.parse::<i8>().map_err(|_| NotADate::Form);
        Self::new(year.parse().map_err(|_| NotADate::Form)?, number(month)?, number(day)?)
    }
}

impl std::str::FromStr for Date {
    type Err = NotADate;

    /// Reads `2026-11-25`.
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let mut parts = text.split('-');
        let (Some(year), Some(month), Some(day), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotADate::Form);
        };
        if month.len() != 2 || day.len() != 2 {
            return Err(NotADate::Form);
        }
        Self::from_parts(year, month, day)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.parts();
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

impl TryFrom<String> for Date {
    type Error = NotADate;
    fn try_from(text: String) -> Result<Self, NotADate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_banks_write_them_and_nothing_else_is() {
        let day = Date::new(2026, 11, 5).expect("a day");
        for text in ["2026-11-05", "2026-11-05T23:59:59.999+01:00", "2026-11-05Z"] {
            assert_eq!(Date::from_xml(text), Ok(day), "{text}");
        }
        for text in ["05/11/2026", "5/11/2026", "05.11.2026", "05-11-2026", "2026-11-05"] {
            assert_eq!(Date::from_table(text), Ok(day), "{text}");
        }
        assert_eq!(day.to_string().parse(), Ok(day));
        for text in ["", "2026", "2026-11", "26-11-05", "2026-11-05x", "2026-11-05é", "+026-11-05"]
        {
            assert_eq!(Date::from_xml(text), Err(NotADate::Form), "{text}");
        }
        for text in ["", "05112026", "05/11/26", "05/11", "aa/11/2026", "05/11/2026 10:00"] {
            assert_eq!(Date::from_table(text), Err(NotADate::Form), "{text}");
        }
        assert_eq!(Date::from_xml("2026-02-30"), Err(NotADate::NoSuchDay));
        assert_eq!(Date::from_table("31/13/2026"), Err(NotADate::NoSuchDay));
        assert_eq!(Date::from_xml("9999-01-01"), Err(NotADate::OutOfRange));
        assert_eq!(Date::from_table("01/01/0001"), Err(NotADate::OutOfRange));
    }
}
