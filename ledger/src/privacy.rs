//! What is kept of persons: what for, how long, and where. `docs/personal-data.md` shows this table.

use serde::Serialize;

use crate::records::Kind;

/// One thing that is kept of persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PersonalField {
    /// What it is.
    pub field: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// How long it is kept.
    pub retention: &'static str,
    /// In which kind of records.
    pub place: Kind,
}

impl PersonalField {
    const fn new(
        field: &'static str,
        purpose: &'static str,
        retention: &'static str,
        place: Kind,
    ) -> Self {
        Self { field, purpose, retention, place }
    }

    /// Returns whether the records that hold it are encrypted, each with a key that erasure destroys.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        matches!(self.place, Kind::Person | Kind::LineText | Kind::Note | Kind::BankDetails)
    }
}

const UNTIL_ERASED: &str = "until erasure";
const WITH_BOOKS: &str = "ten years, with the books";

/// Everything that is kept of persons.
pub const FIELDS: [PersonalField; 18] = [
    PersonalField::new(
        "name",
        "issue cards in person, answer the member",
        UNTIL_ERASED,
        Kind::Person,
    ),
    PersonalField::new("telephone", "reach the member; optional", UNTIL_ERASED, Kind::Person),
    PersonalField::new("e-mail address", "reach the member; optional", UNTIL_ERASED, Kind::Person),
    PersonalField::new("commune", "quotas of a draw by lot; optional", UNTIL_ERASED, Kind::Person),
    PersonalField::new(
        "reference",
        "import a file twice without doubles",
        UNTIL_ERASED,
        Kind::Person,
    ),
    PersonalField::new(
        "band of income",
        "amount of the contribution; optional",
        UNTIL_ERASED,
        Kind::Person,
    ),
    PersonalField::new("reason for leaving", "learn why people leave", UNTIL_ERASED, Kind::Person),
    PersonalField::new(
        "name of another holder of a card",
        "hand the card out in person",
        UNTIL_ERASED,
        Kind::Person,
    ),
    PersonalField::new(
        "reasons and notes of operators",
        "explain entries of the books",
        UNTIL_ERASED,
        Kind::Note,
    ),
    PersonalField::new(
        "text of a bank line",
        "assign a transfer to a member",
        UNTIL_ERASED,
        Kind::LineText,
    ),
    PersonalField::new(
        "bank details",
        "pay claims, collect contributions",
        UNTIL_ERASED,
        Kind::BankDetails,
    ),
    PersonalField::new(
        "household by size, dated",
        "amount of the allocation",
        WITH_BOOKS,
        Kind::Member,
    ),
    PersonalField::new(
        "household that waits, by size",
        "admit in order",
        "until admitted or removed",
        Kind::Waiting,
    ),
    PersonalField::new("cards, keyed hash of the code", "pay", WITH_BOOKS, Kind::Card),
    PersonalField::new("contributions", "rules of contribution", WITH_BOOKS, Kind::Contribution),
    PersonalField::new("lots of credit", "expiry", WITH_BOOKS, Kind::Allocation),
    PersonalField::new(
        "purchases: vendor, day, amount",
        "receipts, refunds, settlement",
        WITH_BOOKS,
        Kind::Sale,
    ),
    PersonalField::new("entries of the books", "accounts", WITH_BOOKS, Kind::Journal),
];

/// Returns the table in Markdown, as it stands in the documents.
#[must_use]
pub fn markdown() -> String {
    let mut text =
        "| what | purpose | kept | records | encrypted |\n|---|---|---|---|---|\n".to_owned();
    for field in FIELDS {
        let PersonalField { field: what, purpose, retention, place } = field;
        let encrypted = if field.is_encrypted() { "yes" } else { "no" };
        text.push_str(&format!(
            "| {what} | {purpose} | {retention} | `{place:?}` | {encrypted} |\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_shows_the_table_that_the_program_has() {
        let document = include_str!("../../docs/personal-data.md");
        assert!(document.contains(&markdown()), "paste this into it:\n{}", markdown());
    }

    #[test]
    fn every_kind_that_can_be_erased_stands_in_the_table() {
        for kind in [Kind::Person, Kind::LineText, Kind::Note, Kind::BankDetails] {
            assert!(FIELDS.iter().any(|field| field.place == kind), "{kind:?}");
        }
    }
}
