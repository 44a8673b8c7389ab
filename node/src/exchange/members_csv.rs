//! Members as a table (CSV): `,` or `;` or tabs between cells, UTF-8 with or without a byte order mark, or
//! Windows-1252, of which ISO-8859-1 is a part.
//!
//! The first line names the columns, in any order, in English or French: `reference` and `name` must be
//! there; `adults`, `teens`, `children`, `phone`, `email`, `commune` may. Each line is read on its own, so
//! that a quotation mark that is never closed spoils one line and not the file.

use std::io::Read;

use ledger::command::Applicant;
use ledger::rules::Household;

use super::bank_csv::{bytes_of, text_of};
use super::limits::LINES;
use super::problem::{Consequence, Fault, Place, Problem};

/// What may stand between cells, in the order in which they are tried.
const DELIMITERS: [u8; 3] = [b';', b',', b'\t'];

/// The columns with their names, the one that is written first.
const COLUMNS: [(Column, &[&str]); 8] = [
    (Column::Reference, &["reference", "référence", "ref", "numero", "numéro"]),
    (Column::Name, &["name", "nom"]),
    (Column::Adults, &["adults", "adultes"]),
    (Column::Teens, &["teens", "adolescents", "ados"]),
    (Column::Children, &["children", "enfants"]),
    (Column::Phone, &["phone", "telephone", "téléphone"]),
    (Column::Email, &["email", "e-mail", "courriel"]),
    (Column::Commune, &["commune", "city", "ville"]),
];

/// A column of a table of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// What the person is called in the file, for ever.
    Reference,
    /// The name.
    Name,
    /// Persons of 18 and over; 1 when absent.
    Adults,
    /// Persons of 14 to 17.
    Teens,
    /// Persons under 14.
    Children,
    /// Telephone.
    Phone,
    /// E-mail address.
    Email,
    /// Commune.
    Commune,
}

impl Column {
    fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        COLUMNS.iter().find(|(_, names)| names.contains(&text.as_str())).map(|(column, _)| *column)
    }
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = COLUMNS.iter().find(|(column, _)| column == self);
        f.pad(name.and_then(|(_, names)| names.first()).unwrap_or(&""))
    }
}

/// Why a line is left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// A cell is missing or empty that must not be.
    #[error("column {0} is empty")]
    Empty(Column),
    /// Not a number of persons.
    #[error("column {0}: {1:?} is not a number of persons")]
    Number(Column, String),
    /// A quotation mark that is not closed.
    #[error("a quotation mark is not closed")]
    Quote,
    /// There are more cells than columns.
    #[error("there are {cells} cells, more than the {columns} columns of the first line")]
    Cells {
        /// The cells of the line.
        cells: usize,
        /// The columns of the table.
        columns: usize,
    },
}

/// A table of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFile {
    /// Each line with its number, from 1 for the names of the columns.
    pub lines: Vec<(u32, Result<Applicant, LineFault>)>,
    /// The names of columns that are not read.
    pub not_read: Vec<String>,
}

/// Reads a table of members.
///
/// # Errors
/// [`Problem`] if it cannot be read as text, is larger than a limit, or its first line does not name the
/// columns.
pub fn read(input: impl Read) -> Result<MemberFile, Problem> {
    let text = bytes_of(input).and_then(|bytes| text_of(&bytes)).map_err(refused)?;
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let (_, first) = lines.next().ok_or_else(|| refused(Fault::NoHeader))?;
    let (delimiter, header) = header(first).ok_or_else(|| refused(Fault::NoHeader))?;
    let mut found = Vec::new();
    for (number, line) in lines {
        if found.len() >= LINES {
            return Err(refused(Fault::Limit { what: "lines", most: LINES as u64 }));
        }
        found.push((number, applicant(line, delimiter, &header)));
    }
    let not_read = cells(first, delimiter).unwrap_or_default().into_iter().zip(&header);
    let not_read = not_read.filter(|(_, column)| column.is_none()).map(|(name, _)| name).collect();
    Ok(MemberFile { lines: found, not_read })
}

const fn refused(fault: Fault) -> Problem {
    Problem {
        place: Place { line: 1, column: 1 },
        path: String::new(),
        fault,
        consequence: Consequence::FileRefused,
    }
}

/// Finds what is between cells and the column of each; it must name whom, and not twice.
fn header(line: &str) -> Option<(u8, Vec<Option<Column>>)> {
    DELIMITERS.into_iter().find_map(|delimiter| {
        let names = cells(line, delimiter)?;
        let columns: Vec<_> = names.iter().map(|name| Column::named(name)).collect();
        let count = |column| columns.iter().filter(|found| **found == Some(column)).count();
        let known = [Column::Reference, Column::Name].map(count) == [1, 1];
        let once = COLUMNS.iter().all(|(column, _)| count(*column) <= 1);
        (known && once).then_some((delimiter, columns))
    })
}

/// Returns the cells of a line; `None` if a quotation mark is not closed.
fn cells(line: &str, delimiter: u8) -> Option<Vec<String>> {
    if !line.matches('"').count().is_multiple_of(2) {
        return None;
    }
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).trim(csv::Trim::All);
    let record = builder.from_reader(line.as_bytes()).into_records().next()?.ok()?;
    Some(record.iter().map(str::to_owned).collect())
}

fn applicant(line: &str, delimiter: u8, header: &[Option<Column>]) -> Result<Applicant, LineFault> {
    let cells = cells(line, delimiter).ok_or(LineFault::Quote)?;
    if cells.len() > header.len() {
        return Err(LineFault::Cells { cells: cells.len(), columns: header.len() });
    }
    let cell = |column: Column| {
        let place = header.iter().position(|found| *found == Some(column))?;
        cells.get(place).filter(|cell| !cell.is_empty()).cloned()
    };
    let needed = |column: Column| cell(column).ok_or(LineFault::Empty(column));
    let persons = |column: Column, absent: u16| match cell(column) {
        Some(text) => text.parse().map_err(|_| LineFault::Number(column, text)),
        None => Ok(absent),
    };
    Ok(Applicant {
        reference: Some(needed(Column::Reference)?),
        name: needed(Column::Name)?,
        household: Household {
            adults: persons(Column::Adults, 1)?,
            teens: persons(Column::Teens, 0)?,
            children: persons(Column::Children, 0)?,
        },
        phone: cell(Column::Phone),
        email: cell(Column::Email),
        commune: cell(Column::Commune),
    })
}

/// For whom a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Programs: commas, UTF-8.
    Plain,
    /// Spreadsheets in French: semicolons, UTF-8 with a byte order mark.
    French,
}

/// Writes a table of members that [`read`] reads back. Who has no reference gets the member's id as one.
#[must_use]
pub fn write(members: &[(crdt::MemberId, Applicant)], dialect: Dialect) -> String {
    let (delimiter, mark) = match dialect {
        Dialect::Plain => (b',', ""),
        Dialect::French => (b';', "\u{feff}"),
    };
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let names = COLUMNS.map(|(column, _)| column.to_string());
    // A vector takes everything, and every record has as many cells.
    let _ = writer.write_record(&names);
    for (id, applicant) in members {
        let _ = writer.write_record(row(*id, applicant));
    }
    let bytes = writer.into_inner().unwrap_or_default();
    format!("{mark}{}", String::from_utf8_lossy(&bytes))
}

fn row(id: crdt::MemberId, applicant: &Applicant) -> [String; COLUMNS.len()] {
    let Applicant { name, household, phone, email, commune, reference } = applicant;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    COLUMNS.map(|(column, _)| match column {
        Column::Reference => reference.clone().unwrap_or_else(|| id.to_string()),
        Column::Name => name.clone(),
        Column::Adults => household.adults.to_string(),
        Column::Teens => household.teens.to_string(),
        Column::Children => household.children.to_string(),
        Column::Phone => text(phone),
        Column::Email => text(email),
        Column::Commune => text(commune),
    })
}

#[cfg(test)]
mod tests;
