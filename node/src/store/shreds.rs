//! The keys of personal records: what is forgotten when a person is erased.
//!
//! sled never surely overwrites: what was deleted can stand in its log and its blobs for long. So the
//! value of a personal record is encrypted, each with a key of its own that is used once, and the keys
//! lie in one small file, `shreds`. Deleting or replacing a record overwrites its key in place. What
//! is left of the value in sled's files can then never be read again.
//!
//! A commit that touches personal records has three steps: new keys reach the disk, then the records,
//! then the old keys are wiped. A crash between two of them leaves keys that no record names; opening
//! the store wipes those. So once a deletion is acknowledged its key is gone, and a record that is
//! there always has its key.
//!
//! The file is an array of slots of 64 bytes, which never straddle a sector of the disk. The first says
//! what the file is; each other holds the id of a key, the key and a checksum, or is zero when free. On a file system or a disk that writes elsewhere
//! than it is told (copy-on-write, flash), old bytes can outlive this below the files; against that
//! only encryption of the whole disk helps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use crdt::digest::keyed;
use ledger::records::Kind;

/// The name of the file in the store's directory.
pub(super) const FILE: &str = "shreds";

/// Bytes of a slot: a divisor of every sector's length.
const SLOT: usize = 64;

/// Bytes of a key's id, of a key, and of the checksum over both.
const ID: usize = 16;
const KEY: usize = 32;
const CHECK: usize = SLOT - ID - KEY;

/// The first slot.
const HEADER: &[u8; SLOT] = b"caisse shreds v1: the keys of personal records; wiped by erasure";

/// Names a key, at random.
pub(super) type KeyId = [u8; ID];

/// Returns whether the values of a kind are encrypted: those that say something of a person and must
/// be erasable.
pub(super) const fn is_personal(kind: Kind) -> bool {
    matches!(kind, Kind::Person | Kind::LineText | Kind::Note | Kind::BankDetails)
}

/// What a stored value turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// This.
    Value(Vec<u8>),
    /// Its key was wiped: it can never be read again.
    Shredded,
    /// Its key is there and does not fit it.
    Damaged,
}

/// A key and where it lies.
struct Held {
    slot: u64,
    key: [u8; KEY],
}

/// The file of keys.
pub(super) struct Shreds {
    file: File,
    held: BTreeMap<KeyId, Held>,
    free: Vec<u64>,
    /// Slots that do not hold what their checksum says.
    broken: Vec<u64>,
    /// Slots in the file, free ones included.
    slots: u64,
}

impl std::fmt::Debug for Shreds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shreds({} keys)", self.held.len())
    }
}

impl Shreds {
    /// Creates the file, empty and durable, in a store's directory.
    pub(super) fn create(store: &Path) -> io::Result<()> {
        let path = store.join(FILE);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all_at(HEADER, 0)?;
        file.sync_all()?;
        File::open(store)?.sync_all()
    }

    /// Reads the file.
    pub(super) fn open(store: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(store.join(FILE))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if !bytes.starts_with(HEADER) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not hold keys"));
        }
        let slots = bytes.len().div_ceil(SLOT) as u64;
        bytes.resize(bytes.len().next_multiple_of(SLOT), 0);
        let (free, broken) = (Vec::new(), Vec::new());
        let mut shreds = Self { file, held: BTreeMap::new(), free, broken, slots };
        for (slot, bytes) in (0..).zip(bytes.chunks_exact(SLOT)).skip(1) {
            match read_slot(bytes) {
                Some((id, key)) => drop(shreds.held.insert(id, Held { slot, key })),
                None if bytes.iter().all(|byte| *byte == 0) => shreds.free.push(slot),
                None => shreds.broken.push(slot),
            }
        }
        Ok(shreds)
    }

    /// Makes a key and encrypts a value with it. The key is not on the disk before [`Self::keep`].
    ///
    /// The nonce is constant because the key is never used for another value. The record's place is
    /// authenticated too, so that no value can stand in for another.
    pub(super) fn seal(&self, place: &[u8], value: &[u8]) -> io::Result<(Sealed, Vec<u8>)> {
        let mut chance = [0; ID + KEY];
        getrandom::fill(&mut chance).map_err(|why| io::Error::other(why.to_string()))?;
        let (id, key) = chance.split_at(ID);
        let id: KeyId = id.try_into().map_err(io::Error::other)?;
        let key: [u8; KEY] = key.try_into().map_err(io::Error::other)?;
        let payload = Payload { msg: value, aad: place };
        let sealed = ChaCha20Poly1305::new(&Key::from(key)).encrypt(&Nonce::default(), payload);
        let sealed =
            sealed.map_err(|_| io::Error::other("a value is too large to be encrypted"))?;
        Ok((Sealed { id, key }, [id.as_slice(), &sealed].concat()))
    }

    /// Returns every key with its id.
    pub(super) fn all(&self) -> Vec<(KeyId, [u8; KEY])> {
        self.held.iter().map(|(id, held)| (*id, held.key)).collect()
    }

    /// Puts new keys on stable storage.
    pub(super) fn keep(&mut self, new: Vec<Sealed>) -> io::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        for Sealed { id, key } in new {
            let slot = self.free.pop().unwrap_or(self.slots);
            self.slots = self.slots.max(slot + 1);
            self.file.write_all_at(&slot_bytes(&id, &key), slot * SLOT as u64)?;
            self.held.insert(id, Held { slot, key });
        }
        self.file.sync_data()
    }

    /// Overwrites keys; they are gone from the file and from stable storage when it returns.
    pub(super) fn wipe(&mut self, ids: &BTreeSet<KeyId>) -> io::Result<()> {
        let slots: Vec<u64> =
            ids.iter().filter_map(|id| Some(self.held.remove(id)?.slot)).collect();
        self.clear(&slots)
    }

    /// Finishes what a crash interrupted: overwrites every key that no record names. Returns how many.
    ///
    /// A broken slot was never acknowledged, or was being wiped, and no record names its key. If
    /// one may, the file is damaged.
    pub(super) fn finish(&mut self, named: &BTreeSet<KeyId>) -> io::Result<usize> {
        if !self.broken.is_empty() && named.iter().any(|id| !self.held.contains_key(id)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it holds broken keys"));
        }
        let unused: BTreeSet<KeyId> =
            self.held.keys().filter(|id| !named.contains(*id)).copied().collect();
        let broken = std::mem::take(&mut self.broken);
        self.clear(&broken)?;
        self.wipe(&unused)?;
        Ok(unused.len() + broken.len())
    }

    fn clear(&mut self, slots: &[u64]) -> io::Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        for slot in slots {
            self.file.write_all_at(&[0; SLOT], slot * SLOT as u64)?;
        }
        self.file.sync_data()?;
        self.free.extend(slots);
        Ok(())
    }

    /// Decrypts a stored value.
    pub(super) fn open_value(&self, place: &[u8], stored: &[u8]) -> Opened {
        let Some((id, sealed)) = stored.split_first_chunk::<ID>() else { return Opened::Damaged };
        let Some(Held { key, .. }) = self.held.get(id) else { return Opened::Shredded };
        let payload = Payload { msg: sealed, aad: place };
        let opened = ChaCha20Poly1305::new(&Key::from(*key)).decrypt(&Nonce::default(), payload);
        opened.map_or(Opened::Damaged, Opened::Value)
    }
}

/// A key that encrypted a value and is not kept yet.
pub(super) struct Sealed {
    pub(super) id: KeyId,
    key: [u8; KEY],
}

impl Sealed {
    /// Takes a key of a backup.
    pub(super) const fn of(id: KeyId, key: [u8; KEY]) -> Self {
        Self { id, key }
    }
}

/// Returns the id of the key of a stored value.
pub(super) fn key_id(stored: &[u8]) -> Option<KeyId> {
    stored.first_chunk().copied()
}

fn checksum(id: &KeyId, key: &[u8; KEY]) -> [u8; CHECK] {
    let hash = keyed(key, "caisse v1 shred", id);
    let mut check = [0; CHECK];
    check.copy_from_slice(&hash[..CHECK]);
    check
}

fn slot_bytes(id: &KeyId, key: &[u8; KEY]) -> Vec<u8> {
    [id.as_slice(), key, &checksum(id, key)].concat()
}

fn read_slot(bytes: &[u8]) -> Option<(KeyId, [u8; KEY])> {
    let (id, rest) = bytes.split_first_chunk::<ID>()?;
    let (key, check) = rest.split_first_chunk::<KEY>()?;
    (check == checksum(id, key)).then_some((*id, *key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_at_its_place_with_its_key_and_never_after_that_was_wiped() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Shreds::create(dir.path()).expect("it is empty");
        let mut shreds = Shreds::open(dir.path()).expect("it was made");
        let (sealed, stored) = shreds.seal(b"here", b"Rose").expect("there is chance");
        let (id, key) = (sealed.id, sealed.key);
        shreds.keep(vec![sealed]).expect("the disk has room");
        let mut shreds = Shreds::open(dir.path()).expect("it was made");
        assert_eq!(shreds.open_value(b"here", &stored), Opened::Value(b"Rose".to_vec()));
        assert_eq!(shreds.open_value(b"elsewhere", &stored), Opened::Damaged);
        let mut flipped = stored.clone();
        flipped[ID] ^= 1;
        assert_eq!(shreds.open_value(b"here", &flipped), Opened::Damaged);
        let file = || std::fs::read(dir.path().join(FILE)).expect("it was made");
        assert!(file().windows(KEY).any(|bytes| bytes == key));
        shreds.wipe(&BTreeSet::from([id])).expect("the disk has room");
        assert_eq!(shreds.open_value(b"here", &stored), Opened::Shredded);
        assert_eq!(file()[SLOT..], [0; SLOT]);
        // The slot is used again.
        let (sealed, _) = shreds.seal(b"here", b"Octave").expect("there is chance");
        shreds.keep(vec![sealed]).expect("the disk has room");
        assert_eq!(file().len(), 2 * SLOT);
    }

    #[test]
    fn a_broken_slot_is_wiped_unless_a_record_may_need_it() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Shreds::create(dir.path()).expect("it is empty");
        let mut shreds = Shreds::open(dir.path()).expect("it was made");
        let made: Vec<_> = [1, 2].map(|n| shreds.seal(b"p", &[n]).expect("there is chance")).into();
        let stored: Vec<_> = made.iter().map(|(_, stored)| stored.clone()).collect();
        let ids: Vec<_> = made.iter().map(|(sealed, _)| sealed.id).collect();
        shreds.keep(made.into_iter().map(|(sealed, _)| sealed).collect()).expect("room");
        let path = dir.path().join(FILE);
        let mut bytes = std::fs::read(&path).expect("it was made");
        bytes[2 * SLOT + 20] ^= 1;
        bytes.extend([7; 10]);
        std::fs::write(&path, &bytes).expect("our own file");
        let mut shreds = Shreds::open(dir.path()).expect("the header is whole");
        assert!(shreds.finish(&ids.iter().copied().collect()).is_err(), "both are needed");
        assert_eq!(std::fs::read(&path).expect("it was made"), bytes, "nothing was touched");
        assert_eq!(shreds.finish(&BTreeSet::from([ids[0]])).expect("room"), 2);
        assert_eq!(shreds.open_value(b"p", &stored[0]), Opened::Value(vec![1]));
        assert_eq!(shreds.open_value(b"p", &stored[1]), Opened::Shredded);
        let bytes = std::fs::read(&path).expect("it was made");
        assert!(bytes[2 * SLOT..].iter().all(|byte| *byte == 0), "{bytes:?}");
    }
}
