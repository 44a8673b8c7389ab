//! Indicators as a table.

use super::{COLUMNS, NotWritten, Row, name};

/// Makes the table. What is absent is empty. A category that a spreadsheet would take for a formula is
/// preceded by an apostrophe: caisses choose the names of kinds.
pub(super) fn write(rows: &[Row<'_>]) -> Result<Vec<u8>, NotWritten> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for row in rows {
        let or_empty = |number: Option<String>| number.unwrap_or_default();
        table.write_record([
            row.schema_version.to_string(),
            row.caisse_id.clone(),
            row.period_start.to_string(),
            row.period_end.to_string(),
            name(&row.indicator)?,
            name(&row.dimension)?,
            harmless(row.category),
            or_empty(row.value.map(|value| value.to_string())),
            name(&row.unit)?,
            or_empty(row.n.map(|n| n.to_string())),
            row.suppressed.to_string(),
        ])?;
    }
    table.into_inner().map_err(|why| csv::Error::from(why.into_error()).into())
}

fn harmless(category: &str) -> String {
    if category.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{category}")
    } else {
        category.to_owned()
    }
}
