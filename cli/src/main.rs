//! The binary `caisse`.
fn main() {}
