//! One turn of the machine: what goes in, what comes out.

use std::collections::BTreeMap;
use std::ops::Bound;

use crdt::contact::Contact;
use crdt::feed::{FeedId, Head, Verified};
use crdt::message::Message;
use crdt::{CaisseId, Date, RequestId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::calendar::Zone;
use crate::command::Command;
use crate::records::{Kind, Records, Row, Write};
use crate::refused::Refused;

/// What happens to a caisse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Input {
    /// Someone asks for something.
    Command {
        /// Who to answer, and the idempotency key.
        request: RequestId,
        /// What is asked.
        command: Command,
    },
    /// A partner says something.
    Received {
        /// The partner, as the transport authenticated it.
        from: CaisseId,
        /// What it says.
        message: Message<Verified>,
    },
    /// A partner can be reached.
    Connected(CaisseId),
    /// A partner can no longer be reached.
    Disconnected(CaisseId),
    /// The time that [`crate::Caisse::next_wakeup`] named has come.
    Woke,
}

/// The answer to a request, or why there is none.
pub type Outcome = Result<Answer, Refused>;

/// What a caisse wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// Stores these writes, all or none. A barrier: what follows in the list happens only once they
    /// are on stable storage.
    Persist(Vec<Write>),
    /// Sends a message to a partner.
    Send {
        /// The partner.
        to: CaisseId,
        /// What is said.
        message: Message<Verified>,
    },
    /// Sends stored entries of a feed to a partner, from the place after `after`, as many as fit one
    /// message.
    SendRange {
        /// The partner.
        to: CaisseId,
        /// The feed.
        feed: FeedId,
        /// The last place that the partner holds.
        after: u64,
    },
    /// Tells every partner how far feeds are held.
    Announce(Vec<Head>),
    /// Answers a request. Comes once per request.
    Reply {
        /// The request.
        request: RequestId,
        /// The answer.
        outcome: Outcome,
    },
    /// The partners with whom to keep contact are now these; no others.
    Partners(Vec<Contact>),
}

/// What one input does: reads, writes and effects, collected so that all or nothing happens.
pub struct Turn<'a> {
    /// The time on the node's own clock.
    pub now: Timestamp,
    zone: &'a Zone,
    records: &'a dyn Records,
    /// The last write of each key: a run over all members makes as many, and reads among them.
    writes: BTreeMap<Kind, BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
    effects: Vec<Effect>,
    #[cfg(feature = "mutants")]
    early: Vec<Effect>,
}

impl<'a> Turn<'a> {
    /// Begins a turn.
    #[must_use]
    pub fn new(now: Timestamp, zone: &'a Zone, records: &'a dyn Records) -> Self {
        Self {
            now,
            zone,
            records,
            writes: BTreeMap::new(),
            effects: Vec::new(),
            #[cfg(feature = "mutants")]
            early: Vec::new(),
        }
    }

    /// Returns the day at the caisse's place.
    #[must_use]
    pub fn today(&self) -> Date {
        self.zone.date(self.now)
    }

    /// Returns where the caisse is.
    #[must_use]
    pub const fn zone(&self) -> &'a Zone {
        self.zone
    }

    /// Returns the day of a moment at the caisse's place.
    #[must_use]
    pub fn day_of(&self, moment: Timestamp) -> Date {
        self.zone.date(moment)
    }

    /// Returns what is stored, this turn's own writes left out.
    #[must_use]
    pub const fn records(&self) -> &'a dyn Records {
        self.records
    }

    /// Reads a record. A record that does not decode is as good as lost: `verify` names it.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, kind: Kind, key: &[u8]) -> Option<T> {
        match self.writes.get(&kind).and_then(|own| own.get(key)) {
            Some(own) => crdt::wire::decode(own.as_ref()?).ok(),
            None => crdt::wire::decode(&self.records.get(kind, key)?).ok(),
        }
    }

    /// Returns rows as [`Records::range`] does, this turn's own writes included.
    #[must_use]
    pub fn range(&self, kind: Kind, from: &[u8], to: &[u8], limit: usize) -> Vec<Row> {
        let end = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
        let own = self.writes.get(&kind).filter(|_| to.is_empty() || from < to);
        let own = own.map(|own| own.range::<[u8], _>((Bound::Included(from), end)));
        let own: Vec<_> = own.into_iter().flatten().collect();
        // A deletion of ours hides a stored row, so ask for as many more.
        let stored = self.records.range(kind, from, to, limit.saturating_add(own.len()));
        if own.is_empty() {
            return stored;
        }
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, value) in own {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        rows.into_iter().take(limit).collect()
    }

    /// Returns whether this turn wrote records of a kind.
    #[must_use]
    pub fn touches(&self, kind: Kind) -> bool {
        self.writes.contains_key(&kind)
    }

    /// Stores a record.
    pub fn put<T: Serialize>(&mut self, kind: Kind, key: &[u8], value: &T) {
        self.write(kind, key, Some(crdt::wire::encode(value)));
    }

    /// Deletes a record.
    pub fn delete(&mut self, kind: Kind, key: &[u8]) {
        self.write(kind, key, None);
    }

    fn write(&mut self, kind: Kind, key: &[u8], value: Option<Vec<u8>>) {
        self.writes.entry(kind).or_default().insert(key.to_vec(), value);
    }

    /// Says something to a partner, once this turn's writes are stored.
    pub fn send(&mut self, to: CaisseId, message: Message<Verified>) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Answers a request, once this turn's writes are stored.
    pub fn reply(&mut self, request: RequestId, outcome: Outcome) {
        self.effects.push(Effect::Reply { request, outcome });
    }

    /// Has something else done, once this turn's writes are stored.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Answers a request before anything is stored: mutant M4.
    #[cfg(feature = "mutants")]
    pub fn reply_early(&mut self, request: RequestId, outcome: Outcome) {
        self.early.push(Effect::Reply { request, outcome });
    }

    /// Ends the turn: first what is stored, then what is said.
    #[must_use]
    pub fn finish(self) -> Vec<Effect> {
        #[cfg(feature = "mutants")]
        let mut effects = self.early;
        #[cfg(not(feature = "mutants"))]
        let mut effects = Vec::new();
        if !self.writes.is_empty() {
            let of_kind = |(kind, writes): (Kind, BTreeMap<Vec<u8>, Option<Vec<u8>>>)| {
                writes.into_iter().map(move |(key, value)| Write { kind, key, value })
            };
            effects.push(Effect::Persist(self.writes.into_iter().flat_map(of_kind).collect()));
        }
        effects.extend(self.effects);
        effects
    }
}
