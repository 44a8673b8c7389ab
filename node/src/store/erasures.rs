//! What was erased: a list by which a backup made before loses the same when it is restored.
//!
//! It lies in the caisse's directory, beside the store, so that it can be copied to where the backups are.
//! It says nothing of anyone: an entry is the random id of a key that was wiped, and the hash of the place
//! where the record stood. An entry is durable before its record is deleted. If the deletion then never
//! happened, the record still names its key when the store is opened, and the entry is forgotten.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crdt::digest::keyed;

use super::shreds::KeyId;

/// The name of the file in the caisse's directory.
pub const FILE: &str = "erasures";

/// The first line.
const HEADER: &[u8] = b"caisse erasures v1: give it to `caisse restore`\n";

const ID: usize = 16;
const ENTRY: usize = ID + 32;

/// That a personal record was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Erasure {
    id: KeyId,
    place: [u8; 32],
}

impl Erasure {
    pub(super) fn new(id: KeyId, place: &[u8]) -> Self {
        Self { id, place: hash(place) }
    }

    /// Returns whether it is about the record at a place.
    #[must_use]
    pub(super) fn is_of(&self, place: &[u8]) -> bool {
        self.place == hash(place)
    }

    fn bytes(&self) -> Vec<u8> {
        [self.id.as_slice(), &self.place].concat()
    }

    /// Reads a list.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it is none.
    pub fn read(path: &Path) -> io::Result<Vec<Self>> {
        let bytes = fs::read(path)?;
        let Some(list) = bytes.strip_prefix(HEADER) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no list of erasures"));
        };
        Ok(Self::list(list))
    }

    /// Returns the entries of the bytes of a list. The last can be incomplete: then it was never
    /// acknowledged.
    pub(crate) fn list(bytes: &[u8]) -> Vec<Self> {
        let entry = |entry: &[u8]| {
            let (id, place) = entry.split_first_chunk::<ID>()?;
            Some(Self { id: *id, place: place.try_into().ok()? })
        };
        bytes.chunks_exact(ENTRY).filter_map(entry).collect()
    }

    pub(crate) fn bytes_of(list: &[Self]) -> Vec<u8> {
        list.iter().flat_map(Self::bytes).collect()
    }
}

fn hash(place: &[u8]) -> [u8; 32] {
    keyed(&[0; 32], "caisse v1 erased place", place)
}

/// The list of a caisse.
#[derive(Debug)]
pub(super) struct Erasures {
    path: PathBuf,
    list: Vec<Erasure>,
}

impl Erasures {
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        match Erasure::read(&path) {
            Ok(list) => Ok(Self { path, list }),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                Ok(Self { path, list: Vec::new() })
            }
            Err(why) => Err(why),
        }
    }

    pub(super) fn list(&self) -> &[Erasure] {
        &self.list
    }

    /// Adds entries; they are on stable storage when it returns.
    pub(super) fn add(&mut self, new: &[Erasure]) -> io::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        if self.list.is_empty() {
            self.list.extend(new);
            return self.write();
        }
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        file.write_all(&Erasure::bytes_of(new))?;
        file.sync_all()?;
        self.list.extend(new);
        Ok(())
    }

    /// Takes out what was not deleted after all, and an incomplete end.
    pub(super) fn forget(&mut self, named: &BTreeSet<KeyId>) -> io::Result<()> {
        let before = self.list.len();
        self.list.retain(|erasure| !named.contains(&erasure.id));
        let length = HEADER.len() + before * ENTRY;
        let is_whole = fs::metadata(&self.path).map_or(before == 0, |m| m.len() == length as u64);
        if self.list.len() == before && is_whole { Ok(()) } else { self.write() }
    }

    /// Replaces the whole list.
    pub(super) fn replace(&mut self, list: Vec<Erasure>) -> io::Result<()> {
        self.list = list;
        if self.list.is_empty() { Ok(()) } else { self.write() }
    }

    /// Writes the list anew, under another name first: a crash leaves one or the other.
    fn write(&self) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&[HEADER, &Erasure::bytes_of(&self.list)].concat())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        self.path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_deleted_after_all_is_forgotten_and_an_incomplete_end_is_cut() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut list = Erasures::open(dir.path()).expect("empty");
        let of = |n: u8| Erasure::new([n; ID], &[n]);
        list.add(&[of(1)]).expect("room");
        list.add(&[of(2), of(3)]).expect("room");
        let path = dir.path().join(FILE);
        let mut bytes = fs::read(&path).expect("it was made");
        bytes.extend([7; 20]);
        fs::write(&path, bytes).expect("our own file");
        let mut again = Erasures::open(dir.path()).expect("its beginning is whole");
        assert_eq!(again.list(), [of(1), of(2), of(3)]);
        again.forget(&BTreeSet::from([[2; ID]])).expect("room");
        again.add(&[of(4)]).expect("room");
        let read = Erasure::read(&path).expect("a list");
        assert_eq!(read, [of(1), of(3), of(4)]);
        assert!(read[0].is_of(&[1]) && !read[0].is_of(&[2]));
    }
}
