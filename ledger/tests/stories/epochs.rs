//! Keys change and tails are left behind, by a word of the identity key.

use crdt::contact::certify;
use crdt::epoch::{EpochOpening, EpochStatement};
use crdt::feed::{Audience, Body, Draft, Envelope, FeedId, Head, PublicBody};
use crdt::fork::ForkProof;
use crdt::message::Message;
use crdt::pair::PairBody;
use crdt::{Digest, PaymentId, RequestId, Timestamp};
use ledger::answer::{KeysAnswer, NextEpoch, PaymentStatus};
use ledger::command::{KeysCommand, KeysQuery, Waits};
use ledger::refused::{FederationRefused, KeysRefused, PaymentRefused, Refused};
use ledger::{Answer, Command, Input, Outcome};

use super::hostile::forge;
use super::keys::{keys, proofs, two_things};
use super::village::{Village, identity, node_key, sealing, terms};

fn next(village: &Village, house: usize) -> NextEpoch {
    match keys(village, house, KeysQuery::NextEpoch) {
        KeysAnswer::NextEpoch(next) => next,
        other => panic!("no next epoch: {other:?}"),
    }
}

/// What the identity key of a house says about its next epoch, and that epoch's node key.
fn statement(village: &Village, house: usize, key_of: u32) -> EpochStatement {
    let (seed, next) = (village.houses[house].seed, next(village, house));
    let node = node_key(seed, key_of).public();
    let sealing = sealing(seed, key_of).public();
    EpochStatement {
        network: next.network,
        identity: identity(seed).public(),
        epoch: next.epoch,
        node,
        sealing,
        certificate: certify(&identity(seed), &node, &sealing),
        cuts: next.cuts,
        reason: "test".to_owned(),
    }
}

fn entry(said: &EpochStatement, opening: &EpochOpening, seed: u8, key_of: u32) -> Envelope {
    let cut = said.cut(Audience::Public).expect("there is one");
    let feed = FeedId::public(said.author());
    let draft = Draft {
        network: said.network,
        after: Head { feed, epoch: said.epoch, seq: cut.seq, hash: cut.hash },
        body: Body::Public(PublicBody::EpochOpened(Box::new(opening.clone()))),
        claimed: Timestamp::from_ms(0),
        seen: Vec::new(),
    };
    draft.sign(&node_key(seed, key_of), &[1; 32]).into()
}

fn open(
    village: &mut Village,
    house: usize,
    said: &EpochStatement,
    key_of: u32,
    waits: Waits,
) -> Outcome {
    let seed = village.houses[house].seed;
    let opening = said.sign(&identity(seed));
    let entry = entry(said, &opening, seed, key_of);
    let command = KeysCommand::Open { opening, entry, waits };
    village.ask(house, Command::Keys(Box::new(command))).expect("answered at once")
}

/// Gives a house new keys, and starts it with them.
fn rotate(village: &mut Village, house: usize) {
    let key_of = village.houses[house].epoch + 1;
    let said = statement(village, house, key_of);
    assert_eq!(open(village, house, &said, key_of, Waits::ForAll), Ok(Answer::Done));
    village.houses[house].epoch = key_of;
    village.restart(house, None);
    village.meet();
    village.wait(10_000);
}

fn keys_refused(refused: KeysRefused) -> Outcome {
    Err(Refused::Keys(refused))
}

fn nobody_forked(village: &Village) {
    for house in 0..village.houses.len() {
        assert_eq!(proofs(village, house), [], "house {house}");
        assert_eq!(village.houses[house].caisse.second_copy(), None);
    }
}

#[test]
fn new_keys_are_taken_over_by_all_and_printed_cards_stay_good() {
    let mut village = Village::federated(3, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    village.cut_off(2);
    let said = statement(&village, 1, 1);
    assert_eq!(open(&mut village, 1, &said, 1, Waits::ForAll), Ok(Answer::Done));
    // Until it runs with the new key it says nothing.
    let offer = Command::Agree { with: village.id(0), terms: terms() };
    let old = Some(Err(Refused::Federation(FederationRefused::OldKeys)));
    assert_eq!(village.ask(1, offer.clone()), old);
    village.houses[1].epoch = 1;
    village.restart(1, None);
    village.cut.clear();
    village.meet();
    village.wait(10_000);
    village.ok(1, offer);
    village.paid(0, 2, vendor, &visitor, 1_000);
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (1_400, -1_400));
    assert_eq!(village.balance(1, &visitor), 10_000 - 1_400);
    for house in [0, 1, 2] {
        let feed = FeedId::public(village.id(1));
        let last = village.entries(house).into_iter().rfind(|e| e.header().feed == feed);
        assert_eq!(last.expect("it is there").header().epoch, 1, "house {house}");
        let digest = |house: usize| village.houses[house].caisse.view_digest();
        assert_eq!(digest(house), digest(0));
    }
    rotate(&mut village, 1);
    rotate(&mut village, 0);
    village.paid(0, 3, vendor, &visitor, 1_000);
    village.restart(2, None);
    village.meet();
    nobody_forked(&village);
    village.all_is_well();
}

#[test]
fn keys_that_change_while_a_sale_is_under_way_neither_lose_nor_double_it() {
    for rotated in 0..2 {
        for hops in 0..3 {
            let mut village = Village::federated(2, &terms());
            let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
            let intent = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
            let command = Command::Pay(intent);
            village.input(0, Input::Command { request: RequestId::new([1; 16]), command });
            // The question, the grant, the capture arrive; nothing more.
            for reader in [1, 0, 1].into_iter().take(hops) {
                let post = std::mem::take(&mut village.post);
                let (mine, _): (Vec<_>, Vec<_>) = post.into_iter().partition(|p| p.1 == reader);
                village.post.extend(mine);
                let left = village.post.len();
                for _ in 0..left {
                    let Some((from, to, message)) = village.post.pop_front() else { break };
                    let keyring = village.houses[to].caisse.keyring().expect("a federation");
                    let (message, _) = message.verify(keyring);
                    let from = village.id(from);
                    village.input(to, Input::Received { from, message });
                }
            }
            village.lose_post();
            rotate(&mut village, rotated);
            village.wait(30_000);
            let (sale, charge) = (village.payment(0, 1).status, village.owes(1, 0));
            let expected = if sale == PaymentStatus::Captured { 700 } else { 0 };
            assert_eq!((charge, village.owes(0, 1)), (expected, -expected), "{rotated} {hops}");
            assert_eq!(village.balance(1, &visitor), 10_000 - expected.unsigned_abs());
            assert!(sale == PaymentStatus::Captured || sale == PaymentStatus::Voided, "{sale:?}");
            village.paid(0, 2, vendor, &visitor, 1_000);
            nobody_forked(&village);
            village.all_is_well();
        }
    }
}

#[test]
fn a_tail_that_was_lost_is_left_behind_openly_and_the_partner_goes_on_with_what_counts() {
    let mut village = Village::federated(3, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let backup = village.houses[0].disk.clone();
    village.paid(0, 2, vendor, &visitor, 2_000);
    // The partner that holds the tail is silent.
    village.restart(0, Some(backup));
    village.cut_off(1);
    village.meet();
    let said = statement(&village, 0, 1);
    let waits = open(&mut village, 0, &said, 1, Waits::ForAll);
    assert_eq!(waits, Err(Refused::Federation(FederationRefused::NotHeard { waiting: 1 })));
    assert_eq!(open(&mut village, 0, &said, 1, Waits::ForNobody), Ok(Answer::Done));
    village.houses[0].epoch = 1;
    village.restart(0, None);
    village.cut.clear();
    village.meet();
    village.wait(30_000);
    nobody_forked(&village);
    // Both hold the same feed again, and can go on in it.
    let feed = FeedId::pair(village.id(0), village.id(1));
    let heads = |village: &Village| {
        [0, 1].map(|house| {
            let held = village.entries(house).into_iter().rfind(|e| e.header().feed == feed);
            held.map(|entry| entry.hash())
        })
    };
    let [ours, theirs] = heads(&village);
    assert_eq!(ours, theirs);
    village.paid(0, 3, vendor, &visitor, 1_000);
    village.wait(10_000);
    let [ours, theirs] = heads(&village);
    assert_eq!(ours, theirs);
    // The member's caisse keeps what it accepted; the host does not know of it and claims nothing.
    assert_eq!(village.owes(1, 0), 700 + 1_400 + 700);
    assert_eq!(village.owes(0, 1), -1_400);
    nobody_forked(&village);
    (1..3).for_each(|house| village.all_is_well_at(house));
    village.all_is_well_at(0);
}

#[test]
fn what_a_stolen_old_key_signs_after_the_cut_is_refused_and_accuses_nobody() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let pair = FeedId::pair(village.id(0), village.id(1));
    let void = |n| Body::Pair(PairBody::Voided { payment: PaymentId::new([n; 16]) });
    let head = |n| Body::Public(PublicBody::BooksHead { entries: n, hash: Digest::new([0; 32]) });
    let public = FeedId::public(village.id(0));
    let stolen = [
        forge(&village, 0, pair, void(1)),
        forge(&village, 0, pair, void(2)),
        forge(&village, 0, public, head(1)),
        forge(&village, 0, public, head(2)),
    ];
    rotate(&mut village, 0);
    let before = village.fingerprint(1);
    let from = village.id(0);
    for entry in &stolen {
        // Its signature holds: the key was the caisse's once.
        let keyring = village.houses[1].caisse.keyring().expect("a federation");
        assert!(entry.envelope().clone().verify(keyring).is_ok());
        let message = Message::Entries(vec![entry.clone()]);
        village.input(1, Input::Received { from, message });
    }
    let proof = |one: usize| ForkProof::of(stolen[one].envelope(), stolen[one + 1].envelope());
    let message = Message::Forked(vec![proof(0), proof(2)]);
    village.input(1, Input::Received { from, message });
    assert_eq!(village.fingerprint(1), before);
    village.deliver();
    village.paid(0, 2, vendor, &visitor, 1_000);
    nobody_forked(&village);
    village.all_is_well();
}

#[test]
fn words_that_the_identity_key_did_not_say_or_not_so_open_nothing() {
    let mut village = Village::federated(2, &terms());
    let good = statement(&village, 0, 1);
    let before = [0, 1].map(|house| village.fingerprint(house));
    let learn = |village: &mut Village, opening: EpochOpening| {
        let command = Command::Keys(Box::new(KeysCommand::Learn(vec![opening])));
        village.ask(1, command).expect("answered at once")
    };
    let bad = crdt::epoch::BadOpening::BadSignature;
    let others = village.houses[1].seed;
    let of_another_key = good.sign(&identity(others));
    assert_eq!(learn(&mut village, of_another_key), keys_refused(bad.into()));
    let skips = EpochStatement { epoch: 2, ..good.clone() };
    assert_eq!(
        open(&mut village, 0, &skips, 1, Waits::ForAll),
        keys_refused(KeysRefused::NotNext { next: 1 })
    );
    let skips = skips.sign(&identity(village.houses[0].seed));
    assert_eq!(learn(&mut village, skips), keys_refused(KeysRefused::NotNext { next: 1 }));
    let mut cut = good.clone();
    cut.cuts[0].hash = Digest::new([9; 32]);
    assert_eq!(open(&mut village, 0, &cut, 1, Waits::ForAll), keys_refused(KeysRefused::Moved));
    // The entry is signed by another key than the statement names.
    assert_eq!(
        open(&mut village, 0, &good, 2, Waits::ForAll),
        keys_refused(KeysRefused::WrongEntry)
    );
    let uncertified = EpochStatement { node: node_key(others, 0).public(), ..good.clone() };
    assert_eq!(open(&mut village, 0, &uncertified, 1, Waits::ForAll), keys_refused(bad.into()));
    assert_eq!([0, 1].map(|house| village.fingerprint(house)), before);
    nobody_forked(&village);
    village.all_is_well();
}

#[test]
fn an_identity_key_that_opens_one_epoch_twice_gets_no_credit_any_more() {
    let mut village = Village::federated(3, &terms());
    let (visitor, stall) = (village.shopper(0, 1), village.vendor(2, 10_000));
    village.paid(2, 1, stall, &visitor, 1_000);
    let seed = village.houses[0].seed;
    let one = statement(&village, 0, 1);
    let other = EpochStatement { reason: "other words".to_owned(), ..one.clone() };
    assert_eq!(open(&mut village, 0, &one, 1, Waits::ForAll), Ok(Answer::Done));
    village.houses[0].epoch = 1;
    village.restart(0, None);
    village.meet();
    village.paid(2, 2, stall, &visitor, 1_000);
    let (from, message) = (village.id(0), Message::Opened(vec![other.sign(&identity(seed))]));
    village.input(1, Input::Received { from, message });
    village.deliver();
    let refused = village.pay(2, 3, stall, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeFrozen.into())));
    let forgive = Command::Keys(Box::new(KeysCommand::Forgive(from)));
    assert_eq!(village.ask(2, forgive), Some(keys_refused(KeysRefused::IdentityForked)));
    village.restart(2, None);
    village.meet();
    let refused = village.pay(2, 4, stall, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeFrozen.into())), "it is not forgotten");
    village.all_is_well_at(1);
    village.all_is_well_at(2);
}

#[test]
fn a_caisse_that_forked_opens_a_new_epoch_and_each_partner_forgives_for_itself() {
    let mut village = Village::federated(3, &terms());
    two_things(&mut village);
    let author = village.id(0);
    let forgive = Command::Keys(Box::new(KeysCommand::Forgive(author)));
    assert_eq!(village.ask(1, forgive.clone()), Some(keys_refused(KeysRefused::NotOver)));
    // It starts again, and learns what its copy said.
    village.restart(0, None);
    village.meet();
    village.wait(10_000);
    let offer = Command::Agree { with: village.id(1), terms: terms() };
    let silent = Some(Err(Refused::Federation(FederationRefused::WeForked)));
    assert_eq!(village.ask(0, offer.clone()), silent);
    rotate(&mut village, 0);
    village.ok(0, offer);
    let (visitor, stall) = (village.shopper(0, 1), village.vendor(1, 10_000));
    let refused = village.pay(1, 5, stall, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeFrozen.into())));
    assert!(proofs(&village, 1).iter().all(|proof| proof.over && !proof.forgiven));
    assert_eq!(village.ask(1, forgive.clone()), Some(Ok(Answer::Done)));
    village.paid(1, 6, stall, &visitor, 1_000);
    let at_the_other = village.vendor(2, 10_000);
    let refused = village.pay(2, 7, at_the_other, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeFrozen.into())), "each for itself");
    village.restart(1, None);
    village.meet();
    village.paid(1, 8, stall, &visitor, 1_000);
    assert_eq!(village.ask(1, forgive), Some(keys_refused(KeysRefused::NotForked)));
    village.all_is_well();
}

#[test]
fn an_opening_can_be_brought_by_hand() {
    let mut village = Village::federated(2, &terms());
    village.cut_off(1);
    let said = statement(&village, 0, 1);
    assert_eq!(open(&mut village, 0, &said, 1, Waits::ForAll), Ok(Answer::Done));
    let author = village.id(0);
    let KeysAnswer::Openings(list) = keys(&village, 0, KeysQuery::Openings(author)) else {
        panic!("they are there")
    };
    assert_eq!(keys(&village, 1, KeysQuery::Openings(author)), KeysAnswer::Openings(vec![]));
    let command = Command::Keys(Box::new(KeysCommand::Learn(list.clone())));
    village.ok(1, command);
    let keyring = village.houses[1].caisse.keyring().expect("a federation");
    assert_eq!(keyring.key(&author, 1), Some(&node_key(village.houses[0].seed, 1).public()));
    assert_eq!(keys(&village, 1, KeysQuery::Openings(author)), KeysAnswer::Openings(list));
    village.all_is_well();
}
