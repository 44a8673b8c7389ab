//! Whole nodes under load, killed with SIGKILL again and again: what a till was told is in the books, once.

#[path = "kill/one_node.rs"]
mod one_node;
#[path = "kill/seller.rs"]
mod seller;
#[path = "kill/sums.rs"]
mod sums;
#[path = "kill/two_nodes.rs"]
mod two_nodes;
