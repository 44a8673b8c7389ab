//! Fixtures, the schema checker, and readers that give more than memory holds.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use node::exchange::{Iban, Problem};

pub const OUR_IBAN: &str = "FR5499999000010000000012345";

pub fn our_account() -> Iban {
    OUR_IBAN.parse().expect("an IBAN")
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bank")
}

pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).expect(name)
}

/// The XML files in a folder of fixtures, sorted by name.
pub fn samples(folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(fixtures().join(folder)).expect(folder);
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> =
        names.map(|name| name.into_string().expect("a plain name")).collect();
    names.sort();
    names.retain(|name| name.ends_with(".xml"));
    names.into_iter().map(|name| (name.clone(), fixture(&format!("{folder}/{name}")))).collect()
}

/// What a problem says in short: its line, its path and the beginning of its message.
pub fn said(problem: &Problem) -> String {
    let path = problem.path.rsplit('/').next().unwrap_or_default();
    format!("{} {path}: {} ({:?})", problem.place.line, problem.fault, problem.consequence)
}

/// Checks a file against the schema of its message.
pub fn assert_valid(kind: &str, bytes: &[u8]) {
    let schema = fixtures().join(format!("xsd/{kind}.xsd"));
    let mut checker = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(&schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is missing: `apt-get install libxml2-utils`, or let `make test` do it");
    let mut input = checker.stdin.take().expect("it was piped");
    // It may stop reading early, and says why.
    let _ = input.write_all(bytes);
    drop(input);
    let output = checker.wait_with_output().expect("it ends");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{why}\n{}", String::from_utf8_lossy(bytes));
}

/// A reader that gives a beginning and then one byte for ever, and counts.
pub struct Endless<'a> {
    beginning: &'a [u8],
    byte: u8,
    pub given: u64,
}

impl<'a> Endless<'a> {
    pub fn new(beginning: &'a str, byte: u8) -> Self {
        Self { beginning: beginning.as_bytes(), byte, given: 0 }
    }
}

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = match self.beginning.len() {
            0 => {
                into.fill(self.byte);
                into.len()
            }
            left => {
                let count = left.min(into.len());
                let (part, rest) = self.beginning.split_at(count);
                into[..count].copy_from_slice(part);
                self.beginning = rest;
                count
            }
        };
        self.given += count as u64;
        Ok(count)
    }
}
