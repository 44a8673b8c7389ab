//! One caisse of the world: the real machine, a disk that keeps only what was committed, and a clock
//! that is wrong.

use std::collections::VecDeque;

use crdt::contact::{Contact, caisse_id, certify};
use crdt::key::SecretKey;
use crdt::seal::SealingSecret;
use crdt::{CaisseId, Cents, Date, Timestamp};
use ledger::calendar::Zone;
use ledger::records::{Kind, MemoryRecords, Records, Write};
use ledger::rules::{Allocation, Caps, Contribution, Issue, Keep, Lots, Rules};
use ledger::state::{PaymentSettings, Secret, Secrets, Settings};
use ledger::{Caisse, Effect, Input, Outcome, Query};

use crate::broken::{Broken, holds};
use crate::checks::Watch;

/// Inputs handled before one commit, at most.
const BATCH: usize = 16;

/// Where every clock of the world starts, before its error: 2026-11-24.
const EPOCH_MS: i64 = 1_795_500_000_000;

/// What every member gets in a month.
pub const ALLOCATION: Cents = Cents::from_u32(10_000);

/// A caisse and its machine's surroundings.
pub struct House {
    /// Which caisse it is.
    pub id: CaisseId,
    /// What is on stable storage.
    pub disk: MemoryRecords,
    /// Copies of the disk made earlier.
    pub backups: Vec<MemoryRecords>,
    /// Whether the disk was ever replaced by an older copy.
    pub restored: bool,
    number: u8,
    starts: u32,
    skew_ms: i64,
    machine: Option<Caisse>,
    /// The disk with what is being committed.
    working: MemoryRecords,
    inbox: VecDeque<Input>,
    batch: Option<Batch>,
    watch: Watch,
    #[cfg(feature = "mutants")]
    mutant: Option<ledger::caisse::Mutant>,
}

/// What is being committed, and what is said afterwards.
#[derive(Default)]
struct Batch {
    writes: Vec<Write>,
    after: Vec<Effect>,
}

/// A batch that has begun.
pub struct Begun {
    /// What the machine wants said before its writes are stable: nothing, if it is right.
    pub early: Vec<Effect>,
    /// Whether there is anything to store.
    pub stores: bool,
    /// The inputs that were handled, for the record.
    pub inputs: Vec<Input>,
}

fn seed(number: u8, purpose: u8) -> [u8; 32] {
    let mut seed = [purpose; 32];
    seed[0] = number;
    seed
}

fn contact_of(number: u8) -> Contact {
    let identity = SecretKey::from_seed(&seed(number, 1));
    let node = SecretKey::from_seed(&seed(number, 2)).public();
    let sealing = SealingSecret::from_seed(&seed(number, 3)).public();
    Contact {
        id: caisse_id(&identity.public()),
        name: format!("caisse {number}"),
        territory: vec!["34172".to_owned()],
        identity: identity.public(),
        certificate: certify(&identity, &node, &sealing),
        node,
        sealing,
        addresses: Vec::new(),
    }
}

fn settings(number: u8) -> Settings {
    Settings {
        contact: contact_of(number),
        rules: Rules {
            version: 1,
            from: Date::new(2026, 1, 1).expect("a day"),
            reason: "simulated".to_owned(),
            decision: None,
            allocation: Allocation::PerPerson { amount: ALLOCATION, child: None },
            contribution: Contribution::SelfSet {
                least: Cents::from_u32(100),
                most: Cents::from_u32(25_000),
                step: Cents::from_u32(100),
            },
            issue: Issue::default(),
            caps: Caps::default(),
            lots: Lots::default(),
            keep: Keep::default(),
        },
        zone: Zone::paris(),
        payments: PaymentSettings::default(),
        accounting: ledger::accounting::Settings::default(),
        reminders: ledger::dunning::AFTER_DAYS.to_vec(),
    }
}

fn secrets(number: u8, starts: u32) -> Secrets {
    let mut boot = seed(number, 7);
    boot[1..5].copy_from_slice(&starts.to_le_bytes());
    Secrets {
        node: SecretKey::from_seed(&seed(number, 2)),
        sealing: SealingSecret::from_seed(&seed(number, 3)),
        pseudonyms: Secret(seed(number, 4)),
        codes: Secret(seed(number, 5)),
        salts: Secret(seed(number, 6)),
        boot: Secret(boot),
    }
}

impl House {
    /// Makes a caisse that has never run, with a clock that is wrong by `skew_ms`.
    #[must_use]
    pub fn new(number: u8, skew_ms: i64, ceiling: Cents) -> Self {
        Self {
            id: contact_of(number).id,
            disk: MemoryRecords::default(),
            backups: Vec::new(),
            restored: false,
            number,
            starts: 0,
            skew_ms,
            machine: None,
            working: MemoryRecords::default(),
            inbox: VecDeque::new(),
            batch: None,
            watch: Watch::new(ceiling),
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// Makes the machine a wrong version of itself at every start from now on.
    #[cfg(feature = "mutants")]
    pub const fn mutate(&mut self, mutant: ledger::caisse::Mutant) {
        self.mutant = Some(mutant);
    }

    /// Returns who the caisse is.
    #[must_use]
    pub fn contact(&self) -> Contact {
        contact_of(self.number)
    }

    /// Returns what the caisse's clock shows.
    #[must_use]
    pub const fn clock(&self, now: i64) -> Timestamp {
        Timestamp::from_ms(EPOCH_MS.saturating_add(now).saturating_add(self.skew_ms))
    }

    /// Returns the machine, unless it is down.
    #[must_use]
    pub const fn machine(&self) -> Option<&Caisse> {
        self.machine.as_ref()
    }

    /// Returns how often the machine has started.
    #[must_use]
    pub const fn starts(&self) -> u32 {
        self.starts
    }

    /// Returns whether nothing waits to be handled or stored.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.inbox.is_empty() && self.batch.is_none()
    }

    /// Starts the machine from its disk.
    pub fn start(&mut self) {
        self.starts += 1;
        self.working = self.disk.clone();
        let (settings, secrets) = (settings(self.number), secrets(self.number, self.starts));
        let (machine, effects) = Caisse::open(settings, secrets, &self.disk);
        for effect in effects {
            if let Effect::Persist(writes) = effect {
                self.working.apply(writes.iter().cloned());
                self.disk.apply(writes);
            }
        }
        #[cfg(feature = "mutants")]
        let machine = {
            let mut machine = machine;
            if let Some(mutant) = self.mutant {
                machine.mutate(mutant);
            }
            machine
        };
        self.watch.restart(&machine);
        self.machine = Some(machine);
    }

    /// Kills the machine. What was being committed has reached the disk as a whole, or not at all.
    pub fn crash(&mut self, reached_disk: bool) {
        self.machine = None;
        self.inbox.clear();
        if let Some(batch) = self.batch.take()
            && reached_disk
        {
            self.disk.apply(batch.writes);
        }
    }

    /// Sets the clock while the machine is down.
    pub const fn set_clock(&mut self, skew_ms: i64) {
        self.skew_ms = skew_ms;
    }

    /// Returns the error of the clock.
    #[must_use]
    pub const fn skew_ms(&self) -> i64 {
        self.skew_ms
    }

    /// Brings something to the machine; lost if it is down.
    pub fn take(&mut self, input: Input) {
        if self.machine.is_some() {
            self.inbox.push_back(input);
        }
    }

    /// Returns when the machine wants to be woken, in the world's time; never while it commits.
    #[must_use]
    pub fn wakes_at(&self) -> Option<i64> {
        let at = self.machine.as_ref()?.next_wakeup()?;
        let at = at.as_ms().saturating_sub(EPOCH_MS).saturating_sub(self.skew_ms);
        self.batch.is_none().then_some(at)
    }

    /// Handles what waits, unless a commit is under way.
    ///
    /// # Errors
    /// [`Broken`] if the machine broke an invariant.
    pub fn begin(&mut self, now: i64) -> Result<Option<Begun>, Broken> {
        let clock = self.clock(now);
        let Some(machine) = &mut self.machine else { return Ok(None) };
        if self.batch.is_some() || self.inbox.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch::default();
        let (mut early, mut inputs) = (Vec::new(), Vec::new());
        while inputs.len() < BATCH
            && let Some(input) = self.inbox.pop_front()
        {
            inputs.push(input.clone());
            let effects = machine.handle(clock, input, &self.working);
            holds(machine.second_copy().is_none(), "I16", || {
                "a node stopped for a copy of itself that does not exist".to_owned()
            })?;
            let barrier = effects.iter().position(|effect| matches!(effect, Effect::Persist(_)));
            for (place, effect) in effects.into_iter().enumerate() {
                match effect {
                    Effect::Persist(writes) => {
                        self.working.apply(writes.iter().cloned());
                        batch.writes.extend(writes);
                    }
                    early_one if barrier.is_some_and(|barrier| place < barrier) => {
                        early.push(early_one);
                    }
                    later => batch.after.push(later),
                }
            }
            self.watch.after_input(machine, clock, &self.working)?;
        }
        let stores = !batch.writes.is_empty();
        self.batch = Some(batch);
        Ok(Some(Begun { early, stores, inputs }))
    }

    /// Completes the commit that is under way; returns what was stored and what is now said.
    ///
    /// # Errors
    /// [`Broken`] if an entry of a feed is replaced or taken back (I9).
    pub fn complete(&mut self) -> Result<(Vec<Write>, Vec<Effect>), Broken> {
        let Batch { writes, after } = self.batch.take().unwrap_or_default();
        for write in writes.iter().filter(|write| write.kind == Kind::Feed) {
            let held = self.disk.get(Kind::Feed, &write.key);
            let same = held.is_none() || held == write.value;
            holds(write.value.is_some() && same, "I9", || "an entry of a feed changed".to_owned())?;
        }
        self.disk.apply(writes.iter().cloned());
        Ok((writes, after))
    }

    /// Asks the machine a question; `None` while it is down.
    #[must_use]
    pub fn query(&self, now: i64, question: &Query) -> Option<Outcome> {
        let machine = self.machine.as_ref()?;
        Some(machine.query(self.clock(now), question, &self.working))
    }
}
