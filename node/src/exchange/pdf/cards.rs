//! A sheet of cards to cut: ten cards of the size of a bank card on a page of A4, in French.

use crdt::Date;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};

use super::font::Font;
use super::page::{At, HEIGHT, Page, Run, Stroke, Style, WIDTH, file, mm};

/// Cards on a page.
pub const CARDS_PER_PAGE: usize = COLUMNS * ROWS;

/// Cards of one sheet: a hundred pages, some 10 MB.
pub const SHEET_CARDS: usize = 1_000;

const COLUMNS: usize = 2;
const ROWS: usize = 5;

/// A card (ISO/IEC 7810 ID-1, rounded up).
const CARD_WIDTH: f32 = mm(85.6);
const CARD_HEIGHT: f32 = mm(54.0);

/// Where the cards begin: they stand in the middle of the page.
const LEFT: f32 = (WIDTH - COLUMNS as f32 * CARD_WIDTH) / 2.0;
const TOP: f32 = (HEIGHT - ROWS as f32 * CARD_HEIGHT) / 2.0;

/// A cut mark: how long it is, and how far from the card, so that a cut that is off by a little leaves
/// none on the card.
const MARK: f32 = mm(6.0);
const MARK_DISTANCE: f32 = mm(2.0);

/// From the edge of a card to what is printed.
const MARGIN: f32 = mm(5.0);

/// The side of a QR code with its margin: a module is then wide enough for a cheap telephone.
const QR_SIDE: f32 = mm(40.0);
const QR_TOP: f32 = mm(11.5);

/// Modules of margin around a QR code that the standard asks for (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// What a column of text beside the QR code may take.
const TEXT_WIDTH: f32 = CARD_WIDTH - QR_SIDE - MARGIN - mm(1.0);

/// What stands on one card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFace {
    /// The number, in groups joined by `-`.
    pub number: String,
    /// What the QR code says.
    pub qr: String,
    /// A name to print; nobody learns anything from a card that is found and has none.
    pub name: Option<String>,
}

/// A sheet of cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardSheet {
    /// The name of the caisse.
    pub caisse: String,
    /// How the caisse is reached when a card is lost, such as a telephone number.
    pub contact: Option<String>,
    /// The day that the file says it was made on.
    pub day: Date,
    /// The cards, in the order in which they are printed.
    pub cards: Vec<CardFace>,
}

/// Why no sheet is made, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetRefused {
    /// There is nothing to print.
    #[error("there are no cards to print")]
    Empty,
    /// More than one file should hold.
    #[error("at most {SHEET_CARDS} cards are printed at once, not {cards}: print them in parts")]
    TooMany {
        /// How many there are.
        cards: usize,
    },
    /// What a QR code should say is too long for one.
    #[error("the text of card {place} does not fit a QR code")]
    TooLong {
        /// Which card, from 1.
        place: usize,
    },
}

/// Makes a sheet: the same cards give the same bytes.
///
/// # Errors
/// [`SheetRefused`].
pub fn card_sheet(sheet: &CardSheet) -> Result<Vec<u8>, SheetRefused> {
    let cards = sheet.cards.len();
    if cards == 0 {
        return Err(SheetRefused::Empty);
    }
    if cards > SHEET_CARDS {
        return Err(SheetRefused::TooMany { cards });
    }
    let mut pages = Vec::new();
    for (number, faces) in sheet.cards.chunks(CARDS_PER_PAGE).enumerate() {
        let mut page = Page::new();
        marks(&mut page);
        for (slot, face) in faces.iter().enumerate() {
            let place = number * CARDS_PER_PAGE + slot + 1;
            draw(&mut page, slot, sheet, face).map_err(|_| SheetRefused::TooLong { place })?;
        }
        pages.push(page);
    }
    Ok(file("Cartes d’alimentation", sheet.day, pages))
}

/// Draws where to cut: marks outside the cards, and faint dots between them.
fn marks(page: &mut Page) {
    let (right, bottom) = (LEFT + COLUMNS as f32 * CARD_WIDTH, TOP + ROWS as f32 * CARD_HEIGHT);
    for column in 0..=COLUMNS {
        let x = LEFT + column as f32 * CARD_WIDTH;
        let at = |y| At { x, y };
        page.line(Stroke::Thin, at(TOP - MARK_DISTANCE - MARK), at(TOP - MARK_DISTANCE));
        page.line(Stroke::Thin, at(bottom + MARK_DISTANCE), at(bottom + MARK_DISTANCE + MARK));
        page.line(Stroke::Dotted, at(TOP), at(bottom));
    }
    for row in 0..=ROWS {
        let y = TOP + row as f32 * CARD_HEIGHT;
        let at = |x| At { x, y };
        page.line(Stroke::Thin, at(LEFT - MARK_DISTANCE - MARK), at(LEFT - MARK_DISTANCE));
        page.line(Stroke::Thin, at(right + MARK_DISTANCE), at(right + MARK_DISTANCE + MARK));
        page.line(Stroke::Dotted, at(LEFT), at(right));
    }
}

fn draw(page: &mut Page, slot: usize, sheet: &CardSheet, face: &CardFace) -> Result<(), QrError> {
    let left = LEFT + (slot % COLUMNS) as f32 * CARD_WIDTH;
    let top = TOP + (slot / COLUMNS) as f32 * CARD_HEIGHT;
    let at = |x: f32, y: f32| At { x: left + x, y: top + y };
    let mut words = |font, size, y: f32, text: &str, width: f32, most: usize| {
        let style = Style::new(font, size);
        for (line, text) in style.lines(text, width, most).iter().enumerate() {
            page.text(style, at(MARGIN, y + line as f32 * size * 1.2), text);
        }
    };
    words(Font::Bold, 11.0, mm(8.0), &sheet.caisse, CARD_WIDTH - 2.0 * MARGIN, 1);
    words(Font::Regular, 9.0, mm(13.0), "Carte d’alimentation", TEXT_WIDTH, 1);
    if let Some(name) = &face.name {
        words(Font::Bold, 9.0, mm(19.0), name, TEXT_WIDTH, 2);
    }
    words(Font::Regular, 7.0, mm(27.0), "Numéro", TEXT_WIDTH, 1);
    // Two lines of two groups: large enough to be read aloud and typed.
    let groups: Vec<&str> = face.number.split('-').collect();
    for (line, pair) in groups.chunks(groups.len().div_ceil(2)).take(2).enumerate() {
        let y = mm(31.5) + line as f32 * mm(5.0);
        words(Font::Fixed, 13.0, y, &pair.join("\u{a0}"), TEXT_WIDTH, 1);
    }
    words(Font::Regular, 6.5, mm(41.0), &help(sheet), TEXT_WIDTH, 5);
    let (side, runs) = modules(&face.qr)?;
    let corner = at(CARD_WIDTH - QR_SIDE - mm(1.0), QR_TOP);
    page.modules(corner, QR_SIDE / side as f32, &runs);
    Ok(())
}

fn help(sheet: &CardSheet) -> String {
    let secret = "Votre code à quatre chiffres reste secret. Carte perdue\u{a0}? Prévenez aussitôt votre caisse";
    match &sheet.contact {
        Some(contact) => format!("{secret}\u{a0}: {contact}"),
        None => format!("{secret}, qui la bloque et la remplace."),
    }
}

/// Returns the side of a QR code with its margin, and its runs of dark modules.
fn modules(text: &str) -> Result<(usize, Vec<Run>), QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    let width = code.width();
    let mut runs = Vec::new();
    for (y, row) in code.into_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, other| one == other) {
            if run.first() == Some(&qrcode::Color::Dark) {
                let (x, y) = (x + QUIET_ZONE, y + QUIET_ZONE);
                runs.push(Run { x, y, width: run.len() });
            }
            x += run.len();
        }
    }
    Ok((width + 2 * QUIET_ZONE, runs))
}
