//! Foreign bytes as UTF-8, counted before they are held: no line of a file is too long for memory.

use std::io::{BufRead, Read};

use encoding_rs::{Decoder, Encoding, ISO_8859_15, UTF_8, WINDOWS_1252};

use super::limits::{PIECE_BYTES, XML_BYTES};
use super::problem::{Fault, Place, excerpt};

/// Bytes that are read at once, and in which the encoding must be declared.
const CHUNK_BYTES: usize = 16 * 1024;

/// A reader that turns bytes into UTF-8, knows its place, and fails when a piece or the whole is
/// longer than its limit. Bytes that are no characters become U+FFFD, so that they spoil one field
/// and not the file.
pub(super) struct Source<R> {
    inner: R,
    decoder: Decoder,
    /// Bytes that were read and not decoded yet: a place in it, and what follows.
    raw: Vec<u8>,
    raw_at: usize,
    /// Decoded bytes, of which those from `at` on are not consumed.
    text: Vec<u8>,
    at: usize,
    length: usize,
    ended: bool,
    place: Place,
    file_bytes: u64,
    file_bytes_left: u64,
    piece_bytes_left: u64,
    /// Why the last read failed.
    fault: Option<Fault>,
}

impl<R: Read> Source<R> {
    /// Reads the beginning of a file and finds out its encoding: by its byte order mark, else by its
    /// XML declaration, else UTF-8.
    ///
    /// # Errors
    /// [`Fault::Unreadable`], or [`Fault::Encoding`] for another than UTF-8, ISO-8859-1, ISO-8859-15
    /// and Windows-1252.
    pub fn open(inner: R) -> Result<Self, Fault> {
        Self::bounded(inner, XML_BYTES)
    }

    /// Reads the beginning of a file that may have so many bytes in all.
    fn bounded(mut inner: R, file_bytes: u64) -> Result<Self, Fault> {
        let mut raw = Vec::with_capacity(CHUNK_BYTES);
        let unreadable = |why: std::io::Error| Fault::Unreadable(why.to_string());
        inner.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut raw).map_err(unreadable)?;
        let (encoding, mark) = encoding_of(&raw)?;
        Ok(Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            file_bytes,
            file_bytes_left: file_bytes.saturating_sub(raw.len() as u64),
            raw,
            raw_at: mark,
            // A character of one byte has up to three in UTF-8.
            text: vec![0; CHUNK_BYTES * 3],
            at: 0,
            length: 0,
            ended: false,
            place: Place { line: 1, column: 1 },
            piece_bytes_left: PIECE_BYTES,
            fault: None,
        })
    }

    /// Returns the place of the next byte.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Says that a new tag or text begins.
    pub const fn begin_piece(&mut self) {
        self.piece_bytes_left = PIECE_BYTES;
    }

    /// Takes the reason why the last read failed.
    pub const fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Decodes until there is text, or the end.
    fn refill(&mut self) -> Result<(), Fault> {
        (self.at, self.length) = (0, 0);
        while self.length == 0 && !self.ended {
            if self.raw_at == self.raw.len() {
                self.read_chunk()?;
            }
            let last = self.raw.is_empty();
            let raw = self.raw.get(self.raw_at..).unwrap_or_default();
            let (_, read, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, last);
            self.raw_at += read;
            self.length = written;
            self.ended = last;
        }
        Ok(())
    }

    /// Reads the next bytes; none at the end.
    fn read_chunk(&mut self) -> Result<(), Fault> {
        self.raw_at = 0;
        self.raw.clear();
        let mut chunk = self.inner.by_ref().take(CHUNK_BYTES as u64);
        let read = chunk.read_to_end(&mut self.raw);
        let read = read.map_err(|why| Fault::Unreadable(why.to_string()))?;
        let left = self.file_bytes_left.checked_sub(read as u64);
        self.file_bytes_left = left.ok_or(Fault::Limit { what: "bytes", most: self.file_bytes })?;
        Ok(())
    }
}

/// Returns the encoding of a file and how many bytes its byte order mark has.
fn encoding_of(beginning: &[u8]) -> Result<(&'static Encoding, usize), Fault> {
    if let Some((marked, length)) = Encoding::for_bom(beginning) {
        return if marked == UTF_8 {
            Ok((UTF_8, length))
        } else {
            Err(Fault::Encoding(marked.name().to_owned()))
        };
    }
    if beginning.iter().take(4).any(|byte| *byte == 0) {
        return Err(Fault::Encoding("UTF-16 or UTF-32".to_owned()));
    }
    let Some(label) = declared(beginning) else { return Ok((UTF_8, 0)) };
    match Encoding::for_label(label) {
        Some(known) if [UTF_8, WINDOWS_1252, ISO_8859_15].contains(&known) => Ok((known, 0)),
        _ => Err(Fault::Encoding(excerpt(&String::from_utf8_lossy(label)).replace('"', ""))),
    }
}

/// Returns the name in `<?xml … encoding="…"?>`, if the file begins like this.
fn declared(beginning: &[u8]) -> Option<&[u8]> {
    let declaration = beginning.strip_prefix(b"<?xml")?;
    let end = declaration.iter().position(|byte| *byte == b'>')?;
    let declaration = declaration.get(..end)?;
    let word = b"encoding";
    let at = declaration.windows(word.len()).position(|window| window == word)?;
    let value = declaration.get(at + word.len()..)?;
    let mut parts = value.splitn(3, |byte| matches!(byte, b'"' | b'\''));
    parts.nth(1)
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(into.len());
        into[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.length
            && let Err(fault) = self.refill()
        {
            self.fault = Some(fault);
        }
        if self.piece_bytes_left == 0 {
            self.fault = Some(Fault::Limit { what: "bytes in one tag or text", most: PIECE_BYTES });
        }
        if self.fault.is_some() {
            return Err(std::io::Error::other("see `take_fault`"));
        }
        let length = usize::try_from(self.piece_bytes_left).unwrap_or(usize::MAX);
        let end = self.length.min(self.at.saturating_add(length));
        Ok(&self.text[self.at..end])
    }

    fn consume(&mut self, count: usize) {
        let end = (self.at + count).min(self.length);
        let consumed = &self.text[self.at..end];
        let starts =
            |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32;
        let lines = consumed.iter().filter(|byte| **byte == b'\n').count() as u32;
        if lines == 0 {
            self.place.column = self.place.column.saturating_add(starts(consumed));
        } else {
            let last = consumed.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            self.place.line = self.place.line.saturating_add(lines);
            self.place.column = starts(last).saturating_add(1);
        }
        self.piece_bytes_left = self.piece_bytes_left.saturating_sub(count as u64);
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<(String, Place), Fault> {
        let mut source = Source::open(bytes)?;
        let mut text = String::new();
        source.read_to_string(&mut text).map_err(|_| Fault::Truncated)?;
        Ok((text, source.place()))
    }

    #[test]
    fn a_file_is_read_in_the_encoding_that_it_declares() {
        let declared = |name: &str, letter: &[u8]| {
            [format!("<?xml version='1.0' encoding='{name}'?>\n").as_bytes(), letter].concat()
        };
        let end = |bytes: &[u8]| all(bytes).map(|(text, _)| text.chars().last());
        assert_eq!(end(&declared("ISO-8859-1", b"\xe9")), Ok(Some('é')));
        assert_eq!(end(&declared("iso-8859-15", b"\xa4")), Ok(Some('€')));
        assert_eq!(end(&declared("windows-1252", b"\x80")), Ok(Some('€')));
        assert_eq!(end(&declared("UTF-8", "é".as_bytes())), Ok(Some('é')));
        assert_eq!(end(&declared("UTF-8", b"\xe9")), Ok(Some('\u{fffd}')));
        assert_eq!(end(b"\xef\xbb\xbfx\xc3"), Ok(Some('\u{fffd}')));
        assert_eq!(all(b"\xef\xbb\xbf\xc3\xa9"), Ok(("é".into(), Place { line: 1, column: 2 })));
        for name in ["UTF-16", "EBCDIC-CP-FR", "utf-7"] {
            assert!(matches!(end(&declared(name, b"")), Err(Fault::Encoding(_))), "{name}");
        }
        assert!(matches!(end(b"\xff\xfe<\0"), Err(Fault::Encoding(_))));
        assert!(matches!(end(b"\0<\0?"), Err(Fault::Encoding(_))));
    }

    #[test]
    fn a_file_without_an_end_is_refused_at_the_limit_and_a_piece_at_its_own() {
        let most = 10 * PIECE_BYTES;
        let mut source = Source::bounded(std::io::repeat(b'x'), most).expect("a beginning");
        let mut read = 0;
        while let Ok(bytes) = source.fill_buf() {
            let count = bytes.len();
            read += count as u64;
            source.begin_piece();
            source.consume(count);
        }
        assert_eq!(source.take_fault(), Some(Fault::Limit { what: "bytes", most }));
        assert!(read <= most);
        let mut source = Source::open(std::io::repeat(b'x')).expect("a beginning");
        let mut bytes = Vec::new();
        assert!(source.read_to_end(&mut bytes).is_err());
        assert_eq!(bytes.len() as u64, PIECE_BYTES);
    }

    #[test]
    fn the_place_counts_lines_and_characters() {
        assert_eq!(all("a\nbé\n".as_bytes()).map(|(_, at)| at), Ok(Place { line: 3, column: 1 }));
        assert_eq!(all("a\nbéc".as_bytes()).map(|(_, at)| at), Ok(Place { line: 2, column: 4 }));
    }
}
