//! Damaged files lead to a clear error or to records that were really written, never to a panic and
//! never to records that nobody wrote.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ledger::records::{Kind, Records, Row, Write};
use node::store::{Store, StoreError};

/// Commits before and after the restart that makes sled write its index.
const COMMITS: u64 = 600;

fn value(number: u64) -> Vec<u8> {
    // One in a hundred is so large that it gets a file of its own.
    number.to_be_bytes().repeat(if number.is_multiple_of(100) { 30_000 } else { 60 })
}

/// A caisse whose store was closed once and then left as a crash leaves it: with a part of its log
/// that has to be replayed. Returns every row ever written.
fn caisse(dir: &Path) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    drop(Store::create(dir).expect("the directory is empty"));
    for half in 0..2 {
        let store = Store::open(dir).expect("it was closed");
        for number in half * COMMITS..(half + 1) * COMMITS {
            let (old, new) = (number.to_be_bytes().to_vec(), (number % 7).to_be_bytes().to_vec());
            let row = |key| (key, value(number));
            let write = |(key, value)| Write { kind: Kind::Journal, key, value: Some(value) };
            store.commit(&[write(row(old.clone())), write(row(new.clone()))]).expect("room");
            rows.extend([row(old), row(new)]);
        }
    }
    rows
}

fn copy(from: &Path) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for part in ["store", "store/blobs"] {
        fs::create_dir(dir.path().join(part)).expect("it is empty");
        for entry in fs::read_dir(from.join(part)).expect("it exists") {
            let path = entry.expect("it exists").path();
            if path.is_file() {
                let name = path.file_name().expect("a file has a name");
                fs::copy(&path, dir.path().join(part).join(name)).expect("room");
            }
        }
    }
    let store = dir.path().join("store");
    (dir, store)
}

/// Opens a store and reads all that is in it.
fn read(dir: &Path) -> Result<Vec<Row>, StoreError> {
    let store = Store::open(dir)?;
    let rows = store.range(Kind::Journal, &[], &[], usize::MAX);
    store.failed().map_or(Ok(rows), Err)
}

fn files(store: &Path) -> Vec<PathBuf> {
    let list = |dir: &Path| {
        let entries = fs::read_dir(dir).expect("it exists");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("it exists").path()).collect();
        paths.sort();
        paths
    };
    let mut files = list(store);
    files.extend(list(&store.join("blobs")));
    files.retain(|path| path.is_file());
    files
}

fn assert_clear(read: &Result<Vec<Row>, StoreError>, written: &BTreeSet<Row>, what: &str) {
    match read {
        Ok(rows) => {
            let foreign = rows.iter().filter(|row| !written.contains(*row)).count();
            assert_eq!(foreign, 0, "{what}: rows that nobody wrote");
        }
        Err(StoreError::Damaged { .. } | StoreError::Io { .. }) => {}
        Err(other) => panic!("{what}: {other}"),
    }
}

#[test]
fn a_flipped_byte_or_a_cut_anywhere_gives_an_error_or_true_records() {
    let original = tempfile::tempdir().expect("a temporary directory");
    let written = caisse(original.path());
    let whole = read(original.path()).expect("it is whole").len();
    let (mut refused, mut shorter, mut unharmed) = (0, 0, 0);
    let mut chance = 7_u64;
    for round in 0..60 {
        let (dir, store) = copy(original.path());
        let files = files(&store);
        let mut below = |bound: usize| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(chance >> 33).expect("31 bits") % bound
        };
        let log = store.join("db");
        // The log is by far the largest file; every other round is its.
        let path = if round % 2 == 0 { &log } else { &files[below(files.len())] };
        let mut bytes = fs::read(path).expect("it exists");
        let place = below(bytes.len());
        if round % 3 == 0 {
            bytes.truncate(place);
        } else {
            bytes[place] ^= 1 << below(8);
        }
        fs::write(path, bytes).expect("our own file");

        let read = read(dir.path());
        let name = path.file_name().expect("a file has a name");
        assert_clear(&read, &written, &format!("round {round}: {name:?} at {place}"));
        match read {
            Err(_) => refused += 1,
            Ok(rows) if rows.len() < whole => shorter += 1,
            Ok(_) => unharmed += 1,
        }
    }
    println!("{refused} refused, {shorter} opened with records missing, {unharmed} unharmed");
    assert!(refused > 0 && unharmed > 0);
}

#[test]
fn a_missing_or_emptied_file_is_named_as_damage() {
    let original = tempfile::tempdir().expect("a temporary directory");
    let written = caisse(original.path());
    for name in ["db", "conf", "blobs"] {
        let (dir, store) = copy(original.path());
        let path = store.join(name);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .expect("it exists");
        let refused = read(dir.path()).expect_err("it is needed").to_string();
        assert!(refused.contains("is damaged") && refused.contains(name), "{refused}");
        assert!(!path.exists(), "{name}: nothing is put in its place");
    }
    for path in files(&original.path().join("store")) {
        let (dir, store) = copy(original.path());
        let inside = path.strip_prefix(original.path().join("store")).expect("it is inside");
        if inside == Path::new("conf") {
            continue; // sled writes it again: it holds nothing but its settings.
        }
        fs::write(store.join(inside), b"").expect("our own file");
        let read = read(dir.path());
        if inside.starts_with("blobs") {
            // A blob of the part that sled replays ends the replay, as a damaged message there does.
            assert_clear(&read, &written, &format!("{inside:?} was emptied"));
            continue;
        }
        assert!(read.is_err(), "{inside:?} was emptied and nobody noticed");
    }
}

#[test]
fn an_index_that_a_killed_start_left_unfinished_is_no_damage() {
    let original = tempfile::tempdir().expect("a temporary directory");
    caisse(original.path());
    let whole = read(original.path()).expect("it is whole");
    let index = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("snap.").then(|| name.to_owned())
    };
    let names: Vec<String> =
        files(&original.path().join("store")).iter().filter_map(|p| index(p)).collect();
    let [name] = names.as_slice() else { panic!("one index: {names:?}") };
    for kept in ["the index before", "no index before"] {
        for bytes in [0, 1, 12, 13, 1_000, usize::MAX] {
            let (dir, store) = copy(original.path());
            let finished = fs::read(store.join(name)).expect("it exists");
            let part = &finished[..bytes.min(finished.len())];
            if kept == "no index before" {
                fs::remove_file(store.join(name)).expect("it exists");
            }
            // One of the same place, and one of a later place, as a start after more commits makes it.
            for unfinished in
                [format!("{name}.generating"), "snap.00000000FFFFFFFF.generating".to_owned()]
            {
                fs::write(store.join(unfinished), part).expect("our own file");
            }
            let what = format!("{bytes} bytes of an index, {kept}");
            let rows = read(dir.path()).unwrap_or_else(|why| panic!("{what}: {why}"));
            assert!(rows == whole, "{what}: {} of {} rows", rows.len(), whole.len());
            let is_left = |path: &PathBuf| path.display().to_string().ends_with(".generating");
            let left = files(&store).into_iter().filter(is_left);
            assert_eq!(left.count(), 0, "{what}: it is still there");
        }
    }
}

#[test]
fn a_store_that_failed_answers_nothing_and_takes_nothing() {
    let original = tempfile::tempdir().expect("a temporary directory");
    caisse(original.path());
    let (dir, store) = copy(original.path());
    fs::remove_dir_all(store.join("blobs")).expect("it exists");
    fs::create_dir(store.join("blobs")).expect("it is free");
    let Ok(store) = Store::open(dir.path()) else { return };
    let rows = store.range(Kind::Journal, &[], &[], usize::MAX);
    assert!(rows.is_empty(), "half an answer is none");
    let failed = store.failed().expect("blobs are missing");
    assert_eq!(store.get(Kind::Journal, &1_u64.to_be_bytes()), None);
    assert_eq!(store.commit(&[]), Err(failed.clone()));
    assert_eq!(store.records(Kind::Meta), Err(failed));
}
