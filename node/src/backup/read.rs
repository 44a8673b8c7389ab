//! Reading a backup, and making a caisse of it.

use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use crdt::{Timestamp, wire};
use serde::{Deserialize, Serialize};

use super::passphrase::Passphrase;
use super::{BackupError, CHECKSUM, Head, MAGIC, PART_BYTES, SECRETS_BYTES, Sealed, Secrets, io};
use crate::keys;
use crate::setup::SetupError;
use crate::store::{ERASURES, Each, Erasure, Store, StoreError, StoredRow};

/// A backup whose checksum holds.
#[derive(Debug)]
pub struct Backup {
    path: PathBuf,
    /// What it says of itself.
    pub head: Head,
    /// Records in it.
    pub rows: u64,
    /// Whether a passphrase locks its secrets.
    pub locked: bool,
    sealed: Sealed,
    before: [u8; 32],
}

/// What is restored, and where to.
#[derive(Debug)]
pub struct Restore<'a> {
    /// Where the caisse will be.
    pub dir: &'a Path,
    /// Moves what is there aside.
    pub force: bool,
    /// Opens the secrets.
    pub passphrase: Option<&'a Passphrase>,
    /// A directory with the caisse's own keys, if they are not in the backup.
    pub keys: Option<&'a Path>,
    /// Lists of what was erased since.
    pub erasures: &'a [PathBuf],
    /// The time by this machine's clock.
    pub now: Timestamp,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// Where the caisse is.
    pub dir: PathBuf,
    /// Where what was there is now.
    pub aside: Option<PathBuf>,
    /// Whether the caisse has its keys.
    pub has_keys: bool,
    /// Personal records that were left out because they were erased after the backup.
    pub erased: u64,
    /// Whether a list of erasures was known besides the backup's own.
    pub with_erasures: bool,
}

impl Backup {
    /// Reads a backup to its end and checks it.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`], [`BackupError::Damaged`] or [`BackupError::Io`].
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let mut rows = 0;
        let (head, sealed, before) = scan(path, &mut |_| {
            rows += 1;
            Ok(())
        })?;
        let locked = matches!(sealed, Sealed::Locked { .. });
        Ok(Self { path: path.to_owned(), head, rows, locked, sealed, before })
    }

    fn secrets(&self, passphrase: Option<&Passphrase>) -> Result<Secrets, BackupError> {
        let locked = |why| BackupError::Locked { path: self.path.clone(), why };
        let bytes = match &self.sealed {
            Sealed::Plain(bytes) => bytes.clone(),
            Sealed::Locked { salt, bytes } => {
                let passphrase = passphrase.ok_or_else(|| locked("give it"))?;
                let lock = passphrase.with_salt(*salt)?;
                lock.open(&self.before, bytes).ok_or_else(|| locked("this is another one"))?
            }
        };
        wire::decode(&bytes)
            .map_err(|why| BackupError::Damaged { path: self.path.clone(), why: why.to_string() })
    }
}

/// Makes a caisse of a backup in a directory that is empty or not there. It is made beside that directory
/// and gets its name when it is whole.
///
/// # Errors
/// [`BackupError`]; then the directory is as it was.
pub fn restore(backup: &Backup, how: &Restore<'_>) -> Result<Restored, BackupError> {
    let secrets = backup.secrets(how.passphrase)?;
    let occupied = fs::read_dir(how.dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !how.force {
        return Err(BackupError::InUse { dir: how.dir.to_owned() });
    }
    let beside = |what: &str| {
        let name = how.dir.file_name().unwrap_or_default().to_string_lossy();
        how.dir.with_file_name(format!("{name}.{what}"))
    };
    let new = beside("restoring");
    let mut lists = how.erasures.to_vec();
    // Whoever restores over a caisse knows what it has erased.
    let own = how.dir.join(ERASURES);
    lists.extend(own.exists().then_some(own));
    let keys = how.keys.map(Path::to_owned);
    let keys = keys.or_else(|| Some(how.dir.join("keys")).filter(|keys| keys.is_dir()));
    if new.exists() {
        fs::remove_dir_all(&new).map_err(io(&new))?;
    }
    let made = make(backup, secrets, &new, keys.as_deref(), &lists);
    let (has_keys, erased) = made.inspect_err(|_| drop(fs::remove_dir_all(&new)))?;
    let aside = if occupied {
        let _stopped = stopped(how.dir)?;
        let names = (how.now.as_ms()..).map(|time| beside(&format!("before-{time}")));
        let Some(aside) = names.into_iter().find(|aside| !aside.exists()) else {
            return Err(BackupError::InUse { dir: how.dir.to_owned() });
        };
        fs::rename(how.dir, &aside).map_err(io(how.dir))?;
        Some(aside)
    } else {
        let _ = fs::remove_dir(how.dir);
        None
    };
    fs::rename(&new, how.dir).map_err(io(how.dir))?;
    let parent = how.dir.parent().filter(|dir| !dir.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(io(parent))?;
    let with_erasures = !lists.is_empty();
    Ok(Restored { dir: how.dir.to_owned(), aside, has_keys, erased, with_erasures })
}

/// Makes sure that no node runs in a directory, as long as what is returned lives.
fn stopped(dir: &Path) -> Result<Option<Store>, BackupError> {
    match Store::open(dir) {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::InUse { .. }) => Err(BackupError::Runs { dir: dir.to_owned() }),
        // Perhaps it is restored because it is damaged.
        Err(_) => Ok(None),
    }
}

/// Makes the directory. Returns whether it has its keys, and how many records were left out.
fn make(
    backup: &Backup,
    secrets: Secrets,
    dir: &Path,
    keys: Option<&Path>,
    lists: &[PathBuf],
) -> Result<(bool, u64), BackupError> {
    let known = Erasure::list(&secrets.erasures);
    let mut since = Vec::new();
    for list in lists {
        let all = Erasure::read(list).map_err(io(list))?;
        since.extend(all.into_iter().filter(|erasure| !known.contains(erasure)));
    }
    fs::create_dir_all(dir).map_err(io(dir))?;
    let mut stream = |each: &mut Each<'_>| {
        scan(&backup.path, &mut |row| each(row).map_err(BackupError::from)).map(drop).map_err(
            |why| match why {
                BackupError::Store(why) => why,
                other => StoreError::Damaged { dir: dir.to_owned(), why: other.to_string() },
            },
        )
    };
    let erased = Store::restore(dir, &mut stream, secrets.personal, known, &since)?;
    for (name, bytes) in
        [("caisse.toml", backup.head.config.as_bytes()), ("certificate", &backup.head.certificate)]
    {
        let path = dir.join(name);
        fs::write(&path, bytes).map_err(io(&path))?;
        File::open(&path).and_then(|file| file.sync_all()).map_err(io(&path))?;
    }
    let own = if secrets.keys.is_empty() {
        keys.map(keys::files_in).transpose()?
    } else {
        Some(secrets.keys)
    };
    let has_keys = own.is_some();
    if let Some(own) = own {
        keys::put_files(dir, &own)?;
        // The keys must be those of this caisse. If it has changed them since the backup, the certificate
        // that goes with them lies beside them.
        let newer = keys.and_then(Path::parent).map(|of| of.join("certificate"));
        if let Err(why) = crate::setup::load(dir) {
            let newer = newer.filter(|newer| newer.exists()).ok_or(why)?;
            fs::copy(&newer, dir.join("certificate")).map_err(io(&newer))?;
            let loaded = crate::setup::load(dir)?;
            if loaded.settings.contact.id != backup.head.caisse {
                // Another caisse's keys with another caisse's certificate fit each other, not this backup.
                return Err(SetupError::Certificate { path: newer }.into());
            }
        }
    }
    Ok((has_keys, erased))
}

/// Reads a backup from its first byte to its last; the checksum is known to hold when it returns.
fn scan(
    path: &Path,
    each: &mut dyn FnMut(StoredRow) -> Result<(), BackupError>,
) -> Result<(Head, Sealed, [u8; 32]), BackupError> {
    let file = File::open(path).map_err(io(path))?;
    let mut from = Hashed { path, file: BufReader::new(file), hash: blake3::Hasher::new() };
    let mut magic = vec![0; MAGIC.len()];
    let not_one =
        |why: &str| BackupError::NotABackup { path: path.to_owned(), why: why.to_owned() };
    from.fill(&mut magic).map_err(|_| not_one("it is too short"))?;
    if magic != MAGIC {
        return Err(not_one("its first line is another"));
    }
    let head: Head = from.decode(PART_BYTES)?;
    loop {
        let part = from.part(PART_BYTES)?;
        if part.is_empty() {
            break;
        }
        let row: (serde_bytes::ByteBuf, serde_bytes::ByteBuf) = from.read(&part)?;
        each((row.0.into_vec(), row.1.into_vec()))?;
    }
    let before = *from.hash.finalize().as_bytes();
    let sealed = from.decode(SECRETS_BYTES)?;
    let computed = from.hash.finalize();
    let mut checksum = [0; CHECKSUM];
    from.fill(&mut checksum)?;
    let mut more = [0; 1];
    if computed != checksum || from.file.read(&mut more).map_err(io(path))? != 0 {
        return Err(from.damaged("its checksum does not hold"));
    }
    Ok((head, sealed, before))
}

struct Hashed<'a> {
    path: &'a Path,
    file: BufReader<File>,
    hash: blake3::Hasher,
}

impl Hashed<'_> {
    fn damaged(&self, why: &str) -> BackupError {
        BackupError::Damaged { path: self.path.to_owned(), why: why.to_owned() }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.file.read_exact(bytes).map_err(|_| self.damaged("it is cut short"))?;
        self.hash.update(bytes);
        Ok(())
    }

    fn part(&mut self, most: u32) -> Result<Vec<u8>, BackupError> {
        let mut length = [0; 4];
        self.fill(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > most {
            return Err(self.damaged("a part of it is too large"));
        }
        // No more is set aside than is really there.
        let mut bytes = Vec::new();
        let read = (&mut self.file).take(length.into()).read_to_end(&mut bytes);
        if read.map_err(io(self.path))? != length as usize {
            return Err(self.damaged("it is cut short"));
        }
        self.hash.update(&bytes);
        Ok(bytes)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, part: &[u8]) -> Result<T, BackupError> {
        wire::decode(part).map_err(|_| self.damaged("a part of it does not decode"))
    }

    fn decode<T: serde::de::DeserializeOwned>(&mut self, most: u32) -> Result<T, BackupError> {
        let part = self.part(most)?;
        self.read(&part)
    }
}
