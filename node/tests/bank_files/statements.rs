//! What a statement and a status report say, entry by entry.

use std::collections::BTreeSet;

use crdt::Digest;
use node::exchange::pain002::Status;
use node::exchange::{
    BankStatement, Consequence, Date, EntryStatus, Fault, Line, Reason, Side, StatementFile,
    camt053, pain002,
};

use super::support::{fixture, our_account, said};

pub fn read(bytes: &[u8]) -> StatementFile {
    camt053::read(bytes).unwrap_or_else(|problem| panic!("{}", problem.in_file("statement.xml")))
}

fn ours(version: &str) -> String {
    String::from_utf8(fixture(&format!("camt/caisse_camt053.{version}.xml"))).expect("UTF-8")
}

fn only(file: StatementFile) -> BankStatement {
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    let [statement] = file.statements.try_into().expect("one statement");
    statement
}

fn lines(statement: &BankStatement) -> Vec<&Line> {
    statement.entries.iter().flat_map(|entry| &entry.lines).collect()
}

fn prints(statement: &BankStatement) -> Vec<Digest> {
    lines(statement).iter().map(|line| line.fingerprint).collect()
}

#[test]
fn a_statement_says_the_same_in_both_versions() {
    let (older, newer) = (only(read(ours("v2").as_bytes())), only(read(ours("v8").as_bytes())));
    assert_eq!(prints(&older), prints(&newer));
    assert_eq!(prints(&older).iter().collect::<BTreeSet<_>>().len(), 6);
    let unplaced = |mut statement: BankStatement| {
        statement.entries.iter_mut().for_each(|entry| entry.place = Default::default());
        statement
    };
    assert_eq!(unplaced(older), unplaced(newer));
}

#[test]
fn a_statement_gives_everything_that_the_import_needs() {
    let statement = only(read(ours("v8").as_bytes()));
    assert_eq!(statement.account, our_account());
    let day = |day| Date::new(2026, 11, day).expect("a day");
    let period = statement.period.expect("a period");
    assert_eq!((period.from, period.to), (day(23), day(24)));
    assert_eq!(statement.opening.expect("a balance").amount.get(), 100_000);
    let closing = statement.closing.expect("a balance");
    assert_eq!((closing.amount.get(), closing.on), (75_260, day(24)));
    let booked = statement.entries.iter().filter(|entry| entry.status == EntryStatus::Booked);
    let moved: i64 = booked.map(|entry| entry.side.signed(entry.amount).get()).sum();
    assert_eq!(100_000 + moved, 75_260, "the balances and the entries agree");

    let [contribution, batch, returned, payout, pending] = statement.entries.as_slice() else {
        panic!("five entries")
    };
    assert_eq!(contribution.bank_reference.as_deref(), Some("B26327-0001"));
    let line = &contribution.lines[0];
    assert_eq!(line.end_to_end.as_deref(), Some("COT-2026-11-0001"));
    assert_eq!(line.remittance, "Cotisation novembre foyer 12 & 13");
    assert_eq!(line.counterpart.name.as_deref(), Some("Prénom Imaginé"));
    assert_eq!(line.counterpart.iban.expect("an IBAN").masked(), "FR33 …4321");

    let amounts: Vec<_> = batch.lines.iter().map(|line| line.amount.get()).collect();
    assert_eq!((batch.amount.get(), amounts), (6_000, vec![2_000, 4_000]));
    assert_eq!(batch.lines[1].mandate.as_deref(), Some("RUM-0002"));
    assert_eq!(batch.lines[1].instruction.as_deref(), Some("DD-0002"));
    assert_eq!(batch.lines[0].creditor_references, ["RF18539007547034"]);

    assert_eq!((returned.side, returned.reversal), (Side::Debit, true));
    let back = returned.lines[0].returned.as_ref().expect("a return");
    assert_eq!(back.reason, Some(Reason::InsufficientFunds));
    assert_eq!(back.original_end_to_end.as_deref(), Some("DD-2026-11-0001"));
    assert_eq!(returned.lines[0].counterpart.name.as_deref(), Some("Débitrice Une"));

    assert_eq!(payout.lines[0].counterpart.name.as_deref(), Some("Ferme rêvée"));
    assert_eq!(
        (pending.status, pending.lines[0].end_to_end.as_ref()),
        (EntryStatus::Pending, None)
    );
    assert_eq!(pending.description.as_deref(), Some("VIR INST EN COURS"));
}

#[test]
fn equal_entries_of_one_day_have_their_own_fingerprints_and_keep_them() {
    let text = ours("v2");
    let at = text.find("<Ntry>").expect("an entry");
    let end = text.find("</Ntry>").expect("its end") + "</Ntry>".len();
    let entry = &text[at..end];
    let twice = text.replacen(entry, &format!("{entry}\n{entry}"), 1);
    let (once, twice) =
        (prints(&only(read(text.as_bytes()))), prints(&only(read(twice.as_bytes()))));
    assert_eq!(twice.iter().collect::<BTreeSet<_>>().len(), 7);
    assert_eq!(once[0], twice[0]);
    assert_eq!(once[1..], twice[2..]);
}

/// Replaces a piece of our sample, and returns what is said about it.
fn broken(version: &str, from: &str, to: &str) -> (StatementFile, Vec<String>) {
    let text = ours(version);
    assert!(text.contains(from), "{from}");
    let file = read(text.replacen(from, to, 1).as_bytes());
    let said = file.problems.kept().iter().map(said).collect();
    (file, said)
}

#[test]
fn one_bad_entry_never_stops_the_others_and_says_its_line_and_field() {
    for (from, to, expected) in [
        ("\"EUR\">25.00", "\"EUR\">NaN", "26 Amt: not an amount: \"NaN\" (EntryLeftOut)"),
        ("\"EUR\">25.00", "\"EUR\">-25.00", "26 Amt: a negative amount: \"-25.00\" (EntryLeftOut)"),
        (
            "\"EUR\">25.00",
            "\"EUR\">0.001",
            "26 Amt: an amount with a part of a cent: \"0.001\" (EntryLeftOut)",
        ),
        (
            "\"EUR\">25.00",
            "\"EUR\">99999999999999999999999",
            "26 Amt: an amount larger than any amount of money: \"99999999999999999999999\" (EntryLeftOut)",
        ),
        (
            "\"EUR\">25.00",
            "\"USD\">25.00",
            "26 Amt: the currency is \"USD\", only EUR is read (EntryLeftOut)",
        ),
        (" Ccy=\"EUR\">25.00", ">25.00", "26 Amt: the currency is missing (EntryLeftOut)"),
        (
            "<Sts>BOOK",
            "<Sts>BOOKED",
            "29 Sts: \"BOOKED\" is not one of BOOK, PDNG, FUTR, INFO (EntryLeftOut)",
        ),
        (
            "<RvslInd>false",
            "<RvslInd>no",
            "28 RvslInd: \"no\" is not one of true, false (EntryLeftOut)",
        ),
        (
            "<BookgDt><Dt>2026-11-23",
            "<BookgDt><Dt>2026-11-31",
            "30 Dt: no such day in the calendar: \"2026-11-31\" (EntryLeftOut)",
        ),
        (
            "<ValDt><Dt>2026-11-23",
            "<ValDt><Dt>9999-11-23",
            "31 Dt: the year is not between 1990 and 2199: \"9999-11-23\" (EntryLeftOut)",
        ),
        ("<Sts>BOOK</Sts>", "", "25 Ntry: Sts is missing (EntryLeftOut)"),
    ] {
        let (file, said) = broken("v2", from, to);
        assert_eq!(said, [expected]);
        assert_eq!(file.statements[0].entries.len(), 4, "{expected}");
    }
}

#[test]
fn details_that_do_not_add_up_to_their_entry_are_refused() {
    for version in ["v2", "v8"] {
        let (file, said) = broken(version, "\"EUR\">40.00", "\"EUR\">40.01");
        assert_eq!(said.len(), 1);
        let expected = "Ntry[2]: the details sum to 60.01, the entry is 60.00 (EntryLeftOut)";
        assert!(said[0].ends_with(expected), "{said:?}");
        assert_eq!(file.statements[0].entries.len(), 4);
        let text = ours(version)
            .replace("<AmtDtls><TxAmt><Amt Ccy=\"EUR\">40.00</Amt></TxAmt></AmtDtls>", "");
        let text = text.replace("<Amt Ccy=\"EUR\">40.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>", "");
        let file = read(text.as_bytes());
        let problem = &file.problems.kept()[0];
        assert_eq!(problem.path, "Document/BkToCstmrStmt/Stmt/Ntry[2]/NtryDtls/TxDtls[2]");
        assert!(matches!(problem.fault, Fault::Missing(_)), "{problem}");
    }
}

#[test]
fn a_bad_account_of_the_other_side_leaves_out_a_field_and_a_bad_account_of_ours_the_statement() {
    let wrong = "FR3499999000020000000054321";
    let (file, said) = broken("v8", "FR3399999000020000000054321", wrong);
    assert_eq!(said, ["37 IBAN: the check digits are wrong (FieldLeftOut)"]);
    let line = &file.statements[0].entries[0].lines[0];
    assert_eq!((line.counterpart.iban, line.counterpart.name.is_some()), (None, true));
    assert!(!file.problems.kept()[0].to_string().contains(wrong), "an IBAN belongs to a person");

    let (file, said) = broken("v2", "<IBAN>FR5499999000010000000012345", "<IBAN>FR55");
    let expected = "an IBAN of this country has 27 characters, here are 4 (StatementLeftOut)";
    assert_eq!(said, [format!("12 IBAN: {expected}")]);
    assert!(file.statements.is_empty());
    let (_, said) =
        broken("v2", "<IBAN>FR5499999000010000000012345</IBAN>", "<Othr><Id>1</Id></Othr>");
    assert_eq!(said, ["12 Acct: an account with an IBAN is missing (StatementLeftOut)"]);
}

#[test]
fn a_bad_balance_or_period_leaves_out_that_field() {
    let (file, said) = broken("v2", "\"EUR\">1000.00", "\"CHF\">1000.00");
    assert_eq!(said, ["15 Amt: the currency is \"CHF\", only EUR is read (FieldLeftOut)"]);
    assert_eq!((file.statements[0].opening, file.statements[0].entries.len()), (None, 5));
    let (file, said) = broken("v2", "2026-11-23T00:00:00", "yesterday");
    assert_eq!(said, ["11 FrDtTm: not a date: \"yesterday+01:00\" (FieldLeftOut)"]);
    assert_eq!(file.statements[0].period, None);
}

#[test]
fn a_text_longer_than_its_format_allows_leaves_out_that_field() {
    let (file, said) = broken("v2", "COT-2026-11-0001", &"C".repeat(36));
    assert_eq!(said, ["36 EndToEndId: a text of more than 35 characters (FieldLeftOut)"]);
    assert_eq!(file.statements[0].entries[0].lines[0].end_to_end, None);
    let part = format!("<Ustrd>{}</Ustrd>", "x".repeat(140));
    let (file, said) = broken("v2", "<Ustrd>foyer", &format!("{}<Ustrd>foyer", part.repeat(20)));
    assert_eq!(said.len(), 7, "{said:?}");
    let remittance = &file.statements[0].entries[0].lines[0].remittance;
    assert!(remittance.len() <= 2_000 && remittance.starts_with("Cotisation novembre xx"));
}

#[test]
fn a_namespace_prefix_makes_no_difference_and_foreign_elements_are_passed_over() {
    let text = ours("v8");
    let plain = prints(&only(read(text.as_bytes())));
    let prefixed = text.replace("</", "</b:").replace('<', "<b:").replace("<b:/b:", "</b:");
    let prefixed = prefixed.replace("<b:?xml", "<?xml").replace("xmlns=", "xmlns:b=");
    assert_eq!(prints(&only(read(prefixed.as_bytes()))), plain);
    let foreign = text.replace(
        "<RvslInd>",
        "<x:Amt xmlns:x=\"urn:x\" Ccy=\"USD\">1</x:Amt><Sts xmlns=\"urn:y\"><Cd>PDNG</Cd></Sts><RvslInd>",
    );
    assert_eq!(prints(&only(read(foreign.as_bytes()))), plain);
}

#[test]
fn bytes_that_are_no_characters_spoil_one_text_and_not_the_file() {
    let mut bytes = ours("v2").into_bytes();
    let name = "Prénom".as_bytes();
    let at = bytes.windows(name.len()).position(|window| window == name).expect("the name");
    bytes.splice(at..at + name.len(), *b"Pr\xe9nom");
    let file = read(&bytes);
    let problem = &file.problems.kept()[0];
    assert_eq!(
        (problem.consequence, &problem.fault),
        (Consequence::TextDamaged, &Fault::Characters)
    );
    assert!(problem.path.ends_with("RltdPties/Dbtr/Nm"), "{problem}");
    let name = file.statements[0].entries[0].lines[0].counterpart.name.as_deref();
    assert_eq!(name, Some("Pr\u{fffd}nom Imaginé"));

    let latin = ours("v2").replace("UTF-8", "ISO-8859-1");
    let bytes: Vec<u8> =
        latin.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    assert_eq!(prints(&only(read(&bytes))), prints(&only(read(ours("v2").as_bytes()))));
}

#[test]
fn a_status_report_says_which_payments_were_rejected_and_why() {
    for version in ["v3", "v10"] {
        let bytes = fixture(&format!("pain/caisse_pain002.{version}.xml"));
        let report = pain002::read(bytes.as_slice()).expect("a report");
        assert_eq!(report.original_message.as_deref(), Some("DD-2026-11"));
        assert_eq!(report.original_kind.as_deref(), Some("pain.008.001.02"));
        assert_eq!(report.group.status, Some(Status::PartlyAccepted));
        let [recurrent, first] = report.blocks.as_slice() else { panic!("two blocks") };
        assert_eq!(recurrent.original_block.as_deref(), Some("DD-2026-11-RCUR"));
        let [closed, unknown] = recurrent.payments.as_slice() else { panic!("two payments") };
        assert_eq!(closed.original_end_to_end.as_deref(), Some("DD-2026-11-0001"));
        assert_eq!(closed.outcome.status, Some(Status::Rejected));
        assert_eq!(closed.outcome.reasons[0].reason, Some(Reason::ClosedAccount));
        assert_eq!(closed.outcome.reasons[0].words, "COMPTE CLOTURE");
        assert_eq!(closed.amount.map(|amount| amount.get()), Some(2_000));
        assert_eq!(closed.mandate.as_deref(), Some("RUM-0001"));
        assert_eq!(unknown.outcome.reasons[0].reason, Some(Reason::from("ZZ99")));
        assert_eq!(first.outcome.status, Some(Status::Rejected));
        assert_eq!(first.outcome.reasons[0].reason, Some(Reason::from("DATE")));
        let said: Vec<_> = report.problems.kept().iter().map(said).collect();
        assert_eq!(said, ["38 TxInfAndSts[3]: OrgnlEndToEndId is missing (EntryLeftOut)"]);
    }
}
