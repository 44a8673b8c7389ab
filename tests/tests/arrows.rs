//! The architecture as a test: which crate may know which, and which words may stand where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;

/// What each crate may depend on, dev-dependencies included. `simulations` never knows `node`: that
/// missing arrow proves that the core needs no IO.
const ARROWS: [(&str, &[&str]); 7] = [
    ("crdt", &[]),
    ("ledger", &["crdt"]),
    ("node", &["crdt", "ledger"]),
    ("cli", &["crdt", "ledger", "node"]),
    ("simulations", &["crdt", "ledger"]),
    ("tests", &["crdt", "ledger", "node", "cli"]),
    ("fuzz", &["crdt", "ledger", "node"]),
];

/// The crates without clock, file, socket, thread or chance of the operating system.
const PURE: [&str; 3] = ["crdt", "ledger", "simulations"];

/// Beginnings of the names of crates that a pure crate must not need, not even through others.
const WORLDLY: [&str; 27] = [
    "async-std",
    "axum",
    "chrono",
    "crossbeam",
    "dirs",
    "fastrand",
    "futures",
    "hyper",
    "instant",
    "libp2p",
    "mio",
    "nix",
    "parking_lot",
    "polling",
    "quinn",
    "rayon",
    "reqwest",
    "rustix",
    "sled",
    "smol-",
    "socket2",
    "tempfile",
    "time",
    "tokio",
    "tower",
    "wait-timeout",
    "web-time",
];

/// Crates that draw on the operating system's randomness, and who alone may bring them into a pure
/// crate. Automerge names them without a feature to leave them out: it draws an actor for every new
/// document (`ActorId::random`), which `crdt` replaces before anything is written, and `rand` is for
/// its `anonymize`, which nobody here calls.
const CHANCE: [(&str, &[&str]); 5] = [
    ("getrandom", &["automerge", "rand"]),
    ("rand", &["automerge"]),
    ("rand_chacha", &[]),
    ("rand_os", &[]),
    ("oorandom", &[]),
];

/// A word of code, and the only folders or files (without their ending) that may say it.
const RESERVED: [(&str, &[&str]); 2] =
    [("sled", &["node/src/store"]), ("libp2p", &["node/src/network", "node/tests/network_nodes"])];

/// Words that no pure crate says.
const IMPURE: [&str; 12] = [
    "HashMap",
    "HashSet",
    "SystemTime",
    "Instant",
    "RandomState",
    "getrandom",
    "thread_rng",
    "ActorId::random",
    "std::fs",
    "std::net",
    "std::thread",
    "tokio",
];

/// The programs of the simulator live several worlds at once and say how long it took; no world sees either.
const PROGRAMS: (&str, [&str; 2]) = ("simulations/src/bin/", ["Instant", "std::thread"]);

/// Lines of the longest file; every codebase of this kind has one ugly hub, so ours has a wall of its own.
const LINES: usize = 600;
const HUB: (&str, usize) = ("ledger/src/caisse.rs", 300);

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the crate lies in the workspace").to_owned()
}

/// A dependency between two packages, by name.
type Arrow = (String, String);

fn declared_arrows() -> (BTreeSet<String>, BTreeSet<Arrow>) {
    let options = ["--offline", "--locked"].map(str::to_owned);
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(options)
        .exec()
        .expect("cargo describes its own workspace");
    let members: BTreeSet<String> =
        metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let arrows = metadata.packages.iter().flat_map(|package| {
        let known = package.dependencies.iter().filter(|d| members.contains(&d.name));
        known.map(|to| (package.name.to_string(), to.name.clone()))
    });
    let arrows = arrows.collect();
    (members, arrows)
}

fn wrong_arrows(arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let wrong = arrows.iter().filter(|(from, to)| {
        !allowed.get(from.as_str()).is_some_and(|known| known.contains(&to.as_str()))
    });
    wrong.map(|(from, to)| format!("{from} must not depend on {to}")).collect()
}

/// The packages that a crate alone needs, with the features that it alone asks for, as arrows.
fn needed_by(package: &str) -> BTreeSet<Arrow> {
    let asked = ["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "depth"];
    let output = Command::new(env!("CARGO"))
        .args(asked)
        .args(["--format", " {p}", "--package", package])
        .current_dir(root())
        .output()
        .expect("cargo runs its own tests");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    arrows_of_tree(&String::from_utf8(output.stdout).expect("names are ASCII"))
}

/// Reads lines such as `2 rand v0.10.4`, each below the last one of a lesser depth.
fn arrows_of_tree(tree: &str) -> BTreeSet<Arrow> {
    let mut above: Vec<&str> = Vec::new();
    let mut arrows = BTreeSet::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let depth: usize = words.next().and_then(|w| w.parse().ok()).expect("a depth");
        let name = words.next().expect("a name");
        above.truncate(depth);
        if let Some(parent) = above.last() {
            arrows.insert(((*parent).to_owned(), name.to_owned()));
        }
        above.push(name);
    }
    arrows
}

fn worldly_needs(package: &str, needed: &BTreeSet<Arrow>) -> Vec<String> {
    let chance: BTreeMap<&str, &[&str]> = CHANCE.into_iter().collect();
    let wrong = needed.iter().filter(|(from, to)| {
        let by_chance = chance.get(to.as_str()).is_some_and(|may| !may.contains(&from.as_str()));
        by_chance || WORLDLY.iter().any(|name| to.starts_with(name))
    });
    wrong.map(|(from, to)| format!("{package} is pure, but needs {to} through {from}")).collect()
}

/// A Rust source of the workspace: its path from the root, and its text.
type Source = (String, String);

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for (member, _) in ARROWS {
        collect(&root().join(member), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the workspace can be listed");
    for entry in entries {
        let path = entry.expect("and its entries read").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source is UTF-8");
            let name = path.strip_prefix(root()).expect("it lies in the workspace");
            found.push((name.to_str().expect("ASCII").to_owned(), text));
        }
    }
}

/// Returns whether code says a word, comments left out.
fn says(text: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).any(|code| {
        code.match_indices(word).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
        })
    })
}

fn wrong_words(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| path != "tests/tests/arrows.rs") {
        for (word, places) in RESERVED {
            if says(text, word) && !places.iter().any(|place| path.starts_with(place)) {
                wrong.push(format!("{path} says {word}, which belongs to {}", places[0]));
            }
        }
        let pure = PURE.iter().any(|member| path.starts_with(&format!("{member}/src/")));
        for word in IMPURE.iter().filter(|word| pure && says(text, word)) {
            if !(path.starts_with(PROGRAMS.0) && PROGRAMS.1.contains(word)) {
                wrong.push(format!("{path} is pure, but says {word}"));
            }
        }
    }
    wrong
}

fn too_long(sources: &[Source]) -> Vec<String> {
    let wall = |path: &str| if path == HUB.0 { HUB.1 } else { LINES };
    let lines = sources.iter().map(|(path, text)| (path, text.lines().count(), wall(path)));
    lines
        .filter(|(_, lines, wall)| lines > wall)
        .map(|(path, lines, wall)| format!("{path} has {lines} lines, more than {wall}"))
        .collect()
}

#[test]
fn the_arrows_between_crates_are_those_of_the_architecture_and_no_others() {
    let (members, arrows) = declared_arrows();
    let drawn: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(members, drawn, "a new crate needs its place in the architecture");
    assert_eq!(wrong_arrows(&arrows), Vec::<String>::new());
    let planted = ("simulations".to_owned(), "node".to_owned());
    assert_eq!(wrong_arrows(&BTreeSet::from([planted])).len(), 1, "the check sees a wrong arrow");
}

#[test]
fn the_pure_crates_need_no_clock_file_socket_thread_or_chance_of_the_system() {
    for package in PURE {
        let needed = needed_by(package);
        assert!(needed.len() > 10, "the tree of {package} was read: {needed:?}");
        assert_eq!(worldly_needs(package, &needed), Vec::<String>::new());
    }
    let planted =
        "0 ledger v0.1.0\n1 crdt v0.1.0\n2 rand v0.10.4\n3 getrandom v0.4.3\n1 tokio v1.0.0";
    assert_eq!(worldly_needs("ledger", &arrows_of_tree(planted)).len(), 2, "the check sees both");
}

#[test]
fn only_the_store_says_sled_only_the_network_says_libp2p_and_pure_crates_say_neither_clock_nor_chance()
 {
    assert_eq!(wrong_words(&sources()), Vec::<String>::new());
    let planted = [
        ("node/src/http.rs", "use sled::Db;"),
        ("cli/src/lib.rs", "fn f() { libp2p::noise(); } // why"),
        ("ledger/src/books.rs", "type T = std::collections::HashMap<u8, u8>;"),
        ("ledger/src/books.rs", "// a comment may say HashMap, and a name may hold it: MyHashMap2"),
        ("node/src/store/disk.rs", "use sled::Db;"),
    ];
    let planted = planted.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(wrong_words(&planted).len(), 3, "the check sees what is wrong and no more");
}

#[test]
fn no_file_is_longer_than_the_wall_and_the_hub_stays_small() {
    let sources = sources();
    assert!(sources.len() > 100, "the sources were found");
    assert_eq!(too_long(&sources), Vec::<String>::new());
    let planted = [(HUB.0.to_owned(), "line\n".repeat(HUB.1 + 1))];
    assert_eq!(too_long(&planted).len(), 1, "the check sees a hub that grew");
}
