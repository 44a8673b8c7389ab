//! Each wrong version of the protocol is caught by some world.
#![cfg(feature = "mutants")]

use ledger::caisse::Mutant;
use simulations::{Broken, Options, Telling, live};

/// Worlds after which a wrong version must have been caught; the rarest breaks one in forty.
const SEEDS: u64 = 400;

/// Worlds that break until the next version's turn: enough to say how often.
const ENOUGH: u64 = 3;

fn breaks(seed: u64, mutant: Mutant) -> Option<Broken> {
    let options = Options { mutant: Some(mutant), ..Options::new(Telling::Silent) };
    live(seed, options).0.err()
}

#[test]
fn every_wrong_version_of_the_protocol_is_caught() {
    println!("mutant  worlds  caught  first by");
    for mutant in Mutant::ALL {
        let (mut worlds, mut caught, mut first) = (0, 0, None);
        while worlds < SEEDS && caught < ENOUGH {
            worlds += 1;
            if let Some(why) = breaks(worlds, mutant) {
                caught += 1;
                first.get_or_insert_with(|| format!("seed {worlds}, {}", why.invariant));
            }
        }
        println!(
            "{mutant:?}  {worlds:>10}  {caught:>6}  {}",
            first.as_deref().unwrap_or("nothing")
        );
        assert!(first.is_some(), "{mutant:?} lived through {worlds} worlds");
    }
}
