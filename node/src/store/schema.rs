//! The version of what the records mean, and the way forward from older versions.

use ledger::records::{Records, Write};

use super::{Store, StoreError, names};

/// What brings a store from one version to the next: it reads the old records and returns the
/// writes. They are committed together with the new version number, so a crash in the middle
/// leaves the old store.
pub(super) type Migration = fn(&dyn Records) -> Vec<Write>;

/// The versions that a program knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    /// The oldest version that it brings forward.
    pub(super) oldest: u32,
    /// One migration for each version from the oldest on; the version after the last is current.
    pub(super) migrations: &'static [Migration],
}

/// The schema of this program. Version 1, in which personal records were not encrypted, was never
/// released: no way leads from it to here.
pub(super) const CURRENT: Schema = Schema { oldest: 2, migrations: &[] };

impl Schema {
    /// Returns the current version.
    pub(super) fn current(&self) -> u32 {
        self.oldest + u32::try_from(self.migrations.len()).expect("a handful of migrations")
    }

    /// Checks the version of an open store, and brings it forward if it is older.
    pub(super) fn check(&self, store: &Store) -> Result<(), StoreError> {
        let dir = || store.dir.clone();
        let known = self.current();
        let mut version = read_version(store)?;
        if version > known {
            return Err(StoreError::Newer { dir: dir(), found: version, known });
        }
        while version < known {
            let step = version.checked_sub(self.oldest).and_then(|step| usize::try_from(step).ok());
            let Some(migrate) = step.and_then(|step| self.migrations.get(step)) else {
                break;
            };
            tracing::info!(from = version, to = version + 1, "bringing the store forward");
            let writes = migrate(store);
            version += 1;
            store.commit_with_version(&writes, version)?;
        }
        if version < known {
            return Err(StoreError::TooOld { dir: dir(), found: version, oldest: self.oldest });
        }
        Ok(())
    }
}

/// Reads the version. Every store has one from the moment it has its name, so a store without one
/// has lost it.
fn read_version(store: &Store) -> Result<u32, StoreError> {
    let found = store.sled(|db| db.get(names::SCHEMA))?;
    let bytes = found.as_deref().and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    bytes.map(u32::from_be_bytes).ok_or_else(|| StoreError::Damaged {
        dir: store.dir.clone(),
        why: "its schema version is missing".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use ledger::records::Kind;

    use super::*;

    const FIRST: Schema = Schema { oldest: 1, migrations: &[] };
    const SECOND: Schema = Schema { oldest: 1, migrations: &[double_every_member] };
    const LATER: Schema = Schema { oldest: 2, migrations: &[] };

    fn double_every_member(records: &dyn Records) -> Vec<Write> {
        let rows = records.range(Kind::Member, &[], &[], usize::MAX);
        rows.into_iter()
            .map(|(key, value)| Write { kind: Kind::Member, key, value: Some(value.repeat(2)) })
            .collect()
    }

    fn store_with_one_member(dir: &std::path::Path, schema: Schema) {
        let store = Store::create_with(dir, schema).expect("an empty directory");
        let value = Some(b"ada".to_vec());
        let write = Write { kind: Kind::Member, key: b"m1".to_vec(), value };
        store.commit(&[write]).expect("a small record fits");
    }

    #[test]
    fn a_store_of_a_newer_schema_is_refused_and_stays_as_it_is() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        store_with_one_member(dir.path(), SECOND);
        let refused = Store::open_with(dir.path(), FIRST).expect_err("it is newer");
        let expected = StoreError::Newer { dir: dir.path().to_owned(), found: 2, known: 1 };
        assert_eq!(refused, expected);
        assert!(refused.to_string().contains("install that one"), "{refused}");
        let store = Store::open_with(dir.path(), SECOND).expect("the newer program opens it");
        assert_eq!(store.get(Kind::Member, b"m1"), Some(b"ada".to_vec()));
    }

    #[test]
    fn an_older_store_is_brought_forward_once() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        store_with_one_member(dir.path(), FIRST);
        for _ in 0..2 {
            let store = Store::open_with(dir.path(), SECOND).expect("a migration is known");
            assert_eq!(store.get(Kind::Member, b"m1"), Some(b"adaada".to_vec()));
        }
    }

    #[test]
    fn a_store_older_than_every_known_migration_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        store_with_one_member(dir.path(), FIRST);
        let refused = Store::open_with(dir.path(), LATER).expect_err("version 1 is not known");
        let expected = StoreError::TooOld { dir: dir.path().to_owned(), found: 1, oldest: 2 };
        assert_eq!(refused, expected);
    }
}
