//! What can go wrong with the store, in words for an operator.

use std::path::PathBuf;

use ledger::records::Kind;

/// Why the store cannot be created, opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is a store already where one was to be created.
    #[error("{} holds a caisse already: choose another directory", dir.display())]
    Exists {
        /// The caisse's directory.
        dir: PathBuf,
    },
    /// There is no store to open.
    #[error(
        "{0} holds no caisse: create one with `caisse init {0} --config FILE`",
        dir.display()
    )]
    Missing {
        /// The caisse's directory.
        dir: PathBuf,
    },
    /// Another process holds the directory's lock.
    #[error(
        "another caisse process uses {}: stop it first, or choose another directory",
        dir.display()
    )]
    InUse {
        /// The caisse's directory.
        dir: PathBuf,
    },
    /// The store was written by a later program.
    #[error(
        "{} was written by a newer caisse (schema {found}, this one knows {known}): install that one",
        dir.display()
    )]
    Newer {
        /// The caisse's directory.
        dir: PathBuf,
        /// The schema version found in the store.
        found: u32,
        /// The schema version of this program.
        known: u32,
    },
    /// The store is older than the oldest that this program can bring forward.
    #[error(
        "{} was written by a caisse too old to be read (schema {found}, the oldest known is \
         {oldest}): run a version between the two once",
        dir.display()
    )]
    TooOld {
        /// The caisse's directory.
        dir: PathBuf,
        /// The schema version found in the store.
        found: u32,
        /// The oldest schema version that this program brings forward.
        oldest: u32,
    },
    /// The files of the store do not hold what was written to them.
    #[error(
        "the store in {} is damaged ({why}): keep a copy of it as it is, then restore a backup",
        dir.display()
    )]
    Damaged {
        /// The caisse's directory.
        dir: PathBuf,
        /// What was found.
        why: String,
    },
    /// A value, or its key, is larger than the store takes; nothing was written.
    #[error("a record of kind {kind:?} has {bytes} bytes, at most {limit} fit")]
    TooLarge {
        /// The kind of the record.
        kind: Kind,
        /// The bytes of the value or key that does not fit.
        bytes: usize,
        /// The limit that it exceeds, in bytes.
        limit: usize,
    },
    /// The operating system refused; often a full disk or missing permissions.
    #[error("{}: {why}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's words.
        why: String,
    },
}

impl StoreError {
    /// Says which file an error of the operating system is about.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, why: error.to_string() }
    }
}
