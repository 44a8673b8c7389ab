//! A killed process loses nothing that it acknowledged, and leaves no half of a commit.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ledger::records::{Kind, Records, Write};
use node::store::Store;

const KILLS: u32 = 30;
const SEED: u64 = 20_261_124;
const DIR: &str = "CAISSE_STORE_KILL_DIR";

/// Every commit writes the number into these kinds, under the number itself and under one of a few
/// keys that are overwritten again and again.
const KINDS: [Kind; 3] = [Kind::Journal, Kind::Sale, Kind::Feed];
const SLOTS: u64 = 40;

/// Every so many commits, one is so large that it fills several segments and a blob.
const LARGE: u64 = 50;

fn value(number: u64) -> Vec<u8> {
    let bytes = if number.is_multiple_of(LARGE) { 600_000 } else { 400 };
    number.to_be_bytes().repeat(bytes / 8)
}

fn commit(number: u64) -> Vec<Write> {
    let write = |kind, key: Vec<u8>, value| Write { kind, key, value: Some(value) };
    let mut writes = vec![write(Kind::Meta, b"last".to_vec(), number.to_be_bytes().to_vec())];
    for kind in KINDS {
        writes.push(write(kind, number.to_be_bytes().to_vec(), value(number)));
        let slot = (number % SLOTS).to_be_bytes();
        writes.push(write(Kind::Account, [&[kind as u8], &slot[..]].concat(), value(number)));
    }
    writes
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().expect("eight bytes"))
}

fn last(store: &Store) -> u64 {
    store.get(Kind::Meta, b"last").map_or(0, |bytes| number(&bytes))
}

/// Not a test of its own: the process that is killed. Without its variable it does nothing.
#[test]
fn helper_that_commits_until_it_is_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = Store::open(dir.as_ref()).expect("the parent created it");
    for number in last(&store) + 1.. {
        store.commit(&commit(number)).expect("the disk has room");
        let line = format!("acknowledged {number}\n");
        std::io::stderr().write_all(line.as_bytes()).expect("the parent reads");
    }
}

fn start(dir: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().expect("a test has a path"))
        .args(["--exact", "helper_that_commits_until_it_is_killed", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the test can start itself")
}

/// Kills the child after some acknowledgements and a moment; returns the last acknowledged number.
fn kill_after(mut child: Child, acknowledgements: u64, moment: Duration) -> u64 {
    let mut acknowledged = 0;
    let mut seen = 0;
    let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    for line in stderr.lines() {
        let line = line.expect("text");
        let text = line.strip_prefix("acknowledged ").unwrap_or_else(|| panic!("{line}"));
        acknowledged = text.parse().expect("a number");
        seen += 1;
        if seen == acknowledgements {
            std::thread::sleep(moment);
            child.kill().expect("it runs"); // SIGKILL; what it said before stays in the pipe.
        }
    }
    child.wait().expect("it is ours");
    acknowledged
}

fn assert_whole(store: &Store, acknowledged: u64, hint: &str) {
    let last = last(store);
    assert!(last >= acknowledged, "{hint}: {acknowledged} was acknowledged, {last} is the last");
    assert!(last <= acknowledged + 1, "{hint}: one commit at a time is in flight");
    for kind in KINDS {
        let rows = store.range(kind, &[], &[], usize::MAX);
        let expected = 1..=last;
        let found: Vec<_> = rows.iter().map(|(key, _)| number(key)).collect();
        assert!(found.iter().copied().eq(expected), "{hint}: {kind:?} up to {last}: {found:?}");
        assert!(rows.iter().all(|(key, bytes)| *bytes == value(number(key))), "{hint}: {kind:?}");
        for number in last.saturating_sub(SLOTS - 1).max(1)..=last {
            let key = [&[kind as u8], &(number % SLOTS).to_be_bytes()[..]].concat();
            let found = store.get(Kind::Account, &key);
            assert!(found == Some(value(number)), "{hint}: {kind:?} slot of {number}");
        }
    }
    assert_eq!(store.failed(), None, "{hint}");
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_there_after_kill_9() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(Store::create(dir.path()).expect("the directory is empty"));
    let mut chance = SEED;
    let mut below = |bound: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (chance >> 33) % bound
    };
    for round in 0..KILLS {
        let (acknowledgements, moment) = (1 + below(80), Duration::from_micros(below(3_000)));
        let hint = format!("seed {SEED}, kill {round}");
        let acknowledged = kill_after(start(dir.path()), acknowledgements, moment);
        assert!(acknowledged > 0, "{hint}: the helper said nothing");
        let store = Store::open(dir.path()).expect("a killed store opens");
        assert_whole(&store, acknowledged, &hint);
    }
}
