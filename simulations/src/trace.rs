//! What happened in a world: a hash of everything, and lines for people when they ask for them.

use crdt::Digest;
use crdt::digest::Domain;

/// The record of one world.
#[derive(Debug)]
pub struct Trace {
    hash: blake3::Hasher,
    steps: u64,
    lines: Option<Vec<String>>,
    /// Whether only what people would tell is a line, and since when.
    story: Option<i64>,
}

/// Whether a world is told in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Only what people would tell of it.
    Story,
    /// Only hashed: many worlds pass quickly.
    Silent,
    /// Every event is a line.
    Lines,
}

impl Trace {
    /// Begins a record.
    #[must_use]
    pub fn new(telling: Telling) -> Self {
        let lines = (telling != Telling::Silent).then(Vec::new);
        let story = (telling == Telling::Story).then_some(0);
        Self { hash: blake3::Hasher::new(), steps: 0, lines, story }
    }

    /// Takes in an event: its bytes go into the hash, its words into the lines.
    pub fn event(&mut self, at: i64, bytes: &[u8], words: impl FnOnce() -> String) {
        self.steps += 1;
        self.hash.update(&at.to_le_bytes());
        self.hash.update(&(bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
        self.note(at, words);
    }

    /// Adds a line that is not part of the hash.
    pub fn note(&mut self, at: i64, words: impl FnOnce() -> String) {
        if let (Some(lines), None) = (&mut self.lines, self.story) {
            lines.push(format!("{:>9}.{:03} s  {}", at / 1_000, at % 1_000, words()));
        }
    }

    /// Begins the time of a story.
    pub fn begins(&mut self, at: i64) {
        self.story = self.story.map(|_| at);
    }

    /// Tells people what happened: a line in any world that is told.
    pub fn tells(&mut self, at: i64, words: impl FnOnce() -> String) {
        match (&mut self.lines, self.story) {
            (Some(lines), Some(since)) => lines.push(format!("{} {}", clock(at - since), words())),
            (Some(_), None) => self.note(at, words),
            (None, _) => {}
        }
    }

    /// Returns whether events are told in words.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.lines.is_some() && self.story.is_none()
    }

    /// Returns how many events there were.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the hash of all events so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Domain::Trace.hash(self.hash.finalize().as_bytes())
    }

    /// Returns the lines, none if the world was silent.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}

/// Hours, minutes and seconds since a story began.
fn clock(ms: i64) -> String {
    let seconds = ms / 1_000;
    format!("{:>3}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
