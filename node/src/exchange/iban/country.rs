//! What the IBANs of each country look like: the table beside this file (see `docs/data.md`).

use std::sync::LazyLock;

/// How the IBANs of one country are made.
#[derive(Debug)]
pub(super) struct Country {
    code: &'static str,
    /// Whether SEPA payments reach it.
    pub sepa: bool,
    /// Characters in all.
    pub length: u8,
    /// What stands after the check digits: so many of a kind, then so many of the next.
    structure: Vec<(usize, Kind)>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Digits,
    Letters,
    Both,
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let rows = include_str!("countries.csv").lines().skip(1);
    rows.map(|row| Country::read(row).expect("the compiled table is whole")).collect()
});

impl Country {
    /// Finds a country by its two letters.
    pub fn find(code: &str) -> Option<&'static Self> {
        let at = COUNTRIES.binary_search_by(|country| country.code.cmp(code)).ok()?;
        COUNTRIES.get(at)
    }

    /// Returns whether an account has letters and digits where this country has them.
    pub fn fits(&self, account: &str) -> bool {
        let mut rest = account.as_bytes();
        for (count, kind) in &self.structure {
            let Some((part, after)) = rest.split_at_checked(*count) else { return false };
            if !part.iter().all(|byte| kind.holds(*byte)) {
                return false;
            }
            rest = after;
        }
        rest.is_empty()
    }

    /// Reads a row: `FR,1,27,5n5n11c2n`.
    fn read(row: &'static str) -> Option<Self> {
        let mut cells = row.split(',');
        let (code, sepa, length) = (cells.next()?, cells.next()? == "1", cells.next()?);
        let parts = cells.next()?.split_inclusive(|c: char| c.is_ascii_alphabetic());
        let structure: Option<Vec<_>> = parts.map(part).collect();
        Some(Self { code, sepa, length: length.parse().ok()?, structure: structure? })
    }
}

fn part(text: &str) -> Option<(usize, Kind)> {
    let (count, kind) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let kind = match kind {
        "n" => Kind::Digits,
        "a" => Kind::Letters,
        "c" => Kind::Both,
        _ => return None,
    };
    Some((count.parse().ok()?, kind))
}

impl Kind {
    const fn holds(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Letters => byte.is_ascii_uppercase(),
            Self::Both => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_structure_has_the_length_of_its_country() {
        assert!(COUNTRIES.is_sorted_by(|one, next| one.code < next.code));
        for country in COUNTRIES.iter() {
            let account: usize = country.structure.iter().map(|(count, _)| count).sum();
            assert_eq!(account + 4, usize::from(country.length), "{}", country.code);
            assert!(account + 4 <= super::super::Iban::MOST_CHARS, "{}", country.code);
        }
        assert!(Country::find("FR").is_some_and(|france| france.sepa));
        assert!(Country::find("TR").is_some_and(|turkey| !turkey.sepa));
        assert!(Country::find("US").is_none());
    }
}
