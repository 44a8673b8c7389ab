//! How a caisse meets the world: disk, network, people.
//!
//! This crate is a shell: it decides nothing. What happens to members and money is decided by the
//! machine of the `ledger` crate; here its inputs are collected and its effects carried out.

pub mod backup;
pub mod config;
pub mod exchange;
pub mod http;
pub mod keys;
pub mod log;
pub mod machine;
pub mod metrics;
pub mod network;
pub mod questions;
pub mod run;
pub mod setup;
pub mod store;
pub mod treasury;
