//! Members from a file to oblivion, with a real node and its real files.

use std::path::{Path, PathBuf};

use crate::{Caisse, pay, run, start};

/// Returns the files under a directory, the socket left out.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("our own directory");
    let paths = entries.map(|entry| entry.expect("it is there").path());
    let below = |path: PathBuf| match path.metadata() {
        Ok(is) if is.is_dir() => files(&path),
        Ok(is) if is.is_file() => vec![path],
        _ => Vec::new(),
    };
    paths.flat_map(below).collect()
}

/// Returns the files in which some bytes stand.
fn holding(dir: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        let text = std::fs::read(path).expect("our own file");
        text.windows(bytes.len()).any(|window| window == bytes)
    };
    files(dir).into_iter().filter(holds).collect()
}

/// Returns the keys of personal records that the caisse holds: the store's file of them has slots of 64
/// bytes, the first a title, each other an id of 16 bytes and a key of 32.
fn keys(dir: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(dir.join("store/shreds")).expect("the store made it");
    let slots = bytes.chunks(64).skip(1);
    slots.filter(|slot| slot.iter().any(|b| *b != 0)).map(|slot| slot[16..48].to_vec()).collect()
}

const MEMBERS: &str = "reference;nom;adultes;enfants;téléphone;courriel;commune\n\
    A1;Rose Pervanchoux;1;2;06 11 22 33 44;rose.pervanchoux@exemple.fr;Lauris\n\
    A2;Octave Lenoir;deux;0;;;Cadenet\n\
    A3;Ismaël Bonnefoy;2;0;;ismael@exemple.fr;Cadenet\n\
    A4;Zoé;1;0;;nulle part;Cadenet\n";

#[test]
fn whoever_is_erased_stands_in_no_file_and_no_key_that_reads_what_is_left_is_in_any() {
    let mut caisse = Caisse::open("Lauris");
    let dir = caisse.dir();
    let nobody = keys(&dir);
    let card = caisse.enrol("Rose Pervanchoux");
    let contact = ["--phone", "06 11 22 33 44", "--email", "rose.pervanchoux@exemple.fr"];
    caisse.done(&[&["member", "change", "Rose Pervanchoux"], &contact[..]].concat());
    caisse.stall("Stall");
    let code = caisse.file("code", "4071\n");
    caisse.done(&pay(&card, "Stall", "10", &code));
    caisse.done(&["member", "add", "--name", "Octave Lenoir"]);
    let (vendors, members) = (caisse.done(&["vendor", "list"]), caisse.done(&["member", "list"]));
    let held = caisse.done(&["member", "export", "Rose Pervanchoux"]);
    assert_eq!(held["held"]["person"]["phone"], "06 11 22 33 44");
    assert_eq!(held["held"]["purchases"].as_array().map(Vec::len), Some(1));
    let text = caisse.ask(&["member", "export", "Rose Pervanchoux"]).out;
    assert!(text.contains("rose.pervanchoux@exemple.fr") && text.contains("kept"), "{text}");

    let personal = ["Pervanchoux", "06 11 22 33 44", "rose.pervanchoux@exemple.fr"];
    let before = keys(&dir);
    assert_eq!(before.len(), nobody.len() + 2, "two persons");
    for key in &before {
        assert_eq!(holding(&dir, key), [dir.join("store/shreds")]);
    }
    let erase = ["member", "erase", "Rose Pervanchoux", "--reason", "request"];
    let preview = caisse.done(&[&erase[..], &["--dry-run"]].concat());
    assert_eq!(preview["erased"]["persons"], 1);
    assert_eq!(caisse.done(&["member", "list"]), members, "a preview changes nothing");
    let id = preview["erased"]["member"].as_str().expect("an id").to_owned();
    caisse.done(&erase);

    for restarted in [false, true] {
        if restarted {
            caisse.stop();
            caisse.node = start(&dir);
            caisse.done(&["status", "--wait"]);
        }
        let left = keys(&dir);
        let gone: Vec<_> = before.iter().filter(|key| !left.contains(key)).collect();
        assert_eq!(gone.len(), 1);
        assert!(holding(&dir, gone[0]).is_empty(), "the key of what is left of Rose is in no file");
        for word in personal {
            assert!(holding(&dir, word.as_bytes()).is_empty(), "{word}");
        }
        let verified = caisse.done(&["verify"]);
        assert_eq!(verified["verified"]["differences"], serde_json::json!([]));
        assert_eq!(caisse.done(&["vendor", "list"]), vendors, "vendors are owed what they were");
        let export = caisse.done(&["member", "export", &id]);
        assert_eq!(export["held"]["person"], serde_json::Value::Null);
        assert_eq!(export["held"]["balance"], 0);
    }
    assert!(caisse.refused(&pay(&card, "Stall", "1", &code)).contains("blocked"));
    assert!(caisse.refused(&["member", "erase", &id, "--reason", "request"]).contains("erased"));
    caisse.done(&["member", "show", "Octave Lenoir"]);
}

#[test]
fn a_file_of_members_says_what_became_of_each_line_and_comes_back_as_it_was() {
    let caisse = Caisse::open("Cadenet");
    let file = caisse.file("members.csv", MEMBERS);
    let import = |more: &[&str]| {
        let said = caisse.ask(&[&["member", "import", &file, "--json"], more].concat());
        assert_eq!(said.code, Some(1), "some lines are wrong: {said:?}");
        said.json()
    };
    let report = import(&["--dry-run"]);
    assert_eq!((&report["added"], &report["wrong"]), (&2.into(), &2.into()));
    assert_eq!(caisse.done(&["status"])["status"]["members"], 0);
    let report = import(&[]);
    assert_eq!(report["lines"][1]["line"], 3);
    assert!(report["lines"][1]["why"].to_string().contains("adults"), "{report}");
    assert!(report["lines"][3]["why"].to_string().contains("e-mail"), "{report}");
    let again = import(&[]);
    assert_eq!((&again["added"], &again["already_there"]), (&0.into(), &2.into()));
    caisse.done(&["member", "add", "--name", "By Hand"]);
    let out = caisse.file("roll.csv", "");
    caisse.done(&["member", "export-all", "--french", "--out", &out]);
    let text = std::fs::read_to_string(&out).expect("it was written");
    assert!(
        text.starts_with("\u{feff}reference;name;") && text.contains("Ismaël Bonnefoy"),
        "{text}"
    );
    let back = caisse.done(&["member", "import", &out]);
    assert_eq!((&back["added"], &back["already_there"]), (&0.into(), &3.into()));
    let said = caisse.ask(&["member", "import", &caisse.file("bad.csv", "a,b\n1,2\n")]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.talk.contains("reference and name"), "{said:?}");

    // A draw among members by id, and the same draw from a file without any node.
    let draw = ["draw", "--seats", "2", "--seed", "Loto 4 8 15", "--quota", "commune=Cadenet:1"];
    let drawn = caisse.done(&[&draw[..], &["--from", "members"]].concat());
    assert!(!drawn.to_string().contains("Rose"), "a draw names nobody");
    let lots = drawn["tickets"].as_array().expect("a list");
    let line = |lot: &serde_json::Value| {
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        format!("{},{}\n", text(&lot["id"]), text(&lot["attributes"]["commune"]))
    };
    let list: String = lots.iter().rev().map(line).collect();
    let list = caisse.file("ids.csv", &format!("id,commune\n{list}"));
    let said = run(&[&["-C", "/nowhere", "--json"], &draw[..], &["--from", &list]].concat());
    assert_eq!((said.code, said.json()), (Some(0), drawn));
    let refused = caisse.ask(&["draw", "--seats", "9", "--seed", "s", "--from", "members"]);
    assert!(refused.code == Some(2) && refused.talk.contains("3 candidates"), "{refused:?}");
}

#[test]
fn who_waits_becomes_a_member_who_changes_leaves_and_comes_back() {
    let caisse = Caisse::open("Apt");
    caisse.done(&["waiting", "add", "--name", "Zoé", "--adults", "2", "--commune", "Apt"]);
    caisse.done(&["waiting", "add", "--name", "Nadia"]);
    let list = caisse.ask(&["waiting", "list"]).out;
    assert!(list.find("Zoé") < list.find("Nadia") && list.contains("2 wait"), "{list}");
    assert_eq!(caisse.done(&["member", "export", "Zoé"])["held"]["waits"], true);
    caisse.done(&["waiting", "admit", "Zoé"]);
    caisse.done(&["waiting", "remove", "Nadia"]);
    assert!(caisse.ask(&["waiting", "list"]).out.contains("0 wait"));
    caisse.done(&["member", "change", "Zoé", "--children", "1", "--name", "Zoé P"]);
    let shown = caisse.ask(&["member", "show", "Zoé P"]).out;
    assert!(shown.contains("2 + 0 + 1"), "{shown}");
    assert!(caisse.refused(&["member", "change", "Zoé P"]).contains("say what is to be changed"));
    let leave = ["member", "leave", "Zoé P", "--reason", "moves"];
    caisse.done(&[&leave[..], &["--dry-run"]].concat());
    caisse.done(&leave);
    assert!(caisse.refused(&leave).contains("left on"));
    assert!(caisse.ask(&["member", "list"]).out.contains("(left)"));
    caisse.done(&["member", "return", "Zoé P", "--with-credit"]);
    assert!(caisse.refused(&["member", "return", "Zoé P"]).contains("has not left"));
    let table = run(&["privacy"]).out;
    assert!(table.contains("e-mail address") && table.contains("until erasure"), "{table}");
}
