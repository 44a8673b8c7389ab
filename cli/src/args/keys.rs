//! Fork proofs, keys, epochs.

use std::path::PathBuf;

use clap::Subcommand;

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
}
