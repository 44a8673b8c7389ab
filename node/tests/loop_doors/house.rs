//! A caisse on a real store in a directory of its own, with one member, one card and two vendors.

use std::path::Path;
use std::sync::Arc;

use crdt::{BasisPoints, CardId, Month, RequestId, VendorId};
use ledger::answer::{AccountInfo, Receipt};
use ledger::command::{Code, PayIntent, PaymentCode};
use ledger::guarantee::Force;
use ledger::rules::Household;
use ledger::{Answer, Caisse, Command, Outcome, Query};
use node::http::{Doors, till_digest};
use node::machine::{Handle, Machine, Said, WorkError};
use node::metrics::Metrics;
use node::setup;

use node::store::Store;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The secret of the till of the approved vendor.
pub const SECRET: &str = "the till of the market stall";

/// The secret of the till of the vendor that nobody approved.
pub const UNAPPROVED: &str = "the till of the vendor without approval";

/// The member's code.
pub const CODE: &str = "4071";

/// A configuration of a caisse that gives everyone 100 euros.
pub const CONFIG: &str = r#"
[caisse]
name = "Caisse d'essai"
territory = ["34172"]
[rules]
from = "2026-01"
reason = "test"
[rules.allocation]
model = "per_person"
amount = "100.00"
[rules.contribution]
model = "self_set"
least = "1.00"
most = "250.00"
step = "1.00"
[node]
listen = ["/ip4/127.0.0.1/tcp/0"]
http = "127.0.0.1:0"
"#;

/// Makes a caisse's directory.
pub fn init(dir: &Path) {
    let config = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(config.path(), CONFIG).expect("it is written");
    setup::init(dir, config.path()).expect("a new caisse");
}

/// A machine that is made but does not work yet: what is asked of it waits.
pub struct Waiting {
    pub machine: Machine,
    pub handle: Handle,
    pub said: mpsc::Receiver<Said>,
    pub metrics: Arc<Metrics>,
}

/// Opens a caisse's directory.
pub fn open(dir: &Path) -> Waiting {
    let store = Store::open(dir).expect("the store opens");
    let loaded = setup::load(dir).expect("the directory is whole");
    let caisse = Caisse::open(loaded.settings, loaded.secrets, &store);
    let metrics = Arc::new(Metrics::default());
    let (machine, handle, said) =
        Machine::new(caisse, store, Arc::clone(&metrics)).expect("the store is new");
    Waiting { machine, handle, said, metrics }
}

/// A caisse at work.
pub struct House {
    pub dir: tempfile::TempDir,
    pub doors: Doors,
    pub vendor: VendorId,
    pub card: CardId,
    pub number: String,
    pub qr: String,
    requests: std::sync::atomic::AtomicU64,
    stop: watch::Sender<bool>,
    working: JoinHandle<Result<(), WorkError>>,
    _said: mpsc::Receiver<Said>,
}

fn household() -> Household {
    Household { adults: 1, teens: 0, children: 0 }
}

impl House {
    /// Opens a caisse with a member who holds 100 euros and a vendor covered at 70 percent.
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        init(dir.path());
        let node = setup::load(dir.path()).expect("the directory is whole").secrets.node;
        let Waiting { machine, handle, said, metrics } = open(dir.path());
        let (stop, stopped) = watch::channel(false);
        let working = tokio::spawn(machine.run(stopped));
        let mut house = Self {
            dir,
            doors: Doors::new(handle, metrics, node),
            vendor: VendorId::new([0; 16]),
            card: CardId::new([0; 10]),
            number: String::new(),
            qr: String::new(),
            requests: std::sync::atomic::AtomicU64::new(1),
            stop,
            working,
            _said: said,
        };
        house.settle_in().await;
        house
    }

    async fn settle_in(&mut self) {
        self.vendor = self.add_vendor(SECRET).await;
        self.add_vendor(UNAPPROVED).await;
        let coverage = BasisPoints::new(7_000).expect("a rate");
        let (vendor, reason) = (self.vendor, "near and in season".to_owned());
        self.done(Command::ApproveVendor { vendor, coverage, reason }).await;
        let added = Command::AddMember { name: "Camille".to_owned(), household: household() };
        let Answer::MemberAdded(member) = self.done(added).await else {
            panic!("no member was added");
        };
        let code = CODE.parse::<Code>().expect("four digits");
        let Answer::CardIssued(card) = self.done(Command::IssueCard { member, code }).await else {
            panic!("no card was issued");
        };
        (self.card, self.number, self.qr) = (card.card, card.number, card.qr);
        self.done(Command::Allocate {
            month: Month::new(2026, 11).expect("a month"),
            force: Some(Force::because("test")),
        })
        .await;
    }

    async fn add_vendor(&self, secret: &str) -> VendorId {
        let add = Command::AddVendor {
            name: "Les Jardins".to_owned(),
            commune: "34172".to_owned(),
            kind: "market stall".to_owned(),
            till: Some(till_digest(secret)),
        };
        match self.done(add).await {
            Answer::VendorAdded(vendor) => vendor,
            other => panic!("no vendor was added: {other:?}"),
        }
    }

    /// Returns a request id that was not used before.
    pub fn request(&self) -> RequestId {
        let next = self.requests.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&next.to_be_bytes());
        RequestId::new(bytes)
    }

    /// Asks for something under a new request id.
    pub async fn command(&self, command: Command) -> Outcome {
        let request = self.request();
        self.doors.machine.command(request, command).await.expect("the machine works")
    }

    /// Asks for something that must be done.
    pub async fn done(&self, command: Command) -> Answer {
        self.command(command).await.expect("it is not refused")
    }

    /// Returns every account with its counters: equal before and after what changed nothing.
    pub async fn accounts(&self) -> Vec<AccountInfo> {
        match self.doors.machine.query(Query::Accounts).await.expect("the machine works") {
            Ok(Answer::Accounts(accounts)) => accounts,
            other => panic!("no accounts: {other:?}"),
        }
    }

    /// Returns what is asked for a sale of so many cents with the member's card.
    pub fn sale(&self, payment: u8, cents: u32) -> PayIntent {
        PayIntent {
            payment: crdt::PaymentId::new([payment; 16]),
            card: self.number.parse().expect("the printed number"),
            vendor: self.vendor,
            purchase: crdt::Cents::from_u32(cents).into(),
            code: PaymentCode::Plain(CODE.parse().expect("four digits")),
            scanned: false,
        }
    }

    /// Returns how many durable commits there were.
    pub fn commits(&self) -> u64 {
        count(&self.doors.metrics.text(), "caisse_commit_seconds_count")
    }

    /// Stops the machine and returns how it ended, with its directory.
    pub async fn stop(self) -> (Result<(), WorkError>, tempfile::TempDir) {
        self.stop.send_replace(true);
        (self.working.await.expect("the machine does not panic"), self.dir)
    }
}

/// Returns a figure of the text of all figures.
pub fn count(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name)).expect("the figure is there");
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a whole number")
}

/// Returns the receipt of a sale that must be paid.
pub fn receipt(outcome: Outcome) -> Receipt {
    match outcome {
        Ok(Answer::Paid(receipt)) => receipt,
        other => panic!("not paid: {other:?}"),
    }
}
