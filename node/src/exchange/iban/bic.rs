//! The code of a bank.

use serde::{Deserialize, Serialize};

/// A business identifier code (ISO 9362) of 8 or 11 characters: bank, country, place, branch.
///
/// The form is the older one, with letters only in front, so that it is valid in every version of the
/// messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bic(String);

/// A text that is not a BIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a BIC has 8 or 11 capitals and digits, such as AAAAFRPP or AAAAFRPP882")]
pub struct NotABic;

impl Bic {
    /// Returns its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Bic {
    type Err = NotABic;

    /// Reads a BIC, in capitals or not.
    fn from_str(text: &str) -> Result<Self, NotABic> {
        let text = text.trim().to_ascii_uppercase();
        let (letters, rest) = text.split_at_checked(6).ok_or(NotABic)?;
        let (place, branch) = rest.split_at_checked(2).ok_or(NotABic)?;
        let capitals_or_digits =
            |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        // Place codes never begin with 0 or 1, nor end with O (BICIdentifier in the schemas).
        let place_is_right = !place.starts_with(['0', '1']) && !place.ends_with('O');
        let length_is_right = matches!(branch.len(), 0 | 3);
        if letters.bytes().all(|b| b.is_ascii_uppercase())
            && capitals_or_digits(rest)
            && place_is_right
            && length_is_right
        {
            Ok(Self(text))
        } else {
            Err(NotABic)
        }
    }
}

impl std::fmt::Display for Bic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Bic {
    type Error = NotABic;
    fn try_from(text: String) -> Result<Self, NotABic> {
        text.parse()
    }
}

impl From<Bic> for String {
    fn from(bic: Bic) -> Self {
        bic.0
    }
}
