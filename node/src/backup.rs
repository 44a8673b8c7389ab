//! A caisse in one file, and back.
//!
//! The file is, one after the other: a first line that says what it is; the *head* (which caisse, when, its
//! configuration, its certificate); the rows of the store as they are stored, personal ones encrypted; the
//! *secrets* (the keys of personal records, and with `--with-keys` the caisse's own keys), which a
//! passphrase encrypts if there is one; and BLAKE3 of all that. Each part has its length before it, in four
//! bytes, little-endian; the parts are postcard. The rows end with a part of no bytes.

mod passphrase;
mod read;
mod write;

use std::path::PathBuf;

use crdt::{CaisseId, Timestamp};
use serde::{Deserialize, Serialize};

pub use passphrase::{Lock, Passphrase, Weak};
pub use read::{Backup, Restore, Restored, restore};
pub use write::{Written, write};

use crate::keys::KeysError;
use crate::setup::SetupError;
use crate::store::StoreError;

/// The first line of the file.
const MAGIC: &[u8] = b"caisse backup 1: restore it with `caisse restore`\n";

/// Bytes of one part: the largest row, with room to spare.
const PART_BYTES: u32 = 16 * 1024 * 1024;

/// Bytes of the secrets: a million personal records.
const SECRETS_BYTES: u32 = 256 * 1024 * 1024;

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 32;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The caisse.
    pub caisse: CaisseId,
    /// Its name.
    pub name: String,
    /// When the backup was made, by the clock of its machine.
    pub made: Timestamp,
    /// Entries of the books.
    pub journal_entries: u64,
    /// Entries of feeds.
    pub feed_entries: u64,
    /// Whether the caisse's own keys are in it.
    pub with_keys: bool,
    /// The configuration.
    config: String,
    /// The identity key's word for the node's keys.
    certificate: Vec<u8>,
}

/// What only the caisse may know.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Secrets {
    /// The keys of personal records.
    personal: Vec<([u8; 16], [u8; 32])>,
    /// What was erased before.
    #[serde(with = "serde_bytes")]
    erasures: Vec<u8>,
    /// The caisse's own keys, by the names of their files; none without `--with-keys`.
    keys: Vec<(String, [u8; 32])>,
}

/// The secrets as they stand in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Sealed {
    /// Readable.
    Plain(#[serde(with = "serde_bytes")] Vec<u8>),
    /// Encrypted by a passphrase.
    Locked {
        /// Makes the key of this file differ from that of any other.
        salt: [u8; 16],
        /// The encrypted bytes.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
}

/// Why there is no backup, or why it is not restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The file is there.
    #[error("{} exists already: a backup never overwrites anything, choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is not a backup.
    #[error("{} is not a backup of a caisse, or of a newer program: {why}", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Bytes are missing or changed.
    #[error("{} is damaged: {why}; take another backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It needs its passphrase, or another.
    #[error("{} was locked with a passphrase: {why}", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Whether there is none or the wrong one.
        why: &'static str,
    },
    /// Something is where the caisse would go.
    #[error(
        "{} is not empty: choose another directory, or give --force, which moves what is there aside",
        dir.display()
    )]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// A node runs there.
    #[error("a node runs in {}: stop it first", dir.display())]
    Runs {
        /// The directory.
        dir: PathBuf,
    },
    /// A list of erasures cannot be read.
    #[error("{}: {why}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
    /// There is no randomness, or the computation of the passphrase failed.
    #[error("the passphrase cannot be used: {0}")]
    Passphrase(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The directory.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

fn io(path: &std::path::Path) -> impl Fn(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |why| BackupError::Io { path: path.clone(), why: why.to_string() }
}
