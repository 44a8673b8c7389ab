//! Two caisses of a federation, as they stand when a stranger begins to speak.

use std::collections::{BTreeMap, VecDeque};
use std::sync::OnceLock;

use crdt::agreement::{Eligibility, Terms};
use crdt::card::CardText;
use crdt::contact::{Contact, caisse_id, certify};
use crdt::feed::{Envelope, FeedId, Head, Verified};
use crdt::key::SecretKey;
use crdt::message::Message;
use crdt::register::Charter;
use crdt::seal::SealingSecret;
use crdt::{
    BasisPoints, CaisseId, Cents, Date, MemberId, Month, NetworkId, RequestId, Timestamp, VendorId,
    wire,
};
use ledger::calendar::Zone;
use ledger::command::Purse;
use ledger::federation::feed_key;
use ledger::guarantee::Force;
use ledger::records::{Kind, MemoryRecords, Records};
use ledger::rules::{Allocation, Caps, Contribution, Household, Issue, Keep, Lots, Rules};
use ledger::state::{PaymentSettings, Secret, Secrets, Settings};
use ledger::{Answer, Caisse, Command, Effect, Input};

/// When it begins: 2026-11-24.
pub const NOW_MS: i64 = 1_795_500_000_000;

/// The code of every card.
pub const CODE: &str = "1234";

/// The two caisses: the first is the one that is attacked, the second speaks whatever the bytes say.
#[derive(Clone, Debug)]
pub struct Town {
    /// The disk of each.
    pub disks: [MemoryRecords; 2],
    /// The ids of both.
    pub ids: [CaisseId; 2],
    /// A member of each.
    pub members: [MemberId; 2],
    /// A card of each.
    pub cards: [CardText; 2],
    /// A vendor of each.
    pub vendors: [VendorId; 2],
    /// The federation.
    pub network: NetworkId,
}

fn identity(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

/// Returns the secrets of a caisse.
#[must_use]
pub fn secrets(place: usize, starts: u8) -> Secrets {
    let seed = if place == 0 { 1 } else { 2 };
    let mut boot = [seed; 32];
    boot[0] = starts;
    Secrets {
        node: SecretKey::from_seed(&[seed | 64; 32]),
        sealing: SealingSecret::from_seed(&[seed; 32]),
        pseudonyms: Secret([seed | 16; 32]),
        codes: Secret([seed | 32; 32]),
        salts: Secret([seed | 48; 32]),
        boot: Secret(boot),
    }
}

/// Returns the contact of a caisse.
#[must_use]
pub fn contact(place: usize) -> Contact {
    let identity = identity(if place == 0 { 11 } else { 12 });
    let Secrets { node, sealing, .. } = secrets(place, 0);
    let (node, sealing) = (node.public(), sealing.public());
    Contact {
        id: caisse_id(&identity.public()),
        name: format!("caisse {place}"),
        territory: vec!["34172".to_owned()],
        identity: identity.public(),
        certificate: certify(&identity, &node, &sealing),
        node,
        sealing,
        addresses: Vec::new(),
    }
}

/// Returns the charter of both.
#[must_use]
pub fn charter() -> Charter {
    let mut founders = vec![contact(0), contact(1)];
    founders.sort_by_key(|founder| founder.id);
    Charter { name: "town".to_owned(), founders, threshold_percent: 66 }
}

/// Returns the rules of both.
#[must_use]
pub fn rules() -> Rules {
    Rules {
        version: 1,
        from: Date::new(2026, 1, 1).expect("a day"),
        reason: "town".to_owned(),
        decision: None,
        allocation: Allocation::PerPerson { amount: Cents::from_u32(10_000), child: None },
        contribution: Contribution::SelfSet {
            least: Cents::from_u32(100),
            most: Cents::from_u32(25_000),
            step: Cents::from_u32(100),
        },
        issue: Issue { from_day: 1, after_contribution: true },
        caps: Caps::default(),
        lots: Lots::default(),
        keep: Keep::default(),
    }
}

/// Returns how a caisse is set up.
#[must_use]
pub fn settings(place: usize) -> Settings {
    Settings {
        contact: contact(place),
        rules: rules(),
        zone: Zone::paris(),
        payments: PaymentSettings::default(),
        accounting: ledger::accounting::Settings::default(),
        reminders: ledger::dunning::AFTER_DAYS.to_vec(),
        visits: None,
    }
}

/// Returns what both agree on.
#[must_use]
pub fn terms() -> Terms {
    Terms {
        eligibility: Eligibility::Host,
        coverage_max: BasisPoints::new(7_000).expect("a rate"),
        per_payment: Cents::from_u32(5_000),
        per_month: Cents::from_u32(8_000),
        ceiling: Cents::from_u32(9_000),
        floor: Cents::from_u32(500),
        rhythm_days: 30,
    }
}

/// Returns the month that it is.
#[must_use]
pub fn month() -> Month {
    Month::new(2026, 11).expect("a month")
}

/// Returns the town, which is built once.
pub fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| Founding::new().found())
}

/// Returns how far the feeds of both are held on a disk.
#[must_use]
pub fn heads(disk: &MemoryRecords) -> BTreeMap<FeedId, Head> {
    let rows = disk.range(Kind::Feed, &[], &[], usize::MAX);
    let entries = rows.iter().filter_map(|(_, bytes)| Verified::from_store(bytes));
    entries.map(|entry| (entry.header().feed, entry.head())).collect()
}

/// Returns the stored entries of a feed after a place, as many as fit one message.
#[must_use]
pub fn stored(disk: &MemoryRecords, feed: FeedId, after: u64) -> Vec<Envelope> {
    let from = feed_key(feed, 0, after.saturating_add(1));
    let rows = disk.range(Kind::Feed, &from, &feed_key(feed, 0, u64::MAX), 256);
    rows.iter().filter_map(|(_, bytes)| wire::decode(bytes).ok()).collect()
}

/// The two caisses while they found the federation.
struct Founding {
    caisses: [Caisse; 2],
    disks: [MemoryRecords; 2],
    post: VecDeque<(usize, Message<Envelope>)>,
    answers: Vec<Answer>,
    requests: u64,
}

impl Founding {
    fn new() -> Self {
        let mut disks = [MemoryRecords::default(), MemoryRecords::default()];
        let caisses = [0, 1].map(|place: usize| {
            let opened = Caisse::open(settings(place), secrets(place, 0), &disks[place]);
            for effect in opened.1 {
                if let Effect::Persist(writes) = effect {
                    disks[place].apply(writes);
                }
            }
            opened.0
        });
        Self { caisses, disks, post: VecDeque::new(), answers: Vec::new(), requests: 0 }
    }

    fn input(&mut self, at: usize, input: Input) {
        let effects = self.caisses[at].handle(Timestamp::from_ms(NOW_MS), input, &self.disks[at]);
        for effect in effects {
            match effect {
                Effect::Persist(writes) => self.disks[at].apply(writes),
                Effect::Send { message, .. } => self.post.push_back((1 - at, message.into_wire())),
                Effect::SendRange { feed, after, .. } => {
                    let message = Message::Entries(stored(&self.disks[at], feed, after));
                    self.post.push_back((1 - at, message));
                }
                Effect::Announce(heads) => self.post.push_back((1 - at, Message::Grown(heads))),
                Effect::Reply { outcome, .. } => {
                    self.answers.push(outcome.expect("nothing is refused while the town is built"));
                }
                Effect::Partners(_) => {}
            }
        }
    }

    fn asked(&mut self, at: usize, command: Command) -> Answer {
        self.requests += 1;
        let mut request = [0; 16];
        request[..8].copy_from_slice(&self.requests.to_le_bytes());
        let request = RequestId::new(request);
        self.input(at, Input::Command { request, command });
        self.deliver();
        self.answers.pop().expect("answered at once")
    }

    fn deliver(&mut self) {
        while let Some((to, message)) = self.post.pop_front() {
            let from = self.caisses[1 - to].id();
            if let Some(keyring) = self.caisses[to].keyring() {
                let (message, _) = message.verify(keyring);
                self.input(to, Input::Received { from, message });
            }
        }
    }

    fn found(mut self) -> Town {
        let ids = [self.caisses[0].id(), self.caisses[1].id()];
        for at in [0, 1] {
            self.asked(at, Command::Found(Box::new(charter())));
        }
        for at in [0, 1] {
            self.input(at, Input::Connected(ids[1 - at]));
        }
        self.deliver();
        for at in [0, 1] {
            self.asked(at, Command::Agree { with: ids[1 - at], terms: terms() });
        }
        let people = [0, 1].map(|at| self.people(at));
        Town {
            ids,
            members: people.clone().map(|(member, _, _)| member),
            cards: people.clone().map(|(_, card, _)| card),
            vendors: people.map(|(_, _, vendor)| vendor),
            network: charter().network(),
            disks: self.disks,
        }
    }

    /// Enrols a member with a card and credit, and approves a vendor.
    fn people(&mut self, at: usize) -> (MemberId, CardText, VendorId) {
        let household = Household { adults: 1, teens: 0, children: 0 };
        let added = self.asked(at, Command::AddMember { name: "Camille".to_owned(), household });
        let Answer::MemberAdded(member) = added else { panic!("a member") };
        let code = CODE.parse().expect("four digits");
        let Answer::CardIssued(card) = self.asked(at, Command::IssueCard { member, code }) else {
            panic!("a card")
        };
        let (month, amount, into) = (month(), Cents::from_u32(2_000), Purse::Bank);
        self.asked(at, Command::AddContribution { member, month, amount, into });
        let force = Some(Force::because("town"));
        self.asked(at, Command::Allocate { month, force });
        let added = self.asked(
            at,
            Command::AddVendor {
                name: "Stall".to_owned(),
                commune: "34172".to_owned(),
                kind: "market".to_owned(),
                till: None,
            },
        );
        let Answer::VendorAdded(vendor) = added else { panic!("a vendor") };
        let coverage = BasisPoints::new(10_000).expect("a rate");
        self.asked(at, Command::ApproveVendor { vendor, coverage, reason: "town".to_owned() });
        (member, card.qr.parse().expect("a card"), vendor)
    }
}
