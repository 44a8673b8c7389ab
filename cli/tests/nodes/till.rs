//! A till that cannot reach its node stores its sales and sends them later, once.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{Caisse, Said, path, run, start};

struct Device {
    dir: tempfile::TempDir,
    code: String,
}

impl Device {
    fn args<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        let verb = ["till", args[0], "--till", path(self.dir.path())];
        [&verb[..], &args[1..], &["--json"]].concat()
    }

    fn ask(&self, args: &[&str]) -> Said {
        run(&self.args(args))
    }

    fn done(&self, args: &[&str]) -> Value {
        let said = self.ask(args);
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
        said.json()
    }

    fn sell(&self, card: &str, amount: &str) -> Said {
        self.ask(&["sell", "--card", card, "--amount", amount, "--code-file", &self.code])
    }

    fn states(&self) -> Vec<String> {
        let listed = self.done(&["list"]);
        let sales = listed["sales"].as_array().expect("a list").clone();
        sales.iter().map(|sale| sale["state"].as_str().expect("a word").to_owned()).collect()
    }

    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("sales.jsonl")
    }
}

fn holds(caisse: &Caisse) -> Value {
    caisse.done(&["member", "list"])["members"][0]["balance"].clone()
}

#[test]
fn a_till_sells_while_its_node_is_down_and_what_it_stored_is_charged_once() {
    let (mut host, home) = (Caisse::open("Montpellier"), Caisse::open("Cadenet"));
    host.ally(&home);
    let (own, visitor) = (host.enrol("Rose Pervanchoux"), home.enrol("Nadia Cressonnet"));
    let secret = host.stall_with_till("Le Potager");
    let (own, visitor) = (host.printed(&own), home.printed(&visitor));
    let code = host.file("code", "4071\n");
    let till = Device { dir: tempfile::tempdir().expect("a directory"), code };
    let unpaired = till.sell(&own, "1");
    assert!(unpaired.code == Some(1) && unpaired.talk.contains("caisse till pair"), "{unpaired:?}");
    let paired =
        till.done(&["pair", "--door", &host.door(), "--secret-file", &secret])["paired"].clone();
    assert_eq!(paired["issuers"].as_array().map(Vec::len), Some(2));
    // While the node answers, a sale is paid at once.
    assert_eq!(till.sell(&own, "10.00").json()["paid"]["receipt"]["covered"], 700);
    let before = (holds(&host), holds(&home));

    host.stop();
    let dry = till.ask(&["sell", "--card", &own, "--amount", "10", "--dry-run"]);
    assert_eq!((dry.code, till.states().len()), (Some(0), 0), "{dry:?}");
    let stored = till.sell(&own, "20.00");
    assert_eq!(stored.code, Some(0), "{stored:?}");
    assert!(stored.json()["stored"]["id"].is_string() && !stored.out.contains("PAID"));
    assert_eq!(stored.json()["stored"]["revocation_list_hours"], 0, "the age of the list is told");
    let plain = ["till", "sell", "--till", path(till.dir.path()), "--card", &visitor];
    let words = run(&[&plain[..], &["--amount", "10", "--code-file", &till.code]].concat());
    assert!(words.out.starts_with("STORED, NOT YET PAID"), "{words:?}");
    for (card, amount, why) in [
        (own.as_str(), "50.01", "at most 50.00"),
        ("NOT A CARD", "1", "not a card"),
        (&own[..own.len() - 8], "1", "not a card"),
    ] {
        let refused = till.sell(card, amount);
        assert!(refused.code != Some(0) && refused.talk.contains(why), "{refused:?}");
    }
    // A process that is killed has stored the sale or has not; a line that it left torn is taken away.
    killed_while_selling(&till, &own);
    let killed = till.states().len() - 2;
    let mut file = std::fs::OpenOptions::new().append(true).open(till.file()).expect("a file");
    file.write_all(b"{\"sale\":{\"id\":\"01").expect("it is ours");
    drop(file);
    assert_eq!(till.sell(&own, "5.00").code, Some(0));
    assert_eq!(till.states(), vec!["stored"; 3 + killed]);
    let unsent = std::fs::read(till.file()).expect("a file");
    let away = till.ask(&["send"]);
    assert!(away.code == Some(1) && away.talk.contains("no caisse answers"), "{away:?}");
    assert_eq!(till.states(), vec!["stored"; 3 + killed], "it is not known, so it is not decided");

    host.node = start(&host.dir());
    host.done(&["status", "--wait"]);
    let sent = till.done(&["send"])["sales"].clone();
    for sale in sent.as_array().expect("a report per sale") {
        assert_eq!(sale["state"], "paid", "{sale}");
    }
    let spent = |before: &Value, cents: u64| json!(before.as_u64().expect("cents") - cents);
    let own_spent = 1_400 + 350 + 700 * killed as u64;
    let after = (spent(&before.0, own_spent), spent(&before.1, 700));
    assert_eq!((holds(&host), holds(&home)), after);
    // The till forgets what it was answered, and sends everything again.
    std::fs::write(till.file(), &unsent).expect("it is ours");
    assert_eq!(till.done(&["send"])["sales"], sent, "the same answers");
    assert_eq!(till.done(&["send"])["sales"], json!([]));
    assert_eq!((holds(&host), holds(&home)), after, "charged once");
    assert_eq!(till.states(), vec!["paid"; 3 + killed]);
    for caisse in [&host, &home] {
        assert_eq!(caisse.done(&["verify"])["verified"]["differences"], json!([]));
    }
}

/// Sells in a process that is killed at some point of its work.
fn killed_while_selling(till: &Device, card: &str) {
    let sell = ["sell", "--store", "--card", card, "--amount", "10.00", "--code-file", &till.code];
    for wait_ms in [0, 2, 5, 10] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_caisse"));
        let process = process.args(till.args(&sell)).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = process.spawn().expect("the binary was just built");
        std::thread::sleep(std::time::Duration::from_millis(wait_ms));
        let _ = process.kill();
        process.wait().expect("it ran");
    }
}

#[test]
fn what_was_stored_for_a_day_is_sent_only_when_a_person_says_so_and_a_refusal_is_told() {
    let mut host = Caisse::open("Montpellier");
    let own = host.enrol("Rose Pervanchoux");
    let (secret, own) = (host.stall_with_till("Le Potager"), host.printed(&own));
    let code = host.file("code", "0000\n");
    let till = Device { dir: tempfile::tempdir().expect("a directory"), code };
    till.done(&["pair", "--door", &host.door(), "--secret-file", &secret]);
    host.stop();
    assert_eq!(till.sell(&own, "10.00").code, Some(0), "nobody can know that the code is wrong");
    let text = std::fs::read_to_string(till.file()).expect("a file");
    let mut line: Value = serde_json::from_str(text.trim()).expect("one line");
    let at = line["sale"]["at"].as_i64().expect("milliseconds");
    line["sale"]["at"] = json!(at - 24 * 3_600_000);
    std::fs::write(till.file(), format!("{line}\n")).expect("it is ours");
    let refused = till.sell(&own, "10.00");
    assert!(refused.talk.contains("24 hours"), "{refused:?}");
    host.node = start(&host.dir());
    host.done(&["status", "--wait"]);
    assert_eq!(till.done(&["send"])["sales"][0]["state"], "late");
    assert_eq!(till.done(&["send", "--late", "--dry-run"])["sales"][0]["state"], "late");
    let sent = till.done(&["send", "--late"])["sales"][0].clone();
    assert_eq!(sent["state"], "refused");
    assert!(sent["why"].as_str().is_some_and(|why| why.contains("code is wrong")), "{sent}");
    assert_eq!(till.states(), ["refused"]);
}
