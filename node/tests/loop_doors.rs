//! The loop and its doors on a real store: group commit, answers, refusals, and two caisses on loopback.

#[path = "loop_doors/house.rs"]
mod house;
#[path = "loop_doors/machine.rs"]
mod machine;
#[path = "loop_doors/nodes.rs"]
mod nodes;
#[path = "loop_doors/till.rs"]
mod till;
