//! A node that decides, stores and then speaks, and that can die between any two of these.

/// How far a turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Decided in memory; nothing is stored, nothing is said.
    Decided,
    /// Stored, not yet said.
    Stored,
    /// Said before it was stored: the wrong order, mutant M4.
    SaidTooEarly,
}

/// What a node has decided and not yet finished.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Turn<D, W> {
    /// How far it has come.
    pub stage: Stage,
    /// What the disk will hold.
    pub disk: D,
    /// What will be said.
    pub words: W,
}

/// A node: its disk survives, its turn does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node<D, W> {
    /// What is on stable storage.
    pub disk: D,
    /// What is going on in memory.
    pub turn: Option<Turn<D, W>>,
}

/// The next step of a turn that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advance {
    /// The writes reach stable storage.
    Store,
    /// The words leave the node.
    Speak,
    /// The node dies, and starts again from its disk.
    Die,
}

impl<D: Clone + PartialEq, W: Clone + Default + PartialEq> Node<D, W> {
    /// Returns a node with nothing to do.
    pub const fn new(disk: D) -> Self {
        Self { disk, turn: None }
    }

    /// Begins a turn.
    #[must_use]
    pub fn begin(&self, disk: D, words: W) -> Self {
        let turn = Turn { stage: Stage::Decided, disk, words };
        Self { disk: self.disk.clone(), turn: Some(turn) }
    }

    /// Returns what can happen to the turn, each with the node after it and what was said.
    pub fn advance(&self, speaks_too_early: bool) -> Vec<(Advance, Self, W)> {
        let Some(turn) = &self.turn else {
            return Vec::new();
        };
        let dead = (Advance::Die, Self::new(self.disk.clone()), W::default());
        let later = |stage| Some(Turn { stage, ..turn.clone() });
        let silent = turn.words == W::default();
        let next = match turn.stage {
            Stage::Decided if speaks_too_early && !silent => {
                let node = Self { disk: self.disk.clone(), turn: later(Stage::SaidTooEarly) };
                (Advance::Speak, node, turn.words.clone())
            }
            Stage::SaidTooEarly => (Advance::Store, Self::new(turn.disk.clone()), W::default()),
            Stage::Decided => {
                let turn_after = if silent { None } else { later(Stage::Stored) };
                let node = Self { disk: turn.disk.clone(), turn: turn_after };
                (Advance::Store, node, W::default())
            }
            Stage::Stored => (Advance::Speak, Self::new(self.disk.clone()), turn.words.clone()),
        };
        vec![next, dead]
    }
}
