//! Whether a file of the bank is what its schema says.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Checks a file against the schema of its message; says so when the checker is not installed.
pub fn assert_valid(kind: &str, bytes: &[u8]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../node/tests/fixtures/bank/xsd");
    let spawned = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(format!("{folder}/{kind}.xsd"))
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut checker) = spawned else {
        eprintln!("NOT CHECKED against {kind}: xmllint is missing (apt-get install libxml2-utils)");
        return;
    };
    let mut input = checker.stdin.take().expect("it was piped");
    // It may stop reading early, and says why.
    let _ = input.write_all(bytes);
    drop(input);
    let output = checker.wait_with_output().expect("it ends");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{why}\n{}", String::from_utf8_lossy(bytes));
}
