//! What a host claims, and what it claims wrongly (I6, I2).

use std::collections::BTreeMap;

use crdt::feed::{Body, Draft, FeedId, Head};
use crdt::key::SecretKey;
use crdt::message::{Bought, Message};
use crdt::pair::{DenyReason, PairBody};
use crdt::revocation::RevocationList;
use crdt::{CardId, Digest, LotId, PaymentId, Timestamp};
use ledger::answer::PaymentStatus;
use ledger::records::{Kind, Records};
use ledger::{Command, Input};
use proptest::prelude::*;

use super::super::village::{Village, cents, secrets};
use super::town::{Town, policy};

/// The host signs whatever it likes.
fn says(village: &mut Village, body: PairBody) {
    says_to(village, 0, 1, body);
}

/// A house signs whatever it likes, after what the reader holds of it.
fn says_to(village: &mut Village, author: usize, reader: usize, body: PairBody) {
    let feed = FeedId::pair(village.id(author), village.id(reader));
    let mut entries = village.entries(reader).into_iter().filter(|e| e.header().feed == feed);
    let after = entries.next_back().map_or(Head::empty(feed), |last| last.head());
    let secrets = secrets(village.houses[author].seed, 0);
    let network = village.charter().network();
    let body = Body::Pair(body);
    let draft = Draft { network, after, body, claimed: Timestamp::from_ms(0), seen: Vec::new() };
    let entry = draft.sign(&secrets.node, &secrets.salts.0);
    let (from, message) = (village.id(author), Message::Entries(vec![entry]));
    village.input(reader, Input::Received { from, message });
    village.lose_post();
}

fn claim(town: &Town, payment: u8, lot: LotId, card: CardId, covered: u32) -> PairBody {
    let (payment, vendor) = (PaymentId::new([payment; 16]), town.vendor);
    let (kind, details) = ("market".to_owned(), Digest::new([3; 32]));
    let bought = Bought { kind, price: cents(covered), details };
    let request = bought.request(payment, card, vendor);
    let key = secrets(town.village.houses[1].seed, 0).sealing.public();
    let code = key.seal(b"1234", &payment, &request, [7; 32]).expect("a code seals");
    PairBody::OfflineCaptured { payment, lot, vendor, card, covered: cents(covered), bought, code }
}

#[test]
fn claims_beyond_the_lot_its_caps_its_closing_or_of_no_lot_are_declined_and_owe_nothing() {
    let mut town = Town::open();
    let (lot, card) = (town.given().lot, town.visitor.card.card());
    let declined = |town: &mut Town, payment: u8, body| {
        let owed = town.village.owes(1, 0);
        says(&mut town.village, body);
        let info = town.village.payment(1, payment);
        assert_eq!(info.status, PaymentStatus::Denied, "claim {payment}");
        assert_eq!(info.reason, Some(DenyReason::Lot.to_string()));
        assert_eq!(town.village.owes(1, 0), owed);
        town.village.all_is_well_at(1);
    };
    let body = claim(&town, 1, LotId::new([9; 16]), card, 100);
    declined(&mut town, 1, body);
    let body = claim(&town, 2, lot, card, 2_001);
    declined(&mut town, 2, body);
    town.village.wait(1_000);
    let body = claim(&town, 3, lot, card, 2_000);
    says(&mut town.village, body.clone());
    says(&mut town.village, body);
    assert_eq!(town.village.owes(1, 0), 2_000, "claimed twice, owed once");
    let body = claim(&town, 4, lot, card, 1_001);
    declined(&mut town, 4, body);
    let other = town.village.some_card();
    let body = claim(&town, 5, lot, other, 2_000);
    says(&mut town.village, body);
    assert_eq!(town.village.owes(1, 0), 4_000, "the whole lot");
    let body = claim(&town, 6, lot, other, 1);
    declined(&mut town, 6, body);
    // A new lot was given; the host closes it and claims after.
    let new = town.given().lot;
    assert_ne!(new, lot);
    says(&mut town.village, PairBody::LotClosed { lot: new, spent: cents(0) });
    let body = claim(&town, 7, new, card, 100);
    declined(&mut town, 7, body);
    let closed = town.lots(1).given.into_iter().find(|given| given.lot == new).expect("the lot");
    assert_eq!(closed.state.closed, Some(cents(0)));
}

#[test]
fn a_wrong_code_an_unknown_and_a_blocked_card_are_owed_all_the_same_and_the_loss_is_at_home() {
    let mut town = Town::open();
    let card = town.visitor.card.card();
    let wrong = town.intent(1, 1_000, "9999");
    let blocked = town.intent(2, 1_000, "1234");
    town.village.cut_off(1);
    town.village.ask(0, Command::Pay(wrong));
    town.village.ask(0, Command::Pay(blocked));
    town.village.ok(1, Command::BlockCard { card });
    town.back();
    for payment in [1, 2] {
        assert_eq!(town.village.payment(0, payment).status, PaymentStatus::ByLotAccepted);
    }
    let lot = town.given().lot;
    let body = claim(&town, 3, lot, town.village.some_card(), 500);
    says(&mut town.village, body);
    assert_eq!((town.village.owes(1, 0), town.lost(), town.advance()), (1_900, 1_900, 0));
    assert_eq!(town.village.balance(1, &town.visitor), 10_000, "the member pays none of it");
    let losses = town.losses();
    let reasons: BTreeMap<_, _> = losses.losses.iter().map(|l| (l.payment, l.reason)).collect();
    let expected = [
        (PaymentId::new([1; 16]), DenyReason::CardBlocked),
        (PaymentId::new([2; 16]), DenyReason::CardBlocked),
        (PaymentId::new([3; 16]), DenyReason::UnknownCard),
    ];
    assert_eq!(reasons, expected.into());
    town.village.all_is_well_at(1);
}

#[test]
fn a_wrong_code_is_counted_at_home_and_a_locked_card_does_not_shop_for_free() {
    let mut town = Town::open();
    let wrong: Vec<_> = (1..=4).map(|payment| town.intent(payment, 100, "9999")).collect();
    let right = town.intent(5, 100, "1234");
    town.village.cut_off(1);
    for intent in wrong.into_iter().chain([right]) {
        town.village.ask(0, Command::Pay(intent));
    }
    town.back();
    assert_eq!(town.lost(), 280, "four wrong codes");
    assert_eq!(town.village.balance(1, &town.visitor), 9_930, "the right one pays, locked or not");
    let locked = town.pay(6, 100).expect("answered").expect_err("refused");
    assert_eq!(locked, ledger::refused::PaymentRefused::Denied(DenyReason::CardLocked).into());
    town.village.all_is_well();
}

#[test]
fn a_sale_that_its_host_had_voided_is_not_claimed_by_a_lot() {
    let mut town = Town::open();
    says(&mut town.village, PairBody::Voided { payment: PaymentId::new([1; 16]) });
    let (lot, card) = (town.given().lot, town.visitor.card.card());
    let body = claim(&town, 1, lot, card, 100);
    says(&mut town.village, body);
    assert_eq!(town.village.payment(1, 1).reason, Some(DenyReason::Conflict.to_string()));
    assert_eq!((town.village.owes(1, 0), town.given().state.claimed), (0, cents(0)));
    town.village.all_is_well_at(1);
}

#[test]
fn a_lot_whose_days_are_over_at_home_is_paid_all_the_same_when_the_host_claims() {
    let mut town = Town::open();
    town.village.cut_off(1);
    town.paid(1, 1_000);
    town.days(40);
    assert_eq!(town.lots(1).out, cents(4_000), "promised until the host says otherwise");
    town.back();
    assert_eq!(town.village.payment(0, 1).status, PaymentStatus::ByLotAccepted);
    assert_eq!(town.village.owes(1, 0), 700);
    town.village.all_is_well();
}

/// What the story above catches.
#[cfg(feature = "mutants")]
#[test]
fn a_home_caisse_that_takes_a_lot_back_by_its_own_clock_breaks_its_word() {
    let mut town = Town::open();
    town.village.houses[1].caisse.mutate(ledger::caisse::Mutant::M8);
    town.village.cut_off(1);
    town.paid(1, 1_000);
    town.days(40);
    town.village.input(1, Input::Woke);
    assert_eq!(town.lots(1).out, cents(0));
    town.back();
    assert_eq!(town.village.payment(0, 1).status, PaymentStatus::ByLotLost);
}

#[test]
fn a_list_of_cards_that_was_not_signed_by_its_caisse_counts_for_nothing() {
    let mut town = Town::open();
    let (from, at) = (town.village.id(1), Timestamp::from_ms(i64::MAX));
    let cards = [town.visitor.card.card()];
    let forged = RevocationList::sign(from, at, cards, &SecretKey::from_seed(&[9; 32]));
    let own = secrets(town.village.houses[0].seed, 0).node;
    let of_another = RevocationList::sign(town.village.id(0), at, cards, &own);
    for list in [forged, of_another] {
        let message = Message::Revoked(Box::new(list));
        town.village.input(0, Input::Received { from, message });
    }
    town.village.cut_off(1);
    town.paid(1, 1_000);
}

#[test]
fn a_home_caisse_that_gives_lots_that_cannot_be_or_too_many_or_one_twice_harms_nobody() {
    let mut town = Town::open();
    let grant = |byte, terms| PairBody::LotGranted { lot: LotId::new([byte; 16]), terms };
    let held = |town: &Town, byte| {
        let lots = town.lots(0).held.into_iter();
        lots.map(|held| (held.lot, held.state)).find(|(lot, _)| *lot == LotId::new([byte; 16]))
    };
    let mut caps = policy();
    caps.per_sale = cents(5_000);
    says_to(&mut town.village, 1, 0, grant(1, caps));
    let mut days = policy();
    days.days = u16::MAX;
    says_to(&mut town.village, 1, 0, grant(2, days));
    for byte in [1, 2] {
        assert!(held(&town, byte).expect("noted").1.closed, "given back at once");
    }
    for byte in 10..30 {
        says_to(&mut town.village, 1, 0, grant(byte, policy()));
    }
    let open = |town: &Town| town.lots(0).held.iter().filter(|held| !held.state.closed).count();
    assert_eq!(open(&town), ledger::limits::OPEN_LOTS);
    let mut larger = policy();
    larger.amount = cents(20_000);
    says_to(&mut town.village, 1, 0, grant(10, larger));
    assert_eq!(held(&town, 10).expect("noted").1.terms, Some(policy()), "the first word counts");
    let unknown = LotId::new([99; 16]);
    says_to(&mut town.village, 1, 0, PairBody::LotCloseAsked { lot: unknown });
    says(&mut town.village, PairBody::LotClosed { lot: unknown, spent: cents(1) });
    assert_eq!(open(&town), ledger::limits::OPEN_LOTS);
    town.village.all_is_well_at(0);
}

/// What a lying host says.
#[derive(Clone, Debug)]
enum Lie {
    Claim { payment: u8, newest: bool, card: u8, covered: u32 },
    Close { newest: bool, spent: u32 },
    Refund { payment: u8, amount: u32 },
    Void { payment: u8 },
}

fn lie() -> impl Strategy<Value = Lie> {
    prop_oneof![
        6 => (1..20u8, any::<bool>(), 0..3u8, 0..2_500u32).prop_map(
            |(payment, newest, card, covered)| Lie::Claim { payment, newest, card, covered }
        ),
        1 => (any::<bool>(), 0..5_000u32).prop_map(|(newest, spent)| Lie::Close { newest, spent }),
        1 => (1..20u8, 1..900u32).prop_map(|(payment, amount)| Lie::Refund { payment, amount }),
        1 => (1..20u8).prop_map(|payment| Lie::Void { payment }),
    ]
}

fn tell(town: &mut Town, cards: &[CardId], number: u8, lie: &Lie) {
    let lots = town.lots(1).given;
    let lot = |newest: bool| if newest { lots.first() } else { lots.last() }.expect("a lot").lot;
    let body = match *lie {
        Lie::Claim { payment, newest, card, covered } => {
            claim(town, payment, lot(newest), cards[usize::from(card)], covered)
        }
        Lie::Close { newest, spent } => {
            PairBody::LotClosed { lot: lot(newest), spent: cents(spent) }
        }
        Lie::Refund { payment, amount } => PairBody::Refunded {
            refund: PaymentId::new([100 + number; 16]),
            payment: PaymentId::new([payment; 16]),
            amount: cents(amount),
        },
        Lie::Void { payment } => PairBody::Voided { payment: PaymentId::new([payment; 16]) },
    };
    says(&mut town.village, body);
}

/// Accepted claims by lot and card, counted from the feeds alone: what the host claimed, if the home caisse
/// said that it owes it.
fn accepted(town: &Town) -> BTreeMap<(LotId, CardId), u64> {
    let entries = town.village.entries(1);
    let mut obliged = BTreeMap::new();
    for entry in &entries {
        if let Body::Pair(PairBody::Obliged { payment, covered }) = entry.body() {
            obliged.insert(*payment, covered.get());
        }
    }
    let mut sums = BTreeMap::new();
    for entry in &entries {
        if let Body::Pair(PairBody::OfflineCaptured { payment, lot, card, .. }) = entry.body()
            && let Some(covered) = obliged.remove(payment)
        {
            *sums.entry((*lot, *card)).or_default() += covered;
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_host_claims_no_lot_pays_more_than_it_holds_nor_a_card_more_than_its_cap(
        lies in prop::collection::vec(lie(), 1..24),
    ) {
        let mut town = Town::open();
        let card = town.visitor.card.card();
        let cards = [card, town.village.some_card(), crdt::card::card_id(&town.village.id(1), [5; 6])];
        for (number, lie) in (0..).zip(&lies) {
            tell(&mut town, &cards, number, lie);
            let lots = town.lots(1);
            // I2: what is promised is covered by the reserve.
            prop_assert!(lots.out <= lots.reserve, "{lots:?}");
            let terms: BTreeMap<_, _> =
                lots.given.iter().map(|given| (given.lot, given.state.terms)).collect();
            let mut by_lot = BTreeMap::<LotId, u64>::new();
            for ((lot, _), sum) in accepted(&town) {
                prop_assert!(sum <= terms[&lot].per_card.get(), "I6: a card");
                *by_lot.entry(lot).or_default() += sum;
            }
            for (lot, sum) in by_lot {
                prop_assert!(sum <= terms[&lot].amount.get(), "I6: a lot");
            }
        }
        town.village.all_is_well_at(1);
        let rows = town.village.houses[1].disk.range(Kind::LotGiven, &[], &[], usize::MAX);
        prop_assert!(!rows.is_empty());
    }
}
