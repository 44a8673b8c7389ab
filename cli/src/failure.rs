//! How a command ends when it does not end well, and with which exit code.

use std::path::PathBuf;

use ledger::Refused;
use ledger::federation::SecondCopy;
use node::backup::BackupError;
use node::machine::WorkError;
use node::run::RunError;
use node::setup::SetupError;
use node::store::StoreError;

/// Why a command did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The caisse refused; nothing has changed.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// Something other than the caisse's rules stands in the way.
    #[error("{0}")]
    Failed(String),
    /// What was typed, or a file that was named, cannot be meant.
    #[error("{0}")]
    Misused(String),
    /// Another process writes under the caisse's keys.
    #[error("{0}")]
    SecondCopy(SecondCopy),
    /// Nobody answers at the caisse's socket.
    #[error("no node answers at {}: start it with `caisse run {}`", dir.join(node::http::SOCKET).display(), dir.display())]
    Unreachable {
        /// The caisse's directory.
        dir: PathBuf,
    },
    /// The node went away in the middle: nobody knows whether it was done.
    #[error(
        "the node stopped before it answered ({why}), so it is not known whether it was done; {help}"
    )]
    Unanswered {
        /// What happened to the connection.
        why: String,
        /// How to find out.
        help: String,
    },
}

impl Failure {
    /// Returns the exit code: 1 refused, 2 misused, 3 node unreachable, 4 a second copy runs.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Failed(_) => 1,
            Self::Misused(_) => 2,
            Self::Unreachable { .. } | Self::Unanswered { .. } => 3,
            Self::SecondCopy(_) => 4,
        }
    }

    /// Returns the same facts for machines.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let message = self.to_string();
        match self {
            Self::Refused(why) => serde_json::json!({ "refused": why, "message": message }),
            Self::SecondCopy(copy) => {
                serde_json::json!({ "second_copy": copy, "message": message })
            }
            Self::Failed(_) => serde_json::json!({ "failed": message }),
            Self::Misused(_) => serde_json::json!({ "misused": message }),
            Self::Unreachable { .. } | Self::Unanswered { .. } => {
                serde_json::json!({ "unreachable": message })
            }
        }
    }

    /// Makes a misuse of a message.
    pub fn misused(what: impl std::fmt::Display) -> Self {
        Self::Misused(what.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } => Self::Misused(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NotABackup { .. } | BackupError::Passphrase(_) => {
                Self::Misused(error.to_string())
            }
            BackupError::Setup(error) => error.into(),
            BackupError::Store(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Config(bad) => Self::Misused(bad.to_string()),
            SetupError::Store(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Setup(error) => error.into(),
            RunError::Store(error) | RunError::Work(WorkError::Store(error)) => error.into(),
            RunError::Work(WorkError::SecondCopy(copy)) => Self::SecondCopy(copy),
            other => Self::Failed(other.to_string()),
        }
    }
}
