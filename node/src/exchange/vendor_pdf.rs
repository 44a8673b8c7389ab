//! A vendor's statement on paper (PDF), in French.

use crdt::{Date, SignedCents};

use super::pdf::{Align, Column, Document, DocumentRefused, day, document, signed_euros};
use super::vendor_csv::Row;

/// Whose statement it is, of which month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The caisse's name.
    pub caisse: String,
    /// The vendor's name.
    pub vendor: String,
    /// The last day of the month.
    pub until: Date,
}

/// Writes the statement. The rows are those of the table for accountants; the last is what is owed at the
/// end. The same rows give the same bytes.
///
/// # Errors
/// [`DocumentRefused`] if there are too many rows for one document.
pub fn write(head: &Head, rows: &[Row]) -> Result<Vec<u8>, DocumentRefused> {
    let cells = |row: &Row| {
        let (paid, earned) = if row.amount < SignedCents::ZERO {
            (signed_euros(row.amount.negated()), String::new())
        } else {
            (String::new(), signed_euros(row.amount))
        };
        // The beginning of an id is enough to find it; paper is narrow.
        let piece: String = row.document.chars().take(12).collect();
        vec![day(row.date), row.words.to_owned(), piece, paid, earned]
    };
    let (closing, rows) = match rows.split_last() {
        Some((last, before)) => (vec![cells(last)], before),
        None => (Vec::new(), rows),
    };
    let Head { caisse, vendor, until } = head;
    document(&Document {
        title: format!("Relevé de {vendor}"),
        head: vec![caisse.clone(), format!("Mois arrêté au {}", day(*until))],
        columns: vec![
            Column::new("Date", Align::Left, 12),
            Column::new("Libellé", Align::Left, 40),
            Column::new("Pièce", Align::Left, 16),
            Column::new("Versé", Align::Right, 14),
            Column::new("Dû", Align::Right, 14),
        ],
        rows: rows.iter().map(cells).collect(),
        totals: closing,
        notes: vec![
            "Dû : ce que la caisse doit au point de vente pour ses ventes. Versé : ce qu'elle lui a viré, ou \
             ce qui a été rendu aux adhérents."
                .to_owned(),
        ],
        foot: caisse.clone(),
        day: *until,
    })
}
