//! An account number as far as the machine must know it.

use serde::{Deserialize, Serialize};

/// An international bank account number (ISO 13616) with right check digits, in capitals and without
/// spaces. Whether its country has such numbers is checked where files are read and written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountNumber(String);

/// A text that is not an account number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IBAN: its form or its check digits are wrong")]
pub struct NotAnAccountNumber;

impl AccountNumber {
    /// Returns its characters, without spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its first and last four characters, as people are shown it: `FR76 …1234`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (first, rest) = self.0.split_at(4);
        let last = rest.len().saturating_sub(4);
        format!("{first} …{}", rest.get(last..).unwrap_or_default())
    }
}

/// Returns the remainder by 97 of capitals and digits read as one number, a letter being 10 to 35 (ISO
/// 7064, MOD 97-10).
pub(super) fn remainder<'a>(parts: impl IntoIterator<Item = &'a str>) -> u32 {
    let bytes = parts.into_iter().flat_map(str::bytes);
    bytes.fold(0, |sum, byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        _ => (sum * 100 + u32::from(byte.saturating_sub(b'A')) + 10) % 97,
    })
}

impl std::str::FromStr for AccountNumber {
    type Err = NotAnAccountNumber;

    fn from_str(text: &str) -> Result<Self, NotAnAccountNumber> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).take(35).collect();
        let text = text.to_ascii_uppercase();
        if !(15..=34).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(NotAnAccountNumber);
        }
        let (head, account) = text.split_at(4);
        let (country, check) = head.split_at(2);
        let formed = country.bytes().all(|b| b.is_ascii_uppercase())
            && check.bytes().all(|b| b.is_ascii_digit())
            && !["00", "01", "99"].contains(&check);
        if !formed || remainder([account, country, check]) != 1 {
            return Err(NotAnAccountNumber);
        }
        Ok(Self(text))
    }
}

impl std::fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountNumber({})", self.masked())
    }
}

impl TryFrom<String> for AccountNumber {
    type Error = NotAnAccountNumber;
    fn try_from(text: String) -> Result<Self, NotAnAccountNumber> {
        text.parse()
    }
}

impl From<AccountNumber> for String {
    fn from(number: AccountNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_number_has_right_check_digits_and_is_never_shown_whole() {
        let number: AccountNumber = "fr14 2004 1010 0505 0001 3M02 606".parse().expect("an IBAN");
        assert_eq!(number.as_str(), "FR1420041010050500013M02606");
        assert_eq!(format!("{number:?}"), "AccountNumber(FR14 …2606)");
        let bad =
            ["", "FR14", "FR1520041010050500013M02606", "FR14-2004", "ÉR1420041010050500013M"];
        for bad in bad {
            assert_eq!(bad.parse::<AccountNumber>(), Err(NotAnAccountNumber), "{bad}");
        }
    }
}
