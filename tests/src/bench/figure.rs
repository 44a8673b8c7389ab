//! Figures, what they should be, and how they are shown.

use cli::output::table;
use comfy_table::presets;
use serde::Serialize;

use super::machine::Machine;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// Something measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it should be, if anything was decided.
    pub target: Option<Target>,
    /// Whether it is.
    pub met: Option<bool>,
    /// How it was measured.
    pub how: String,
}

impl Figure {
    /// Makes a figure without a target.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, how: &str) -> Self {
        let (name, how) = (name.into(), how.to_owned());
        Self { name, value, unit, target: None, met: None, how }
    }

    /// Says what it should be.
    #[must_use]
    pub fn should_be(self, target: Target) -> Self {
        Self { met: Some(target.is_met(self.value)), target: Some(target), ..self }
    }
}

/// Something that could not be measured here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// What it is.
    pub name: String,
    /// Why not, and what to do.
    pub why: String,
}

/// Everything that was measured in one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// On which machine.
    pub machine: Machine,
    /// Whether it was a run at a twentieth of the size, which says nothing about speed.
    pub quick: bool,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What was not.
    pub absent: Vec<Absent>,
}

impl Report {
    pub(super) fn new(machine: Machine, quick: bool) -> Self {
        Self { machine, quick, figures: Vec::new(), absent: Vec::new() }
    }

    pub(super) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    pub(super) fn lacks(&mut self, name: &str, why: impl Into<String>) {
        self.absent.push(Absent { name: name.to_owned(), why: why.into() });
    }

    /// Returns a figure by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// Returns the report for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut rows = table(&["figure", ">value", "unit", ">target", ""]);
        // So that it can stand in a document as it is.
        rows.load_style(presets::ASCII_MARKDOWN);
        for figure in &self.figures {
            let target = figure.target.map_or(String::new(), |target| match target {
                Target::AtLeast(least) => format!("≥ {}", shown(least)),
                Target::AtMost(most) => format!("≤ {}", shown(most)),
            });
            let met = figure.met.map_or("", |met| if met { "met" } else { "MISSED" });
            let (name, value) = (figure.name.as_str(), shown(figure.value));
            rows.add_row([name, &value, figure.unit, &target, met]);
        }
        for Absent { name, why } in &self.absent {
            rows.add_row([name.as_str(), "-", why, "", ""]);
        }
        let quick =
            if self.quick { "\n\na quick run: these figures say nothing about speed" } else { "" };
        format!("{}\n\n{rows}{quick}", self.machine)
    }
}

/// Writes a number with as many digits as mean something.
fn shown(value: f64) -> String {
    match value.abs() {
        large if large >= 1_000.0 => grouped(value),
        middle if middle >= 100.0 => format!("{value:.0}"),
        small if small >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Writes a large number with its thousands apart.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_the_digits_that_mean_something() {
        let written = [0.456, 12.34, 123.4, 1_234.5, 1_234_567.0].map(shown);
        assert_eq!(written, ["0.46", "12.3", "123", "1,234", "1,234,567"]);
    }

    #[test]
    fn a_figure_knows_whether_it_is_what_it_should_be() {
        let figure = Figure::new("speed", 5.0, "a second", "counted");
        assert_eq!(figure.clone().should_be(Target::AtLeast(5.0)).met, Some(true));
        assert_eq!(figure.clone().should_be(Target::AtMost(4.9)).met, Some(false));
        assert_eq!(figure.met, None);
    }
}
