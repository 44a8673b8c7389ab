//! A partner that does not keep to the protocol harms itself and nobody else.

use crdt::agreement::Terms;
use crdt::feed::{Body, Draft, FeedId, Head, PublicBody, Verified};
use crdt::message::Message;
use crdt::pair::PairBody;
use crdt::settlement::Word;
use crdt::{PaymentId, RunId, Timestamp};
use ledger::account::Account;
use ledger::answer::PaymentStatus;
use ledger::refused::{FederationRefused, PaymentRefused, Refused, SettlementRefused};
use ledger::{Answer, Command, Input};

use super::village::{Village, cents, secrets, terms};

/// Signs an entry with a house's own key, whatever its machine would say.
pub fn forge(village: &Village, author: usize, feed: FeedId, body: Body) -> Verified {
    let mut entries = village.entries(author).into_iter().filter(|e| e.header().feed == feed);
    let after = entries.next_back().map_or(Head::empty(feed), |last| last.head());
    let secrets = secrets(village.houses[author].seed, 0);
    let network = village.charter().network();
    let draft = Draft { network, after, body, claimed: Timestamp::from_ms(0), seen: Vec::new() };
    draft.sign(&secrets.node, &secrets.salts.0)
}

pub fn says(village: &mut Village, author: usize, reader: usize, body: PairBody) {
    let feed = FeedId::pair(village.id(author), village.id(reader));
    let entry = forge(village, author, feed, Body::Pair(body));
    let (from, message) = (village.id(author), Message::Entries(vec![entry]));
    village.input(reader, Input::Received { from, message });
}

#[test]
fn a_capture_of_another_amount_than_was_granted_ends_the_hold_and_is_not_owed() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let intent = village.intent(0, 1, vendor, &visitor, 1_000, "1234");
    let request = intent.request();
    village.input(
        0,
        Input::Command { request: crdt::RequestId::new([1; 16]), command: Command::Pay(intent) },
    );
    // The question arrives; the grant does not.
    let (from, to, question) = village.post.pop_back().expect("the question is on its way");
    village.lose_post();
    village.post.push_back((from, to, question));
    village.deliver_to(1);
    assert_eq!(village.payment(1, 1).status, PaymentStatus::Held);
    let body = PairBody::Captured {
        payment: PaymentId::new([1; 16]),
        vendor,
        covered: cents(699),
        request,
    };
    says(&mut village, 0, 1, body);
    assert_eq!(village.payment(1, 1).status, PaymentStatus::Voided);
    assert_eq!((village.owes(1, 0), village.balance(1, &visitor)), (0, 10_000));
    village.all_is_well_at(1);
}

#[test]
fn a_creditor_that_invents_a_transfer_moves_nothing_in_our_books() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let run = RunId::new([7; 32]);
    let bank = |village: &Village| village.houses[1].caisse.books().holds(Account::Bank);
    let before = bank(&village);
    says(&mut village, 0, 1, PairBody::PayReceived { run, amount: cents(100_000) });
    assert_eq!(bank(&village), before);
    assert_eq!(village.owes(1, 0), 700, "the debt stays as it is");
    village.all_is_well_at(1);
}

#[test]
fn a_home_caisse_that_does_not_keep_the_ceiling_owes_no_more_all_the_same() {
    let ceiling = cents(1_000);
    let mut village = Village::federated(2, &Terms { ceiling, ..terms() });
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    // The host does not even ask: what the other would answer is its own affair.
    let refused = village.pay(0, 2, vendor, &visitor, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeOwes { ceiling }.into())));
    village.paid(0, 3, vendor, &visitor, 400);
    assert_eq!(village.owes(1, 0), 980);
    // Sales that wait count too, whoever asks.
    let mut village = Village::federated(2, &Terms { ceiling, ..terms() });
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let intents = [1, 2].map(|sale| village.intent(0, sale, vendor, &visitor, 1_000, "1234"));
    for intent in intents {
        let request = crdt::RequestId::new(*intent.payment.as_bytes());
        village.input(0, Input::Command { request, command: Command::Pay(intent) });
    }
    village.wait(1_000);
    let told = village.houses[0].told.iter().rev().take(2);
    let told: Vec<_> = told.map(|(_, outcome)| outcome.clone()).collect();
    assert!(told.contains(&Err(PaymentRefused::HomeOwes { ceiling }.into())), "{told:?}");
    assert_eq!(village.owes(1, 0), 700);
}

#[test]
fn a_run_is_not_aborted_by_a_caisse_that_has_no_part_in_it() {
    let mut village = Village::federated(3, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &visitor, 1_000);
    let with = village.id(1);
    village.ok(0, Command::State { with });
    let Answer::RunProposed(run) = village.ok(0, Command::ProposeRun { without: [].into() }) else {
        panic!("proposed")
    };
    let refused = village.ask(2, Command::AbortRun { run, reason: "no".to_owned() });
    assert_eq!(refused, Some(Err(Refused::Settlement(SettlementRefused::NotAPart))));

    let mut settlements = crdt::settlement::Settlements::default();
    let outsider = village.id(2);
    settlements.propose(village.id(0), &state_of(&village, run));
    settlements.say(outsider, run, Word::Aborted("no".to_owned()));
    let known = settlements.run(&run).expect("it is proposed");
    assert_eq!(known.aborts().count(), 0, "an outsider's word does not count");
}

fn state_of(village: &Village, run: RunId) -> crdt::settlement::Run {
    let proposed = village.entries(0).into_iter().find_map(|entry| match entry.body() {
        Body::Public(PublicBody::RunProposed(proposed)) if proposed.id() == run => {
            Some(proposed.clone())
        }
        _ => None,
    });
    proposed.expect("the run is in the proposer's feed")
}

#[test]
fn a_caisse_that_sees_its_own_feed_say_two_things_says_no_more() {
    let mut village = Village::federated(2, &terms());
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    let backup = village.houses[0].disk.clone();
    village.paid(0, 1, vendor, &visitor, 1_000);
    // A copy of house 0 from before the sale speaks: it did not wait to hear.
    let feed = FeedId::pair(village.id(0), village.id(1));
    let now = std::mem::replace(&mut village.houses[0].disk, backup);
    let void = Body::Pair(PairBody::Voided { payment: PaymentId::new([1; 16]) });
    let other = forge(&village, 0, feed, void);
    village.houses[0].disk = now;
    let (from, message) = (village.id(1), Message::Entries(vec![other.clone()]));
    village.input(0, Input::Received { from, message: message.clone() });
    assert_eq!(village.houses[0].caisse.forked(), [village.id(0)]);
    let refused = village.ask(0, Command::Agree { with: village.id(1), terms: terms() });
    assert_eq!(refused, Some(Err(Refused::Federation(FederationRefused::WeForked))));

    // The partner keeps what is owed, gives no new credit, and does not ask for ever.
    let from = village.id(0);
    village.input(1, Input::Received { from, message });
    village.wait(10_000);
    assert_eq!(village.houses[1].caisse.forked(), [village.id(0)]);
    assert_eq!(village.owes(1, 0), 700);
    assert!(village.pay(0, 2, vendor, &visitor, 1_000).is_some_and(|outcome| outcome.is_err()));
    let (of_the_frozen, stall) = (village.shopper(0, 1), village.vendor(1, 10_000));
    let refused = village.pay(1, 3, stall, &of_the_frozen, 1_000);
    assert_eq!(refused, Some(Err(PaymentRefused::HomeFrozen.into())), "its vendor is told why");
    village.all_is_well_at(1);
}

#[test]
fn two_branches_of_the_same_length_are_found_out_by_those_who_hold_one_each() {
    let mut village = Village::federated(3, &terms());
    let feed = FeedId::public(village.id(0));
    for (reader, entries) in [(1, 1), (2, 2)] {
        let hash = crdt::Digest::new([0; 32]);
        let body = Body::Public(PublicBody::BooksHead { entries, hash });
        let entry = forge(&village, 0, feed, body);
        let (from, message) = (village.id(0), Message::Entries(vec![entry]));
        village.input(reader, Input::Received { from, message });
    }
    village.wait(10_000);
    for house in 1..3 {
        assert_eq!(village.houses[house].caisse.forked(), [village.id(0)], "house {house}");
    }
    assert!(village.houses[0].caisse.second_copy().is_some(), "it wrote neither");
    for house in 1..3 {
        village.all_is_well_at(house);
    }
}
