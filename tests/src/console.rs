//! Documentation that is executed: the `console` blocks of a Markdown document, as a person would type
//! them in one shell, one after the other.
//!
//! A line that begins with `$ ` is typed; one that begins with `> ` continues it. The lines below are what
//! must be shown, standard output and talk together: `…` inside a line stands for any text, `…` alone on a
//! line for any lines, none included. A command must end well: what shows a refusal adds
//! `|| echo "exit code $?"`. A command that ends in ` &` goes on in the background and may say what it
//! likes; after `caisse run DIR &` the next one waits until that node answers.

mod glob;
mod session;

pub use session::{Ended, play};

/// A document with what is typed in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name, for people.
    pub name: String,
    /// What is typed, in order, through all its blocks.
    pub steps: Vec<Step>,
}

/// Something that is typed, and what is shown then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The line of the document.
    pub line: usize,
    /// The command; several lines if it is continued.
    pub command: String,
    /// What must be shown; nothing is compared if it goes on in the background.
    pub expected: Vec<String>,
}

/// A document that cannot be executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    /// Output before the first command of a block.
    #[error("{name}:{line}: a console block begins with a line that begins with `$ `")]
    NothingTyped {
        /// The document.
        name: String,
        /// The line.
        line: usize,
    },
    /// A block that does not end.
    #[error("{name}:{line}: this block does not end")]
    Unclosed {
        /// The document.
        name: String,
        /// The line where the block begins.
        line: usize,
    },
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// [`BadDocument`] with the line.
    pub fn read(name: &str, text: &str) -> Result<Self, BadDocument> {
        let mut steps: Vec<Step> = Vec::new();
        let mut block: Option<(usize, bool, usize)> = None;
        for (line, text) in (1..).zip(text.lines()) {
            block = match block {
                None => text.strip_prefix("```").map(|kind| (line, kind == "console", steps.len())),
                Some(_) if text == "```" => None,
                Some((begun, true, first)) => {
                    let name = || name.to_owned();
                    let in_block = &mut steps[first..];
                    match (text.strip_prefix("$ "), text.strip_prefix("> "), in_block.last_mut()) {
                        (Some(typed), _, _) => {
                            let command = typed.to_owned();
                            steps.push(Step { line, command, expected: Vec::new() });
                        }
                        (None, Some(more), Some(step)) if step.expected.is_empty() => {
                            step.command = format!("{}\n{more}", step.command);
                        }
                        (None, _, Some(step)) => step.expected.push(text.trim_end().to_owned()),
                        (None, _, None) => {
                            return Err(BadDocument::NothingTyped { name: name(), line });
                        }
                    }
                    Some((begun, true, first))
                }
                other => other,
            };
        }
        match block {
            Some((line, ..)) => Err(BadDocument::Unclosed { name: name.to_owned(), line }),
            None => Ok(Self { name: name.to_owned(), steps }),
        }
    }
}

impl Step {
    /// Returns the command without its `&` if it goes on in the background.
    #[must_use]
    pub fn background(&self) -> Option<&str> {
        self.command.strip_suffix(" &")
    }

    /// Returns the caisse's directory if this runs a node.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        let words = self.background()?.strip_prefix("caisse run ")?;
        words.split_whitespace().find(|word| !word.starts_with('-'))
    }

    /// Returns whether what was shown is what is written.
    #[must_use]
    pub fn is_as_written(&self, shown: &str) -> bool {
        let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
        self.background().is_some() || glob::lines(&self.expected, &shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_lines_are_read_with_their_continuations_and_what_must_be_shown() {
        let text = "# Title\n```sh\n$ not executed\n```\n```console\n$ one \\\n> two\nshown …\n\n$ caisse \
                    run --log json dir &\n```\n";
        let read = Document::read("a.md", text).expect("it is well written");
        let step = |line, command: &str, expected: &[&str]| Step {
            line,
            command: command.to_owned(),
            expected: expected.iter().map(|line| (*line).to_owned()).collect(),
        };
        let run = "caisse run --log json dir &";
        assert_eq!(read.steps, [step(6, "one \\\ntwo", &["shown …", ""]), step(10, run, &[])]);
        assert_eq!(read.steps[0].node(), None);
        assert_eq!(step(1, "caisse run montpellier &", &[]).node(), Some("montpellier"));
    }

    #[test]
    fn a_document_that_cannot_be_executed_is_named_with_its_line() {
        let line = |text| match Document::read("a.md", text) {
            Err(BadDocument::NothingTyped { line, .. } | BadDocument::Unclosed { line, .. }) => {
                line
            }
            Ok(read) => panic!("it was read: {read:?}"),
        };
        assert_eq!(line("```console\n$ a\n```\n```console\nshown\n```\n"), 5);
        assert_eq!(line("text\n```console\n$ a\n"), 2);
    }
}
