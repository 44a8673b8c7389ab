//! What happened in a world: a hash of everything, and lines for people when they ask for them.

use crdt::Digest;
use crdt::digest::Domain;

/// The record of one world.
#[derive(Debug)]
pub struct Trace {
    hash: blake3::Hasher,
    steps: u64,
    lines: Option<Vec<String>>,
}

/// Whether a world is told in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Only hashed: many worlds pass quickly.
    Silent,
    /// Every event is a line.
    Lines,
}

impl Trace {
    /// Begins a record.
    #[must_use]
    pub fn new(telling: Telling) -> Self {
        let lines = (telling == Telling::Lines).then(Vec::new);
        Self { hash: blake3::Hasher::new(), steps: 0, lines }
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
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>9}.{:03} s  {}", at / 1_000, at % 1_000, words()));
        }
    }

    /// Returns whether events are told in words.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.lines.is_some()
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
