//! The one encoding of everything that is stored, hashed or sent: postcard, no trailing bytes.

use serde::{Serialize, de::DeserializeOwned};

/// Foreign bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes do not decode")]
pub struct Malformed;

/// Encodes a value.
///
/// # Panics
/// Never for the types of this project: postcard fails only on a full buffer or on a type without a
/// known length, and neither exists here.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("our types always encode")
}

/// Decodes a value and refuses bytes after its end.
///
/// # Errors
/// [`Malformed`] if the bytes are not exactly one value.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(Malformed),
    }
}
