//! The files of a store and what brings them to stable storage.
//!
//! sled 0.34 keeps in its directory `db` (the log, one file of 512 KiB segments), `blobs/` (one file
//! for each message over a quarter of a segment: a large value, or a page of several), `snap.*` (an
//! index rewritten at each start, which it syncs itself) and `conf` (written once). Its `flush()`
//! ends in `sync_file_range`, which neither empties the disk's own cache nor writes the file's new
//! length; and it never syncs a blob. So [`Disk::sync`] must follow every flush.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::StoreError;

/// Open handles on the files that every commit syncs.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    log: File,
    blobs: File,
    synced_blobs: BTreeSet<OsString>,
}

impl Disk {
    /// Opens the files of an open sled database and syncs what it wrote while it opened.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let log = File::open(path.join("db"))?;
        let blobs = File::open(path.join("blobs"))?;
        let mut disk = Self { path: path.to_owned(), log, blobs, synced_blobs: BTreeSet::new() };
        File::open(path.join("conf"))?.sync_all()?;
        disk.sync()?;
        // The names of the files above, and of a snapshot that was put in the place of another.
        File::open(path)?.sync_all()?;
        Ok(disk)
    }

    /// Returns once everything that sled has flushed is on stable storage.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.sync_blobs()?;
        self.log.sync_data()
    }

    /// Syncs the blobs that came since the last time. There are few (pages over 128 KiB), so looking
    /// costs microseconds beside the half millisecond of the log's sync. A blob never changes.
    fn sync_blobs(&mut self) -> io::Result<()> {
        let directory = self.path.join("blobs");
        let mut found = BTreeSet::new();
        let mut is_new = false;
        for entry in fs::read_dir(&directory)? {
            let name = entry?.file_name();
            if !self.synced_blobs.contains(&name) {
                is_new |= sync_blob(&directory.join(&name))?;
            }
            found.insert(name);
        }
        if is_new {
            self.blobs.sync_all()?;
        }
        self.synced_blobs = found;
        Ok(())
    }

    /// Returns the bytes of all files of the store.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for directory in [self.path.clone(), self.path.join("blobs")] {
            for entry in fs::read_dir(directory)? {
                match entry?.metadata() {
                    Ok(metadata) if metadata.is_file() => bytes += metadata.len(),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(bytes)
    }
}

/// Syncs one blob; returns whether it was still there: sled removes those that are no longer used.
fn sync_blob(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Ok(blob) => blob.sync_all().map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes an index that sled had not finished when its process was killed in the middle of a start.
///
/// sled writes its index under a name of its own and then renames it, but at the next start it takes the
/// unfinished file for the latest index (it leaves out another ending than the one it gives) and refuses to
/// open. The index before it, if any, is whole, and so is the log, from which sled makes it again.
pub(super) fn remove_unfinished_index(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::info!(file = %name, "removing an index that an interrupted start left unfinished");
            fs::remove_file(path.join(name.as_ref()))?;
        }
    }
    Ok(())
}

/// Takes the lock of a caisse's directory, which lasts as long as the returned file is open.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io(path)(error)),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(StoreError::io(dir))
}
