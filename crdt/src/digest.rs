//! Hashes. Every use has its own domain, so that a digest made for one purpose never fits another.

use serde::{Deserialize, Serialize};

use crate::id::bytes_newtype;

bytes_newtype! {
    /// A BLAKE3 hash of 32 bytes.
    pub struct Digest, 32
}

/// What a digest is made for; a string of its own in the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The id of a caisse, from its identity key.
    Caisse,
    /// The id of a federation, from its founding charter.
    Network,
    /// The hash of a feed entry's header.
    Header,
    /// The id of a register proposal.
    Proposal,
    /// What two caisses agreed on.
    Terms,
    /// The id of a settlement run.
    Run,
    /// The result of a settlement run.
    RunResult,
    /// What a statement between two caisses says.
    Statement,
    /// What a till asked for under a payment id.
    PaymentRequest,
    /// What a host asked a home caisse under a payment id.
    AuthRequest,
    /// An entry of a caisse's own books.
    Journal,
    /// The actor of a catalogue document.
    Actor,
    /// The secret with which a vendor's till speaks.
    Till,
    /// A trace of a simulation.
    Trace,
    /// A line of a bank's statement, to know it again.
    BankLine,
    /// A table of a bank's statement, to name it.
    BankTable,
    /// The balances of a closed year.
    Closing,
    /// A statement that opens an epoch.
    Epoch,
}

impl Domain {
    const fn context(self) -> &'static str {
        match self {
            Self::Caisse => "caisse v1 caisse id",
            Self::Network => "caisse v1 network id",
            Self::Header => "caisse v1 feed header",
            Self::Proposal => "caisse v1 register proposal",
            Self::Terms => "caisse v1 agreement terms",
            Self::Run => "caisse v1 settlement run",
            Self::RunResult => "caisse v1 settlement result",
            Self::Statement => "caisse v1 statement",
            Self::PaymentRequest => "caisse v1 payment request",
            Self::AuthRequest => "caisse v1 authorisation request",
            Self::Journal => "caisse v1 journal entry",
            Self::Actor => "caisse v1 catalogue actor",
            Self::Till => "caisse v1 till secret",
            Self::Trace => "caisse v1 simulation trace",
            Self::BankLine => "caisse v1 bank statement line",
            Self::BankTable => "caisse v1 bank statement table",
            Self::Closing => "caisse v1 closing of a year",
            Self::Epoch => "caisse v1 epoch",
        }
    }

    /// Hashes bytes in this domain.
    #[must_use]
    pub fn hash(self, bytes: &[u8]) -> Digest {
        Digest::new(blake3::derive_key(self.context(), bytes))
    }
}

/// Hashes a feed entry's body keyed with its salt, so that a body that was erased cannot be guessed
/// from the digest that stays in the chain.
#[must_use]
pub fn salted(salt: &[u8; 32], body: &[u8]) -> Digest {
    Digest::new(*blake3::keyed_hash(salt, body).as_bytes())
}

/// Derives a secret or a pseudonym of 32 bytes from a secret key and a message.
#[must_use]
pub fn keyed(secret: &[u8; 32], purpose: &str, message: &[u8]) -> [u8; 32] {
    let key = blake3::derive_key(purpose, secret);
    *blake3::keyed_hash(&key, message).as_bytes()
}
