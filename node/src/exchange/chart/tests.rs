use crdt::Cents;
use ledger::answer::{
    Cost, Forecast, HouseholdType, Moves, Point, Scenario, ScenarioPath, SimulatedMonth,
    Simulation, TypeFigures, TypeRow,
};
use ledger::guarantee::Guarantee;

use super::*;

fn cents(cents: i64) -> SignedCents {
    SignedCents::new(cents)
}

fn forecast_of(losses: [i64; 3], months: i16) -> Forecast {
    let present: Month = "2026-11".parse().expect("a month");
    let scenarios = [Scenario::AsBefore, Scenario::AllUsed, Scenario::FewerContributions];
    let path = |(scenario, loss): (Scenario, i64)| ScenarioPath {
        scenario,
        contributions: cents(600_000),
        issued: cents(1_500_000),
        used: cents(600_000 + loss),
        runway: u16::try_from(2_400_000_i64.checked_div(loss).unwrap_or(0)).ok(),
        covered: Some(3),
        path: (1..=months)
            .map(|month| Point {
                month: present.plus(month),
                money: cents(2_400_000 - loss * i64::from(month)),
                credit: Cents::ZERO,
                margin: cents(0),
            })
            .collect(),
    };
    Forecast {
        on: "2026-11-24".parse().expect("a day"),
        history: Vec::new(),
        basis: vec![present.plus(-3), present.plus(-2), present.plus(-1)],
        basis_not_over: false,
        guarantee: Guarantee { money: Cents::from_u32(2_400_000), ..Guarantee::default() },
        claims: Cents::ZERO,
        cover_ratio: Some(4_000),
        scenarios: scenarios.into_iter().zip(losses).map(path).collect(),
    }
}

fn simulated() -> Simulation {
    let figures = |households, change, moves| TypeFigures {
        households,
        in_force: cents(0),
        tried: cents(0),
        mean_change: cents(change),
        moves,
        largest_gain: None,
        largest_loss: None,
    };
    let row = |household, figures| TypeRow { household, figures };
    let month = |text: &str| SimulatedMonth {
        month: text.parse().expect("a month"),
        rules: 1,
        in_force: cents(0),
        tried: cents(0),
    };
    let types = [
        (
            HouseholdType::One,
            Some(figures(212, 5_000, Some(Moves { gain: 212, lose: 0, stay: 0 }))),
        ),
        (HouseholdType::OneWithChildren, Some(figures(44, 1_250, None))),
        (HouseholdType::Two, Some(figures(88, 0, Some(Moves { gain: 0, lose: 0, stay: 88 })))),
        (HouseholdType::TwoWithChildren, Some(figures(61, -3_340, None))),
        (HouseholdType::ThreeOrMore, None),
        (HouseholdType::ThreeOrMoreWithChildren, None),
    ];
    Simulation {
        on: "2026-11-24".parse().expect("a day"),
        version: 3,
        months: vec![month("2025-11"), month("2026-10")],
        in_force: Cost { given: cents(52_300_000), cover_ratio: Some(4_159) },
        tried: Cost { given: cents(58_150_000), cover_ratio: None },
        contributions: Cents::from_u32(21_751_570),
        types: types.map(|(household, figures)| row(Some(household), figures)).to_vec(),
        all: row(None, Some(figures(412, 1_810, None))),
        small_cells_shown: false,
        unknown: Vec::new(),
    }
}

/// Reads the drawing as XML and returns its words.
fn words(drawing: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(drawing);
    let mut words = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Text(text) => {
                words.push(text.as_ref().replace('\u{a0}', " "));
            }
            quick_xml::events::Event::Eof => return words,
            _ => {}
        }
    }
}

/// Every place in a drawing of a certain height is within it.
fn stays_within(drawing: &str) {
    let height: i64 = drawing
        .split_once("viewBox=\"0 0 960 ")
        .and_then(|(_, rest)| rest.split_once('"'))
        .and_then(|(height, _)| height.parse().ok())
        .expect("a height");
    for (name, most) in [(" x=\"", 960), (" y=\"", height)] {
        for part in drawing.split(name).skip(1) {
            let place: i64 = part.split('"').next().and_then(|p| p.parse().ok()).expect("a number");
            assert!((0..=most).contains(&place), "{name}{place} in {drawing}");
        }
    }
}

#[test]
fn a_forecast_names_its_scenarios_and_stays_within_its_frame() {
    let drawing = forecast(&forecast_of([500_000, 900_000, 620_000], 12));
    let said = words(&drawing).join("\n");
    for text in
        ["Comme ces derniers mois : achats payés pendant 4 mois", "baisse de 20 %", "janv. 27"]
    {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert_eq!(drawing.matches("stroke-dasharray").count(), 4, "two dashed lines and their legend");
    stays_within(&drawing);
    for months in [1, 2, 60] {
        stays_within(&forecast(&forecast_of([0, i64::MAX / 100, -5], months)));
    }
}

#[test]
fn a_simulation_shows_gains_losses_and_what_is_not_shown() {
    let drawing = simulation(&simulated());
    let said = words(&drawing).join("\n");
    for text in
        ["+50 €", "−33 €", "212 gagnent, 0 perdent, 0 inchangés", "trop peu de foyers", "41,6 %"]
    {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert_eq!(drawing.matches("fill=\"#404040\"").count(), 3, "gains");
    assert_eq!(drawing.matches("height=\"26\" fill=\"#ffffff\"").count(), 1, "losses");
    stays_within(&drawing);
}

#[test]
fn amounts_and_months_are_written_as_french_readers_do() {
    let text = |cents| euros(SignedCents::new(cents)).replace('\u{a0}', " ");
    assert_eq!(text(123_456_749), "1 234 567 €");
    assert_eq!(text(-100_050), "−1 001 €");
    assert_eq!((text(0).as_str(), text(-49).as_str()), ("0 €", "0 €"));
    assert_eq!(day("2026-11-24".parse().expect("a day")), "24/11/2026");
    assert_eq!(month("2026-08".parse().expect("a month")), "août 26");
    assert_eq!(percent(4_159).replace('\u{a0}', " "), "41,6 %");
}
