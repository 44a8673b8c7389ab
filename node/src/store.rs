//! How records reach the disk and come back: the only code that names sled.
//!
//! The machine's `Persist` is a barrier: what follows it happens only once it is on stable storage.
//! So [`Store::commit`] is all or nothing over all kinds of records, and durable when it returns.
//! All records live in one sled tree (the reason is in `names`), one batch of sled is one commit,
//! and a sync of the files follows it (the reason is in `disk`). What says something of a person is
//! encrypted, so that it can be erased (`shreds`).
//!
//! What a damaged file does, as tried by flipping and cutting bytes: sled checks a checksum on every
//! message, so foreign bytes are never read as records. A damaged index, page or blob is an error
//! when it is read. A damaged message in the part of the log that sled replays at start (what came
//! since the start before) ends the replay of its segment *silently*: later records are lost and the
//! store opens. No checksum here can tell that from a crash; the hash chains of the books and of the
//! feeds can, and `caisse verify` checks them.

mod backup;
mod disk;
mod erasures;
mod error;
mod names;
mod overlay;
mod schema;
mod shreds;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ledger::records::{Kind, Records, Row, Write};

pub use backup::{ERASURES, Each, KeptKey, Row as StoredRow, Rows};
use disk::Disk;
pub use erasures::Erasure;
use erasures::Erasures;
pub use error::StoreError;
pub use overlay::Overlay;
use schema::Schema;
use shreds::{KeyId, Opened, Sealed, Shreds};

/// Bytes of one value: sixteen times the largest body of a feed entry, because sled writes up to
/// sixteen values into one page, and rewrites the page for each of them.
pub const MAX_VALUE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of one key: the longest of ours joins three hashes of 32 bytes; sled repeats keys in every
/// level of its tree.
pub const MAX_KEY_BYTES: usize = 512;

/// The permissions of the store's directory.
const PRIVATE: u32 = 0o700;

/// Bytes of sled's page cache: books and feeds are read by range and seldom twice, what is needed
/// often is held by the machine.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// How long to wait for sled's own lock, which threads of a store that this process has just
/// closed may hold for an instant. Other processes are kept away by our lock, which is taken first.
const LINGERING_LOCK: Duration = Duration::from_secs(2);

/// How often to ask for it.
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// The records of one caisse on disk. One process at a time holds a directory.
///
/// The first failure is remembered: from then on reads answer nothing and commits are refused, so
/// that nothing is decided on half of the truth.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    db: sled::Db,
    /// Held during a commit, so commits come one after the other.
    disk: Mutex<Disk>,
    /// The keys of personal records. Locked after `disk` by who locks both.
    shreds: Mutex<Shreds>,
    /// What was erased, for those who restore an older backup. Locked last.
    erasures: Mutex<Erasures>,
    failed: Mutex<Option<StoreError>>,
    /// Declared last, hence released last.
    _lock: File,
}

impl Store {
    /// Creates an empty store in a caisse's directory, which may exist but not hold a store.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is one, [`StoreError::InUse`], [`StoreError::Io`].
    pub fn create(dir: &Path) -> Result<Self, StoreError> {
        Self::create_with(dir, schema::CURRENT)
    }

    /// Opens the store of a caisse's directory, and brings it to the current schema.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::InUse`], [`StoreError::Newer`],
    /// [`StoreError::TooOld`], [`StoreError::Damaged`] or [`StoreError::Io`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, schema::CURRENT)
    }

    fn create_with(dir: &Path, schema: Schema) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(StoreError::io(dir))?;
        let lock = disk::lock(dir)?;
        let (path, unfinished) = (dir.join("store"), dir.join("store.new"));
        if path.exists() {
            return Err(StoreError::Exists { dir: dir.to_owned() });
        }
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(StoreError::io(&unfinished))?;
        }
        // The records name people: nobody else on this machine may read them.
        let private = DirBuilder::new().mode(PRIVATE).create(&unfinished);
        private.map_err(StoreError::io(&unfinished))?;
        Shreds::create(&unfinished).map_err(StoreError::io(&unfinished))?;
        // It gets its name when it is complete: a crash in the middle leaves no store, not half a one.
        let store = Self::start(dir, &unfinished, lock)?;
        store.commit_with_version(&[], schema.current())?;
        drop(store);
        fs::rename(&unfinished, &path).map_err(StoreError::io(&path))?;
        disk::sync_directory(dir)?;
        Self::open_with(dir, schema)
    }

    fn open_with(dir: &Path, schema: Schema) -> Result<Self, StoreError> {
        let path = dir.join("store");
        if !path.is_dir() {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        let lock = disk::lock(dir)?;
        // sled would put new, empty files in their place.
        for file in ["db", "conf", "blobs", shreds::FILE] {
            if !path.join(file).exists() {
                let why = format!("its file `{file}` is missing");
                return Err(StoreError::Damaged { dir: dir.to_owned(), why });
            }
        }
        let store = Self::start(dir, &path, lock)?;
        schema.check(&store)?;
        store.finish_shredding()?;
        Ok(store)
    }

    fn start(dir: &Path, path: &Path, lock: File) -> Result<Self, StoreError> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .mode(sled::Mode::HighThroughput)
            .use_compression(false)
            // Every commit flushes.
            .flush_every_ms(None);
        disk::remove_unfinished_index(path).map_err(StoreError::io(path))?;
        let db = guarded(dir, || open_when_unlocked(&config))?;
        let disk = Disk::open(path).map_err(StoreError::io(path))?;
        let shreds = Mutex::new(Shreds::open(path).map_err(shreds_failed(dir))?);
        let erasures = Mutex::new(Erasures::open(dir).map_err(StoreError::io(dir))?);
        let (failed, disk) = (Mutex::new(None), Mutex::new(disk));
        Ok(Self { dir: dir.to_owned(), db, disk, shreds, erasures, failed, _lock: lock })
    }

    /// Wipes keys that no record names: a crash came between a commit's steps.
    fn finish_shredding(&self) -> Result<(), StoreError> {
        let mut named = BTreeSet::new();
        for kind in Kind::ALL.into_iter().filter(|kind| shreds::is_personal(*kind)) {
            let Some(bounds) = names::bounds(kind, &[], &[]) else { continue };
            let read = |db: &sled::Db| {
                db.range(bounds).map(|row| row.map(|(_, value)| shreds::key_id(&value))).collect()
            };
            let ids: Vec<Option<KeyId>> = self.sled(read)?;
            named.extend(ids.into_iter().flatten());
        }
        held(&self.erasures).forget(&named).map_err(StoreError::io(&self.dir))?;
        let wiped = self.with_shreds(|shreds| shreds.finish(&named))?;
        if wiped > 0 {
            tracing::info!(keys = wiped, "finished an interrupted erasure of keys");
        }
        Ok(())
    }

    /// Writes all of `writes`, in order, or nothing; they are on stable storage when it returns.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] before anything is written. Any other error, among them the one
    /// that a read met before, means that the store must be given up: whether the writes are
    /// there will be known when it is opened again.
    pub fn commit(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.write(writes, None)
    }

    fn commit_with_version(&self, writes: &[Write], version: u32) -> Result<(), StoreError> {
        self.write(writes, Some(version))
    }

    fn write(&self, writes: &[Write], version: Option<u32>) -> Result<(), StoreError> {
        if let Some(failed) = self.failed() {
            return Err(failed);
        }
        writes.iter().try_for_each(check_size)?;
        if writes.is_empty() && version.is_none() {
            return Ok(());
        }
        let mut disk = held(&self.disk);
        let personal = self.encrypt(writes)?;
        let mut batch = sled::Batch::default();
        for Write { kind, key, value } in writes {
            let key = names::physical(*kind, key);
            // Of several writes to one place the last counts: that is the one in `personal`.
            let is_personal = shreds::is_personal(*kind);
            let value = if is_personal { personal.values.get(&key) } else { value.as_ref() };
            match value {
                Some(value) => batch.insert(key, value.as_slice()),
                None => batch.remove(key),
            }
        }
        if let Some(version) = version {
            batch.insert(names::SCHEMA, &version.to_be_bytes());
        }
        let Personal { new, old, erased, .. } = personal;
        held(&self.erasures)
            .add(&erased)
            .map_err(|error| self.fail(StoreError::io(&self.dir)(error)))?;
        if !new.is_empty() {
            self.with_shreds(|shreds| shreds.keep(new))?;
        }
        self.sled(|db| {
            db.apply_batch(batch)?;
            db.flush()
        })?;
        disk.sync().map_err(|error| self.fail(StoreError::io(self.dir.join("store"))(error)))?;
        if old.is_empty() { Ok(()) } else { self.with_shreds(|shreds| shreds.wipe(&old)) }
    }

    /// Encrypts the personal ones among some writes. Most commits have none, and pay nothing.
    fn encrypt(&self, writes: &[Write]) -> Result<Personal, StoreError> {
        let mut personal = Personal::default();
        for Write { kind, key, value } in writes.iter().filter(|w| shreds::is_personal(w.kind)) {
            let place = names::physical(*kind, key);
            let stored = self.sled(|db| db.get(&place))?;
            let old = stored.as_deref().and_then(shreds::key_id);
            personal.old.extend(old);
            personal.erased.retain(|erasure| !erasure.is_of(&place));
            let Some(value) = value else {
                personal.values.remove(&place);
                personal.erased.extend(old.map(|id| Erasure::new(id, &place)));
                continue;
            };
            let (key, sealed) = self.with_shreds(|shreds| shreds.seal(&place, value))?;
            personal.values.insert(place, sealed);
            personal.new.push(key);
        }
        // Of several writes to one place only the last is stored.
        let stored: BTreeSet<KeyId> =
            personal.values.values().filter_map(|value| shreds::key_id(value)).collect();
        personal.new.retain(|key| stored.contains(&key.id));
        Ok(personal)
    }

    fn with_shreds<T>(
        &self,
        work: impl FnOnce(&mut Shreds) -> std::io::Result<T>,
    ) -> Result<T, StoreError> {
        let done = work(&mut held(&self.shreds));
        done.map_err(|error| self.fail(shreds_failed(&self.dir)(error)))
    }

    /// Returns a stored row without its tree's name, decrypted; `None` if it can never be read again.
    fn logical(&self, (place, value): (sled::IVec, sled::IVec)) -> sled::Result<Option<Row>> {
        let key = || place.get(1..).unwrap_or_default().to_vec();
        let kind = place.first().and_then(|name| names::kind(*name));
        if !kind.is_some_and(shreds::is_personal) {
            return Ok(Some((key(), value.to_vec())));
        }
        match held(&self.shreds).open_value(&place, &value) {
            Opened::Value(value) => Ok(Some((key(), value))),
            Opened::Shredded => Ok(None),
            Opened::Damaged => {
                let why = "a personal record does not fit its key".to_owned();
                Err(sled::Error::Unsupported(why))
            }
        }
    }

    /// Returns the first failure, if there was one.
    #[must_use]
    pub fn failed(&self) -> Option<StoreError> {
        held(&self.failed).clone()
    }

    /// Returns how many records of a kind there are. Reads all of them.
    ///
    /// # Errors
    /// The failure that the reading met, or an earlier one.
    pub fn records(&self, kind: Kind) -> Result<u64, StoreError> {
        let Some(bounds) = names::bounds(kind, &[], &[]) else {
            return Ok(0);
        };
        self.sled(|db| db.range(bounds).try_fold(0, |count, row| row.map(|_| count + 1)))
    }

    /// Returns the bytes of the store's files.
    ///
    /// # Errors
    /// [`StoreError::Io`] if they cannot be listed.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        held(&self.disk).bytes().map_err(StoreError::io(self.dir.join("store")))
    }

    /// Works with sled unless the store has failed, and remembers a failure.
    fn sled<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        if let Some(failed) = self.failed() {
            return Err(failed);
        }
        guarded(&self.dir, || work(&self.db)).map_err(|error| self.fail(error))
    }

    /// Remembers the first failure and returns it.
    fn fail(&self, error: StoreError) -> StoreError {
        let mut failed = held(&self.failed);
        if failed.is_none() {
            tracing::error!(%error, "the store has failed");
        }
        failed.get_or_insert(error).clone()
    }
}

impl Records for Store {
    fn get(&self, kind: Kind, key: &[u8]) -> Option<Vec<u8>> {
        let place = names::physical(kind, key);
        let found = self.sled(|db| match db.get(&place)? {
            Some(value) => self.logical((place.as_slice().into(), value)),
            None => Ok(None),
        });
        found.ok().flatten().map(|(_, value)| value)
    }

    fn range(&self, kind: Kind, from: &[u8], to: &[u8], limit: usize) -> Vec<Row> {
        let Some(bounds) = names::bounds(kind, from, to) else {
            return Vec::new();
        };
        let read = |db: &sled::Db| {
            let rows = db.range(bounds).map(|row| row.and_then(|row| self.logical(row)));
            rows.filter_map(Result::transpose).take(limit).collect()
        };
        self.sled(read).unwrap_or_default()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.failed().is_some() {
            // sled would flush once more when its last handle goes, into files that are not to be
            // trusted, and could wait for ever: keep one handle until the process ends.
            std::mem::forget(self.db.clone());
        }
    }
}

/// Says what is wrong with the file of keys.
fn shreds_failed(dir: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    move |error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            let why = format!("its file `{}`: {error}", shreds::FILE);
            StoreError::Damaged { dir: dir.to_owned(), why }
        }
        _ => StoreError::io(dir.join("store").join(shreds::FILE))(error),
    }
}

/// What a commit does with personal records.
#[derive(Default)]
struct Personal {
    /// The encrypted values, by physical key.
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Their keys.
    new: Vec<Sealed>,
    /// The keys of what they replace, and of what is deleted.
    old: BTreeSet<KeyId>,
    /// What is deleted and not written again.
    erased: Vec<Erasure>,
}

/// Refuses a record that the store does not take.
fn check_size(Write { kind, key, value }: &Write) -> Result<(), StoreError> {
    let value_bytes = value.as_ref().map_or(0, Vec::len);
    for (bytes, limit) in [(key.len(), MAX_KEY_BYTES), (value_bytes, MAX_VALUE_BYTES)] {
        if bytes > limit {
            return Err(StoreError::TooLarge { kind: *kind, bytes, limit });
        }
    }
    Ok(())
}

/// Opens sled's files, waiting a moment for sled's own lock.
fn open_when_unlocked(config: &sled::Config) -> sled::Result<sled::Db> {
    let mut waited = Duration::ZERO;
    loop {
        match config.open() {
            Err(sled::Error::Io(error))
                if waited < LINGERING_LOCK && error.to_string().contains("acquire lock") =>
            {
                std::thread::sleep(LOCK_RETRY);
                waited += LOCK_RETRY;
            }
            opened => return opened,
        }
    }
}

/// Turns sled's errors into ours, and its panics too: it answers some damage with an assertion.
///
/// Unwinding out of sled can leave its memory in any state, so a store that met a panic is never
/// used again: opening returns no store, and an open one is marked as failed.
fn guarded<T>(dir: &Path, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    let damaged = |why: String| StoreError::Damaged { dir: dir.to_owned(), why };
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(sled::Error::Io(error))) => Err(StoreError::io(dir.join("store"))(error)),
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(damaged(format!("sled gave up: {}", text.unwrap_or("no reason given"))))
        }
    }
}

/// Locks a mutex even if a thread panicked with it: what they hold here is whole at any moment.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
