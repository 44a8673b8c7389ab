//! The network of the world: between every two caisses one connection that loses, repeats and delays
//! messages, and breaks. The transport is authenticated: a garbled message breaks the connection.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::chance::Chance;
use crate::plan::Plan;

/// Milliseconds that a message takes on a good day.
const QUICK_MS: (u32, u32) = (1, 40);

/// Milliseconds that a late message takes.
const LATE_MS: (u32, u32) = (500, 20_000);

/// Milliseconds within which what was held up arrives, and how much of it is lost, in a thousand.
const UNJAMMED_MS: (u32, u32) = (1, 10_000);
const JAMMED_LOSS: u32 = 600;

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The sender's place in the world.
    pub from: usize,
    /// The receiver's place in the world.
    pub to: usize,
    /// The connection on which it travels; it is lost with it.
    pub connection: u32,
    /// The encoded message.
    pub bytes: Rc<[u8]>,
}

/// What one connection is like now.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    up: bool,
    /// Whether it cannot be made at all.
    cut: bool,
    /// When both ends know that the last one broke.
    ready_at: i64,
    /// Counts the connections between these two.
    connection: u32,
    /// Whether messages from the first, or from the second, silently vanish.
    mute: [bool; 2],
    /// Until when messages from the first, or from the second, are held up.
    jam: [i64; 2],
}

/// All connections.
#[derive(Clone, Debug)]
pub struct Post {
    lines: BTreeMap<(usize, usize), Line>,
    loss: u32,
    twice: u32,
    garbled: u32,
    late: u32,
}

/// What becomes of a message.
#[derive(Clone, Debug)]
pub enum Fate {
    /// These copies arrive, each after some milliseconds; none if it is lost.
    Arrives(Vec<(i64, Parcel)>),
    /// It is garbled, and its connection breaks.
    Garbled,
}

fn ends(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

impl Post {
    /// Makes the network of a plan; nobody is connected.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let count = usize::from(plan.caisses);
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        Self {
            lines: pairs.map(|pair| (pair, Line::default())).collect(),
            loss: 0,
            twice: 0,
            garbled: 0,
            late: 0,
        }
    }

    /// Lets the network be as bad as the plan says.
    pub const fn spoil(&mut self, plan: &Plan) {
        self.loss = plan.loss;
        self.twice = plan.twice;
        self.garbled = plan.garbled;
        self.late = plan.late;
    }

    /// Lets every connection carry what it is given, quickly and once.
    pub fn heal(&mut self) {
        (self.loss, self.twice, self.garbled, self.late) = (0, 0, 0, 0);
        for line in self.lines.values_mut() {
            (line.mute, line.cut, line.jam) = ([false, false], false, [0, 0]);
        }
    }

    /// Returns whether two caisses are connected.
    #[must_use]
    pub fn is_up(&self, one: usize, other: usize) -> bool {
        self.lines.get(&ends(one, other)).is_some_and(|line| line.up)
    }

    /// Returns the number of the present or last connection of two caisses.
    #[must_use]
    pub fn connection(&self, one: usize, other: usize) -> u32 {
        self.lines.get(&ends(one, other)).map_or(0, |line| line.connection)
    }

    /// Connects two caisses anew, if nothing stands in the way; else says when to try again, if ever.
    ///
    /// # Errors
    /// `None` if the connection is up or cut, else the moment when both ends know that it broke.
    pub fn connect(&mut self, now: i64, one: usize, other: usize) -> Result<(), Option<i64>> {
        let line = self.lines.get_mut(&ends(one, other)).filter(|line| !line.up && !line.cut);
        let line = line.ok_or(None)?;
        if line.ready_at > now {
            return Err(Some(line.ready_at));
        }
        *line = Line { up: true, connection: line.connection + 1, ..Line::default() };
        Ok(())
    }

    /// Breaks a connection that is up. What is still on its way is lost. Both ends know it at
    /// `known_at`.
    pub fn disconnect(&mut self, known_at: i64, one: usize, other: usize) -> bool {
        let line = self.lines.get_mut(&ends(one, other)).filter(|line| line.up);
        line.is_some_and(|line| {
            (line.up, line.ready_at) = (false, known_at);
            true
        })
    }

    /// Lets two caisses find no way to each other, or find one again.
    pub fn cut(&mut self, one: usize, other: usize, cut: bool) {
        if let Some(line) = self.lines.get_mut(&ends(one, other)) {
            line.cut = cut;
        }
    }

    /// Lets messages of one direction vanish without anyone being told, or no longer.
    pub fn mute(&mut self, from: usize, to: usize, mute: bool) {
        if let Some(line) = self.lines.get_mut(&ends(from, to)) {
            line.mute[usize::from(from > to)] = mute;
        }
    }

    /// Holds messages of one direction up until a moment. Then some of them arrive, in no order.
    pub fn jam(&mut self, from: usize, to: usize, until: i64) {
        if let Some(line) = self.lines.get_mut(&ends(from, to)) {
            line.jam[usize::from(from > to)] = until;
        }
    }

    /// Returns whether a parcel still arrives.
    #[must_use]
    pub fn arrives(&self, parcel: &Parcel) -> bool {
        self.is_up(parcel.from, parcel.to)
            && self.connection(parcel.from, parcel.to) == parcel.connection
    }

    /// Takes a message; returns what becomes of it.
    pub fn send(
        &self,
        chance: &mut Chance,
        now: i64,
        (from, to): (usize, usize),
        bytes: &[u8],
    ) -> Fate {
        let Some(line) = self.lines.get(&ends(from, to)).filter(|line| line.up) else {
            return Fate::Arrives(Vec::new());
        };
        let held = line.jam[usize::from(from > to)].saturating_sub(now).max(0);
        let loss = if held > 0 { JAMMED_LOSS } else { self.loss };
        if line.mute[usize::from(from > to)] || chance.permille(loss) {
            return Fate::Arrives(Vec::new());
        }
        if chance.permille(self.garbled) {
            return Fate::Garbled;
        }
        let copies = if chance.permille(self.twice) { 2 } else { 1 };
        let bytes: Rc<[u8]> = Rc::from(bytes);
        let copy = |_| {
            let (low, high) = match (held > 0, chance.permille(self.late)) {
                (true, _) => UNJAMMED_MS,
                (false, true) => LATE_MS,
                (false, false) => QUICK_MS,
            };
            let (connection, bytes) = (line.connection, Rc::clone(&bytes));
            (held + chance.ms(low, high), Parcel { from, to, connection, bytes })
        };
        Fate::Arrives((0..copies).map(copy).collect())
    }
}
