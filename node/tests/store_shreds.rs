//! What was deleted of a person can never be read again, whatever is left of it in the files.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger::records::{Kind, Records, Write};
use node::store::{Overlay, Store, StoreError};

const PERSONAL: [Kind; 4] = [Kind::Person, Kind::LineText, Kind::Note, Kind::BankDetails];
const DIR: &str = "CAISSE_STORE_SHRED_DIR";
const SLOT: usize = 64;

fn put(kind: Kind, key: &str, value: &str) -> Write {
    Write { kind, key: key.into(), value: Some(value.into()) }
}

fn delete(kind: Kind, key: &str) -> Write {
    Write { kind, key: key.into(), value: None }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("our own directory") {
        let path = entry.expect("it is there").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Returns the files in which some bytes stand.
fn holding(dir: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    files(dir, &mut all);
    let holds = |path: &PathBuf| {
        let text = std::fs::read(path).expect("our own file");
        text.windows(bytes.len()).any(|window| window == bytes)
    };
    all.into_iter().filter(holds).collect()
}

/// Returns the keys that the store holds.
fn keys(dir: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(dir.join("store/shreds")).expect("the store made it");
    let slots = bytes.chunks(SLOT).skip(1);
    let slots = slots.filter(|slot| slot.iter().any(|byte| *byte != 0));
    slots.map(|slot| slot[16..48].to_vec()).collect()
}

#[test]
fn a_personal_value_stands_in_no_file_and_after_its_deletion_its_key_stands_in_none() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::create(dir.path()).expect("the directory is empty");
    for kind in PERSONAL {
        store
            .commit(&[put(kind, "a", "Rose Pervanchoux"), put(kind, "b", "Octave")])
            .expect("room");
    }
    let before = keys(dir.path());
    assert_eq!(before.len(), 8);
    assert!(holding(dir.path(), b"Pervanchoux").is_empty());
    assert!(before.iter().all(|key| holding(dir.path(), key) == [dir.path().join("store/shreds")]));

    for kind in PERSONAL {
        store.commit(&[delete(kind, "a"), put(kind, "b", "Octave Lenoir")]).expect("room");
        assert_eq!(store.get(kind, b"a"), None);
        assert_eq!(store.range(kind, &[], &[], 9), [(b"b".into(), b"Octave Lenoir".into())]);
    }
    for _ in 0..2 {
        // Of what was deleted and of what was replaced.
        assert!(before.iter().all(|key| holding(dir.path(), key).is_empty()));
        assert_eq!(keys(dir.path()).len(), 4);
    }
    drop(store);
    let store = Store::open(dir.path()).expect("it was closed");
    assert!(before.iter().all(|key| holding(dir.path(), key).is_empty()));
    assert_eq!(store.get(Kind::Person, b"b"), Some(b"Octave Lenoir".into()));
}

#[test]
fn a_store_from_a_backup_with_the_keys_of_today_does_not_bring_back_whom_we_forgot() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::create(dir.path()).expect("the directory is empty");
    store
        .commit(&[put(Kind::Person, "a", "Rose"), put(Kind::Person, "b", "Octave")])
        .expect("room");
    drop(store);
    let db = dir.path().join("store/db");
    let backup = std::fs::read(&db).expect("the store made it");
    let store = Store::open(dir.path()).expect("it was closed");
    store.commit(&[delete(Kind::Person, "a")]).expect("room");
    drop(store);
    std::fs::write(&db, backup).expect("our own file");
    let entries = std::fs::read_dir(dir.path().join("store")).expect("our own directory");
    for index in entries.map(|entry| entry.expect("it is there").path()) {
        if index.to_string_lossy().contains("snap.") {
            std::fs::remove_file(index).expect("our own file");
        }
    }
    let store = Store::open(dir.path()).expect("the log is whole");
    assert_eq!(store.get(Kind::Person, b"a"), None);
    assert_eq!(store.range(Kind::Person, &[], &[], 9), [(b"b".into(), b"Octave".into())]);
    assert_eq!(store.failed(), None);
}

#[test]
fn a_batch_sees_its_own_personal_writes_among_the_stored_ones() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::create(dir.path()).expect("the directory is empty");
    let stored = ["a", "c", "e"].map(|key| put(Kind::Note, key, "stored"));
    store.commit(&stored).expect("room");
    let mut overlay = Overlay::new(&store);
    overlay.apply([put(Kind::Note, "b", "new"), put(Kind::Note, "c", "new")]);
    overlay.apply([delete(Kind::Note, "e")]);
    let seen = |overlay: &Overlay<'_>, limit| -> Vec<(Vec<u8>, Vec<u8>)> {
        overlay.range(Kind::Note, &[], &[], limit)
    };
    let row = |key: &str, value: &str| (key.into(), value.into());
    assert_eq!(seen(&overlay, 9), [row("a", "stored"), row("b", "new"), row("c", "new")]);
    assert_eq!(seen(&overlay, 2), [row("a", "stored"), row("b", "new")]);
    assert_eq!(overlay.get(Kind::Note, b"a"), Some(b"stored".into()));
    // Two writes of one commit to one place: the last counts, and only its key is kept.
    store.commit(&[put(Kind::Note, "a", "x"), put(Kind::Note, "a", "y")]).expect("room");
    assert_eq!(store.get(Kind::Note, b"a"), Some(b"y".into()));
    store.commit(&[put(Kind::Note, "z", "never stored"), delete(Kind::Note, "z")]).expect("room");
    assert_eq!((store.get(Kind::Note, b"z"), keys(dir.path()).len()), (None, 3));
    assert!(holding(dir.path(), b"stored").is_empty());
}

#[test]
fn a_missing_file_of_keys_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(Store::create(dir.path()).expect("the directory is empty"));
    std::fs::remove_file(dir.path().join("store/shreds")).expect("our own file");
    let refused = Store::open(dir.path()).expect_err("the keys are missing");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("shreds"), "{refused}");
}

const KEYS: u64 = 5;

/// The number `n` puts a person under one of a few keys, and deletes the one that is oldest.
fn churn(number: u64) -> Vec<Write> {
    let key = |number: u64| (number % KEYS).to_string();
    vec![
        put(Kind::Meta, "last", &number.to_string()),
        put(Kind::Person, &key(number), &format!("person {number}")),
        delete(Kind::Person, &key(number + 1)),
    ]
}

fn last(store: &Store) -> u64 {
    let text = store.get(Kind::Meta, b"last").unwrap_or_else(|| b"0".to_vec());
    String::from_utf8(text).expect("digits").parse().expect("a number")
}

/// Not a test of its own: the process that is killed. Without its variable it does nothing.
#[test]
fn helper_that_forgets_until_it_is_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = Store::open(dir.as_ref()).expect("the parent created it");
    for number in last(&store) + 1.. {
        store.commit(&churn(number)).expect("the disk has room");
        std::io::stderr().write_all(b"acknowledged\n").expect("the parent reads");
    }
}

#[test]
fn after_kill_9_every_person_has_a_key_and_every_key_a_person() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(Store::create(dir.path()).expect("the directory is empty"));
    for round in 0..25_u64 {
        let mut child = Command::new(std::env::current_exe().expect("a test has a path"))
            .args(["--exact", "helper_that_forgets_until_it_is_killed", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the test can start itself");
        let said = BufReader::new(child.stderr.take().expect("it is piped"));
        said.lines()
            .nth(usize::try_from(round).expect("small"))
            .expect("it commits")
            .expect("text");
        std::thread::sleep(Duration::from_micros(round * 137 % 2_000));
        child.kill().expect("it runs");
        child.wait().expect("it is ours");
        let store = Store::open(dir.path()).expect("a killed store opens");
        let mut expected: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for number in 1..=last(&store) {
            for Write { kind, key, value } in churn(number) {
                match value {
                    Some(value) if kind == Kind::Person => drop(expected.insert(key, value)),
                    None => drop(expected.remove(&key)),
                    Some(_) => {}
                }
            }
        }
        let found: BTreeMap<_, _> = store.range(Kind::Person, &[], &[], 99).into_iter().collect();
        assert_eq!(found, expected, "round {round}");
        assert_eq!(keys(dir.path()).len(), expected.len(), "round {round}");
    }
}
