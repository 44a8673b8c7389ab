//! Files for the bank: valid by the schema, with sums that match, and the same bytes when made again.

use crdt::{Cents, Timestamp};
use node::exchange::pain001::{self, CreditTransfer, CreditTransfers};
use node::exchange::pain008::{self, DirectDebit, DirectDebits, Sequence};
use node::exchange::{
    BatchBooking, Date, Field, HowChanged, Iban, Party, PaymentFile, PaymentFileRefused,
};
use proptest::prelude::*;

use super::support::{assert_valid, our_account};

const CASES: u32 = 24;
const CREATED: Timestamp = Timestamp::from_ms(1_795_593_600_000);

fn iban(number: u64) -> Iban {
    // Check digits by trial: one of the hundred fits.
    let mut tries = (0..100).map(|check| format!("FR{check:02}9999900001{number:011}45"));
    tries.find_map(|text| text.parse().ok()).expect("one of them has the right check digits")
}

fn party(name: &str, number: u64) -> Party {
    Party { name: name.to_owned(), iban: iban(number), bic: None }
}

fn us() -> Party {
    let bic = "AAAAFRPPXXX".parse().expect("a BIC");
    Party { name: "Caisse imaginaire".to_owned(), iban: our_account(), bic: Some(bic) }
}

fn day(day: i8) -> Date {
    Date::new(2026, 11, day).expect("a day")
}

fn transfer(number: u64) -> CreditTransfer {
    CreditTransfer {
        end_to_end: format!("PAYOUT-{number}").parse().expect("a reference"),
        amount: Cents::from_u32(1_250),
        creditor: party("Ferme imaginaire", number),
        remittance: "Remise en banque novembre".to_owned(),
    }
}

fn transfers(transfers: Vec<CreditTransfer>) -> CreditTransfers {
    CreditTransfers {
        message_id: "PAYOUT-2026-11".parse().expect("a reference"),
        created: CREATED,
        execution: day(27),
        debtor: us(),
        booking: BatchBooking::OneSum,
        transfers,
    }
}

fn debit(number: u64, sequence: Sequence) -> DirectDebit {
    DirectDebit {
        end_to_end: format!("DD-{number}").parse().expect("a reference"),
        amount: Cents::from_u32(2_500),
        mandate: format!("RUM-{number}").parse().expect("a reference"),
        signed_on: day(1),
        sequence,
        debtor: party("Membre imaginaire", number),
        remittance: String::new(),
    }
}

fn debits(debits: Vec<DirectDebit>) -> DirectDebits {
    DirectDebits {
        message_id: "DD-2026-11".parse().expect("a reference"),
        created: CREATED,
        collection: day(30),
        creditor: us(),
        creditor_id: "FR72ZZZ123456".parse().expect("a creditor"),
        booking: BatchBooking::EachAlone,
        debits,
    }
}

fn text(file: &PaymentFile) -> &str {
    std::str::from_utf8(&file.bytes).expect("UTF-8")
}

/// The texts of all elements of that name.
fn texts<'t>(xml: &'t str, element: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let parts = xml.split(open.as_str()).skip(1).filter_map(|part| part.split_once('>'));
    parts.filter_map(|(_, part)| part.split_once(&close).map(|(text, _)| text)).collect()
}

#[test]
fn a_file_of_transfers_is_what_it_was_last_year() {
    let mut two = transfers(vec![transfer(1), transfer(2)]);
    two.transfers[1].creditor.bic = "BBBBFRPP".parse().ok();
    two.transfers[1].remittance.clear();
    for (version, expected) in [
        (pain001::Version::V03, include_str!("../fixtures/bank/pain/golden_pain001.v3.xml")),
        (pain001::Version::V09, include_str!("../fixtures/bank/pain/golden_pain001.v9.xml")),
    ] {
        let file = two.write(version).expect("a file");
        assert_eq!(text(&file), expected, "{}", text(&file));
        assert_eq!((file.count, file.total, file.changes.len()), (2, Cents::from_u32(2_500), 0));
    }
}

#[test]
fn a_file_of_debits_is_what_it_was_last_year() {
    let given = [Sequence::Recurrent, Sequence::First, Sequence::Recurrent];
    let three = given.iter().zip(1..).map(|(sequence, number)| debit(number, *sequence));
    let three = debits(three.collect());
    for (version, expected) in [
        (pain008::Version::V02, include_str!("../fixtures/bank/pain/golden_pain008.v2.xml")),
        (pain008::Version::V08, include_str!("../fixtures/bank/pain/golden_pain008.v8.xml")),
    ] {
        let file = three.write(version).expect("a file");
        assert_eq!(text(&file), expected, "{}", text(&file));
        assert_eq!(texts(text(&file), "SeqTp"), ["FRST", "RCUR"]);
        assert_eq!(texts(text(&file), "NbOfTxs"), ["3", "1", "2"]);
        assert_eq!(texts(text(&file), "CtrlSum"), ["75.00", "25.00", "50.00"]);
    }
}

#[test]
fn what_is_respelled_or_cut_is_said() {
    let mut one = transfers(vec![transfer(1)]);
    one.transfers[0].creditor.name = "Épicerie <Œuf & Cie>".to_owned();
    one.transfers[0].remittance = "x".repeat(139) + " yz";
    one.debtor.name = "y".repeat(71);
    let file = one.write(pain001::Version::V09).expect("a file");
    let said: Vec<_> = file
        .changes
        .iter()
        .map(|change| (change.payment, change.field, change.how, change.written.as_str()))
        .collect();
    let (long, longer) = ("y".repeat(70), "x".repeat(139));
    assert_eq!(
        said,
        [
            (None, Field::Name, HowChanged::Cut, long.as_str()),
            (Some(0), Field::Name, HowChanged::Respelled, "Epicerie .OEuf + Cie."),
            (Some(0), Field::Remittance, HowChanged::Cut, longer.as_str()),
        ]
    );
    assert_valid("pain.001.001.09", &file.bytes);
}

#[test]
fn what_no_bank_takes_is_refused_and_nothing_is_written() {
    type Change = fn(&mut CreditTransfers);
    let cases: [(Change, PaymentFileRefused); 7] = [
        (|file| file.transfers.clear(), PaymentFileRefused::NoPayments),
        (|file| file.created = Timestamp::from_ms(i64::MAX), PaymentFileRefused::Created),
        (
            |file| {
                file.transfers[1].creditor.iban =
                    "TR330006100519786457841326".parse().expect("one");
            },
            PaymentFileRefused::NotSepa { payment: Some(1) },
        ),
        (|file| file.debtor.name = "麦 ".to_owned(), PaymentFileRefused::NoName { payment: None }),
        (
            |file| file.transfers[0].amount = Cents::ZERO,
            PaymentFileRefused::Amount { payment: 0, amount: Cents::ZERO },
        ),
        (
            |file| file.transfers[1].amount = Cents::MAX,
            PaymentFileRefused::Amount { payment: 1, amount: Cents::MAX },
        ),
        (
            |file| file.transfers[1].end_to_end = file.transfers[0].end_to_end.clone(),
            PaymentFileRefused::SameEndToEndId { earlier: 0, payment: 1 },
        ),
    ];
    for (change, refused) in cases {
        let mut file = transfers(vec![transfer(1), transfer(2)]);
        change(&mut file);
        assert_eq!(file.write(pain001::Version::V03), Err(refused));
    }
    let many = transfers(vec![transfer(1); 100_001]);
    assert_eq!(many.write(pain001::Version::V03), Err(PaymentFileRefused::TooManyPayments));
}

fn some_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z éèàçœ&<>'\"/-]{1,160}", "\\PC{1,160}", Just("]]>".to_owned())]
}

prop_compose! {
    fn some_payment()(
        name in some_text(),
        cents in 1..=99_999_999_999_u64,
        remittance in some_text(),
        account in 0..99_999_999_999_u64,
        has_bic in any::<bool>(),
        sequence in 0..4_usize,
    ) -> (Party, Cents, String, Sequence) {
        let bic = if has_bic { "CCCCFR2PXXX".parse().ok() } else { None };
        let party = Party { name: format!("A{name}"), iban: iban(account), bic };
        (party, Cents::new(cents).expect("in range"), remittance, Sequence::ALL[sequence])
    }
}

/// Checks what must hold of every file.
fn check(file: &PaymentFile, amounts: &[Cents], kind: &str) {
    let xml = text(file);
    assert_valid(kind, &file.bytes);
    let sum = Cents::checked_sum(amounts.iter().copied()).expect("a sum");
    assert_eq!((file.count, file.total), (amounts.len(), sum));
    let totals = texts(xml, "CtrlSum");
    assert_eq!(totals[0], sum.to_string());
    let read = |text: &&str| text.parse::<Cents>().expect("an amount");
    assert_eq!(Cents::checked_sum(totals[1..].iter().map(read)), Some(sum));
    let written = texts(xml, "InstdAmt");
    assert_eq!(Cents::checked_sum(written.iter().map(read)), Some(sum));
    let counts =
        texts(xml, "NbOfTxs").into_iter().map(|count| count.parse::<usize>().expect("a count"));
    assert_eq!(counts.sum::<usize>(), amounts.len() * 2, "the file's and the blocks'");
    let parsed = texts(xml, "IBAN").into_iter().all(|iban| iban.parse::<Iban>().is_ok());
    assert!(parsed, "every IBAN reads back");
    for text in texts(xml, "Nm").into_iter().chain(texts(xml, "Ustrd")) {
        let text = text.replace("&apos;", "'");
        assert!(
            text.chars().all(|c| c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c)),
            "{text}"
        );
        assert!(text.len() <= 140);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_transfers_make_a_valid_file_whose_sums_match(payments in prop::collection::vec(some_payment(), 1..12)) {
        let amounts: Vec<Cents> = payments.iter().map(|(_, amount, ..)| *amount).collect();
        let made = payments.into_iter().zip(1..).map(|((creditor, amount, remittance, _), number)| {
            CreditTransfer { amount, creditor, remittance, ..transfer(number) }
        });
        let file = transfers(made.collect());
        for (version, kind) in [
            (pain001::Version::V03, "pain.001.001.03"),
            (pain001::Version::V09, "pain.001.001.09"),
        ] {
            let written = file.write(version).expect("a file");
            check(&written, &amounts, kind);
            prop_assert_eq!(&file.clone().write(version), &Ok(written));
        }
    }

    #[test]
    fn any_debits_make_a_valid_file_whose_sums_match(payments in prop::collection::vec(some_payment(), 1..12)) {
        let amounts: Vec<Cents> = payments.iter().map(|(_, amount, ..)| *amount).collect();
        let made = payments.into_iter().zip(1..).map(|((debtor, amount, remittance, sequence), number)| {
            DirectDebit { amount, debtor, remittance, ..debit(number, sequence) }
        });
        let file = debits(made.collect());
        for (version, kind) in [
            (pain008::Version::V02, "pain.008.001.02"),
            (pain008::Version::V08, "pain.008.001.08"),
        ] {
            let written = file.write(version).expect("a file");
            check(&written, &amounts, kind);
            prop_assert_eq!(&file.clone().write(version), &Ok(written));
        }
    }
}
