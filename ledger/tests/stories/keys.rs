//! Fork proofs go round, keys change, a second copy stops.

use crdt::feed::{Body, FeedId, PublicBody};
use crdt::fork::ForkProof;
use crdt::message::Message;
use crdt::pair::PairBody;
use crdt::{Digest, PaymentId};
use ledger::answer::{KeysAnswer, ProofInfo};
use ledger::command::KeysQuery;
use ledger::refused::PaymentRefused;
use ledger::{Answer, Input, Query};

use super::hostile::forge;
use super::village::{Village, terms};

pub fn keys(village: &Village, house: usize, question: KeysQuery) -> KeysAnswer {
    match village.query(house, &Query::Keys(question)) {
        Ok(Answer::Keys(answer)) => *answer,
        other => panic!("no answer about keys: {other:?}"),
    }
}

pub fn proofs(village: &Village, house: usize) -> Vec<ProofInfo> {
    match keys(village, house, KeysQuery::Proofs) {
        KeysAnswer::Proofs(list) => list,
        other => panic!("no proofs: {other:?}"),
    }
}

/// House 0 says two things to house 1 in its pair feed; only house 1 holds both.
pub fn two_things(village: &mut Village) {
    let feed = FeedId::pair(village.id(0), village.id(1));
    let said = |n| Body::Pair(PairBody::Voided { payment: PaymentId::new([n; 16]) });
    let both = [forge(village, 0, feed, said(1)), forge(village, 0, feed, said(2))];
    let from = village.id(0);
    for entry in both {
        let message = Message::Entries(vec![entry]);
        village.input(1, Input::Received { from, message });
    }
    village.deliver();
}

#[test]
fn a_caisse_that_lied_to_one_gets_no_new_credit_from_any_and_all_can_prove_it() {
    let mut village = Village::federated(3, &terms());
    let (visitor, stall) = (village.shopper(0, 1), village.vendor(2, 10_000));
    village.paid(2, 7, stall, &visitor, 1_000);
    village.cut_off(2);
    two_things(&mut village);
    assert_eq!(proofs(&village, 1).len(), 1);
    assert_eq!(proofs(&village, 2), [], "it has not heard");
    village.cut.clear();
    village.meet();
    for house in 0..3 {
        let [ProofInfo { author, seq: 1, ours, .. }] = proofs(&village, house)[..] else {
            panic!("house {house} holds one proof")
        };
        assert_eq!((author, ours), (village.id(0), house == 0));
        let KeysAnswer::Proof(file) = keys(&village, house, KeysQuery::Proof(author)) else {
            panic!("a proof can be exported")
        };
        assert_eq!(file.check().map(|fork| fork.feed.author), Ok(author));
    }
    let refused = village.pay(2, 8, stall, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeFrozen.into())));
    assert_eq!(village.owes(0, 2), -700 + 1_400, "what was owed stays owed");
    village.all_is_well();
    // It is known after a start, and again told to whoever comes.
    village.restart(1, None);
    village.meet();
    assert_eq!(proofs(&village, 1).len(), 1);
}

#[test]
fn a_proof_that_does_not_hold_changes_nothing_and_one_that_is_known_is_not_passed_on() {
    let mut village = Village::federated(3, &terms());
    let feed = FeedId::public(village.id(0));
    let head = |n| Body::Public(PublicBody::BooksHead { entries: n, hash: Digest::new([0; 32]) });
    let (one, other) = (forge(&village, 0, feed, head(1)), forge(&village, 0, feed, head(2)));
    let before = village.fingerprint(1);
    let same = ForkProof::of(one.envelope(), one.envelope());
    let mut forged = other.envelope().clone();
    forged.header[40] ^= 1;
    let forged = ForkProof::of(one.envelope(), &forged);
    let (of_nobody, reader) = (village.id(0), crdt::CaisseId::new([9; 32]));
    let said = |n| Body::Pair(PairBody::Voided { payment: PaymentId::new([n; 16]) });
    let nobodys = [1, 2].map(|n| forge(&village, 0, FeedId::pair(of_nobody, reader), said(n)));
    let nobodys = ForkProof::of(nobodys[0].envelope(), nobodys[1].envelope());
    let from = village.id(2);
    let message = Message::Forked(vec![same, forged, nobodys]);
    village.input(1, Input::Received { from, message });
    assert_eq!(village.fingerprint(1), before);
    assert!(village.post.is_empty());

    let true_one = ForkProof::of(one.envelope(), other.envelope());
    let message = Message::Forked(vec![true_one]);
    village.input(1, Input::Received { from, message: message.clone() });
    village.deliver();
    assert!((0..3).all(|house| proofs(&village, house).len() == 1), "all know");
    village.input(1, Input::Received { from, message });
    assert!(village.post.is_empty(), "nobody is told again");
    assert_eq!(proofs(&village, 1).len(), 1);
}

/// An entry of house 0 that its machine did not write, as a copy of it elsewhere would.
fn of_a_copy(village: &Village, feed: FeedId) -> Input {
    let body = match feed.audience {
        crdt::feed::Audience::Public => {
            Body::Public(PublicBody::BooksHead { entries: 1, hash: Digest::new([0; 32]) })
        }
        crdt::feed::Audience::Pair(_) => {
            Body::Pair(PairBody::Voided { payment: PaymentId::new([1; 16]) })
        }
    };
    let message = Message::Entries(vec![forge(village, 0, feed, body)]);
    Input::Received { from: village.id(1), message }
}

#[test]
fn a_node_that_sees_its_own_feed_grow_from_outside_stops_before_it_stores_or_says_anything() {
    for feed in 0..2 {
        let mut village = Village::federated(2, &terms());
        let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
        let feed =
            [FeedId::public(village.id(0)), FeedId::pair(village.id(0), village.id(1))][feed];
        let copys = of_a_copy(&village, feed);
        let before = village.fingerprint(0);
        village.input(0, copys.clone());
        let copy = village.houses[0].caisse.second_copy().expect("it stops");
        assert_eq!(copy.feed, feed);
        assert!(copy.to_string().contains("stop every copy but one"), "{copy}");
        assert_eq!(village.pay(0, 1, vendor, &visitor, 1_000), None, "it answers nothing");
        village.wait(10_000);
        assert_eq!(village.fingerprint(0), before);
        assert_eq!(village.payment_status(0, 1), None);

        // Started again, and the copy stopped, it learns what the copy said, and nothing is said twice.
        let (from, Input::Received { message, .. }) = (village.id(0), copys) else {
            unreachable!("made above")
        };
        village.input(1, Input::Received { from, message });
        village.restart(0, None);
        village.meet();
        village.wait(10_000);
        village.paid(0, 2, vendor, &visitor, 1_000);
        assert_eq!(village.houses[1].caisse.forked(), []);
        village.all_is_well();
    }
}

#[test]
fn a_partner_that_only_claims_to_hold_more_of_our_feed_stops_nothing_but_its_own_payments() {
    let mut village = Village::federated(3, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let feed = FeedId::pair(village.id(0), village.id(2));
    let head = crdt::feed::Head { feed, epoch: 0, seq: 9, hash: Digest::new([9; 32]) };
    let message = Message::Have { heads: vec![head], reply: crdt::message::Reply::Given };
    let from = village.id(2);
    village.input(0, Input::Received { from, message });
    assert_eq!(village.houses[0].caisse.second_copy(), None);
    village.paid(0, 1, vendor, &visitor, 1_000);
    // An honest word of it opens the fence again.
    village.wait(10_000);
    assert_eq!(village.houses[0].caisse.second_copy(), None);
    let (third, stall) = (village.shopper(2, 1), village.vendor(0, 10_000));
    village.paid(0, 2, stall, &third, 1_000);
    village.all_is_well();
}
