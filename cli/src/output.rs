//! What is said on stdout and stderr.

use std::future::Future;
use std::io::{ErrorKind, IsTerminal as _, Write};
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

/// How long a command may take in silence.
const QUIET: Duration = Duration::from_secs(2);

/// What a command has to say when it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// For machines: one JSON value.
    pub json: serde_json::Value,
    /// For people.
    pub text: String,
    /// Whether the answer to what was asked is yes; `verify` may have to say no.
    pub holds: bool,
}

impl Done {
    /// Says something in both forms.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the value cannot be written as JSON.
    pub fn new<T: Serialize>(value: &T, text: impl Into<String>) -> Result<Self, Failure> {
        let json = serde_json::to_value(value).map_err(|why| Failure::Failed(why.to_string()))?;
        Ok(Self { json, text: text.into(), holds: true })
    }
}

/// Prints how a command ended, and returns its exit code. A pipe that the reader closed is no error.
pub fn finish(ended: Result<Done, Failure>, json: bool) -> u8 {
    let (out, code) = match &ended {
        Ok(done) => {
            let text = if json { done.json.to_string() } else { harmless(&done.text) };
            (text, u8::from(!done.holds))
        }
        Err(failure) => {
            talk(&format!("caisse: {failure}"));
            let text = if json { failure.json().to_string() } else { String::new() };
            (text, failure.exit_code())
        }
    };
    if out.is_empty() {
        return code;
    }
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(out.as_bytes())
        .and_then(|()| if out.ends_with('\n') { Ok(()) } else { stdout.write_all(b"\n") });
    match written.and_then(|()| stdout.flush()) {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => {
            talk(&format!("caisse: cannot write the answer: {why}"));
            1
        }
        _ => code,
    }
}

/// Says something to people, on stderr; nobody may be listening.
pub fn talk(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// Takes out what would steer a terminal or turn the direction of writing: names and reasons come from
/// other caisses too.
pub(crate) fn harmless(text: &str) -> String {
    let steers = |c: char| {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || (c.is_control() && c != '\n' && c != '\t')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Starts a table; columns are named, those after a `>` hold numbers and are aligned to the right.
#[must_use]
pub fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(columns.iter().map(|name| name.trim_start_matches('>')));
    for (column, name) in table.column_iter_mut().zip(columns) {
        if name.starts_with('>') {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Writes names and values under each other, the values aligned.
#[must_use]
pub fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    facts.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// Returns the beginning of an id: enough to type, seldom too short.
#[must_use]
pub fn short(id: &impl std::fmt::Display) -> String {
    id.to_string().chars().take(12).collect()
}

/// Returns `yes` or `no`.
#[must_use]
pub const fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Returns a text for what may be absent.
pub fn or_dash(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Waits, and shows on a terminal that it waits when it takes long.
pub async fn patiently<T>(what: &'static str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    if let Ok(done) = tokio::time::timeout(QUIET, &mut work).await {
        return done;
    }
    let spinner = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
    if let Some(spinner) = &spinner {
        spinner.set_message(what);
        spinner.enable_steady_tick(Duration::from_millis(120));
    }
    let done = work.await;
    if let Some(spinner) = spinner {
        spinner.finish_and_clear();
    }
    done
}

/// Returns a bar on stderr, hidden where there is no terminal.
#[must_use]
pub fn bar(steps: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(steps).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_under_each_other() {
        let text = facts(&[("id", "1".to_owned()), ("longer", "2".to_owned())]);
        assert_eq!(text, "id      1\nlonger  2\n");
    }

    #[test]
    fn a_name_from_elsewhere_does_not_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}c\r\né"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\né");
    }

    #[test]
    fn a_table_aligns_numbers_to_the_right() {
        let mut table = table(&["name", ">amount"]);
        table.add_row(["a", "1.00"]).add_row(["b", "100.00"]);
        assert!(table.to_string().contains("   1.00"), "{table}");
        assert!(!table.to_string().contains('>'), "{table}");
    }
}
