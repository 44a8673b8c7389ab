//! Sealing a card's code to its home caisse, so that the host through which it travels never learns
//! it: HPKE (RFC 9180), base mode, X25519 + HKDF-SHA256 + ChaCha20-Poly1305.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use serde::{Deserialize, Serialize};

use crate::id::bytes_newtype;
use crate::{Digest, PaymentId};

bytes_newtype! {
    /// The X25519 public key to which codes are sealed.
    pub struct SealingKey, 32
}

const INFO: &[u8] = b"caisse v1 sealed card code";

/// Bytes of the longest code.
const CODE_BYTES: usize = 16;

/// Bytes of a sealed code at most: the encapsulated key, the code, the tag.
const SEALED_BYTES: usize = 32 + CODE_BYTES + 16;

/// A card's code, readable by the home caisse only, and for one request of one payment only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(#[serde(with = "serde_bytes")] Vec<u8>);

/// A sealed code that does not open, or a code or key that cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed code does not open")]
pub struct DoesNotOpen;

/// The home caisse's half of the sealing key.
#[derive(Clone)]
pub struct SealingSecret {
    secret: <X25519HkdfSha256 as Kem>::PrivateKey,
    public: SealingKey,
    /// Secrets of the time before: what was sealed to them still opens.
    older: Vec<SealingSecret>,
}

impl std::fmt::Debug for SealingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingSecret(…)")
    }
}

/// A stream of random bytes that grows from a seed of the caller: this crate has no chance of its own.
struct Given(blake3::OutputReader);

impl Given {
    fn from_seed(seed: &[u8; 32]) -> Self {
        Self(blake3::Hasher::new_keyed(seed).finalize_xof())
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}

impl TryRng for Given {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Given {}

impl SealingSecret {
    /// Makes the key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (secret, public) = X25519HkdfSha256::derive_keypair(seed);
        let public: [u8; 32] = public.to_bytes().into();
        Self { secret, public: SealingKey::new(public), older: Vec::new() }
    }

    /// Returns the public half.
    #[must_use]
    pub const fn public(&self) -> SealingKey {
        self.public
    }

    /// Opens also what was sealed to an older key: a sale can be under way while keys change.
    #[must_use]
    pub fn opening_also(mut self, older: Self) -> Self {
        self.older.push(older);
        self
    }

    /// Opens a code that was sealed for that request of that payment.
    ///
    /// # Errors
    /// [`DoesNotOpen`] if it was sealed for something else, or is not a sealed code.
    pub fn open(
        &self,
        sealed: &Sealed,
        payment: &PaymentId,
        request: &Digest,
    ) -> Result<Vec<u8>, DoesNotOpen> {
        let older =
            || self.older.iter().find_map(|old| old.open_alone(sealed, payment, request).ok());
        self.open_alone(sealed, payment, request).or_else(|closed| older().ok_or(closed))
    }

    fn open_alone(
        &self,
        sealed: &Sealed,
        payment: &PaymentId,
        request: &Digest,
    ) -> Result<Vec<u8>, DoesNotOpen> {
        if sealed.0.len() > SEALED_BYTES {
            return Err(DoesNotOpen);
        }
        let (key, text) = sealed.0.split_at_checked(32).ok_or(DoesNotOpen)?;
        let key = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(key);
        let key = key.map_err(|_| DoesNotOpen)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.secret,
            &key,
            INFO,
            text,
            &bound_to(payment, request),
        )
        .map_err(|_| DoesNotOpen)
    }
}

fn bound_to(payment: &PaymentId, request: &Digest) -> Vec<u8> {
    [payment.as_bytes().as_slice(), request.as_bytes()].concat()
}

impl SealingKey {
    /// Seals a code for one request of one payment; `random` must be fresh and secret.
    ///
    /// # Errors
    /// [`DoesNotOpen`] if the key is not one or the code is too long.
    pub fn seal(
        &self,
        code: &[u8],
        payment: &PaymentId,
        request: &Digest,
        random: [u8; 32],
    ) -> Result<Sealed, DoesNotOpen> {
        if code.len() > CODE_BYTES {
            return Err(DoesNotOpen);
        }
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(self.as_bytes());
        let key = key.map_err(|_| DoesNotOpen)?;
        let (encapsulated, text) =
            hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &key,
                INFO,
                code,
                &bound_to(payment, request),
                &mut Given::from_seed(&random),
            )
            .map_err(|_| DoesNotOpen)?;
        let mut sealed = encapsulated.to_bytes().to_vec();
        sealed.extend(text);
        Ok(Sealed(sealed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_code_opens_at_home_for_its_own_payment_and_request_only() {
        let home = SealingSecret::from_seed(&[1; 32]);
        let (payment, request) = (PaymentId::new([2; 16]), Digest::new([3; 32]));
        let sealed = home.public().seal(b"4071", &payment, &request, [4; 32]).expect("it seals");
        assert_eq!(home.open(&sealed, &payment, &request), Ok(b"4071".to_vec()));
        assert_eq!(home.open(&sealed, &PaymentId::new([9; 16]), &request), Err(DoesNotOpen));
        assert_eq!(home.open(&sealed, &payment, &Digest::new([9; 32])), Err(DoesNotOpen));
        let host = SealingSecret::from_seed(&[5; 32]);
        assert_eq!(host.open(&sealed, &payment, &request), Err(DoesNotOpen));
        assert!(!sealed.0.windows(4).any(|bytes| bytes == b"4071"));
        let renewed = SealingSecret::from_seed(&[6; 32]).opening_also(home.clone());
        assert_eq!(renewed.open(&sealed, &payment, &request), Ok(b"4071".to_vec()));
        assert_ne!(renewed.public(), home.public());
        let again = home.public().seal(b"4071", &payment, &request, [6; 32]).expect("it seals");
        assert_ne!(sealed, again, "two sealings of one code do not look alike");
        for bytes in [vec![], vec![0; 31], vec![0; 48], vec![0; 4096]] {
            assert_eq!(home.open(&Sealed(bytes), &payment, &request), Err(DoesNotOpen));
        }
    }
}
