//! The home caisse: what it promises for its members.

use super::{COVERED, HostWord, IDS, LIES, Liar, Mutant, Payment, State, Step, Words};

/// A charge, as in the table "The charge, at home".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table says it")]
pub enum Charge {
    #[default]
    Unknown,
    Held,
    Obliged,
    Released,
    Denied,
    FloorDeclined,
    Tombstone,
    /// A tombstone of which the host was told.
    TombstoneTold,
}

/// An entry of the home caisse's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as in the protocol")]
pub enum HomeWord {
    Granted(usize),
    Denied(usize),
    Obliged(usize),
    FloorDeclined(usize),
}

/// The home caisse's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Home {
    /// The charges.
    pub charges: [Charge; IDS],
    /// Units held for each.
    pub held: [u8; IDS],
    /// Units owed for each, refunds not counted.
    pub owed: [u8; IDS],
    /// Units that came back.
    pub refunded: [u8; IDS],
    /// The feed for the host.
    pub feed: Vec<HomeWord>,
    /// How much of the host's feed was taken in.
    pub read: usize,
}

pub(super) type HomeTurn = (Step, Home, Words);

impl Home {
    /// Returns what is held and owed in all, in units.
    #[must_use]
    pub fn used(&self) -> u8 {
        let both = self.held.iter().chain(&self.owed);
        let both = both.fold(0u8, |sum, units| sum.saturating_add(*units));
        self.refunded.iter().fold(both, |sum, units| sum.saturating_sub(*units))
    }

    fn hold(&mut self, id: usize) {
        self.charges[id] = Charge::Held;
        self.held[id] = self.held[id].saturating_add(COVERED);
        self.feed.push(HomeWord::Granted(id));
    }

    fn oblige(&mut self, id: usize, units: u8) {
        self.charges[id] = Charge::Obliged;
        self.held[id] = 0;
        self.owed[id] = self.owed[id].saturating_add(units);
        self.feed.push(HomeWord::Obliged(id));
    }

    fn release(&mut self, id: usize) {
        self.charges[id] = Charge::Released;
        self.held[id] = 0;
    }

    fn deny(&mut self, id: usize, charge: Charge) {
        self.charges[id] = charge;
        self.feed.push(HomeWord::Denied(id));
    }

    fn decline(&mut self, id: usize) {
        self.charges[id] = Charge::FloorDeclined;
        self.feed.push(HomeWord::FloorDeclined(id));
    }
}

impl Payment {
    pub(super) fn home_turns(&self, state: &State) -> Vec<HomeTurn> {
        let mut turns: Vec<HomeTurn> = Vec::new();
        for id in (0..self.sales).filter(|id| state.said.auth[*id]) {
            turns.push(self.home_decides(state, id, true));
            turns.push(self.home_decides(state, id, false));
        }
        if self.sales == 2 && state.said.auth[0] && state.said.auth[1] {
            turns.push(self.home_decides_batch(state, 0, 1));
        }
        turns.extend([true, false].into_iter().filter_map(|may| self.home_reads(state, may)));
        for id in (0..IDS).filter(|id| state.home.disk.charges[*id] == Charge::Held) {
            // A question that was asked may arrive at any later time, and again.
            if !state.said.query[id] {
                turns.push((Step::HomeAsks(id), state.home.disk.clone(), Words::query(id)));
            }
            if self.is(Mutant::M1) {
                let mut home = state.home.disk.clone();
                home.release(id);
                turns.push((Step::HomeExpires(id), home, Words::default()));
            }
        }
        if self.liar == Liar::Home && state.home.disk.feed.len() < LIES {
            turns.extend((0..self.sales).flat_map(|id| lies(state, id)));
        }
        turns
    }

    /// Returns whether one more sale fits what the member holds and what the agreement allows.
    fn fits(&self, used: u8) -> bool {
        used.saturating_add(COVERED) <= self.balance.min(self.ceiling)
    }

    /// Decides once. What is known is not decided again: its entry is there to be read.
    fn authorise(&self, home: &mut Home, id: usize, fits: bool) {
        match home.charges[id] {
            Charge::Unknown if fits => home.hold(id),
            Charge::Unknown => home.deny(id, Charge::Denied),
            Charge::Tombstone => home.deny(id, Charge::TombstoneTold),
            Charge::Held | Charge::Obliged if self.is(Mutant::M2) && fits => home.hold(id),
            Charge::Held
            | Charge::Obliged
            | Charge::Released
            | Charge::Denied
            | Charge::FloorDeclined
            | Charge::TombstoneTold => {}
        }
    }

    pub(super) fn home_decides(&self, state: &State, id: usize, may: bool) -> HomeTurn {
        let mut home = state.home.disk.clone();
        let fits = may && self.fits(home.used());
        self.authorise(&mut home, id, fits);
        (Step::HomeDecides(id, may), home, Words::default())
    }

    fn home_decides_batch(&self, state: &State, one: usize, other: usize) -> HomeTurn {
        let mut home = state.home.disk.clone();
        let before = home.used();
        for id in [one, other] {
            let used = if self.is(Mutant::M7) { before } else { home.used() };
            let fits = self.fits(used);
            self.authorise(&mut home, id, fits);
        }
        (Step::HomeDecidesBatch(one, other), home, Words::default())
    }

    pub(super) fn home_reads(&self, state: &State, may: bool) -> Option<HomeTurn> {
        let mut home = state.home.disk.clone();
        let word = *state.host.disk.feed.get(home.read)?;
        home.read = home.read.saturating_add(1);
        match word {
            HostWord::Captured(id) if home.charges[id] == Charge::Held => {
                let units = home.held[id];
                home.oblige(id, units);
            }
            HostWord::Voided(id) if home.charges[id] == Charge::Held => home.release(id),
            HostWord::Voided(id) if home.charges[id] == Charge::Unknown && !self.is(Mutant::M3) => {
                home.charges[id] = Charge::Tombstone;
            }
            HostWord::FloorCaptured(id) => self.hears_of_a_risk(&mut home, id, may),
            HostWord::Refunded(id) if home.refunded[id] < home.owed[id] => {
                home.refunded[id] = home.refunded[id].saturating_add(1);
            }
            HostWord::Captured(_) | HostWord::Voided(_) | HostWord::Refunded(_) => {}
        }
        Some((Step::HomeReads(may), home, Words::default()))
    }

    /// A sale at the host's risk is accepted if all is in order, and never under an id that was decided otherwise.
    fn hears_of_a_risk(&self, home: &mut Home, id: usize, may: bool) {
        match home.charges[id] {
            Charge::Held => {
                let units = home.held[id];
                home.oblige(id, units);
            }
            Charge::Unknown if may && self.fits(home.used()) => home.oblige(id, COVERED),
            Charge::Unknown
            | Charge::Released
            | Charge::Denied
            | Charge::Tombstone
            | Charge::TombstoneTold => home.decline(id),
            Charge::Obliged | Charge::FloorDeclined => {}
        }
    }
}

fn lies(state: &State, id: usize) -> impl Iterator<Item = HomeTurn> {
    let words = [
        HomeWord::Granted(id),
        HomeWord::Denied(id),
        HomeWord::Obliged(id),
        HomeWord::FloorDeclined(id),
    ];
    words.into_iter().map(|word| {
        let mut home = state.home.disk.clone();
        home.feed.push(word);
        (Step::HomeLies(word), home, Words::default())
    })
}
