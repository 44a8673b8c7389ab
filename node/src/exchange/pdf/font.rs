//! Texts in the fonts that every reader of PDF brings along, and how wide they are.
//!
//! Nothing is embedded: Helvetica and Courier belong to the fourteen standard fonts (ISO 32000-1,
//! 9.6.2.2), and Windows-1252 (`WinAnsiEncoding`) has every letter of French.

use encoding_rs::WINDOWS_1252;

use crate::exchange::sepa_text::to_sepa;

/// One of the standard fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// Helvetica.
    Regular,
    /// Helvetica-Bold.
    Bold,
    /// Courier-Bold: every character has the same width.
    Fixed,
}

impl Font {
    /// Every font, in the order of the objects in the file.
    pub(super) const ALL: [Self; 3] = [Self::Regular, Self::Bold, Self::Fixed];

    /// The name that pages know it by.
    pub(super) const fn key(self) -> &'static [u8] {
        match self {
            Self::Regular => b"R",
            Self::Bold => b"B",
            Self::Fixed => b"F",
        }
    }

    /// The name that readers know it by.
    pub(super) const fn name(self) -> &'static [u8] {
        match self {
            Self::Regular => b"Helvetica",
            Self::Bold => b"Helvetica-Bold",
            Self::Fixed => b"Courier-Bold",
        }
    }

    /// Returns the width of a text in points at a size in points.
    pub(super) fn width(self, text: &Text, size: f32) -> f32 {
        let thousandths: u32 = text.0.iter().map(|byte| u32::from(self.advance(*byte))).sum();
        thousandths as f32 * size / 1000.0
    }

    const fn advance(self, byte: u8) -> u16 {
        let table = match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
            Self::Fixed => return 600,
        };
        if byte < FIRST { 0 } else { table[(byte - FIRST) as usize] }
    }
}

/// A text in Windows-1252, without characters that control anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Vec<u8>);

impl Text {
    /// Writes a text. Letters that Windows-1252 does not have lose their accents, and what has no
    /// nearest letter becomes a full stop, as in files for the bank.
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '\u{202f}' | '\u{2009}' => bytes.push(NO_BREAK_SPACE),
                control if control.is_control() => {}
                other => push(&mut bytes, other),
            }
        }
        Self(bytes)
    }

    /// Returns the lines of a text that are at most so many points wide. Lines end at spaces; a word
    /// that is wider than a line is cut.
    pub(super) fn wrapped(&self, font: Font, size: f32, width: f32) -> Vec<Self> {
        let mut lines: Vec<Self> = Vec::new();
        let mut line = Self::default();
        for word in self.0.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
            let mut longer = line.clone();
            longer.0.extend((!line.0.is_empty()).then_some(b' '));
            longer.0.extend_from_slice(word);
            if font.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.0.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for byte in word {
                line.0.push(*byte);
                if line.0.len() > 1 && font.width(&line, size) > width {
                    let next = line.0.split_off(line.0.len() - 1);
                    lines.push(std::mem::replace(&mut line, Self(next)));
                }
            }
        }
        if !line.0.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// Returns at most so many lines, the last one ending in an ellipsis if something is left out.
    pub(super) fn lines(&self, font: Font, size: f32, width: f32, most: usize) -> Vec<Self> {
        let mut lines = self.wrapped(font, size, width);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                last.end_with_ellipsis(font, size, width);
            }
        }
        lines
    }

    fn end_with_ellipsis(&mut self, font: Font, size: f32, width: f32) {
        self.0.push(ELLIPSIS);
        while self.0.len() > 1 && font.width(self, size) > width {
            self.0.remove(self.0.len() - 2);
        }
    }
}

fn push(bytes: &mut Vec<u8>, character: char) {
    let mut buffer = [0; 4];
    let (encoded, _, lost) = WINDOWS_1252.encode(character.encode_utf8(&mut buffer));
    if lost {
        // Never empty of meaning, always ASCII.
        bytes.extend_from_slice(to_sepa(character.encode_utf8(&mut [0; 4])).as_bytes());
    } else {
        bytes.extend_from_slice(&encoded);
    }
}

const ELLIPSIS: u8 = 0x85;
const NO_BREAK_SPACE: u8 = 0xa0;

/// The first character of the tables.
const FIRST: u8 = 0x20;

/// Widths of Helvetica from 0x20 on, in thousandths of the size (Adobe's font metrics, Core 14).
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 0,
    556, 0, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

/// Widths of Helvetica-Bold.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 0,
    556, 0, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_keeps_its_letters_and_other_letters_lose_their_accents() {
        assert_eq!(Text::new("Œuf à 3 €").0, b"\x8cuf \xe0 3 \x80");
        assert_eq!(Text::new("Ștefan\u{7}\u{202f}Łódź").0, b"Stefan\xa0L\xf3dz");
        assert_eq!(Text::new("麦").0, b".");
    }

    #[test]
    fn a_text_is_as_wide_as_the_metrics_say() {
        // 556 for each figure, 278 for the comma, at ten points.
        assert!((Font::Regular.width(&Text::new("12,5"), 10.0) - 19.46).abs() < 0.001);
        assert!((Font::Fixed.width(&Text::new("12,5"), 10.0) - 24.0).abs() < 0.001);
    }

    #[test]
    fn lines_end_at_spaces_and_a_word_without_end_is_cut() {
        let lines = |text: &str, width, most| {
            let lines = Text::new(text).lines(Font::Fixed, 10.0, width, most);
            lines.into_iter().map(|line| line.0).collect::<Vec<_>>()
        };
        assert_eq!(lines("deux mots  ici", 54.0, 9), [&b"deux mots"[..], b"ici"]);
        assert_eq!(lines("aaaaaaa b", 18.0, 9), [&b"aaa"[..], b"aaa", b"a b"]);
        assert_eq!(lines("deux mots ici", 30.0, 2), [&b"deux"[..], b"mots\x85"]);
        assert_eq!(lines("", 30.0, 2), [b""]);
        assert_eq!(lines("abc", 0.0, 9), [b"a", b"b", b"c"]);
    }
}
