//! Who may collect direct debits.

use serde::{Deserialize, Serialize};

use super::remainder;
use crate::exchange::limits::REFERENCE_CHARS;

/// A SEPA creditor identifier (*identifiant créancier SEPA*, ICS): country, check digits, three
/// characters that the creditor chooses, and its national number: `FR72ZZZ123456`.
///
/// Source: EPC262-08; the check digits (ISO 7064, MOD 97-10) do not cover the three characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CreditorId(String);

/// Why a text is not a creditor identifier, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACreditorId {
    /// Not two letters, two digits, three characters and a number.
    #[error("a creditor identifier looks like FR72ZZZ123456, with at most 35 letters and digits")]
    Form,
    /// A French one has six characters at the end.
    #[error("a French creditor identifier has 13 characters")]
    Length,
    /// The third and fourth characters do not fit the others.
    #[error("the check digits are wrong")]
    CheckDigits,
}

impl CreditorId {
    /// Returns its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for CreditorId {
    type Err = NotACreditorId;

    /// Reads an identifier with or without spaces, in capitals or not.
    fn from_str(text: &str) -> Result<Self, NotACreditorId> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let text = text.to_ascii_uppercase();
        if text.len() > REFERENCE_CHARS || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NotACreditorId::Form);
        }
        let (head, number) = text.split_at_checked(7).ok_or(NotACreditorId::Form)?;
        let (country, check) = (&head[..2], &head[2..4]);
        let letters = country.bytes().all(|byte| byte.is_ascii_uppercase());
        let digits = check.bytes().all(|byte| byte.is_ascii_digit());
        if !letters || !digits || number.is_empty() {
            return Err(NotACreditorId::Form);
        }
        if country == "FR" && number.len() != 6 {
            return Err(NotACreditorId::Length);
        }
        if ["00", "01", "99"].contains(&check) || remainder(&[number, country, check]) != 1 {
            return Err(NotACreditorId::CheckDigits);
        }
        Ok(Self(text))
    }
}

impl std::fmt::Display for CreditorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for CreditorId {
    type Error = NotACreditorId;
    fn try_from(text: String) -> Result<Self, NotACreditorId> {
        text.parse()
    }
}

impl From<CreditorId> for String {
    fn from(id: CreditorId) -> Self {
        id.0
    }
}
