//! One line of a table as an entry.

use crdt::{Cents, SignedCents};
use csv::StringRecord;

use super::amount;
use super::columns::{Amount, Layout, shown};
use crate::exchange::date::Date;
use crate::exchange::iban::Iban;
use crate::exchange::limits::{NAME_CHARS, REFERENCE_CHARS, REMITTANCE_CHARS};
use crate::exchange::problem::{Consequence, Fault, Place, Problem, Problems, excerpt};
use crate::exchange::sepa_text::cleaned;
use crate::exchange::statement::{Counterpart, Entry, EntryStatus, Line, Side};

/// One line of the table under its header.
pub(super) struct Row<'a> {
    pub line: u32,
    pub record: &'a StringRecord,
    pub layout: &'a Layout,
}

impl Row<'_> {
    /// Reads the line as an entry with one line.
    pub fn entry(&self, problems: &mut Problems) -> Result<Entry, Problem> {
        self.check_cells()?;
        self.check_currency()?;
        let booked_on = self.date(self.layout.booked_on)?;
        let booked_on = booked_on
            .ok_or_else(|| self.problem(self.layout.booked_on, Fault::Missing("the date")))?;
        let valued_on =
            self.layout.valued_on.map(|column| self.date(column)).transpose()?.flatten();
        let (amount, side) = self.amount()?;
        let mut text = |column, most| self.text(column, most, problems);
        let line = Line {
            end_to_end: text(self.layout.end_to_end, REFERENCE_CHARS),
            mandate: text(self.layout.mandate, REFERENCE_CHARS),
            counterpart: Counterpart {
                name: text(self.layout.counterpart, NAME_CHARS),
                iban: self.iban(problems),
            },
            remittance: self.remittance(problems),
            ..Line::bare(amount, side)
        };
        Ok(Entry {
            place: Place { line: self.line, column: 1 },
            amount,
            side,
            status: EntryStatus::Booked,
            reversal: false,
            booked_on: Some(booked_on),
            valued_on,
            bank_reference: self.text(self.layout.reference, REFERENCE_CHARS, problems),
            description: None,
            lines: vec![line],
        })
    }

    fn cell(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default().trim()
    }

    fn problem(&self, column: usize, fault: Fault) -> Problem {
        Problem {
            place: Place { line: self.line, column: u32::try_from(column + 1).unwrap_or(u32::MAX) },
            path: shown(&self.layout.names, column),
            fault,
            consequence: Consequence::EntryLeftOut,
        }
    }

    /// Checks the number of cells; empty ones too many at the end are usual.
    fn check_cells(&self) -> Result<(), Problem> {
        let (found, expected) = (self.record.len(), self.layout.names.len());
        let more = self.record.iter().skip(expected).any(|cell| !cell.trim().is_empty());
        if found < expected || more {
            return Err(self.problem(found.min(expected), Fault::Cells { found, expected }));
        }
        Ok(())
    }

    fn check_currency(&self) -> Result<(), Problem> {
        let Some(column) = self.layout.currency else { return Ok(()) };
        match self.cell(column) {
            "" | "EUR" | "€" | "euro" | "Euro" | "EURO" => Ok(()),
            other => Err(self.problem(column, Fault::Currency(excerpt(other)))),
        }
    }

    fn date(&self, column: usize) -> Result<Option<Date>, Problem> {
        let text = self.cell(column);
        if text.is_empty() {
            return Ok(None);
        }
        let date = Date::from_table(text);
        date.map(Some).map_err(|why| self.problem(column, Fault::Date(excerpt(text), why)))
    }

    fn signed(&self, column: usize) -> Result<SignedCents, Problem> {
        amount::read(self.cell(column)).map_err(|fault| self.problem(column, fault))
    }

    /// Reads the amount and its direction, from one column with a sign or from two without.
    fn amount(&self) -> Result<(Cents, Side), Problem> {
        let (debit, credit) = match self.layout.amount {
            Amount::Signed(column) => {
                if self.cell(column).is_empty() {
                    return Err(self.problem(column, Fault::Missing("the amount")));
                }
                let amount = self.signed(column)?;
                let side = if amount.get() < 0 { Side::Debit } else { Side::Credit };
                return Ok((amount.magnitude(), side));
            }
            Amount::Split { debit, credit } => (debit, credit),
        };
        let filled = |column: usize| -> Result<Option<SignedCents>, Problem> {
            if self.cell(column).is_empty() {
                return Ok(None);
            }
            // Some banks write 0,00 in the column that does not apply.
            Ok(Some(self.signed(column)?).filter(|amount| amount.get() != 0))
        };
        match (filled(debit)?, filled(credit)?) {
            // Debits have a sign in some tables and none in others.
            (Some(amount), None) => Ok((amount.magnitude(), Side::Debit)),
            (None, Some(amount)) if amount.get() > 0 => Ok((amount.magnitude(), Side::Credit)),
            (None, Some(_)) => {
                let text = excerpt(self.cell(credit));
                Err(self.problem(credit, Fault::NegativeAmount(text)))
            }
            (Some(_), Some(_)) => Err(self.problem(credit, Fault::DebitAndCredit("both"))),
            (None, None) => Err(self.problem(debit, Fault::DebitAndCredit("neither"))),
        }
    }

    fn text(&self, column: Option<usize>, most: usize, problems: &mut Problems) -> Option<String> {
        let column = column?;
        let text = cleaned(self.cell(column));
        if text.chars().count() > most {
            let consequence = Consequence::FieldLeftOut;
            let problem = self.problem(column, Fault::TooLong(most));
            problems.push(Problem { consequence, ..problem });
            return None;
        }
        Some(text).filter(|text| !text.is_empty())
    }

    fn iban(&self, problems: &mut Problems) -> Option<Iban> {
        let column = self.layout.counterpart_iban?;
        let text = self.cell(column);
        if text.is_empty() {
            return None;
        }
        let problem = |why| {
            let consequence = Consequence::FieldLeftOut;
            Problem { consequence, ..self.problem(column, Fault::Iban(why)) }
        };
        text.parse().map_err(|why| problems.push(problem(why))).ok()
    }

    /// Joins the columns with words; what is there twice (banks repeat a short label in a long one) is
    /// kept once.
    fn remittance(&self, problems: &mut Problems) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut left = REMITTANCE_CHARS;
        for column in &self.layout.labels {
            let Some(text) = self.text(Some(*column), left, problems) else { continue };
            if !parts.contains(&text) {
                left = left.saturating_sub(text.chars().count() + 1);
                parts.push(text);
            }
        }
        parts.join(" ")
    }
}
