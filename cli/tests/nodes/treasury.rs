//! The treasurer's month against a node that runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crdt::Timestamp;
use serde_json::Value;

use crate::{Caisse, pay, run};

const OWN: &str = "FR1420041010050500013M02606";
const FARM: &str = "DE89370400440532013000";
const ROSE: &str = "BE68539007547034";

fn today() -> crdt::Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_ms(i64::try_from(since.as_millis()).expect("of this age")).date()
}

fn assert_valid(kind: &str, file: &str) {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/tests/fixtures/bank/xsd");
    let schema = schemas.join(format!("{kind}.xsd"));
    let mut checker = Command::new("xmllint");
    let checked = checker.args(["--nonet", "--noout", "--schema"]).arg(schema).arg(file).output();
    let checked = checked.expect("xmllint is there");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// A statement of entries: the side, the amount, the end-to-end id, what is written.
fn camt(entries: &[(&str, &str, &str, &str)]) -> String {
    let day = today();
    let entry = |(side, amount, name, words): &(&str, &str, &str, &str)| {
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>{name}</EndToEndId>\
             </Refs><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    format!(
        "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
         <BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>{day}T05:00:00</CreDtTm></GrpHdr><Stmt>\
         <Id>1</Id><Acct><Id><IBAN>{OWN}</IBAN></Id></Acct>\n{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

fn made(caisse: &Caisse, what: &str, batch: &str, version: &str) -> String {
    let out = caisse.home.path().join(format!("{what}-{version}.xml"));
    let out = out.to_str().expect("UTF-8").to_owned();
    caisse.done(&[what, "file", batch, "--version", version, "--out", &out]);
    let first = std::fs::read(&out).expect("it was written");
    std::fs::remove_file(&out).expect("our own");
    caisse.done(&[what, "file", batch, "--version", version, "--out", &out]);
    assert_eq!(std::fs::read(&out).expect("it was written"), first, "the same bytes");
    out
}

fn code(ordered: &Value) -> String {
    ordered["treasury"]["ordered"]["code"].as_str().expect("a code").to_owned()
}

/// A sale, and the batch that pays its vendor.
fn sell_and_pay_out(caisse: &Caisse) -> String {
    let set = ["bank", "details", "set"];
    let (card, code_file) = (caisse.enrol("Rose"), caisse.home.path().join("code"));
    caisse.stall("Ferme");
    let code_file = code_file.to_str().expect("UTF-8");
    caisse.done(&pay(&card, "Ferme", "30.00", code_file));
    let preview = caisse.done(&["payout", "preview"]);
    assert_eq!(preview["ordered"]["left_out"][0][1], "no_details");
    caisse.done(&[&set[..], &["--vendor", "Ferme", "--name", "Ferme", "--iban", FARM]].concat());
    let shown = caisse.ask(&["payout", "preview"]);
    assert!(shown.out.contains(" Ferme "), "people read names: {shown:?}");
    let transfer = code(&caisse.done(&["payout", "order"]));
    assert!(caisse.refused(&["payout", "order"]).contains("nothing to order"));
    for (version, kind) in [("v03", "pain.001.001.03"), ("v09", "pain.001.001.09")] {
        assert_valid(kind, &made(caisse, "payout", &transfer, version));
    }
    let taken = caisse.file("taken.xml", "something else");
    let said = caisse.ask(&["payout", "file", &transfer, "--out", &taken]);
    assert_eq!(said.code, Some(2), "{said:?}");
    transfer
}

/// A mandate, and the batch that collects, of another month than the one that was given by hand.
fn collect_from_rose(caisse: &Caisse) -> String {
    let set = ["bank", "details", "set"];
    let mandate = ["--monthly", "15", "--signed", "2026-01-05"];
    let rose = ["--member", "Rose", "--name", "Rose", "--iban", ROSE];
    caisse.done(&[&set[..], &rose, &mandate].concat());
    let shown = caisse.ask(&["bank", "details", "show", "--member", "Rose"]);
    assert!(shown.out.contains("BE68 …7034") && !shown.out.contains(ROSE), "{shown:?}");
    let debit = code(&caisse.done(&["collect", "order", "--month", "2026-12"]));
    for (version, kind) in [("v02", "pain.008.001.02"), ("v08", "pain.008.001.08")] {
        assert_valid(kind, &made(caisse, "collect", &debit, version));
    }
    debit
}

#[test]
fn the_month_of_a_treasurer_from_the_statement_to_the_vendors_account() {
    let mut caisse = Caisse::open("bank");
    let missing = caisse.file("s.xml", &camt(&[]));
    assert!(caisse.refused(&["bank", "import", &missing]).contains("caisse bank details set"));
    let set = ["bank", "details", "set"];
    let wrong = ["--own", "--name", "Caisse", "--iban", "FR1520041010050500013M02606"];
    let said = caisse.ask(&[&set[..], &wrong].concat());
    assert!(said.code == Some(2) && said.talk.contains("check digits"), "{said:?}");
    let own = ["--own", "--name", "Caisse", "--iban", OWN, "--creditor-id", "FR72ZZZ123456"];
    caisse.done(&[&set[..], &own].concat());

    let transfer = sell_and_pay_out(&caisse);
    let debit = collect_from_rose(&caisse);

    // The statement.
    let reference = caisse.done(&["bank", "reference", "Rose"]);
    let words = format!("cotisation {} 01/2027", reference.as_str().expect("a reference"));
    let (paid, collected) = (format!("{transfer}-1"), format!("{debit}-1"));
    let entries = [
        ("CRDT", "25.00", "NOTPROVIDED", words.as_str()),
        ("CRDT", "12.34", "NOTPROVIDED", "merci"),
        ("CRDT", "12,34", "NOTPROVIDED", "a comma is no amount"),
        ("DBIT", "21.00", &paid, "remise"),
        ("CRDT", "15.00", &collected, "prelevement"),
    ];
    let file = caisse.file("statement.xml", &camt(&entries));
    let dry = caisse.done(&["bank", "import", &file, "--dry-run"]);
    let report = caisse.done(&["bank", "import", &file]);
    for report in [&dry, &report] {
        let imported = &report["imported"];
        assert_eq!((&imported["new"], &report["file_problems_in_all"]), (&4.into(), &1.into()));
        assert_eq!(imported["assigned"].as_array().map(Vec::len), Some(3), "{report}");
    }
    assert_eq!(caisse.done(&["bank", "import", &file])["imported"]["known"], 4);
    let notification = camt(&entries).replace("camt.053", "camt.054");
    let notification = notification.replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn");
    let notification = notification.replace("Stmt>", "Ntfctn>");
    let notification = caisse.file("n.xml", &notification);
    assert_eq!(caisse.ask(&["bank", "import", &notification]).code, Some(2));

    // The line that waits, by its table too: it is another line, for it has another file.
    let queue = caisse.done(&["bank", "queue"]);
    let line = queue["queue"][0]["id"].as_str().expect("a line")[..12].to_owned();
    let january = ["--member", "Rose", "--month", "2027-02"];
    let said = caisse.refused(&[&["bank", "assign", &line][..], &january].concat());
    assert!(
        said.contains("contribution") || said.contains("step") || said.contains("multiple"),
        "{said}"
    );
    caisse.done(&["bank", "assign", &line, "--other", "a gift"]);
    caisse.done(&["bank", "unassign", &line, "--reason", "not a gift"]);
    caisse.done(&[&["bank", "assign", &line][..], &january, &["--reason", "agreed"]].concat());
    assert_eq!(caisse.done(&["bank", "queue"])["queue"].as_array().map(Vec::len), Some(0));
    assert_eq!(caisse.done(&["payout", "show", &transfer])["batch"]["open"], 0);

    // What the bank gives back.
    let report = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03\"><CstmrPmtStsRpt><GrpHdr>\
         <MsgId>1</MsgId><CreDtTm>2026-11-25T05:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>\
         <OrgnlMsgId>{transfer}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>\
         <GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    );
    let report = caisse.file("report.xml", &report);
    let known = caisse.done(&["payout", "returns", &report]);
    assert_eq!(known["treasury"]["rejected"]["known"], 1, "the bank has shown it already");
    let back = camt(&[("CRDT", "21.00", &paid, "compte clos"), ("DBIT", "15.00", &collected, "")]);
    let back = caisse.file("back.xml", &back);
    caisse.done(&["bank", "import", &back]);
    assert_eq!(caisse.done(&["payout", "show", &transfer])["batch"]["back"], 2_100);
    let again = caisse.done(&["collect", "preview", "--month", "2026-12"]);
    assert_eq!(again["ordered"]["total"], 1_500, "it is missing again");

    let month = today().month().to_string();
    let table = caisse.ask(&["vendor", "statement", "Ferme", "--month", &month, "--format", "csv"]);
    assert!(table.out.starts_with("date;écriture;libellé;pièce;débit;crédit\n"), "{table:?}");
    assert!(table.out.ends_with(";Solde final;;;21,00\n"), "{table:?}");
    let on_paper = ["vendor", "statement", "Ferme", "--month", &month, "--format", "pdf"];
    assert_eq!(caisse.ask(&on_paper).code, Some(2), "a PDF is nothing for a terminal");
    let paper = caisse.home.path().join("releve.pdf");
    let paper_path = paper.to_str().expect("UTF-8");
    caisse.done(&[on_paper.as_slice(), &["--out", paper_path]].concat());
    assert!(std::fs::read(paper).expect("it was written").starts_with(b"%PDF-"));
    let said = caisse.refused(&[
        "contribution",
        "add",
        "--member",
        "Rose",
        "--month",
        "2026-12",
        "--amount",
        "15",
    ]);
    assert!(said.contains("caisse bank import"), "{said}");
    caisse.done(&["bank", "forget", "Rose"]);
    caisse.done(&["verify"]);
    caisse.stop();
    let dir: PathBuf = caisse.dir();
    let said = run(&["-C", dir.to_str().expect("UTF-8"), "verify"]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn a_table_of_a_bank_is_imported_line_by_line_whatever_is_wrong_with_one() {
    let caisse = Caisse::open("table");
    caisse.done(&["bank", "details", "set", "--own", "--name", "Caisse", "--iban", OWN]);
    let day = today();
    let table = format!(
        "Compte;{OWN}\nDate;Libellé;Débit;Crédit\n{day};COTISATION;;20,00\n31/02/2026;JAMAIS;;20,00\n\
         {day};FRAIS;-3,10;\n01/01/1991;ANCIEN;;5,00\n"
    );
    // As French banks write it.
    let latin: Vec<u8> =
        table.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    let file = caisse.home.path().join("table.csv");
    std::fs::write(&file, latin).expect("our own directory");
    let file = file.to_str().expect("UTF-8");
    let said = caisse.ask(&["bank", "import", file]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("table.csv:4:") && said.out.contains("table.csv:6: date:"),
        "{said:?}"
    );
    assert!(said.out.contains("2 line(s) are new, 0 known; 0 assigned, 2 wait"), "{said:?}");
    assert_eq!(caisse.done(&["bank", "import", file])["imported"]["known"], 2);
    let found = caisse.ask(&["bank", "reconcile"]);
    assert!(found.out.contains("no statement with a closing balance"), "{found:?}");
    let said = caisse.ask(&["bank", "import", file, "--format", "camt"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    let hostile = "<!DOCTYPE a [<!ENTITY b \"c\">]><Document>&b;</Document>";
    let hostile = caisse.file("hostile.xml", hostile);
    assert_eq!(caisse.ask(&["bank", "import", &hostile]).code, Some(2));
    caisse.done(&["verify"]);
}
