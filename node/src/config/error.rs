//! What is wrong with a configuration, where, and what to do.

/// An error in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}\n  what to do: {help}")]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 if the file could not be read.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl ConfigError {
    pub(super) fn unreadable(file: &str, why: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: format!("cannot be read: {why}"),
            help: "check the path; `caisse config default` prints a file to start from".to_owned(),
        }
    }

    pub(super) fn of_toml(text: &str, file: &str, bad: &toml::de::Error) -> Self {
        let (line, column) = locate(text, bad.span().map_or(0, |span| span.start));
        let (message, help) = match bad.message().split_once(" | ") {
            Some((message, help)) => (message.to_owned(), help.to_owned()),
            None => (bad.message().to_owned(), help_for(bad.message())),
        };
        Self { file: file.to_owned(), line, column, message, help }
    }
}

/// Returns what to do about an error of the TOML reader.
fn help_for(message: &str) -> String {
    if let Some(unknown) = quoted_after(message, "unknown field") {
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let near = known.iter().min_by_key(|name| distance(&unknown, name));
        return match near {
            Some(near) if distance(&unknown, near) <= 3 => format!("did you mean `{near}`?"),
            _ => format!("remove it, or use one of: {}", known.join(", ")),
        };
    }
    if let Some(missing) = quoted_after(message, "missing field") {
        return format!("add `{missing}`; `caisse config default` shows every key");
    }
    "`caisse config default` shows every key with an example".to_owned()
}

fn quoted_after(message: &str, what: &str) -> Option<String> {
    let rest = message.strip_prefix(what)?;
    rest.split('`').nth(1).map(str::to_owned)
}

/// Returns how many letters must change to make one word of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Returns the line and column, from 1, of a place in a text.
pub(super) fn locate(text: &str, place: usize) -> (usize, usize) {
    let before = text.get(..place.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}
