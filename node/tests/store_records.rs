//! The store holds what it was given, and shows a batch its own writes.

use std::path::Path;

use ledger::records::{Kind, MemoryRecords, Records, Write};
use node::store::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Overlay, Store, StoreError};

/// A small seeded generator (xorshift), so that a failing run can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Three neighbouring kinds, so that a range that leaves its kind is seen.
    fn kind(&mut self) -> Kind {
        [Kind::Member, Kind::Person, Kind::Card][usize::try_from(self.below(3)).expect("small")]
    }

    /// Few and short keys, so that they meet; the empty one and 255s among them.
    fn key(&mut self) -> Vec<u8> {
        let length = self.below(4);
        (0..length)
            .map(|_| [0, 1, 127, 255][usize::try_from(self.below(4)).expect("small")])
            .collect()
    }

    fn write(&mut self) -> Write {
        let value = match self.below(4) {
            0 => None,
            _ => Some(vec![7; usize::try_from(self.below(40)).expect("small")]),
        };
        Write { kind: self.kind(), key: self.key(), value }
    }
}

fn write(kind: Kind, key: &[u8], value: &[u8]) -> Write {
    Write { kind, key: key.to_vec(), value: Some(value.to_vec()) }
}

fn empty() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::create(dir.path()).expect("the directory is empty");
    (dir, store)
}

fn assert_same(a: &dyn Records, b: &dyn Records, chance: &mut Chance, hint: &str) {
    for _ in 0..20 {
        let (kind, key, to, limit) = (chance.kind(), chance.key(), chance.key(), chance.below(12));
        let limit = usize::try_from(limit).expect("small");
        assert_eq!(a.get(kind, &key), b.get(kind, &key), "{hint}: {kind:?} {key:?}");
        let rows = (a.range(kind, &key, &to, limit), b.range(kind, &key, &to, limit));
        assert_eq!(rows.0, rows.1, "{hint}: {kind:?} {key:?}..{to:?}, at most {limit}");
    }
    for kind in Kind::ALL {
        let rows = (a.range(kind, &[], &[], usize::MAX), b.range(kind, &[], &[], usize::MAX));
        assert_eq!(rows.0, rows.1, "{hint}: all of {kind:?}");
    }
}

#[test]
fn a_batch_reads_the_store_and_its_own_writes_as_one() {
    for seed in 1..=20_u64 {
        let (dir, mut store) = empty();
        let (mut chance, mut expected) = (Chance(seed), MemoryRecords::default());
        for round in 0..12 {
            let hint = format!("seed {seed}, round {round}");
            let mut overlay = Overlay::new(&store);
            for _ in 0..4 {
                let writes: Vec<_> = (0..chance.below(12)).map(|_| chance.write()).collect();
                overlay.apply(writes.clone());
                expected.apply(writes);
                assert_same(&overlay, &expected, &mut chance, &hint);
            }
            store.commit(&overlay.into_writes()).expect("small records fit");
            assert_same(&store, &expected, &mut chance, &hint);
            assert_eq!(store.failed(), None, "{hint}");
            if chance.below(4) == 0 {
                drop(store);
                store = Store::open(dir.path()).expect("it was closed");
                assert_same(&store, &expected, &mut chance, &hint);
            }
        }
    }
}

#[test]
fn of_two_writes_of_a_key_in_a_commit_the_last_one_stays() {
    let (_dir, store) = empty();
    let delete = Write { kind: Kind::Card, key: b"a".to_vec(), value: None };
    let last = write(Kind::Card, b"a", b"last");
    store.commit(&[write(Kind::Card, b"a", b"first"), delete, last]).expect("it fits");
    assert_eq!(store.get(Kind::Card, b"a"), Some(b"last".to_vec()));
    assert_eq!(store.records(Kind::Card), Ok(1));
    assert_eq!(store.records(Kind::Meta), Ok(0), "the store's own records are nobody else's");
}

#[test]
fn a_record_over_the_limit_is_refused_and_nothing_of_its_commit_is_written() {
    let (_dir, store) = empty();
    let small = write(Kind::Card, b"small", b"value");
    let too_long = vec![1; MAX_KEY_BYTES + 1];
    let too_large = vec![1; MAX_VALUE_BYTES + 1];
    for large in [write(Kind::Feed, &too_long, b""), write(Kind::Feed, b"key", &too_large)] {
        let refused = store.commit(&[small.clone(), large]).expect_err("over the limit");
        assert!(matches!(refused, StoreError::TooLarge { kind: Kind::Feed, .. }), "{refused}");
        assert_eq!(store.records(Kind::Card), Ok(0));
    }
    assert_eq!(store.failed(), None, "a refusal is not a failure");
    store.commit(&[small]).expect("it fits");
}

#[test]
fn values_up_to_the_limit_come_back_after_a_restart() {
    let (dir, store) = empty();
    let sizes = [0, 1, 100_000, 131_072, 524_288, 1_000_000, MAX_VALUE_BYTES];
    let value = |size: usize| (0..=250).cycle().take(size).collect::<Vec<u8>>();
    for (place, size) in (0_u8..).zip(sizes) {
        store.commit(&[write(Kind::Feed, &[place], &value(size))]).expect("within the limit");
    }
    assert!(store.disk_bytes().expect("the files are there") > 5_000_000);
    drop(store);
    let store = Store::open(dir.path()).expect("it was closed");
    for (place, size) in (0_u8..).zip(sizes) {
        assert_eq!(store.get(Kind::Feed, &[place]), Some(value(size)), "{size} bytes");
    }
}

#[test]
fn two_copies_of_a_caisse_stop_each_other() {
    let (dir, store) = empty();
    let in_use = StoreError::InUse { dir: dir.path().to_owned() };
    assert_eq!(Store::open(dir.path()).expect_err("the first holds it"), in_use);
    assert_eq!(Store::create(dir.path()).expect_err("the first holds it"), in_use);
    let words = format!("another caisse process uses {}", dir.path().display());
    assert!(in_use.to_string().starts_with(&words), "{in_use}");
    store.commit(&[write(Kind::Meta, b"a", b"b")]).expect("the first goes on");
    drop(store);
    Store::open(dir.path()).expect("it is free again");
}

#[test]
fn a_store_is_created_once_and_opened_only_where_there_is_one() {
    let (dir, store) = empty();
    store.commit(&[write(Kind::Meta, b"a", b"b")]).expect("it fits");
    drop(store);
    let exists = StoreError::Exists { dir: dir.path().to_owned() };
    assert_eq!(Store::create(dir.path()).expect_err("there is one"), exists);
    let store = Store::open(dir.path()).expect("the refusal changed nothing");
    assert_eq!(store.get(Kind::Meta, b"a"), Some(b"b".to_vec()));

    let other = tempfile::tempdir().expect("a temporary directory");
    let missing = |dir: &Path| StoreError::Missing { dir: dir.to_owned() };
    for dir in [other.path().to_owned(), other.path().join("nowhere")] {
        let refused = Store::open(&dir).expect_err("there is none");
        assert_eq!(refused, missing(&dir));
        assert!(refused.to_string().contains("caisse init"), "{refused}");
    }
    assert!(std::fs::read_dir(other.path()).expect("it exists").next().is_none(), "left as it was");
}

#[test]
fn what_a_crash_left_of_a_creation_does_not_hinder_the_next() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir_all(dir.path().join("store.new/blobs")).expect("our own directory");
    std::fs::write(dir.path().join("store.new/db"), b"half").expect("our own file");
    Store::create(dir.path()).expect("half a store is none");
}

#[test]
fn nobody_but_the_owner_may_read_the_records() {
    use std::os::unix::fs::PermissionsExt as _;

    let (dir, _store) = empty();
    let mode = |name: &str| {
        let metadata = std::fs::metadata(dir.path().join(name)).expect("it was just made");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("store"), 0o700);
}
