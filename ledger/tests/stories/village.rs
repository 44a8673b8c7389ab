//! A few caisses that hear each other at once, with disks that never fail: the world of the stories.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crdt::agreement::{Eligibility, Eligible, Terms};
use crdt::card::CardText;
use crdt::contact::{Contact, caisse_id, certify};
use crdt::feed::{Envelope, Verified};
use crdt::key::SecretKey;
use crdt::message::Message;
use crdt::register::Charter;
use crdt::seal::SealingSecret;
use crdt::{
    BasisPoints, CaisseId, CardId, Cents, Date, Digest, MemberId, Month, PaymentId, RequestId,
    Timestamp, VendorId, wire,
};
use ledger::answer::{CardHome, PaymentInfo, PaymentStatus, Receipt};
use ledger::calendar::Zone;
use ledger::command::{Code, PayIntent, PaymentCode, Purchase, Purse};
use ledger::federation::entries_after;
use ledger::guarantee::Force;
use ledger::records::{Kind, MemoryRecords, Records};
use ledger::rules::{Allocation, Caps, Contribution, Household, Issue, Keep, Lots, Rules};
use ledger::state::{PaymentSettings, Secret, Secrets, Settings};
use ledger::{Answer, Caisse, Command, Effect, Input, Outcome, Query};

/// One caisse with its disk.
pub struct House {
    pub caisse: Caisse,
    pub disk: MemoryRecords,
    pub seed: u8,
    /// Of whose keys it runs with.
    pub epoch: u32,
    starts: u8,
    rules: Rules,
    pub visits: Option<Eligible>,
    pub told: Vec<(RequestId, Outcome)>,
}

/// Caisses that hear each other at once.
pub struct Village {
    pub houses: Vec<House>,
    pub now: Timestamp,
    pub cut: BTreeSet<usize>,
    ids: BTreeMap<CaisseId, usize>,
    pub post: VecDeque<(usize, usize, Message<Envelope>)>,
    requests: u64,
}

/// A member with a card, as the tests use them.
#[derive(Clone, Debug)]
pub struct Shopper {
    pub member: MemberId,
    pub card: CardText,
}

pub fn identity(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

/// The node key of a house in an epoch.
pub fn node_key(seed: u8, epoch: u32) -> SecretKey {
    let mut bytes = [seed + 100; 32];
    bytes[0] = bytes[0].wrapping_add(u8::try_from(epoch).expect("few epochs"));
    SecretKey::from_seed(&bytes)
}

/// The sealing key of a house in an epoch, which opens what was sealed to the one before.
pub fn sealing(seed: u8, epoch: u32) -> SealingSecret {
    let of = |epoch: u32| {
        let mut bytes = [seed; 32];
        bytes[0] = bytes[0].wrapping_add(u8::try_from(epoch).expect("few epochs"));
        SealingSecret::from_seed(&bytes)
    };
    (0..epoch).fold(of(epoch), |sealing, older| sealing.opening_also(of(older)))
}

pub fn secrets(seed: u8, starts: u8) -> Secrets {
    secrets_of(seed, starts, 0)
}

pub fn secrets_of(seed: u8, starts: u8, epoch: u32) -> Secrets {
    Secrets {
        node: node_key(seed, epoch),
        sealing: sealing(seed, epoch),
        pseudonyms: Secret([seed + 1; 32]),
        codes: Secret([seed + 2; 32]),
        salts: Secret([seed + 3; 32]),
        boot: Secret([starts, seed].repeat(16).try_into().expect("32 bytes")),
    }
}

pub fn contact(seed: u8) -> Contact {
    contact_of(seed, 0)
}

pub fn contact_of(seed: u8, epoch: u32) -> Contact {
    let node = node_key(seed, epoch).public();
    let sealing = sealing(seed, epoch).public();
    Contact {
        id: caisse_id(&identity(seed).public()),
        name: format!("caisse {seed}"),
        territory: vec!["34172".to_owned()],
        identity: identity(seed).public(),
        certificate: certify(&identity(seed), &node, &sealing),
        node,
        sealing,
        addresses: Vec::new(),
    }
}

/// The rules of a village that says nothing else: 100 euros for each person once the contribution is in.
pub fn rules() -> Rules {
    Rules {
        version: 1,
        from: Date::new(2026, 1, 1).expect("a day"),
        reason: "test".to_owned(),
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

fn settings(seed: u8, rules: &Rules, visits: Option<Eligible>) -> Settings {
    Settings {
        contact: contact(seed),
        rules: rules.clone(),
        zone: Zone::paris(),
        payments: PaymentSettings::default(),
        accounting: ledger::accounting::Settings::default(),
        reminders: ledger::dunning::AFTER_DAYS.to_vec(),
        visits,
    }
}

pub fn month() -> Month {
    Month::new(2026, 11).expect("a month")
}

pub fn code(text: &str) -> Code {
    text.parse().expect("four digits")
}

pub fn cents(cents: u32) -> Cents {
    Cents::from_u32(cents)
}

pub fn terms() -> Terms {
    Terms {
        eligibility: Eligibility::Host,
        coverage_max: BasisPoints::new(7_000).expect("a rate"),
        per_payment: cents(5_000),
        per_month: cents(8_000),
        ceiling: cents(20_000),
        floor: Cents::ZERO,
        rhythm_days: 30,
    }
}

impl Village {
    /// Makes caisses that know nothing of each other.
    pub fn strangers(count: u8) -> Self {
        Self::of_houses((1..=count).map(|seed| House::new(seed, &rules())).collect())
    }

    /// Makes one caisse with rules of its own.
    pub fn alone(rules: &Rules) -> Self {
        assert_eq!(rules.check(), Ok(()));
        Self::of_houses(vec![House::new(1, rules)])
    }

    fn of_houses(houses: Vec<House>) -> Self {
        Self {
            ids: houses.iter().enumerate().map(|(i, h)| (h.caisse.id(), i)).collect(),
            houses,
            now: Timestamp::from_ms(1_795_500_000_000),
            cut: BTreeSet::new(),
            post: VecDeque::new(),
            requests: 0,
        }
    }

    /// Makes a federation in which every two have an agreement.
    pub fn federated(count: u8, terms: &Terms) -> Self {
        let mut village = Self::strangers(count);
        let charter = village.charter();
        for house in 0..usize::from(count) {
            village.ok(house, Command::Found(Box::new(charter.clone())));
        }
        village.meet();
        for house in 0..usize::from(count) {
            for other in (0..usize::from(count)).filter(|other| *other != house) {
                let with = village.id(other);
                village.ok(house, Command::Agree { with, terms: terms.clone() });
            }
        }
        village
    }

    pub fn charter(&self) -> Charter {
        let mut founders: Vec<Contact> = self.houses.iter().map(|h| contact(h.seed)).collect();
        founders.sort_by_key(|founder| founder.id);
        Charter { name: "test".to_owned(), founders, threshold_percent: 66 }
    }

    pub fn id(&self, house: usize) -> CaisseId {
        self.houses[house].caisse.id()
    }

    /// Connects every two caisses that are not cut off.
    pub fn meet(&mut self) {
        for one in 0..self.houses.len() {
            for other in 0..self.houses.len() {
                if one != other && !self.cut.contains(&one) && !self.cut.contains(&other) {
                    self.input(one, Input::Connected(self.id(other)));
                }
            }
        }
        self.deliver();
    }

    /// Cuts a caisse off from all others, who notice.
    pub fn cut_off(&mut self, house: usize) {
        self.cut.insert(house);
        for other in (0..self.houses.len()).filter(|other| *other != house) {
            self.input(other, Input::Disconnected(self.id(house)));
            self.input(house, Input::Disconnected(self.id(other)));
        }
    }

    /// Gives an input to a caisse and does what it wants done.
    pub fn input(&mut self, house: usize, input: Input) {
        let now = self.now;
        let House { caisse, disk, .. } = &mut self.houses[house];
        let effects = caisse.handle(now, input, disk);
        self.perform(house, effects);
    }

    fn perform(&mut self, house: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Persist(writes) => self.houses[house].disk.apply(writes),
                Effect::Send { to, message } => self.send(house, to, message.into_wire()),
                Effect::SendRange { to, feed, after } => {
                    let rows = entries_after(&self.houses[house].disk, feed, after, 256);
                    let entries =
                        rows.iter().map(|(_, bytes)| wire::decode(bytes).expect("an envelope"));
                    let message = Message::Entries(entries.collect());
                    self.send(house, to, message);
                }
                Effect::Announce(heads) => {
                    let me = self.id(house);
                    for to in self.ids.clone().into_keys().filter(|to| *to != me) {
                        self.send(house, to, Message::Grown(heads.clone()));
                    }
                }
                Effect::Reply { request, outcome } => {
                    self.houses[house].told.push((request, outcome));
                }
                Effect::Partners(_) => {}
            }
        }
    }

    fn send(&mut self, from: usize, to: CaisseId, message: Message<Envelope>) {
        let to = self.ids[&to];
        if !self.cut.contains(&from) && !self.cut.contains(&to) {
            self.post.push_back((from, to, message));
        }
    }

    /// Delivers what is on its way, and what that brings about, until all is quiet.
    pub fn deliver(&mut self) {
        while let Some((from, to, message)) = self.post.pop_front() {
            let Some(keyring) = self.houses[to].caisse.keyring() else { continue };
            let (message, rejected) = message.verify(keyring);
            assert!(rejected.is_empty(), "{rejected:?}");
            let from = self.id(from);
            self.input(to, Input::Received { from, message });
        }
    }

    /// Delivers what is on its way to a house, and loses what that brings about.
    pub fn deliver_to(&mut self, house: usize) {
        for (from, to, message) in std::mem::take(&mut self.post) {
            if to == house
                && let Some(keyring) = self.houses[to].caisse.keyring()
            {
                let (message, _) = message.verify(keyring);
                let from = self.id(from);
                self.input(to, Input::Received { from, message });
            }
        }
        self.lose_post();
    }

    /// Forgets what is on its way.
    pub fn lose_post(&mut self) {
        self.post.clear();
    }

    /// Lets time pass for everyone; whoever wanted to be woken is.
    pub fn wait(&mut self, ms: i64) {
        let end = self.now.as_ms() + ms;
        loop {
            self.deliver();
            let wakes = self.houses.iter().map(|house| house.caisse.next_wakeup());
            let next =
                wakes.flatten().map(Timestamp::as_ms).min().unwrap_or(end).max(self.now.as_ms());
            if next > end {
                break;
            }
            // A wake-up at the present moment must not hold the clock.
            self.now = Timestamp::from_ms(next.max(self.now.as_ms() + 1).min(end));
            for house in 0..self.houses.len() {
                if self.houses[house].caisse.next_wakeup().is_some_and(|at| at <= self.now) {
                    self.input(house, Input::Woke);
                }
            }
            if self.now.as_ms() >= end {
                break;
            }
        }
        self.now = Timestamp::from_ms(end);
        self.deliver();
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.requests.to_be_bytes());
        RequestId::new(bytes)
    }

    /// Asks a caisse for something; `None` while it has not answered.
    pub fn ask(&mut self, house: usize, command: Command) -> Option<Outcome> {
        let request = self.request();
        self.ask_as(house, request, command)
    }

    pub fn ask_as(
        &mut self,
        house: usize,
        request: RequestId,
        command: Command,
    ) -> Option<Outcome> {
        self.input(house, Input::Command { request, command });
        self.deliver();
        let told = self.houses[house].told.iter().rev();
        told.into_iter().find(|(r, _)| *r == request).map(|(_, outcome)| outcome.clone())
    }

    pub fn ok(&mut self, house: usize, command: Command) -> Answer {
        self.ask(house, command).expect("answered at once").expect("not refused")
    }

    pub fn query(&self, house: usize, question: &Query) -> Outcome {
        let House { caisse, disk, .. } = &self.houses[house];
        caisse.query(self.now, question, disk)
    }

    /// Enrols a member with a card of code 1234, a contribution, and the month's allocation.
    pub fn shopper(&mut self, house: usize, persons: u16) -> Shopper {
        let household = Household { adults: persons, teens: 0, children: 0 };
        let name = "Camille Test".to_owned();
        let Answer::MemberAdded(member) = self.ok(house, Command::AddMember { name, household })
        else {
            panic!("a member is added")
        };
        let command = Command::IssueCard { member, code: code("1234") };
        let Answer::CardIssued(card) = self.ok(house, command) else { panic!("a card is issued") };
        let amount = cents(2_000);
        self.ok(
            house,
            Command::AddContribution { member, month: month(), amount, into: Purse::Bank },
        );
        self.ok(house, Command::Allocate { month: month(), force: Some(Force::because("test")) });
        Shopper { member, card: card.qr.parse().expect("a card") }
    }

    /// Records a vendor whose sales are covered at a rate.
    pub fn vendor(&mut self, house: usize, points: u16) -> VendorId {
        let command = Command::AddVendor {
            name: "Stall".to_owned(),
            commune: "34172".to_owned(),
            kind: "market".to_owned(),
            till: None,
        };
        let Answer::VendorAdded(vendor) = self.ok(house, command) else { panic!("a vendor") };
        let coverage = BasisPoints::new(points).expect("a rate");
        let reason = "decided".to_owned();
        self.ok(house, Command::ApproveVendor { vendor, coverage, reason });
        vendor
    }

    /// Makes a sale as a till would: the code plain for a card of the house, sealed for any other.
    pub fn intent(
        &self,
        house: usize,
        payment: u8,
        vendor: VendorId,
        shopper: &Shopper,
        amount: u32,
        typed: &str,
    ) -> PayIntent {
        let (payment, amount) = (PaymentId::new([payment; 16]), cents(amount));
        let home = self.query(house, &Query::CardHome(shopper.card.clone()));
        let Ok(Answer::CardHome(CardHome { card, seal_to, .. })) = home else {
            panic!("a known card: {home:?}")
        };
        let code = match seal_to {
            None => PaymentCode::Plain(code(typed)),
            Some(key) => {
                let request = Purchase::from(amount).request(payment, card, vendor);
                let sealed = key.seal(typed.as_bytes(), &payment, &request, [7; 32]);
                PaymentCode::Sealed(sealed.expect("a code seals"))
            }
        };
        PayIntent {
            payment,
            card: shopper.card.clone(),
            vendor,
            purchase: amount.into(),
            code,
            scanned: false,
        }
    }

    pub fn pay(
        &mut self,
        house: usize,
        payment: u8,
        vendor: VendorId,
        shopper: &Shopper,
        amount: u32,
    ) -> Option<Outcome> {
        let intent = self.intent(house, payment, vendor, shopper, amount, "1234");
        self.ask(house, Command::Pay(intent))
    }

    pub fn paid(
        &mut self,
        house: usize,
        payment: u8,
        vendor: VendorId,
        shopper: &Shopper,
        amount: u32,
    ) -> Receipt {
        match self.pay(house, payment, vendor, shopper, amount) {
            Some(Ok(Answer::Paid(receipt))) => receipt,
            other => panic!("not paid: {other:?}"),
        }
    }

    pub fn payment(&self, house: usize, payment: u8) -> PaymentInfo {
        match self.query(house, &Query::Payment(PaymentId::new([payment; 16]))) {
            Ok(Answer::Payment(info)) => *info,
            other => panic!("no payment: {other:?}"),
        }
    }

    pub fn payment_status(&self, house: usize, payment: u8) -> Option<PaymentStatus> {
        match self.query(house, &Query::Payment(PaymentId::new([payment; 16]))) {
            Ok(Answer::Payment(info)) => Some(info.status),
            _ => None,
        }
    }

    pub fn balance(&self, house: usize, shopper: &Shopper) -> u64 {
        self.houses[house].caisse.books().available(shopper.member).get()
    }

    /// What a house owes another, by its own books.
    pub fn owes(&self, house: usize, other: usize) -> i64 {
        self.houses[house].caisse.books().owed_to(self.id(other)).get()
    }

    /// Every house verifies.
    pub fn all_is_well(&self) {
        (0..self.houses.len()).for_each(|house| self.all_is_well_at(house));
    }

    /// A house verifies.
    pub fn all_is_well_at(&self, house: usize) {
        let Ok(Answer::Verified(report)) = self.query(house, &Query::Verify) else {
            panic!("verify answers")
        };
        assert!(report.is_clean(), "house {house}: {:?}", report.differences);
    }

    /// Everything that a house holds, to show that nothing changed.
    pub fn fingerprint(&self, house: usize) -> Digest {
        let rows: Vec<_> = Kind::ALL
            .iter()
            .map(|kind| self.houses[house].disk.range(*kind, &[], &[], usize::MAX))
            .collect();
        crdt::digest::Domain::Trace.hash(&wire::encode(&rows))
    }

    /// Stops a house and starts it from its disk, or from a copy made earlier.
    pub fn restart(&mut self, house: usize, disk: Option<MemoryRecords>) {
        self.cut_off(house);
        self.lose_post();
        self.cut.remove(&house);
        let House { disk: current, seed, epoch, starts, rules, visits, .. } =
            &mut self.houses[house];
        *starts += 1;
        *current = disk.unwrap_or_else(|| current.clone());
        let settings = Settings {
            contact: contact_of(*seed, *epoch),
            ..settings(*seed, rules, visits.clone())
        };
        let (caisse, effects) = Caisse::open(settings, secrets_of(*seed, *starts, *epoch), current);
        self.houses[house].caisse = caisse;
        self.perform(house, effects);
    }

    pub fn entries(&self, house: usize) -> Vec<Verified> {
        let rows = self.houses[house].disk.range(Kind::Feed, &[], &[], usize::MAX);
        rows.iter().filter_map(|(_, bytes)| Verified::from_store(bytes)).collect()
    }

    pub fn some_card(&self) -> CardId {
        crdt::card::card_id(&self.id(0), [9; 6])
    }
}

impl House {
    fn new(seed: u8, rules: &Rules) -> Self {
        let mut disk = MemoryRecords::default();
        let (caisse, effects) = Caisse::open(settings(seed, rules, None), secrets(seed, 0), &disk);
        for effect in effects {
            if let Effect::Persist(writes) = effect {
                disk.apply(writes);
            }
        }
        let rules = rules.clone();
        Self { caisse, disk, seed, epoch: 0, starts: 0, rules, visits: None, told: Vec::new() }
    }
}
