//! Every limit on what a bank's file can make us hold or do, with its unit and its reason.

/// Bytes of an XML file: a statement of half a million lines. A caisse has some hundreds a month.
pub const XML_BYTES: u64 = 256 * 1024 * 1024;

/// Bytes of a table, which is held in memory whole: some 200,000 lines.
pub const CSV_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of one tag, text or comment of an XML file. The longest text of the messages has 500
/// characters; the rest is room for comments and for data that we do not read.
pub const PIECE_BYTES: u64 = 64 * 1024;

/// Levels of elements in each other. The messages need 14.
pub const DEPTH: usize = 40;

/// Namespace declarations on one element. The messages need two.
pub const NAMESPACES_PER_ELEMENT: usize = 16;

/// Attributes on one element. The messages need one, the root up to four.
pub const ATTRIBUTES_PER_ELEMENT: usize = 32;

/// Bytes of names and texts of one statement entry, held in memory at once: a collection of some
/// 50,000 direct debits that the bank books as one sum.
pub const ENTRY_BYTES: usize = 32 * 1024 * 1024;

/// Elements of one statement entry, held in memory at once (64 bytes each).
pub const ENTRY_ELEMENTS: usize = 2_000_000;

/// Lines in all of one statement file, some 500 bytes each in memory.
pub const LINES: usize = 1_000_000;

/// Statements in one file: one for each account and day, for a year.
pub const STATEMENTS: usize = 10_000;

/// Records before the header of a table: banks write the account and its balance there.
pub const CSV_PREAMBLE_RECORDS: usize = 30;

/// Columns of a table.
pub const CSV_COLUMNS: usize = 100;

/// Problems that are kept; more are counted. Nobody reads a thousand.
pub const PROBLEMS: usize = 1_000;

/// Characters of a reference in a message (ISO 20022 `Max35Text`).
pub const REFERENCE_CHARS: usize = 35;

/// Characters of a name in a message that is read (ISO 20022 `Max140Text`).
pub const NAME_CHARS: usize = 140;

/// Characters of the remittance text of one line, its parts joined, and of a bank's own words.
pub const REMITTANCE_CHARS: usize = 2_000;

/// Structured references that are kept of one line.
pub const REFERENCES_PER_LINE: usize = 16;

/// Characters of a name in a file that is written (EPC implementation guidelines).
pub const SEPA_NAME_CHARS: usize = 70;

/// Characters of the remittance text in a file that is written (EPC: one `Ustrd`).
pub const SEPA_REMITTANCE_CHARS: usize = 140;

/// Characters of the id of a message that is written: five fewer than allowed, for a suffix that
/// tells its blocks apart.
pub const MESSAGE_ID_CHARS: usize = 30;

/// Payments in a file that is written: what the French banks take in one.
pub const PAYMENTS_PER_FILE: usize = 100_000;

/// Cents of one SEPA payment: 999,999,999.99 EUR (EPC rulebooks).
pub const SEPA_PAYMENT_CENTS: u64 = 99_999_999_999;

/// The first year that a date in a bank's file may have; SEPA began in 2008.
pub const FIRST_YEAR: i16 = 1990;

/// The last year that a date in a bank's file may have: later ones are slips of a keyboard.
pub const LAST_YEAR: i16 = 2199;

/// Characters of a wrong value that are repeated in a message.
pub const EXCERPT_CHARS: usize = 40;

/// Characters of a library's error message that are repeated in ours.
pub const MESSAGE_CHARS: usize = 160;
