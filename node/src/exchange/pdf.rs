//! Paper: PDF files of A4 in French, by standard fonts, with nothing in them that the caller did not
//! give: no time, no random number. The same input is the same bytes.

mod cards;
mod document;
mod font;
mod french;
mod page;

pub use cards::{CARDS_PER_PAGE, CardFace, CardSheet, SHEET_CARDS, SheetRefused, card_sheet};
pub use document::{Align, COLUMNS, Column, Document, DocumentRefused, ROWS, document};
pub use french::{day, euros, signed_euros};
