//! The laws of merging: whatever the order, and whatever invalid or forked entries come along, the
//! same accepted entries give byte-identical views (invariants I8, I9, I10).

use std::collections::BTreeMap;

use crdt::agreement::{Eligibility, Terms, TermsOffer};
use crdt::contact::{Contact, caisse_id, certify};
use crdt::epoch::{EpochCut, EpochOpening, EpochStatement};
use crdt::feed::{Audience, Body, Draft, Envelope, FeedId, Head, PublicBody, Verified};
use crdt::fork::{BadProof, ForkProof, Keys, NotAFork, ProofFile};
use crdt::key::SecretKey;
use crdt::register::{Change, Charter, Proposal};
use crdt::replica::{Inserted, Replica};
use crdt::seal::SealingSecret;
use crdt::view::View;
use crdt::{BasisPoints, CaisseId, Cents, Digest, Timestamp, wire};
use proptest::prelude::*;

/// A caisse that can sign.
struct Author {
    node: SecretKey,
    contact: Contact,
}

fn author(number: u8) -> Author {
    let identity = SecretKey::from_seed(&[number; 32]);
    let node = SecretKey::from_seed(&[number + 100; 32]);
    let sealing = SealingSecret::from_seed(&[number; 32]).public();
    let contact = Contact {
        id: caisse_id(&identity.public()),
        name: format!("caisse {number}"),
        territory: vec!["34172".to_owned()],
        identity: identity.public(),
        node: node.public(),
        sealing,
        certificate: certify(&identity, &node.public(), &sealing),
        addresses: Vec::new(),
    };
    Author { node, contact }
}

fn authors() -> Vec<Author> {
    let mut authors: Vec<Author> = (1..=3).map(author).collect();
    authors.sort_by_key(|author| author.contact.id);
    authors
}

fn charter(authors: &[Author]) -> Charter {
    Charter {
        name: "test".to_owned(),
        founders: authors.iter().map(|author| author.contact.clone()).collect(),
        threshold_percent: 66,
    }
}

fn terms(ceiling: u32) -> Terms {
    Terms {
        eligibility: Eligibility::Host,
        coverage_max: BasisPoints::WHOLE,
        per_payment: Cents::from_u32(5_000),
        per_month: Cents::from_u32(10_000),
        ceiling: Cents::from_u32(ceiling),
        floor: Cents::ZERO,
        rhythm_days: 30,
    }
}

/// What an author says, chosen by a number.
fn body(choice: u8, others: &[CaisseId], newcomer: &Contact, charter: &Charter) -> PublicBody {
    let with = others[usize::from(choice) % others.len()];
    let proposal =
        Proposal { base: Default::default(), change: Change::Admit(Box::new(newcomer.clone())) };
    match choice % 5 {
        0 => PublicBody::Approved(proposal.id()),
        1 => PublicBody::Proposed(Box::new(proposal)),
        2 => PublicBody::TermsOffered(TermsOffer { with, terms: terms(u32::from(choice)) }),
        3 => PublicBody::CharterSigned(Box::new(charter.clone())),
        _ => PublicBody::BooksHead { entries: u64::from(choice), hash: Digest::new([choice; 32]) },
    }
}

/// A feed of an author: the charter's signature, then what the numbers choose.
fn feed(authors: &[Author], which: usize, choices: &[u8], claimed: i64) -> Vec<Verified> {
    let charter = charter(authors);
    let me = &authors[which];
    let others: Vec<CaisseId> =
        authors.iter().map(|a| a.contact.id).filter(|id| *id != me.contact.id).collect();
    let newcomer = author(9).contact;
    let mut head = Head::empty(FeedId::public(me.contact.id));
    let first = PublicBody::CharterSigned(Box::new(charter.clone()));
    let rest = choices.iter().map(|choice| body(*choice, &others, &newcomer, &charter));
    let bodies = std::iter::once(first).chain(rest);
    bodies
        .map(|said| {
            let draft = Draft {
                network: charter.network(),
                after: head,
                body: Body::Public(said),
                claimed: Timestamp::from_ms(claimed),
                seen: Vec::new(),
            };
            let entry = draft.sign(&me.node, &[7; 32]);
            head = entry.head();
            entry
        })
        .collect()
}

/// A node that takes in entries: what a caisse does with public feeds, without the rest of a caisse.
struct Node {
    replica: Replica,
    held: BTreeMap<(FeedId, u64), Verified>,
    charter: Charter,
}

impl Node {
    fn new(charter: Charter) -> Self {
        Self { replica: Replica::default(), held: BTreeMap::new(), charter }
    }

    fn offer(&mut self, envelope: &Envelope) -> bool {
        let mut keyring = View::new(self.charter.clone()).keyring();
        keyring.epochs = self.replica.epochs().keys().collect();
        let Ok(entry) = envelope.clone().verify(&keyring) else {
            return false;
        };
        let (feed, seq) = (entry.header().feed, entry.header().seq);
        match self.replica.insert(&entry) {
            Inserted::Appended => {
                self.held.insert((feed, seq), entry);
                true
            }
            Inserted::Conflict => {
                let held = self.held[&(feed, seq)].envelope();
                let fork = ForkProof::of(held, envelope).check(&keyring).expect("a true fork");
                self.replica.forked(fork.feed, fork.seq)
            }
            _ => false,
        }
    }

    fn open(&mut self, opening: &EpochOpening) -> bool {
        let said = opening.check(self.charter.network()).expect("a good one");
        let Some(cut_off) = self.replica.open(&said) else { return false };
        for (feed, kept) in cut_off {
            self.held.retain(|(of, seq), _| *of != feed || *seq <= kept);
        }
        true
    }

    /// Offers everything again and again, as partners do, until nothing is new.
    fn settle(&mut self, envelopes: &[Envelope]) {
        while envelopes.iter().filter(|envelope| self.offer(envelope)).count() > 0 {}
    }

    fn view(&self) -> Digest {
        let mut view = View::new(self.charter.clone());
        let counting = self.held.iter().filter(|((feed, seq), _)| self.replica.counts(*feed, *seq));
        for (_, entry) in counting {
            view.apply(entry);
        }
        view.digest()
    }
}

fn shuffled(mut envelopes: Vec<Envelope>, seed: u64) -> Vec<Envelope> {
    let key = |envelope: &Envelope| blake3::keyed_hash(&seed_key(seed), &wire::encode(envelope));
    envelopes.sort_by_key(|envelope| *key(envelope).as_bytes());
    envelopes
}

fn seed_key(seed: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key
}

/// Three feeds, one of them with a second branch from some place on, and entries that do not hold.
fn world(choices: &[Vec<u8>], branch: &[u8], fork_at: usize) -> (Charter, Vec<Envelope>) {
    let authors = authors();
    let mut envelopes = Vec::new();
    for (which, said) in choices.iter().enumerate() {
        envelopes.extend(feed(&authors, which, said, 1).into_iter().map(Envelope::from));
    }
    // The second branch begins like the first: same claimed time, same bodies, then others.
    let at = fork_at.min(choices[0].len());
    let other: Vec<u8> = choices[0][..at].iter().chain(branch).copied().collect();
    envelopes.extend(feed(&authors, 0, &other, 1).into_iter().map(Envelope::from));
    for envelope in envelopes.clone().iter().take(6) {
        let mut bad = envelope.clone();
        bad.header[3] ^= 1;
        envelopes.push(bad);
        let mut bad = envelope.clone();
        bad.body.push(0);
        envelopes.push(bad);
    }
    (charter(&authors), envelopes)
}

fn said() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_view_does_not_depend_on_the_order_in_which_entries_come(
        choices in said(),
        branch in proptest::collection::vec(any::<u8>(), 0..4),
        fork_at in 0..6_usize,
        seeds in (any::<u64>(), any::<u64>()),
    ) {
        let (charter, envelopes) = world(&choices, &branch, fork_at);
        let mut views = [seeds.0, seeds.1].into_iter().map(|seed| {
            let mut node = Node::new(charter.clone());
            node.settle(&shuffled(envelopes.clone(), seed));
            (node.view(), node.replica.forks().clone())
        });
        prop_assert_eq!(views.next(), views.next());
    }

    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        choices in said(),
        branch in proptest::collection::vec(any::<u8>(), 1..4),
        seed in any::<u64>(),
    ) {
        let (charter, envelopes) = world(&choices, &branch, 2);
        let parts: Vec<Vec<Envelope>> =
            shuffled(envelopes, seed).chunks(5).map(<[Envelope]>::to_vec).collect();
        let merged = |parts: Vec<&Vec<Envelope>>| {
            let mut node = Node::new(charter.clone());
            let all: Vec<Envelope> = parts.into_iter().flatten().cloned().collect();
            node.settle(&all);
            node.view()
        };
        let forward = merged(parts.iter().collect());
        prop_assert_eq!(forward, merged(parts.iter().rev().collect()));
        prop_assert_eq!(forward, merged(parts.iter().chain(parts.iter()).collect()));
    }

    #[test]
    fn a_head_never_goes_back_when_old_entries_come_again(choices in said(), seed in any::<u64>()) {
        let (charter, envelopes) = world(&choices, &[1], 99);
        let mut node = Node::new(charter);
        node.settle(&envelopes);
        let heads: Vec<Head> = node.replica.heads().collect();
        node.settle(&shuffled(envelopes, seed));
        prop_assert_eq!(heads, node.replica.heads().collect::<Vec<_>>());
    }
}

/// The first author's feed, and its next epoch from a cut on, under a new key.
fn two_epochs(said: &[u8], cut: usize, later: &[u8]) -> (Vec<Envelope>, EpochOpening) {
    let authors = authors();
    let me = &authors[0].contact;
    let number = (1..=3).find(|number| author(*number).contact.id == me.id).expect("one of them");
    let (identity, node) = (SecretKey::from_seed(&[number; 32]), SecretKey::from_seed(&[77; 32]));
    let old = feed(&authors, 0, said, 1);
    let end = old[cut.min(old.len() - 1)].head();
    let cut = EpochCut { audience: Audience::Public, seq: end.seq, hash: end.hash };
    let statement = EpochStatement {
        network: charter(&authors).network(),
        identity: identity.public(),
        epoch: 1,
        node: node.public(),
        sealing: me.sealing,
        certificate: certify(&identity, &node.public(), &me.sealing),
        cuts: vec![cut],
        reason: "test".to_owned(),
    };
    let opening = statement.sign(&identity);
    let mut head = Head { epoch: 1, ..end };
    let others: Vec<CaisseId> = authors[1..].iter().map(|a| a.contact.id).collect();
    let first = PublicBody::EpochOpened(Box::new(opening.clone()));
    let newcomer = author(9).contact;
    let rest = later.iter().map(|choice| body(*choice, &others, &newcomer, &charter(&authors)));
    let new = std::iter::once(first).chain(rest).map(|said| {
        let draft = Draft {
            network: charter(&authors).network(),
            after: head,
            body: Body::Public(said),
            claimed: Timestamp::from_ms(2),
            seen: Vec::new(),
        };
        let entry = draft.sign(&node, &[7; 32]);
        head = entry.head();
        Envelope::from(entry)
    });
    let new: Vec<Envelope> = new.collect();
    (old.into_iter().map(Envelope::from).chain(new).collect(), opening)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_when_one_hears_that_an_epoch_was_opened(
        said in proptest::collection::vec(any::<u8>(), 0..6),
        cut in 0..6_usize,
        later in proptest::collection::vec(any::<u8>(), 0..4),
        (seed, when) in (any::<u64>(), 0..12_usize),
    ) {
        let (envelopes, opening) = two_epochs(&said, cut, &later);
        let mut at_once = Node::new(charter(&authors()));
        prop_assert!(at_once.open(&opening));
        at_once.settle(&envelopes);
        let head = at_once.replica.head(FeedId::public(authors()[0].contact.id));
        let cut = cut.min(said.len()) as u64 + 1;
        prop_assert_eq!((head.epoch, head.seq), (1, cut + 1 + later.len() as u64));
        let mut late = Node::new(charter(&authors()));
        let shuffled = shuffled(envelopes.clone(), seed);
        for envelope in shuffled.iter().take(when) {
            late.offer(envelope);
        }
        late.settle(&shuffled);
        prop_assert!(late.open(&opening));
        prop_assert!(!late.open(&opening), "once");
        late.settle(&shuffled);
        prop_assert_eq!(late.replica, at_once.replica.clone());
        prop_assert_eq!(late.held.keys().collect::<Vec<_>>(), at_once.held.keys().collect::<Vec<_>>());
    }
}

#[test]
fn a_word_that_opens_an_epoch_holds_with_every_byte_as_it_was_signed() {
    let (_, opening) = two_epochs(&[1, 2], 1, &[]);
    let network = charter(&authors()).network();
    let said = opening.check(network).expect("it holds");
    assert_eq!(said.hash(), opening.hash());
    let bytes = wire::encode(&opening);
    for place in 0..bytes.len() {
        let mut mutated = bytes.clone();
        mutated[place] ^= 1;
        if let Ok(mutated) = wire::decode::<EpochOpening>(&mutated) {
            assert!(mutated.check(network).is_err(), "byte {place}");
        }
    }
}

#[test]
fn a_proof_accepts_every_true_fork_and_no_mutated_one() {
    let authors = authors();
    let keyring = View::new(charter(&authors)).keyring();
    let one = feed(&authors, 0, &[1, 2, 3, 4, 5, 6], 1);
    let other = feed(&authors, 0, &[1, 2, 3, 4, 5, 6], 2);
    for (left, right) in one.iter().zip(&other) {
        let proof = ForkProof::of(left.envelope(), right.envelope());
        let fork = proof.check(&keyring).expect("two entries for one place are a fork");
        assert_eq!((fork.feed, fork.seq), (left.header().feed, left.header().seq));
        assert_eq!(proof, ForkProof::of(right.envelope(), left.envelope()), "in whatever order");
        let bytes = wire::encode(&proof);
        for place in 0..bytes.len() {
            let mut mutated = bytes.clone();
            mutated[place] ^= 1;
            if let Ok(mutated) = wire::decode::<ForkProof>(&mutated) {
                assert_eq!(mutated.check(&keyring), Err(NotAFork), "byte {place}");
            }
        }
    }
    let same = ForkProof::of(one[0].envelope(), one[0].envelope());
    assert_eq!(same.check(&keyring), Err(NotAFork), "one entry twice is no fork");
    let two_places = ForkProof::of(one[0].envelope(), other[1].envelope());
    assert_eq!(two_places.check(&keyring), Err(NotAFork), "two places are no fork");
    let two_authors = feed(&authors, 1, &[1], 1);
    let proof = ForkProof::of(one[0].envelope(), two_authors[0].envelope());
    assert_eq!(proof.check(&keyring), Err(NotAFork), "two authors are no fork");
}

#[test]
fn a_proof_in_a_file_is_checked_from_its_bytes_alone_and_no_changed_byte_passes() {
    let authors = authors();
    let Contact { identity, node, sealing, certificate, id, .. } = authors[0].contact.clone();
    let keys = Keys { identity, node, sealing, certificate };
    let one = feed(&authors, 0, &[1, 2, 3], 1);
    let other = feed(&authors, 0, &[1, 2, 3], 2);
    for (left, right) in one.iter().zip(&other) {
        let proof = ForkProof::of(left.envelope(), right.envelope());
        let file = ProofFile::new(charter(&authors).network(), keys.clone(), &proof);
        let fork = file.check().expect("a true fork");
        assert_eq!((fork.feed, fork.seq), (FeedId::public(id), left.header().seq));
        let text = serde_json::to_string(&file).expect("JSON");
        assert!(text.len() <= crdt::limits::PROOF_FILE_BYTES);
        for place in 0..text.len() {
            let mut mutated = text.clone().into_bytes();
            mutated[place] ^= 1;
            let Ok(mutated) = serde_json::from_slice::<ProofFile>(&mutated) else { continue };
            assert!(mutated == file || mutated.check().is_err(), "byte {place}");
        }
    }
    // Keys that go together, of another caisse.
    let Contact { identity, node, sealing, certificate, .. } = authors[1].contact.clone();
    let others = Keys { identity, node, sealing, certificate };
    let proof = ForkProof::of(one[0].envelope(), other[0].envelope());
    let network = charter(&authors).network();
    let bad = ProofFile::new(network, others, &proof).check();
    assert_eq!(bad, Err(BadProof::NotAFork(NotAFork)));
    let stolen = Keys { node: authors[1].contact.node, ..keys };
    let bad = ProofFile::new(network, stolen, &proof).check();
    assert_eq!(bad, Err(BadProof::Uncertified));
}

#[test]
fn an_entry_that_does_not_hold_is_rejected_for_the_first_reason_that_applies() {
    use crdt::feed::Rejected;

    let authors = authors();
    let keyring = View::new(charter(&authors)).keyring();
    let good: Envelope = feed(&authors, 0, &[1], 1)[1].clone().into();
    assert!(good.clone().verify(&keyring).is_ok());
    let check = |envelope: Envelope, why: Rejected| {
        assert_eq!(envelope.verify(&keyring).map(|_| ()), Err(why));
    };
    check(
        Envelope { body: vec![0; crdt::limits::BODY_BYTES + 1], ..good.clone() },
        Rejected::TooLarge,
    );
    check(Envelope { header: vec![1, 2, 3], ..good.clone() }, Rejected::MalformedHeader);
    check(Envelope { salt: [0; 32], ..good.clone() }, Rejected::WrongBody);
    let mut forged = good.clone();
    forged.signature = crdt::key::Signature::new([1; 64]);
    check(forged, Rejected::BadSignature);
    let mut elsewhere = keyring.clone();
    elsewhere.network = crdt::NetworkId::new([9; 32]);
    assert_eq!(good.clone().verify(&elsewhere).map(|_| ()), Err(Rejected::WrongNetwork));
    let mut nobody = keyring.clone();
    nobody.nodes.clear();
    assert_eq!(good.clone().verify(&nobody).map(|_| ()), Err(Rejected::UnknownAuthor));
    let mut trailing = good;
    trailing.header.push(0);
    check(trailing, Rejected::MalformedHeader);
}
