//! Backups, copies and proofs, with nodes that run.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Caisse, PATIENCE, free_port, path, pay, run, start};

/// Two caisses with an agreement; the first sells, the second has a member, whose card is returned.
fn federated() -> (Caisse, Caisse, String) {
    let (host, home) = (Caisse::open("Montpellier"), Caisse::open("Cadenet"));
    let files = [&host, &home].map(|caisse| {
        let contact = caisse.home.path().join("contact.json");
        caisse.done(&["federation", "contact", "--out", path(&contact)]);
        path(&contact).to_owned()
    });
    for caisse in [&host, &home] {
        caisse.done(&["federation", "found", &files[0], &files[1]]);
    }
    for (caisse, other) in [(&host, "Cadenet"), (&home, "Montpellier")] {
        caisse.done(&["status", "--wait"]);
        caisse.done(&["federation", "agree", other]);
    }
    let in_force = |info: &Value| info["federation"]["agreements"][0]["in_force"] == true;
    host.until("in force", &["federation", "members"], in_force);
    home.until("in force", &["federation", "members"], in_force);
    host.stall("Le Potager");
    let card = home.enrol("Nadia Cressonnet");
    (host, home, card)
}

fn nothing_differs(caisse: &Caisse) {
    assert_eq!(caisse.done(&["verify"])["verified"]["differences"], serde_json::json!([]));
    assert_eq!(caisse.done(&["proof", "list"])["proofs"], serde_json::json!([]));
}

#[test]
fn a_caisse_restored_from_an_old_backup_knows_its_promises_again_and_signs_nothing_twice() {
    let (host, mut home, card) = federated();
    let code = host.file("code", "4071\n");
    let [backup, locked, elsewhere] =
        ["b", "locked", "elsewhere"].map(|name| path(&home.home.path().join(name)).to_owned());
    let phrase = home.file("phrase", "quatre mots pris au hasard\n");
    host.done(&pay(&card, "Le Potager", "10.00", &code));

    assert_eq!(home.done(&["backup", &backup])["with_keys"], false);
    assert!(home.refused(&["backup", &backup]).contains("never overwrites"));
    let short = home.file("short", "secret\n");
    let weak = home.ask(&["backup", &locked, "--with-keys", "--passphrase-file", &short]);
    assert_eq!(weak.code, Some(2), "{weak:?}");
    home.done(&["backup", &locked, "--with-keys", "--passphrase-file", &phrase]);
    host.done(&pay(&card, "Le Potager", "20.00", &code));
    host.done(&pay(&card, "Le Potager", "5.00", &code));

    let to = path(&home.dir()).to_owned();
    let restore = ["restore", &backup, "--to", &to];
    let shown = run(&[&restore[..], &["--dry-run", "--json"]].concat());
    assert_eq!(shown.json()["backup"]["name"], "Cadenet", "{shown:?}");
    let refused = run(&restore);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.talk.contains("not empty"), "{refused:?}");
    let forced = run(&[&restore[..], &["--force"]].concat());
    assert!(forced.talk.contains("stop it first"), "{forced:?}");
    home.stop();
    let forced = run(&[&restore[..], &["--force", "--json"]].concat());
    assert_eq!(forced.code, Some(0), "{forced:?}");
    let aside = forced.json()["restored"]["aside"].as_str().expect("a directory").to_owned();
    assert!(std::path::Path::new(&aside).join("store/db").exists());

    home.node = start(&home.dir());
    home.done(&["status", "--wait"]);
    let owed = |info: &Value| info["statement"]["owed_to_us"] == -2_450;
    home.until("all promises", &["statement", "--with", "Montpellier"], owed);
    let member = home.done(&["member", "show", "Nadia Cressonnet"]);
    assert_eq!(member["member"]["info"]["balance"], 15_000 - 2_450, "{member}");
    host.done(&pay(&card, "Le Potager", "1.00", &code));
    let owed = |info: &Value| info["statement"]["owed_to_us"] == 2_520;
    host.until("the sale after", &["statement", "--with", "Cadenet"], owed);
    nothing_differs(&host);
    nothing_differs(&home);

    // The one with keys stands by itself.
    let restore = ["restore", &locked, "--to", &elsewhere, "--passphrase-file", &phrase];
    let done = run(&[&restore[..], &["--json"]].concat());
    assert_eq!(done.json()["restored"]["has_keys"], true, "{done:?}");
    assert!(done.talk.contains("erased"), "{done:?}");
    let verified = run(&["-C", &elsewhere, "verify", "--json"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn of_two_copies_of_a_caisse_one_stops_and_says_why() {
    let (host, home, _) = federated();
    let copy = host.home.path().join("copy");
    let backup = path(&host.home.path().join("b")).to_owned();
    host.done(&["backup", &backup]);
    let keys = host.dir().join("keys");
    let restored = run(&["restore", &backup, "--to", path(&copy), "--keys", path(&keys)]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let config = copy.join("caisse.toml");
    let text = std::fs::read_to_string(&config).expect("it was restored");
    let lines = text.lines().map(|line| match line.split_once(" = ") {
        Some(("listen", _)) => format!("listen = [\"/ip4/127.0.0.1/tcp/{}\"]", free_port()),
        Some(("http", _)) => format!("http = \"127.0.0.1:{}\"", free_port()),
        _ => line.to_owned(),
    });
    std::fs::write(&config, lines.collect::<Vec<_>>().join("\n")).expect("our own directory");
    let mut second = start(&copy);
    let waited = run(&["-C", path(&copy), "status", "--wait"]);
    assert_eq!(waited.code, Some(0), "{waited:?}");
    let since = Instant::now();
    let ended = loop {
        // The first one speaks; sooner or later the second hears of it.
        host.done(&["federation", "agree", "Cadenet"]);
        if let Some(ended) = second.try_wait().expect("it is ours") {
            break ended;
        }
        assert!(since.elapsed() < 4 * PATIENCE, "it goes on");
        std::thread::sleep(Duration::from_millis(300));
    };
    assert_eq!(ended.code(), Some(4));
    nothing_differs(&host);
    nothing_differs(&home);
    let verified = run(&["-C", path(&copy), "verify", "--json"]);
    assert_eq!(verified.code, Some(0), "what it holds is whole: {verified:?}");
}

#[test]
fn a_file_that_proves_nothing_is_refused_without_a_node() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = home.path().join("proof");
    assert_eq!(run(&["proof", "check", path(&file)]).code, Some(2), "there is none");
    for text in ["", "{}", "{\"format\":\"caisse fork proof 1\"}", &"x".repeat(20_000)] {
        std::fs::write(&file, text).expect("our own directory");
        let said = run(&["proof", "check", path(&file)]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.talk.contains("proves nothing"), "{said:?}");
    }
}

fn restarted(caisse: &mut Caisse) {
    caisse.stop();
    caisse.node = start(&caisse.dir());
    caisse.done(&["status", "--wait"]);
}

#[test]
fn two_caisses_change_their_keys_one_after_the_other_and_go_on_selling() {
    let (mut host, mut home, card) = federated();
    let code = host.file("code", "4071\n");
    host.done(&pay(&card, "Le Potager", "10.00", &code));
    let node = |caisse: &Caisse| caisse.done(&["federation", "contact"])["node"].clone();
    let before = node(&host);
    host.done(&["key", "rotate", "--reason", "stolen", "--dry-run"]);
    assert!(!host.dir().join("keys.next").exists());
    let stranger = home.dir().join("keys/identity");
    let not_ours = ["key", "rotate", "--reason", "x", "--identity", path(&stranger)];
    assert_eq!(host.ask(&not_ours).code, Some(2));

    let backup = path(&host.home.path().join("before")).to_owned();
    host.done(&["backup", &backup]);
    let rotated = host.done(&["key", "rotate", "--reason", "stolen"]);
    assert_eq!(rotated["opened"]["epoch"], 1);
    let said = host.refused(&["federation", "agree", "Cadenet"]);
    assert!(said.contains("no longer valid"), "{said}");
    restarted(&mut host);
    assert_ne!(node(&host), before);
    host.done(&pay(&card, "Le Potager", "10.00", &code));
    host.done(&["federation", "agree", "Cadenet"]);

    home.done(&["key", "rotate", "--reason", "once a year"]);
    restarted(&mut home);
    host.done(&["status", "--wait"]);
    home.until("the host is there", &["peer", "list"], |info| {
        info["peers"][0]["connected"] == true
    });
    host.until("the home is there", &["peer", "list"], |info| {
        info["peers"][0]["connected"] == true
    });
    host.done(&pay(&card, "Le Potager", "10.00", &code));
    let owed = |info: &Value| info["statement"]["owed_to_us"] == 2_100;
    host.until("owed", &["statement", "--with", "Cadenet"], owed);
    // The same keys, another epoch; and its word carried by hand changes nothing that is known.
    home.done(&["epoch", "open", "--reason", "for the record"]);
    let file = path(&home.home.path().join("opening")).to_owned();
    home.done(&["epoch", "export", &file]);
    host.done(&["epoch", "import", &file]);
    host.done(&pay(&card, "Le Potager", "5.00", &code));
    nothing_differs(&host);
    nothing_differs(&home);

    // From before the change: the others tell it which epoch it is in, and what it said there.
    host.stop();
    let to = path(&host.dir()).to_owned();
    let restored = run(&["restore", &backup, "--to", &to, "--force", "--json"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    host.node = start(&host.dir());
    host.until("it answers", &["status"], |_| true);
    // There is no third caisse, and the only other one has a new network identity since the backup.
    let words = path(&host.home.path().join("words")).to_owned();
    home.done(&["epoch", "export", &words]);
    host.done(&["epoch", "import", &words]);
    host.done(&["status", "--wait"]);
    host.done(&pay(&card, "Le Potager", "1.00", &code));
    let owed = |info: &Value| info["statement"]["owed_to_us"] == 2_100 + 350 + 70;
    host.until("all of it", &["statement", "--with", "Cadenet"], owed);
    nothing_differs(&host);
    nothing_differs(&home);
}
