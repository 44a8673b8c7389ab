//! How the demo tells what it does: in steps on stdout, or on stderr when stdout is for JSON, with a
//! progress bar where there is a terminal.

use std::io::Write as _;

use comfy_table::{LineStyle, Table, TableStyle};
use indicatif::ProgressBar;

use crate::output::{self, bar, harmless};

/// Where the story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// On stdout: the story is what was asked for.
    Out,
    /// On stderr, beside the JSON on stdout.
    Aside,
}

/// Tells the story.
#[derive(Debug)]
pub struct Teller {
    voice: Voice,
    bar: ProgressBar,
}

impl Teller {
    /// Makes one that speaks there.
    #[must_use]
    pub fn new(voice: Voice) -> Self {
        Self { voice, bar: ProgressBar::hidden() }
    }

    /// Says one or several lines.
    pub fn say(&self, text: impl AsRef<str>) {
        let text = harmless(text.as_ref());
        // Whoever closed the pipe does not want to know.
        let said = || match self.voice {
            Voice::Out => writeln!(std::io::stdout(), "{text}"),
            Voice::Aside => writeln!(std::io::stderr(), "{text}"),
        };
        let _ = self.bar.suspend(said);
    }

    /// Says something that belongs to the present step.
    pub fn detail(&self, text: impl AsRef<str>) {
        self.say(indented(text.as_ref()));
    }

    /// Shows a table that belongs to the present step.
    pub fn table(&self, table: &Table) {
        self.detail(table.to_string());
    }

    /// Begins a progress bar; a clone of it counts on.
    pub fn begin_bar(&mut self, steps: usize, what: &'static str) -> ProgressBar {
        self.end_bar();
        self.bar = bar(steps as u64, what);
        self.bar.tick();
        self.bar.clone()
    }

    /// Takes the progress bar away.
    pub fn end_bar(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }
}

/// Starts a table as in [`output::table`], but close set: the demo shows many.
#[must_use]
pub fn table(columns: &[&str]) -> Table {
    let mut table = output::table(columns);
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule));
    table
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("    {}", line.trim_end())).collect();
    lines.join("\n")
}
