//! Ed25519 keys and signatures, each over a domain string and the exact bytes.

use serde::{Deserialize, Serialize};

use crate::id::bytes_newtype;

bytes_newtype! {
    /// An Ed25519 public key.
    pub struct PublicKey, 32
}
bytes_newtype! {
    /// An Ed25519 signature.
    pub struct Signature, 64
}

/// What a signature is for; a signature made for one purpose never fits another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A feed entry's header.
    Entry,
    /// An identity key's word for its node's keys.
    Certificate,
    /// A printed card.
    Card,
    /// A till's receipt.
    Receipt,
    /// A list of blocked cards.
    Revocations,
    /// An identity key's word that opens an epoch.
    Epoch,
}

impl Purpose {
    fn message(self, bytes: &[u8]) -> Vec<u8> {
        let domain: &[u8] = match self {
            Self::Entry => b"caisse v1 sign entry\0",
            Self::Certificate => b"caisse v1 sign certificate\0",
            Self::Card => b"caisse v1 sign card\0",
            Self::Receipt => b"caisse v1 sign receipt\0",
            Self::Revocations => b"caisse v1 sign revocations\0",
            Self::Epoch => b"caisse v1 sign epoch\0",
        };
        [domain, bytes].concat()
    }
}

/// A signature that does not hold, or a key that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct BadSignature;

impl PublicKey {
    /// Checks a signature strictly: no weak key, no malleable form.
    ///
    /// # Errors
    /// [`BadSignature`] if the key is not a point or the signature does not hold.
    pub fn verify(
        &self,
        purpose: Purpose,
        bytes: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(self.as_bytes()).map_err(|_| BadSignature)?;
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        key.verify_strict(&purpose.message(bytes), &signature).map_err(|_| BadSignature)
    }
}

/// An Ed25519 secret key. Never shown, never logged; wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretKey(ed25519_dalek::SigningKey);

impl SecretKey {
    /// Makes the key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Returns the seed, to be written to a key file.
    #[must_use]
    pub fn to_seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Returns the public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::new(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes for a purpose.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Signature {
        use ed25519_dalek::Signer as _;
        Signature::new(self.0.sign(&purpose.message(bytes)).to_bytes())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_key_its_purpose_and_its_bytes_only() {
        let secret = SecretKey::from_seed(&[1; 32]);
        let signature = secret.sign(Purpose::Entry, b"bytes");
        let holds = |key: PublicKey, purpose, bytes: &[u8]| key.verify(purpose, bytes, &signature);
        assert_eq!(holds(secret.public(), Purpose::Entry, b"bytes"), Ok(()));
        assert_eq!(holds(secret.public(), Purpose::Card, b"bytes"), Err(BadSignature));
        assert_eq!(holds(secret.public(), Purpose::Entry, b"byte"), Err(BadSignature));
        let other = SecretKey::from_seed(&[2; 32]).public();
        assert_eq!(holds(other, Purpose::Entry, b"bytes"), Err(BadSignature));
        assert_eq!(holds(PublicKey::new([0; 32]), Purpose::Entry, b"bytes"), Err(BadSignature));
    }
}
