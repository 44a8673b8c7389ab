//! What is wrong with a configuration, where, and what to do.

/// An error in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}\n  what to do: {help}", self.place())]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 if the file could not be read.
    pub line: usize,
    /// The column, from 1; 0 if the file could not be read.
    pub column: usize,
    /// The key whose value it is, if one stands there.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl ConfigError {
    /// Returns the file, the line and the key, as far as the message does not say them itself.
    fn place(&self) -> String {
        let Self { file, line, column, key, message, .. } = self;
        if *line == 0 {
            return format!("{file}: ");
        }
        match key {
            Some(key) if !message.contains(&format!("`{key}`")) => {
                format!("{file}:{line}:{column}: `{key}`: ")
            }
            Some(_) | None => format!("{file}:{line}:{column}: "),
        }
    }

    pub(super) fn unreadable(file: &str, why: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            key: None,
            message: format!("cannot be read: {why}"),
            help: "check the path; `caisse config default` prints a file to start from".to_owned(),
        }
    }

    pub(super) fn of_toml(text: &str, file: &str, bad: &toml::de::Error) -> Self {
        let (message, help) = match bad.message().split_once(" | ") {
            Some((message, help)) => (message.to_owned(), help.to_owned()),
            None => (bad.message().to_owned(), help_for(bad.message())),
        };
        let span = bad.span().unwrap_or(0..0);
        Self::of_misfit(text, file, Misfit { span, message, help })
    }

    pub(super) fn of_misfit(text: &str, file: &str, misfit: Misfit) -> Self {
        let (line, column) = locate(text, misfit.span.start);
        let key = key_at(text, line).map(str::to_owned);
        let Misfit { message, help, .. } = misfit;
        Self { file: file.to_owned(), line, column, key, message, help }
    }
}

/// Something that does not fit, with its place in the text, in bytes.
#[derive(Debug)]
pub(super) struct Misfit {
    pub span: std::ops::Range<usize>,
    pub message: String,
    pub help: String,
}

/// Returns the key whose value stands on a line: on it, or where its list begins.
fn key_at(text: &str, line: usize) -> Option<&str> {
    let bare =
        |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let lines: Vec<&str> = text.lines().take(line).collect();
    for (above, line) in lines.iter().rev().enumerate() {
        if let Some((key, value)) = line.split_once('=') {
            let list = value.trim_start().starts_with('[') && !value.contains(']');
            return Some(key.trim()).filter(|key| bare(key) && (above == 0 || list));
        }
        if line.trim_start().starts_with('[') {
            return None;
        }
    }
    None
}

/// Returns what to do about an error of the TOML reader.
fn help_for(message: &str) -> String {
    if let Some(unknown) = quoted_after(message, "unknown field") {
        return nearest(&unknown, message)
            .unwrap_or_else(|known| format!("remove it, or use one of: {known}"));
    }
    if let Some(unknown) = quoted_after(message, "unknown variant") {
        return nearest(&unknown, message).unwrap_or_else(|known| format!("use one of: {known}"));
    }
    if let Some(missing) = quoted_after(message, "missing field") {
        return format!("add `{missing}`; `caisse config default` shows every key");
    }
    if message == "duplicate key" {
        return "remove one of the two".to_owned();
    }
    "`caisse config default` shows every key with an example".to_owned()
}

/// Returns a question that names the nearest of the words that a message knows, or else all of them.
fn nearest(unknown: &str, message: &str) -> Result<String, String> {
    let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    match known.iter().min_by_key(|name| distance(unknown, name)) {
        // A word that shares less than half of its letters was not meant.
        Some(near) if distance(unknown, near) * 2 < unknown.chars().count() => {
            Ok(format!("did you mean `{near}`?"))
        }
        _ => Err(known.join(", ")),
    }
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
