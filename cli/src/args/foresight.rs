//! Looking ahead, and looking back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crdt::Date;

/// A forecast.
#[derive(Debug, Args)]
pub struct Forecast {
    /// How many months to come are shown, 1 to 60.
    #[arg(long, default_value_t = 12)]
    pub months: u16,
    /// Draws it into a file too, for a committee to look at.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// A simulation of rules.
#[derive(Debug, Args)]
pub struct Simulate {
    /// The file with the rule set, as for `rules plan`.
    pub file: PathBuf,
    /// On how many of the last whole months, 1 to 60.
    #[arg(long, default_value_t = 12)]
    pub months: u16,
    /// Draws it into a file too, for a committee to look at.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Shows groups of fewer than 10 households too: for the operator alone, not to be published.
    #[arg(long)]
    pub operator: bool,
}

/// An evaluation.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The last day of the period, as 2026-12-31; it must be over.
    #[arg(long, value_name = "DATE")]
    pub at: Date,
    /// The first day of the period; by default the first day of the twelfth month, that of --at counted.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The format of the file.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,
    /// The file; it is written anew.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Formats of indicators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An array of objects.
    Json,
    /// A table with commas.
    Csv,
    /// Apache Parquet.
    Parquet,
}
