//! A document on A4: a title, lines below it, a table that goes on over pages, totals, a footer.

use crdt::Date;

use super::font::{Font, Text};
use super::page::{At, HEIGHT, Page, Stroke, Style, WIDTH, file, mm};

/// Rows of one document: some 2,500 pages.
pub const ROWS: usize = 100_000;

/// Columns of a table: more cannot be read on A4.
pub const COLUMNS: usize = 12;

const MARGIN: f32 = mm(18.0);
const BOTTOM: f32 = HEIGHT - mm(20.0);
const GAP: f32 = mm(2.0);
const TITLE: Style = Style::new(Font::Bold, 15.0);
const BODY: Style = Style::new(Font::Regular, 9.0);
const STRONG: Style = Style::new(Font::Bold, 9.0);
const SMALL: Style = Style::new(Font::Regular, 7.5);

/// Points from one base line to the next.
const LEADING: f32 = 11.5;

/// Points between two rows.
const ROW_GAP: f32 = 3.0;

/// Lines of a cell; what is longer ends in an ellipsis.
const CELL_LINES: usize = 6;

/// To which side the cells of a column are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Amounts and other numbers.
    Right,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands above it, on every page.
    pub title: String,
    /// To which side its cells are set.
    pub align: Align,
    /// Its share of the page's width, beside the shares of the others.
    pub share: u16,
}

impl Column {
    /// Makes a column.
    #[must_use]
    pub fn new(title: impl Into<String>, align: Align, share: u16) -> Self {
        Self { title: title.into(), align, share }
    }
}

/// A document of one table. Amounts and days come as text: [`super::euros`], [`super::day`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The title, on the first page and in the footer of the others.
    pub title: String,
    /// Lines below the title: who writes to whom, of which period. An empty one is a gap.
    pub head: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, with as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
    /// Rows below a line at the end of the table, in bold.
    pub totals: Vec<Vec<String>>,
    /// Lines after the table.
    pub notes: Vec<String>,
    /// What stands at the foot of every page, beside its number.
    pub foot: String,
    /// The day that the file says it was made on.
    pub day: Date,
}

/// Why no document is made, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentRefused {
    /// No column, too many, or all of no width.
    #[error("a table has 1 to {COLUMNS} columns, and each a share of the width")]
    Columns,
    /// Too many rows for one file.
    #[error("a document has at most {ROWS} rows, not {rows}: make one for a shorter period")]
    TooLong {
        /// How many there are.
        rows: usize,
    },
    /// A row has fewer or more cells than there are columns.
    #[error("row {row} has {cells} cells, and the table {columns} columns")]
    Cells {
        /// Which row, from 1; totals count on after the rows.
        row: usize,
        /// How many cells it has.
        cells: usize,
        /// How many it should have.
        columns: usize,
    },
}

/// Makes a document: the same content gives the same bytes.
///
/// # Errors
/// [`DocumentRefused`].
pub fn document(document: &Document) -> Result<Vec<u8>, DocumentRefused> {
    check(document)?;
    let mut layout = Layout::new(document);
    layout.head();
    layout.titles();
    for row in &document.rows {
        layout.row(BODY, row);
    }
    if !document.totals.is_empty() {
        layout.totals();
    }
    layout.notes();
    Ok(layout.finish())
}

fn check(document: &Document) -> Result<(), DocumentRefused> {
    let columns = document.columns.len();
    if !(1..=COLUMNS).contains(&columns) || document.columns.iter().any(|c| c.share == 0) {
        return Err(DocumentRefused::Columns);
    }
    let rows = document.rows.len();
    if rows > ROWS || document.totals.len() > ROWS {
        return Err(DocumentRefused::TooLong { rows });
    }
    for (place, row) in document.rows.iter().chain(&document.totals).enumerate() {
        let cells = row.len();
        if cells != columns {
            return Err(DocumentRefused::Cells { row: place + 1, cells, columns });
        }
    }
    Ok(())
}

/// Where a column's cells stand.
#[derive(Clone, Copy)]
struct Span {
    left: f32,
    width: f32,
    align: Align,
}

struct Layout<'a> {
    document: &'a Document,
    spans: Vec<Span>,
    full: Vec<Page>,
    page: Page,
    /// Points from the top to the next base line.
    y: f32,
}

impl<'a> Layout<'a> {
    fn new(document: &'a Document) -> Self {
        let shares: u32 = document.columns.iter().map(|column| u32::from(column.share)).sum();
        let mut left = MARGIN;
        let last = document.columns.len().saturating_sub(1);
        let spans = document.columns.iter().enumerate().map(|(place, column)| {
            let width = (WIDTH - 2.0 * MARGIN) * f32::from(column.share) / shares as f32;
            let gap = if place == last { 0.0 } else { GAP };
            let span = Span { left, width: width - gap, align: column.align };
            left += width;
            span
        });
        let spans = spans.collect();
        Self { document, spans, full: Vec::new(), page: Page::new(), y: MARGIN + TITLE.size }
    }

    fn head(&mut self) {
        for line in TITLE.lines(&self.document.title, WIDTH - 2.0 * MARGIN, 3) {
            self.page.text(TITLE, At { x: MARGIN, y: self.y }, &line);
            self.y += TITLE.size * 1.3;
        }
        self.paragraph(&self.document.head);
        self.y += LEADING;
    }

    fn paragraph(&mut self, lines: &[String]) {
        for line in lines {
            for line in BODY.lines(line, WIDTH - 2.0 * MARGIN, CELL_LINES) {
                self.make_room(LEADING, Titles::No);
                self.page.text(BODY, At { x: MARGIN, y: self.y }, &line);
                self.y += LEADING;
            }
        }
    }

    /// Begins a new page if so many points are not left on this one.
    fn make_room(&mut self, points: f32, titles: Titles) {
        if self.y - LEADING + points <= BOTTOM {
            return;
        }
        self.full.push(std::mem::replace(&mut self.page, Page::new()));
        self.y = MARGIN + LEADING;
        if titles == Titles::Yes {
            self.titles();
        }
    }

    fn titles(&mut self) {
        let document = self.document;
        let titles: Vec<String> = document.columns.iter().map(|c| c.title.clone()).collect();
        // Together with a first row: titles alone at the end of a page help nobody.
        let below = document.rows.first().map_or(0.0, |row| self.height(BODY, row));
        self.make_room(self.height(STRONG, &titles) + below, Titles::No);
        self.cells(STRONG, &titles);
        self.rule();
    }

    fn rule(&mut self) {
        let y = self.y - LEADING + 1.0;
        let (from, to) = (At { x: MARGIN, y }, At { x: WIDTH - MARGIN, y });
        self.page.line(Stroke::Thin, from, to);
        self.y += ROW_GAP;
    }

    fn height(&self, style: Style, row: &[String]) -> f32 {
        let lines = self.spans.iter().zip(row);
        let lines = lines.map(|(span, cell)| style.lines(cell, span.width, CELL_LINES).len());
        lines.max().unwrap_or(1) as f32 * LEADING + ROW_GAP
    }

    fn row(&mut self, style: Style, row: &[String]) {
        self.make_room(self.height(style, row), Titles::Yes);
        self.cells(style, row);
    }

    fn cells(&mut self, style: Style, row: &[String]) {
        let height = self.height(style, row);
        for (span, cell) in self.spans.iter().zip(row) {
            for (place, line) in style.lines(cell, span.width, CELL_LINES).iter().enumerate() {
                let y = self.y + place as f32 * LEADING;
                match span.align {
                    Align::Left => self.page.text(style, At { x: span.left, y }, line),
                    Align::Right => {
                        self.page.text_to(style, At { x: span.left + span.width, y }, line);
                    }
                }
            }
        }
        self.y += height;
    }

    /// Sets the totals, on one page with each other if they fit.
    fn totals(&mut self) {
        let document = self.document;
        let height: f32 = document.totals.iter().map(|row| self.height(STRONG, row)).sum();
        self.make_room((height + ROW_GAP).min(mm(150.0)), Titles::Yes);
        self.rule();
        for row in &document.totals {
            self.row(STRONG, row);
        }
    }

    fn notes(&mut self) {
        self.y += LEADING;
        self.paragraph(&self.document.notes);
    }

    fn finish(mut self) -> Vec<u8> {
        self.full.push(self.page);
        let count = self.full.len();
        for (place, page) in self.full.iter_mut().enumerate() {
            let y = HEIGHT - mm(11.0);
            let number = Text::new(&format!("Page {} sur {count}", place + 1));
            page.text_to(SMALL, At { x: WIDTH - MARGIN, y }, &number);
            let foot = match (place, self.document.foot.as_str()) {
                (0, foot) => foot.to_owned(),
                (_, "") => self.document.title.clone(),
                (_, foot) => format!("{} – {foot}", self.document.title),
            };
            let width = WIDTH - 2.0 * MARGIN - SMALL.width(&number) - GAP;
            for line in SMALL.lines(&foot, width, 1) {
                page.text(SMALL, At { x: MARGIN, y }, &line);
            }
        }
        file(&self.document.title, self.document.day, self.full)
    }
}

/// Whether a new page of a table begins with the columns' titles.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Titles {
    Yes,
    No,
}
