//! What a person types becomes a key: Argon2id, so that guessing is slow.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use super::BackupError;

/// Characters of the shortest passphrase: the file can be guessed at for ever, wherever it lies.
const FEWEST: usize = 12;

/// 64 MiB, three passes, one lane: the second choice of RFC 9106, section 4.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// What locks the secrets of a backup. Never shown.
#[derive(Clone)]
pub struct Passphrase(String);

/// A passphrase that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a passphrase has at least {FEWEST} characters: take four or five words by chance")]
pub struct Weak;

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl Passphrase {
    /// Takes what was typed, without spaces at the ends.
    ///
    /// # Errors
    /// [`Weak`] if it is too short.
    pub fn new(typed: &str) -> Result<Self, Weak> {
        let typed = typed.trim();
        if typed.chars().count() < FEWEST { Err(Weak) } else { Ok(Self(typed.to_owned())) }
    }

    /// Makes the key of a new file.
    ///
    /// # Errors
    /// [`BackupError::Passphrase`] if the system gives no chance or no memory.
    pub fn lock(&self) -> Result<Lock, BackupError> {
        let mut salt = [0; 16];
        let filled = getrandom::fill(&mut salt);
        filled.map_err(|why| BackupError::Passphrase(why.to_string()))?;
        self.with_salt(salt)
    }

    pub(super) fn with_salt(&self, salt: [u8; 16]) -> Result<Lock, BackupError> {
        let failed = |why: argon2::Error| BackupError::Passphrase(why.to_string());
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, Some(32)).map_err(failed)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = [0; 32];
        argon.hash_password_into(self.0.as_bytes(), &salt, &mut key).map_err(failed)?;
        Ok(Lock { salt, key })
    }
}

/// The key of one file.
#[derive(Clone)]
pub struct Lock {
    pub(super) salt: [u8; 16],
    key: [u8; 32],
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lock(…)")
    }
}

impl Lock {
    /// Encrypts the secrets, bound to everything before them. The nonce is constant because the key is of
    /// one file, and used once.
    pub(super) fn seal(&self, before: &[u8; 32], secrets: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: secrets, aad: before };
        ChaCha20Poly1305::new(&Key::from(self.key)).encrypt(&Nonce::default(), payload).ok()
    }

    pub(super) fn open(&self, before: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: sealed, aad: before };
        ChaCha20Poly1305::new(&Key::from(self.key)).decrypt(&Nonce::default(), payload).ok()
    }
}
