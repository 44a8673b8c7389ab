//! Where the binaries under test are: beside the one that runs, whatever the target folder is called.

use std::path::{Path, PathBuf};

use crate::Trouble;

/// Finds `caisse` beside this executable.
///
/// # Errors
/// [`Trouble::NotBuilt`] if it is not there.
pub fn caisse() -> Result<PathBuf, Trouble> {
    beside("caisse")
        .map_err(|path| Trouble::NotBuilt { path, build: "cargo build --workspace --bins" })
}

/// Finds `simulate` beside this executable, if it is there.
#[must_use]
pub fn simulate() -> Option<PathBuf> {
    beside("simulate").ok()
}

/// Finds a binary in the folder of this executable; a test runs from `deps` below that folder. On
/// failure returns where it should be.
fn beside(name: &str) -> Result<PathBuf, PathBuf> {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().unwrap_or(Path::new("."));
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let path = folder.join(name);
    if path.is_file() { Ok(path) } else { Err(path) }
}
