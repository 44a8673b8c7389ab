//! Every sample of other projects is read, or refused with the right message.

use node::exchange::{Bic, CreditorId, Fault, Iban, StatementFile, camt053, pain002};

use super::support::{assert_valid, said, samples};

fn read(name: &str, bytes: &[u8]) -> StatementFile {
    camt053::read(bytes).unwrap_or_else(|problem| panic!("{}", problem.in_file(name)))
}

#[test]
fn every_sample_statement_is_read_or_says_why_not() {
    let mut shown = String::new();
    for (name, bytes) in samples("camt") {
        shown.push_str(&format!("{name}\n"));
        let file = match camt053::read(bytes.as_slice()) {
            Ok(file) => file,
            Err(problem) => {
                shown.push_str(&format!("  refused: {}\n", said(&problem)));
                continue;
            }
        };
        for statement in &file.statements {
            let lines: usize = statement.entries.iter().map(|entry| entry.lines.len()).sum();
            let entries = statement.entries.len();
            shown.push_str(&format!("  {}: {entries} entries, {lines} lines\n", statement.id));
        }
        for problem in file.problems.kept() {
            shown.push_str(&format!("  {}\n", said(problem)));
        }
    }
    assert_eq!(shown, include_str!("../fixtures/bank/camt/expected.txt"), "{shown}");
}

#[test]
fn a_sample_statement_gives_what_it_says() {
    let (name, bytes) = &samples("camt")[5];
    assert_eq!(name, "genkgo_camt053.v2.multi.statement.xml");
    let file = read(name, bytes);
    assert_eq!((file.kind, file.id.as_str()), ("camt.053.001.02", "CAMT053RIB000000000001"));
    let [one, two] = file.statements.as_slice() else { panic!("two statements") };
    assert_eq!(one.account.as_str(), "NL26VAYB8060476890");
    assert_eq!(one.closing.expect("a balance").amount.get(), 2_700);
    assert_eq!(two.opening.expect("a balance").amount.get(), 2_700);
    let line = &two.entries[0].lines[0];
    assert_eq!((two.entries[0].amount.get(), line.amount.get()), (700, 700));
    assert_eq!(
        line.counterpart.iban.map(|iban| iban.to_string()).as_deref(),
        Some("NL56 AGDH 9619 0084 21")
    );
}

#[test]
fn a_file_of_payments_is_no_statement_and_no_report() {
    for (name, bytes) in samples("pain") {
        let why = camt053::read(bytes.as_slice()).expect_err(&name);
        assert!(matches!(why.fault, Fault::WrongMessage { .. }), "{name}: {why}");
        assert!(why.to_string().contains("pain.0"), "{why}");
        if name.contains("pain.00") {
            let why = pain002::read(bytes.as_slice()).expect_err(&name);
            assert!(matches!(why.fault, Fault::WrongMessage { .. }), "{name}: {why}");
        }
    }
}

/// The texts of all elements of that name.
fn texts<'t>(xml: &'t str, element: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts.filter_map(|part| part.split(close.as_str()).next()).collect()
}

#[test]
fn every_identifier_in_the_samples_is_one() {
    let mut seen = 0;
    for (name, bytes) in samples("pain").into_iter().chain(samples("camt")) {
        let xml = String::from_utf8(bytes).expect("UTF-8");
        for iban in texts(&xml, "IBAN") {
            // Account numbers made up without check digits.
            let made_up = ["NL26VAYB8060476890", "NL56AGDH9619008421"].contains(&iban);
            assert!(iban.parse::<Iban>().is_ok() || made_up, "{name}: {iban}");
            seen += 1;
        }
        for bic in texts(&xml, "BIC").into_iter().chain(texts(&xml, "BICFI")) {
            assert!(bic.parse::<Bic>().is_ok(), "{name}: {bic}");
            seen += 1;
        }
        if name.contains("pain.008") {
            let ids = texts(&xml, "Id").into_iter().filter(|id| id.contains("ZZZ"));
            for id in ids.map(|id| id.rsplit('>').next().unwrap_or_default()) {
                assert!(id.parse::<CreditorId>().is_ok(), "{name}: {id}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "only {seen} identifiers were seen");
}

#[test]
fn our_own_samples_are_valid() {
    for (name, kind) in [
        ("camt/caisse_camt053.v2.xml", "camt.053.001.02"),
        ("camt/caisse_camt053.v8.xml", "camt.053.001.08"),
        ("pain/caisse_pain002.v3.xml", "pain.002.001.03"),
    ] {
        assert_valid(kind, &super::support::fixture(name));
    }
}
