//! Amounts as banks write them in tables: `1 234,56`, `-12.5`, `1.234,56 €`.

use crdt::{Cents, SignedCents};

use crate::exchange::problem::{Fault, excerpt};

/// Reads an amount with an optional sign in front, in whole cents.
///
/// Between groups of three digits there may be a space of any width, an apostrophe, or whichever of
/// comma and full stop is not the decimal sign. The decimal sign is the last comma or full stop. A
/// single one with three digits behind it, as in `1.234`, can be read in two ways and is refused.
pub(super) fn read(text: &str) -> Result<SignedCents, Fault> {
    let wrong = || Fault::NotAnAmount(excerpt(text));
    let (negative, number) = sign_and_number(text);
    let (whole, decimals) = match number.rfind([',', '.']) {
        Some(at) => decimals(number, at, text)?,
        None => (number, ""),
    };
    let euros = ungrouped(whole, decimals.is_empty()).ok_or_else(wrong)?;
    let decimals = decimals.get(1..).unwrap_or_default();
    let amount: Cents =
        format!("{euros}.{decimals:0<2}").parse().map_err(|_| Fault::HugeAmount(excerpt(text)))?;
    let signed = amount.signed();
    Ok(if negative { signed.negated() } else { signed })
}

/// Returns whether there is a minus, and the number without sign and currency.
fn sign_and_number(text: &str) -> (bool, &str) {
    let without = |text: &'_ str| -> Option<usize> {
        let plain = text.trim_end().strip_suffix(['€']).or_else(|| text.strip_suffix("EUR"))?;
        Some(plain.len())
    };
    let text = text.trim();
    let text = without(text).and_then(|end| text.get(..end)).unwrap_or(text).trim();
    match text.strip_prefix(['-', '−']) {
        Some(number) => (true, number.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text).trim_start()),
    }
}

/// Parts a number at its decimal sign, which stays with the decimals; without it if there are none.
fn decimals<'a>(number: &'a str, at: usize, text: &str) -> Result<(&'a str, &'a str), Fault> {
    let (whole, tail) = number.split_at(at);
    let digits = &tail[1..];
    let sign = tail.chars().next().unwrap_or(',');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::NotAnAmount(excerpt(text)));
    }
    if digits.len() == 3 {
        // Several of the same sign part groups; one alone may be either.
        return if whole.contains(sign) {
            Ok((number, ""))
        } else {
            Err(Fault::AmbiguousAmount(excerpt(text)))
        };
    }
    if whole.contains(sign) {
        return Err(Fault::NotAnAmount(excerpt(text)));
    }
    let shown = digits.trim_end_matches('0').len().max(digits.len().min(2));
    if shown > 2 {
        return Err(Fault::PartOfCent(excerpt(text)));
    }
    Ok((whole, &tail[..=shown]))
}

/// Returns the digits of a whole number whose groups, if it has several, are of three digits.
fn ungrouped(whole: &str, all: bool) -> Option<String> {
    let parts_groups =
        |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' | '.' | ',');
    let groups: Vec<&str> = whole.split(parts_groups).collect();
    let digits = |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit());
    let (first, others) = groups.split_first()?;
    let first_is_right = match (first.len(), others.is_empty()) {
        // `,50` has decimals only.
        (0, true) => !all,
        (_, true) => true,
        (length, false) => (1..=3).contains(&length),
    };
    let others_are_right = others.iter().all(|group| group.len() == 3);
    if !first_is_right || !others_are_right || !groups.iter().all(digits) {
        return None;
    }
    let joined: String = groups.concat();
    Some(if joined.is_empty() { "0".to_owned() } else { joined })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_french_banks_write_them() {
        for (text, cents) in [
            ("1 234,56", 123_456),
            ("1\u{a0}234,56", 123_456),
            ("1\u{202f}234\u{202f}567,8 €", 123_456_780),
            ("-12,5", -1_250),
            ("− 12,50", -1_250),
            ("+12", 1_200),
            ("12.50", 1_250),
            ("1.234,56", 123_456),
            ("1,234.56", 123_456),
            ("1'234.56 EUR", 123_456),
            ("1.234.567", 123_456_700),
            ("1234,5600", 123_456),
            (",50", 50),
            ("0,00", 0),
        ] {
            assert_eq!(read(text).map(SignedCents::get), Ok(cents), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_or_could_be_two_is_refused() {
        for text in
            ["", "-", "€", "NaN", "abc", "12,", "1 23,00", "12 34", "1,2,3", "1e5", "--1", "1-"]
        {
            assert!(matches!(read(text), Err(Fault::NotAnAmount(_))), "{text}: {:?}", read(text));
        }
        for text in ["1.234", "1,234", "8,850"] {
            assert!(matches!(read(text), Err(Fault::AmbiguousAmount(_))), "{text}");
        }
        assert!(matches!(read("1,2345"), Err(Fault::PartOfCent(_))));
        assert!(matches!(read(&"9".repeat(40)), Err(Fault::HugeAmount(_))));
    }
}
