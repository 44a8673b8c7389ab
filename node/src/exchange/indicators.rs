//! The indicators of a period as a file: JSON, CSV or Parquet, one row for each figure, the same columns
//! in every caisse. The columns and definitions stand in `docs/indicators.md`.

mod csv_file;
mod parquet_file;

use crdt::Date;
use ledger::answer::{Dimension, Evaluation, Indicator, IndicatorRow, Unit};
use serde::Serialize;

/// The columns, in their order.
pub const COLUMNS: [&str; 11] = [
    "schema_version",
    "caisse_id",
    "period_start",
    "period_end",
    "indicator",
    "dimension",
    "category",
    "value",
    "unit",
    "n",
    "suppressed",
];

/// The formats of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An array of objects.
    Json,
    /// A table in UTF-8 with commas and a line of headings.
    Csv,
    /// Apache Parquet, uncompressed, one row group.
    Parquet,
}

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// As JSON.
    #[error("the indicators could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// As a table.
    #[error("the indicators could not be written as a table: {0}")]
    Csv(#[from] csv::Error),
    /// As Parquet.
    #[error("the indicators could not be written as Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

/// A row of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row<'a> {
    schema_version: u16,
    caisse_id: String,
    period_start: Date,
    period_end: Date,
    indicator: Indicator,
    dimension: Dimension,
    category: &'a str,
    value: Option<i64>,
    unit: Unit,
    n: Option<u64>,
    suppressed: bool,
}

/// Makes a file: the same bytes for the same figures.
///
/// # Errors
/// [`NotWritten`] if a library refuses the figures, which none should.
pub fn write(evaluation: &Evaluation, format: Format) -> Result<Vec<u8>, NotWritten> {
    let rows: Vec<Row<'_>> = evaluation.rows.iter().map(|row| of(evaluation, row)).collect();
    match format {
        Format::Json => {
            let mut bytes = serde_json::to_vec_pretty(&rows)?;
            bytes.push(b'\n');
            Ok(bytes)
        }
        Format::Csv => csv_file::write(&rows),
        Format::Parquet => parquet_file::write(&rows),
    }
}

fn of<'a>(evaluation: &Evaluation, row: &'a IndicatorRow) -> Row<'a> {
    Row {
        schema_version: evaluation.schema_version,
        caisse_id: evaluation.caisse.to_string(),
        period_start: evaluation.from,
        period_end: evaluation.at,
        indicator: row.indicator,
        dimension: row.dimension,
        category: &row.category,
        value: row.value,
        unit: row.unit,
        n: row.n,
        suppressed: row.suppressed,
    }
}

/// The name of a value that has one in JSON.
fn name(value: &impl Serialize) -> Result<String, NotWritten> {
    let value = serde_json::to_value(value)?;
    Ok(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
}

#[cfg(test)]
mod tests;
