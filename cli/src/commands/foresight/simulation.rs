//! A simulation of rules in words.

use ledger::answer::{HouseholdType, Simulation, TypeRow};

use super::percent;
use crate::output::{facts, or_dash, table};

/// Writes a simulation.
pub(super) fn text(simulation: &Simulation) -> String {
    let months = match (simulation.months.first(), simulation.months.last()) {
        (Some(first), Some(last)) => {
            let count = simulation.months.len();
            format!("{count}, from {} to {}", first.month, last.month)
        }
        _ => "none".to_owned(),
    };
    let mut text = facts(&[
        ("rules tried", format!("version {}", simulation.version)),
        ("months", months),
        ("contributions", simulation.contributions.to_string()),
        ("given by the rules in force", simulation.in_force.given.to_string()),
        ("  covered by contributions", percent(simulation.in_force.cover_ratio)),
        ("given by the rules tried", simulation.tried.given.to_string()),
        ("  covered by contributions", percent(simulation.tried.cover_ratio)),
    ]);
    text.push_str(&format!("\n{}\n", by_month(simulation)));
    text.push_str(&format!("\n{}\n", by_type(simulation)));
    text.push_str(if simulation.small_cells_shown {
        "groups of fewer than 10 households are shown: FOR THE OPERATOR ALONE, not to be published\n"
    } else {
        "-: fewer than 10 households, or enough to work those out by subtraction\n"
    });
    text.push_str("Nothing was changed. What this cannot know:\n");
    for unknown in &simulation.unknown {
        text.push_str(&format!("  {unknown}\n"));
    }
    text
}

fn by_month(simulation: &Simulation) -> String {
    let mut rows = table(&["month", ">in force", ">given", ">given if tried"]);
    for month in &simulation.months {
        rows.add_row([
            month.month.to_string(),
            format!("version {}", month.rules),
            month.in_force.to_string(),
            month.tried.to_string(),
        ]);
    }
    rows.to_string()
}

const fn name(household: Option<HouseholdType>) -> &'static str {
    match household {
        None => "all",
        Some(HouseholdType::One) => "1 adult",
        Some(HouseholdType::OneWithChildren) => "1 adult, children",
        Some(HouseholdType::Two) => "2 adults",
        Some(HouseholdType::TwoWithChildren) => "2 adults, children",
        Some(HouseholdType::ThreeOrMore) => "3 adults or more",
        Some(HouseholdType::ThreeOrMoreWithChildren) => "3 adults or more, children",
    }
}

fn by_type(simulation: &Simulation) -> String {
    let columns = [
        "household",
        ">number",
        ">gain",
        ">lose",
        ">stay",
        ">mean a month",
        ">largest gain",
        ">largest loss",
    ];
    let mut rows = table(&columns);
    for row in simulation.types.iter().chain([&simulation.all]) {
        rows.add_row(cells(row));
    }
    rows.to_string()
}

fn cells(row: &TypeRow) -> [String; 8] {
    let figures = row.figures;
    let moves = figures.and_then(|figures| figures.moves);
    [
        name(row.household).to_owned(),
        or_dash(figures.map(|figures| figures.households)),
        or_dash(moves.map(|moves| moves.gain)),
        or_dash(moves.map(|moves| moves.lose)),
        or_dash(moves.map(|moves| moves.stay)),
        or_dash(figures.map(|figures| figures.mean_change)),
        or_dash(figures.and_then(|figures| figures.largest_gain)),
        or_dash(figures.and_then(|figures| figures.largest_loss)),
    ]
}
