//! Amounts and days as French writes them.

use crdt::{Cents, Date, SignedCents};

/// A space at which no line ends.
const NO_BREAK: char = '\u{a0}';

/// Writes an amount: `1 234,56 €`, its spaces being no-break spaces.
#[must_use]
pub fn euros(amount: Cents) -> String {
    let cents = amount.get();
    let (whole, rest) = (cents / 100, cents % 100);
    let figures = whole.to_string();
    let mut text = String::new();
    for (place, figure) in figures.chars().enumerate() {
        if place > 0 && (figures.len() - place) % 3 == 0 {
            text.push(NO_BREAK);
        }
        text.push(figure);
    }
    format!("{text},{rest:02}{NO_BREAK}€")
}

/// Writes an amount that may be negative, with a real minus sign: `−1 234,56 €`. Windows-1252 has
/// none, so it is the dash of the same width.
#[must_use]
pub fn signed_euros(amount: SignedCents) -> String {
    let sign = if amount.get() < 0 { "–" } else { "" };
    format!("{sign}{}", euros(amount.magnitude()))
}

/// Writes a day: `25/11/2026`.
#[must_use]
pub fn day(date: Date) -> String {
    let (year, month, day) = parts(date);
    format!("{day:02}/{month:02}/{year:04}")
}

/// Returns the year, the month from 1 and the day of the month.
pub(super) fn parts(date: Date) -> (u16, u8, u8) {
    let month = date.month().to_string();
    let month = month.rsplit('-').next().and_then(|month| month.parse().ok()).unwrap_or(1);
    let year = u16::try_from(date.year()).unwrap_or(0);
    (year, month, u8::try_from(date.day()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_a_comma_groups_of_three_and_the_sign_behind() {
        let plain = |cents| euros(Cents::new(cents).expect("an amount")).replace('\u{a0}', " ");
        assert_eq!(plain(0), "0,00 €");
        assert_eq!(plain(5), "0,05 €");
        assert_eq!(plain(99_999), "999,99 €");
        assert_eq!(plain(123_456), "1 234,56 €");
        assert_eq!(plain(12_345_678_900), "123 456 789,00 €");
        let signed = signed_euros(SignedCents::new(-123_456));
        assert_eq!(signed, "–1\u{a0}234,56\u{a0}€");
        assert_eq!(signed_euros(SignedCents::new(7)), "0,07\u{a0}€");
    }

    #[test]
    fn a_day_is_written_day_first() {
        assert_eq!(day(Date::new(2026, 3, 5).expect("a day")), "05/03/2026");
    }
}
