//! Who gains and who loses under other rules, as a chart of bars by type of household.

use crdt::SignedCents;
use ledger::answer::{HouseholdType, Simulation, TypeRow};

use super::drawing::{Anchor, Drawing, Face, Stroke, WIDTH};
use super::scale::Scale;
use super::{euros, month, percent};

const LEFT: i64 = 300;
const RIGHT: i64 = WIDTH - 110;
const TOP: i64 = 170;
const ROW: i64 = 52;

/// Draws a simulation.
#[must_use]
pub fn simulation(simulation: &Simulation) -> String {
    let rows: Vec<&TypeRow> = simulation.types.iter().chain([&simulation.all]).collect();
    let bottom = TOP + ROW * rows.len() as i64;
    let mut drawing = Drawing::new(bottom + 100);
    let title = format!("Règles n° {} : qui gagne, qui perd ?", simulation.version);
    drawing.text((30, 36), Anchor::Start, Face::Title, &title);
    let costs = costs(simulation);
    for (line, text) in costs.iter().enumerate() {
        drawing.text((30, 64 + 22 * line as i64), Anchor::Start, Face::Plain, text);
    }
    let heading = "Différence par foyer et par mois, en moyenne";
    drawing.text((30, TOP - 22), Anchor::Start, Face::Bold, heading);
    let changes = rows.iter().filter_map(|row| row.figures).map(|figures| figures.mean_change);
    let scale = Scale::over(changes, (LEFT, RIGHT));
    for tick in scale.ticks() {
        let place = scale.place(tick);
        drawing.line((place, TOP), (place, bottom), Stroke::GRID);
        drawing.text((place, bottom + 22), Anchor::Middle, Face::Small, &euros(tick));
    }
    let zero = scale.place(SignedCents::ZERO);
    for (number, row) in rows.iter().enumerate() {
        bar(&mut drawing, TOP + ROW * number as i64, row, &scale);
    }
    drawing.line((zero, TOP), (zero, bottom), Stroke::AXIS);
    let note = "Rien n'est changé par cette simulation. Ce que les foyers feraient d'autre sous \
                d'autres règles n'est pas connu.";
    drawing.text((30, bottom + 56), Anchor::Start, Face::Small, note);
    let legend = if simulation.small_cells_shown {
        "Avec les groupes de moins de 10 foyers : ne pas publier."
    } else {
        "Barre pleine : gain. Barre blanche : perte. Les groupes de moins de 10 foyers ne sont pas \
         montrés."
    };
    drawing.text((30, bottom + 78), Anchor::Start, Face::Small, legend);
    drawing.finish(&title, &costs.join(" "))
}

fn costs(simulation: &Simulation) -> [String; 3] {
    let months = match (simulation.months.first(), simulation.months.last()) {
        (Some(first), Some(last)) => {
            format!("De {} à {}", month(first.month), month(last.month))
        }
        _ => "Aucun mois".to_owned(),
    };
    let contributions = euros(simulation.contributions.signed());
    let side = |name: &str, cost: &ledger::answer::Cost| {
        let covered = match cost.cover_ratio {
            Some(ratio) => format!("les cotisations en couvrent {}", percent(ratio)),
            None => "rien à couvrir".to_owned(),
        };
        format!("{name} : {} ; {covered}.", euros(cost.given))
    };
    [
        format!("{months}, cotisations reçues : {contributions}."),
        side("Règles en vigueur", &simulation.in_force),
        side("Règles essayées", &simulation.tried),
    ]
}

const fn name(household: Option<HouseholdType>) -> &'static str {
    match household {
        None => "Tous les foyers",
        Some(HouseholdType::One) => "1 adulte",
        Some(HouseholdType::OneWithChildren) => "1 adulte, enfants",
        Some(HouseholdType::Two) => "2 adultes",
        Some(HouseholdType::TwoWithChildren) => "2 adultes, enfants",
        Some(HouseholdType::ThreeOrMore) => "3 adultes ou plus",
        Some(HouseholdType::ThreeOrMoreWithChildren) => "3 adultes ou plus, enfants",
    }
}

fn bar(drawing: &mut Drawing, top: i64, row: &TypeRow, scale: &Scale) {
    let face = if row.household.is_none() { Face::Bold } else { Face::Plain };
    drawing.text((30, top + 22), Anchor::Start, face, name(row.household));
    let Some(figures) = row.figures else {
        let text = "non montré : trop peu de foyers";
        return drawing.text((LEFT + 8, top + 22), Anchor::Start, Face::Small, text);
    };
    let moves = figures.moves.map_or_else(
        || format!("{} foyers", figures.households),
        |moves| format!("{} gagnent, {} perdent, {} inchangés", moves.gain, moves.lose, moves.stay),
    );
    drawing.text((30, top + 40), Anchor::Start, Face::Small, &moves);
    let change = figures.mean_change;
    let (zero, end) = (scale.place(SignedCents::ZERO), scale.place(change));
    let fill = if change < SignedCents::ZERO { "#ffffff" } else { "#404040" };
    if end != zero {
        drawing.bar((zero.min(end), top + 8), ((end - zero).abs(), 26), fill);
    }
    // The figure stands on the side of zero where no bar is, so that it never leaves the drawing.
    let sign = if change > SignedCents::ZERO { "+" } else { "" };
    let text = format!("{sign}{}", euros(change));
    drawing.text((RIGHT + 100, top + 26), Anchor::End, Face::Bold, &text);
}
