//! A member that says without end fills nobody's disk, and disturbs nobody else.

use crdt::catalogue::{CatalogueChange, Subject};
use crdt::feed::{Body, Draft, FeedId, Head, PublicBody, Verified};
use crdt::message::{Message, Reply};
use crdt::{PaymentId, Timestamp, VendorId};
use ledger::limits::FEED_BYTES_PER_DAY;
use ledger::{Answer, Input, Query};

use super::village::{Village, secrets, terms};

/// Bytes of one entry of the flood: nearly the largest body.
const BYTES: usize = 250 * 1024;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A member that signs whatever it likes in its public feed.
struct Talker {
    house: usize,
    head: Head,
}

impl Talker {
    fn of(village: &Village, house: usize) -> Self {
        let feed = FeedId::public(village.id(house));
        let mut entries = village.entries(house).into_iter().filter(|e| e.header().feed == feed);
        let head = entries.next_back().map_or(Head::empty(feed), |last| last.head());
        Self { house, head }
    }

    fn next(&mut self, village: &Village) -> Verified {
        let secrets = secrets(village.houses[self.house].seed, 0);
        let subject = Subject::Vendor(VendorId::new([7; 16]));
        let change = CatalogueChange { subject, change: vec![7; BYTES] };
        let draft = Draft {
            network: village.charter().network(),
            after: self.head,
            body: Body::Public(PublicBody::CatalogueChanged(change)),
            claimed: Timestamp::from_ms(0),
            seen: Vec::new(),
        };
        let entry = draft.sign(&secrets.node, &secrets.salts.0);
        self.head = entry.head();
        entry
    }

    /// Says one more thing to a house; returns whether that asks for more.
    fn says(&mut self, village: &mut Village, to: usize) -> bool {
        let message = Message::Entries(vec![self.next(village)]);
        self.tells(village, to, message)
    }

    /// Tells a house that there is more than it holds; returns whether that asks for it.
    fn has_more(&self, village: &mut Village, to: usize) -> bool {
        let heads = vec![self.head];
        self.tells(village, to, Message::Have { heads, reply: Reply::Given })
    }

    /// Asks a house what became of a payment; returns how many entries that brings.
    fn asks(&self, village: &mut Village, to: usize, payment: PaymentId) -> usize {
        let from = village.id(self.house);
        village.input(to, Input::Received { from, message: Message::Query { payment } });
        let answers = village.post.iter().map(|(_, _, message)| match message {
            Message::Entries(list) => list.len(),
            _ => 0,
        });
        let answers = answers.sum();
        village.lose_post();
        answers
    }

    fn tells(&self, village: &mut Village, to: usize, message: Message<Verified>) -> bool {
        let from = village.id(self.house);
        village.input(to, Input::Received { from, message });
        let asks = village.post.iter().any(|(_, _, message)| {
            matches!(message, Message::Want { feed, .. } if *feed == self.head.feed)
        });
        village.lose_post();
        asks
    }
}

fn over_quota(village: &Village, house: usize) -> Vec<crdt::CaisseId> {
    match village.query(house, &Query::Status).expect("answered") {
        Answer::Status(status) => status.over_quota,
        other => panic!("{other:?}"),
    }
}

fn held(village: &Village, house: usize, feed: FeedId) -> usize {
    village.entries(house).iter().filter(|entry| entry.header().feed == feed).count()
}

#[test]
fn a_member_that_says_too_much_waits_until_the_next_day_and_nobody_else_does() {
    let mut village = Village::federated(3, &terms());
    let (visitor, vendor) = (village.shopper(2, 1), village.vendor(0, 10_000));
    let mut talker = Talker::of(&village, 1);
    let payment = PaymentId::new([1; 16]);
    assert_eq!(talker.asks(&mut village, 0, payment), 1, "a question is answered");
    let feed = talker.head.feed;
    let before = held(&village, 0, feed);
    let fits = usize::try_from(FEED_BYTES_PER_DAY).expect("it fits") / (BYTES + 512);
    for _ in 0..fits {
        talker.says(&mut village, 0);
    }
    assert_eq!(over_quota(&village, 0), []);
    assert_eq!(held(&village, 0, feed), before + fits);
    for _ in 0..10 {
        assert!(!talker.says(&mut village, 0), "nobody asks for more");
    }
    assert_eq!(over_quota(&village, 0), [village.id(1)], "the operator is told");
    let full = held(&village, 0, feed);
    assert!(full < before + fits + 10);
    assert!(!talker.has_more(&mut village, 0));

    // New questions, whose answers would fill our own feed, have time too; what was answered stays so.
    let ours = FeedId::pair(village.id(0), village.id(1));
    assert_eq!(held(&village, 0, ours), 1);
    assert_eq!(talker.asks(&mut village, 0, payment), 1);
    assert_eq!(talker.asks(&mut village, 0, PaymentId::new([2; 16])), 0);
    assert_eq!(held(&village, 0, ours), 1);

    // Others are not concerned.
    village.paid(0, 9, vendor, &visitor, 1_000);
    assert_eq!(village.balance(2, &visitor), 9_300);

    // The next day is another day, by the clock of whoever stores.
    village.now = Timestamp::from_ms(village.now.as_ms() + DAY_MS);
    assert_eq!(over_quota(&village, 0), []);
    assert!(talker.has_more(&mut village, 0), "what is missing is asked for");
    assert_eq!(held(&village, 0, feed), full);
}
