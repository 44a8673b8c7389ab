//! The commands against nodes that run: members, cards, sales, a federation of two, settlement.

mod nodes {
    mod disputes;
    mod keys;
    mod lots;
    mod people;
    mod secret;
    mod till;
    mod treasury;
}

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take that happens between nodes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A caisse with its node.
struct Caisse {
    home: tempfile::TempDir,
    node: Child,
}

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    talk: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }
}

fn run(args: &[&str]) -> Said {
    let output =
        Command::new(env!("CARGO_BIN_EXE_caisse")).args(args).stdin(Stdio::null()).output();
    let output = output.expect("the binary was just built");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), talk: text(output.stderr) }
}

/// Asks the system for a port that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it listens").port()
}

impl Caisse {
    fn open(name: &str) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let (config, dir) = (home.path().join("config.toml"), home.path().join("caisse"));
        let address = format!("/ip4/127.0.0.1/tcp/{}", free_port());
        let text = run(&["config", "default"]).out;
        let lines = text.lines().map(|line| match line.split_once(" = ") {
            Some(("name", _)) => format!("name = \"{name}\""),
            Some(("listen" | "addresses", _)) => {
                format!("{} = [\"{address}\"]", line.split(' ').next().unwrap_or_default())
            }
            Some(("http", _)) => format!("http = \"127.0.0.1:{}\"", free_port()),
            _ => line.to_owned(),
        });
        std::fs::write(&config, lines.collect::<Vec<_>>().join("\n")).expect("our own directory");
        let said = run(&["init", path(&dir), "--config", path(&config)]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let node = start(&dir);
        let caisse = Self { home, node };
        caisse.done(&["status", "--wait"]);
        caisse
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("caisse")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.home.path().join(name);
        std::fs::write(&file, text).expect("our own directory");
        path(&file).to_owned()
    }

    fn ask(&self, args: &[&str]) -> Said {
        let dir = self.dir();
        run(&[&["-C", path(&dir)], args].concat())
    }

    /// Asks for something that must be done, and returns the answer.
    fn done(&self, args: &[&str]) -> Value {
        let said = self.ask(&[args, &["--json"]].concat());
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
        said.json()
    }

    /// Asks for something that must be refused, and returns the words.
    fn refused(&self, args: &[&str]) -> String {
        let said = self.ask(args);
        assert_eq!(said.code, Some(1), "{args:?}: {said:?}");
        assert!(said.out.is_empty(), "{said:?}");
        said.talk
    }

    /// Asks again until the answer is as expected.
    fn until(&self, what: &str, args: &[&str], expected: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            let said = self.ask(&[args, &["--json"]].concat());
            if said.code == Some(0) && expected(&said.json()) {
                return said.json();
            }
            assert!(since.elapsed() < PATIENCE, "not yet: {what}: {said:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Enrols someone with a card, a contribution and this month's allocation; returns the card's number.
    fn enrol(&self, name: &str) -> String {
        self.enrol_with(name, "4071")
    }

    fn enrol_with(&self, name: &str, code: &str) -> String {
        self.done(&["member", "add", "--name", name, "--adults", "1"]);
        let code = self.file("code", &format!("{code}\n"));
        let card = self.done(&["card", "issue", "--member", name, "--code-file", &code]);
        let month = ["--month", "2026-11"];
        self.done(
            &[&["contribution", "add", "--member", name, "--amount", "20"], &month[..]].concat(),
        );
        let grant = ["grant", "confirm", "--funder", "Commune", "--reference", "G1"];
        self.done(&[&grant[..], &["--amount", "1000"]].concat());
        self.done(&["allocate", "--month", "2026-11"]);
        let said = |key: &str| card["card_issued"][key].as_str().expect("a text").to_owned();
        self.file(&said("number"), &said("qr"));
        said("number")
    }

    /// Founds a federation of two whose agreement is in force.
    fn ally(&self, other: &Self) {
        for caisse in [self, other] {
            let contact = caisse.home.path().join("contact.json");
            caisse.done(&["federation", "contact", "--out", path(&contact)]);
        }
        let contact = |caisse: &Self| path(&caisse.home.path().join("contact.json")).to_owned();
        for caisse in [self, other] {
            caisse.done(&["federation", "found", &contact(self), &contact(other)]);
        }
        let in_force = |info: &Value| info["federation"]["agreements"][0]["in_force"] == true;
        let offer = |caisse: &Self| {
            caisse.done(&["status", "--wait"]);
            let peers = caisse.done(&["peer", "list"]);
            let id = peers["peers"][0]["id"].as_str().expect("a partner").to_owned();
            caisse.done(&["federation", "agree", &id]);
        };
        offer(self);
        offer(other);
        self.until("in force", &["federation", "members"], in_force);
        other.until("in force", &["federation", "members"], in_force);
    }

    /// Returns the address of the door for tills.
    fn door(&self) -> String {
        let config = std::fs::read_to_string(self.dir().join("caisse.toml")).expect("a config");
        let line = config.lines().find_map(|line| line.strip_prefix("http = "));
        line.expect("a door").trim_matches('"').to_owned()
    }

    /// Records a stall whose till has a secret; returns the file of the secret.
    fn stall_with_till(&self, name: &str) -> String {
        let secret = path(&self.home.path().join(format!("secret of {name}"))).to_owned();
        let add = ["vendor", "add", "--name", name, "--commune", "34172", "--kind", "stall"];
        self.done(&[&add[..], &["--till-secret-file", &secret]].concat());
        self.done(&["vendor", "approve", name, "--coverage", "70", "--reason", "local"]);
        secret
    }

    /// Returns the text of the QR code of a card.
    fn printed(&self, number: &str) -> String {
        std::fs::read_to_string(self.home.path().join(number)).expect("it was issued")
    }

    fn stall(&self, name: &str) {
        self.done(&["vendor", "add", "--name", name, "--commune", "34172", "--kind", "stall"]);
        self.done(&["vendor", "approve", name, "--coverage", "70", "--reason", "local"]);
    }

    fn stop(&mut self) {
        self.node.kill().expect("it runs");
        self.node.wait().expect("it ran");
    }
}

fn start(dir: &Path) -> Child {
    logged(dir, "warn", Stdio::null())
}

fn logged(dir: &Path, level: &str, log: Stdio) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caisse"));
    let command = command.args(["run", path(dir), "--log", "json", "--log-level", level]);
    command.stdin(Stdio::null()).stderr(log).spawn().expect("the binary was just built")
}

impl Drop for Caisse {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn pay<'a>(card: &'a str, vendor: &'a str, amount: &'a str, code: &'a str) -> Vec<&'a str> {
    vec!["pay", "--card", card, "--vendor", vendor, "--amount", amount, "--code-file", code]
}

#[test]
fn one_caisse_enrols_sells_refunds_and_verifies_running_or_not() {
    let mut caisse = Caisse::open("Caisse d'essai");
    let card = caisse.enrol("Rose Pervanchoux");
    let again = caisse.ask(&["allocate", "--month", "2026-11", "--preview"]).out;
    assert!(again.contains("Rose Pervanchoux") && again.contains("issued before"), "{again}");
    caisse.stall("Le Potager");
    let code = caisse.file("code", "4071\n");
    let id = "ab".repeat(16);

    let sale = [&pay(&card, "le potager", "10.00", &code)[..], &["--id", &id]].concat();
    let paid = caisse.done(&sale);
    assert_eq!(paid["paid"]["covered"], 700);
    assert_eq!(paid["paid"]["member_share"], 300);
    assert_eq!(caisse.done(&sale), paid, "the same sale is not charged twice");
    let other = [&pay(&card, "le potager", "11.00", &code)[..], &["--id", &id]].concat();
    assert!(caisse.refused(&other).contains("used before"));

    let foreseen = caisse.done(&["refund", &id[..8], "--amount", "2", "--dry-run"]);
    assert_eq!(foreseen["would_refund"]["left"], 500);
    let back = ["refund", &id, "--amount", "2", "--request", &"cd".repeat(16)];
    assert_eq!(caisse.done(&back)["refunded"]["left"], 500);
    assert_eq!(caisse.done(&back)["refunded"]["left"], 500, "the same refund is not made twice");
    assert!(caisse.refused(&["refund", &id, "--amount", "5.01"]).contains("5.00"));
    assert!(caisse.refused(&["refund", &id, "--amount", "5.01", "--dry-run"]).contains("5.00"));

    let wrong = caisse.file("wrong", "0000\n");
    let refused = caisse.ask(&[&pay(&card, "le potager", "1", &wrong)[..], &["--json"]].concat());
    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.json()["refused"]["payment"]["wrong_code"]["attempts_left"], 3);
    assert!(!refused.out.contains("0000") && !refused.talk.contains("0000"));
    assert!(caisse.refused(&pay(&card, "le potager", "0", &code)).contains("zero"));

    let svg = caisse.ask(&["card", "print", &card]).out;
    assert!(svg.contains("Caisse d'essai") && svg.contains(&card));
    caisse.done(&["card", "block", &card]);
    assert!(caisse.refused(&pay(&card, "le potager", "1", &code)).contains("blocked"));

    assert_eq!(caisse.done(&["verify"])["verified"]["differences"], serde_json::json!([]));
    caisse.stop();
    assert_eq!(caisse.ask(&["status"]).code, Some(3));
    assert_eq!(caisse.ask(&["status", "--wait=0"]).code, Some(3), "waiting does not change that");
    let verified = caisse.done(&["verify"]);
    assert!(verified["verified"]["payments"].as_u64() > Some(0));
    assert_eq!(caisse.done(&["federation", "contact"])["name"], "Caisse d'essai");
}

/// Reads the QR codes of a PDF as a printer and a telephone would.
fn printed_codes(pdf: &Path) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let page = dir.path().join("page");
    let done = Command::new("pdftoppm").args(["-r", "200", "-gray"]).arg(pdf).arg(&page).status();
    assert!(done.expect(".ci/tools installs pdftoppm").success());
    let pages = std::fs::read_dir(dir.path()).expect("our own directory");
    let pages = pages.map(|entry| entry.expect("an entry").path());
    let read = Command::new("zbarimg").args(["--quiet", "--raw"]).args(pages).output();
    let read = read.expect(".ci/tools installs zbarimg").stdout;
    String::from_utf8(read).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn cards_are_printed_in_advance_given_limited_frozen_replaced_and_revoked() {
    let caisse = Caisse::open("Caisse d'essai");
    caisse.enrol("Rose Pervanchoux");
    caisse.stall("Le Potager");
    let code = caisse.file("code", "4071\n");
    let file = |name: &str| path(&caisse.home.path().join(name)).to_owned();
    let (sheet, list) = (file("cartes.pdf"), file("revoked.json"));

    let nowhere = caisse.ask(&["card", "sheet", "--new", "2", "--out", "/no/such/place.pdf"]);
    assert_eq!((nowhere.code, nowhere.out.as_str()), (Some(2), ""));
    assert_eq!(caisse.ask(&["card", "sheet", "--out", &sheet]).code, Some(2), "which cards?");
    assert!(
        caisse.refused(&["card", "sheet", "--new", "0", "--out", &sheet]).contains("1 to 1000")
    );
    assert!(!Path::new(&sheet).exists(), "a refusal leaves no file");
    let none = caisse.done(&["card", "list", "--blank"]);
    assert_eq!(none["cards"]["blanks"], serde_json::json!([]));
    let made = caisse.done(&["card", "sheet", "--new", "11", "--out", &sheet]);
    assert_eq!((&made["pages"], made["cards"].as_array().map(Vec::len)), (&2.into(), Some(11)));
    let blanks = caisse.done(&["card", "list", "--blank"])["cards"]["blanks"].clone();
    let mut expected: Vec<&str> = blanks
        .as_array()
        .expect("a list")
        .iter()
        .map(|blank| blank["qr"].as_str().expect("a code"))
        .collect();
    let mut read = printed_codes(Path::new(&sheet));
    expected.sort_unstable();
    read.sort_unstable();
    assert_eq!(read, expected);

    let number = |place: usize| made["cards"][place].as_str().expect("a number").to_owned();
    let (mine, helper) = (number(0), number(1));
    let refused = caisse.refused(&pay(&mine, "le potager", "1", &code));
    assert!(refused.contains("not given to anyone"), "{refused}");
    let assign = |number: &str, more: &[&str]| {
        let to = ["card", "assign", number, "--member", "rose pervanchoux", "--code-file", &code];
        caisse.ask(&[&to[..], more].concat())
    };
    assert_eq!(assign(&mine, &[]).code, Some(0));
    assert_eq!(assign(&mine, &[]).code, Some(1), "it is not blank any more");
    assert_eq!(assign(&helper, &["--delegate", "Me Dupré"]).code, Some(1), "without a limit");
    assert_eq!(assign(&helper, &["--per-month", "5"]).code, Some(2), "whose card is it?");
    let given = assign(&helper, &["--delegate", "Me Dupré", "--per-month", "5"]);
    assert_eq!(given.code, Some(0), "{given:?}");
    caisse.done(&pay(&mine, "le potager", "10", &code));
    caisse.done(&pay(&helper, "le potager", "5", &code));
    assert!(caisse.refused(&pay(&helper, "le potager", "5", &code)).contains("1.50 more"));
    let listed = caisse.ask(&["card", "list", "--member", "rose pervanchoux"]).out;
    assert!(listed.contains("Me Dupré (delegate)") && listed.contains("3.50"), "{listed}");

    caisse.done(&["member", "freeze", "rose pervanchoux"]);
    assert!(caisse.refused(&pay(&mine, "le potager", "1", &code)).contains("frozen"));
    assert!(caisse.ask(&["member", "show", "rose pervanchoux"]).out.contains("nowhere: frozen"));
    caisse.done(&["member", "unfreeze", "rose pervanchoux"]);
    caisse.done(&["member", "only-at-home", "rose pervanchoux", "on"]);
    assert!(
        caisse.refused(&["member", "only-at-home", "rose pervanchoux", "on"]).contains("already")
    );

    let other = caisse.file("other", "1234\n");
    caisse.done(&["card", "change-code", &mine, "--code-file", &other]);
    caisse.done(&pay(&mine, "le potager", "1", &other));
    assert!(caisse.refused(&["card", "unlock", &mine, "--reason", "x"]).contains("not locked"));
    let lost = ["card", "replace", &mine, "--reason", "lost", "--by", &number(2)];
    let replaced = caisse.ask(&[&lost[..], &["--code-file", &code]].concat());
    assert_eq!(replaced.code, Some(0), "{replaced:?}");
    assert!(replaced.talk.contains("card 4 of this member"), "{replaced:?}");
    assert!(caisse.ask(&["card", "notices"]).out.contains("Rose Pervanchoux"));
    caisse.done(&pay(&number(2), "le potager", "1", &code));

    let named = ["card", "sheet", "--member", "rose pervanchoux", "--names", "--out", &sheet];
    assert_eq!(caisse.done(&named)["cards"].as_array().map(Vec::len), Some(3));
    assert_eq!(printed_codes(Path::new(&sheet)).len(), 3);

    caisse.done(&["card", "revoked", "--out", &list]);
    let text = std::fs::read_to_string(&list).expect("it was written");
    assert!(text.contains(&mine) && !text.contains(&helper) && !text.contains("Rose"), "{text}");
    assert!(caisse.ask(&["card", "revoked", "--check", &list]).out.contains("1 blocked card"));
    std::fs::write(&list, text.replace(&mine, &helper)).expect("our own file");
    let changed = caisse.ask(&["card", "revoked", "--check", &list]);
    assert_eq!(changed.code, Some(1));
    assert!(changed.out.contains("NOT signed"), "{changed:?}");
    std::fs::write(&list, "{}").expect("our own file");
    assert_eq!(caisse.ask(&["card", "revoked", "--check", &list]).code, Some(2));
    assert_eq!(caisse.done(&["verify"])["verified"]["differences"], serde_json::json!([]));
}

#[test]
fn a_command_repeated_under_its_request_id_is_done_once_and_another_is_refused() {
    let caisse = Caisse::open("Caisse d'essai");
    let request = "ef".repeat(16);
    let add = |name| ["member", "add", "--name", name, "--adults", "2", "--request", &request];
    let once = caisse.done(&add("Octave"));
    assert_eq!(caisse.done(&add("Octave")), once);
    assert!(caisse.refused(&add("Rose")).contains("request id was used before"));
    let members = caisse.done(&["member", "list"]);
    assert_eq!(members["members"].as_array().map(Vec::len), Some(1));
    assert!(
        caisse
            .refused(&["vendor", "approve", &"00".repeat(16), "--coverage", "70", "--reason", "x"])
            .contains("vendor")
    );
    let unknown = caisse.ask(&["member", "show", "Nobody"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""));
}

#[test]
fn products_come_from_a_file_and_a_second_time_changes_nothing() {
    let caisse = Caisse::open("Caisse d'essai");
    caisse.stall("Le Potager");
    let mut csv = "code,name,price\n".to_owned();
    (0..1_200).for_each(|n| csv.push_str(&format!("P{n},Légume {n},1.50\n")));
    let csv = caisse.file("products.csv", &csv);
    let import = ["catalogue", "import", "Le Potager", &csv];
    assert_eq!(caisse.done(&import)["products_put"], 1_200);
    assert_eq!(caisse.done(&import)["products_put"], 0);
    let found = caisse.done(&["catalogue", "search", "légume 117"]);
    assert_eq!(found["catalogue"].as_array().map(Vec::len), Some(11));
    assert!(caisse.ask(&["catalogue", "list", "--limit", "3"]).out.contains("3 product(s)"));
}

#[test]
fn the_books_are_listed_corrected_and_told_as_the_law_asks_without_a_name() {
    let caisse = Caisse::open("Caisse d'essai");
    caisse.enrol("Rose Pervanchoux");
    caisse.stall("Le Potager");
    let listed = caisse.done(&["book", "list", "--account", "756"]);
    let place = listed[0]["entry"]["index"].to_string();
    let reverse = ["book", "reverse", &place, "--reason", "typed twice"];
    let preview = caisse.done(&[&reverse[..], &["--dry-run"]].concat());
    assert_eq!(preview["reversed"]["of"].to_string(), place);
    assert!(preview["reversed"]["entry"].is_null());
    let request = "ef".repeat(16);
    let once = [&reverse[..], &["--request", &request]].concat();
    let made = caisse.done(&once);
    assert_eq!(caisse.done(&once), made, "the same correction is not made twice");
    assert!(caisse.refused(&reverse).contains("was reversed before"));
    let shown = caisse.ask(&["book", "show", &place]).out;
    assert!(shown.contains("Cotisation") && shown.contains("reversed by entry"), "{shown}");
    let balance = caisse.ask(&["book", "balance"]).out;
    assert!(balance.contains("512") && balance.contains("Aides octroyées"), "{balance}");

    let out = path(caisse.home.path());
    let export = ["fec", "export", "--year", "2026", "--out", out];
    assert_eq!(caisse.ask(&export).code, Some(2), "without a SIREN the file has no name");
    let export = [&export[..], &["--siren", "732 829 320"]].concat();
    assert_eq!(caisse.done(&export)["closed"], false);
    let file = caisse.home.path().join("732829320FEC20261231.txt");
    let bytes = std::fs::read(&file).expect("it was written");
    caisse.done(&export);
    assert_eq!(std::fs::read(&file).expect("it was written"), bytes, "the same file again");
    assert!(!bytes.windows(10).any(|part| part == b"Pervanchou"), "a name is in the file");
    let checked = run(&["fec", "check", path(&file), "--json"]);
    assert_eq!((checked.code, &checked.json()["count"]), (Some(0), &serde_json::json!(0)));
    std::fs::write(&file, &bytes[..bytes.len() - 20]).expect("our own directory");
    let checked = run(&["fec", "check", path(&file)]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.out.contains("FAULT(S)") && checked.out.contains("line "), "{checked:?}");
    assert_eq!(run(&["fec", "check", "/nowhere"]).code, Some(2));
}

#[test]
fn days_and_years_are_closed_once_they_are_over_and_the_meter_counts() {
    let caisse = Caisse::open("Caisse d'essai");
    caisse.enrol("Rose Pervanchoux");
    let preview = caisse.done(&["close", "day", "--dry-run"]);
    assert_eq!(preview["day"]["preview"], true);
    let closed = caisse.done(&["close", "day"]);
    assert_eq!(closed["day"]["entries"], 0, "nothing happened yesterday");
    assert!(caisse.refused(&["close", "day"]).contains("are closed"));
    assert!(caisse.refused(&["close", "day", "--date", "2999-01-01"]).contains("not over"));
    assert!(caisse.refused(&["close", "year", "2998"]).contains("not over"));
    assert!(caisse.refused(&["close", "year", "1"]).contains("not a year"));
    assert!(caisse.ask(&["close", "list"]).out.contains("closed up to"));
    let meter = caisse.done(&["meter"]);
    assert_eq!(meter["meter"]["payments_level"], "below");
    assert!(caisse.refused(&["receipt", "list", "--year", "2026"]).contains("[receipts]"));
    assert_eq!(caisse.done(&["status"])["status"]["guarantee"]["grants"], 100_000);
    assert!(!caisse.ask(&["status"]).out.contains("CREDIT NOT COVERED"));
    let next = ["allocate", "--month", "2026-11", "--force", "the assembly decided"];
    let grant = caisse.done(&["book", "list", "--account", "740"])[0]["entry"]["index"].to_string();
    caisse.done(&["book", "reverse", &grant, "--reason", "the funder withdrew"]);
    caisse.done(&next);
    assert!(caisse.ask(&["status"]).out.contains("CREDIT NOT COVERED"));
    assert_eq!(caisse.done(&["verify"])["verified"]["differences"], serde_json::json!([]));
}

#[test]
fn two_caisses_found_a_federation_sell_across_and_settle() {
    let (host, home) = (Caisse::open("Montpellier"), Caisse::open("Cadenet"));
    for caisse in [&host, &home] {
        let contact = caisse.home.path().join("contact.json");
        caisse.done(&["federation", "contact", "--out", path(&contact)]);
    }
    let contact = |caisse: &Caisse| path(&caisse.home.path().join("contact.json")).to_owned();
    let (first, second) = (contact(&host), contact(&home));
    let one = host.done(&["federation", "found", &first, &second]);
    let alone = host.ask(&["status", "--wait=1"]);
    assert_eq!((alone.code, alone.out.as_str()), (Some(1), ""), "{alone:?}");
    assert!(alone.talk.contains("waits to hear from 1 other caisse"), "{alone:?}");
    // The order of the files does not matter, nor whether one's own is among them.
    assert_eq!(home.done(&["federation", "found", &first]), one);
    for (caisse, other) in [(&host, "Cadenet"), (&home, "Montpellier")] {
        // Whoever waited is not refused for coming too early.
        caisse.done(&["status", "--wait"]);
        caisse.done(&["federation", "agree", other]);
    }
    let in_force = |info: &Value| info["federation"]["agreements"][0]["in_force"] == true;
    host.until("in force", &["federation", "members"], in_force);
    home.until("in force", &["federation", "members"], in_force);

    let card = home.enrol("Nadia Cressonnet");
    host.stall("Le Potager");
    let code = host.file("code", "4071\n");
    let paid = host.done(&pay(&card, "Le Potager", "20.00", &code));
    assert_eq!(paid["paid"]["covered"], 1_400);
    let wrong = host.file("wrong", "0000\n");
    assert!(host.refused(&pay(&card, "Le Potager", "1", &wrong)).contains("code is wrong"));
    assert_eq!(home.done(&["payment", "list"])["payments"].as_array().map(Vec::len), Some(2));

    let owed = |info: &Value| info["statement"]["owed_to_us"] == 1_400;
    host.until("owed", &["statement", "--with", "Cadenet"], owed);
    host.done(&["statement", "--with", "Cadenet", "--publish"]);
    let agreed = |info: &Value| info["statement"]["agreed"].is_object();
    host.until("agreed", &["statement", "--with", "Cadenet"], agreed);
    let shown = home.ask(&["statement", "--with", "Montpellier"]).out;
    assert!(shown.contains("we owe it 14.00"), "{shown}");
    assert!(shown.contains("the two sides contradict") && !shown.contains("yes"), "{shown}");
    let run = host.done(&["settle", "propose"])["run_proposed"].as_str().expect("a run").to_owned();
    let certified = |info: &Value| info["runs"][0]["certified"] == true;
    host.until("certified", &["settle", "status"], certified);
    home.until("certified", &["settle", "status"], certified);
    assert!(host.ask(&["settle", "transfers"]).out.contains("gross 14.00, net 14.00"));
    home.done(&["settle", "sent", &run[..8], "--to", "Montpellier"]);
    host.done(&["settle", "received", &run[..8], "--from", "Cadenet"]);
    let received = |info: &Value| info["runs"][0]["transfers"][0]["received"] == true;
    home.until("received", &["settle", "transfers"], received);
    for caisse in [&host, &home] {
        assert_eq!(caisse.done(&["verify"])["verified"]["differences"], serde_json::json!([]));
        let peers = caisse.ask(&["peer", "list"]);
        assert!(peers.out.contains("1 partner(s)"), "{peers:?}");
    }
}

#[test]
fn the_treasurer_looks_ahead_and_the_committee_tries_rules() {
    let caisse = Caisse::open("Caisse d'essai");
    assert!(caisse.refused(&["forecast"]).contains("no entry yet"));
    caisse.enrol("Rose Pervanchoux");
    let (ahead, tried) = (caisse.home.path().join("a.svg"), caisse.home.path().join("b.svg"));

    let forecast = caisse.done(&["forecast", "--months", "3", "--svg", path(&ahead)]);
    // 20 came in and 1,000 are granted; one adult of the default rules holds 150.
    assert_eq!(forecast["guarantee"]["money"], 2_000);
    assert_eq!(forecast["scenarios"][0]["path"].as_array().map(Vec::len), Some(3));
    assert_eq!(forecast["basis_not_over"], true);
    let said = caisse.ask(&["forecast"]).out;
    assert!(said.contains("How it is worked out") && said.contains("ONLY THE PRESENT MONTH"));
    assert!(caisse.refused(&["forecast", "--months", "61"]).contains("1 to 60 months"));

    let rules = "version = 2\nfrom = \"2027-01\"\nreason = \"Essai\"\n\
                 [allocation]\nmodel = \"per_person\"\namount = \"100.00\"\n\
                 [contribution]\nmodel = \"self_set\"\nleast = \"1.00\"\nmost = \"250.00\"\nstep = \"1.00\"\n";
    let rules = caisse.file("rules.toml", rules);
    let before = caisse.done(&["rules", "list"]);
    let simulate = ["rules", "simulate", &rules, "--svg", path(&tried)];
    let simulation = caisse.done(&simulate);
    assert_eq!(simulation["all"]["figures"], Value::Null, "one household is too few");
    let all = caisse.done(&[&simulate[..], &["--operator"]].concat());
    assert_eq!(all["all"]["figures"]["households"], 1);
    assert!(caisse.ask(&simulate).out.contains("Nothing was changed"));
    assert_eq!(caisse.done(&["rules", "list"]), before);
    for (file, word) in [(&ahead, "Combien de temps"), (&tried, "qui gagne")] {
        let drawn = std::fs::read_to_string(file).expect("it was drawn");
        assert!(drawn.starts_with("<?xml") && drawn.contains(word), "{drawn}");
    }
    let nowhere = caisse.ask(&["forecast", "--svg", "/nowhere/a.svg"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
}

#[test]
fn the_evaluator_gets_a_file_with_the_same_bytes_each_time() {
    let caisse = Caisse::open("Caisse d'essai");
    caisse.enrol("Rose Pervanchoux");
    caisse.stall("Le Potager");
    let file = caisse.home.path().join("indicators");
    for (format, start) in [("json", "["), ("csv", "schema_version,"), ("parquet", "PAR1")] {
        let write = ["evaluate", "--at", "2026-01-31", "--format", format, "--out", path(&file)];
        caisse.done(&write);
        let first = std::fs::read(&file).expect("it was written");
        caisse.done(&write);
        assert_eq!(std::fs::read(&file).expect("it was written"), first);
        assert!(first.starts_with(start.as_bytes()), "{format}");
    }
    let future = ["evaluate", "--at", "2999-01-31", "--out", path(&file)];
    assert!(caisse.refused(&future).contains("is not over"));
    let backwards =
        ["evaluate", "--at", "2026-01-31", "--from", "2026-02-01", "--out", path(&file)];
    assert!(caisse.refused(&backwards).contains("give 1 day to 60 months"));
    assert_eq!(caisse.ask(&["evaluate", "--at", "31/01/2026", "--out", "x"]).code, Some(2));
}
