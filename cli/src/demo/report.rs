//! The summary at the end: for people as tables, for machines as one JSON value.

use std::path::Path;
use std::time::Duration;

use comfy_table::Table;
use ledger::answer::Status;
use serde::Serialize;

use super::fixtures::Place;
use super::hold::OpenFact;
use super::model::{cents, euros};
use super::play::{Outage, Play, Step};
use super::settling::Settled;
use super::shelves::products;
use super::statements::StatementFact;
use super::teller::table;
use crate::failure::Failure;
use crate::output::facts;

/// One caisse in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct CaisseFact {
    caisse: &'static str,
    members: u64,
    cards: u64,
    vendors: u64,
    products: usize,
    sales: usize,
    sales_to_visitors: usize,
    purchases_elsewhere: usize,
    outstanding_cents: i64,
    owed_to_vendors_cents: i64,
}

/// How long sales took, in milliseconds from the typed code to the receipt.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Speed {
    sales: usize,
    p50_ms: f64,
    p99_ms: f64,
}

/// Everything, for machines.
#[derive(Serialize)]
pub struct Report<'a> {
    holds: bool,
    failed: Option<String>,
    month: String,
    caisses: &'a [CaisseFact],
    purchases: usize,
    at_home: Speed,
    across: Speed,
    purchases_per_second: f64,
    outage: &'a Outage,
    statements: &'a [StatementFact],
    settlement: Option<&'a Settled>,
    seconds: f64,
    steps: &'a [Step],
    open: Vec<OpenFact>,
    directory: Option<&'a Path>,
}

/// Asks the three caisses for their numbers, while they run.
///
/// # Errors
/// As [`crate::client::Client::query`].
pub async fn count(play: &mut Play) -> Result<(), Failure> {
    for place in Place::ALL {
        let status = play.house(place).status().await?;
        let fact = fact(play, place, &status);
        play.facts.push(fact);
    }
    Ok(())
}

fn fact(play: &Play, place: Place, status: &Status) -> CaisseFact {
    let sold = || play.sold.iter().map(|sold| &sold.purchase);
    CaisseFact {
        caisse: place.key(),
        members: status.members,
        cards: status.cards,
        vendors: status.vendors,
        products: products(play, place),
        sales: sold().filter(|purchase| purchase.host == place).count(),
        sales_to_visitors: sold().filter(|one| one.host == place && one.is_across()).count(),
        purchases_elsewhere: sold().filter(|one| one.home == place && one.is_across()).count(),
        outstanding_cents: cents(status.outstanding),
        owed_to_vendors_cents: (0..play.stalls[place.index()].len())
            .map(|vendor| play.model.vendor(place, vendor))
            .sum(),
    }
}

impl Speed {
    /// Measures the sales that were paid, at home or across.
    fn of(play: &Play, across: bool) -> Self {
        let sold = play.sold.iter().filter(|sold| sold.purchase.is_across() == across);
        let mut took: Vec<Duration> = sold.map(|sold| sold.took).collect();
        took.sort_unstable();
        let at = |percent| percentile(&took, percent).as_secs_f64() * 1_000.0;
        Self { sales: took.len(), p50_ms: at(50), p99_ms: at(99) }
    }
}

/// Returns the shortest time within which so many percent of sorted times lie.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

fn per_second(play: &Play) -> f64 {
    let (time, count) = play.selling;
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

/// Makes the one JSON value; `failed` says why the story broke off, if it did, and `open` which caisses
/// stay open.
///
/// # Errors
/// [`Failure::Failed`] if it cannot be written.
pub fn json(
    play: &Play,
    failed: Option<&Failure>,
    open: Vec<OpenFact>,
) -> Result<serde_json::Value, Failure> {
    let report = Report {
        holds: failed.is_none() && play.holds(),
        failed: failed.map(ToString::to_string),
        month: play.month.to_string(),
        caisses: &play.facts,
        purchases: play.sold.len(),
        at_home: Speed::of(play, false),
        across: Speed::of(play, true),
        purchases_per_second: per_second(play),
        outage: &play.outage,
        settlement: play.settled.as_ref(),
        statements: &play.statements,
        seconds: seconds(play),
        steps: &play.steps,
        open,
        directory: play.is_kept().then(|| play.dir()),
    };
    serde_json::to_value(&report).map_err(|why| Failure::Failed(why.to_string()))
}

fn seconds(play: &Play) -> f64 {
    play.steps.iter().map(|step| step.seconds).sum()
}

/// Tells the summary.
pub fn tell(play: &Play) {
    play.teller.say("\nSummary");
    play.teller.table(&caisses(play));
    play.teller.say("");
    play.teller.table(&steps(play));
    play.teller.say("");
    let (home, across) = (Speed::of(play, false), Speed::of(play, true));
    play.teller.detail(facts(&[
        ("purchases paid", format!("{} at home, {} across", home.sales, across.sales)),
        ("purchases per second", format!("{:.0}, tills selling side by side", per_second(play))),
        ("from the typed code to PAID, at home", milliseconds(home)),
        ("from the typed code to PAID, across", milliseconds(across)),
        ("claims", claims(play)),
    ]));
    if cfg!(debug_assertions) {
        play.teller.detail("This is a debug build; a release build is faster.");
    }
}

fn claims(play: &Play) -> String {
    let looked_at: u64 = play.steps.iter().map(|step| step.checks.count()).sum();
    let held = if play.holds() { "all of them hold" } else { "NOT ALL OF THEM HOLD" };
    format!("{looked_at} looked at, {held}")
}

fn milliseconds(speed: Speed) -> String {
    format!("p50 {:.1} ms, p99 {:.1} ms", speed.p50_ms, speed.p99_ms)
}

fn caisses(play: &Play) -> Table {
    let mut rows = table(&[
        "caisse",
        ">members",
        ">cards",
        ">vendors",
        ">products",
        ">sales",
        ">of them to\nvisitors",
        ">members'\nelsewhere",
        ">credit\noutstanding",
        ">owed to\nvendors",
    ]);
    for (fact, place) in play.facts.iter().zip(Place::ALL) {
        rows.add_row([
            place.name().to_owned(),
            fact.members.to_string(),
            fact.cards.to_string(),
            fact.vendors.to_string(),
            fact.products.to_string(),
            fact.sales.to_string(),
            fact.sales_to_visitors.to_string(),
            fact.purchases_elsewhere.to_string(),
            euros(fact.outstanding_cents),
            euros(fact.owed_to_vendors_cents),
        ]);
    }
    rows
}

fn steps(play: &Play) -> Table {
    let mut rows = table(&["step", ">seconds"]);
    for (number, step) in play.steps.iter().enumerate() {
        let title = format!("{:>2}. {}", number + 1, step.title);
        rows.add_row([title, format!("{:.2}", step.seconds)]);
    }
    rows.add_row(["in all".to_owned(), format!("{:.2}", seconds(play))]);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
