//! Every mistake is named with its line, and the examples of the repository hold.

use ledger::rules::Household;

use super::*;

const DEFAULT: &str = include_str!("../../../configs/default.toml");

fn line_of(text: &str) -> (usize, String) {
    let bad = Config::parse(text, "caisse.toml").expect_err("the file has a mistake");
    assert!(!bad.help.is_empty());
    (bad.line, bad.message + " / " + &bad.help)
}

/// The default with one line exchanged, and the number of that line.
fn with(old: &str, new: &str) -> (String, usize) {
    let line = DEFAULT.lines().position(|line| line == old).expect("the default has this line");
    (DEFAULT.replacen(&format!("\n{old}\n"), &format!("\n{new}\n"), 1), line + 1)
}

#[test]
fn the_default_holds_and_names_every_key() {
    let config = Config::parse(DEFAULT, "default.toml").expect("the default holds");
    assert_eq!(config.payments, PaymentSettings::default());
    let small = "[caisse]\nname = \"A\"\nterritory = [\"34172\"]\n[rules]\nfrom = \"2026-01\"\nreason = \"a\"\n\
                 [rules.allocation]\nmodel = \"per_person\"\namount = 100\n[rules.contribution]\nmodel = \
                 \"self_set\"\nleast = 1\nmost = 250\nstep = 1\n";
    let small = Config::parse(small, "small.toml").expect("a small file is enough");
    assert_eq!((small.terms, small.payments), (config.terms, config.payments));
    assert_eq!((small.listen, small.http), (config.listen, config.http));
    let keys = [
        "name",
        "territory",
        "version",
        "from",
        "reason",
        "model",
        "first",
        "further",
        "child",
        "most_persons",
        "after_contribution",
        "least",
        "most",
        "step",
        "code_attempts",
        "code_lock_hours",
        "decision_ms",
        "eligibility",
        "coverage_max_percent",
        "per_payment",
        "per_month",
        "ceiling",
        "floor",
        "rhythm_days",
        "listen",
        "addresses",
        "http",
    ];
    for key in keys {
        let named = DEFAULT.lines().any(|line| line.starts_with(&format!("{key} = ")));
        assert!(named, "the default does not show `{key}`");
    }
}

#[test]
fn the_examples_of_real_caisses_hold_and_give_the_published_amounts() {
    let example = |text, name| Config::parse(text, name).expect("the example holds");
    let montpellier = example(include_str!("../../../configs/montpellier.toml"), "montpellier");
    let gironde = example(include_str!("../../../configs/sud-gironde.toml"), "sud-gironde");
    let cadenet = example(include_str!("../../../configs/cadenet.toml"), "cadenet");
    let lyon = example(include_str!("../../../configs/lyon-8.toml"), "lyon-8");
    let yonne = example(include_str!("../../../configs/yonne.toml"), "yonne");
    let household = |adults, children| Household { adults, teens: 0, children };
    let gets = |config: &Config, household: Household| {
        config.rules.allocation.for_household(&household).expect("an amount").to_string()
    };
    assert_eq!(gets(&montpellier, household(2, 1)), "300.00");
    assert_eq!(gets(&gironde, household(1, 0)), "150.00");
    assert_eq!(gets(&gironde, household(2, 1)), "300.00");
    assert_eq!(gets(&lyon, household(2, 2)), "305.00");
    assert_eq!(gets(&yonne, household(1, 0)), "55.00");
    assert_eq!(gets(&cadenet, household(1, 0)), "100.00");
    assert!(gironde.territory.len() > 100);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
    let (text, line) = with("code_attempts = 4", "code_attemps = 4");
    let (found, said) = line_of(&text);
    assert_eq!(found, line);
    assert!(
        said.contains("`code_attemps`") && said.contains("did you mean `code_attempts`"),
        "{said}"
    );
}

#[test]
fn every_bad_value_is_named_with_its_line() {
    let cases = [
        ("coverage_max_percent = \"100\"", "coverage_max_percent = \"101\"", "above 100 %"),
        ("ceiling = \"2000.00\"", "ceiling = -5", "negative"),
        ("ceiling = \"2000.00\"", "ceiling = \"-5.00\"", "negative"),
        ("ceiling = \"2000.00\"", "ceiling = 12.5", "not exact"),
        ("ceiling = \"2000.00\"", "ceiling = \"a lot\"", "12.50"),
        ("ceiling = \"2000.00\"", "ceiling = \"99999999999999999999\"", "larger"),
        ("territory = [\"34172\"]", "territory = [\"34000\", \"34000\"]", "twice"),
        ("territory = [\"34172\"]", "territory = [\"341\"]", "INSEE"),
        ("territory = [\"34172\"]", "territory = []", "communes"),
        ("from = \"2026-01\"", "from = \"2026-13\"", "month"),
        ("name = \"Caisse alimentaire d'exemple\"", "name = \"\"", "characters"),
        ("http = \"127.0.0.1:7448\"", "http = \"localhost\"", "port"),
        ("addresses = [\"/ip4/192.0.2.10/tcp/7447\"]", "addresses = [\"192.0.2.10\"]", "/ip4/"),
        ("eligibility = \"host\"", "eligibility = \"guest\"", "guest"),
        ("code_lock_hours = 24", "code_lock_hours = 0", "at least 1"),
    ];
    for (old, new, word) in cases {
        let (text, line) = with(old, new);
        let (found, said) = line_of(&text);
        assert_eq!(found, line, "{new}: {said}");
        assert!(said.contains(word), "{new}: {said}");
    }
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let (text, _) = with("least = \"1.00\"", "least = \"300.00\"");
    assert!(line_of(&text).1.contains("above the most"));
    let (text, _) = with("step = \"1.00\"", "step = \"0.00\"");
    assert!(line_of(&text).1.contains("step"));
    let (text, _) = with("first = \"150.00\"", "first = \"0.00\"");
    assert!(line_of(&text).1.contains("nothing"));
    let (text, _) = with("model = \"self_set\"", "model = \"lottery\"");
    assert!(line_of(&text).1.contains("lottery"));
}

#[test]
fn garbage_and_a_missing_file_do_not_panic() {
    for text in ["", "\0", "[caisse", "caisse = 3", "é = 1"] {
        assert!(Config::parse(text, "x").is_err(), "{text:?}");
    }
    let missing = Config::read(Path::new("/nowhere/caisse.toml")).expect_err("no file");
    assert!(missing.to_string().contains("/nowhere/caisse.toml"));
}
