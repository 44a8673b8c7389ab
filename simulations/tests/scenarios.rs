//! Every scenario is played, ends as its steps expect, and passes the audit.

use simulations::scenario::{SCENARIOS, play};

#[test]
fn every_scenario_ends_as_it_should() {
    for (name, text) in SCENARIOS {
        let (played, lines) = play(text);
        if let Err(why) = played {
            panic!("{name}: {why}\n{}", lines.join("\n"));
        }
        assert!(lines.len() > 6, "{name} tells nothing: {lines:?}");
    }
}

#[test]
fn a_scenario_is_told_in_plain_words_and_the_same_each_time() {
    let (_, text) = SCENARIOS.iter().find(|(name, _)| *name == "outage_lot").expect("it is there");
    let (played, lines) = play(text);
    assert_eq!(play(text), (played, lines.clone()));
    let told = lines.join("\n");
    for part in [
        "Ganges and Lodève lose each other.",
        "PAID, 18.00 by credit, 0.00 to pay, by a lot, without asking",
        "All is settled.",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
}
