//! Small restatements of the protocol, of which every reachable state can be looked at.
//!
//! The worlds of this crate are made by chance and run the real machine. Here it is the other way round: what is
//! looked at is not the machine but what `docs/protocol.md` says of payments, settlement and lots, in as few lines
//! as possible, and nothing is left to chance: stateright (`simulations/examples/model`) visits every state that
//! lost, late, repeated and reordered messages and deaths at every point can lead to.
//!
//! **Time** does not exist: whatever a timer does may happen at any moment at which it may happen at all. **Losing**
//! a message is not taking it in; what was said can be taken in at any later time, and again. **Dying** forgets
//! everything but the disk.

pub mod lot;
pub mod node;
pub mod payment;
pub mod settlement;

use std::fmt::Debug;
use std::hash::Hash;

/// A name and a question to a state.
pub type Named<P> = (&'static str, fn(&P, &<P as Protocol>::State) -> bool);

/// A protocol as states and steps.
pub trait Protocol: Sized + 'static {
    /// Everything that there is at one moment.
    type State: Clone + Debug + Hash + PartialEq;
    /// Whatever can happen next.
    type Step: Clone + Debug + PartialEq;

    /// What holds in every state.
    const LAWS: &'static [Named<Self>];
    /// What some state must show: of a model in which nothing happens every law holds.
    const HAPPENS: &'static [Named<Self>];

    /// Returns where it begins.
    fn starts(&self) -> Vec<Self::State>;

    /// Returns every step from a state, each with the state that it leads to.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Step, Self::State)>;
}
