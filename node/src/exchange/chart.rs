//! Charts that a committee can look at, as SVG: French words, readable in black and white, the same bytes
//! for the same figures.
//!
//! A chart is a handful of lines, boxes and words, so it is written here rather than with a plotting
//! library; coordinates are whole numbers, and no two machines round them differently.

mod drawing;
mod forecast;
mod scale;
mod simulation;

pub use forecast::forecast;
pub use simulation::simulation;

use crdt::{Date, Month, SignedCents};

/// Writes an amount in whole euros as French readers do: `-1 234 €`.
fn euros(amount: SignedCents) -> String {
    let rounded = (amount.magnitude().get() + 50) / 100;
    let digits = rounded.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    let sign = if amount < SignedCents::ZERO && rounded > 0 { "\u{2212}" } else { "" };
    format!("{sign}{text}\u{a0}€")
}

/// Writes ten-thousandths as percent: `41,5 %`.
fn percent(points: u64) -> String {
    let tenths = points.saturating_add(5) / 10;
    format!("{},{}\u{a0}%", tenths / 10, tenths % 10)
}

/// Writes a day as `24/11/2026`.
fn day(day: Date) -> String {
    let text = day.to_string();
    text.rsplit('-').collect::<Vec<_>>().join("/")
}

/// Writes a month as `nov. 26`.
fn month(month: Month) -> String {
    const NAMES: [&str; 12] = [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
        "déc.",
    ];
    let text = month.to_string();
    let number: usize = text.get(5..).and_then(|number| number.parse().ok()).unwrap_or(1);
    let name = NAMES.get(number.saturating_sub(1)).copied().unwrap_or("");
    format!("{name} {}", text.get(2..4).unwrap_or(""))
}

#[cfg(test)]
mod tests;
