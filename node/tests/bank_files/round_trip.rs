//! Statements made from known entries are read as those entries, in both versions.

use std::fmt::Write;

use crdt::Digest;
use node::exchange::{BankStatement, Side, camt053};
use proptest::prelude::*;

use super::support::{OUR_IBAN, assert_valid};

/// One entry as a test invents it: its lines in cents, its direction, its texts.
#[derive(Clone, Debug)]
struct Invented {
    cents: Vec<u32>,
    credit: bool,
    reference: Option<String>,
    end_to_end: String,
    remittance: String,
    name: String,
}

prop_compose! {
    fn some_entry()(
        cents in prop::collection::vec(1..10_000_000_u32, 1..4),
        credit in any::<bool>(),
        reference in prop::option::of("[A-Z0-9]{1,35}"),
        end_to_end in "[A-Za-z0-9/-]{1,35}",
        remittance in "[a-zA-Zéàœ<>&'\" ]{0,140}",
        name in "[a-zA-Zéàœ<>&]{1,70}",
    ) -> Invented {
        Invented { cents, credit, reference, end_to_end, remittance, name }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn euros(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn xml_of(entry: &Invented, newer: bool) -> String {
    let side = if entry.credit { "CRDT" } else { "DBIT" };
    let party = if entry.credit { "Dbtr" } else { "Cdtr" };
    let in_version = |older: String, inner: &str| {
        if newer { format!("<{inner}>{older}</{inner}>") } else { older }
    };
    let status = in_version("BOOK".to_owned(), "Cd");
    let total = euros(entry.cents.iter().sum());
    let mut xml = format!(
        "<Ntry><Amt Ccy=\"EUR\">{total}</Amt><CdtDbtInd>{side}</CdtDbtInd>\n<Sts>{status}</Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt>"
    );
    if let Some(reference) = &entry.reference {
        let _ = write!(xml, "<AcctSvcrRef>{reference}</AcctSvcrRef>");
    }
    xml.push_str("<BkTxCd/><NtryDtls>");
    for cents in &entry.cents {
        let amount = format!("<Amt Ccy=\"EUR\">{}</Amt>", euros(*cents));
        let amount = if newer {
            format!("{amount}<CdtDbtInd>{side}</CdtDbtInd>")
        } else {
            format!("<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>")
        };
        let name = in_version(format!("<Nm>{}</Nm>", escaped(&entry.name)), "Pty");
        let _ = write!(
            xml,
            "<TxDtls><Refs><EndToEndId>{}</EndToEndId></Refs>{amount}<RltdPties><{party}>{name}</{party}></RltdPties>",
            entry.end_to_end
        );
        if !entry.remittance.is_empty() {
            let _ = write!(xml, "<RmtInf><Ustrd>{}</Ustrd></RmtInf>", escaped(&entry.remittance));
        }
        xml.push_str("</TxDtls>\n");
    }
    xml + "</NtryDtls></Ntry>\n"
}

fn statement_of(entries: &[Invented], newer: bool) -> String {
    let version = if newer { "08" } else { "02" };
    let entries: String = entries.iter().map(|entry| xml_of(entry, newer)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-25T05:00:00</CreDtTm></GrpHdr>\
         <Stmt><Id>S</Id><CreDtTm>2026-11-25T05:00:00</CreDtTm><Acct><Id><IBAN>{OUR_IBAN}</IBAN></Id></Acct>\
         <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">0</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>\n\
         {entries}</Stmt></BkToCstmrStmt></Document>\n"
    )
}

fn read(xml: &str) -> BankStatement {
    let file = camt053::read(xml.as_bytes()).unwrap_or_else(|problem| panic!("{problem}\n{xml}"));
    assert!(file.problems.is_empty(), "{:?}\n{xml}", file.problems);
    file.statements.into_iter().next().expect("a statement")
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_statement_reads_back_as_what_it_was_made_from(entries in prop::collection::vec(some_entry(), 0..8)) {
        let mut fingerprints: Vec<Vec<Digest>> = Vec::new();
        for newer in [false, true] {
            let xml = statement_of(&entries, newer);
            assert_valid(if newer { "camt.053.001.08" } else { "camt.053.001.02" }, xml.as_bytes());
            let statement = read(&xml);
            prop_assert_eq!(statement.entries.len(), entries.len());
            for (found, made) in statement.entries.iter().zip(&entries) {
                let sum: u32 = made.cents.iter().sum();
                prop_assert_eq!(found.amount.get(), u64::from(sum));
                prop_assert_eq!(found.side, if made.credit { Side::Credit } else { Side::Debit });
                prop_assert_eq!(&found.bank_reference, &made.reference);
                prop_assert_eq!(found.lines.len(), made.cents.len());
                for (line, cents) in found.lines.iter().zip(&made.cents) {
                    prop_assert_eq!(line.amount.get(), u64::from(*cents));
                    prop_assert_eq!(line.end_to_end.as_ref(), Some(&made.end_to_end));
                    prop_assert_eq!(&line.remittance, &single_spaced(&made.remittance));
                    prop_assert_eq!(line.counterpart.name.as_ref(), Some(&made.name));
                }
            }
            let lines = statement.entries.iter().flat_map(|entry| &entry.lines);
            fingerprints.push(lines.map(|line| line.fingerprint).collect());
            prop_assert_eq!(read(&xml), statement);
        }
        prop_assert_eq!(&fingerprints[0], &fingerprints[1]);
        let distinct: std::collections::BTreeSet<_> = fingerprints[0].iter().collect();
        prop_assert_eq!(distinct.len(), fingerprints[0].len());
    }
}
