//! Which column of a table is which: by the names that French banks give them, or that the caller does.

use csv::StringRecord;
use serde::Deserialize;

use crate::exchange::limits::{CSV_COLUMNS, EXCERPT_CHARS};
use crate::exchange::problem::{Consequence, Fault, Place, Problem};
use crate::exchange::sepa_text::{cleaned, folded};

/// The names that each column may have; the first that is in the header counts. Capitals, accents and
/// punctuation make no difference.
///
/// `Columns::default()` knows the names that French banks use. A file can give its own, also some of
/// them only.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// The day of the booking; must be there.
    pub booked_on: Vec<String>,
    /// The day of value.
    pub valued_on: Vec<String>,
    /// The amount with a sign: this one, or both of the next two, must be there.
    pub amount: Vec<String>,
    /// What went out.
    pub debit: Vec<String>,
    /// What came in.
    pub credit: Vec<String>,
    /// The currency.
    pub currency: Vec<String>,
    /// Words; all of these columns are joined, in this order.
    pub labels: Vec<String>,
    /// The bank's reference of the entry. Only a column that never changes and is unique for each
    /// entry: it is a part of the line's fingerprint.
    pub reference: Vec<String>,
    /// The end-to-end id.
    pub end_to_end: Vec<String>,
    /// The reference of the mandate.
    pub mandate: Vec<String>,
    /// The name of the other side.
    pub counterpart: Vec<String>,
    /// The IBAN of the other side.
    pub counterpart_iban: Vec<String>,
}

impl Default for Columns {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            booked_on: names(&[
                "date de comptabilisation",
                "date comptable",
                "date d'opération",
                "date de l'opération",
                "date opération",
                "dateop",
                "date",
            ]),
            valued_on: names(&["date de valeur", "date valeur", "dateval", "valeur"]),
            amount: names(&[
                "montant",
                "montant (EUR)",
                "montant (euros)",
                "montant en euros",
                "montant EUR",
            ]),
            debit: names(&[
                "débit",
                "débit (euros)",
                "débit (EUR)",
                "débit euros",
                "montant débit",
            ]),
            credit: names(&[
                "crédit",
                "crédit (euros)",
                "crédit (EUR)",
                "crédit euros",
                "montant crédit",
            ]),
            currency: names(&["devise", "devise du compte", "monnaie"]),
            labels: names(&[
                "libellé",
                "libellé opération",
                "libellé de l'opération",
                "libellé simplifié",
                "libellé complet",
                "libellé complémentaire",
                "informations complémentaires",
                "détail",
                "détail de l'opération",
                "label",
            ]),
            reference: names(&["référence", "référence de l'opération", "numéro d'opération"]),
            end_to_end: names(&["référence de bout en bout", "end to end id", "EndToEndId"]),
            mandate: names(&["référence du mandat", "RUM", "mandat"]),
            counterpart: names(&["contrepartie", "nom de la contrepartie", "tiers", "émetteur"]),
            counterpart_iban: names(&[
                "IBAN de la contrepartie",
                "IBAN contrepartie",
                "compte tiers",
            ]),
        }
    }
}

/// Where each column of one table is.
#[derive(Debug)]
pub(super) struct Layout {
    /// The line of the header.
    pub line: u32,
    /// The names as the header has them, without empty ones at the end.
    pub names: Vec<String>,
    pub booked_on: usize,
    pub valued_on: Option<usize>,
    pub amount: Amount,
    pub currency: Option<usize>,
    pub labels: Vec<usize>,
    pub reference: Option<usize>,
    pub end_to_end: Option<usize>,
    pub mandate: Option<usize>,
    pub counterpart: Option<usize>,
    pub counterpart_iban: Option<usize>,
}

/// How a table shows the direction of an amount.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    /// By its sign.
    Signed(usize),
    /// By its column.
    Split { debit: usize, credit: usize },
}

impl Layout {
    /// Reads a record as a header: nothing if it is none, an error if it names a column twice.
    pub fn find(
        record: &StringRecord,
        line: u32,
        columns: &Columns,
    ) -> Option<Result<Self, Problem>> {
        let header = Header::read(record, line)?;
        let booked_on = header.find(&columns.booked_on)?;
        let amount = match header.find(&columns.amount) {
            Some(column) => Amount::Signed(column),
            None => Amount::Split {
                debit: header.find(&columns.debit)?,
                credit: header.find(&columns.credit)?,
            },
        };
        let labels = columns.labels.iter().filter_map(|name| header.find(&[name])).collect();
        let layout = Self {
            line,
            booked_on,
            valued_on: header.find(&columns.valued_on),
            amount,
            currency: header.find(&columns.currency),
            labels,
            reference: header.find(&columns.reference),
            end_to_end: header.find(&columns.end_to_end),
            mandate: header.find(&columns.mandate),
            counterpart: header.find(&columns.counterpart),
            counterpart_iban: header.find(&columns.counterpart_iban),
            names: Vec::new(),
        };
        Some(header.check_twice(&layout).map(|names| Self { names, ..layout }))
    }

    fn used(&self) -> Vec<usize> {
        let amounts = match self.amount {
            Amount::Signed(column) => vec![column],
            Amount::Split { debit, credit } => vec![debit, credit],
        };
        let optional = [
            self.valued_on,
            self.currency,
            self.reference,
            self.end_to_end,
            self.mandate,
            self.counterpart,
            self.counterpart_iban,
        ];
        let mut used = vec![self.booked_on];
        used.extend(amounts);
        used.extend(optional.into_iter().flatten());
        used.extend(&self.labels);
        used
    }
}

/// A record that may be a header.
struct Header {
    line: u32,
    names: Vec<String>,
    folded: Vec<String>,
}

impl Header {
    fn read(record: &StringRecord, line: u32) -> Option<Self> {
        let mut names: Vec<String> = record.iter().map(cleaned).collect();
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        if names.len() > CSV_COLUMNS {
            return None;
        }
        let folded = names.iter().map(|name| folded(name)).collect();
        Some(Self { line, names, folded })
    }

    /// Returns the column with the first of these names that any column has.
    fn find(&self, known: &[impl AsRef<str>]) -> Option<usize> {
        let known = known.iter().map(|name| folded(name.as_ref())).filter(|name| !name.is_empty());
        known.into_iter().find_map(|name| self.folded.iter().position(|found| *found == name))
    }

    /// Returns the names, unless one that is used is there twice: nobody knows which counts.
    fn check_twice(self, layout: &Layout) -> Result<Vec<String>, Problem> {
        for column in layout.used() {
            let name = self.folded.get(column);
            if self.folded.iter().filter(|other| Some(*other) == name).count() > 1 {
                let column_shown = u32::try_from(column + 1).unwrap_or(u32::MAX);
                return Err(Problem {
                    place: Place { line: self.line, column: column_shown },
                    path: shown(&self.names, column),
                    fault: Fault::ColumnTwice,
                    consequence: Consequence::FileRefused,
                });
            }
        }
        Ok(self.names)
    }
}

/// Returns the name of a column as problems show it.
pub(super) fn shown(names: &[String], column: usize) -> String {
    names.get(column).map_or("", String::as_str).chars().take(EXCERPT_CHARS).collect()
}
