//! Each wrong version of the protocol is caught by some world. `make mutants` shows how many.
#![cfg(feature = "mutants")]

use ledger::caisse::Mutant;
use simulations::{Broken, Options, Telling, live};

/// Worlds after which a wrong version must have been caught; the rarest breaks one in eighty.
const SEEDS: u64 = 600;

/// Worlds lived at least, so that the rate means something.
const LEAST: u64 = 40;

/// Worlds that break until enough is known.
const ENOUGH: u64 = 3;

fn breaks(seed: u64, mutant: Mutant) -> Option<Broken> {
    let options = Options { mutant: Some(mutant), ..Options::new(Telling::Silent) };
    live(seed, options).0.err()
}

fn is_caught(mutant: Mutant) {
    let (mut worlds, mut caught, mut first) = (0_u64, 0_u64, None);
    while worlds < SEEDS && (caught < ENOUGH || worlds < LEAST) {
        worlds += 1;
        if let Some(why) = breaks(worlds, mutant) {
            caught += 1;
            first.get_or_insert_with(|| format!("seed {worlds}, {}", why.invariant));
        }
    }
    let rate = caught * 100 / worlds;
    let by = first.as_deref().unwrap_or("nothing");
    println!("{mutant:?}: caught in {caught} of {worlds} worlds ({rate} %), first by {by}");
    assert!(first.is_some(), "{mutant:?} lived through {worlds} worlds");
}

/// One test for each wrong version, so that they run beside each other.
macro_rules! caught {
    ($($test:ident: $mutant:ident),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                is_caught(Mutant::$mutant);
            }
        )*

        #[test]
        fn no_wrong_version_is_forgotten() {
            assert_eq!(Mutant::ALL.to_vec(), [$(Mutant::$mutant),*]);
        }
    };
}

caught! {
    m1_a_hold_that_ends_by_a_timer_is_caught: M1,
    m2_a_repeated_request_that_is_not_recognised_is_caught: M2,
    m3_a_void_without_a_tombstone_is_caught: M3,
    m4_a_vendor_who_is_told_before_the_disk_is_caught: M4,
    m5_a_new_id_for_a_sale_at_the_hosts_risk_is_caught: M5,
    m6_a_restored_backup_that_speaks_at_once_is_caught: M6,
    m7_a_ceiling_that_is_checked_against_earlier_batches_only_is_caught: M7,
    m8_a_lot_that_is_taken_back_by_a_clock_is_caught: M8,
}
