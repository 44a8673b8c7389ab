//! The real binary end to end: what its tests and its benchmark share.
//!
//! This crate is a shell: it starts `caisse run` as a process, speaks to it as people do, and kills it.
//! Chance is a seed here too: every test prints its own when it fails.

pub mod bench;
pub mod binary;
pub mod chance;
pub mod config;
pub mod console;
pub mod hostile;
pub mod market;
pub mod netns;
pub mod node;
pub mod operator;
pub mod slow_link;
pub mod till;
pub mod trouble;

pub use trouble::Trouble;
