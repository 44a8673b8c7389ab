//! The benchmark runs: at a twentieth of its size, so that it cannot rot. How fast anything is, is not looked at.

use std::process::{Command, Stdio};

use serde_json::Value;

/// Beginnings of the names of figures, one of each part at least.
const FIGURES: [&str; 14] = [
    "local payments, 32 tills: rate",
    "disk per payment, sold through HTTP",
    "payments in batches of 64, cards scanned",
    "payments across caisses, 1 till: p50",
    "payments across caisses, 64 tills: to local",
    "payments across caisses, 100 offered a second, round trip 50 ms: p50",
    "3 nodes, one comes back after a day: all claims paid",
    "a second node gets",
    "one price seen on another node: p50",
    "memory of an idle node, 400 members",
    "cold start,",
    "allocation run: how many times a tenth",
    "verify: how many times a tenth",
    "the binary",
];

#[test]
fn the_benchmark_measures_everything_it_names_and_says_how() {
    let out = tempfile::NamedTempFile::new().expect("a temporary file");
    let ended = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--quick".as_ref(), "--out".as_ref(), out.path().as_os_str()])
        .stdin(Stdio::null())
        .output()
        .expect("the benchmark was just built");
    let (table, talk) = (text(&ended.stdout), text(&ended.stderr));
    assert!(ended.status.success(), "{talk}");
    assert!(table.contains("these figures say nothing about speed"), "{table}");

    let report = std::fs::read_to_string(out.path()).expect("the report is written");
    let report: Value = serde_json::from_str(&report).expect("it is JSON");
    let figures = report["figures"].as_array().expect("a list of figures");
    for name in FIGURES {
        let named = |figure: &&Value| figure["name"].as_str().is_some_and(|n| n.starts_with(name));
        let figure = figures.iter().find(named).unwrap_or_else(|| panic!("no {name} in {table}"));
        assert!(figure["value"].as_f64().is_some_and(|value| value > 0.0), "{figure}");
        for key in ["unit", "how"] {
            assert!(figure[key].as_str().is_some_and(|text| !text.is_empty()), "{figure}");
        }
    }
    for key in ["cores", "kernel", "durable_write_p50_ms"] {
        assert!(!report["machine"][key].is_null(), "the machine's {key} is not told: {report}");
    }
    // What this machine cannot measure is named, with what to do.
    for absent in report["absent"].as_array().expect("a list of what is absent") {
        assert!(absent["why"].as_str().is_some_and(|why| why.len() > 10), "{absent}");
    }
}

#[test]
fn the_benchmark_helps_and_refuses_what_it_does_not_know() {
    let bench = |args: &[&str]| {
        let bench = Command::new(env!("CARGO_BIN_EXE_bench")).args(args).output();
        bench.expect("the benchmark was just built")
    };
    let help = bench(&["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("--only <NAME>"));
    let refused = bench(&["--only", "everything"]);
    assert!(text(&refused.stderr).contains("local"), "{}", text(&refused.stderr));
    assert_eq!(refused.status.code(), Some(2));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
