//! Foreign bytes for everything that reads foreign bytes.
//!
//! A [`Target`] is a plain function that takes any bytes: it may refuse them and must not panic, and it checks
//! what always holds. Three things feed it: the test `replay`, with every input of the corpus, in `make test`; the
//! program `grow`, a loop of mutations on the stable toolchain; and libFuzzer (`fuzz/libfuzzer`, see its README).
//! What once made a target panic stays in the corpus.

pub mod bytes;
pub mod decoders;
#[cfg(feature = "files")]
pub mod files;
pub mod machine;
pub mod store;
pub mod town;

use std::hash::{DefaultHasher, Hasher as _};

/// What takes foreign bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Takes bytes; returns the [`shape`] of what came of them.
    pub run: fn(&[u8]) -> u64,
    /// Real encodings to begin with, made by the code as it is now.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Returns every target.
#[must_use]
pub fn targets() -> Vec<Target> {
    let mut all = decoders::TARGETS.to_vec();
    #[cfg(feature = "files")]
    all.extend(files::TARGETS);
    all.extend([machine::TARGET, store::TARGET]);
    all
}

/// Returns a number for the way that an input went, so that a loop without coverage knows a new one.
#[must_use]
pub fn shape(of: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Returns the shape of a refusal or of a value: its words, digits left out.
#[must_use]
pub fn shape_of_text(text: &str) -> u64 {
    let words: String = text.chars().filter(|c| !c.is_ascii_digit()).take(200).collect();
    shape(&words)
}
