//! The references that we give to messages, payments and mandates.

use serde::{Deserialize, Serialize};

use crate::exchange::limits::{MESSAGE_ID_CHARS, REFERENCE_CHARS};
use crate::exchange::sepa_text::is_sepa;

/// Why a text cannot be a reference, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAReference {
    /// No characters, or too many.
    #[error("a reference of 1 to {most} characters is needed")]
    Length {
        /// How many are allowed.
        most: usize,
    },
    /// A character that not every bank takes.
    #[error("a reference has only letters without accents, digits, spaces and / - ? : ( ) . , ' +")]
    Characters,
    /// A slash or a space at an end, or two of them together.
    #[error("a reference has no slash or space at its ends, nor two of them together")]
    Slashes,
}

/// Checks a reference by the rules of the EPC (EPC132-08, section 1.3). Two spaces together are refused
/// too, for XML readers make one of them.
fn check(text: &str, most: usize) -> Result<(), NotAReference> {
    if text.is_empty() || text.chars().count() > most {
        return Err(NotAReference::Length { most });
    }
    if !text.chars().all(is_sepa) {
        return Err(NotAReference::Characters);
    }
    let doubled = text.contains("//") || text.contains("  ");
    if text.starts_with(['/', ' ']) || text.ends_with(['/', ' ']) || doubled {
        return Err(NotAReference::Slashes);
    }
    Ok(())
}

/// Makes a newtype over a reference of at most so many characters.
macro_rules! reference_newtype {
    ($(#[$doc:meta])* pub struct $name:ident, $most:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns its characters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAReference;
            fn from_str(text: &str) -> Result<Self, NotAReference> {
                check(text, $most).map(|()| Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAReference;
            fn try_from(text: String) -> Result<Self, NotAReference> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(reference: $name) -> Self {
                reference.0
            }
        }
    };
}

reference_newtype! {
    /// The name that the one who orders a payment gives it; it comes back on every statement.
    pub struct EndToEndId, REFERENCE_CHARS
}
reference_newtype! {
    /// The unique reference of a direct debit mandate (*référence unique du mandat*, RUM).
    pub struct MandateReference, REFERENCE_CHARS
}
reference_newtype! {
    /// The name of a file of payments; the bank refuses a second file of the same name.
    pub struct MessageId, MESSAGE_ID_CHARS
}
