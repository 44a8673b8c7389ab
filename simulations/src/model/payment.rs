//! A payment across two caisses (section "A payment across two caisses" of `docs/protocol.md`): tills, the host, the
//! home caisse.
//!
//! A sale covers `COVERED` units, and is given back one unit at a time. The pair's two feeds are logs that the other
//! side reads in order, as the replica makes sure; `AuthRequest` and `Query` are letters that may be lost, late,
//! repeated and out of order. Whatever can be decided for reasons that are not in the model (a wrong code, a blocked
//! card) may be decided either way.

mod heal;
mod home;
mod host;
mod laws;

use super::node::{Advance, Node};
use super::{Named, Protocol};

pub use home::{Charge, Home, HomeWord};
pub use host::{Host, HostWord, Sale};

/// The ids of sales: two of tills, and one that only a host with mutant M5 makes up for the first.
pub const IDS: usize = 3;
/// The id that M5 makes up.
pub const MADE_UP: usize = 2;
/// What a sale covers, in units.
pub const COVERED: u8 = 2;
/// Entries that a liar's feed has at most.
const LIES: usize = 3;

/// Who says whatever it likes, its own contradiction included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Liar {
    /// Nobody.
    #[default]
    Nobody,
    /// The host.
    Host,
    /// The home caisse.
    Home,
}

/// A wrong version of the protocol, named as in `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The home caisse ends holds by its clock.
    M1,
    /// The home caisse does not know a repeated request again.
    M2,
    /// The home caisse forgets a void of what it was never asked.
    M3,
    /// The till is told before the disk.
    M4,
    /// The sale at the host's risk gets a new id.
    M5,
    /// The ceiling is checked only against what was there before a batch.
    M7,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Payment {
    /// Sales: 1 or 2.
    pub sales: usize,
    /// The most refunds of one sale that a till tries.
    pub refunds: u8,
    /// What the member holds, in units.
    pub balance: u8,
    /// What the home caisse may owe, in units.
    pub ceiling: u8,
    /// Whether sales at the host's risk are agreed; either way when absent.
    pub floor: Option<bool>,
    /// Whether nodes die in the middle of a turn; else a turn is one step.
    pub dying: bool,
    /// Who lies.
    pub liar: Liar,
    /// What is wrong.
    pub mutant: Option<Mutant>,
}

impl Default for Payment {
    fn default() -> Self {
        Self {
            sales: 1,
            refunds: 3,
            balance: 4,
            ceiling: 4,
            floor: None,
            dying: true,
            liar: Liar::Nobody,
            mutant: None,
        }
    }
}

/// What tills were told of one sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Told {
    /// PAID, at least once.
    pub paid: bool,
    /// Void or refused, at least once.
    pub not: bool,
}

/// Everything that left a node and is not a feed: it never disappears, so it can be late and repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Words {
    /// `AuthRequest` of a payment.
    pub auth: [bool; IDS],
    /// `Query` of a payment.
    pub query: [bool; IDS],
    /// What tills were told.
    pub told: [Told; IDS],
}

impl Words {
    pub(crate) fn auth(id: usize) -> Self {
        let mut words = Self::default();
        words.auth[id] = true;
        words
    }

    pub(crate) fn query(id: usize) -> Self {
        let mut words = Self::default();
        words.query[id] = true;
        words
    }

    pub(crate) fn tell(id: usize, paid: bool) -> Self {
        let mut words = Self::default();
        words.told[id] = Told { paid, not: !paid };
        words
    }

    /// Adds what was said now.
    pub(crate) fn add(&mut self, said: &Self) {
        for id in 0..IDS {
            self.auth[id] |= said.auth[id];
            self.query[id] |= said.query[id];
            self.told[id].paid |= said.told[id].paid;
            self.told[id].not |= said.told[id].not;
        }
    }
}

/// The world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Whether sales at the host's risk are agreed.
    pub floor: bool,
    /// The host.
    pub host: Node<Host, Words>,
    /// The home caisse.
    pub home: Node<Home, Words>,
    /// What was said.
    pub said: Words,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A till asks for its sale, perhaps again.
    TillAsks(usize),
    /// A till gives back a unit of its sale.
    TillRefunds(usize),
    /// The host's deadline for a sale.
    Deadline(usize),
    /// The host takes in the next entry of the home caisse.
    HostReads,
    /// The host takes in a `Query`.
    HostAnswers(usize),
    /// The home caisse takes in an `AuthRequest`; it grants if it may, or denies for a reason of its own.
    HomeDecides(usize, bool),
    /// The home caisse takes in two `AuthRequest`s as one batch.
    HomeDecidesBatch(usize, usize),
    /// The home caisse takes in the next entry of the host; it accepts what it may, or declines for a reason of its own.
    HomeReads(bool),
    /// The home caisse asks about a hold.
    HomeAsks(usize),
    /// Mutant M1.
    HomeExpires(usize),
    /// The host writes what it likes.
    HostLies(HostWord),
    /// The home caisse writes what it likes.
    HomeLies(HomeWord),
    /// The host stores, speaks or dies.
    Host(Advance),
    /// The home caisse stores, speaks or dies.
    Home(Advance),
}

impl Payment {
    pub(crate) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn of_host(&self, state: &State) -> Vec<(Step, State)> {
        if state.host.turn.is_some() {
            let steps = state.host.advance(self.is(Mutant::M4));
            let world = |(step, host, said): (_, _, Words)| {
                let mut next = State { host, ..state.clone() };
                next.said.add(&said);
                (Step::Host(step), next)
            };
            return steps.into_iter().map(world).collect();
        }
        let turns = self.host_turns(state).into_iter();
        turns
            .filter(|(_, disk, words)| *disk != state.host.disk || *words != Words::default())
            .map(|(step, disk, words)| {
                let mut next = state.clone();
                if self.dying {
                    next.host = state.host.begin(disk, words);
                } else {
                    next.host = Node::new(disk);
                    next.said.add(&words);
                }
                (step, next)
            })
            .collect()
    }

    fn of_home(&self, state: &State) -> Vec<(Step, State)> {
        if state.home.turn.is_some() {
            let world = |(step, home, said): (_, _, Words)| {
                let mut next = State { home, ..state.clone() };
                next.said.add(&said);
                (Step::Home(step), next)
            };
            return state.home.advance(false).into_iter().map(world).collect();
        }
        let turns = self.home_turns(state).into_iter();
        turns
            .filter(|(_, disk, words)| *disk != state.home.disk || *words != Words::default())
            .map(|(step, disk, words)| {
                let mut next = state.clone();
                if self.dying {
                    next.home = state.home.begin(disk, words);
                } else {
                    next.home = Node::new(disk);
                    next.said.add(&words);
                }
                (step, next)
            })
            .collect()
    }
}

impl Protocol for Payment {
    type State = State;
    type Step = Step;

    const LAWS: &'static [Named<Self>] = laws::LAWS;
    const HAPPENS: &'static [Named<Self>] = laws::HAPPENS;

    fn starts(&self) -> Vec<State> {
        let floors = self.floor.map_or(vec![false, true], |floor| vec![floor]);
        let start = |floor| State {
            floor,
            host: Node::new(Host::default()),
            home: Node::new(Home::default()),
            said: Words::default(),
        };
        floors.into_iter().map(start).collect()
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = self.of_host(state);
        steps.extend(self.of_home(state));
        steps
    }
}
