//! Names of things: fixed numbers of bytes, shown as hexadecimal.

use serde::{Deserialize, Serialize};

/// Makes a newtype over a fixed number of bytes: hexadecimal for people and JSON, raw on the wire.
macro_rules! bytes_newtype {
    ($(#[$doc:meta])* pub struct $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The number of bytes.
            pub const LEN: usize = $len;

            /// Makes one from its bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Returns its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Makes one from a slice of exactly the right length.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let shown = data_encoding::HEXLOWER.encode(&self.0[..$len.min(4)]);
                write!(f, "{}({shown}…)", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::NotAnId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| Self::from_slice(&bytes))
                    .ok_or($crate::id::NotAnId { digits: $len * 2 })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serde_bytes::ByteArray::new(self.0).serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    serde_bytes::ByteArray::<$len>::deserialize(deserializer)
                        .map(|bytes| Self(bytes.into_array()))
                }
            }
        }
    };
}
pub(crate) use bytes_newtype;

/// A text that is not an id of the expected length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {digits} hexadecimal digits")]
pub struct NotAnId {
    /// How many digits were expected.
    pub digits: usize,
}

bytes_newtype! {
    /// One caisse: the hash of its identity key.
    pub struct CaisseId, 32
}
bytes_newtype! {
    /// One federation: the hash of its founding charter.
    pub struct NetworkId, 32
}
bytes_newtype! {
    /// One sale, for its whole life: 128 random bits made by the till.
    pub struct PaymentId, 16
}
bytes_newtype! {
    /// One member of a caisse, random; never leaves the caisse.
    pub struct MemberId, 16
}
bytes_newtype! {
    /// One vendor of a caisse, random.
    pub struct VendorId, 16
}
bytes_newtype! {
    /// How a partner caisse sees a member: derived for that pair of caisses and that month.
    pub struct Pseudonym, 16
}
bytes_newtype! {
    /// One settlement run: the hash of its proposal.
    pub struct RunId, 32
}
bytes_newtype! {
    /// One request of an operator or a till: the idempotency key of a command, 128 random bits.
    pub struct RequestId, 16
}
bytes_newtype! {
    /// One printed card: three bytes of its caisse's id, six random, one to catch typing errors.
    pub struct CardId, 10
}

bytes_newtype! {
    /// One grant to a caisse, random.
    pub struct GrantId, 16
}
bytes_newtype! {
    /// One batch of bank transfers or direct debits of a caisse, random.
    pub struct BatchId, 16
}
bytes_newtype! {
    /// One line of a bank statement: the hash of what it says, so that a line read twice is one line.
    pub struct LineId, 32
}
bytes_newtype! {
    /// One claim of a member who paid first, random.
    pub struct ClaimId, 16
}
bytes_newtype! {
    /// One dispute, random.
    pub struct DisputeId, 16
}
bytes_newtype! {
    /// One lot that a home caisse gives a host to sell by while it cannot be reached, random.
    pub struct LotId, 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_hexadecimal_for_people_and_raw_on_the_wire() {
        let id = PaymentId::new([0xab; 16]);
        let json = serde_json::to_string(&id).expect("an id is a string");
        assert_eq!(json, format!("\"{}\"", "ab".repeat(16)));
        assert_eq!(serde_json::from_str::<PaymentId>(&json).expect("it reads back"), id);
        let bytes = postcard::to_stdvec(&id).expect("it encodes");
        assert_eq!(postcard::from_bytes::<PaymentId>(&bytes).expect("it decodes"), id);
        assert!("abcd".parse::<PaymentId>().is_err());
    }
}
