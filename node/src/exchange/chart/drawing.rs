//! A drawing: lines, boxes and words on a white ground.

use std::fmt::Write as _;

/// How wide a drawing is, in units of its own; it is shown at any size.
pub(super) const WIDTH: i64 = 960;

/// A drawing that grows.
pub(super) struct Drawing {
    height: i64,
    body: String,
}

/// Where a text stands beside its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) enum Face {
    Title,
    Plain,
    Small,
    Bold,
}

/// A way to tell a line from others without colour.
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    pub colour: &'static str,
    /// In tenths of a unit.
    pub tenths: u8,
    pub dashes: &'static str,
}

impl Stroke {
    pub(super) const GRID: Self = Self { colour: "#cccccc", tenths: 10, dashes: "" };
    pub(super) const AXIS: Self = Self { colour: "#000000", tenths: 15, dashes: "" };

    fn attributes(&self) -> String {
        let Self { colour, tenths, dashes } = self;
        let width = format!("{}.{}", tenths / 10, tenths % 10);
        let dashes = if dashes.is_empty() {
            String::new()
        } else {
            format!(" stroke-dasharray=\"{dashes}\"")
        };
        format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}")
    }
}

impl Drawing {
    pub(super) const fn new(height: i64) -> Self {
        Self { height, body: String::new() }
    }

    pub(super) fn line(&mut self, from: (i64, i64), to: (i64, i64), stroke: Stroke) {
        self.path(&[from, to], stroke);
    }

    pub(super) fn path(&mut self, points: &[(i64, i64)], stroke: Stroke) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" {}/>",
            points.join(" "),
            stroke.attributes()
        );
    }

    pub(super) fn bar(&mut self, (x, y): (i64, i64), (width, height): (i64, i64), fill: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\" \
             stroke=\"#000000\" stroke-width=\"1\"/>"
        );
    }

    pub(super) fn text(&mut self, (x, y): (i64, i64), anchor: Anchor, face: Face, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (size, weight) = match face {
            Face::Title => (20, "bold"),
            Face::Plain => (14, "normal"),
            Face::Small => (12, "normal"),
            Face::Bold => (14, "bold"),
        };
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
             font-weight=\"{weight}\">{}</text>",
            escaped(text)
        );
    }

    /// Ends the drawing. The description is read aloud to those who do not see it.
    pub(super) fn finish(self, title: &str, description: &str) -> String {
        let Self { height, body } = self;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
             font-family=\"DejaVu Sans, Verdana, sans-serif\">\n\
             <title>{}</title>\n<desc>{}</desc>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n",
            escaped(title),
            escaped(description)
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
