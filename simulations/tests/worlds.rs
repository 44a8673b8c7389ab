//! Worlds of the right protocol live to their end, and each is what its seed makes it.

use simulations::chance::Chance;
use simulations::plan::Plan;
use simulations::{Options, Survived, Telling, live};

/// Worlds lived here; `make simulate` lives many more.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=12;

fn survive(seed: u64, telling: Telling) -> Survived {
    let (lived, lines) = live(seed, Options::new(telling));
    match lived {
        Ok(survived) => survived,
        Err(why) => panic!("seed {seed} broke {why}\n{}", lines.join("\n")),
    }
}

#[test]
fn no_world_breaks_an_invariant_and_all_that_can_happen_does() {
    let survived: Vec<Survived> = SEEDS.map(|seed| survive(seed, Telling::Silent)).collect();
    let sum = |of: fn(&Survived) -> usize| survived.iter().map(of).sum::<usize>();
    // A world in which nothing happens proves nothing.
    assert!(sum(|s| s.paid) > 200 && sum(|s| s.across) > 100, "{survived:?}");
    assert!(sum(|s| s.sales) > sum(|s| s.paid), "some sales are refused: {survived:?}");
    assert!(sum(|s| s.runs) > 12 && sum(|s| s.restarts as usize) > 12, "{survived:?}");
}

#[test]
fn one_caisse_that_is_an_adversary_harms_nobody() {
    let is_hostile = |seed: &u64| Plan::draw(&mut Chance::new(*seed)).hostile;
    let survived: Vec<Survived> =
        (1..).filter(is_hostile).take(8).map(|seed| survive(seed, Telling::Silent)).collect();
    assert!(survived.iter().all(|survived| survived.hostile), "{survived:?}");
    let across: usize = survived.iter().map(|survived| survived.across).sum();
    assert!(across > 50, "the others go on selling to each other: {survived:?}");
}

#[test]
fn the_same_seed_twice_gives_the_same_trace_told_or_not() {
    for seed in [3, 7] {
        let once = survive(seed, Telling::Silent);
        assert_eq!(once, survive(seed, Telling::Lines), "seed {seed}");
        assert_ne!(once.trace, survive(seed + 1, Telling::Silent).trace);
    }
}
