//! Backups.

use std::path::PathBuf;

use clap::Args;

/// A backup to write.
///
/// Payments wait while it is written. Without --with-keys the caisse's own keys are not in it: keep a copy of
/// `keys/` in another place, for without it nobody can restore the caisse. Personal data is in it either way,
/// readable without --with-keys: keep it as safe as the caisse itself. Copy the file `erasures` of the
/// caisse's directory to the backups whenever someone was erased.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file, which must not exist.
    pub file: PathBuf,
    /// Puts the caisse's own keys into it too, and locks them and personal data with a passphrase of at least
    /// 12 characters, which is asked for.
    #[arg(long)]
    pub with_keys: bool,
    /// Takes the passphrase from the first line of a file.
    #[arg(long, value_name = "FILE", requires = "with_keys")]
    pub passphrase_file: Option<PathBuf>,
}

/// A backup to restore.
///
/// Members, cards and sales of the caisse's own since the backup are lost. What it promised to other caisses
/// is not: its node learns it from them before it speaks. Stop every other copy of the caisse first.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
    /// Where the caisse will be: a directory that is empty or not there.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Moves what is there aside first; nothing is destroyed.
    #[arg(long)]
    pub force: bool,
    /// The directory with the caisse's own keys, if they are not in the backup.
    #[arg(long, value_name = "KEYS-DIR")]
    pub keys: Option<PathBuf>,
    /// A list of what was erased since, the file `erasures` of the caisse's directory: that does not come
    /// back. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub erasures: Vec<PathBuf>,
    /// Takes the passphrase from the first line of a file.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Only checks the backup and shows what is in it.
    #[arg(long)]
    pub dry_run: bool,
}
