//! Bank statements as a table (CSV), as French banks export them: `;` or `,` or tabs between cells,
//! UTF-8 or Windows-1252, and each bank its own names for the columns.

mod amount;
mod columns;
mod records;
mod row;

use std::io::Read;

use crdt::digest::Domain;
use encoding_rs::{UTF_8, WINDOWS_1252};

use super::iban::Iban;
use super::limits::{CSV_BYTES, CSV_PREAMBLE_RECORDS, LINES};
use super::problem::{Consequence, Fault, Place, Problem, Problems};
use super::statement::{BankStatement, Entry, Fingerprints, StatementFile};

pub use columns::Columns;
use columns::Layout;
use records::Records;
use row::Row;

/// What may stand between cells, in the order in which they are tried.
const DELIMITERS: [u8; 3] = [b';', b',', b'\t'];

/// Reads a table of an account's entries.
///
/// The account is not in the table, or not in a form to rely on: the caller names it. Every line is a
/// booked entry with one line. What stands before the header, such as the account and its balance, is
/// passed over; the header is the first record that names a date and an amount (or a debit and a
/// credit) by the names in `columns`.
///
/// # Errors
/// [`Problem`] if the table cannot be read as text, is larger than a limit, or has no header.
pub fn read(input: impl Read, account: Iban, columns: &Columns) -> Result<StatementFile, Problem> {
    let bytes = bytes_of(input).map_err(refused)?;
    let text = text_of(&bytes).map_err(refused)?;
    let header = DELIMITERS.into_iter().find_map(|delimiter| {
        let found = header(&text, delimiter, columns);
        found.map(|layout| layout.map(|layout| (delimiter, layout)))
    });
    let (delimiter, layout) = header.unwrap_or_else(|| Err(refused(Fault::NoHeader)))?;
    let mut problems = Problems::default();
    let mut entries = entries(Records::new(&text, delimiter), &layout, &mut problems)?;
    let mut fingerprints = Fingerprints::default();
    entries.iter_mut().for_each(|entry| fingerprints.mark(account, entry));

    let digest = Domain::BankTable.hash(&bytes).to_string();
    let id = format!("csv-{}", digest.get(..16).unwrap_or_default());
    let statement = BankStatement {
        id: id.clone(),
        account,
        period: None,
        opening: None,
        closing: None,
        entries,
    };
    Ok(StatementFile { kind: "csv", id, statements: vec![statement], problems })
}

/// Makes the problem that refuses the whole table.
const fn refused(fault: Fault) -> Problem {
    Problem {
        place: Place { line: 1, column: 1 },
        path: String::new(),
        fault,
        consequence: Consequence::FileRefused,
    }
}

/// Reads the records under the header; one bad record never stops the others.
fn entries(
    records: Records<'_>,
    layout: &Layout,
    problems: &mut Problems,
) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    for (line, record) in records.skip_while(|(line, _)| *line <= layout.line) {
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if entries.len() >= LINES {
            return Err(refused(Fault::Limit { what: "lines", most: LINES as u64 }));
        }
        match (Row { line, record: &record, layout }).entry(problems) {
            Ok(entry) => entries.push(entry),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(entries)
}

pub(super) fn bytes_of(input: impl Read) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = input.take(CSV_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|why| Fault::Unreadable(why.to_string()))?;
    if bytes.len() as u64 > CSV_BYTES {
        return Err(Fault::Limit { what: "bytes", most: CSV_BYTES });
    }
    Ok(bytes)
}

/// Returns the text of a file: UTF-8 if it is that from end to end, else Windows-1252, of which
/// ISO-8859-1 is a part.
pub(super) fn text_of(bytes: &[u8]) -> Result<String, Fault> {
    if bytes.iter().take(4).any(|byte| *byte == 0) || bytes.starts_with(b"\xff\xfe") {
        return Err(Fault::Encoding("UTF-16".to_owned()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let utf_8 = UTF_8.decode_without_bom_handling_and_without_replacement(bytes);
    let text = utf_8.unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0);
    Ok(text.into_owned())
}

/// Finds the header; an error if it is there and says something twice.
fn header(text: &str, delimiter: u8, columns: &Columns) -> Option<Result<Layout, Problem>> {
    let mut first = Records::new(text, delimiter).take(CSV_PREAMBLE_RECORDS + 1);
    first.find_map(|(line, record)| Layout::find(&record, line, columns))
}

#[cfg(test)]
mod tests;
