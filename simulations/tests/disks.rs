//! Disks that break the contract of a store are found: a world that would not see a torn or forgotten commit
//! would not see a store that allows one.

use simulations::{Faith, Options, Telling, live};

/// Worlds after which such a disk must have been found.
const SEEDS: u64 = 40;

fn is_found(faith: Faith) {
    let options = Options { faith, ..Options::new(Telling::Silent) };
    // A machine that reads half of a commit may also stop by itself: its books do not balance.
    let breaks = |seed| match std::panic::catch_unwind(|| live(seed, options).0) {
        Ok(lived) => lived.err().map(|why| why.to_string()),
        Err(_) => Some("the machine".to_owned()),
    };
    let found = (1..=SEEDS).find_map(|seed| Some((seed, breaks(seed)?)));
    let (seed, why) = found.unwrap_or_else(|| panic!("{faith:?} lived through {SEEDS} worlds"));
    println!("{faith:?}: seed {seed} broke {why}");
}

#[test]
fn a_disk_that_keeps_a_part_of_a_commit_is_found() {
    is_found(Faith::Tears);
}

#[test]
fn a_disk_that_forgets_what_it_has_synced_is_found() {
    is_found(Faith::Forgets);
}
