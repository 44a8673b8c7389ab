//! Days at the caisse's place: its time zone, and the working days of France.

use crdt::{Date, Timestamp};

/// A time zone by its name in the IANA database, such as `Europe/Paris`. The rules of all zones are part
/// of the program, so that a moment has the same day on any machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

/// A name that is no time zone's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time zone is called {name:?}: write it as Europe/Paris or Indian/Reunion")]
pub struct NoSuchZone {
    /// The name.
    pub name: String,
}

impl Zone {
    /// Finds a zone by its name.
    ///
    /// # Errors
    /// [`NoSuchZone`] if there is none.
    pub fn named(name: &str) -> Result<Self, NoSuchZone> {
        let found = jiff::tz::TimeZoneDatabase::bundled().get(name);
        found.map(Self).map_err(|_| NoSuchZone { name: name.to_owned() })
    }

    /// The zone of metropolitan France.
    #[must_use]
    pub fn paris() -> Self {
        Self::named("Europe/Paris").unwrap_or(Self(jiff::tz::TimeZone::UTC))
    }

    /// Returns the zone's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the day of a moment at this place.
    #[must_use]
    pub fn date(&self, moment: Timestamp) -> Date {
        let ahead = jiff::Timestamp::from_millisecond(moment.as_ms());
        let ahead = ahead.map_or(0, |moment| self.0.to_offset(moment).seconds());
        Date::at(moment, ahead)
    }
}

/// Returns Easter Sunday of a year (Meeus, *Astronomical Algorithms*, 2nd ed., chapter 8).
fn easter(year: i16) -> Option<Date> {
    let year_number = i32::from(year);
    let (a, b, c) = (year_number % 19, year_number / 100, year_number % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Returns whether a day is a public holiday in all of France (Code du travail, article L3133-1).
#[must_use]
pub fn is_holiday(date: Date) -> bool {
    const FIXED: [(u8, i8); 8] =
        [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
    let text = date.to_string();
    let month: u8 = text.get(5..7).and_then(|month| month.parse().ok()).unwrap_or(0);
    let after_easter = easter(date.year()).map(|easter| easter.days_until(date));
    // Easter Monday, Ascension, Whit Monday.
    FIXED.contains(&(month, date.day())) || matches!(after_easter, Some(1 | 39 | 50))
}

/// Returns whether a day is neither of a weekend nor a public holiday.
#[must_use]
pub fn is_working_day(date: Date) -> bool {
    date.weekday() <= 5 && !is_holiday(date)
}

/// Returns the day so many working days later.
#[must_use]
pub fn plus_working_days(mut date: Date, days: u16) -> Date {
    let mut left = days;
    while left > 0 {
        let next = date.plus_days(1);
        if next == date {
            break;
        }
        date = next;
        left -= u16::from(is_working_day(date));
    }
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn a_sale_after_midnight_in_france_belongs_to_the_new_day() {
        let paris = Zone::paris();
        let summer = Timestamp::from_ms(1_782_770_400_000);
        assert_eq!(summer.to_string(), "2026-06-29 22:00:00");
        assert_eq!(paris.date(summer), day("2026-06-30"));
        let winter = Timestamp::from_ms(1_795_473_000_000);
        assert_eq!(winter.to_string(), "2026-11-23 22:30:00");
        assert_eq!(paris.date(winter), day("2026-11-23"));
        let island = Zone::named("Indian/Reunion").expect("it is French");
        assert_eq!(island.date(winter), day("2026-11-24"));
        assert!(Zone::named("Europe/Lutetia").is_err());
        assert_eq!(paris.date(Timestamp::from_ms(i64::MAX)).to_string(), "9999-12-30");
    }

    #[test]
    fn working_days_leave_out_weekends_and_the_holidays_of_france() {
        for text in ["2026-04-06", "2026-05-14", "2026-05-25", "2025-06-09", "2026-07-14"] {
            assert!(is_holiday(day(text)), "{text}");
        }
        assert!(!is_holiday(day("2026-04-05")), "Easter Sunday is a Sunday anyway");
        assert_eq!(plus_working_days(day("2026-04-02"), 2), day("2026-04-07"));
        assert_eq!(plus_working_days(day("2026-12-23"), 10), day("2027-01-08"));
    }
}
