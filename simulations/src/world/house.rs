//! One caisse of the world: the real machine, a disk that keeps only what was committed, and a clock
//! that is wrong.

use std::collections::VecDeque;

use crdt::contact::Contact;
use crdt::message::Message;
use crdt::{CaisseId, Cents, Timestamp};
use ledger::records::{Kind, MemoryRecords, Records, Write};
use ledger::{Caisse, Effect, Input, Outcome, Query};

use super::disk::{self, Faith, Landed};
use super::made::{contact_of, secrets, settings};
use crate::broken::{Broken, holds};
use crate::checks::Watch;

/// Inputs handled before one commit, at most.
const BATCH: usize = 16;

/// Where every clock of the world starts, before its error: 2026-11-24.
const EPOCH_MS: i64 = 1_795_500_000_000;

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
    /// Whether the disk keeps its promises.
    pub faith: Faith,
    /// Until when the disk takes long for everything.
    pub slow_until: i64,
    number: u8,
    starts: u32,
    skew_ms: i64,
    machine: Option<Caisse>,
    /// The disk with what is being committed.
    working: MemoryRecords,
    inbox: VecDeque<Input>,
    batch: Option<Batch>,
    /// What a disk that forgets falls back to.
    forgotten: Vec<Write>,
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

/// Things that a machine may want done for one input: so many at any time (all that waited for a fence or
/// a run may be said now), and some more for each part of a message. Whatever a peer sends, what it makes
/// others do is no more than in proportion to it.
fn most_effects(input: Option<&Input>) -> usize {
    const ANY_TIME: usize = 256;
    const EACH_PART: usize = 4;
    const PARTNERS: usize = 8;
    let Some(Input::Received { message, .. }) = input else { return ANY_TIME };
    let parts = match message {
        Message::Have { heads, .. } | Message::Grown(heads) => heads.len(),
        Message::Entries(entries) => entries.len(),
        Message::Revoked(list) => list.cards.len(),
        // Each new one is told to every partner.
        Message::Forked(proofs) => proofs.len() * PARTNERS,
        Message::Opened(openings) => openings.len() * PARTNERS,
        Message::Want { .. }
        | Message::AuthRequest(_)
        | Message::Query { .. }
        | Message::Conflict { .. } => 1,
    };
    ANY_TIME + EACH_PART * parts
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
            faith: Faith::Keeps,
            slow_until: 0,
            forgotten: Vec::new(),
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

    /// Returns the caisse's secrets, for whoever takes it over.
    #[must_use]
    pub fn secrets(&self) -> ledger::state::Secrets {
        secrets(self.number, self.starts)
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

    /// Kills the machine in the middle of whatever it does. Of what was being committed, so much is on the
    /// disk as `landed` says.
    pub fn crash(&mut self, landed: Landed) {
        self.machine = None;
        self.inbox.clear();
        let writes = self.batch.take().map(|batch| batch.writes).unwrap_or_default();
        let found = disk::found(self.faith, &writes, landed);
        self.disk.apply(std::mem::take(&mut self.forgotten));
        self.disk.apply(found);
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
        #[cfg(feature = "mutants")]
        machine.begins_batch();
        let mut batch = Batch::default();
        let (mut early, mut inputs) = (Vec::new(), Vec::new());
        while inputs.len() < BATCH
            && let Some(input) = self.inbox.pop_front()
        {
            inputs.push(input.clone());
            let most = most_effects(inputs.last());
            let effects = machine.handle(clock, input, &self.working);
            holds(machine.second_copy().is_none(), "I16", || {
                "a node stopped for a copy of itself that does not exist".to_owned()
            })?;
            holds(effects.len() <= most, "I18", || {
                format!("{} things were done for one input", effects.len())
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
        if self.faith == Faith::Forgets && !writes.is_empty() {
            self.forgotten = disk::undoing(&self.disk, &writes);
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
