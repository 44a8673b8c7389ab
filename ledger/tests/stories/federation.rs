//! Founding, joining, agreeing.

use crdt::contact::Contact;
use crdt::register::Change;
use ledger::answer::FederationInfo;
use ledger::refused::{FederationRefused, PaymentRefused, Refused};
use ledger::{Answer, Command, Query};

use super::village::{Village, contact, terms};

fn register(village: &Village, house: usize) -> FederationInfo {
    match village.query(house, &Query::Federation) {
        Ok(Answer::Federation(info)) => *info,
        other => panic!("no federation: {other:?}"),
    }
}

fn refused(why: FederationRefused) -> Option<Result<Answer, Refused>> {
    Some(Err(Refused::Federation(why)))
}

#[test]
fn a_federation_stands_once_every_founder_has_signed() {
    let mut village = Village::strangers(3);
    let charter = village.charter();
    for house in 0..2 {
        village.ok(house, Command::Found(Box::new(charter.clone())));
    }
    village.meet();
    assert!(!register(&village, 0).founded);
    let propose = Command::Propose(Change::Remove(village.id(1)));
    assert_eq!(village.ask(0, propose), refused(FederationRefused::FoundersMissing));
    village.ok(2, Command::Found(Box::new(charter.clone())));
    village.meet();
    for house in 0..3 {
        assert!(register(&village, house).founded);
        assert_eq!(register(&village, house).members.len(), 3);
    }
    let other = crdt::register::Charter { name: "other".to_owned(), ..charter };
    let again = village.ask(0, Command::Found(Box::new(other)));
    assert_eq!(again, refused(FederationRefused::AlreadyFounded));
}

#[test]
fn a_newcomer_is_admitted_by_the_members_and_starts_without_credit() {
    let mut village = Village::strangers(3);
    let mut charter = village.charter();
    let newcomer = contact(3);
    charter.founders.retain(|founder: &Contact| founder.id != newcomer.id);
    let (one, two, three) = (0, 1, 2);
    for house in [one, two, three] {
        village.ok(house, Command::Found(Box::new(charter.clone())));
    }
    village.meet();
    assert_eq!(register(&village, three).members.len(), 2);
    let admit = Change::Admit(Box::new(newcomer));
    let Answer::Proposed(id) = village.ok(one, Command::Propose(admit)) else { panic!("proposed") };
    assert_eq!(register(&village, two).members.len(), 2);
    village.ok(two, Command::Approve(id));
    village.meet();
    for house in [one, two, three] {
        assert_eq!(register(&village, house).members.len(), 3, "house {house}");
    }
    let (visitor, vendor) = (village.shopper(three, 1), village.vendor(one, 10_000));
    let refused = village.pay(one, 1, vendor, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::NoAgreement.into())));
    village.ok(three, Command::Agree { with: village.id(one), terms: terms() });
    let refused = village.pay(one, 2, vendor, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::NoAgreement.into())), "one side is not enough");
    village.ok(one, Command::Agree { with: village.id(three), terms: terms() });
    village.paid(one, 3, vendor, &visitor, 1_000);
    village.all_is_well();
}

#[test]
fn everyone_ends_with_the_same_view_and_sees_what_vendors_sell() {
    let mut village = Village::federated(3, &terms());
    village.vendor(0, 10_000);
    village.vendor(2, 3_000);
    village.wait(5_000);
    let views: Vec<_> = village.houses.iter().map(|house| house.caisse.view_digest()).collect();
    assert_eq!((views[0], views[1]), (views[1], views[2]));
    village.all_is_well();
}
