//! Many caisses in an imaginary, hostile, seeded world.
//!
//! The machines are the real ones of the `ledger` crate, byte for byte what production runs; the world
//! around them is made of a seed: a network that loses, repeats, delays, garbles and breaks, disks that
//! keep only what was committed, machines that die, backups that come back, clocks that are wrong by
//! days. Every world is founded, goes wrong, heals, settles and is audited; what is checked are the
//! invariants of `docs/protocol.md`. The same seed gives the same world, and the same trace hash.
//!
//! This crate depends on `ledger` and `crdt` only: that it can exist proves that the core needs no disk,
//! no network and no clock.

pub mod audit;
pub mod auditor;
pub mod broken;
pub mod chance;
pub mod checks;
pub mod crashes;
mod faults;
pub mod hostile;
pub mod model;
pub mod office;
pub mod plan;
pub mod points;
pub mod scenario;
pub mod story;
pub mod tills;
pub mod trace;
pub mod witness;
pub mod words;
pub mod world;

pub use broken::Broken;
pub use story::{Options, Survived, live};
pub use trace::Telling;
pub use world::Faith;
