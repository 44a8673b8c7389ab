//! One caisse that lives month by month by a configuration: the machine alone, with a disk that never fails.

use crdt::card::CardText;
use crdt::contact::{Contact, caisse_id, certify};
use crdt::key::SecretKey;
use crdt::seal::SealingSecret;
use crdt::{BasisPoints, Cents, Date, MemberId, Month, PaymentId, RequestId, Timestamp, VendorId};
use ledger::account::Account;
use ledger::answer::{AllocationReport, Receipt};
use ledger::command::{PayIntent, PaymentCode, Purchase, Purse};
use ledger::records::MemoryRecords;
use ledger::refused::Refused;
use ledger::rules::{Household, Rules};
use ledger::state::{Secret, Secrets, Settings};
use ledger::{Answer, Caisse, Command, Effect, Input, Outcome, Query};
use node::config::Config;

/// A caisse in a town, and what day it is there.
pub struct Town {
    caisse: Caisse,
    disk: MemoryRecords,
    today: Date,
    asked: u64,
}

/// A household with its card.
pub struct Family {
    pub member: MemberId,
    card: CardText,
}

/// Returns an amount in whole euros.
pub fn euros(euros: u32) -> Cents {
    Cents::from_u32(euros * 100)
}

/// Returns the months of a year.
pub fn months() -> impl Iterator<Item = Month> {
    (1..=12).map(|month| Month::new(2026, month).expect("a month"))
}

/// Reads the rules of an example in `configs/`.
pub fn rules_of(example: &str) -> Rules {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs");
    let path = std::path::Path::new(folder).join(format!("{example}.toml"));
    Config::read(&path).expect("the example holds").rules
}

fn secrets() -> Secrets {
    Secrets {
        node: SecretKey::from_seed(&[1; 32]),
        sealing: SealingSecret::from_seed(&[2; 32]),
        pseudonyms: Secret([3; 32]),
        codes: Secret([4; 32]),
        salts: Secret([5; 32]),
        boot: Secret([6; 32]),
    }
}

fn contact() -> Contact {
    let (identity, secrets) = (SecretKey::from_seed(&[7; 32]), secrets());
    let (node, sealing) = (secrets.node.public(), secrets.sealing.public());
    Contact {
        id: caisse_id(&identity.public()),
        name: "a caisse".to_owned(),
        territory: vec!["34172".to_owned()],
        identity: identity.public(),
        certificate: certify(&identity, &node, &sealing),
        node,
        sealing,
        addresses: Vec::new(),
    }
}

impl Town {
    /// Opens a caisse by rules, with a grant that is large enough for a year.
    pub fn under(rules: Rules) -> Self {
        let (zone, payments) = (ledger::calendar::Zone::paris(), Default::default());
        let accounting = ledger::accounting::Settings::default();
        let reminders = ledger::dunning::AFTER_DAYS.to_vec();
        let settings = Settings {
            contact: contact(),
            rules,
            zone,
            payments,
            accounting,
            reminders,
            visits: None,
        };
        let mut disk = MemoryRecords::default();
        let (caisse, effects) = Caisse::open(settings, secrets(), &disk);
        store(&mut disk, effects);
        let today = Date::new(2026, 1, 1).expect("a day");
        let mut town = Self { caisse, disk, today, asked: 0 };
        let (funder, reference) = ("Ville".to_owned(), "2026-1".to_owned());
        town.ok(Command::ConfirmGrant { funder, amount: euros(100_000), reference });
        town
    }

    /// Opens the caisse of an example in `configs/`.
    pub fn of(example: &str) -> Self {
        Self::under(rules_of(example))
    }

    /// Lets time pass until a day of a month.
    pub fn comes(&mut self, month: Month, day: i32) {
        self.today = month.first_day().plus_days(day - 1);
    }

    fn noon(&self) -> Timestamp {
        Timestamp::from_ms((i64::from(self.today.number()) * 24 + 12) * 3_600_000)
    }

    /// Asks for something.
    pub fn ask(&mut self, command: Command) -> Outcome {
        self.asked += 1;
        let request = RequestId::new(u128::from(self.asked).to_be_bytes());
        let input = Input::Command { request, command };
        let effects = self.caisse.handle(self.noon(), input, &self.disk);
        store(&mut self.disk, effects).expect("it is answered at once")
    }

    /// Asks for something that must not be refused.
    pub fn ok(&mut self, command: Command) -> Answer {
        self.ask(command).expect("it is not refused")
    }

    /// Enrols a household, and gives it a card.
    pub fn family(&mut self, adults: u16, children: u16) -> Family {
        let household = Household { adults, teens: 0, children };
        let add = Command::AddMember { name: "Camille Test".to_owned(), household };
        let Answer::MemberAdded(member) = self.ok(add) else { panic!("a member") };
        let issue = Command::IssueCard { member, code: "1234".parse().expect("four digits") };
        let Answer::CardIssued(card) = self.ok(issue) else { panic!("a card") };
        Family { member, card: card.qr.parse().expect("a card") }
    }

    /// Records a vendor that is covered at a rate in percent.
    pub fn vendor(&mut self, percent: u16) -> VendorId {
        let (name, kind) = ("Étal".to_owned(), "market".to_owned());
        let commune = "34172".to_owned();
        let add = Command::AddVendor { name, commune, kind, till: None };
        let Answer::VendorAdded(vendor) = self.ok(add) else { panic!("a vendor") };
        let coverage = BasisPoints::new(percent * 100).expect("a rate");
        self.ok(Command::ApproveVendor { vendor, coverage, reason: "decided".to_owned() });
        vendor
    }

    /// Records a contribution of the month that it is.
    pub fn contributes(&mut self, family: &Family, amount: Cents) -> Outcome {
        let (member, month) = (family.member, self.today.month());
        self.ask(Command::AddContribution { member, month, amount, into: Purse::Bank })
    }

    /// Issues the allocations of the month that it is; what credit they give is covered.
    pub fn allocate(&mut self) -> AllocationReport {
        let month = self.today.month();
        match self.ok(Command::Allocate { month, force: None }) {
            Answer::Allocated(report) => report,
            other => panic!("no report: {other:?}"),
        }
    }

    /// Buys something.
    pub fn buys(
        &mut self,
        family: &Family,
        vendor: VendorId,
        purchase: impl Into<Purchase>,
    ) -> Result<Receipt, Refused> {
        let payment = PaymentId::new(u128::from(self.asked).to_be_bytes());
        let code = PaymentCode::Plain("1234".parse().expect("four digits"));
        let (card, purchase) = (family.card.clone(), purchase.into());
        let paid = self.ask(Command::Pay(PayIntent {
            payment,
            card,
            vendor,
            purchase,
            code,
            scanned: false,
        }))?;
        let Answer::Paid(receipt) = paid else { panic!("no receipt: {paid:?}") };
        assert_eq!(
            Cents::checked_sum(receipt.parts.iter().map(|part| part.amount)),
            Some(receipt.amount),
            "the parts are the price"
        );
        Ok(receipt)
    }

    /// Returns what a family can spend.
    pub fn credit(&self, family: &Family) -> Cents {
        self.caisse.books().available(family.member)
    }

    /// Returns the balance of an account in cents, positive when it is owed.
    pub fn balance(&self, account: Account) -> i64 {
        self.caisse.books().counters(account).balance().get()
    }

    /// A month ends: everything is worked out again, credit is covered, and nobody spent what is not there.
    pub fn month_ends(&mut self) {
        self.today = self.today.month().last_day();
        let Ok(Answer::Verified(report)) = self.query(&Query::Verify) else { panic!("a report") };
        assert!(report.is_clean(), "{}: {:?}", self.today, report.differences);
        assert!(self.caisse.books().is_balanced());
        let Ok(Answer::Guarantee(guarantee)) = self.query(&Query::Guarantee) else {
            panic!("a guarantee")
        };
        assert!(guarantee.is_kept(), "{}: {guarantee:?}", self.today);
    }

    fn query(&self, question: &Query) -> Outcome {
        self.caisse.query(self.noon(), question, &self.disk)
    }
}

/// Stores what is to be stored, and returns what was answered.
fn store(disk: &mut MemoryRecords, effects: Vec<Effect>) -> Option<Outcome> {
    let mut told = None;
    for effect in effects {
        match effect {
            Effect::Persist(writes) => disk.apply(writes),
            Effect::Reply { outcome, .. } => told = Some(outcome),
            Effect::Send { .. }
            | Effect::SendRange { .. }
            | Effect::Announce(_)
            | Effect::Partners(_) => {}
        }
    }
    told
}
