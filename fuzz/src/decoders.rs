//! What comes from other caisses, from cards and from tills, as bytes or as text.

use crdt::agreement::Terms;
use crdt::card::CardText;
use crdt::catalogue::{Catalogue, CatalogueChange, Subject};
use crdt::contact::Contact;
use crdt::feed::{Body, Draft, Envelope, FeedId, Head, Header, Keyring, PublicBody, Verified};
use crdt::fork::ForkProof;
use crdt::message::{Message, Reply};
use crdt::pair::{Pair, PairBody, PairLedger};
use crdt::register::{Charter, Proposal};
use crdt::replica::Replica;
use crdt::revocation::RevocationList;
use crdt::settlement::Run;
use crdt::view::View;
use crdt::{CaisseId, Cents, Date, Month, PaymentId, Timestamp, VendorId, wire};
use ledger::command::Code;
use ledger::records::{Kind, Records as _};
use ledger::{Command, Query};

use crate::bytes::{Bytes, chunk};
use crate::town::{charter, contact, secrets, terms, town};
use crate::{Target, shape, shape_of_text};

/// Every decoder that needs no file and no door.
pub const TARGETS: [Target; 8] = [
    Target { name: "message", run: message, seeds: message_seeds },
    Target { name: "envelope", run: envelope, seeds: envelope_seeds },
    Target { name: "signed", run: signed, seeds: signed_seeds },
    Target { name: "papers", run: papers, seeds: paper_seeds },
    Target { name: "texts", run: texts, seeds: text_seeds },
    Target { name: "commands", run: commands, seeds: command_seeds },
    Target { name: "view", run: view, seeds: view_seeds },
    Target { name: "catalogue", run: catalogue, seeds: catalogue_seeds },
];

fn keyring() -> Keyring {
    View::new(charter()).keyring()
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("")
}

/// Whatever decodes is a value that decodes again from its own encoding.
fn comes_back<T>(bytes: &[u8]) -> Option<T>
where
    T: serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug,
{
    let value: T = wire::decode(bytes).ok()?;
    assert_eq!(wire::decode(&wire::encode(&value)).as_ref(), Ok(&value));
    Some(value)
}

fn message(bytes: &[u8]) -> u64 {
    let Some(message) = comes_back::<Message<Envelope>>(bytes) else {
        return 0;
    };
    if !message.within_limits() {
        return 1;
    }
    let (_, rejected) = message.verify(&keyring());
    shape_of_text(&format!("{rejected:?}"))
}

fn stored() -> Vec<Vec<u8>> {
    let rows = town().disks[0].range(Kind::Feed, &[], &[], usize::MAX);
    rows.into_iter().map(|(_, bytes)| bytes).collect()
}

fn stored_entries() -> Vec<Verified> {
    stored().iter().filter_map(|bytes| Verified::from_store(bytes)).collect()
}

fn message_seeds() -> Vec<Vec<u8>> {
    let entries = stored_entries();
    let heads: Vec<Head> = entries.iter().map(Verified::head).collect();
    let feed = FeedId::public(town().ids[0]);
    let messages: [Message<Envelope>; 5] = [
        Message::Have { heads: heads.clone(), reply: Reply::Wanted },
        Message::Grown(heads),
        Message::Want { feed, after: 3 },
        Message::Query { payment: PaymentId::new([1; 16]) },
        Message::Entries(entries.into_iter().take(2).map(Envelope::from).collect()),
    ];
    messages.iter().map(wire::encode).collect()
}

fn envelope(bytes: &[u8]) -> u64 {
    let _ = Verified::from_store(bytes);
    let _ = comes_back::<Header>(bytes);
    let _ = comes_back::<Body>(bytes);
    match comes_back::<Envelope>(bytes).map(|entry| entry.verify(&keyring())) {
        None => 0,
        Some(Ok(_)) => 1,
        Some(Err(why)) => shape_of_text(&why.to_string()),
    }
}

fn envelope_seeds() -> Vec<Vec<u8>> {
    let parts = stored_entries().into_iter().flat_map(|entry| {
        let Envelope { header, body, .. } = entry.envelope().clone();
        [header, body]
    });
    stored().into_iter().chain(parts).collect()
}

/// A body and a header under a good signature: only what is checked after it stands in the way.
fn signed(bytes: &[u8]) -> u64 {
    let mut bytes = Bytes(bytes);
    let Some(body) = bytes.value::<Body>() else {
        return 0;
    };
    let [me, partner] = town().ids;
    let public = matches!(body, Body::Public(_));
    let feed = if public { FeedId::public(partner) } else { FeedId::pair(partner, me) };
    let hash = crdt::Digest::new([bytes.byte(); 32]);
    let after = Head { feed, epoch: bytes.byte().into(), seq: bytes.short().into(), hash };
    let claimed = Timestamp::from_ms(i64::from(bytes.short()));
    let draft = Draft { network: town().network, after, body, claimed, seen: Vec::new() };
    let keys = secrets(1, 0);
    let entry = draft.sign(&keys.node, &keys.salts.0);
    let checked = entry.envelope().clone().verify(&keyring());
    let mut replica = Replica::default();
    let inserted = checked.as_ref().map(|entry| replica.insert(entry));
    shape_of_text(&format!("{inserted:?}"))
}

fn signed_seeds() -> Vec<Vec<u8>> {
    stored_entries().iter().map(|entry| chunk(&wire::encode(entry.body()))).collect()
}

/// What is handed over as a file between caisses.
fn papers(bytes: &[u8]) -> u64 {
    let mut seen = Vec::new();
    if let Some(contact) = comes_back::<Contact>(bytes) {
        seen.push(format!("contact {:?}", contact.check().is_ok()));
    }
    if let Some(charter) = comes_back::<Charter>(bytes) {
        seen.push(format!("charter {:?}", charter.check().is_ok()));
        let _ = charter.network();
    }
    if let Some(proposal) = comes_back::<Proposal>(bytes) {
        let _ = proposal.id();
        seen.push("proposal".to_owned());
    }
    if let Some(list) = comes_back::<RevocationList>(bytes) {
        seen.push(format!("list {:?}", list.verify(&contact(0).node).is_ok()));
    }
    if let Some(proof) = comes_back::<ForkProof>(bytes) {
        seen.push(format!("proof {:?}", proof.check(&keyring()).is_ok()));
    }
    if let Some(run) = comes_back::<Run>(bytes) {
        let once = run.clear();
        assert_eq!(once, run.clear(), "I13");
        seen.push(format!("run {:?}", once.is_ok()));
    }
    let text = utf8(bytes);
    seen.push(format!(
        "{:?}",
        serde_json::from_str::<Contact>(text).map(|c| c.check().is_ok()).ok()
    ));
    seen.push(format!(
        "{:?}",
        serde_json::from_str::<Charter>(text).map(|c| c.check().is_ok()).ok()
    ));
    seen.push(format!("{:?}", serde_json::from_str::<RevocationList>(text).is_ok()));
    shape(&seen)
}

fn paper_seeds() -> Vec<Vec<u8>> {
    let entries = stored_entries();
    let list = RevocationList::sign(
        town().ids[0],
        Timestamp::from_ms(1),
        [town().cards[0].card()],
        &secrets(0, 0).node,
    );
    let proof = ForkProof::of(entries[0].envelope(), entries[1].envelope());
    vec![
        wire::encode(&contact(0)),
        wire::encode(&charter()),
        wire::encode(&list),
        wire::encode(&proof),
        serde_json::to_vec(&contact(0)).expect("a contact is JSON"),
        serde_json::to_vec(&charter()).expect("a charter is JSON"),
        serde_json::to_vec(&list).expect("a list is JSON"),
    ]
}

/// What people type and scan. What is read and said again is the same.
fn texts(bytes: &[u8]) -> u64 {
    let text = utf8(bytes);
    let cents = text.parse::<Cents>();
    if let Ok(cents) = cents {
        assert_eq!(cents.to_string().parse(), Ok(cents));
    }
    let (date, month) = (text.parse::<Date>(), text.parse::<Month>());
    if let Ok(date) = date {
        assert_eq!(date.to_string().parse::<Date>().as_ref(), Ok(&date));
        let _ = (date.monday(), date.plus_days(400), date.plus_days(-400), date.weekday());
    }
    if let Ok(month) = month {
        let _ = (month.first_day(), month.last_day(), month.plus(1), month.plus(-1));
    }
    let card = text.parse::<CardText>();
    if let Ok(card) = &card {
        assert_eq!(card.to_string().parse::<CardText>().ok().as_ref(), Some(card));
    }
    let ids = (text.parse::<PaymentId>().is_ok(), text.parse::<CaisseId>().is_ok());
    let vendor = text.parse::<VendorId>().is_ok();
    let code = text.parse::<Code>().is_ok();
    let account = text.parse::<ledger::treasury::AccountNumber>().is_ok();
    shape(&(cents.is_ok(), date.is_ok(), month.is_ok(), card.is_ok(), ids, vendor, code, account))
}

fn text_seeds() -> Vec<Vec<u8>> {
    let cards = &town().cards;
    let number = CardText::Number(cards[0].card());
    let texts = [
        "12.50".to_owned(),
        "0,5".to_owned(),
        "184467440737095516.15".to_owned(),
        "-1".to_owned(),
        "2026-11-24".to_owned(),
        "2024-02-29".to_owned(),
        "2026-11".to_owned(),
        "4071".to_owned(),
        "FR7630006000011234567890189".to_owned(),
        cards[0].to_string(),
        number.to_string(),
        PaymentId::new([0xab; 16]).to_string(),
        town().ids[0].to_string(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

/// What comes in at the operator's door. Whatever is read is said and read again, the same.
fn commands(bytes: &[u8]) -> u64 {
    let text = utf8(bytes);
    let command = serde_json::from_str::<Command>(text);
    if let Ok(command) = &command {
        let again = serde_json::to_string(command).expect("a command is JSON");
        assert_eq!(serde_json::from_str::<Command>(&again).ok().as_ref(), Some(command));
    }
    let query = serde_json::from_str::<Query>(text);
    if let Ok(query) = &query {
        let again = serde_json::to_string(query).expect("a question is JSON");
        assert_eq!(serde_json::from_str::<Query>(&again).ok().as_ref(), Some(query));
    }
    let terms = serde_json::from_str::<Terms>(text).is_ok();
    let why = |result: Result<(), String>| result.err().map(|why| shape_of_text(&why));
    let command = why(command.map(drop).map_err(|e| e.to_string()));
    shape(&(command, why(query.map(drop).map_err(|e| e.to_string())), terms))
}

fn command_seeds() -> Vec<Vec<u8>> {
    let town = town();
    let commands = [
        Command::Expire,
        Command::BlockCard { card: town.cards[0].card() },
        Command::State { with: town.ids[1] },
        Command::Agree { with: town.ids[1], terms: terms() },
        Command::Found(Box::new(charter())),
        Command::Refund {
            id: PaymentId::new([1; 16]),
            payment: PaymentId::new([2; 16]),
            amount: Some(Cents::from_u32(5)),
        },
        Command::AddVendor {
            name: "Stall".to_owned(),
            commune: "34172".to_owned(),
            kind: "market".to_owned(),
            till: None,
        },
    ];
    let queries = [Query::Status, Query::Member(town.members[0]), Query::Payments { limit: 9 }];
    let commands = commands.iter().map(serde_json::to_vec);
    let queries = queries.iter().map(serde_json::to_vec);
    commands.chain(queries).map(|json| json.expect("JSON")).collect()
}

/// Bodies of both caisses in any order, each rightly signed: the shared view takes them all.
fn view(bytes: &[u8]) -> u64 {
    let mut bytes = Bytes(bytes);
    let mut view = View::new(charter());
    let mut replica = Replica::default();
    let mut said = Vec::new();
    for _ in 0..64 {
        if bytes.is_empty() {
            break;
        }
        let author = usize::from(bytes.byte() % 2);
        let Some(body) = bytes.value::<Body>() else {
            continue;
        };
        let (me, other) = (town().ids[author], town().ids[1 - author]);
        let public = matches!(body, Body::Public(_));
        let feed = if public { FeedId::public(me) } else { FeedId::pair(me, other) };
        let (after, claimed) = (replica.head(feed), Timestamp::from_ms(0));
        let draft = Draft { network: town().network, after, body, claimed, seen: Vec::new() };
        let keys = secrets(author, 0);
        let entry = draft.sign(&keys.node, &keys.salts.0);
        if entry.envelope().clone().verify(&keyring()).is_ok() {
            replica.insert(&entry);
            view.apply(&entry);
            said.push(entry);
        }
    }
    let _ = (view.keyring(), view.digest(), view.register.members().len());
    for (_, run) in view.settlements.runs() {
        let _ = (run.is_certified(), run.signed_by_all(), run.run.clear().is_ok());
    }
    let ledger = PairLedger::fold(Pair::of(town().ids[0], town().ids[1]), &said);
    let _ = ledger.owed_to_low();
    shape(&(
        view.settlements.runs().count(),
        ledger.anomalies().len(),
        said.len(),
        view.register.is_founded(),
    ))
}

fn view_seeds() -> Vec<Vec<u8>> {
    let said = |entry: &Verified| {
        let author = u8::from(entry.header().feed.author == town().ids[1]);
        [vec![author], chunk(&wire::encode(entry.body()))].concat()
    };
    let all: Vec<Vec<u8>> = stored_entries().iter().map(said).collect();
    let [one, two] = [7u8, 8].map(|byte| PaymentId::new([byte; 16]));
    let covered = Cents::from_u32(5);
    let pair = [
        PairBody::Obliged { payment: one, covered },
        PairBody::Obliged { payment: one, covered },
        PairBody::Refunded { refund: two, payment: one, amount: covered },
        PairBody::Voided { payment: two },
    ];
    let pair = pair.map(|body| [vec![1], chunk(&wire::encode(&Body::Pair(body)))].concat());
    vec![all.concat(), pair.concat(), [all.concat(), pair.concat()].concat()]
}

/// Changes of catalogue documents: those that do not fit are put aside, and nothing panics.
fn catalogue(bytes: &[u8]) -> u64 {
    let mut bytes = Bytes(bytes);
    let mut catalogue = Catalogue::default();
    let mut applied = Vec::new();
    for _ in 0..16 {
        if bytes.is_empty() {
            break;
        }
        let subject = Subject::Vendor(VendorId::new([bytes.byte() % 2; 16]));
        let change = CatalogueChange { subject, change: bytes.chunk().to_vec() };
        applied.push(shape_of_text(&format!("{:?}", catalogue.apply(town().ids[0], &change))));
    }
    let _ = (catalogue.digest(), catalogue.search("a").count(), catalogue.joined().len());
    shape(&applied)
}

fn catalogue_seeds() -> Vec<Vec<u8>> {
    let changes = stored_entries().into_iter().filter_map(|entry| match entry.body() {
        Body::Public(PublicBody::CatalogueChanged(change)) => Some(change.change.clone()),
        _ => None,
    });
    let each: Vec<Vec<u8>> = changes.map(|change| [vec![0], chunk(&change)].concat()).collect();
    [each.clone(), vec![each.concat()]].concat()
}
