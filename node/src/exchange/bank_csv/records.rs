//! The records of a table and where they are.

use csv::StringRecord;

/// The records of a table, each with the line on which it begins.
pub(super) struct Records<'t> {
    text: &'t str,
    reader: csv::StringRecordsIntoIter<&'t [u8]>,
    /// Up to which byte the lines were counted, and what line that is.
    counted: usize,
    line: u32,
}

impl<'t> Records<'t> {
    pub fn new(text: &'t str, delimiter: u8) -> Self {
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter);
        let reader = builder.from_reader(text.as_bytes()).into_records();
        Self { text, reader, counted: 0, line: 1 }
    }

    /// Returns the line of the record that begins at a byte or after the line ends there: the CSV
    /// reader counts the end of a line, and empty lines, to the record that follows.
    fn line_at(&mut self, byte: usize) -> u32 {
        let rest = self.text.get(byte..).unwrap_or_default();
        let begins = self.text.len() - rest.trim_start_matches(['\r', '\n']).len();
        let between = self.text.get(self.counted..begins).unwrap_or_default();
        let lines = u32::try_from(between.matches('\n').count()).unwrap_or(u32::MAX);
        self.counted = begins;
        self.line = self.line.saturating_add(lines);
        self.line
    }
}

impl Iterator for Records<'_> {
    type Item = (u32, StringRecord);

    fn next(&mut self) -> Option<Self::Item> {
        // A record of text in memory cannot fail: it is UTF-8, and may have any number of cells.
        let record = self.reader.by_ref().find_map(Result::ok)?;
        let byte = record.position().map_or(0, csv::Position::byte);
        Some((self.line_at(usize::try_from(byte).unwrap_or(usize::MAX)), record))
    }
}
