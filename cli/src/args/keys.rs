//! Fork proofs, keys, epochs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Fork proofs.
#[derive(Debug, Subcommand)]
pub enum Proof {
    /// Lists the caisses that are proved to have contradicted themselves, and says what to do.
    List,
    /// Writes the proof against a caisse into a file that anyone can check.
    Export {
        /// The caisse: its name, or the beginning of its id.
        caisse: String,
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Checks a proof from its bytes alone, without a node; exits with 1 if it proves nothing.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Gives credit again to a caisse that contradicted itself, once its identity key has ended that epoch.
    /// Each caisse decides for itself.
    Forgive {
        /// The caisse: its name, or the beginning of its id.
        caisse: String,
        /// Only shows what would be forgiven.
        #[arg(long)]
        dry_run: bool,
    },
}

/// The caisse's own keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Makes a new node key and a new sealing key, and opens a new epoch with them.
    ///
    /// The node must run and have heard every partner. Afterwards it has to be started again: until then it
    /// says nothing to other caisses. The old keys stay beside the new ones in the caisse's directory; printed
    /// cards stay good.
    Rotate {
        /// What the identity key needs.
        #[command(flatten)]
        word: Word,
    },
}

/// Epochs.
#[derive(Debug, Subcommand)]
pub enum Epoch {
    /// Opens a new epoch with the same keys. What others hold of our feeds beyond what this node holds no
    /// longer counts.
    Open {
        /// What the identity key needs.
        #[command(flatten)]
        word: Word,
        /// Does not wait for partners that were not heard since the start: what only they hold is left behind,
        /// also what we owe by it.
        #[arg(long)]
        wait_for_nobody: bool,
    },
    /// Writes the words that opened a caisse's epochs into a file, for a partner that cannot be reached.
    Export {
        /// The caisse: its name, or the beginning of its id; this one when absent.
        #[arg(long, value_name = "CAISSE")]
        of: Option<String>,
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Takes in such a file: the identity key in it must be one of the federation.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// What is said with the identity key.
#[derive(Debug, Args)]
pub struct Word {
    /// Why, for the people of all caisses.
    #[arg(long)]
    pub reason: String,
    /// The file of the identity key, if it is not in the caisse's directory.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Only shows what would be said.
    #[arg(long)]
    pub dry_run: bool,
}
