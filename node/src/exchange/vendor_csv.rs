//! A vendor's statement as a table (CSV) that a French accountant can book: `;` between cells, a comma
//! before the cents, dates as `25/11/2026`.

use crdt::{Date, SignedCents};

/// A line of the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The place of the entry in the caisse's books; nothing for a balance.
    pub entry: Option<u64>,
    /// The day.
    pub date: Date,
    /// What it was.
    pub words: &'static str,
    /// The id of the sale, the refund or the transfer.
    pub document: String,
    /// What the caisse owes the vendor more; negative when it is less.
    pub amount: SignedCents,
}

/// Whether the table begins with the mark by which some spreadsheets know UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrderMark {
    /// It does.
    With,
    /// It does not.
    Without,
}

const HEADER: [&str; 6] = ["date", "écriture", "libellé", "pièce", "débit", "crédit"];

/// Writes the table in UTF-8. What the caisse owes is a credit, what it pays a debit, as in its books.
///
/// # Panics
/// Never: a vector takes every byte.
#[must_use]
pub fn write(rows: &[Row], mark: ByteOrderMark) -> Vec<u8> {
    let bytes = match mark {
        ByteOrderMark::With => "\u{feff}".as_bytes().to_vec(),
        ByteOrderMark::Without => Vec::new(),
    };
    let mut table = csv::WriterBuilder::new().delimiter(b';').from_writer(bytes);
    table.write_record(HEADER).expect("a vector takes every byte");
    for row in rows {
        let amount = euros(row.amount);
        let (debit, credit) = if row.amount < SignedCents::ZERO {
            (amount, String::new())
        } else {
            (String::new(), amount)
        };
        let date = french(row.date);
        let entry = row.entry.map_or_else(String::new, |place| place.to_string());
        let cells = [&date, &entry, row.words, &row.document, &debit, &credit];
        table.write_record(cells).expect("a vector takes every byte");
    }
    table.into_inner().expect("a vector takes every byte")
}

fn french(day: Date) -> String {
    let written = day.to_string();
    let parts: Vec<&str> = written.rsplit('-').collect();
    parts.join("/")
}

fn euros(amount: SignedCents) -> String {
    amount.magnitude().to_string().replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accountant_can_book_the_table() {
        let date = Date::new(2026, 11, 5).expect("a day");
        let row = |words, document: &str, amount| {
            let (document, amount) = (document.to_owned(), SignedCents::new(amount));
            Row { entry: Some(7), date, words, document, amount }
        };
        let rows = [row("Vente", "a;b", 123_456), row("Remise en banque", "", -5)];
        let text = String::from_utf8(write(&rows, ByteOrderMark::With)).expect("UTF-8");
        assert_eq!(
            text,
            "\u{feff}date;écriture;libellé;pièce;débit;crédit\n\
             05/11/2026;7;Vente;\"a;b\";;1234,56\n\
             05/11/2026;7;Remise en banque;;0,05;\n"
        );
        assert!(!write(&[], ByteOrderMark::Without).starts_with(&[0xef]));
    }
}
