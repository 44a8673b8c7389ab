//! Pages of A4 on which texts, lines and QR codes are drawn, and the file that they make.

use crdt::Date;
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::font::{Font, Text};
use super::french;

/// Points of a millimetre.
const POINTS_PER_MM: f32 = 72.0 / 25.4;

/// Points of the width of a page: 210 mm.
pub(super) const WIDTH: f32 = mm(210.0);

/// Points of the height of a page: 297 mm.
pub(super) const HEIGHT: f32 = mm(297.0);

/// Returns millimetres in points.
pub(super) const fn mm(millimetres: f32) -> f32 {
    millimetres * POINTS_PER_MM
}

/// A place on a page, in points from the left and from the top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct At {
    pub x: f32,
    pub y: f32,
}

/// A font at a size in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub font: Font,
    pub size: f32,
}

impl Style {
    pub(super) const fn new(font: Font, size: f32) -> Self {
        Self { font, size }
    }

    /// Returns the width of a text in points.
    pub(super) fn width(self, text: &Text) -> f32 {
        self.font.width(text, self.size)
    }

    /// Returns the lines of a text that fit a width in points, at most so many.
    pub(super) fn lines(self, text: &str, width: f32, most: usize) -> Vec<Text> {
        Text::new(text).lines(self.font, self.size, width, most)
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Black, a quarter of a point: to cut along, and under the head of a table.
    Thin,
    /// Light grey dots: a cut that need not be seen afterwards.
    Dotted,
}

/// Dark modules of a QR code beside each other, in modules from the left and from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub x: usize,
    pub y: usize,
    pub width: usize,
}

/// One page.
pub(super) struct Page(Content);

impl Page {
    pub(super) fn new() -> Self {
        Self(Content::new())
    }

    /// Writes a text that begins at a place of the base line.
    pub(super) fn text(&mut self, style: Style, at: At, text: &Text) {
        if text.0.is_empty() {
            return;
        }
        self.0.begin_text();
        self.0.set_font(Name(style.font.key()), style.size);
        self.0.next_line(at.x, HEIGHT - at.y);
        self.0.show(Str(&text.0));
        self.0.end_text();
    }

    /// Writes a text that ends at a place of the base line.
    pub(super) fn text_to(&mut self, style: Style, at: At, text: &Text) {
        self.text(style, At { x: at.x - style.width(text), ..at }, text);
    }

    /// Draws a line.
    pub(super) fn line(&mut self, stroke: Stroke, from: At, to: At) {
        self.0.save_state();
        self.0.set_line_width(0.25);
        if stroke == Stroke::Dotted {
            self.0.set_stroke_gray(0.7);
            self.0.set_dash_pattern([0.5, 2.0], 0.0);
        }
        self.0.move_to(from.x, HEIGHT - from.y);
        self.0.line_to(to.x, HEIGHT - to.y);
        self.0.stroke();
        self.0.restore_state();
    }

    /// Fills runs of modules, from a place on. They are one path: a reader that smooths edges draws no
    /// seams between them.
    pub(super) fn modules(&mut self, at: At, points_per_module: f32, runs: &[Run]) {
        let scale = points_per_module;
        self.0.save_state();
        self.0.transform([scale, 0.0, 0.0, -scale, at.x, HEIGHT - at.y]);
        for Run { x, y, width } in runs {
            self.0.rect(*x as f32, *y as f32, *width as f32, 1.0);
        }
        self.0.fill_nonzero();
        self.0.restore_state();
    }
}

/// Writes a file of pages. The same pages, title and day give the same bytes.
pub(super) fn file(title: &str, day: Date, pages: Vec<Page>) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut next = 0;
    let mut reference = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree, info) = (reference(), reference(), reference());
    let fonts = Font::ALL.map(|font| (font, reference()));
    let pages: Vec<_> = pages.into_iter().map(|page| (reference(), reference(), page)).collect();
    pdf.catalog(catalog).pages(tree).lang(TextStr("fr-FR"));
    let (year, month, of_month) = french::parts(day);
    let date = pdf_writer::Date::new(year).month(month).day(of_month);
    pdf.document_info(info).title(TextStr(title)).creation_date(date);
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(pages.iter().map(|(page, ..)| *page)).count(count);
    for (font, id) in fonts {
        let mut font_object = pdf.type1_font(id);
        font_object.base_font(Name(font.name())).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (id, content, drawn) in pages {
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(content);
        let mut resources = page.resources();
        let mut dict = resources.fonts();
        for (font, id) in fonts {
            dict.pair(Name(font.key()), id);
        }
        dict.finish();
        resources.finish();
        page.finish();
        pdf.stream(content, &drawn.0.finish());
    }
    pdf.finish()
}
