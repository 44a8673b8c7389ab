//! Indicators of a period: the same in every caisse, so that caisses can be compared.

use crdt::{CaisseId, Date};
use serde::{Deserialize, Serialize};

/// The version of the schema of an evaluation: [`Indicator`], [`Dimension`], [`Unit`] and their
/// definitions in `docs/indicators.md`. It grows when any of these changes its meaning.
pub const EVALUATION_SCHEMA: u16 = 1;

/// The indicators of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The version of the schema.
    pub schema_version: u16,
    /// Whose they are.
    pub caisse: CaisseId,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub at: Date,
    /// The figures, in the order of [`Indicator`], [`Dimension`] and category.
    pub rows: Vec<IndicatorRow>,
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorRow {
    /// What is measured.
    pub indicator: Indicator,
    /// By what it is divided.
    pub dimension: Dimension,
    /// For which part; `all` where it is not divided.
    pub category: String,
    /// The figure, in its unit; absent if it is suppressed or there is nothing to measure.
    pub value: Option<i64>,
    /// The unit.
    pub unit: Unit,
    /// How many households are behind it, rounded down to tens; absent if it is suppressed, or if no
    /// household is behind it.
    pub n: Option<u64>,
    /// Whether it is left out because it would tell of too few.
    pub suppressed: bool,
}

/// What is measured; `docs/indicators.md` has the definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indicator {
    /// Contributions received.
    Contributions,
    /// Allocations issued and reimbursements granted.
    Allocations,
    /// Contributions for each allocation.
    CoverRatio,
    /// Credit used of the credit that could be used.
    TakeUp,
    /// Households that bought something, of those that held credit.
    ActiveShare,
    /// What the caisse paid of purchases.
    Spending,
    /// How unevenly spending is shared among vendors (Herfindahl-Hirschman index).
    Concentration,
    /// The part of the three vendors with the largest sales.
    TopThreeShare,
    /// Sales to households of the caisse that were refused.
    Refusals,
    /// Decisions of the committee about vendors.
    Decisions,
    /// Vendors approved at the last day.
    ApprovedVendors,
}

/// By what a figure is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Not at all.
    All,
    /// The kind of the vendor's place, as the caisse calls it; `elsewhere` for vendors of other caisses.
    VendorKind,
    /// The vendor's commune, by its INSEE code; `elsewhere` for vendors of other caisses.
    Commune,
    /// The caisse whose vendor it is: `own`, or the id of another.
    Caisse,
    /// Why.
    Reason,
}

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Euro cents.
    Cents,
    /// Ten-thousandths of the whole.
    BasisPoints,
    /// A number of things.
    Count,
}
