//! The published examples of every country, and what people mistype.

use super::*;

const VECTORS: &str = include_str!("../../../tests/fixtures/bank/iban/iban_vectors.csv");

#[test]
fn the_published_examples_are_read_and_the_wrong_ones_are_refused() {
    let mut seen = (0, 0);
    for line in VECTORS.lines().skip(1) {
        let mut cells = line.split(',');
        let (Some(text), Some(expected)) = (cells.next(), cells.next()) else {
            panic!("a vector has two cells: {line}");
        };
        let read = text.parse::<Iban>();
        // Senegal uses IBANs without being in the registry of ISO 13616, and so in our table.
        let valid = expected == "valid" && !text.starts_with("SN");
        assert_eq!(read.is_ok(), valid, "{line}: {read:?}");
        if let Ok(iban) = read {
            assert_eq!(iban.as_str(), text);
            assert_eq!(iban.to_string().parse(), Ok(iban));
            seen.0 += 1;
        } else {
            seen.1 += 1;
        }
    }
    assert_eq!(seen, (77, 13));
}

#[test]
fn a_wrong_iban_says_what_is_wrong_with_it() {
    let why = |text: &str| text.parse::<Iban>().expect_err(text);
    assert_eq!(why(""), NotAnIban::Country);
    assert_eq!(why("FR76-1234"), NotAnIban::Characters);
    assert_eq!(why(&"F".repeat(1_000)), NotAnIban::Characters);
    assert_eq!(why("US00123"), NotAnIban::Country);
    assert_eq!(why("FR14"), NotAnIban::Length { expected: 27, found: 4 });
    assert_eq!(why("FR1420041010050500013M026O6"), NotAnIban::Structure);
    assert_eq!(why("FR1520041010050500013M02606"), NotAnIban::CheckDigits);
    // Two neighbours exchanged.
    assert_eq!(why("FR1420041010050500031M02606"), NotAnIban::CheckDigits);
}

#[test]
fn an_iban_is_shown_in_groups_to_people_and_masked_in_logs() {
    let iban: Iban = " fr14 2004 1010 0505 0001 3m02 606 ".parse().expect("an IBAN");
    assert_eq!(iban.as_str(), "FR1420041010050500013M02606");
    assert_eq!(iban.to_string(), "FR14 2004 1010 0505 0001 3M02 606");
    assert_eq!(iban.masked(), "FR14 …2606");
    assert_eq!(format!("{iban:?}"), "Iban(FR14 …2606)");
    assert_eq!((iban.country(), iban.is_sepa()), ("FR", true));
    let json = serde_json::to_string(&iban).expect("a string");
    assert_eq!(json, "\"FR1420041010050500013M02606\"");
    assert_eq!(serde_json::from_str::<Iban>(&json).expect("it reads back"), iban);
}

#[test]
fn every_change_of_one_digit_is_seen() {
    let right = "FR1420041010050500013M02606";
    for (at, _) in right.char_indices().skip(2) {
        for digit in '0'..='9' {
            let mut wrong = right.to_owned();
            wrong.replace_range(at..=at, &digit.to_string());
            assert_eq!(wrong.parse::<Iban>().is_ok(), wrong == right, "{wrong}");
        }
    }
}

#[test]
fn a_bic_has_eight_or_eleven_characters() {
    for text in ["AAAAFRPP", "aaaafrpp882", "SRKHFRC0", "BANKDEFFXXX"] {
        let bic: Bic = text.parse().expect(text);
        assert_eq!(bic.as_str(), text.to_ascii_uppercase());
    }
    for text in ["", "AAAAFRP", "AAAAFRPP8", "AAA1FRPP", "AAAAFR0P", "AAAAFRPO", "AAAAFRPP88é"] {
        assert_eq!(text.parse::<Bic>(), Err(NotABic), "{text}");
    }
}

#[test]
fn a_creditor_identifier_has_check_digits_that_ignore_the_business_code() {
    let id: CreditorId = "FR72 ZZZ 123456".parse().expect("a creditor");
    assert_eq!(id.as_str(), "FR72ZZZ123456");
    assert!("FR72ABC123456".parse::<CreditorId>().is_ok(), "another code, same digits");
    assert!("DE98ZZZ09999999999".parse::<CreditorId>().is_ok(), "the example of the Bundesbank");
    let why = |text: &str| text.parse::<CreditorId>().expect_err(text);
    assert_eq!(why("FR73ZZZ123456"), NotACreditorId::CheckDigits);
    assert_eq!(why("FR72ZZZ12345"), NotACreditorId::Length);
    assert_eq!(why("FR72ZZ"), NotACreditorId::Form);
    assert_eq!(why("F172ZZZ123456"), NotACreditorId::Form);
    assert_eq!(why("FR72ZZZ12345é"), NotACreditorId::Form);
}

#[test]
fn a_reference_has_only_characters_that_every_bank_takes() {
    let id: EndToEndId = "PAYOUT-2026-11/0001".parse().expect("a reference");
    assert_eq!(id.as_str(), "PAYOUT-2026-11/0001");
    let why = |text: &str| text.parse::<MandateReference>().expect_err(text);
    assert_eq!(why(""), NotAReference::Length { most: 35 });
    assert_eq!(why(&"A".repeat(36)), NotAReference::Length { most: 35 });
    assert_eq!(why("RUM_1"), NotAReference::Characters);
    assert_eq!(why("adhésion"), NotAReference::Characters);
    for text in ["/A", "A/", "A//B", " A", "A ", "A  B"] {
        assert_eq!(why(text), NotAReference::Slashes, "{text:?}");
    }
    assert!("A".repeat(30).parse::<MessageId>().is_ok());
    assert!("A".repeat(31).parse::<MessageId>().is_err());
}
