//! Every mistake is named with its place and its key, and the examples of the repository hold.

use ledger::rules::Household;

use super::*;

mod examples;
mod fixtures;

const DEFAULT: &str = include_str!("../../../configs/default.toml");

fn mistake(text: &str) -> ConfigError {
    let bad = Config::parse(text, "caisse.toml").expect_err("the file has a mistake");
    assert!(!bad.help.is_empty() && bad.column > 0);
    let place = format!("caisse.toml:{}:{}: ", bad.line, bad.column);
    assert!(bad.to_string().starts_with(&place), "{bad}");
    bad
}

/// The default with one line exchanged, and the number of that line.
fn with(old: &str, new: &str) -> (String, usize) {
    let mut lines: Vec<&str> = DEFAULT.lines().collect();
    let line = lines.iter().position(|line| *line == old).expect("the default has this line");
    lines[line] = new;
    (lines.join("\n") + "\n", line + 1)
}

/// Asserts that a line in the place of another is a mistake that is named with that line, the column of
/// the value and the key, in these words.
fn assert_named(old: &str, new: &str, words: &str) {
    let (text, line) = with(old, new);
    let bad = mistake(&text);
    let (key, _) = new.split_once(" = ").expect("a key and its value");
    let said = bad.to_string();
    assert_eq!((bad.line, bad.key.as_deref()), (line, Some(key)), "{said}");
    assert_eq!(bad.column, key.len() + " = ".len() + 1, "{said}");
    assert!(said.contains(words) && said.contains(&format!("`{key}`")), "{new}: {said}");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
    let cases = [
        ("code_attempts = 4", "code_attemps = 4", "code_attempts"),
        ("further = \"75.00\"", "furher = \"75.00\"", "further"),
        ("step = \"1.00\"", "stp = \"1.00\"", "step"),
        ("version = 1", "verison = 1", "version"),
    ];
    for (old, new, meant) in cases {
        let (text, line) = with(old, new);
        let bad = mistake(&text);
        assert_eq!((bad.line, bad.column), (line, 1), "{bad}");
        assert_eq!(bad.help, format!("did you mean `{meant}`?"));
    }
    let (text, line) = with("[cards]", "[crads]");
    let bad = mistake(&text);
    assert_eq!((bad.line, bad.help.as_str()), (line, "did you mean `cards`?"));
    let (text, _) = with("rhythm_days = 30", "colour = \"green\"");
    assert!(mistake(&text).help.contains("remove it, or use one of: eligibility"));
}

#[test]
fn a_rate_above_100_percent_is_refused_with_its_line() {
    let old = "coverage_max_percent = \"100\"";
    for rate in ["\"101\"", "101", "\"100.01\"", "4000000000"] {
        assert_named(old, &format!("coverage_max_percent = {rate}"), "above 100 %");
    }
    let (text, _) = with(old, "coverage_max_percent = \"12.5\"");
    let config = Config::parse(&text, "x").expect("a rate with a half");
    assert_eq!(config.terms.coverage_max.get(), 1_250);
}

#[test]
fn an_amount_that_is_negative_inexact_or_no_amount_is_named_with_its_line() {
    let cases = [
        ("ceiling = \"2000.00\"", "ceiling = -5", "negative"),
        ("ceiling = \"2000.00\"", "ceiling = \"-5.00\"", "negative"),
        ("ceiling = \"2000.00\"", "ceiling = 12.5", "write it in quotes: \"12.50\""),
        ("ceiling = \"2000.00\"", "ceiling = \"a lot\"", "12.50"),
        ("ceiling = \"2000.00\"", "ceiling = \"99999999999999999999\"", "larger"),
        ("ceiling = \"2000.00\"", "ceiling = 9223372036854775807", "too large"),
        ("ceiling = \"2000.00\"", "ceiling = true", "an amount of euros"),
        ("first = \"150.00\"", "first = -150", "negative"),
        ("further = \"75.00\"", "further = 75.5", "\"75.50\""),
        ("child = \"40.00\"", "child = \"forty\"", "12.50"),
        ("least = \"1.00\"", "least = \"1 euro\"", "12.50"),
        ("most = \"250.00\"", "most = \"250.001\"", "12.50"),
    ];
    for (old, new, words) in cases {
        assert_named(old, new, words);
    }
}

#[test]
fn every_other_bad_value_is_named_with_its_line() {
    let cases = [
        ("version = 1", "version = 0", "1 to"),
        ("from = \"2026-01\"", "from = \"2026-13\"", "month"),
        ("reason = \"Example\"", "reason = \"  \"", "characters"),
        ("name = \"Caisse alimentaire d'exemple\"", "name = \"\"", "characters"),
        ("territory = [\"34172\"]", "territory = []", "communes"),
        ("most_persons = 4", "most_persons = 0", "1 to 30"),
        ("code_attempts = 4", "code_attempts = 1000", "1 to 10"),
        ("code_lock_hours = 24", "code_lock_hours = 0", "1 to 744"),
        ("code_lock_hours = 24", "code_lock_hours = 99999", "1 to 744"),
        ("decision_ms = 6000", "decision_ms = \"6 s\"", "without quotes"),
        ("decision_ms = 6000", "decision_ms = 3600000", "1 to 60000"),
        ("recovery_percent = 25", "recovery_percent = 101", "1 to 100"),
        ("eligibility = \"host\"", "eligibility = \"hosts\"", "did you mean `host`?"),
        ("eligibility = \"host\"", "eligibility = \"everybody\"", "use one of: host, home"),
        ("rhythm_days = 30", "rhythm_days = 0", "1 to 366"),
        ("enabled = false", "enabled = \"no\"", "boolean"),
        ("territory = [\"34172\"]", "siren = \"123 456 789\"", "not a SIREN"),
        ("http = \"127.0.0.1:7448\"", "http = \"localhost\"", "port"),
        ("http = \"127.0.0.1:7448\"", "http = \"127.0.0.1:99999\"", "port"),
    ];
    for (old, new, words) in cases {
        assert_named(old, new, words);
    }
}

#[test]
fn a_bad_item_of_a_long_list_is_named_with_its_own_line_and_the_lists_key() {
    let cases = [
        ("\"3417\"", "not an INSEE code"),
        ("\"341720\"", "not an INSEE code"),
        ("\"2C004\"", "not an INSEE code"),
        ("\"3417é\"", "not an INSEE code"),
        ("\"34172\"", "34172 is there twice"),
    ];
    for (item, words) in cases {
        let list = format!("territory = [\n    \"34172\",\n    \"2A004\", {item},\n]");
        let (text, line) = with("territory = [\"34172\"]", &list);
        let bad = mistake(&text);
        assert_eq!((bad.line, bad.column), (line + 2, 14), "{bad}");
        assert_eq!(bad.key.as_deref(), Some("territory"));
        assert!(bad.message.contains(words), "{bad}");
    }
    let list = "addresses = [\n    \"/ip4/192.0.2.10/tcp/7447\",\n    \"192.0.2.10:7447\",\n]";
    let (text, line) = with("addresses = [\"/ip4/192.0.2.10/tcp/7447\"]", list);
    let bad = mistake(&text);
    assert_eq!((bad.line, bad.column, bad.key.as_deref()), (line + 2, 5, Some("addresses")));
    let many = vec!["\"/ip4/192.0.2.10/tcp/7447\""; crdt::limits::ADDRESSES + 1].join(", ");
    assert_named(
        "addresses = [\"/ip4/192.0.2.10/tcp/7447\"]",
        &format!("addresses = [{many}]"),
        "at most",
    );
}

#[test]
fn rules_that_contradict_themselves_are_named_with_the_line_of_the_key() {
    assert_named("least = \"1.00\"", "least = \"300.00\"", "above the most");
    assert_named("least = \"1.00\"", "least = \"1.50\"", "not a multiple of the step");
    assert_named("step = \"1.00\"", "step = \"0.00\"", "the step of contributions is zero");
    assert_named("first = \"150.00\"", "first = \"0.00\"", "nothing");
    assert_named("first = \"150.00\"", "first = 92233720368547758", "more than any amount");
    assert_named("model = \"self_set\"", "model = \"lottery\"", "use one of: self_set");
}

#[test]
fn the_days_of_reminders_rise_and_are_few() {
    let days = "after_days = [10, 25, 45]";
    for wrong in ["[25, 10]", "[10, 10]", "[1, 2, 3, 4, 5, 6]"] {
        assert_named(days, &format!("after_days = {wrong}"), "the days of reminders rise");
    }
    for wrong in ["[0]", "[367]"] {
        let (text, line) = with(days, &format!("after_days = {wrong}"));
        let bad = mistake(&text);
        assert_eq!((bad.line, bad.column), (line, "after_days = [".len() + 1), "the item itself");
        assert!(bad.message.contains("not within bounds"), "{bad}");
    }
    let (none, _) = with(days, "after_days = []");
    let none = Config::parse(&none, "caisse.toml").expect("no reminders are a choice");
    assert_eq!(none.reminders, Vec::<u16>::new());
}

#[test]
fn a_key_of_the_other_model_is_named_and_a_missing_one_is_named_at_its_table() {
    let (text, line) = with("child = \"40.00\"", "amount = \"40.00\"");
    let bad = mistake(&text);
    assert_eq!((bad.line, bad.key.as_deref()), (line, Some("amount")));
    assert!(bad.message.contains("does not belong to model \"household_scale\""), "{bad}");
    let missing = [
        ("further = \"75.00\"", "rules.allocation", "needs the key `further`"),
        ("step = \"1.00\"", "rules.contribution", "needs the key `step`"),
        ("model = \"self_set\"", "rules.contribution", "missing field `model`"),
        ("reason = \"Example\"", "rules", "missing field `reason`"),
    ];
    for (gone, table, words) in missing {
        let (text, _) = with(gone, "");
        let bad = mistake(&text);
        let header = format!("[{table}]");
        assert_eq!(text.lines().nth(bad.line - 1), Some(header.as_str()), "{bad}");
        assert!(bad.message.contains(words), "{bad}");
    }
}

#[test]
fn broken_toml_and_a_key_twice_are_named_with_their_line() {
    let (text, line) = with("ceiling = \"2000.00\"", "ceiling = \"2000.00");
    assert_eq!(mistake(&text).line, line);
    let (text, line) = with("rhythm_days = 30", "rhythm_days = 30\nrhythm_days = 31");
    let bad = mistake(&text);
    assert_eq!((bad.line, bad.help.as_str()), (line + 1, "remove one of the two"));
}

#[test]
fn terms_in_a_file_of_their_own_are_read_with_the_same_care() {
    let terms = Config::parse_terms("per_payment = \"30.00\"\n", "terms.toml").expect("terms");
    let default = Config::parse_terms("", "terms.toml").expect("every key has a default");
    assert_eq!(terms, Terms { per_payment: crdt::Cents::from_u32(3_000), ..default });
    let bad = Config::parse_terms("floor = 0\nceiling = 1.5\n", "terms.toml");
    assert_eq!(bad.expect_err("not exact").line, 2);
}

#[test]
fn garbage_and_a_missing_file_do_not_panic() {
    for text in ["", "\0", "[caisse", "caisse = 3", "é = 1", "\u{feff}", "[caisse]\r\nname = 1"] {
        assert!(Config::parse(text, "x").is_err(), "{text:?}");
    }
    // The default cut anywhere, and with any byte gone, is a file or a mistake with a place.
    for (cut, _) in DEFAULT.char_indices() {
        let without = format!("{}{}", &DEFAULT[..cut], DEFAULT[cut..].trim_start_matches('"'));
        for text in [&DEFAULT[..cut], &without] {
            if let Err(bad) = Config::parse(text, "x") {
                assert!(bad.line >= 1 && bad.line <= text.lines().count() + 1, "{bad}");
            }
        }
    }
    let missing = Config::read(Path::new("/nowhere/caisse.toml")).expect_err("no file");
    assert!(missing.to_string().starts_with("/nowhere/caisse.toml: cannot be read"));
}

#[test]
fn a_caisse_changes_its_chart_and_a_wrong_line_is_named() {
    use ledger::account::Account;

    let line = |line: &str| with("[chart]", &format!("[chart]\n{line}"));
    let (text, _) = line("bank = { number = \"512100\", label = \"Banque coopérative\" }");
    let config = Config::parse(&text, "x").expect("a chart");
    assert_eq!(config.accounting.chart.of(&Account::Bank).number, "512100");
    assert_eq!(config.accounting.chart.of(&Account::Cash).number, "531");
    let cases = [
        ("bank = { number = \"912\", label = \"Banque\" }", "is not an account"),
        ("bank = { number = \"512\", label = \"a|b\" }", "a label has"),
        ("cash = { number = \"512\", label = \"Petite caisse\" }", "one number has one label"),
        ("bank = { number = \"512\" }", "label"),
        ("bankk = { number = \"512\", label = \"Banque\" }", "did you mean `bank`?"),
    ];
    for (written, words) in cases {
        let (text, number) = line(written);
        let bad = mistake(&text);
        assert_eq!(bad.line, number + 1, "{bad}");
        assert!(bad.to_string().contains(words), "{written}: {bad}");
    }
}

#[test]
fn what_is_eligible_elsewhere_is_read_by_kind_and_without_it_nothing_is() {
    let kinds = "[visits]\nkinds = { \"Market Stall\" = \"70\" }\nother_percent = \"12.5\"\n";
    let (text, _) = with("[visits]", kinds.trim_end());
    let eligible = Config::parse(&text, "x").expect("it fits").visits.expect("it was said");
    let rate = |kind: &str| eligible.rate(kind).map(crdt::BasisPoints::get);
    assert_eq!((rate("market stall"), rate("bakery")), (Some(7_000), Some(1_250)));
    assert_eq!(Config::parse(DEFAULT, "x").expect("the default").visits, None);
    let (text, _) = with("[visits]", "[visits]\nkinds = { \"\" = \"70\" }");
    assert!(mistake(&text).message.contains("kinds of vendors"));
}
