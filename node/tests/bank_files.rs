//! The bank's files from outside: real samples, files that hate us, and files that the bank must take.

#[path = "bank_files/hostile.rs"]
mod hostile;
#[path = "bank_files/mutated.rs"]
mod mutated;
#[path = "bank_files/round_trip.rs"]
mod round_trip;
#[path = "bank_files/samples.rs"]
mod samples;
#[path = "bank_files/statements.rs"]
mod statements;
#[path = "bank_files/support.rs"]
mod support;
#[path = "bank_files/treasury.rs"]
mod treasury;
#[path = "bank_files/written.rs"]
mod written;
