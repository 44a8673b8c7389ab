//! The demo: three caisses on this machine, from charter to settlement.

mod chance;
pub mod fixtures;
pub mod model;
pub mod plan;
