//! The bytes of everything that caisses say to each other, as they were decided: a field that is added,
//! moved or taken out, or a variant that is not the last, changes them, and no partner could read them.
//!
//! A new variant gets a line of its own: the test says which is missing and what it should be. A line that
//! is there is never changed while [`crdt::feed::PROTOCOL_VERSION`] stays.

use std::collections::BTreeMap;

use crdt::agreement::{Eligibility, Eligible, Terms, TermsOffer};
use crdt::card::{CardCertificate, CardText, card_id};
use crdt::catalogue::{CatalogueChange, Subject};
use crdt::contact::{Contact, caisse_id, certify};
use crdt::epoch::{EpochCut, EpochOpening, EpochStatement};
use crdt::feed::{
    Audience, Body, Draft, Envelope, FeedId, Head, Keyring, PROTOCOL_VERSION, PublicBody,
};
use crdt::fork::ForkProof;
use crdt::key::SecretKey;
use crdt::lot::LotTerms;
use crdt::message::{AuthRequest, Bought, Message, Reply};
use crdt::pair::{Cut, DenyReason, Pair, PairBody};
use crdt::register::{Change, Charter, Proposal};
use crdt::revocation::RevocationList;
use crdt::seal::{Sealed, SealingSecret};
use crdt::settlement::{PairInRun, Run, StatementBody};
use crdt::{
    BasisPoints, CaisseId, CardId, Cents, Digest, LotId, Month, PaymentId, Pseudonym, RunId,
    SignedCents, Timestamp, VendorId, wire,
};

const GOLDEN: &str = include_str!("golden/wire-v1.txt");

fn contact(seed: u8) -> Contact {
    let [identity, node] = [seed, seed + 1].map(|seed| SecretKey::from_seed(&[seed; 32]));
    let (node, sealing) = (node.public(), SealingSecret::from_seed(&[seed + 2; 32]).public());
    let certificate = certify(&identity, &node, &sealing);
    Contact {
        id: caisse_id(&identity.public()),
        name: format!("Caisse {seed}"),
        territory: vec!["34172".to_owned()],
        identity: identity.public(),
        node,
        sealing,
        certificate,
        addresses: vec!["/ip4/192.0.2.1/tcp/7447".to_owned()],
    }
}

fn charter() -> Charter {
    let mut founders = vec![contact(1), contact(11)];
    founders.sort_by_key(|founder| founder.id);
    Charter { name: "Fédération".to_owned(), founders, threshold_percent: 66 }
}

fn ids() -> (CaisseId, CaisseId) {
    (contact(1).id, contact(11).id)
}

fn head(byte: u8) -> Head {
    let (one, other) = ids();
    let hash = Digest::new([byte; 32]);
    Head { feed: FeedId::pair(one, other), epoch: 0, seq: 300, hash }
}

fn statement() -> StatementBody {
    let (one, other) = ids();
    StatementBody {
        pair: Pair::of(one, other),
        cut: Cut { low: head(1), high: head(2) },
        owed_to_low: SignedCents::new(-1_234),
        digest: Digest::new([3; 32]),
    }
}

fn public_bodies() -> Vec<PublicBody> {
    let (run, vendor) = (RunId::new([4; 32]), VendorId::new([5; 16]));
    let admit = Change::Admit(Box::new(contact(21)));
    let proposal = |change| Proposal { base: [].into(), change };
    let terms = Terms {
        eligibility: Eligibility::Host,
        coverage_max: BasisPoints::new(7_000).expect("a rate"),
        per_payment: Cents::from_u32(5_000),
        per_month: Cents::from_u32(15_000),
        ceiling: Cents::from_u32(200_000),
        floor: Cents::from_u32(3_000),
        rhythm_days: 30,
    };
    let pair =
        PairInRun { statement: statement(), after: Some(run), due_to_low: SignedCents::new(-234) };
    vec![
        PublicBody::CharterSigned(Box::new(charter())),
        PublicBody::Proposed(Box::new(proposal(admit))),
        PublicBody::Proposed(Box::new(proposal(Change::Remove(ids().1)))),
        PublicBody::Approved(proposal(Change::Remove(ids().1)).id()),
        PublicBody::TermsOffered(TermsOffer { with: ids().1, terms }),
        PublicBody::CatalogueChanged(CatalogueChange {
            subject: Subject::Vendor(vendor),
            change: b"a change".to_vec(),
        }),
        PublicBody::Stated(Box::new(statement())),
        PublicBody::RunProposed(Run { pairs: vec![pair] }),
        PublicBody::RunSigned { run, result: Digest::new([6; 32]) },
        PublicBody::RunAborted { run, reason: "erreur".to_owned() },
        PublicBody::CertSeen { run },
        PublicBody::BooksHead { entries: 70_000, hash: Digest::new([7; 32]) },
        PublicBody::EligibilityStated(eligible()),
        PublicBody::EpochOpened(Box::new(opening())),
    ]
}

/// The name of what is said. A new variant breaks the build here: give it a line.
fn public_name(body: &PublicBody) -> &'static str {
    match body {
        PublicBody::CharterSigned(_) => "CharterSigned",
        PublicBody::Proposed(proposal) => match proposal.change {
            Change::Admit(_) => "Proposed Admit",
            Change::Remove(_) => "Proposed Remove",
        },
        PublicBody::Approved(_) => "Approved",
        PublicBody::TermsOffered(_) => "TermsOffered",
        PublicBody::CatalogueChanged(_) => "CatalogueChanged",
        PublicBody::Stated(_) => "Stated",
        PublicBody::RunProposed(_) => "RunProposed",
        PublicBody::RunSigned { .. } => "RunSigned",
        PublicBody::RunAborted { .. } => "RunAborted",
        PublicBody::CertSeen { .. } => "CertSeen",
        PublicBody::EpochOpened(_) => "EpochOpened",
        PublicBody::BooksHead { .. } => "BooksHead",
        PublicBody::EligibilityStated(_) => "EligibilityStated",
    }
}

fn eligible() -> Eligible {
    let kinds = [("Market".to_owned(), BasisPoints::new(7_000).expect("a rate"))];
    Eligible::new(kinds, Some(BasisPoints::WHOLE)).expect("it fits")
}

fn sealed() -> Sealed {
    // Sealing draws its own randomness; here only the place of the bytes matters.
    wire::decode(&wire::encode(&vec![8_u8; 52])).expect("a sealed code is bytes")
}

fn bought() -> Bought {
    let price = Cents::from_u32(1_250);
    Bought { kind: "market".to_owned(), price, details: Digest::new([16; 32]) }
}

fn pair_bodies() -> Vec<PairBody> {
    let payment = PaymentId::new([9; 16]);
    let (run, request) = (RunId::new([4; 32]), Digest::new([10; 32]));
    let (vendor, covered) = (VendorId::new([5; 16]), Cents::from_u32(875));
    let month = Month::new(2026, 11).expect("a month");
    let lot = LotId::new([16; 16]);
    let [amount, per_card, per_sale] = [20_000, 3_000, 2_000].map(Cents::from_u32);
    let terms = LotTerms { amount, per_card, per_sale, days: 30 };
    let card: CardId = card_id(&ids().0, [1, 2, 3, 4, 5, 6]);
    vec![
        PairBody::Granted { payment, member: Pseudonym::new([11; 16]), month, covered },
        PairBody::Denied { payment, reason: DenyReason::Conflict },
        PairBody::Captured { payment, vendor, covered, request },
        PairBody::Voided { payment },
        PairBody::FloorCaptured {
            payment,
            vendor,
            card,
            covered,
            bought: bought(),
            code: sealed(),
        },
        PairBody::Obliged { payment, covered },
        PairBody::FloorDeclined { payment, reason: DenyReason::UnknownCard },
        PairBody::Refunded { refund: PaymentId::new([12; 16]), payment, amount: covered },
        PairBody::PaySent { run, amount: covered },
        PairBody::PayReceived { run, amount: covered },
        PairBody::LotGranted { lot, terms },
        PairBody::LotCloseAsked { lot },
        PairBody::OfflineCaptured {
            payment,
            lot,
            vendor,
            card,
            covered,
            bought: bought(),
            code: sealed(),
        },
        PairBody::LotClosed { lot, spent: covered },
        PairBody::Contested { payment },
        PairBody::ContestEnded { payment },
    ]
}

fn pair_name(body: &PairBody) -> &'static str {
    match body {
        PairBody::Granted { .. } => "Granted",
        PairBody::Denied { .. } => "Denied",
        PairBody::Captured { .. } => "Captured",
        PairBody::Voided { .. } => "Voided",
        PairBody::FloorCaptured { .. } => "FloorCaptured",
        PairBody::Obliged { .. } => "Obliged",
        PairBody::FloorDeclined { .. } => "FloorDeclined",
        PairBody::Refunded { .. } => "Refunded",
        PairBody::PaySent { .. } => "PaySent",
        PairBody::PayReceived { .. } => "PayReceived",
        PairBody::LotGranted { .. } => "LotGranted",
        PairBody::LotCloseAsked { .. } => "LotCloseAsked",
        PairBody::OfflineCaptured { .. } => "OfflineCaptured",
        PairBody::LotClosed { .. } => "LotClosed",
        PairBody::Contested { .. } => "Contested",
        PairBody::ContestEnded { .. } => "ContestEnded",
    }
}

fn entry(body: Body) -> Envelope {
    let (one, other) = ids();
    let audience = match body {
        Body::Public(_) => Audience::Public,
        Body::Pair(_) => Audience::Pair(other),
    };
    let after = Head { feed: FeedId { author: one, audience }, ..head(13) };
    let network = charter().network();
    let claimed = Timestamp::from_ms(1_700_000_000_000);
    let draft = Draft { network, after, body, claimed, seen: vec![head(14)] };
    draft.sign(&SecretKey::from_seed(&[2; 32]), &[15; 32]).envelope().clone()
}

fn revocations() -> RevocationList {
    let card = card_id(&ids().0, [1, 2, 3, 4, 5, 6]);
    let at = Timestamp::from_ms(1_795_500_000_000);
    RevocationList::sign(ids().0, at, [card], &SecretKey::from_seed(&[2; 32]))
}

fn opening() -> EpochOpening {
    let identity = SecretKey::from_seed(&[1; 32]);
    let node = SecretKey::from_seed(&[16; 32]).public();
    let sealing = SealingSecret::from_seed(&[17; 32]).public();
    let cut = |audience, seq| EpochCut { audience, seq, hash: Digest::new([18; 32]) };
    let said = EpochStatement {
        network: charter().network(),
        identity: identity.public(),
        epoch: 1,
        node,
        sealing,
        certificate: certify(&identity, &node, &sealing),
        cuts: vec![cut(Audience::Public, 12), cut(Audience::Pair(ids().1), 34)],
        reason: "the node was stolen".to_owned(),
    };
    said.sign(&identity)
}

fn messages() -> Vec<(&'static str, Message<Envelope>)> {
    let auth = AuthRequest {
        payment: PaymentId::new([9; 16]),
        card: card_id(&ids().0, [1, 2, 3, 4, 5, 6]),
        vendor: VendorId::new([5; 16]),
        covered: Cents::from_u32(875),
        bought: bought(),
        code: sealed(),
    };
    let said = entry(Body::Pair(PairBody::Voided { payment: PaymentId::new([9; 16]) }));
    let all = vec![
        Message::Have { heads: vec![head(1)], reply: Reply::Given },
        Message::Grown(vec![head(1)]),
        Message::Want { feed: head(1).feed, after: 299 },
        Message::Entries(vec![said]),
        Message::AuthRequest(auth),
        Message::Query { payment: PaymentId::new([9; 16]) },
        Message::Revoked(Box::new(revocations())),
        Message::Conflict { payment: PaymentId::new([9; 16]) },
        Message::Forked(vec![ForkProof::of(
            &entry(Body::Pair(PairBody::Voided { payment: PaymentId::new([9; 16]) })),
            &entry(Body::Pair(PairBody::Voided { payment: PaymentId::new([10; 16]) })),
        )]),
        Message::Opened(vec![opening()]),
    ];
    let name = |message: &Message<Envelope>| match message {
        Message::Have { .. } => "message Have",
        Message::Grown(_) => "message Grown",
        Message::Want { .. } => "message Want",
        Message::Entries(_) => "message Entries",
        Message::AuthRequest(_) => "message AuthRequest",
        Message::Query { .. } => "message Query",
        Message::Revoked(_) => "message Revoked",
        Message::Conflict { .. } => "message Conflict",
        Message::Forked(_) => "message Forked",
        Message::Opened(_) => "message Opened",
    };
    all.into_iter().map(|message| (name(&message), message)).collect()
}

/// Everything that is said, by name.
fn spoken() -> BTreeMap<String, String> {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let mut spoken = BTreeMap::new();
    for body in public_bodies() {
        let name = format!("entry {}", public_name(&body));
        spoken.insert(name, hex(&wire::encode(&entry(Body::Public(body)))));
    }
    for body in pair_bodies() {
        let name = format!("entry {}", pair_name(&body));
        spoken.insert(name, hex(&wire::encode(&entry(Body::Pair(body)))));
    }
    for (name, message) in messages() {
        spoken.insert(name.to_owned(), hex(&wire::encode(&message)));
    }
    let (home, node) = (ids().0, SecretKey::from_seed(&[2; 32]));
    let certificate = CardCertificate::sign(card_id(&home, [1, 2, 3, 4, 5, 6]), home, &node);
    spoken.insert("card revocations".to_owned(), revocations().signature.to_string());
    spoken.insert("card number".to_owned(), CardText::Number(certificate.card).to_string());
    let qr = CardText::Certificate(Box::new(certificate)).to_string();
    spoken.insert("card certificate".to_owned(), qr);
    spoken.insert("charter's federation".to_owned(), charter().network().to_string());
    spoken.insert("run's id".to_owned(), Run { pairs: Vec::new() }.id().to_string());
    spoken
}

#[test]
fn what_is_said_has_the_bytes_that_were_decided() {
    assert_eq!(PROTOCOL_VERSION, 1, "another version of the protocol needs a file of its own");
    let golden: BTreeMap<&str, &str> =
        GOLDEN.lines().filter_map(|line| line.split_once(" = ")).collect();
    let spoken = spoken();
    let same = |name: &str, said: &str| golden.get(name).copied() == Some(said);
    let other = spoken.iter().filter(|(name, said)| !same(name, said));
    let other: Vec<String> = other.map(|(name, said)| format!("{name} = {said}")).collect();
    assert!(other.is_empty(), "golden/wire-v1.txt does not have:\n{}", other.join("\n"));
    let gone: Vec<_> = golden.keys().filter(|name| !spoken.contains_key(**name)).collect();
    assert!(gone.is_empty(), "what was decided is not said any more: {gone:?}");
}

#[test]
fn what_was_said_is_understood() {
    let nodes = [1, 11].map(contact).into_iter().map(|contact| (contact.id, contact.node));
    let keyring =
        Keyring { network: charter().network(), nodes: nodes.collect(), epochs: BTreeMap::new() };
    let mut understood = 0;
    for (name, text) in GOLDEN.lines().filter_map(|line| line.split_once(" = ")) {
        let bytes = || data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hexadecimal");
        if name.starts_with("entry ") {
            let envelope: Envelope = wire::decode(&bytes()).expect("an entry");
            let verified = envelope.verify(&keyring).expect("a good one");
            let said = match verified.body() {
                Body::Public(body) => public_name(body),
                Body::Pair(body) => pair_name(body),
            };
            assert_eq!(format!("entry {said}"), name);
            understood += 1;
        } else if name.starts_with("message ") {
            let message: Message<Envelope> = wire::decode(&bytes()).expect("a message");
            assert!(messages().iter().any(|known| (known.0, &known.1) == (name, &message)));
            understood += 1;
        }
    }
    assert_eq!(understood, 14 + 16 + 10);
}
