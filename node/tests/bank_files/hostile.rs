//! Files that want to harm the reader: memory stays bounded and each gets its message.

use node::exchange::bank_csv::Columns;
use node::exchange::limits::{CSV_BYTES, DEPTH, PIECE_BYTES};
use node::exchange::{Fault, Problem, bank_csv, camt053, pain002};

use super::support::{Endless, fixture, our_account};

const HEAD: &str = "<?xml version=\"1.0\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">\
    <BkToCstmrStmt><Stmt><Acct><Id><IBAN>FR5499999000010000000012345</IBAN></Id></Acct>";

fn refused(text: impl AsRef<[u8]>) -> Problem {
    let bytes = text.as_ref();
    let problem = camt053::read(bytes).expect_err("it must be refused");
    let again = pain002::read(bytes).expect_err("it must be refused");
    assert!(problem.place.line > 0 && again.place.line > 0, "{problem}");
    assert!(problem.to_string().contains("what to do: "), "{problem}");
    problem
}

#[test]
fn entities_are_never_expanded() {
    let laughs = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [\n<!ENTITY lol \"lol\">\n\
        <!ENTITY lol2 \"&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;\">\n]>\n<lolz>&lol2;</lolz>";
    let why = refused(laughs);
    assert_eq!((why.fault, why.place.line), (Fault::DocumentType, 2));
    let file =
        "<!DOCTYPE Document [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Document>&x;</Document>";
    assert_eq!(refused(file).fault, Fault::DocumentType);
    let external = "<!DOCTYPE Document SYSTEM \"http://127.0.0.1/evil.dtd\"><Document/>";
    assert_eq!(refused(external).fault, Fault::DocumentType);
    let undeclared = format!("{HEAD}\n<Id>&x;</Id>");
    let why = camt053::read(undeclared.as_bytes()).expect_err("unknown");
    assert_eq!((why.fault, why.place.line), (Fault::Entity("x".to_owned()), 3));
    let null = format!("{HEAD}<Id>&#0;</Id>");
    assert!(matches!(camt053::read(null.as_bytes()).expect_err("null").fault, Fault::Entity(_)));
}

#[test]
fn deep_nesting_is_refused_wherever_it_is() {
    let deep = |head: &str, name: &str| {
        let text = format!("{head}{}", format!("<{name}>").repeat(100_000));
        let why = camt053::read(text.as_bytes()).expect_err("deep");
        assert_eq!(why.fault, Fault::Limit { what: "levels of elements", most: DEPTH as u64 });
    };
    deep(HEAD, "Ntry");
    deep(HEAD, "Other");
    deep(&HEAD.replace("<Stmt>", ""), "Stmt");
    deep(HEAD, "x:y");
}

#[test]
fn a_line_of_a_gigabyte_is_refused_after_some_kilobytes() {
    let piece = Fault::Limit { what: "bytes in one tag or text", most: PIECE_BYTES };
    for (head, rest) in [
        ("", b'x'),
        ("", b' '),
        ("<", b'x'),
        ("<Document ", b'a'),
        ("<Document a='", b'x'),
        ("<!--", b'x'),
        ("<!DOCTYPE ", b'x'),
        ("<?xml ", b'x'),
        ("<Document xmlns='urn:x'>", b'x'),
        (HEAD, b'x'),
        (&format!("{HEAD}<Ntry>"), b'x'),
        (&format!("{HEAD}<Ntry><Amt>"), b'1'),
        (&format!("{HEAD}<Ntry><![CDATA["), b']'),
        (&format!("{HEAD}<Ntry>&"), b'x'),
    ] {
        let mut endless = Endless::new(head, rest);
        let why = camt053::read(&mut endless).expect_err(head);
        let expected = [&piece].contains(&&why.fault)
            || matches!(why.fault, Fault::Malformed(_) | Fault::WrongMessage { .. });
        assert!(expected, "{head}: {why}");
        assert!(endless.given < PIECE_BYTES * 2, "{head}: {} bytes were read", endless.given);
    }
}

#[test]
fn a_table_without_an_end_is_refused_at_the_limit() {
    let table = "Date;Montant\n";
    let mut endless = Endless::new(table, b'x');
    let why =
        bank_csv::read(&mut endless, our_account(), &Columns::default()).expect_err("endless");
    assert_eq!(why.fault, Fault::Limit { what: "bytes", most: CSV_BYTES });
    assert!(endless.given < CSV_BYTES + 1024 * 1024);
}

#[test]
fn an_entry_larger_than_memory_is_left_out_and_the_next_is_read() {
    let part = format!("<Ustrd>{}</Ustrd>", "x".repeat(60_000));
    let good = "<Ntry><Amt Ccy=\"EUR\">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry>";
    let large = format!("<Ntry><NtryDtls>{}</NtryDtls></Ntry>", part.repeat(600));
    let text = format!("{HEAD}{good}{large}{good}</Stmt></BkToCstmrStmt></Document>");
    let file = camt053::read(text.as_bytes()).expect("a statement");
    assert_eq!(file.statements[0].entries.len(), 2);
    let [problem] = file.problems.kept() else { panic!("{:?}", file.problems) };
    assert!(matches!(problem.fault, Fault::Limit { .. }), "{problem}");
    assert!(problem.path.ends_with("Ntry[2]"), "{problem}");
}

#[test]
fn a_million_bad_entries_are_counted_and_not_kept() {
    let text = format!("{HEAD}{}</Stmt></BkToCstmrStmt></Document>", "<Ntry/>".repeat(50_000));
    let file = camt053::read(text.as_bytes()).expect("a statement");
    assert_eq!((file.problems.count(), file.problems.kept().len()), (50_000, 1_000));
}

#[test]
fn as_many_wrong_details_as_one_likes_take_no_longer_than_right_ones() {
    // Each would need a look at all before it, if the place of each were counted anew.
    let wrong =
        "<TxDtls><Amt Ccy='EUR'>1</Amt><Refs><EndToEndId>&#xFFFD;</EndToEndId></Refs></TxDtls>";
    let count = 30_000;
    let entry = format!(
        "<Ntry><Amt Ccy='EUR'>{count}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>{}</NtryDtls></Ntry>",
        wrong.repeat(count)
    );
    let text = format!("{HEAD}{entry}</Stmt></BkToCstmrStmt></Document>");
    let file = camt053::read(text.as_bytes()).expect("a statement");
    assert_eq!(file.statements[0].entries[0].lines.len(), count);
    assert_eq!(file.problems.count(), count as u64);
    assert!(file.problems.kept()[9].path.ends_with("NtryDtls/TxDtls[10]/Refs/EndToEndId"));
}

#[test]
fn what_a_stranger_wrote_cannot_steer_a_terminal_or_fill_it() {
    let name = format!("a\u{1b}[31m{}", "b".repeat(1_000));
    for text in [
        format!("<Document xmlns='{name}'/>"),
        format!("{HEAD}<{name}><x>"),
        format!("{HEAD}<{name}></x>"),
        format!("{HEAD}&{name};"),
        format!("<?xml version='1.0' encoding='{name}'?><a/>"),
    ] {
        let said = camt053::read(text.as_bytes()).expect_err("foreign").to_string();
        assert!(said.len() < 600 && !said.contains('\u{1b}'), "{said}");
    }
    let table = format!("Date;Montant;IBAN contrepartie\n{name};{name};{name}\n");
    let file =
        bank_csv::read(table.as_bytes(), our_account(), &Columns::default()).expect("a table");
    let said = file.problems.kept()[0].to_string();
    assert!(said.len() < 600 && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn attributes_and_namespaces_are_bounded() {
    let many: String = (0..200).map(|number| format!(" a{number}='x'")).collect();
    let why = refused(format!("<Document{many}>"));
    assert!(matches!(why.fault, Fault::Limit { what: "attributes on an element", .. }), "{why}");
    let many: String = (0..200).map(|number| format!(" xmlns:a{number}='x'")).collect();
    let why = refused(format!("<Document{many}>"));
    assert!(matches!(why.fault, Fault::Malformed(_)), "{why}");
}

#[test]
fn a_truncated_file_gives_nothing_at_all() {
    let bytes = fixture("camt/caisse_camt053.v8.xml");
    let whole = bytes.len() - "</Document>\n".len();
    for end in (0..whole).step_by(7) {
        let why = camt053::read(&bytes[..end]).expect_err("cut");
        let expected = matches!(
            why.fault,
            Fault::Truncated | Fault::Malformed(_) | Fault::Missing(_) | Fault::WrongMessage { .. }
        );
        assert!(expected && why.place.line > 0, "{end}: {why}");
    }
}

#[test]
fn what_is_no_statement_is_refused_with_what_it_is() {
    let root =
        |namespace: &str| format!("<Document xmlns=\"{namespace}\"><BkToCstmrStmt/></Document>");
    for namespace in ["", "urn:x", "urn:iso:std:iso:20022:tech:xsd:camt.053.001.99"] {
        let why = refused(root(namespace));
        assert!(matches!(why.fault, Fault::WrongMessage { .. }), "{why}");
    }
    assert!(matches!(refused("hello").fault, Fault::Missing(_)));
    assert!(matches!(refused("").fault, Fault::Missing(_)));
    assert!(matches!(refused("<a></b>").fault, Fault::WrongMessage { .. }));
    let known = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02";
    let why = refused(root(known));
    assert_eq!(why.fault, Fault::Missing("a statement"));
    let second = format!("{HEAD}</Stmt></BkToCstmrStmt></Document><Document/>");
    let why = camt053::read(second.as_bytes()).expect_err("two roots");
    assert!(matches!(why.fault, Fault::Malformed(_)), "{why}");
    let crossed = format!("{HEAD}</BkToCstmrStmt></Stmt></Document>");
    let why = camt053::read(crossed.as_bytes()).expect_err("crossed");
    assert!(matches!(why.fault, Fault::Malformed(_)), "{why}");
}

#[test]
fn an_encoding_that_the_file_does_not_have_is_said() {
    let declared = |name: &str| {
        HEAD.replace("version=\"1.0\"", &format!("version=\"1.0\" encoding=\"{name}\""))
    };
    let why = refused(declared("UTF-16"));
    assert!(matches!(&why.fault, Fault::Encoding(name) if name == "UTF-16"), "{why}");
    assert!(matches!(refused(declared("KOI8-R")).fault, Fault::Encoding(_)));
    let wide: Vec<u8> = HEAD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(refused(wide).fault, Fault::Encoding(_)));
}
