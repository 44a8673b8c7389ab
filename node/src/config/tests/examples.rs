//! The examples of the repository hold, and the default shows every key.

use std::collections::BTreeSet;

use super::*;

const EXAMPLES: [(&str, &str); 9] = [
    ("default", DEFAULT),
    ("montpellier", include_str!("../../../../configs/montpellier.toml")),
    ("sud-gironde", include_str!("../../../../configs/sud-gironde.toml")),
    ("cadenet", include_str!("../../../../configs/cadenet.toml")),
    ("lyon-8", include_str!("../../../../configs/lyon-8.toml")),
    ("yonne", include_str!("../../../../configs/yonne.toml")),
    ("cadenet-coeurs", include_str!("../../../../configs/cadenet-coeurs.toml")),
    ("dieulefit", include_str!("../../../../configs/dieulefit.toml")),
    ("gers", include_str!("../../../../configs/gers.toml")),
];

pub(super) fn example(name: &str) -> Config {
    let (_, text) = EXAMPLES.iter().find(|(known, _)| *known == name).expect("an example");
    Config::parse(text, name).expect("the example holds")
}

/// The keys that a section knows, by its own answer to a key that it cannot know.
fn known_keys(section: &str) -> BTreeSet<String> {
    let header = format!("[{section}]");
    let (text, _) = with(&header, &format!("{header}\nno_such_key_at_all = 1"));
    listed(&mistake(&text).help)
}

fn listed(help: &str) -> BTreeSet<String> {
    let keys = help.strip_prefix("remove it, or use one of: ").expect("the keys are listed");
    keys.split(", ").map(str::to_owned).collect()
}

/// The keys that the default shows in a section, also in remarks such as `#   amount = "1.00"`.
fn shown_keys(section: &str) -> BTreeSet<String> {
    let header = format!("[{section}]");
    let lines = DEFAULT.lines().skip_while(|line| *line != header).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.trim_start_matches("#   ").split_once(" = "))
        .map(|(key, _)| key.to_owned())
        .collect()
}

#[test]
fn the_default_shows_every_key_that_is_read_and_no_other() {
    let mut sections: BTreeSet<&str> =
        BTreeSet::from(["caisse", "rules", "cards", "payments", "receipts", "agreement", "node"]);
    sections.extend(["chart", "dunning", "network", "offline", "visits"]);
    let (text, _) = with("[cards]", "[no_such_section_at_all]");
    assert_eq!(listed(&mistake(&text).help), sections.iter().map(|s| (*s).to_owned()).collect());
    // The chart's keys are names of accounts: the next test.
    sections.remove("chart");
    let of_rules = ["allocation", "contribution", "issue", "caps", "lots"];
    let names = of_rules.map(|name| format!("rules.{name}"));
    sections.extend(names.iter().map(String::as_str));
    for section in sections {
        let mut known = known_keys(section);
        if section == "rules" {
            assert!(of_rules.iter().all(|name| known.remove(*name)));
        }
        assert_eq!(shown_keys(section), known, "[{section}]");
    }
}

#[test]
fn the_default_shows_the_default_chart() {
    let shown = DEFAULT.replace("#   siren", "# siren");
    let (before, after) = shown.split_once("[chart]\n").expect("the default has a chart");
    let (chart, rest) = after.split_once("\n\n").expect("the chart ends");
    assert_eq!(chart.lines().count(), ledger::accounting::chart::Heading::all().count());
    let text = format!("{before}[chart]\n{}\n\n{rest}", chart.replace("#   ", ""));
    let config = Config::parse(&text, "default.toml").expect("a chart");
    assert_eq!(config.accounting, ledger::accounting::Settings::default());
}

#[test]
fn a_small_file_is_enough_and_what_it_leaves_out_is_as_the_default_says() {
    let small = "[caisse]\nname = \"A\"\nterritory = [\"34172\"]\n[rules]\nfrom = \"2026-01\"\nreason = \"a\"\n\
                 [rules.allocation]\nmodel = \"per_person\"\namount = 100\n[rules.contribution]\nmodel = \
                 \"self_set\"\nleast = 1\nmost = 250\nstep = 1\n";
    let small = Config::parse(small, "small.toml").expect("a small file is enough");
    let default = example("default");
    assert_eq!(small.payments, PaymentSettings::default());
    assert_eq!((small.terms, small.payments), (default.terms, default.payments));
    assert_eq!((small.listen, small.http), (default.listen, default.http));
    let own_addresses = default.addresses;
    assert_eq!(Reach { own_addresses, ..small.reach }, default.reach);
    assert_eq!(small.rules.version, default.rules.version);
    let Rules { caps, lots, keep, issue, .. } = small.rules;
    assert_eq!((caps, lots, keep), (default.rules.caps, default.rules.lots, default.rules.keep));
    assert_eq!((issue.from_day, small.zone), (default.rules.issue.from_day, default.zone));
}

#[test]
fn the_examples_of_real_caisses_give_the_published_amounts() {
    let gets = |name: &str, adults, children| {
        let household = Household { adults, teens: 0, children };
        let amount = example(name).rules.allocation.for_household(&household);
        amount.expect("an amount").to_string()
    };
    assert_eq!(gets("montpellier", 2, 1), "300.00");
    assert_eq!(gets("sud-gironde", 1, 0), "150.00");
    assert_eq!(gets("sud-gironde", 2, 1), "300.00");
    assert_eq!(gets("lyon-8", 2, 2), "305.00");
    assert_eq!(gets("cadenet", 1, 0), "100.00");
    // What these give depends on what comes in or is bought: `node/tests/models.rs` plays a year of each.
    for name in ["yonne", "cadenet-coeurs", "dieulefit", "gers"] {
        assert_eq!(gets(name, 1, 0), "0.00");
    }
    for (name, _) in EXAMPLES {
        assert_eq!(example(name).rules.check(), Ok(()), "{name}");
    }
}

#[test]
fn the_examples_can_run_beside_each_other_and_no_commune_is_in_two_of_them() {
    let mut ports = BTreeSet::new();
    let mut communes = BTreeSet::new();
    for name in EXAMPLES.iter().skip(1).map(|(name, _)| *name) {
        let config = example(name);
        assert!(ports.insert(config.http.to_string()), "{name}");
        for address in config.listen {
            assert!(ports.insert(address), "{name}");
        }
        // Cadenet has two: as it is, and as the demo plays it.
        for commune in config.territory.into_iter().filter(|_| name != "cadenet-coeurs") {
            assert!(communes.insert(commune), "{name}");
        }
    }
    assert!(communes.contains("84026") && communes.contains("33227"));
}
