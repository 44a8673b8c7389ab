//! Bad input gets a clear refusal and changes nothing.

use crdt::card::{CardCertificate, CardText};
use crdt::catalogue::Product;
use crdt::feed::{Envelope, Rejected};
use crdt::key::{SecretKey, Signature};
use crdt::message::Message;
use crdt::{Cents, PaymentId, VendorId};
use ledger::command::{NotACode, PaymentCode};
use ledger::command::{PayIntent, Purse};
use ledger::refused::{PaymentRefused, RefundRefused};
use ledger::{Answer, Command, Input};

use super::village::{Shopper, Village, cents, terms};

#[test]
fn a_sale_that_cannot_be_is_refused_for_the_first_reason_and_nothing_changes() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let add = Command::AddVendor {
        name: "New".to_owned(),
        commune: "84026".to_owned(),
        kind: "shop".to_owned(),
        till: None,
    };
    let Answer::VendorAdded(unapproved) = village.ok(0, add) else { panic!("a vendor") };
    let nobody = VendorId::new([9; 16]);
    let unknown = Shopper { card: CardText::Number(village.some_card()), ..shopper.clone() };
    let forged =
        CardCertificate::sign(shopper.card.card(), village.id(0), &SecretKey::from_seed(&[99; 32]));
    let good = village.intent(0, 1, vendor, &shopper, 1_000, "1234");
    let limit = ledger::limits::SALE;
    let with = |change: &dyn Fn(&mut ledger::command::PayIntent)| {
        let mut intent = good.clone();
        change(&mut intent);
        intent
    };
    let cases = [
        (with(&|i| i.purchase.amount = Cents::ZERO), PaymentRefused::AmountZero),
        (with(&|i| i.purchase.amount = Cents::MAX), PaymentRefused::AmountTooLarge { limit }),
        (with(&|i| i.vendor = nobody), PaymentRefused::UnknownVendor),
        (with(&|i| i.vendor = unapproved), PaymentRefused::VendorNotApproved),
        (with(&|i| i.card = unknown.card.clone()), PaymentRefused::UnknownCard),
        (
            with(&|i| i.card = CardText::Certificate(Box::new(forged.clone()))),
            PaymentRefused::ForgedCard,
        ),
    ];
    let before = village.fingerprint(0);
    for (intent, why) in cases {
        assert_eq!(village.ask(0, Command::Pay(intent)), Some(Err(why.into())));
        assert_eq!(village.fingerprint(0), before);
    }
    let refund = Command::Refund {
        id: PaymentId::new([1; 16]),
        payment: PaymentId::new([2; 16]),
        amount: None,
    };
    assert_eq!(village.ask(0, refund), Some(Err(RefundRefused::UnknownPayment.into())));
    assert_eq!(village.fingerprint(0), before);
    for text in ["", "123", "12345", "12a4", "١٢٣٤"] {
        assert_eq!(text.parse::<ledger::command::Code>(), Err(NotACode), "{text}");
    }
}

#[test]
fn a_command_repeated_under_its_id_is_done_once_and_another_under_the_same_id_is_refused() {
    let mut village = Village::strangers(1);
    let shopper = village.shopper(0, 1);
    let request = crdt::RequestId::new([7; 16]);
    let give = |amount: u32| Command::AddContribution {
        member: shopper.member,
        month: super::village::month(),
        amount: cents(amount),
        into: Purse::Bank,
    };
    let first = village.ask_as(0, request, give(1_000));
    let before = village.fingerprint(0);
    assert_eq!(village.ask_as(0, request, give(1_000)), first);
    village.restart(0, None);
    assert_eq!(village.ask_as(0, request, give(1_000)), first);
    assert_eq!(village.ask_as(0, request, give(2_000)), Some(Err(ledger::Refused::Conflict)));
    assert_eq!(village.fingerprint(0), before);
}

#[test]
fn forged_foreign_and_replayed_entries_change_nothing() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let entries = village.entries(1);
    let keyring = village.houses[0].caisse.keyring().expect("a federation").clone();
    for entry in &entries {
        let good: Envelope = entry.envelope().clone();
        let forged = Envelope { signature: Signature::new([3; 64]), ..good.clone() };
        assert_eq!(forged.verify(&keyring).map(|_| ()), Err(Rejected::BadSignature));
        let mut elsewhere = keyring.clone();
        elsewhere.network = crdt::NetworkId::new([1; 32]);
        assert_eq!(good.verify(&elsewhere).map(|_| ()), Err(Rejected::WrongNetwork));
    }
    let before = (village.fingerprint(0), village.balance(1, &visitor));
    let from = village.id(1);
    for _ in 0..3 {
        let message = Message::Entries(entries.clone());
        village.input(0, Input::Received { from, message });
        village.deliver();
    }
    assert_eq!((village.fingerprint(0), village.balance(1, &visitor)), before);
    village.all_is_well();
}

#[test]
fn a_code_must_be_sealed_for_another_caisse_and_may_be_for_ones_own() {
    let mut village = Village::federated(2, &terms());
    let (visitor, own) = (village.shopper(1, 1), village.shopper(0, 1));
    let vendor = village.vendor(0, 10_000);
    let mut foreign = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    let mut at_home = village.intent(0, 2, vendor, &own, 1_000, "1234");
    std::mem::swap(&mut foreign.code, &mut at_home.code);
    let refused = village.ask(0, Command::Pay(foreign.clone()));
    assert_eq!(refused, Some(Err(PaymentRefused::CodeForm.into())));
    // Sealed to another caisse, or for another sale, it is a wrong code of one's own card.
    let refused = village.ask(0, Command::Pay(at_home.clone()));
    assert_eq!(refused, Some(Err(PaymentRefused::WrongCode { attempts_left: 3 }.into())));
    let payment = crdt::PaymentId::new([5; 16]);
    let mut again = PayIntent { payment, ..at_home };
    let key = super::village::contact(1).sealing;
    let seal = |request: &crdt::Digest| key.seal(b"1234", &payment, request, [7; 32]);
    again.code = PaymentCode::Sealed(seal(&again.request()).expect("it seals"));
    let paid = village.ask(0, Command::Pay(again));
    assert!(matches!(paid, Some(Ok(ledger::Answer::Paid(_)))), "{paid:?}");
    // A sealed code taken from one sale does not open for another.
    let first = village.intent(0, 3, vendor, &visitor, 1_000, "1234");
    let mut second = village.intent(0, 4, vendor, &visitor, 2_000, "1234");
    second.code = first.code;
    assert!(matches!(second.code, PaymentCode::Sealed(_)));
    let refused = village.ask(0, Command::Pay(second)).expect("answered");
    assert!(refused.is_err());
    assert_eq!(village.balance(1, &visitor), 10_000);
}

#[test]
fn a_sheet_whose_text_does_not_pack_is_cut_into_changes_that_fit() {
    let mut village = Village::strangers(1);
    let vendor = village.vendor(0, 10_000);
    // A text of as many bytes as a text may have, different in each place.
    let mut chance = 1_u64;
    let mut text = || -> String {
        let mut letter = || {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from_u32(0x1_0000 + u32::try_from(chance >> 44).expect("20 bits") % 0x8_0000)
        };
        std::iter::from_fn(|| Some(letter().expect("a letter"))).take(200).collect()
    };
    let mut product = || Product {
        code: text(),
        name: text(),
        ciqual: Some(text()),
        coverage: None,
        price: None,
        climate_g_co2e_per_kg: None,
    };
    let products: Vec<Product> = (0..300).map(|_| product()).collect();
    let put = village.ok(0, Command::PutProducts { vendor, products });
    assert_eq!(put, Answer::ProductsPut(300));
    village.all_is_well();
}
