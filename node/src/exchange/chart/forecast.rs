//! How long money and grants last, as a chart of three lines.

use crdt::SignedCents;
use ledger::answer::{Forecast, Scenario, ScenarioPath};

use super::drawing::{Anchor, Drawing, Face, Stroke, WIDTH};
use super::scale::Scale;
use super::{day, euros, month};

const LEFT: i64 = 110;
const RIGHT: i64 = WIDTH - 30;
const TOP: i64 = 90;
const BOTTOM: i64 = 430;

/// Draws a forecast.
#[must_use]
pub fn forecast(forecast: &Forecast) -> String {
    let mut drawing = Drawing::new(600);
    let title = "Combien de temps l'argent suffit-il ?";
    drawing.text((LEFT, 36), Anchor::Start, Face::Title, title);
    let subtitle = "Banque, espèces et subventions confirmées, moins ce qui est dû pour des achats";
    drawing.text((LEFT, 60), Anchor::Start, Face::Plain, subtitle);
    let now = now(forecast);
    let points = forecast.scenarios.iter().flat_map(|path| &path.path);
    let amounts = points.map(|point| point.money).chain([now]);
    let scale = Scale::over(amounts, (BOTTOM, TOP));
    amount_axis(&mut drawing, &scale);
    month_axis(&mut drawing, forecast);
    for (number, path) in forecast.scenarios.iter().enumerate() {
        let places = std::iter::once(now).chain(path.path.iter().map(|point| point.money));
        let places = places.enumerate();
        let places: Vec<(i64, i64)> =
            places.map(|(step, money)| (column(forecast, step), scale.place(money))).collect();
        drawing.path(&places, stroke(path.scenario));
        legend(&mut drawing, number, path);
    }
    let basis: Vec<String> = forecast.basis.iter().map(|basis| month(*basis)).collect();
    let note =
        format!("Prévision du {}, d'après la moyenne de : {}.", day(forecast.on), basis.join(", "));
    drawing.text((LEFT, 584), Anchor::Start, Face::Small, &note);
    let lasts: Vec<String> = forecast.scenarios.iter().map(words).collect();
    drawing.finish(title, &lasts.join(" "))
}

/// Where the lines begin.
fn now(forecast: &Forecast) -> SignedCents {
    let guarantee = &forecast.guarantee;
    let owed = [guarantee.vendors, guarantee.partners, forecast.claims];
    let has = guarantee.money.get().saturating_add(guarantee.grants.get());
    let owed = owed.iter().fold(0_u64, |sum, owed| sum.saturating_add(owed.get()));
    let cents = i128::from(has) - i128::from(owed);
    SignedCents::new(i64::try_from(cents).unwrap_or(i64::MAX))
}

fn steps(forecast: &Forecast) -> usize {
    forecast.scenarios.iter().map(|path| path.path.len()).max().unwrap_or(0).max(1)
}

fn column(forecast: &Forecast, step: usize) -> i64 {
    let (step, steps) = (step as i64, steps(forecast) as i64);
    LEFT + (RIGHT - LEFT) * step / steps
}

fn amount_axis(drawing: &mut Drawing, scale: &Scale) {
    for tick in scale.ticks() {
        let place = scale.place(tick);
        let stroke = if tick == SignedCents::ZERO { Stroke::AXIS } else { Stroke::GRID };
        drawing.line((LEFT, place), (RIGHT, place), stroke);
        drawing.text((LEFT - 10, place + 5), Anchor::End, Face::Plain, &euros(tick));
    }
}

fn month_axis(drawing: &mut Drawing, forecast: &Forecast) {
    let steps = steps(forecast);
    let every = steps.div_ceil(12);
    let months = forecast.scenarios.first().map(|path| path.path.as_slice()).unwrap_or_default();
    drawing.text((LEFT, BOTTOM + 22), Anchor::Middle, Face::Small, "aujourd'hui");
    for (step, point) in months.iter().enumerate() {
        let step = step + 1;
        let place = column(forecast, step);
        drawing.line((place, BOTTOM), (place, BOTTOM + 5), Stroke::AXIS);
        // Where months are narrow, the first name would stand in that of today.
        if step.is_multiple_of(every) && place - LEFT > 90 {
            let name = month(point.month);
            drawing.text((place, BOTTOM + 22), Anchor::Middle, Face::Small, &name);
        }
    }
}

const fn stroke(scenario: Scenario) -> Stroke {
    match scenario {
        Scenario::AsBefore => Stroke { colour: "#000000", tenths: 35, dashes: "" },
        Scenario::AllUsed => Stroke { colour: "#b03000", tenths: 30, dashes: "10 5" },
        Scenario::FewerContributions => Stroke { colour: "#0050a0", tenths: 30, dashes: "2 5" },
    }
}

fn legend(drawing: &mut Drawing, number: usize, path: &ScenarioPath) {
    let place = BOTTOM + 60 + 28 * number as i64;
    drawing.line((LEFT, place - 5), (LEFT + 60, place - 5), stroke(path.scenario));
    drawing.text((LEFT + 75, place), Anchor::Start, Face::Plain, &words(path));
}

fn words(path: &ScenarioPath) -> String {
    let what = match path.scenario {
        Scenario::AsBefore => "Comme ces derniers mois",
        Scenario::AllUsed => "Tout le crédit est dépensé",
        Scenario::FewerContributions => "Cotisations en baisse de 20 %",
    };
    let months = |months: Option<u16>| match months {
        None => "plus de 10 ans".to_owned(),
        Some(months) => format!("{months} mois"),
    };
    format!(
        "{what} : achats payés pendant {}, crédit garanti pendant {}.",
        months(path.runway),
        months(path.covered)
    )
}
