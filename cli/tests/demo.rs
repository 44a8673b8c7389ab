//! The demo, played by the binary as people play it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Starts the demo with a temporary directory of its own.
fn demo(below: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caisse"));
    let command = command.arg("demo").args(args).env("TMPDIR", below).stdin(Stdio::null());
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary was just built")
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Returns what lies in a directory.
fn left_in(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).expect("our own directory");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// Returns the processes whose command line names a directory.
fn processes_of(dir: &Path) -> Vec<String> {
    let name = dir.display().to_string();
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(&name)).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn the_demo_holds_what_it_claims_and_leaves_nothing_behind() {
    let dir = temporary();
    let output = demo(dir.path(), &["--json"]).wait_with_output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let json: Value = serde_json::from_slice(&output.stdout).expect("one JSON value on stdout");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!((&json["holds"], &json["failed"]), (&Value::Bool(true), &Value::Null), "{told}");

    assert_eq!(number(&json["purchases"]), 200);
    assert_eq!(number(&json["at_home"]["sales"]), 160);
    assert_eq!(number(&json["across"]["sales"]), 40);
    let caisses = json["caisses"].as_array().expect("a list");
    assert_eq!(caisses.len(), 3);
    for caisse in caisses {
        assert_eq!((number(&caisse["members"]), number(&caisse["cards"])), (40, 40), "{caisse}");
        assert_eq!(number(&caisse["vendors"]), 6, "{caisse}");
    }
    assert!(caisses.iter().map(|caisse| number(&caisse["products"])).sum::<u64>() >= 300);

    let outage = &json["outage"];
    assert!(number(&outage["refused"]) > 0 && number(&outage["voided"]) > 0, "{outage}");
    assert_eq!(number(&outage["voided"]) + number(&outage["paid"]), 4, "{outage}");
    assert_eq!(number(&outage["went_on"]), 44, "{outage}");
    let settlement = &json["settlement"];
    assert!(number(&settlement["net_cents"]) < number(&settlement["gross_cents"]), "{settlement}");
    assert_eq!(json["statements"].as_array().map(Vec::len), Some(3));

    let steps = json["steps"].as_array().expect("a list");
    let checks = steps.iter().flat_map(|step| step["checks"].as_array().expect("a list"));
    assert!(checks.clone().count() > 40, "few claims: {told}");
    assert!(
        checks.clone().all(|check| number(&check["held"]) > 0 && number(&check["failed"]) == 0)
    );
    assert!(told.contains("Every claim holds."), "{told}");
    assert_eq!(json["directory"], Value::Null);
    assert_eq!(left_in(dir.path()), Vec::<std::path::PathBuf>::new());
    assert_eq!(processes_of(dir.path()), Vec::<String>::new());
}

/// Plays until a line of the story contains some words, and stops there.
fn stopped_at(words: &str) {
    let dir = temporary();
    let mut playing = demo(dir.path(), &[]);
    let story = playing.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(story).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains(words)), "the story ended before {words:?}");
    assert!(!processes_of(dir.path()).is_empty(), "no node runs at {words:?}");
    kill_process(Pid::from_child(&playing), Signal::TERM).expect("it runs");
    // The rest of the story is read, so that the demo does not wait for a reader.
    lines.for_each(drop);
    let output = playing.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{words:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("stopped by SIGTERM"), "{words:?}: {told}");
    assert_eq!(processes_of(dir.path()), Vec::<String>::new(), "{words:?}");
    assert_eq!(left_in(dir.path()), Vec::<std::path::PathBuf>::new(), "{words:?}");
}

#[test]
fn a_demo_that_is_stopped_in_the_middle_takes_its_nodes_and_its_directory_with_it() {
    stopped_at("They found a federation");
    stopped_at("One caisse is killed");
}

#[test]
fn a_demo_without_a_place_for_its_files_says_so() {
    let dir = temporary();
    let nowhere = dir.path().join("nowhere");
    let output = demo(&nowhere, &["--json"]).wait_with_output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).expect("one JSON value on stdout");
    let failed = json["failed"].as_str().unwrap_or_default();
    assert!(failed.contains("no temporary directory") && failed.contains("nowhere"), "{json}");
}
