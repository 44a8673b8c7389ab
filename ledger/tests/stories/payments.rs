//! What is said twice is answered once, and whose rules decide what is eligible.

use crdt::agreement::{Eligibility, Eligible, Terms};
use crdt::feed::{FeedId, PublicBody};
use crdt::message::{AuthRequest, Message};
use crdt::pair::DenyReason;
use crdt::{BasisPoints, PaymentId};
use ledger::answer::PaymentStatus;
use ledger::refused::PaymentRefused;
use ledger::{Command, Input};

use super::village::{Shopper, Village, cents, terms};

/// Sends a sale of 10 euros, and returns the question that its host asks; nothing is delivered.
fn question(village: &mut Village, vendor: crdt::VendorId, visitor: &Shopper) -> AuthRequest {
    let intent = village.intent(0, 1, vendor, visitor, 1_000, "1234");
    let request = crdt::RequestId::new([9; 16]);
    village.input(0, Input::Command { request, command: Command::Pay(intent) });
    let asked = village.post.iter().find_map(|(_, _, message)| match message {
        Message::AuthRequest(ask) => Some(ask.clone()),
        _ => None,
    });
    village.lose_post();
    asked.expect("the home caisse is asked")
}

fn hears(village: &mut Village, ask: &AuthRequest) {
    let (from, message) = (village.id(0), Message::AuthRequest(ask.clone()));
    village.input(1, Input::Received { from, message });
}

/// What house 1 says to house 0 now, as bytes.
fn said(village: &mut Village) -> Vec<Vec<u8>> {
    let post = std::mem::take(&mut village.post).into_iter();
    let to_host = post.filter(|(from, to, _)| (*from, *to) == (1, 0));
    to_host.map(|(_, _, message)| crdt::wire::encode(&message)).collect()
}

fn pair_entries(village: &Village, author: usize, reader: usize) -> usize {
    let feed = FeedId::pair(village.id(author), village.id(reader));
    village.entries(author).iter().filter(|entry| entry.header().feed == feed).count()
}

#[test]
fn a_repeated_question_gets_the_same_bytes_and_moves_nothing() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let ask = question(&mut village, vendor, &visitor);
    hears(&mut village, &ask);
    let first = said(&mut village);
    let held = village.fingerprint(1);
    for _ in 0..3 {
        hears(&mut village, &ask);
        assert_eq!(said(&mut village), first);
        assert_eq!(village.fingerprint(1), held);
    }
    assert_eq!(village.balance(1, &visitor), 9_300);
    // A till that asks a restored host again has sealed its code again: that is the same question.
    let key = crdt::seal::SealingSecret::from_seed(&[2; 32]).public();
    let request = ask.bought.request(ask.payment, ask.card, ask.vendor);
    let code = key.seal(b"1234", &ask.payment, &request, [8; 32]).expect("it seals");
    assert_ne!(code, ask.code);
    hears(&mut village, &AuthRequest { code, ..ask });
    assert_eq!(said(&mut village), first);
    village.wait(30_000);
    village.all_is_well();
}

#[test]
fn another_question_under_the_same_id_is_a_conflict_and_changes_nothing_of_the_first() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let ask = question(&mut village, vendor, &visitor);
    hears(&mut village, &ask);
    let first = said(&mut village);
    let held = village.fingerprint(1);
    let payment = ask.payment;
    let conflict = crdt::wire::encode(&Message::<crdt::feed::Envelope>::Conflict { payment });
    let mut price = ask.bought.clone();
    price.price = cents(900);
    let other_card = village.some_card();
    for other in [
        AuthRequest { covered: cents(699), ..ask.clone() },
        AuthRequest { bought: price, ..ask.clone() },
        AuthRequest { card: other_card, ..ask.clone() },
    ] {
        hears(&mut village, &other);
        assert_eq!(said(&mut village), std::slice::from_ref(&conflict));
        assert_eq!(village.fingerprint(1), held, "nothing has changed");
    }
    hears(&mut village, &ask);
    assert_eq!(said(&mut village), first, "the first answer stands");
    village.restart(1, None);
    village.meet();
    hears(&mut village, &AuthRequest { covered: cents(699), ..ask });
    assert!(said(&mut village).contains(&conflict), "also after a restart");
    village.wait(30_000);
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Captured);
    village.all_is_well();
}

#[test]
fn a_host_that_forgot_a_question_and_asks_another_one_voids_it_and_the_hold_ends() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let before = village.houses[0].disk.clone();
    let ask = question(&mut village, vendor, &visitor);
    hears(&mut village, &ask);
    village.restart(0, Some(before));
    village.meet();
    let intent = village.intent(0, 1, vendor, &visitor, 2_000, "1234");
    let told = village.ask(0, Command::Pay(intent.clone()));
    let conflict = Err(PaymentRefused::Denied(DenyReason::Conflict).into());
    assert_eq!(told, Some(conflict), "the till is told at once");
    assert_eq!(village.ask(0, Command::Pay(intent)), told, "and the same again");
    village.wait(30_000);
    assert_eq!(village.houses[1].caisse.open_payments(), 0);
    assert_eq!((village.balance(1, &visitor), village.owes(1, 0)), (10_000, 0));
    village.all_is_well();
}

#[test]
fn a_repeated_query_is_answered_by_the_entry_that_decided() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let known = pair_entries(&village, 0, 1);
    let unknown = PaymentId::new([77; 16]);
    for (payment, entries) in [(PaymentId::new([1; 16]), known), (unknown, known + 1)] {
        let mut answers = std::collections::BTreeSet::new();
        for _ in 0..3 {
            let (from, message) = (village.id(1), Message::Query { payment });
            village.input(0, Input::Received { from, message });
            let (_, _, answer) = village.post.pop_back().expect("it is answered");
            answers.insert(crdt::wire::encode(&answer));
        }
        assert_eq!(answers.len(), 1, "the same bytes each time");
        assert_eq!(pair_entries(&village, 0, 1), entries);
    }
    village.wait(10_000);
    village.all_is_well();
}

fn rate(points: u16) -> BasisPoints {
    BasisPoints::new(points).expect("a rate")
}

fn eligible(market: Option<u16>, other: Option<u16>) -> Eligible {
    let kinds = market.map(|points| ("Market ".to_owned(), rate(points)));
    Eligible::new(kinds, other.map(rate)).expect("it fits")
}

/// Two caisses that agree on whose rules count; the visitor's states what is eligible.
fn village(eligibility: Eligibility, stated: Option<Eligible>) -> Village {
    let terms = Terms { eligibility, coverage_max: rate(9_000), ..terms() };
    let mut village = Village::federated(2, &terms);
    state(&mut village, stated);
    village
}

fn state(village: &mut Village, stated: Option<Eligible>) {
    village.houses[1].visits = stated;
    village.restart(1, None);
    village.meet();
}

#[test]
fn the_agreement_says_whose_rate_a_visitor_gets() {
    let cases = [
        (Eligibility::Host, 10_000, Some(eligible(Some(5_000), None)), 900),
        (Eligibility::Host, 8_000, None, 800),
        (Eligibility::Home, 3_000, Some(eligible(Some(5_000), None)), 500),
        (Eligibility::Home, 3_000, Some(eligible(None, Some(10_000))), 900),
        (Eligibility::Strictest, 3_000, Some(eligible(Some(5_000), None)), 300),
        (Eligibility::Strictest, 8_000, Some(eligible(Some(5_000), Some(9_000))), 500),
    ];
    for (eligibility, vendor_rate, stated, covered) in cases {
        let mut village = village(eligibility, stated);
        let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, vendor_rate));
        let receipt = village.paid(0, 1, vendor, &visitor, 1_000);
        assert_eq!(receipt.covered, cents(covered), "{eligibility:?} {vendor_rate}");
        assert_eq!(receipt.eligibility, Some(eligibility), "the till is told who decided");
        village.all_is_well();
    }
}

#[test]
fn where_the_home_caisse_decides_nothing_is_covered_that_it_did_not_state() {
    for eligibility in [Eligibility::Home, Eligibility::Strictest] {
        for stated in [None, Some(eligible(None, None)), Some(eligible(Some(0), Some(9_000)))] {
            let mut village = village(eligibility, stated);
            let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
            let before = village.fingerprint(0);
            let refused = village.pay(0, 1, vendor, &visitor, 1_000);
            let kind = "market".to_owned();
            assert_eq!(refused, Some(Err(PaymentRefused::NotEligible { kind }.into())));
            assert_eq!(village.fingerprint(0), before, "nobody was asked");
        }
    }
}

#[test]
fn what_the_home_caisse_states_last_counts_also_while_it_sleeps_and_can_be_taken_back() {
    let mut village = village(Eligibility::Home, Some(eligible(Some(5_000), None)));
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    state(&mut village, Some(eligible(Some(2_000), None)));
    assert_eq!(village.paid(0, 2, vendor, &visitor, 1_000).covered, cents(200));
    state(&mut village, None);
    village.cut_off(1);
    let refused = village.pay(0, 3, vendor, &visitor, 1_000);
    let kind = "market".to_owned();
    assert_eq!(refused, Some(Err(PaymentRefused::NotEligible { kind }.into())));
    let stated = |entry: &crdt::feed::Verified| {
        matches!(entry.body(), crdt::feed::Body::Public(PublicBody::EligibilityStated(_)))
    };
    let said = village.entries(0).iter().filter(|entry| stated(entry)).count();
    assert_eq!(said, 3, "it is said when it changes, not at every start");
}

#[test]
fn a_host_that_asks_for_more_than_the_home_caisse_covers_is_denied() {
    for eligibility in [Eligibility::Home, Eligibility::Strictest] {
        let mut village = village(eligibility, Some(eligible(Some(5_000), None)));
        let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
        let ask = question(&mut village, vendor, &visitor);
        assert_eq!((ask.covered, ask.bought.kind.as_str()), (cents(500), "market"));
        let lies = [
            // More than the rate gives; another kind than in its own catalogue; another kind, unlisted.
            (AuthRequest { covered: cents(501), ..ask.clone() }, DenyReason::NotEligible),
            (with_kind(&ask, "bakery"), DenyReason::NotEligible),
            // A higher price, so that the rate allows more: the code was not sealed for that.
            (with_price(&ask, 2_000, 1_000), DenyReason::WrongCode),
        ];
        for (number, (lie, reason)) in lies.into_iter().enumerate() {
            let payment = PaymentId::new([20 + number as u8; 16]);
            // Sealed by an honest till for the honest request under this id.
            let request = ask.bought.request(payment, ask.card, ask.vendor);
            let kept = lie.bought.price == ask.bought.price;
            let request =
                if kept { lie.bought.request(payment, ask.card, vendor) } else { request };
            let key = crdt::seal::SealingSecret::from_seed(&[2; 32]).public();
            let code = key.seal(b"1234", &payment, &request, [8; 32]).expect("it seals");
            hears(&mut village, &AuthRequest { payment, code, ..lie });
            village.lose_post();
            let info = village.payment(1, 20 + number as u8);
            assert_eq!(info.status, PaymentStatus::Denied);
            assert_eq!(info.reason, Some(reason.to_string()), "{eligibility:?} {number}");
        }
        assert_eq!(village.balance(1, &visitor), 10_000);
        village.all_is_well_at(1);
    }
}

fn with_kind(ask: &AuthRequest, kind: &str) -> AuthRequest {
    let mut lie = ask.clone();
    lie.bought.kind = kind.to_owned();
    lie
}

fn with_price(ask: &AuthRequest, price: u32, covered: u32) -> AuthRequest {
    let mut lie = AuthRequest { covered: cents(covered), ..ask.clone() };
    lie.bought.price = cents(price);
    lie
}

#[test]
fn a_question_at_the_hosts_risk_is_checked_by_the_same_rules() {
    let floor = Terms { eligibility: Eligibility::Home, floor: cents(5_000), ..terms() };
    let mut village = Village::federated(2, &floor);
    state(&mut village, Some(eligible(Some(5_000), None)));
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let good = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    village.cut_off(1);
    village.ask(0, Command::Pay(good));
    village.wait(6_000);
    assert_eq!(village.payment(0, 1).status, PaymentStatus::AtRisk);
    // Meanwhile the home caisse has stated less: the risk was the host's.
    village.cut.clear();
    state(&mut village, Some(eligible(Some(4_999), None)));
    assert_eq!(village.payment(0, 1).status, PaymentStatus::AtRiskLost);
    assert_eq!(village.balance(1, &visitor), 10_000);
    village.all_is_well();
}

fn ceiling(village: &Village, house: usize) -> ledger::federation::ceiling::CeilingUse {
    let ceilings = village.houses[house].caisse.ceilings();
    assert_eq!(ceilings.len(), 1, "one agreement");
    ceilings[0]
}

fn warned(village: &Village, house: usize) -> usize {
    match village.query(house, &ledger::Query::Status) {
        Ok(ledger::Answer::Status(status)) => status.ceilings.len(),
        other => panic!("no status: {other:?}"),
    }
}

#[test]
fn both_sides_are_warned_when_half_and_most_of_a_ceiling_is_used() {
    use ledger::federation::ceiling::{Debtor, Level};
    let narrow = Terms { ceiling: cents(7_000), per_month: cents(6_000), ..terms() };
    let mut village = Village::federated(2, &narrow);
    let (visitor, vendor) = (village.shopper(1, 3), village.vendor(0, 10_000));
    let steps = [(4_998, Level::Below, 49), (4, Level::Half, 50), (2_996, Level::Half, 79)];
    for (number, (price, level, percent)) in steps.into_iter().enumerate() {
        village.paid(0, 1 + number as u8, vendor, &visitor, price);
        for (house, debtor) in [(0, Debtor::Partner), (1, Debtor::Us)] {
            let found = ceiling(&village, house);
            assert_eq!((found.debtor, found.level, found.percent), (debtor, level, percent));
            assert_eq!(warned(&village, house), usize::from(level > Level::Below));
        }
    }
    let near = |village: &Village| match village.query(1, &ledger::Query::Federation) {
        Ok(ledger::Answer::Federation(info)) => info.agreements[0].visitors_near,
        other => panic!("no federation: {other:?}"),
    };
    assert_eq!(near(&village), 1, "55.97 of 60 euros of the visitor's month");
    let other = village.shopper(1, 3);
    village.paid(0, 10, vendor, &other, 100);
    assert_eq!((ceiling(&village, 1).level, near(&village)), (Level::Most, 1));
    village.paid(0, 11, vendor, &other, 1_905);
    assert_eq!(ceiling(&village, 0).level, Level::Reached);
    village.all_is_well();
}
