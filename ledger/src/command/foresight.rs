//! Questions about the months to come, and about the months that were.

use crdt::Date;
use serde::{Deserialize, Serialize};

use crate::rules::Rules;

/// A question of a treasurer, a committee or an evaluator; changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForesightQuery {
    /// How long money and grants last.
    Forecast {
        /// How many months to come are shown.
        months: u16,
    },
    /// What a rule set would have given in the last months.
    Simulate {
        /// The rule set.
        rules: Box<Rules>,
        /// How many of the last months.
        months: u16,
        /// Whether small cells are shown.
        cells: Cells,
    },
    /// The indicators of a period, as the books were at its last day.
    Evaluate {
        /// The first day; by default that of the twelfth month, the last day's counted.
        from: Option<Date>,
        /// The last day.
        at: Date,
    },
}

/// Whether cells with fewer than [`crate::evaluation::FEWEST`] households or people are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cells {
    /// They are not: what is shown may be published.
    #[default]
    LargeOnly,
    /// They are: for the operator alone.
    All,
}
