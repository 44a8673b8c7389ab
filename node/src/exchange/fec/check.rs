//! Checks a file of entries against the legal text, without knowing how ours is written.
//!
//! Source: livre des procédures fiscales, article A47 A-1 (arrêté du 29 juillet 2013), I, III, VI, VII
//! and X. Amounts in the form `Montant` and `Sens`, which the article allows too, are not read.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use jiff::civil::Date;

/// Bytes of the longest line: eighteen fields with room to spare.
const LINE_BYTES: usize = 64 * 1024;

/// Faults that are kept; all are counted.
const KEPT: usize = 100;

/// The fields that are never empty (VII; the others may stay blank).
const NEVER_EMPTY: [usize; 12] = [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15];

const JOURNAL: usize = 0;
const NUMBER: usize = 2;
const DATE: usize = 3;
const ACCOUNT: usize = 4;
const DEBIT: usize = 11;
const CREDIT: usize = 12;
const VALID: usize = 15;

/// What is wrong with a file of entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FecProblem {
    /// The name is not of the form that X asks for.
    #[error("the name of the file is not SIREN, FEC and the last day of the year")]
    Name,
    /// The first line does not name the fields.
    #[error("the first line does not name this field in this place")]
    Header,
    /// Neither tab nor `|` parts the fields.
    #[error("the fields are parted neither by a tab nor by |")]
    Separator,
    /// A line is longer than any line of entries.
    #[error("the line is longer than {LINE_BYTES} bytes")]
    LongLine,
    /// Characters that ISO 8859-15 does not have, or that are another encoding's.
    #[error("characters that are not of ISO 8859-15")]
    Characters,
    /// Not 18 fields.
    #[error("{0} fields instead of 18")]
    Fields(usize),
    /// A field that is never empty.
    #[error("this field is empty")]
    Empty,
    /// Two fields that belong together.
    #[error("only one of two fields that belong together is filled")]
    HalfFilled,
    /// Not a day in the form AAAAMMJJ.
    #[error("not a day in the form AAAAMMJJ")]
    Date,
    /// A day after the end of the year in the name.
    #[error("a day outside of the year that the name says")]
    OtherYear,
    /// Not an account of the French chart.
    #[error("the first three characters of an account are digits")]
    Account,
    /// Not an amount.
    #[error("not an amount: digits, and a comma before decimals")]
    Amount,
    /// Not one of debit and credit.
    #[error("one of debit and credit is zero, and only one")]
    OneSide,
    /// One code or number with two labels.
    #[error("this code had another label before")]
    OtherLabel,
    /// Lines of one entry have different days.
    #[error("the lines of one entry have different days")]
    EntryDate,
    /// A number that does not follow.
    #[error(
        "this number does not follow the one before: the numbers of entries have a gap or go back"
    )]
    Number,
    /// An entry whose debits are not its credits.
    #[error("the entry that begins here is out of balance")]
    Balance,
    /// A day of validation before that of the line before.
    #[error("the entries are not in the order of their validation")]
    Order,
}

/// Something wrong, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{problem}", self.line_words(), self.field.map(|field| format!("`{field}`: ")).unwrap_or_default())]
pub struct FecFault {
    /// The line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The field.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub problem: FecProblem,
}

impl FecFault {
    fn line_words(&self) -> String {
        if self.line == 0 { String::new() } else { format!("line {}: ", self.line) }
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FecReport {
    /// Lines of debits and credits.
    pub lines: u64,
    /// Entries.
    pub entries: u64,
    /// All debits, in cents.
    pub debits: i128,
    /// All credits, in cents.
    pub credits: i128,
    /// The first faults, in the order of the file.
    pub faults: Vec<FecFault>,
    /// How many there are.
    pub count: u64,
}

impl FecReport {
    fn fault(&mut self, line: u64, field: Option<usize>, problem: FecProblem) {
        self.count += 1;
        if self.faults.len() < KEPT {
            let field = field.and_then(|field| super::FIELDS.get(field).copied());
            self.faults.push(FecFault { line, field, problem });
        }
    }
}

/// Checks a file of this name.
///
/// # Errors
/// What the system says of the file.
pub fn check(name: &str, mut file: impl BufRead) -> io::Result<FecReport> {
    let mut report = FecReport::default();
    let last_day = last_day(name);
    if last_day.is_none() {
        report.fault(0, None, FecProblem::Name);
    }
    let mut header = Vec::new();
    let found = next_line(&mut file, &mut header)?;
    let Some(separator) = separator(&header).filter(|_| found) else {
        report.fault(1, None, FecProblem::Separator);
        return Ok(report);
    };
    check_header(&header, separator, &mut report);
    let mut reading = Reading { last_day, report, ..Reading::default() };
    let (mut line, mut bytes) = (1, Vec::new());
    while next_line(&mut file, &mut bytes)? {
        line += 1;
        reading.line(line, &bytes, separator);
    }
    Ok(reading.end())
}

/// Reads a line without its end (CR, LF or both); of one that is too long only the beginning.
fn next_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let (used, ended) = {
            let bytes = file.fill_buf()?;
            if bytes.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let text = &bytes[..end.unwrap_or(bytes.len())];
            let room = (LINE_BYTES + 1).saturating_sub(line.len());
            line.extend_from_slice(&text[..text.len().min(room)]);
            (end.map_or(bytes.len(), |end| end + 1), end.map(|end| bytes[end]))
        };
        file.consume(used);
        match ended {
            Some(b'\r') => {
                if file.fill_buf()?.first() == Some(&b'\n') {
                    file.consume(1);
                }
                return Ok(true);
            }
            Some(_) => return Ok(true),
            None => {}
        }
    }
}

/// Reads the end of the year from the name: nine digits that check, `FEC`, a day.
fn last_day(name: &str) -> Option<Date> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let (siren, rest) = stem.split_at_checked(9)?;
    let day = rest.strip_prefix("FEC")?;
    super::is_siren(siren).then(|| date(day.as_bytes()))?
}

fn separator(header: &[u8]) -> Option<u8> {
    [b'\t', b'|'].into_iter().find(|separator| header.contains(separator))
}

fn check_header(header: &[u8], separator: u8, report: &mut FecReport) {
    let names: Vec<&[u8]> = header.split(|byte| *byte == separator).collect();
    if names.len() != super::FIELDS.len() {
        report.fault(1, None, FecProblem::Fields(names.len()));
    }
    for (place, (name, expected)) in names.iter().zip(super::FIELDS).enumerate() {
        if *name != expected.as_bytes() {
            report.fault(1, Some(place), FecProblem::Header);
        }
    }
}

fn date(text: &[u8]) -> Option<Date> {
    let number = |part: &[u8]| std::str::from_utf8(part).ok()?.parse::<i16>().ok();
    if text.len() != 8 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (month, day) = (number(&text[4..6])?, number(&text[6..])?);
    Date::new(number(&text[..4])?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Reads an amount in cents (III, 2°): a sign in front, a comma before decimals.
fn amount(text: &[u8]) -> Option<i128> {
    let (sign, digits) = match text.split_first()? {
        (b'-', rest) => (-1, rest),
        (b'+', rest) => (1, rest),
        _ => (1, text),
    };
    let mut parts = digits.splitn(2, |byte| *byte == b',');
    let (whole, decimals) = (parts.next()?, parts.next());
    let decimals = decimals.unwrap_or(b"0");
    let fits = (1..=16).contains(&whole.len()) && (1..=2).contains(&decimals.len());
    if !fits || !whole.iter().chain(decimals).all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0_i128, |n, d| n * 10 + i128::from(d - b'0'));
    let cents = if decimals.len() == 1 { number(decimals) * 10 } else { number(decimals) };
    Some(sign * (number(whole) * 100 + cents))
}

/// An entry that is being read.
#[derive(Default)]
struct Open {
    line: u64,
    journal: Vec<u8>,
    number: Vec<u8>,
    date: Vec<u8>,
    balance: i128,
}

/// Whether numbers follow each other without a gap, and where they do not.
#[derive(Default)]
struct Sequence {
    last: BTreeMap<Vec<u8>, u64>,
    broken: Vec<u64>,
    breaks: u64,
}

impl Sequence {
    fn next(&mut self, of: &[u8], number: Option<u64>, line: u64) {
        let follows = match (self.last.get(of), number) {
            (Some(last), Some(number)) => last.checked_add(1) == Some(number),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if !follows {
            self.breaks += 1;
            if self.broken.len() < KEPT {
                self.broken.push(line);
            }
        }
        self.last.insert(of.to_vec(), number.unwrap_or(0));
    }
}

#[derive(Default)]
struct Reading {
    last_day: Option<Date>,
    report: FecReport,
    open: Option<Open>,
    labels: BTreeMap<(usize, Vec<u8>), Vec<u8>>,
    /// Numbers may run through each journal or through the whole file.
    by_journal: Sequence,
    by_file: Sequence,
    valid: Option<Date>,
}

impl Reading {
    fn line(&mut self, line: u64, bytes: &[u8], separator: u8) {
        self.report.lines += 1;
        if bytes.len() > LINE_BYTES {
            return self.report.fault(line, None, FecProblem::LongLine);
        }
        let fields: Vec<&[u8]> = bytes.split(|byte| *byte == separator).collect();
        if fields.len() != super::FIELDS.len() {
            return self.report.fault(line, None, FecProblem::Fields(fields.len()));
        }
        self.texts(line, &fields);
        self.dates(line, &fields);
        let moved = self.amounts(line, &fields);
        self.entry(line, &fields, moved);
    }

    fn texts(&mut self, line: u64, fields: &[&[u8]]) {
        for (place, field) in fields.iter().enumerate() {
            let control = |byte: &u8| *byte < 0x20 || (0x7f..0xa0).contains(byte);
            // Letters with accents of ISO 8859-15 are hardly ever well-formed UTF-8.
            let utf8 = !field.is_ascii() && std::str::from_utf8(field).is_ok();
            if utf8 || field.iter().any(control) {
                self.report.fault(line, Some(place), FecProblem::Characters);
            }
            let blank = field.iter().all(|byte| *byte == b' ');
            if blank && NEVER_EMPTY.contains(&place) {
                self.report.fault(line, Some(place), FecProblem::Empty);
            }
        }
        for (one, other) in [(6, 7), (13, 14), (16, 17)] {
            if fields[one].is_empty() != fields[other].is_empty() {
                self.report.fault(line, Some(other), FecProblem::HalfFilled);
            }
        }
        let number = fields[ACCOUNT];
        if number.len() < 3 || !number[..3].iter().all(u8::is_ascii_digit) {
            self.report.fault(line, Some(ACCOUNT), FecProblem::Account);
        }
        for of in [JOURNAL, ACCOUNT] {
            let label = fields[of + 1];
            let known = self.labels.entry((of, fields[of].to_vec()));
            if known.or_insert_with(|| label.to_vec()) != label {
                self.report.fault(line, Some(of + 1), FecProblem::OtherLabel);
            }
        }
    }

    fn dates(&mut self, line: u64, fields: &[&[u8]]) {
        for place in [DATE, 9, 14, VALID] {
            if fields[place].is_empty() {
                continue;
            }
            let Some(day) = date(fields[place]) else {
                self.report.fault(line, Some(place), FecProblem::Date);
                continue;
            };
            let of_year = self.last_day.is_none_or(|last| {
                day <= last && day > last.saturating_sub(jiff::Span::new().years(2))
            });
            if place == DATE && !of_year {
                self.report.fault(line, Some(place), FecProblem::OtherYear);
            }
            if place == VALID {
                if self.valid.is_some_and(|before| day < before) {
                    self.report.fault(line, Some(place), FecProblem::Order);
                }
                self.valid = Some(day);
            }
        }
    }

    /// Returns debits less credits of a line.
    fn amounts(&mut self, line: u64, fields: &[&[u8]]) -> i128 {
        let (debit, credit) = (amount(fields[DEBIT]), amount(fields[CREDIT]));
        for (place, read) in [(DEBIT, debit), (CREDIT, credit)] {
            if read.is_none() && !fields[place].is_empty() {
                self.report.fault(line, Some(place), FecProblem::Amount);
            }
        }
        let (Some(debit), Some(credit)) = (debit, credit) else { return 0 };
        if (debit == 0) == (credit == 0) {
            self.report.fault(line, Some(DEBIT), FecProblem::OneSide);
        }
        self.report.debits += debit;
        self.report.credits += credit;
        debit - credit
    }

    fn entry(&mut self, line: u64, fields: &[&[u8]], moved: i128) {
        let goes_on = self
            .open
            .as_ref()
            .is_some_and(|open| open.journal == fields[JOURNAL] && open.number == fields[NUMBER]);
        if !goes_on {
            self.close();
            self.report.entries += 1;
            let digits = std::str::from_utf8(fields[NUMBER]).unwrap_or_default();
            let digits = digits.trim_start_matches(|c: char| !c.is_ascii_digit());
            let number = digits.parse().ok();
            self.by_journal.next(fields[JOURNAL], number, line);
            self.by_file.next(b"", number, line);
            let [journal, number, date] = [JOURNAL, NUMBER, DATE].map(|of| fields[of].to_vec());
            self.open = Some(Open { line, journal, number, date, balance: 0 });
        }
        if let Some(open) = &mut self.open {
            open.balance += moved;
            if open.date != fields[DATE] {
                self.report.fault(line, Some(DATE), FecProblem::EntryDate);
            }
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take().filter(|open| open.balance != 0) {
            self.report.fault(open.line, None, FecProblem::Balance);
        }
    }

    fn end(mut self) -> FecReport {
        self.close();
        if self.by_file.breaks > 0 && self.by_journal.breaks > 0 {
            for line in &self.by_journal.broken {
                self.report.fault(*line, Some(NUMBER), FecProblem::Number);
            }
        }
        self.report.faults.sort_by_key(|fault| fault.line);
        self.report
    }
}
