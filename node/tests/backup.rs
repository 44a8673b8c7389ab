//! A backup holds what the store held, and nothing that was changed in it is restored.

use std::path::{Path, PathBuf};

use crdt::Timestamp;
use ledger::records::{Kind, Records, Write};
use node::backup::{Backup, BackupError, Passphrase, Restore, Restored, restore, write};
use node::setup;
use node::store::{ERASURES, Store};

const NOW: Timestamp = Timestamp::from_ms(1_795_500_000_000);

fn put(kind: Kind, key: &str, value: &str) -> Write {
    Write { kind, key: key.into(), value: Some(value.into()) }
}

fn delete(kind: Kind, key: &str) -> Write {
    Write { kind, key: key.into(), value: None }
}

/// Makes a caisse with two persons.
fn caisse(home: &Path) -> PathBuf {
    let (dir, config) = (home.join("caisse"), home.join("config.toml"));
    std::fs::write(&config, include_str!("../../configs/default.toml")).expect("our own directory");
    setup::init(&dir, &config).expect("a new caisse");
    let store = Store::open(&dir).expect("it was made");
    let people = [put(Kind::Person, "rose", "Rose P"), put(Kind::Person, "octave", "Octave L")];
    store.commit(&people).expect("room");
    store.commit(&[put(Kind::Meta, "m", "a fact")]).expect("room");
    dir
}

fn backed_up(dir: &Path, file: &Path, passphrase: Option<&Passphrase>) {
    let lock = passphrase.map(|p| p.lock().expect("there is memory"));
    let store = Store::open(dir).expect("nobody has it");
    write(&store, file, lock.as_ref(), NOW).expect("room");
}

fn how(dir: &Path) -> Restore<'_> {
    Restore { dir, force: false, passphrase: None, keys: None, erasures: &[], now: NOW }
}

fn restored(file: &Path, how: &Restore<'_>) -> Result<Restored, BackupError> {
    restore(&Backup::open(file)?, how)
}

fn person(dir: &Path, key: &str) -> Option<String> {
    let store = Store::open(dir).expect("it was restored");
    let value = store.get(Kind::Person, key.as_bytes());
    value.map(|value| String::from_utf8(value).expect("a name"))
}

#[test]
fn what_was_backed_up_is_restored_with_its_persons_and_keys() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (dir, file) = (caisse(home.path()), home.path().join("b"));
    let passphrase = Passphrase::new("quatre mots pris au hasard").expect("long enough");
    backed_up(&dir, &file, Some(&passphrase));
    let bytes = std::fs::read(&file).expect("it is there");
    let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    let node = std::fs::read(dir.join("keys/node")).expect("a key");
    assert!(!holds(b"Rose P") && !holds(&node), "what is secret is locked");

    let to = home.path().join("new");
    let locked = restored(&file, &how(&to)).expect_err("it is locked");
    assert!(matches!(locked, BackupError::Locked { .. }), "{locked}");
    let wrong = Passphrase::new("un autre mot de passe").expect("long enough");
    let locked = restored(&file, &Restore { passphrase: Some(&wrong), ..how(&to) });
    assert!(matches!(locked, Err(BackupError::Locked { .. })), "{locked:?}");
    assert!(!to.exists());
    let done = restored(&file, &Restore { passphrase: Some(&passphrase), ..how(&to) });
    assert!(done.expect("the right one").has_keys);
    assert_eq!(person(&to, "rose").as_deref(), Some("Rose P"));
    let store = Store::open(&to).expect("it was restored");
    assert_eq!(store.get(Kind::Meta, b"m"), Some(b"a fact".to_vec()));
    assert_eq!(std::fs::read(to.join("keys/node")).expect("a key"), node);
    setup::load(&to).expect("it can run");
    let again = write(&store, &file, None, NOW);
    assert!(matches!(again, Err(BackupError::Exists { .. })), "{again:?}");
}

#[test]
fn nothing_is_overwritten_and_what_is_moved_aside_is_whole() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (dir, file) = (caisse(home.path()), home.path().join("b"));
    backed_up(&dir, &file, None);
    let store = Store::open(&dir).expect("nobody has it");
    store.commit(&[put(Kind::Meta, "m", "a later fact")]).expect("room");
    let refused = restored(&file, &how(&dir));
    assert!(matches!(refused, Err(BackupError::InUse { .. })), "{refused:?}");
    let refused = restored(&file, &Restore { force: true, ..how(&dir) });
    assert!(matches!(refused, Err(BackupError::Runs { .. })), "{refused:?}");
    drop(store);
    let done = restored(&file, &Restore { force: true, ..how(&dir) }).expect("forced");
    let aside = done.aside.expect("something was there");
    let fact = |dir: &Path| Store::open(dir).expect("a store").get(Kind::Meta, b"m");
    assert_eq!(fact(&aside), Some(b"a later fact".to_vec()));
    assert_eq!(fact(&dir), Some(b"a fact".to_vec()));
    assert!(done.has_keys, "the keys are taken from what was there");
}

#[test]
fn whoever_was_erased_after_the_backup_does_not_come_back() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (dir, file) = (caisse(home.path()), home.path().join("b"));
    backed_up(&dir, &file, None);
    let store = Store::open(&dir).expect("nobody has it");
    // Changed first, then erased; the other one is only changed.
    let change = [put(Kind::Person, "rose", "Rose Q"), put(Kind::Person, "octave", "Octave M")];
    store.commit(&change).expect("room");
    store.commit(&[delete(Kind::Person, "rose")]).expect("room");
    drop(store);
    let list = [home.path().join("erased-since")];
    std::fs::copy(dir.join(ERASURES), &list[0]).expect("there is a list");
    let (with, without) = (home.path().join("with"), home.path().join("without"));
    let keys = dir.join("keys");
    let to = |dir| Restore { keys: Some(&keys), ..how(dir) };
    let done = restored(&file, &Restore { erasures: &list, ..to(&with) }).expect("restored");
    assert_eq!((done.erased, done.with_erasures), (1, true));
    assert_eq!(person(&with, "rose"), None);
    assert_eq!(person(&with, "octave").as_deref(), Some("Octave L"));
    let key = Store::open(&with).expect("restored").personal_keys().len();
    assert_eq!(key, 1, "the key of what was left out is wiped");
    let done = restored(&file, &to(&without)).expect("restored");
    assert_eq!((done.erased, done.with_erasures), (0, false));
    assert!(person(&without, "rose").is_some(), "without the list nobody can know");
    // Over the caisse itself its own list counts.
    let done = restored(&file, &Restore { force: true, ..how(&dir) }).expect("forced");
    assert_eq!(done.erased, 1);
    assert_eq!(person(&dir, "rose"), None);
    // Whoever comes back under the same id later is in later backups.
    let store = Store::open(&dir).expect("nobody has it");
    store.commit(&[put(Kind::Person, "rose", "Rose R")]).expect("room");
    drop(store);
    let later = home.path().join("later");
    backed_up(&dir, &later, None);
    let done = restored(&later, &Restore { force: true, ..how(&dir) }).expect("forced");
    assert_eq!(done.erased, 0);
    assert_eq!(person(&dir, "rose").as_deref(), Some("Rose R"));
}

#[test]
fn a_changed_or_cut_backup_is_refused_and_makes_nothing() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (dir, file) = (caisse(home.path()), home.path().join("b"));
    backed_up(&dir, &file, None);
    let bytes = std::fs::read(&file).expect("it is there");
    let bad = home.path().join("bad");
    let step = (bytes.len() / 150).max(1);
    for place in (0..bytes.len()).step_by(step) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        std::fs::write(&bad, changed).expect("our own file");
        assert!(Backup::open(&bad).is_err(), "byte {place}");
        std::fs::write(&bad, &bytes[..place]).expect("our own file");
        assert!(Backup::open(&bad).is_err(), "{place} bytes");
    }
    std::fs::write(&bad, [bytes.as_slice(), b"x"].concat()).expect("our own file");
    assert!(Backup::open(&bad).is_err(), "a byte more");
    // Keys of another caisse do not go with it.
    let other = tempfile::tempdir().expect("a temporary directory");
    let keys = caisse(other.path()).join("keys");
    let to = home.path().join("new");
    let refused = restored(&file, &Restore { keys: Some(&keys), ..how(&to) });
    assert!(matches!(refused, Err(BackupError::Setup(_))), "{refused:?}");
    assert!(!to.exists());
}
