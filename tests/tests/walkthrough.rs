//! The documentation, executed: every `console` block of the documents below is typed into a shell.

use std::path::{Path, PathBuf};

use tests::console::{Document, Ended, play};

fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the crate lies in the repository").to_owned()
}

/// The documents that are played: a small one of our own, the README, and what is in `docs`.
fn documents() -> Vec<PathBuf> {
    let root = repository();
    let docs = std::fs::read_dir(root.join("docs")).into_iter().flatten().flatten();
    let mut docs: Vec<PathBuf> = docs.map(|entry| entry.path()).collect();
    docs.sort();
    let own = ["tests/fixtures/walkthrough.md", "README.md"].map(|name| root.join(name));
    own.into_iter().chain(docs).filter(|path| path.extension().is_some_and(|e| e == "md")).collect()
}

async fn ended(name: &str, text: &str) -> Ended {
    let document = Document::read(name, text).expect("the document can be executed");
    play(&document, &repository()).await.expect("it can be tried")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_document_shows_what_is_written_in_it() {
    let mut played = 0;
    for path in documents() {
        let name = path.strip_prefix(repository()).expect("it lies there").display().to_string();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if !text.contains("```console") {
            continue;
        }
        match ended(&name, &text).await {
            Ended::AsWritten => played += 1,
            Ended::Skipped(why) => return eprintln!("{name} was not played: {why}"),
            Ended::Differs(how) => panic!("{how}"),
        }
    }
    assert!(played > 0, "our own small document is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_promises_something_else_is_found_out() {
    let wrong = [
        ("```console\n$ echo one\ntwo\n```\n", "a.md:2: $ echo one"),
        ("```console\n$ echo one\n```\n", "showed something else"),
        ("```console\n$ echo one\none\nmore\n```\n", "showed something else"),
        ("```console\n$ true\n$ false\n```\n", "exit code 1"),
        ("```console\n$ exit 0\n```\n", "the shell ended"),
        ("```console\n$ caisse run nowhere &\n```\n", "in the background:"),
    ];
    for (text, words) in wrong {
        match ended("a.md", text).await {
            Ended::Differs(how) => assert!(how.contains(words), "{words:?} is not in: {how}"),
            Ended::Skipped(why) => return eprintln!("not played: {why}"),
            Ended::AsWritten => panic!("nobody noticed: {text}"),
        }
    }
}
