//! Foreign bytes as a sequence of choices.

use crdt::wire;

/// Choices read from bytes; when these end, every choice is zero.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// Returns whether nothing is left to choose.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// Takes two bytes.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// Takes as many bytes as the first one says, or what is left.
    pub fn chunk(&mut self) -> &'a [u8] {
        let length = usize::from(self.short()).min(self.0.len());
        let (chunk, rest) = self.0.split_at(length);
        self.0 = rest;
        chunk
    }

    /// Takes a value of the wire, if a chunk is one.
    pub fn value<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        wire::decode(self.chunk()).ok()
    }
}

/// Writes a chunk as [`Bytes::chunk`] reads it.
#[must_use]
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let kept = &bytes[..usize::from(length)];
    [length.to_le_bytes().as_slice(), kept].concat()
}
