//! A world: caisses, their network, tills and offices, and one queue of what happens next.

mod disk;
mod house;
mod known;
mod made;
mod post;

use std::collections::BTreeMap;

use crdt::feed::{Envelope, Head, Verified};
use crdt::message::Message;
use crdt::{CaisseId, Cents, PaymentId, RequestId, wire};
use ledger::federation::entries_after;
use ledger::{Command, Effect, Input, Outcome, Query};

pub use disk::{Faith, Landed};
pub use house::House;
pub(crate) use known::Known;
pub use made::ALLOCATION;
pub use post::{Fate, Parcel, Post};

use crate::broken::{Broken, broken, holds};
use crate::chance::Chance;
use crate::hostile::{Hostile, Said};
use crate::office::Offices;
use crate::plan::{Plan, SKEW_MS};
use crate::points::Points;
use crate::tills::Tills;
use crate::trace::{Telling, Trace};
use crate::witness::Witness;
use crate::words::{Called, Names};

/// Inputs and effects of one world, at most, some twenty times what the largest needs: more means that
/// caisses answer each other for ever.
const MOST_STEPS: u64 = 60_000;

/// The same for a world with a night: holds that wait for a host ask every ten seconds whether it is back.
const NIGHT_STEPS: u64 = 600_000;

/// Something that is going to happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message arrives.
    Arrives(Parcel),
    /// A caisse notices that it is no longer connected to another.
    Notices {
        /// Who notices.
        house: usize,
        /// The other.
        peer: usize,
    },
    /// A commit reaches the disk.
    Committed {
        /// Whose.
        house: usize,
        /// The start of the machine that began it.
        start: u32,
    },
    /// A till asks for a sale, or asks again.
    Till(usize),
    /// A till gives something back, or asks again.
    GivesBack(usize),
    /// An operator of a caisse does something.
    Office(usize),
    /// Something breaks.
    Fault,
    /// A caisse that was down starts.
    Starts(usize),
    /// The adversary does something.
    Mischief,
    /// Two caisses try to connect.
    Dials(usize, usize),
    /// A direction of a connection carries messages again.
    Unmute(usize, usize),
}

/// Who asked for something, to hand over the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A till, for a sale.
    Sale(usize),
    /// A till, for a sale whose price it had changed.
    ChangedSale(usize),
    /// A till, for a refund.
    Refund(usize),
    /// An operator; what was said is looked up when it matters.
    Office,
}

/// A seeded world.
pub struct World {
    /// Milliseconds since the beginning, by nobody's clock.
    pub now: i64,
    /// The seed's chance.
    pub chance: Chance,
    /// The conditions.
    pub plan: Plan,
    /// The caisses.
    pub houses: Vec<House>,
    /// The network.
    pub post: Post,
    /// What tills asked for and were told.
    pub tills: Tills,
    /// What operators do.
    pub offices: Offices,
    /// What happened.
    pub trace: Trace,
    /// Who holds which entry of which feed.
    pub witness: Witness,
    /// Where machines die.
    pub points: Points,
    /// Whether things still go wrong by themselves.
    pub chaos: bool,
    /// Whether two caisses are apart for long: nobody waits at a till.
    pub night: bool,
    /// What the caisses and sales are called in a story.
    pub called: Called,
    /// Who took one of the caisses over.
    pub hostile: Option<Hostile>,
    ids: BTreeMap<CaisseId, usize>,
    queue: BTreeMap<(i64, u64), Event>,
    serial: u64,
    askers: BTreeMap<RequestId, Asker>,
    known: Known,
}

impl World {
    /// Makes the world of a seed: caisses that have never run and know nothing of each other.
    #[must_use]
    pub fn new(seed: u64, telling: Telling) -> Self {
        let mut chance = Chance::new(seed);
        let plan = Plan::draw(&mut chance);
        Self::of_plan(plan, chance, telling)
    }

    /// Makes a world of a plan.
    #[must_use]
    pub fn of_plan(plan: Plan, mut chance: Chance, telling: Telling) -> Self {
        let ceiling = plan.terms.ceiling;
        let houses: Vec<House> = (1..=plan.caisses)
            .map(|number| {
                let skew = if plan.skews { chance.ms(0, 2 * SKEW_MS) } else { SKEW_MS.into() };
                let skew = skew - i64::from(SKEW_MS);
                House::new(number, skew, ceiling)
            })
            .collect();
        Self {
            now: 0,
            post: Post::new(&plan),
            ids: houses.iter().enumerate().map(|(place, house)| (house.id, place)).collect(),
            houses,
            tills: Tills::default(),
            offices: Offices::default(),
            trace: Trace::new(telling),
            witness: Witness::default(),
            points: Points::default(),
            chaos: false,
            night: false,
            called: Called::default(),
            hostile: None,
            known: Known::default(),
            queue: BTreeMap::new(),
            serial: 0,
            askers: BTreeMap::new(),
            chance,
            plan,
        }
    }

    /// Returns the place of a caisse in the world.
    #[must_use]
    pub fn place(&self, id: &CaisseId) -> Option<usize> {
        self.ids.get(id).copied()
    }

    /// Returns the caisses that run the machine as it is.
    pub fn honest(&self) -> impl Iterator<Item = usize> + use<> {
        let hostile = self.hostile.as_ref().map(Hostile::place);
        (0..self.houses.len()).filter(move |house| Some(*house) != hostile)
    }

    /// Returns whether a caisse was taken over.
    #[must_use]
    pub fn is_hostile(&self, house: usize) -> bool {
        self.hostile.as_ref().is_some_and(|hostile| hostile.place() == house)
    }

    /// Lets the adversary do something, and says what it says.
    pub(crate) fn hostile(&mut self, does: impl FnOnce(&mut Hostile) -> Vec<Said>) {
        let Some(hostile) = &mut self.hostile else { return };
        let (from, said) = (hostile.place(), does(hostile));
        for (to, bytes) in said {
            self.send_bytes(from, to, &bytes);
        }
    }

    /// Lets something happen after some milliseconds.
    pub fn later(&mut self, after: i64, event: Event) {
        self.serial += 1;
        self.queue.insert((self.now.saturating_add(after), self.serial), event);
    }

    /// Lets time pass until a moment, or until `done` says so.
    ///
    /// # Errors
    /// [`Broken`] as soon as an invariant does not hold.
    pub fn run(&mut self, until: i64, done: impl Fn(&Self) -> bool) -> Result<(), Broken> {
        while !done(self) {
            let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
            let wakes = self.houses.iter().enumerate();
            let wakes = wakes.filter_map(|(place, h)| Some((h.wakes_at()?.max(self.now), place)));
            let wake = wakes.min();
            let next = [queued, wake.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else {
                self.now = self.now.max(until);
                return Ok(());
            };
            let most = if self.plan.night { NIGHT_STEPS } else { MOST_STEPS };
            holds(self.trace.steps() < most, "I18", || "nobody falls silent".to_owned())?;
            self.now = next;
            match wake {
                Some((at, place)) if queued.is_none_or(|queued| at < queued) => {
                    self.input(place, Input::Woke)?;
                }
                _ => {
                    if let Some((_, event)) = self.queue.pop_first() {
                        self.happens(event)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn happens(&mut self, event: Event) -> Result<(), Broken> {
        match event {
            Event::Arrives(parcel) => self.arrives(&parcel),
            Event::Notices { house, peer } => {
                let peer = self.houses[peer].id;
                self.input(house, Input::Disconnected(peer))
            }
            Event::Committed { house, start } if self.houses[house].starts() == start => {
                self.committed(house)?;
                self.work(house)
            }
            Event::Committed { .. } => Ok(()),
            Event::Till(sale) => self.till_asks(sale),
            Event::GivesBack(refund) => self.till_gives_back(refund),
            Event::Office(house) => self.office_works(house),
            Event::Fault => self.something_breaks(),
            Event::Mischief => {
                if self.chaos {
                    let again = self.chance.ms(300, 4_000);
                    self.later(again, Event::Mischief);
                    self.hostile(Hostile::acts);
                }
                Ok(())
            }
            Event::Starts(house) => self.starts(house),
            Event::Dials(one, other) => self.dials(one, other),
            Event::Unmute(from, to) => {
                self.post.mute(from, to, false);
                Ok(())
            }
        }
    }

    /// A message arrives: checked as a node's shell does it, then brought to the machine.
    fn arrives(&mut self, parcel: &Parcel) -> Result<(), Broken> {
        let Parcel { from, to, .. } = *parcel;
        if !self.post.arrives(parcel) {
            return Ok(());
        }
        if self.is_hostile(to) {
            self.hostile(|hostile| hostile.hears(from, &parcel.bytes));
            return Ok(());
        }
        let keyring = self.houses[to].machine().and_then(ledger::Caisse::keyring);
        let message = wire::decode::<Message<Envelope>>(&parcel.bytes).ok();
        let (Some(keyring), Some(message)) = (keyring, message.filter(Message::within_limits))
        else {
            return Ok(());
        };
        let message = self.known.verify(message, keyring);
        let from = self.houses[from].id;
        self.input(to, Input::Received { from, message })
    }

    /// Gives something to a machine, which works on it as soon as it can.
    ///
    /// # Errors
    /// [`Broken`] if an invariant does not hold.
    pub fn input(&mut self, house: usize, input: Input) -> Result<(), Broken> {
        self.houses[house].take(input);
        self.work(house)
    }

    fn work(&mut self, house: usize) -> Result<(), Broken> {
        while let Some(begun) = self.houses[house].begin(self.now)? {
            let names = Names::if_told(self);
            for input in &begun.inputs {
                let words = || format!("{house} {}", names.input(input));
                self.trace.event(self.now, &wire::encode(&(house, input)), words);
            }
            self.perform(house, begun.early)?;
            if begun.stores {
                if self.dies_here(house) {
                    return Ok(());
                }
                let after = self.commit_takes(house);
                let start = self.houses[house].starts();
                self.later(after, Event::Committed { house, start });
                return Ok(());
            }
            self.committed(house)?;
        }
        Ok(())
    }

    /// How long a commit takes until it is stable.
    fn commit_takes(&mut self, house: usize) -> i64 {
        let slow = self.houses[house].slow_until > self.now;
        let slow = slow || (self.chaos && self.chance.permille(20));
        if slow { self.chance.ms(50, 2_500) } else { self.chance.ms(1, 6) }
    }

    fn committed(&mut self, house: usize) -> Result<(), Broken> {
        let (writes, effects) = self.houses[house].complete()?;
        self.witness.stored(&self.houses[house], &writes)?;
        if !writes.is_empty() && self.dies_here(house) {
            return Ok(());
        }
        self.perform(house, effects)
    }

    fn perform(&mut self, house: usize, effects: Vec<Effect>) -> Result<(), Broken> {
        let names = Names::if_told(self);
        for effect in effects {
            let words = || format!("{house}     {}", names.effect(&effect));
            self.trace.event(self.now, &wire::encode(&(house, &effect)), words);
            match effect {
                Effect::Persist(_) | Effect::Partners(_) => continue,
                Effect::Send { to, message } => self.send(house, &to, &message.into_wire()),
                Effect::SendRange { to, feed, after } => {
                    let most = crdt::limits::ENTRIES_PER_MESSAGE;
                    let rows = entries_after(&self.houses[house].disk, feed, after, most);
                    let entries = rows.iter().filter_map(|(_, bytes)| wire::decode(bytes).ok());
                    self.send(house, &to, &Message::Entries(entries.collect()));
                }
                Effect::Announce(heads) => self.announce(house, &heads),
                Effect::Reply { request, outcome } => self.answered(house, request, &outcome)?,
            }
            if self.dies_here(house) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn announce(&mut self, house: usize, heads: &[Head]) {
        let message = Message::<Verified>::Grown(heads.to_vec()).into_wire();
        let me = self.houses[house].id;
        for to in self.ids.clone().into_keys().filter(|to| *to != me) {
            self.send(house, &to, &message);
        }
    }

    fn send(&mut self, from: usize, to: &CaisseId, message: &Message<Envelope>) {
        let Some(to) = self.place(to) else { return };
        self.send_bytes(from, to, &wire::encode(message));
    }

    fn send_bytes(&mut self, from: usize, to: usize, bytes: &[u8]) {
        match self.post.send(&mut self.chance, self.now, (from, to), bytes) {
            Fate::Arrives(copies) => {
                for (after, parcel) in copies {
                    self.later(after, Event::Arrives(parcel));
                }
            }
            Fate::Garbled => {
                self.breaks_connection(from, to);
                self.later(0, Event::Dials(from, to));
            }
        }
    }

    /// Asks a caisse for something, for someone.
    ///
    /// # Errors
    /// [`Broken`] if an invariant does not hold.
    pub fn ask(&mut self, house: usize, asker: Asker, command: Command) -> Result<(), Broken> {
        let request = RequestId::new(self.chance.bytes());
        self.askers.insert(request, asker);
        self.input(house, Input::Command { request, command })
    }

    fn answered(
        &mut self,
        house: usize,
        request: RequestId,
        outcome: &Outcome,
    ) -> Result<(), Broken> {
        // Some answers get lost between the node and the till.
        if self.chaos && self.chance.permille(50) {
            return Ok(());
        }
        match self.askers.remove(&request) {
            Some(Asker::Sale(sale)) => self.till_is_told(sale, outcome),
            Some(Asker::ChangedSale(sale)) => self.till_is_told_of_change(sale, outcome),
            Some(Asker::Refund(refund)) => self.till_is_told_of_refund(refund, outcome),
            Some(Asker::Office) => Ok(()),
            None => broken("I3", format!("house {house} answered twice or nobody")),
        }
    }

    /// Asks a caisse a question; `None` while it is down.
    #[must_use]
    pub fn query(&self, house: usize, question: &Query) -> Option<Outcome> {
        self.houses[house].query(self.now, question)
    }

    /// Draws a new payment or refund id.
    pub fn new_id(&mut self) -> PaymentId {
        PaymentId::new(self.chance.bytes())
    }

    /// Draws an amount between two numbers of cents.
    pub fn amount(&mut self, low: u32, high: u32) -> Cents {
        Cents::from_u32(self.chance.within(low, high))
    }
}
