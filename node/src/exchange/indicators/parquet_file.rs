//! Indicators as Apache Parquet, column by column.

use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{NotWritten, Row, name};

/// The columns with their types. Whoever reads the file finds them in it.
const SCHEMA: &str = "
message indicators {
  required int32 schema_version (INTEGER(16, false));
  required binary caisse_id (STRING);
  required int32 period_start (DATE);
  required int32 period_end (DATE);
  required binary indicator (STRING);
  required binary dimension (STRING);
  required binary category (STRING);
  optional int64 value;
  required binary unit (STRING);
  optional int64 n;
  required boolean suppressed;
}";

type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

/// Makes the file.
pub(super) fn write(rows: &[Row<'_>]) -> Result<Vec<u8>, NotWritten> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    // The library would write its own version into the file, and another one other bytes.
    let properties = WriterProperties::builder().set_created_by("caisse".to_owned()).build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    column::<Int32Type>(&mut group, rows.iter().map(|row| row.schema_version.into()))?;
    column::<ByteArrayType>(&mut group, rows.iter().map(|row| text(&row.caisse_id)))?;
    column::<Int32Type>(&mut group, rows.iter().map(|row| row.period_start.number()))?;
    column::<Int32Type>(&mut group, rows.iter().map(|row| row.period_end.number()))?;
    column::<ByteArrayType>(&mut group, names(rows, |row| name(&row.indicator))?)?;
    column::<ByteArrayType>(&mut group, names(rows, |row| name(&row.dimension))?)?;
    column::<ByteArrayType>(&mut group, rows.iter().map(|row| text(row.category)))?;
    optional(&mut group, rows.iter().map(|row| row.value))?;
    column::<ByteArrayType>(&mut group, names(rows, |row| name(&row.unit))?)?;
    optional(&mut group, rows.iter().map(|row| row.n.and_then(|n| i64::try_from(n).ok())))?;
    column::<BoolType>(&mut group, rows.iter().map(|row| row.suppressed))?;
    group.close()?;
    Ok(file.into_inner()?)
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

fn names(
    rows: &[Row<'_>],
    of: impl Fn(&Row<'_>) -> Result<String, NotWritten>,
) -> Result<Vec<ByteArray>, NotWritten> {
    rows.iter().map(|row| of(row).map(|name| text(&name))).collect()
}

fn column<T: DataType>(
    group: &mut Group<'_>,
    values: impl IntoIterator<Item = T::T>,
) -> Result<(), ParquetError> {
    let values: Vec<T::T> = values.into_iter().collect();
    write_column::<T>(group, &values, None)
}

/// Writes a column in which values may be absent: 1 stands for a value, 0 for none.
fn optional(
    group: &mut Group<'_>,
    values: impl Iterator<Item = Option<i64>> + Clone,
) -> Result<(), ParquetError> {
    let present: Vec<i16> = values.clone().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<i64> = values.flatten().collect();
    write_column::<Int64Type>(group, &values, Some(&present))
}

fn write_column<T: DataType>(
    group: &mut Group<'_>,
    values: &[T::T],
    present: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns".to_owned()));
    };
    column.typed::<T>().write_batch(values, present, None)?;
    column.close()
}
