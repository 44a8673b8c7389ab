//! Looking ahead, and looking back.

mod forecast;
mod simulation;

use std::path::Path;

use ::node::exchange::{chart, indicators};
use ledger::answer::{Evaluation, ForesightAnswer, IndicatorRow};
use ledger::command::{Cells, ForesightQuery};
use ledger::rules::Rules;
use ledger::{Answer, Query};

use super::Context;
use crate::args::foresight as typed;
use crate::failure::Failure;
use crate::output::{Done, facts};
use crate::resolve::unexpected;

async fn ask(context: &Context, question: ForesightQuery) -> Result<ForesightAnswer, Failure> {
    match context.query(&Query::Foresight(question)).await? {
        Answer::Foresight(answer) => Ok(*answer),
        _ => Err(unexpected()),
    }
}

/// Foresees how long money lasts.
pub(super) async fn forecast(context: &Context, asked: typed::Forecast) -> Result<Done, Failure> {
    let question = ForesightQuery::Forecast { months: asked.months };
    let ForesightAnswer::Forecast(forecast) = ask(context, question).await? else {
        return Err(unexpected());
    };
    let drawn = draw(asked.svg.as_deref(), || chart::forecast(&forecast))?;
    Done::new(&forecast, forecast::text(&forecast) + &drawn)
}

/// Tries rules on the last months.
pub(super) async fn simulate(
    context: &Context,
    rules: Rules,
    asked: &typed::Simulate,
) -> Result<Done, Failure> {
    let cells = if asked.operator { Cells::All } else { Cells::LargeOnly };
    let question = ForesightQuery::Simulate { rules: Box::new(rules), months: asked.months, cells };
    let ForesightAnswer::Simulation(simulation) = ask(context, question).await? else {
        return Err(unexpected());
    };
    let drawn = draw(asked.svg.as_deref(), || chart::simulation(&simulation))?;
    Done::new(&simulation, simulation::text(&simulation) + &drawn)
}

/// Writes the indicators of a period.
pub(super) async fn evaluate(context: &Context, asked: typed::Evaluate) -> Result<Done, Failure> {
    let question = ForesightQuery::Evaluate { from: asked.from, at: asked.at };
    let ForesightAnswer::Evaluation(evaluation) = ask(context, question).await? else {
        return Err(unexpected());
    };
    let format = match asked.format {
        typed::Format::Json => indicators::Format::Json,
        typed::Format::Csv => indicators::Format::Csv,
        typed::Format::Parquet => indicators::Format::Parquet,
    };
    let bytes = indicators::write(&evaluation, format);
    let bytes = bytes.map_err(|why| Failure::Failed(why.to_string()))?;
    write(&asked.out, &bytes)?;
    Done::new(&evaluation, summary(&evaluation, &asked.out))
}

fn summary(evaluation: &Evaluation, out: &Path) -> String {
    let count = |which: fn(&IndicatorRow) -> bool| {
        evaluation.rows.iter().filter(|row| which(row)).count().to_string()
    };
    facts(&[
        ("period", format!("{} to {}", evaluation.from, evaluation.at)),
        ("schema", evaluation.schema_version.to_string()),
        ("figures", count(|row| row.value.is_some())),
        ("suppressed: too few people", count(|row| row.suppressed)),
        ("nothing to measure", count(|row| row.value.is_none() && !row.suppressed)),
        ("written to", out.display().to_string()),
    ])
}

/// Draws into a file, if one was named, and says so.
fn draw(file: Option<&Path>, drawing: impl FnOnce() -> String) -> Result<String, Failure> {
    let Some(file) = file else { return Ok(String::new()) };
    write(file, drawing().as_bytes())?;
    Ok(format!("drawn into {}\n", file.display()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = std::fs::write(file, bytes);
    written.map_err(|why| Failure::Misused(format!("{}: {why}", file.display())))
}

/// Shows ten-thousandths as percent.
fn percent(points: Option<u64>) -> String {
    points.map_or_else(|| "-".to_owned(), |p| format!("{}.{:02} %", p / 100, p % 100))
}
