//! Writing a backup.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crdt::{Timestamp, wire};
use ledger::records::Kind;
use serde::{Deserialize, Serialize};

use super::passphrase::Lock;
use super::{BackupError, Head, MAGIC, Sealed, Secrets, io};
use crate::setup;
use crate::store::{Erasure, Store};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The file.
    pub file: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// Entries of the books.
    pub journal_entries: u64,
    /// Entries of feeds.
    pub feed_entries: u64,
    /// Whether the caisse's own keys are in it.
    pub with_keys: bool,
}

/// Writes a caisse into a new file, durably. Nothing may be committed meanwhile: who holds the machine, or
/// the store of a stopped node, calls this. With a lock the caisse's own keys are in it.
///
/// # Errors
/// [`BackupError`]; then no file is left.
pub fn write(
    store: &Store,
    file: &Path,
    lock: Option<&Lock>,
    now: Timestamp,
) -> Result<Written, BackupError> {
    if file.exists() {
        return Err(BackupError::Exists { path: file.to_owned() });
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unfinished = file.with_file_name(format!(".{name}.unfinished"));
    let written = write_unfinished(store, &unfinished, lock, now)
        .and_then(|head| publish(&unfinished, file).map(|bytes| (head, bytes)));
    match written {
        Ok((head, bytes)) => Ok(Written {
            file: file.to_owned(),
            bytes,
            journal_entries: head.journal_entries,
            feed_entries: head.feed_entries,
            with_keys: head.with_keys,
        }),
        Err(why) => {
            let _ = fs::remove_file(&unfinished);
            Err(why)
        }
    }
}

/// Gives the finished file its name, unless something has it by now.
fn publish(unfinished: &Path, file: &Path) -> Result<u64, BackupError> {
    fs::hard_link(unfinished, file).map_err(io(file))?;
    fs::remove_file(unfinished).map_err(io(unfinished))?;
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io(dir))?;
    Ok(fs::metadata(file).map_err(io(file))?.len())
}

fn head(store: &Store, with_keys: bool, now: Timestamp) -> Result<Head, BackupError> {
    let dir = store.dir();
    let contact = setup::load(dir)?.settings.contact;
    let (config, certificate) = (dir.join("caisse.toml"), dir.join("certificate"));
    Ok(Head {
        caisse: contact.id,
        name: contact.name,
        made: now,
        journal_entries: store.records(Kind::Journal)?,
        feed_entries: store.records(Kind::Feed)?,
        with_keys,
        config: fs::read_to_string(&config).map_err(io(&config))?,
        certificate: fs::read(&certificate).map_err(io(&certificate))?,
    })
}

fn secrets(store: &Store, with_keys: bool) -> Result<Secrets, BackupError> {
    let keys = if with_keys { crate::keys::files(store.dir())? } else { Vec::new() };
    let erasures = Erasure::bytes_of(&store.erasures());
    Ok(Secrets { personal: store.personal_keys(), erasures, keys })
}

fn write_unfinished(
    store: &Store,
    path: &Path,
    lock: Option<&Lock>,
    now: Timestamp,
) -> Result<Head, BackupError> {
    let head = head(store, lock.is_some(), now)?;
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut out =
        Hashing { file: BufWriter::new(file.map_err(io(path))?), hash: blake3::Hasher::new() };
    let failed = io(path);
    out.all(MAGIC).and_then(|()| out.part(&wire::encode(&head))).map_err(&failed)?;
    store.dump(|key, value| {
        out.part(&wire::encode(&(serde_bytes::Bytes::new(key), serde_bytes::Bytes::new(value))))
    })?;
    out.part(&[]).map_err(&failed)?;
    let plain = wire::encode(&secrets(store, lock.is_some())?);
    let before = *out.hash.finalize().as_bytes();
    let sealed = match lock {
        None => Sealed::Plain(plain),
        Some(lock) => {
            let too_large = || BackupError::Passphrase("there is too much to encrypt".to_owned());
            let bytes = lock.seal(&before, &plain).ok_or_else(too_large)?;
            Sealed::Locked { salt: lock.salt, bytes }
        }
    };
    out.part(&wire::encode(&sealed)).map_err(&failed)?;
    let checksum = *out.hash.finalize().as_bytes();
    out.all(&checksum).map_err(&failed)?;
    let file = out.file.into_inner().map_err(|why| failed(why.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(head)
}

struct Hashing {
    file: BufWriter<File>,
    hash: blake3::Hasher,
}

impl Hashing {
    fn all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.all(&length.to_le_bytes())?;
        self.all(bytes)
    }
}
