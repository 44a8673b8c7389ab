//! A host that keeps everything it can see does not learn the code of a visitor's card, and cannot use what it
//! has seen for anything else.

use std::fs::File;
use std::path::Path;

use cli::till::store::Stored;
use cli::till::{Sale, Till, code_for};
use crdt::card::CardText;
use crdt::digest::keyed;
use crdt::{Cents, PaymentId, Timestamp};
use ledger::command::{Code, PaymentCode};

use crate::{Caisse, logged};

/// No number is printed with a zero before it but parts of times, which have two or six digits.
const CODE: &str = "0193";

/// Every file of a directory, one after the other.
fn files(dir: &Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let entry = entry.expect("an entry");
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() => files(&entry.path(), into),
            kind if kind.is_file() => into.extend(std::fs::read(entry.path()).unwrap_or_default()),
            _ => {}
        }
    }
}

/// The messages that a trace shows, as bytes.
fn wire(log: &str) -> Vec<u8> {
    let values = log.split("\"wire\":\"").skip(1);
    let texts = values.filter_map(|rest| rest.split('"').next());
    let bytes = |text: &str| -> Vec<u8> {
        let pairs = text.as_bytes().chunks_exact(2);
        pairs.filter_map(|p| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok()).collect()
    };
    texts.flat_map(bytes).collect()
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// Whether a text holds a word that is no part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next())
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn reused(code: &PaymentCode, id: u8, card: &CardText, amount: u32) -> Sale {
    let (id, at) = (PaymentId::new([id; 16]), Timestamp::from_ms(0));
    let (card, code) = (card.clone(), code.clone());
    Sale::stored(&Stored { id, at, card, amount: Cents::from_u32(amount), code })
}

#[test]
fn a_host_that_logs_everything_never_learns_the_code_and_cannot_use_it_again() {
    let (mut host, home) = (Caisse::open("Montpellier"), Caisse::open("Cadenet"));
    host.ally(&home);
    let secrets = [host.stall_with_till("Le Potager"), host.stall_with_till("La Halle")];
    let visitor = home.enrol_with("Nadia Cressonnet", CODE);
    let card: CardText = home.printed(&visitor).parse().expect("a card");
    host.stop();
    let log = host.home.path().join("log");
    host.node = logged(&host.dir(), "trace", File::create(&log).expect("our own").into());
    host.done(&["status", "--wait"]);
    host.until("connected", &["peer", "list"], |info| info["peers"][0]["connected"] == true);

    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let door = host.door().parse().expect("an address");
    let refusals = runtime.block_on(async {
        let read = |file: &String| std::fs::read_to_string(file).expect("a secret");
        let mut till = Till::pair(door, read(&secrets[0]).trim()).await.expect("a till");
        let mut other = Till::pair(door, read(&secrets[1]).trim()).await.expect("a till");
        let home_of = till.scan(&card).await.expect("a known card");
        let code: Code = CODE.parse().expect("four digits");
        let (payment, vendor) = (PaymentId::new([1; 16]), till.vendor().id);
        let price = Cents::from_u32(1_000);
        let sealed = code_for(&home_of, &code, payment, vendor, &price.into()).expect("it seals");
        till.pay(&reused(&sealed, 1, &card, 1_000)).await.expect("it is paid");
        // The host has seen the sealed code. For another id, price or vendor it is a wrong one.
        let mut refusals = Vec::new();
        refusals.push(till.pay(&reused(&sealed, 2, &card, 1_000)).await);
        refusals.push(till.pay(&reused(&sealed, 3, &card, 900)).await);
        refusals.push(other.pay(&reused(&sealed, 4, &card, 1_000)).await);
        // For the same sale it is the same sale; for the same id and another price a conflict.
        till.pay(&reused(&sealed, 1, &card, 1_000)).await.expect("the same receipt");
        refusals.push(till.pay(&reused(&sealed, 1, &card, 1_100)).await);
        refusals.push(other.pay(&reused(&sealed, 5, &card, 1_000)).await);
        // Four wrong ones lock the card: guessing is counted whoever guesses.
        let right = code_for(&home_of, &code, PaymentId::new([6; 16]), vendor, &price.into());
        refusals.push(till.pay(&reused(&right.expect("it seals"), 6, &card, 1_000)).await);
        refusals
    });
    let kinds = refusals.iter().map(|refused| match refused {
        Err(why) => why.kind().unwrap_or_default().to_owned(),
        Ok(_) => "paid".to_owned(),
    });
    let expected =
        ["wrong_code", "wrong_code", "wrong_code", "conflict", "wrong_code", "card_locked"];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    let held = home.done(&["member", "list"])["members"][0]["balance"].clone();
    assert_eq!(held, 15_000 - 700, "one sale of ten euros at 70 %");

    host.stop();
    let log = std::fs::read_to_string(&log).expect("the log");
    let (wire, mut stored) = (wire(&log), Vec::new());
    files(&host.dir(), &mut stored);
    // The search finds what is there: the card that was shown.
    let shown = card.card();
    assert!(contains(&wire, shown.as_bytes()), "the question travelled");
    let loaded = node::setup::load(&home.dir()).expect("the home caisse");
    let message = [shown.as_bytes().as_slice(), CODE.as_bytes()].concat();
    let tag = keyed(&loaded.secrets.codes.0, "caisse v1 card code", &message);
    let digits: Vec<u8> = CODE.bytes().map(|digit| digit - b'0').collect();
    for (place, bytes) in [("wire", &wire), ("directory", &stored)] {
        assert!(!bytes.is_empty());
        assert!(!contains(bytes, CODE.as_bytes()), "the code as text: {place}");
        assert!(!contains(bytes, &tag), "its keyed hash: {place}");
        // Four small bytes alone may be there by chance: with the length before them they are a code.
        assert!(!contains(bytes, &[&[4], digits.as_slice()].concat()), "as digits: {place}");
    }
    assert!(!has_word(&log, CODE), "the code in the log");
    for form in [format!("{:?}", CODE.as_bytes()), format!("{digits:?}"), hex(&tag)] {
        assert!(!log.contains(&form), "{form} in the log");
    }
    assert!(log.contains("\"wire\"") && has_word(&log, "message"), "everything was logged");
}
