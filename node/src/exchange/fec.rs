//! The file of a year's entries (fichier des écritures comptables) that an accountant or the tax
//! administration asks for: 18 fields, one line for each debit and credit.
//!
//! Source: livre des procédures fiscales, article A47 A-1, VI and VII. The characters are those of
//! ISO 8859-15, which the article names; a character that it does not have becomes `?`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crdt::{Cents, Date};
use encoding_rs::ISO_8859_15;
use ledger::accounting::legal::{LegalEntry, LegalLine};

mod check;

pub use check::{FecFault, FecProblem, FecReport, check};

/// The names of the fields, in order (VII, 1° and 2°).
pub const FIELDS: [&str; 18] = [
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
];

/// Returns whether a text is the number of an organisation in the register of enterprises: nine digits,
/// the last of which checks the others (Luhn, ISO/IEC 7812-1).
#[must_use]
pub fn is_siren(text: &str) -> bool {
    let digits = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            let weighed = digit * if place % 2 == 1 { 2 } else { 1 };
            if weighed > 9 { weighed - 9 } else { weighed }
        })
        .sum();
    digits && sum.is_multiple_of(10)
}

/// Returns the name of the file of a calendar year (X of the article).
#[must_use]
pub fn file_name(siren: &str, year: i16) -> String {
    format!("{siren}FEC{year:04}1231.txt")
}

/// Writes a file of entries, line by line: nothing of a large year stands in memory.
#[derive(Debug)]
pub struct FecWriter<W: Write> {
    out: W,
    /// The last number given in each journal.
    numbers: BTreeMap<&'static str, u64>,
    /// The last day of validation: the order of the books is the order of validation, even if the
    /// machine's clock was once set back.
    valid: Option<Date>,
    lines: u64,
}

impl<W: Write> FecWriter<W> {
    /// Begins a file with the names of its fields.
    ///
    /// # Errors
    /// What the system says of the file.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(FIELDS.join("\t").as_bytes())?;
        out.write_all(b"\r\n")?;
        Ok(Self { out, numbers: BTreeMap::new(), valid: None, lines: 0 })
    }

    /// Writes an entry under the next number of its journal. `name` gives the label of an auxiliary
    /// account; where it gives none, the account's number stands there too.
    ///
    /// # Errors
    /// What the system says of the file.
    pub fn write(
        &mut self,
        entry: &LegalEntry,
        name: impl Fn(&str) -> Option<String>,
    ) -> io::Result<()> {
        let number = self.numbers.entry(entry.journal.code()).or_insert(0);
        *number += 1;
        let (number, valid) = (number.to_string(), self.valid.max(Some(entry.valid)));
        self.valid = valid;
        for line in &entry.lines {
            let valid = valid.unwrap_or(entry.valid);
            self.out.write_all(&record(entry, line, &number, valid, &name))?;
            self.lines += 1;
        }
        Ok(())
    }

    /// Ends the file; returns it with the number of its lines, that of the names left out.
    ///
    /// # Errors
    /// What the system says of the file.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.out.flush()?;
        Ok((self.out, self.lines))
    }
}

fn record(
    entry: &LegalEntry,
    line: &LegalLine,
    number: &str,
    valid: Date,
    name: impl Fn(&str) -> Option<String>,
) -> Vec<u8> {
    let owner = line.auxiliary.clone().unwrap_or_default();
    let owner_name = line.auxiliary.as_deref().and_then(name).unwrap_or_else(|| owner.clone());
    let date = compact(entry.date);
    let fields: [&str; 18] = [
        entry.journal.code(),
        entry.journal.label(),
        number,
        &date,
        &line.account.number,
        &line.account.label,
        &owner,
        &owner_name,
        &entry.piece,
        &date,
        &entry.label,
        &amount(line.debit),
        &amount(line.credit),
        "",
        "",
        &compact(valid),
        "",
        "",
    ];
    let mut bytes = Vec::with_capacity(256);
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            bytes.push(b'\t');
        }
        bytes.extend(encoded(field));
    }
    bytes.extend(b"\r\n");
    bytes
}

/// Writes a day as `20261125`.
fn compact(date: Date) -> String {
    date.to_string().replace('-', "")
}

/// Writes an amount with a decimal comma and two decimals.
fn amount(cents: Cents) -> String {
    format!("{},{:02}", cents.get() / 100, cents.get() % 100)
}

/// Returns the bytes of a field: no separator of fields or lines is in it.
fn encoded(text: &str) -> Vec<u8> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        let mut buffer = [0; 4];
        let (encoded, _, lost) = ISO_8859_15.encode(c.encode_utf8(&mut buffer));
        if lost { bytes.push(b'?') } else { bytes.extend_from_slice(&encoded) }
    }
    bytes
}

/// Returns the description that goes with every file (II of the article), in French.
#[must_use]
pub fn description(siren: &str, year: i16, chart: &ledger::accounting::Chart) -> String {
    use ledger::accounting::legal::Journal;

    let journals = [
        Journal::Opening,
        Journal::Bank,
        Journal::Cash,
        Journal::Purchases,
        Journal::Aid,
        Journal::Grants,
        Journal::Other,
    ];
    let mut text = format!(
        "Description du fichier {}\r\n\r\nExercice : du 01/01/{year} au 31/12/{year}\r\n\
         Jeu de caractères : ISO 8859-15\r\nStructure : une ligne par débit ou crédit, longueur variable\r\n\
         Séparateur de zone : tabulation\r\nSéparateur d'enregistrement : retour chariot et fin de ligne\r\n\
         Première ligne : noms des zones (article A47 A-1 du LPF, VII)\r\n\
         EcritureNum : suite continue par journal\r\n\
         CompAuxNum : une lettre (M adhérent, V point de vente, C caisse, S subvention, B ordre bancaire) \
         et un identifiant\r\n\
         EcritureLet, DateLet, Montantdevise, Idevise : non utilisés\r\n\r\nJournaux\r\n",
        file_name(siren, year)
    );
    for journal in journals {
        text.push_str(&format!("{}  {}\r\n", journal.code(), journal.label()));
    }
    text.push_str("\r\nComptes\r\n");
    let mut lines: Vec<_> = chart.lines().iter().map(|(_, line)| line).collect();
    lines.sort();
    lines.dedup();
    for line in lines {
        text.push_str(&format!("{:<12}  {}\r\n", line.number, line.label));
    }
    text
}

#[cfg(test)]
mod tests;
