//! Taking a store out whole, and putting it back: rows as they are stored, the personal ones encrypted.

use std::io;
use std::path::Path;

use super::{Store, StoreError, disk, erasures, held, names, schema, shreds};
use crate::store::Erasure;

/// A row as it is stored: its physical key and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// The key of a personal record, with its id.
pub type KeptKey = ([u8; 16], [u8; 32]);

/// Takes one row.
pub type Each<'a> = dyn FnMut(Row) -> Result<(), StoreError> + 'a;

/// Hands out rows one by one, the first failure ends it.
pub type Rows<'a> = dyn FnMut(&mut Each<'_>) -> Result<(), StoreError> + 'a;

/// Rows in one batch of a restore.
const ROWS: usize = 1_000;

impl Store {
    /// Returns the caisse's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Hands out every row as it is stored. Nothing may be committed meanwhile.
    ///
    /// # Errors
    /// What `each` says, or that the store failed.
    pub fn dump(
        &self,
        mut each: impl FnMut(&[u8], &[u8]) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        self.sled(|db| {
            db.iter().try_for_each(|row| {
                let (key, value) = row?;
                each(&key, &value).map_err(sled::Error::Io)
            })
        })
    }

    /// Returns the keys of all personal records.
    #[must_use]
    pub fn personal_keys(&self) -> Vec<KeptKey> {
        held(&self.shreds).all()
    }

    /// Returns what was erased.
    #[must_use]
    pub fn erasures(&self) -> Vec<Erasure> {
        held(&self.erasures).list().to_vec()
    }

    /// Makes the store of a directory from rows, without the personal records that were erased since.
    /// Returns how many of those there were.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if there is one; what `rows` says; [`StoreError::Io`].
    pub fn restore(
        dir: &Path,
        rows: &mut Rows<'_>,
        keys: Vec<KeptKey>,
        known: Vec<Erasure>,
        since: &[Erasure],
    ) -> Result<u64, StoreError> {
        // The version of its rows is among the rows.
        let store = Self::create_with(dir, schema::CURRENT)?;
        let keys = keys.into_iter().map(|(id, key)| shreds::Sealed::of(id, key)).collect();
        store.with_shreds(|shreds| shreds.keep(keys))?;
        let mut dropped = 0;
        let mut batch = sled::Batch::default();
        let mut waiting = 0;
        rows(&mut |(key, value)| {
            let kind = key.first().and_then(|name| names::kind(*name));
            let is_personal = kind.is_some_and(shreds::is_personal);
            if is_personal && since.iter().any(|erasure| erasure.is_of(&key)) {
                dropped += 1;
                return Ok(());
            }
            batch.insert(key, value);
            waiting += 1;
            if waiting == ROWS {
                waiting = 0;
                let full = std::mem::take(&mut batch);
                store.sled(|db| db.apply_batch(full))?;
            }
            Ok(())
        })?;
        store.sled(|db| {
            db.apply_batch(batch)?;
            db.flush()
        })?;
        held(&store.disk).sync().map_err(StoreError::io(dir))?;
        let mut all = known;
        let new: Vec<Erasure> = since.iter().filter(|e| !all.contains(e)).copied().collect();
        all.extend(new);
        held(&store.erasures).replace(all).map_err(StoreError::io(dir))?;
        disk::sync_directory(dir)?;
        drop(store);
        // Opening brings an older store forward, and wipes the keys of what was left out.
        Self::open(dir).map(|_| dropped)
    }
}

/// The name of the list of erasures in a caisse's directory.
pub const ERASURES: &str = erasures::FILE;
