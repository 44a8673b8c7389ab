//! Account numbers and the other identifiers of SEPA payments: what has the right form and the right
//! check digits, and nothing else.

mod bic;
mod country;
mod creditor;
mod reference;

use serde::{Deserialize, Serialize};

pub use bic::{Bic, NotABic};
pub use creditor::{CreditorId, NotACreditorId};
pub use reference::{EndToEndId, MandateReference, MessageId, NotAReference};

use country::Country;

/// An international bank account number (ISO 13616) whose country, length, structure and check
/// digits are right. Whether the account exists, only its bank knows.
///
/// It is shown in groups of four. Logs show it [masked](Iban::masked), as `{:?}` does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iban {
    /// ASCII capitals and digits, then zeros.
    bytes: [u8; Self::MOST_CHARS],
    length: u8,
}

/// Why a text is not an IBAN, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIban {
    /// Something else than letters, digits and spaces, or far too long.
    #[error("an IBAN has at most 34 letters and digits")]
    Characters,
    /// It does not begin with a country that has IBANs.
    #[error("no country has IBANs that begin like this")]
    Country,
    /// Another number of characters than its country's.
    #[error("an IBAN of this country has {expected} characters, here are {found}")]
    Length {
        /// What the country's IBANs have.
        expected: u8,
        /// What was there.
        found: u8,
    },
    /// A letter where its country has digits, or the other way round.
    #[error("letters and digits are not where this country has them")]
    Structure,
    /// The third and fourth characters do not fit the others.
    #[error("the check digits are wrong")]
    CheckDigits,
}

impl Iban {
    /// The characters of the longest IBAN.
    const MOST_CHARS: usize = 34;

    /// Returns it as messages carry it, without spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(used).expect("only ASCII is taken in")
    }

    /// Returns the two letters of its country.
    #[must_use]
    pub fn country(&self) -> &str {
        self.as_str().get(..2).expect("every country's IBAN is longer")
    }

    /// Returns whether SEPA payments reach its country (EPC409-09, of May 2025).
    #[must_use]
    pub fn is_sepa(&self) -> bool {
        Country::find(self.country()).is_some_and(|country| country.sepa)
    }

    /// Returns its first and last four characters, for logs: `FR76 …1234`.
    #[must_use]
    pub fn masked(&self) -> String {
        let text = self.as_str();
        let (first, rest) = text.split_at(4);
        format!("{first} …{}", &rest[rest.len() - 4..])
    }

    fn of_compact(bytes: [u8; Self::MOST_CHARS], length: u8) -> Result<Self, NotAnIban> {
        let iban = Self { bytes, length };
        let text = iban.as_str();
        let code = text.get(..2).ok_or(NotAnIban::Country)?;
        let country = Country::find(code).ok_or(NotAnIban::Country)?;
        if country.length != length {
            return Err(NotAnIban::Length { expected: country.length, found: length });
        }
        let (check, account) = text[2..].split_at(2);
        if !check.bytes().all(|byte| byte.is_ascii_digit()) || !country.fits(account) {
            return Err(NotAnIban::Structure);
        }
        // 00, 01 and 99 give the same remainders as 97, 98 and 02, but nobody computes them.
        if ["00", "01", "99"].contains(&check) || remainder(&[account, code, check]) != 1 {
            return Err(NotAnIban::CheckDigits);
        }
        Ok(iban)
    }
}

/// Returns the remainder by 97 of capitals and digits read as one number, a letter being 10 to 35
/// (ISO 7064, MOD 97-10). One is right for an IBAN with its first four characters at the end.
fn remainder(parts: &[&str]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0, |sum, byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        _ => (sum * 100 + u32::from(byte.saturating_sub(b'A')) + 10) % 97,
    })
}

impl std::str::FromStr for Iban {
    type Err = NotAnIban;

    /// Reads an IBAN with or without spaces, in capitals or not.
    fn from_str(text: &str) -> Result<Self, NotAnIban> {
        let mut bytes = [0; Self::MOST_CHARS];
        let mut length = 0_u8;
        for character in text.chars().filter(|c| !c.is_whitespace()) {
            let place = bytes.get_mut(usize::from(length)).ok_or(NotAnIban::Characters)?;
            if !character.is_ascii_alphanumeric() {
                return Err(NotAnIban::Characters);
            }
            *place = character.to_ascii_uppercase() as u8;
            length += 1;
        }
        Self::of_compact(bytes, length)
    }
}

impl std::fmt::Display for Iban {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let groups: Vec<String> =
            self.as_str().as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into()).collect();
        f.pad(&groups.join(" "))
    }
}

impl std::fmt::Debug for Iban {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Iban({})", self.masked())
    }
}

impl TryFrom<String> for Iban {
    type Error = NotAnIban;
    fn try_from(text: String) -> Result<Self, NotAnIban> {
        text.parse()
    }
}

impl From<Iban> for String {
    fn from(iban: Iban) -> Self {
        iban.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests;
