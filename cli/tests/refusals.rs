//! Exit codes without a node: what was typed wrong, and nobody there.

use std::path::Path;
use std::process::{Command, Output};

fn caisse(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caisse"));
    command.arg("-C").arg(dir).args(args).output().expect("the binary was just built")
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A card number with a right check byte, of a caisse that nobody knows.
fn card() -> String {
    let home = crdt::CaisseId::new([7; 32]);
    crdt::card::CardText::Number(crdt::card::card_id(&home, [1, 2, 3, 4, 5, 6])).to_string()
}

#[test]
fn a_directory_without_a_node_is_said_to_be_so_with_what_to_do() {
    let dir = dir();
    for args in [&["status"][..], &["member", "list"], &["allocate", "--month", "2026-11"]] {
        let output = caisse(dir.path(), args);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        assert!(output.stdout.is_empty());
        assert!(words(&output.stderr).contains("start it with `caisse run"), "{args:?}");
    }
    let output = caisse(dir.path(), &["status", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(json["unreachable"].is_string());
}

#[test]
fn a_socket_that_nobody_listens_on_is_no_node() {
    let dir = dir();
    let socket = dir.path().join("operator.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    assert_eq!(caisse(dir.path(), &["status"]).status.code(), Some(3));
}

#[test]
fn when_no_answer_comes_it_is_said_how_to_find_out_whether_it_was_done() {
    let dir = dir();
    let socket = dir.path().join("operator.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let request = "ab".repeat(16);
    std::thread::scope(|scope| {
        scope.spawn(|| drop(listener.accept().expect("one connection")));
        let output = caisse(dir.path(), &["allocate", "--month", "2026-11", "--request", &request]);
        assert_eq!(output.status.code(), Some(3));
        let said = words(&output.stderr);
        assert!(said.contains("not known") && said.contains(&request), "{said}");
    });
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caisse"));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = command.args(["config", "default"]).stdout(writer).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", words(&output.stderr));
}

#[test]
fn what_cannot_be_meant_is_misuse_before_anything_is_asked() {
    let (dir, card) = (dir(), card());
    let pay = |amount: &'static str| ["pay", "--card", "", "--vendor", "x", "--amount", amount];
    for amount in ["-1", "1e3", "12.505", "much", "", "99999999999999999999"] {
        let mut args = pay(amount);
        args[2] = &card;
        let output = caisse(dir.path(), &args);
        assert_eq!(output.status.code(), Some(2), "{amount:?}");
        assert!(words(&output.stderr).contains("amount"), "{}", words(&output.stderr));
    }
    for args in [
        &["pay", "--card", "0000-0000", "--vendor", "x", "--amount", "1"][..],
        &["pay", "--card", &card, "--vendor", "x", "--amount", "1", "--id", "12"],
        &["allocate", "--month", "2026-13"],
        &["vendor", "approve", "x", "--coverage", "101", "--reason", "y"],
        &["federation", "found"],
        &["federation", "found", "/does/not/exist"],
        &["frobnicate"],
        &["verify"],
    ] {
        assert_eq!(caisse(dir.path(), args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    let dir = dir();
    for args in [&["--help"][..], &["--version"], &["pay", "--help"], &["config", "default"]] {
        let output = caisse(dir.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn the_default_configuration_is_accepted_and_a_mistake_is_named_with_its_line() {
    let dir = dir();
    let default = words(&caisse(dir.path(), &["config", "default"]).stdout);
    let file = dir.path().join("mine.toml");
    let name = file.display().to_string();
    std::fs::write(&file, &default).expect("our own directory");
    let output = caisse(dir.path(), &["config", "check", &name]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output.stderr));
    std::fs::write(&file, default.replace("territory =", "teritory =")).expect("our own file");
    let output = caisse(dir.path(), &["config", "check", &name]);
    assert_eq!(output.status.code(), Some(2));
    let said = words(&output.stderr);
    assert!(said.contains("mine.toml:8:1:") && said.contains("did you mean"), "{said}");
}

#[test]
fn a_directory_in_use_is_refused_and_left_as_it_was() {
    let dir = dir();
    let config = dir.path().join("caisse-config.toml");
    let config_name = config.display().to_string();
    std::fs::write(&config, caisse(dir.path(), &["config", "default"]).stdout).expect("it writes");
    let used = dir.path().display().to_string();
    let output = caisse(dir.path(), &["init", &used, "--config", &config_name]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output.stderr));
    let left = std::fs::read_dir(dir.path()).expect("it is there").count();
    assert_eq!(left, 1);
}
