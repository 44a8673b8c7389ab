//! What can stand in the way of a test or a measurement, with what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use cli::failure::Failure;

/// How long anything may take that a node does by itself; far more than it needs on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Why something could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A binary of this workspace is not built.
    #[error("{} is missing: build it with `{}`", path.display(), build)]
    NotBuilt {
        /// Where it should be.
        path: PathBuf,
        /// What builds it.
        build: &'static str,
    },
    /// A node ended, or never came up.
    #[error("the node of {} {what}; its last words:\n{log}", dir.display())]
    Node {
        /// The caisse's directory.
        dir: PathBuf,
        /// What it did.
        what: String,
        /// The end of its log.
        log: String,
    },
    /// Something did not happen in the time that anything may take.
    #[error("not within {seconds} s: {what}")]
    Late {
        /// How long it was waited for.
        seconds: u64,
        /// What was waited for.
        what: String,
    },
    /// A node answered otherwise than it must.
    #[error("{what}: {answer}")]
    Answer {
        /// What was asked.
        what: String,
        /// What came.
        answer: String,
    },
    /// The operator was refused or not answered.
    #[error("the operator's door: {0}")]
    Operator(#[from] Failure),
    /// The operating system refused.
    #[error("{what}: {why}")]
    Io {
        /// What was tried.
        what: String,
        /// The operating system's words.
        why: std::io::Error,
    },
}

impl Trouble {
    /// Names what was tried when the operating system refused.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |why| Self::Io { what, why }
    }

    /// Names what did not happen within [`PATIENCE`].
    pub fn late(what: impl Into<String>) -> Self {
        Self::Late { seconds: PATIENCE.as_secs(), what: what.into() }
    }

    /// Says that an answer is not what it must be.
    pub fn answer(what: impl Into<String>, answer: impl std::fmt::Debug) -> Self {
        Self::Answer { what: what.into(), answer: format!("{answer:?}") }
    }
}
