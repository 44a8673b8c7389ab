//! From the bank's files to commands, and from batches to files that the bank takes.

use crdt::{Cents, Date, Month, Timestamp};
use ledger::answer::{BatchFile, FilePayment};
use ledger::command::Rejection;
use ledger::treasury::batch::BatchKind;
use ledger::treasury::details::{Details, Mandate};
use ledger::treasury::line::Side;
use node::exchange::{camt053, pain001, pain002, pain008};
use node::treasury::{FileRefused, debits, rejections, take, transfers};

use super::support::{OUR_IBAN, assert_valid, fixture, our_account};

fn details(name: &str, iban: &str) -> Details {
    Details {
        name: name.to_owned(),
        iban: iban.parse().expect("an IBAN"),
        bic: None,
        mandate: None,
        creditor_id: Some("FR72ZZZ123456".to_owned()),
    }
}

fn batch(kind: BatchKind) -> BatchFile {
    let code = match kind {
        BatchKind::Payout => "Pa7a7a7a7a7a7a7a7a7a7",
        BatchKind::Debit(_) => "Da7a7a7a7a7a7a7a7a7a7",
    };
    let mandate = Mandate {
        reference: "RF18539007547034".to_owned(),
        signed: Date::new(2026, 10, 1).expect("a day"),
        monthly: Cents::from_u32(2_000),
        used: false,
    };
    let payment = |number: u32, name: &str| FilePayment {
        end_to_end: format!("{code}-{number}"),
        amount: Cents::from_u32(2_000 + number),
        first: number == 1,
        to: Details {
            mandate: Some(mandate.clone()),
            ..details(name, "FR3399999000020000000054321")
        },
    };
    BatchFile {
        name: code.to_owned(),
        kind,
        created: Timestamp::from_ms(1_795_500_000_000),
        on: Date::new(2026, 11, 30).expect("a day"),
        own: details("Caisse de l'Étang & fils", OUR_IBAN),
        payments: vec![payment(1, "Ferme du Pré-Çà-&-Là"), payment(2, "Épicerie")],
    }
}

#[test]
fn a_batch_becomes_a_file_that_the_schemas_take_the_same_bytes_each_time() {
    let payout = batch(BatchKind::Payout);
    let month = Month::new(2026, 12).expect("a month");
    let collection = batch(BatchKind::Debit(month));
    for (version, kind) in
        [(pain001::Version::V03, "pain.001.001.03"), (pain001::Version::V09, "pain.001.001.09")]
    {
        let file = transfers(&payout, version).expect("a file");
        assert_valid(kind, &file.bytes);
        assert_eq!(file, transfers(&payout.clone(), version).expect("a file"));
        assert_eq!(transfers(&collection, version), Err(FileRefused::Kind));
    }
    for (version, kind) in
        [(pain008::Version::V02, "pain.008.001.02"), (pain008::Version::V08, "pain.008.001.08")]
    {
        let file = debits(&collection, version).expect("a file");
        assert_valid(kind, &file.bytes);
        assert_eq!(file, debits(&collection.clone(), version).expect("a file"));
        let text = String::from_utf8(file.bytes).expect("UTF-8");
        assert!(text.contains("<SeqTp>FRST") && text.contains("<SeqTp>RCUR"), "{text}");
        assert_eq!(debits(&payout, version), Err(FileRefused::Kind));
    }
}

#[test]
fn a_payee_whose_account_has_no_country_is_named() {
    let mut payout = batch(BatchKind::Payout);
    // Right check digits, and no country has such accounts.
    payout.payments[1].to.iban = "XX90000000000000".parse().expect("it has check digits");
    let refused = transfers(&payout, pain001::Version::V09).expect_err("no country");
    assert!(refused.to_string().starts_with("Épicerie: "), "{refused}");
}

#[test]
fn both_versions_of_a_statement_are_the_same_lines_and_other_accounts_are_left_out() {
    let read = |name: &str| {
        let file = camt053::read(fixture(name).as_slice()).expect("a statement");
        take(&file, our_account())
    };
    let (old, new) = (read("camt/caisse_camt053.v2.xml"), read("camt/caisse_camt053.v8.xml"));
    let ids = |taken: &node::treasury::Taken| {
        let lines = taken.imports.iter().flat_map(|import| &import.lines);
        lines.map(|line| (line.id, line.amount, line.side)).collect::<Vec<_>>()
    };
    assert!(!ids(&new).is_empty());
    assert_eq!(ids(&old), ids(&new));
    let first = &new.imports[0].lines[0];
    assert_eq!((first.amount, first.side), (Cents::from_u32(2_500), Side::In));
    assert_eq!(first.text.remittance, "Cotisation novembre foyer 12 & 13");
    assert_eq!(new.imports[0].closing.map(|balance| balance.amount.get()), Some(75_260));
    let file = camt053::read(fixture("camt/caisse_camt053.v8.xml").as_slice()).expect("one");
    let other = "DE89370400440532013000".parse().expect("an IBAN");
    let none = take(&file, other);
    assert!(none.imports.is_empty() && !none.other_accounts.is_empty());
}

#[test]
fn what_a_bank_rejects_is_named_payment_by_payment_or_as_a_whole() {
    let of = |text: &str| {
        let whole = format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03\"><CstmrPmtStsRpt>\
             <GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-25T05:00:00</CreDtTm></GrpHdr>{text}\
             </CstmrPmtStsRpt></Document>"
        );
        rejections(&pain002::read(whole.as_bytes()).expect("a report"))
    };
    let rejection = |name: &str, reason: Option<&str>| Rejection {
        name: name.to_owned(),
        reason: reason.map(str::to_owned),
    };
    let group = |status: &str| {
        format!(
            "<OrgnlGrpInfAndSts><OrgnlMsgId>Pa7a7</OrgnlMsgId>\
             <OrgnlMsgNmId>pain.001.001.03</OrgnlMsgNmId><GrpSts>{status}</GrpSts>\
             </OrgnlGrpInfAndSts>"
        )
    };
    assert_eq!(of(&group("RJCT")), [rejection("Pa7a7", None)]);
    assert_eq!(of(&group("ACCP")), []);
    let one = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>B</OrgnlPmtInfId><TxInfAndSts>\
               <OrgnlEndToEndId>Pa7a7-2</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn>\
               <Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts><TxInfAndSts><OrgnlEndToEndId>Pa7a7-1\
               </OrgnlEndToEndId><TxSts>ACCP</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>";
    assert_eq!(of(&format!("{}{one}", group("PART"))), [rejection("Pa7a7-2", Some("AC04"))]);
}

#[test]
fn a_batch_that_the_bank_books_as_one_sum_keeps_the_name_of_its_block() {
    let text = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><GrpHdr>\
         <MsgId>1</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>{OUR_IBAN}</IBAN></Id></Acct><Ntry>\
         <Amt Ccy=\"EUR\">55.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt>\
         <Dt>2026-11-24</Dt></BookgDt><NtryDtls><Btch><PmtInfId>Pa7a7a7a7a7a7a7a7a7a7</PmtInfId>\
         </Btch></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
    );
    let file = camt053::read(text.as_bytes()).expect("a statement");
    let taken = take(&file, our_account());
    let line = &taken.imports[0].lines[0];
    assert_eq!(line.text.instruction.as_deref(), Some("Pa7a7a7a7a7a7a7a7a7a7"));
}
