//! The machine of the caisse on a disk that never fails, and what day it is there.

use crdt::contact::{Contact, caisse_id, certify};
use crdt::key::SecretKey;
use crdt::seal::SealingSecret;
use crdt::{Cents, Date, RequestId, Timestamp};
use ledger::answer::{AccountingAnswer, ForesightAnswer};
use ledger::answer::{DisputesAnswer, TreasuryAnswer};
use ledger::command::{
    AccountingQuery, DisputesCommand, ForesightQuery, TreasuryCommand, TreasuryQuery,
};
use ledger::records::MemoryRecords;
use ledger::rules::{Allocation, Caps, Contribution, Issue, Keep, Lots, Rules};
use ledger::state::{Secret, Secrets, Settings};
use ledger::{Answer, Caisse, Command, Effect, Input, Outcome, Query};

/// The caisse.
pub struct House {
    caisse: Caisse,
    first_rules: Rules,
    disk: MemoryRecords,
    /// The day; everything happens at noon.
    pub today: Date,
    asked: u64,
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
        name: "Caisse imaginaire".to_owned(),
        territory: vec!["34172".to_owned()],
        identity: identity.public(),
        certificate: certify(&identity, &node, &sealing),
        node,
        sealing,
        addresses: Vec::new(),
    }
}

fn settings(rules: &Rules) -> Settings {
    Settings {
        contact: contact(),
        rules: rules.clone(),
        zone: ledger::calendar::Zone::paris(),
        payments: Default::default(),
        accounting: ledger::accounting::Settings::default(),
        reminders: ledger::dunning::AFTER_DAYS.to_vec(),
        visits: None,
    }
}

/// Days after which a lot of credit expires.
pub const EXPIRES_AFTER: u16 = 120;
/// Days before an expiry at which the member is told.
pub const NOTICE: u16 = 30;

/// A rule set: so much for the first and each further person, once the contribution is in.
pub fn rules(version: u32, from: Date, first: u32, further: u32) -> Rules {
    Rules {
        version,
        from,
        reason: "décidé en assemblée".to_owned(),
        decision: None,
        allocation: Allocation::HouseholdScale {
            first: Cents::from_u32(first),
            further: Cents::from_u32(further),
            child: None,
            most_persons: None,
        },
        contribution: Contribution::SelfSet {
            least: Cents::from_u32(100),
            most: Cents::from_u32(25_000),
            step: Cents::from_u32(100),
        },
        issue: Issue { from_day: 1, after_contribution: true },
        caps: Caps::default(),
        lots: Lots {
            expire_after_days: Some(EXPIRES_AFTER),
            notice_days: NOTICE,
            ..Lots::default()
        },
        keep: Keep::Category,
    }
}

impl House {
    /// Opens a caisse under its first rules.
    pub fn open(rules: Rules) -> Self {
        let today = rules.from;
        let mut disk = MemoryRecords::default();
        let (caisse, effects) = Caisse::open(settings(&rules), secrets(), &disk);
        store(&mut disk, effects);
        Self { caisse, first_rules: rules, disk, today, asked: 0 }
    }

    /// Stops the machine, and starts it from its disk.
    pub fn restarts(&mut self) {
        let (caisse, effects) = Caisse::open(settings(&self.first_rules), secrets(), &self.disk);
        self.caisse = caisse;
        store(&mut self.disk, effects);
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
        let today = self.today;
        self.ask(command.clone()).unwrap_or_else(|why| panic!("{today}: {command:?}: {why}"))
    }

    /// Asks the treasurer's part for something.
    pub fn treasury(&mut self, command: TreasuryCommand) -> TreasuryAnswer {
        match self.ok(Command::Treasury(command)) {
            Answer::Treasury(answer) => answer,
            Answer::Done => TreasuryAnswer::Batches(Vec::new()),
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Asks for something about disputes.
    pub fn disputes(&mut self, command: DisputesCommand) -> DisputesAnswer {
        match self.ok(Command::Disputes(command)) {
            Answer::Disputes(answer) => answer,
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Asks a question that must be answered.
    pub fn tell(&self, question: &Query) -> Answer {
        let told = self.caisse.query(self.noon(), question, &self.disk);
        told.unwrap_or_else(|why| panic!("{}: {question:?}: {why}", self.today))
    }

    /// Asks a treasurer's question.
    pub fn tell_treasury(&self, question: TreasuryQuery) -> TreasuryAnswer {
        match self.tell(&Query::Treasury(question)) {
            Answer::Treasury(answer) => answer,
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Asks an accountant's question.
    pub fn tell_accounting(&self, question: AccountingQuery) -> AccountingAnswer {
        match self.tell(&Query::Accounting(question)) {
            Answer::Accounting(answer) => answer,
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Asks about months to come or gone.
    pub fn tell_foresight(&self, question: ForesightQuery) -> ForesightAnswer {
        match self.tell(&Query::Foresight(question)) {
            Answer::Foresight(answer) => *answer,
            other => panic!("another answer: {other:?}"),
        }
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
