//! A lot that a host spends while the home caisse is away (design section 3.5).
//!
//! The home caisse sets `LOT` units of its reserve aside and writes `Granted`. The host alone spends it, one unit a
//! sale, and writes each spending; its `Closed` ends the lot. Both feeds are read in order, at any time or never; a
//! node decides, stores and speaks as in `node`. A lying host writes what it likes.

use super::node::{Advance, Node};
use super::{Named, Protocol};

/// Sales that tills try.
const SALES: usize = 3;
/// The lot, in units.
const LOT: u8 = 2;
/// Entries of a liar: one more than the lot has units, before or after it is closed.
const LIES: usize = 4;

/// An entry of the host's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostWord {
    /// A sale took a unit of the lot.
    Spent(usize),
    /// Nothing more is spent.
    Closed,
}

/// The host's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Host {
    /// Whether the lot was heard of.
    pub holds_lot: bool,
    /// Whether it was closed.
    pub closed: bool,
    /// The sales made out of it.
    pub made: [bool; SALES],
    /// The feed for the home caisse.
    pub feed: Vec<HostWord>,
}

/// The home caisse's disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Home {
    /// Units in reserve.
    pub reserve: u8,
    /// Units set aside for the lot and not claimed, once it was granted and until it is closed.
    pub aside: Option<u8>,
    /// Whether the lot was granted.
    pub granted: bool,
    /// The claims accepted.
    pub accepted: [bool; SALES],
    /// How much of the host's feed was taken in.
    pub read: usize,
}

/// What tills were told.
pub type Told = [bool; SALES];

/// The world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The host.
    pub host: Node<Host, Told>,
    /// The home caisse.
    pub home: Node<Home, Told>,
    /// Which sales tills were told PAID for.
    pub told: Told,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The home caisse sets units aside and grants the lot.
    Grants,
    /// The host hears of the lot.
    HostReads,
    /// A till asks, perhaps again, while the home caisse cannot be reached.
    TillAsks(usize),
    /// The host closes the lot.
    Closes,
    /// The host writes what it likes.
    Lies(HostWord),
    /// The home caisse takes in the host's next entry.
    HomeReads,
    /// Mutant M8: the home caisse takes back what is left of the lot by its clock.
    TakesBack,
    /// The host stores, speaks or dies.
    Host(Advance),
    /// The home caisse stores, speaks or dies.
    Home(Advance),
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct LotModel {
    /// Whether the host over-claims, claims after closing, and claims what it never sold.
    pub liar: bool,
    /// Mutant M8.
    pub takes_back: bool,
}

impl Home {
    /// Accepts a claim out of what is set aside, once for each sale, whatever the host signs.
    fn hears(&mut self, word: HostWord) {
        match (word, self.aside) {
            (HostWord::Spent(sale), Some(aside)) if !self.accepted[sale] => {
                if let Some(left) = aside.checked_sub(1) {
                    self.accepted[sale] = true;
                    self.aside = Some(left);
                }
            }
            (HostWord::Closed, Some(_)) => self.take_back(),
            (HostWord::Spent(_) | HostWord::Closed, _) => {}
        }
    }

    fn take_back(&mut self) {
        self.reserve = self.reserve.saturating_add(self.aside.take().unwrap_or(0));
    }
}

impl LotModel {
    fn host_turns(&self, state: &State) -> Vec<(Step, Host, Told)> {
        let now = &state.host.disk;
        let mut turns = Vec::new();
        if self.liar {
            let words = (0..SALES).map(HostWord::Spent).chain([HostWord::Closed]);
            let words = words.filter(|_| now.feed.len() < LIES);
            turns.extend(words.map(|word| {
                let mut host = now.clone();
                host.feed.push(word);
                (Step::Lies(word), host, Told::default())
            }));
            return turns;
        }
        if state.home.disk.granted && !now.holds_lot {
            turns.push((Step::HostReads, Host { holds_lot: true, ..now.clone() }, Told::default()));
        }
        turns.extend((0..SALES).filter_map(|sale| till_asks(now, sale)));
        if now.holds_lot && !now.closed {
            let mut host = Host { closed: true, ..now.clone() };
            host.feed.push(HostWord::Closed);
            turns.push((Step::Closes, host, Told::default()));
        }
        turns
    }

    fn home_turns(&self, state: &State) -> Vec<(Step, Home)> {
        let now = &state.home.disk;
        let mut turns = Vec::new();
        if !now.granted {
            let reserve = now.reserve.saturating_sub(LOT);
            let aside = Some(LOT);
            turns.push((Step::Grants, Home { reserve, aside, granted: true, ..now.clone() }));
        }
        if let Some(word) = state.host.disk.feed.get(now.read) {
            let mut home = now.clone();
            home.read = home.read.saturating_add(1);
            home.hears(*word);
            turns.push((Step::HomeReads, home));
        }
        if self.takes_back && now.aside.is_some() {
            let mut home = now.clone();
            home.take_back();
            turns.push((Step::TakesBack, home));
        }
        turns
    }

    /// Lives on without any fault: every entry is taken in, and tills ask again.
    fn healed(state: &State) -> State {
        let mut now = state.clone();
        now.host.turn = None;
        now.home.turn = None;
        for (told, made) in now.told.iter_mut().zip(now.host.disk.made) {
            *told |= made;
        }
        for word in &now.host.disk.feed[now.home.disk.read..] {
            now.home.disk.hears(*word);
        }
        now
    }
}

/// Sells out of the lot, or says again that it did.
fn till_asks(now: &Host, sale: usize) -> Option<(Step, Host, Told)> {
    let mut told = Told::default();
    told[sale] = true;
    if now.made[sale] {
        return Some((Step::TillAsks(sale), now.clone(), told));
    }
    let spent = now.made.iter().filter(|made| **made).count();
    if !now.holds_lot || now.closed || spent >= usize::from(LOT) {
        return None;
    }
    let mut host = now.clone();
    host.made[sale] = true;
    host.feed.push(HostWord::Spent(sale));
    Some((Step::TillAsks(sale), host, told))
}

fn claims(home: &Home) -> u8 {
    home.accepted.iter().fold(0, |sum, accepted| sum.saturating_add(u8::from(*accepted)))
}

fn within_the_lot(_: &LotModel, state: &State) -> bool {
    claims(&state.home.disk) <= LOT
}

fn reserve_covers(_: &LotModel, state: &State) -> bool {
    let home = &state.home.disk;
    let aside = home.aside.unwrap_or(0);
    home.reserve.saturating_add(aside).saturating_add(claims(home)) == LOT
}

fn paid_is_accepted(model: &LotModel, state: &State) -> bool {
    if model.liar || state.host.turn.is_some() || state.home.turn.is_some() {
        return true;
    }
    let now = LotModel::healed(state);
    now.told == now.home.disk.accepted
}

impl Protocol for LotModel {
    type State = State;
    type Step = Step;

    const LAWS: &'static [Named<Self>] = &[
        ("I6: accepted claims never exceed the lot", within_the_lot),
        ("the reserve covers every lot", reserve_covers),
        ("I4: healed, what tills were told PAID is accepted, and nothing else", paid_is_accepted),
    ];
    const HAPPENS: &'static [Named<Self>] = &[
        ("a lot is spent to its end", |_, s| claims(&s.home.disk) == LOT),
        ("a lot is closed with something left", |_, s| {
            s.home.disk.granted && s.home.disk.aside.is_none() && s.home.disk.reserve > 0
        }),
    ];

    fn starts(&self) -> Vec<State> {
        let accepted = [false; SALES];
        let home = Home { reserve: LOT, aside: None, granted: false, accepted, read: 0 };
        let (host, home) = (Node::new(Host::default()), Node::new(home));
        vec![State { host, home, told: Told::default() }]
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        for (step, host, told) in state.host.advance(false) {
            let mut next = State { host, ..state.clone() };
            next.told.iter_mut().zip(told).for_each(|(known, said)| *known |= said);
            steps.push((Step::Host(step), next));
        }
        for (step, home, _) in state.home.advance(false) {
            steps.push((Step::Home(step), State { home, ..state.clone() }));
        }
        if state.host.turn.is_none() {
            for (step, host, told) in self.host_turns(state) {
                steps.push((step, State { host: state.host.begin(host, told), ..state.clone() }));
            }
        }
        if state.home.turn.is_none() {
            for (step, home) in self.home_turns(state) {
                let home = state.home.begin(home, Told::default());
                steps.push((step, State { home, ..state.clone() }));
            }
        }
        steps
    }
}
