//! Evaluation: indicators of a period, as the books were at its last day. The definitions stand in
//! `docs/indicators.md`.
//!
//! What was booked after the last day is not read, so that the same day gives the same figures for ever.
//! Nothing is kept: a figure is worked out from the books, sales and decisions each time.

mod figures;
mod rows;
mod suppress;

use crdt::Date;

use crate::answer::{EVALUATION_SCHEMA, Evaluation};
use crate::foresight::MOST_MONTHS;
use crate::refused::ForesightRefused;
use crate::state::State;
use crate::turn::Turn;

pub use suppress::FEWEST;
pub(crate) use suppress::hidden;

/// The days of an evaluation, the last one included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period {
    pub from: Date,
    pub at: Date,
}

/// Works out the indicators of a period.
pub(crate) fn evaluate(
    state: &State,
    turn: &Turn<'_>,
    from: Option<Date>,
    at: Date,
) -> Result<Evaluation, ForesightRefused> {
    let from = from.unwrap_or_else(|| at.month().plus(-11).first_day());
    let longest = MOST_MONTHS.cast_signed();
    if from > at || from.month().plus(longest) <= at.month() {
        return Err(ForesightRefused::Period { from, at });
    }
    let latest = turn.today().plus_days(-1);
    if at > latest {
        return Err(ForesightRefused::NotOver { at, latest });
    }
    let figures = figures::Figures::read(state, turn, Period { from, at });
    let rows = rows::rows(&figures);
    Ok(Evaluation { schema_version: EVALUATION_SCHEMA, caisse: state.me, from, at, rows })
}
