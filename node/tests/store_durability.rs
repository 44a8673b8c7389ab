//! What is acknowledged is on stable storage: asked of the system calls themselves.
//!
//! A helper process commits and acknowledges under `strace`; between the last write to any file of
//! the store and the acknowledgement, each of these files must have been synced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use ledger::records::{Kind, Write};
use node::store::Store;

const DIR: &str = "CAISSE_STORE_TRACE_DIR";
const COMMITS: u64 = 20;

/// Not a test of its own: the process that is traced. Without its variable it does nothing.
#[test]
fn helper_that_commits_and_acknowledges() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = Store::open(dir.as_ref()).expect("the parent created it");
    for number in 0..COMMITS {
        // Every third is so large that sled writes it to a file of its own.
        let bytes = if number.is_multiple_of(3) { 300_000 } else { 300 };
        let key = number.to_be_bytes().to_vec();
        let write = Write { kind: Kind::Journal, key, value: Some(vec![7; bytes]) };
        store.commit(&[write]).expect("the disk has room");
        let line = format!("acknowledged {number}\n");
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).expect("it is open");
    }
}

/// What the system calls so far have left unsynced, by path.
#[derive(Default)]
struct Ledger {
    /// How many writes a file has seen.
    written: BTreeMap<String, u64>,
    /// How many of them a sync that succeeded has covered.
    synced: BTreeMap<String, u64>,
    /// Calls that have started and not ended, by thread: the call, its path, and the file's writes
    /// when it started.
    running: BTreeMap<String, (String, String, u64)>,
    /// How many calls synced each path.
    acknowledged: u64,
}

impl Ledger {
    /// Reads one line of `strace -f -y`: `12 pwrite64(5</dir/store/db>, "…", 20, 0) = 20`. A call
    /// that another thread interrupts has two: `… <unfinished ...>`, `12 <... pwrite64 resumed>…`.
    fn read(&mut self, line: &str) -> Result<(), String> {
        let (thread, event) = line.split_once(' ').ok_or_else(|| format!("no thread: {line}"))?;
        let event = event.trim_start();
        if !event.starts_with("<... ") {
            let Some((call, arguments)) = event.split_once('(') else { return Ok(()) };
            let path = arguments.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
            let path = path.map_or("", |(path, _)| path).to_owned();
            self.start(thread, call, &path, arguments)?;
        }
        if !event.ends_with("<unfinished ...>") {
            self.end(thread, event.rsplit_once(" = ").map_or("", |(_, result)| result));
        }
        Ok(())
    }

    fn start(&mut self, thread: &str, call: &str, path: &str, text: &str) -> Result<(), String> {
        if call == "write" && text.contains("\"acknowledged ") {
            self.acknowledged += 1;
            return self.check(text);
        }
        if matches!(call, "write" | "pwrite64") && path.contains("/store/") {
            let writes = self.written.entry(path.to_owned()).or_default();
            *writes += 1;
            if let (1, Some((directory, "blobs"))) = (*writes, parent(path)) {
                // A new file: its name must become durable too.
                *self.written.entry(format!("{directory}/blobs")).or_default() += 1;
            }
        }
        let writes = self.written.get(path).copied().unwrap_or(0);
        self.running.insert(thread.to_owned(), (call.to_owned(), path.to_owned(), writes));
        Ok(())
    }

    fn end(&mut self, thread: &str, result: &str) {
        let Some((call, path, writes)) = self.running.remove(thread) else { return };
        let writing = |(call, other, _): &(String, String, u64)| {
            matches!(call.as_str(), "write" | "pwrite64") && *other == path
        };
        // A write that was still running may not be covered. `sync_file_range` does not count.
        let covered = !self.running.values().any(writing);
        if matches!(call.as_str(), "fdatasync" | "fsync") && result == "0" && covered {
            self.synced.insert(path, writes);
        }
    }

    fn check(&self, text: &str) -> Result<(), String> {
        for (path, writes) in &self.written {
            if self.synced.get(path).copied().unwrap_or(0) < *writes {
                return Err(format!("{path} was written and not synced before {text}"));
            }
        }
        Ok(())
    }
}

/// Returns the directory above a file's own, and the name of the file's own.
fn parent(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once('/')?.0.rsplit_once('/')
}

fn read_all(trace: &str) -> Result<Ledger, String> {
    let mut ledger = Ledger::default();
    trace.lines().try_for_each(|line| ledger.read(line))?;
    Ok(ledger)
}

#[cfg(target_os = "linux")]
fn trace_helper(dir: &Path, output: &Path) {
    let helper = std::env::current_exe().expect("a test has a path");
    let status = Command::new("strace")
        .args([
            "-f",
            "-y",
            "-s",
            "40",
            "-e",
            "trace=fdatasync,fsync,sync_file_range,pwrite64,write",
        ])
        .arg("-o")
        .arg(output)
        .arg(helper)
        .args(["--exact", "helper_that_commits_and_acknowledges", "--nocapture"])
        .env(DIR, dir)
        .output()
        .expect("strace is missing: `apt-get install strace`, or let `make test` do it");
    let stderr = String::from_utf8_lossy(&status.stderr);
    assert!(status.status.success(), "strace must be allowed to trace its own child: {stderr}");
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_is_acknowledged_before_the_files_are_synced() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(Store::create(dir.path()).expect("the directory is empty"));
    let output = dir.path().join("trace");
    trace_helper(dir.path(), &output);
    let trace = std::fs::read_to_string(&output).expect("strace wrote it");

    let ledger = read_all(&trace).unwrap_or_else(|broken| panic!("{broken}\n{trace}"));
    assert_eq!(ledger.acknowledged, COMMITS);
    let files: BTreeSet<_> = ledger.written.keys().filter_map(|path| parent(path)).collect();
    assert!(files.iter().any(|(_, name)| *name == "store"), "the log was seen: {files:?}");
    assert!(files.iter().any(|(_, name)| *name == "blobs"), "blobs were seen: {files:?}");
    let log = ledger.written.iter().find(|(path, _)| path.ends_with("/store/db"));
    assert!(log.is_some_and(|(_, writes)| *writes >= COMMITS), "every commit wrote: {log:?}");
}

#[test]
fn a_trace_without_a_sync_in_the_right_place_is_caught() {
    let write = r#"1 pwrite64(5</d/store/db>, "x", 9, 0) = 9"#;
    let range = "1 sync_file_range(5</d/store/db>, 0, 9, 7) = 0";
    let sync = "1 fdatasync(6</d/store/db>) = 0";
    let acknowledge = r#"1 write(2</dev/pts/0>, "acknowledged 1\n", 15) = 15"#;
    let blob = r#"2 write(7</d/store/blobs/12>, "x", 9) = 9"#;
    let (blob_sync, names) =
        ("1 fsync(8</d/store/blobs/12>) = 0", "1 fsync(9</d/store/blobs>) = 0");
    let unfinished = "1 fdatasync(6</d/store/db> <unfinished ...>";
    let resumed = "1 <... fdatasync resumed>) = 0";
    let failed = "1 fdatasync(6</d/store/db>) = -1 EIO (Input/output error)";
    let holds = |lines: &[&str]| read_all(&lines.join("\n")).is_ok();

    assert!(holds(&[write, range, sync, acknowledge]));
    assert!(holds(&[write, unfinished, resumed, acknowledge]));
    assert!(holds(&[blob, write, blob_sync, names, sync, acknowledge]));
    assert!(!holds(&[write, range, acknowledge]), "sync_file_range is not enough");
    assert!(!holds(&[write, sync, write, acknowledge]), "a write came after the sync");
    assert!(!holds(&[unfinished, write.replace('1', "2").as_str(), resumed, acknowledge]));
    assert!(!holds(&[write, unfinished, acknowledge, resumed]), "the sync had not ended");
    assert!(!holds(&[write, failed, acknowledge]), "the sync failed");
    assert!(!holds(&[blob, write, names, sync, acknowledge]), "the blob was not synced");
    assert!(!holds(&[blob, write, blob_sync, sync, acknowledge]), "nor its name");
}
