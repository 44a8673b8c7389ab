use ledger::answer::{Dimension, Evaluation, Indicator, IndicatorRow, Unit};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::*;

fn row(category: &str, value: Option<i64>, n: Option<u64>) -> IndicatorRow {
    IndicatorRow {
        indicator: Indicator::Spending,
        dimension: Dimension::VendorKind,
        category: category.to_owned(),
        value,
        unit: Unit::Cents,
        n,
        suppressed: value.is_none(),
    }
}

fn evaluation() -> Evaluation {
    Evaluation {
        schema_version: 1,
        caisse: crdt::CaisseId::new([7; 32]),
        from: "2026-01-01".parse().expect("a day"),
        at: "2026-12-31".parse().expect("a day"),
        rows: vec![
            row("épicerie, \"bio\"", Some(-12_345), Some(30)),
            row("stall", None, None),
            row("=1+1", Some(i64::MAX), Some(0)),
        ],
    }
}

#[test]
fn a_table_has_one_line_for_each_figure_and_no_formula() {
    let bytes = write(&evaluation(), Format::Csv).expect("it is written");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], COLUMNS.join(","));
    let of = |line: &str| line.split_once("2026-12-31,").expect("the last day").1.to_owned();
    assert_eq!(
        of(lines[1]),
        "spending,vendor_kind,\"épicerie, \"\"bio\"\"\",-12345,cents,30,false"
    );
    assert_eq!(of(lines[2]), "spending,vendor_kind,stall,,cents,,true");
    assert_eq!(of(lines[3]), "spending,vendor_kind,'=1+1,9223372036854775807,cents,0,false");
}

#[test]
fn json_names_the_columns_in_their_order() {
    let bytes = write(&evaluation(), Format::Json).expect("it is written");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let places: Vec<usize> =
        COLUMNS.iter().map(|name| text.find(&format!("\"{name}\"")).expect("a column")).collect();
    assert!(places.is_sorted(), "{text}");
    let rows: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&rows[0]["value"], &rows[1]["value"]), (&(-12_345).into(), &().into()));
}

#[test]
fn parquet_reads_back_as_it_was_written() {
    let bytes = write(&evaluation(), Format::Parquet).expect("it is written");
    let file = SerializedFileReader::new(axum::body::Bytes::from(bytes)).expect("a Parquet file");
    let schema = file.metadata().file_metadata().schema();
    let names: Vec<&str> = schema.get_fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, COLUMNS);
    let rows = file.get_row_iter(None).expect("rows");
    let rows: Vec<String> = rows.map(|row| row.expect("a row").to_string()).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows[0].contains("period_start: 2026-01-01, period_end: 2026-12-31"), "{}", rows[0]);
    assert!(rows[0].contains("value: -12345, unit: \"cents\", n: 30"), "{}", rows[0]);
    assert!(rows[1].contains("value: null, unit: \"cents\", n: null, suppressed: true"));
    assert!(rows[2].contains("\"=1+1\", value: 9223372036854775807"), "{}", rows[2]);
}

#[test]
fn the_same_figures_are_the_same_bytes() {
    for format in [Format::Json, Format::Csv, Format::Parquet] {
        let make = || write(&evaluation(), format).expect("it is written");
        assert_eq!(make(), make());
        assert!(!make().windows(10).any(|window| window == b"parquet-rs"), "{format:?}");
    }
}
