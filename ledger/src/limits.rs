//! Every limit of one caisse, with its unit and its reason.

use crdt::{Cents, Duration};

/// The largest price of one sale: no food shop takes more on a card, and a typing error stays small.
pub const SALE: Cents = Cents::from_u32(1_000_000);

/// Characters of a name or a reason.
pub const TEXT_CHARS: usize = crdt::limits::TEXT_CHARS;

/// Rows of one answer to a query.
pub const ROWS: u32 = 10_000;

/// Bytes of one part of a kept answer: a quarter of what the store takes as one record.
pub const ANSWER_PART_BYTES: usize = 1024 * 1024;

/// Days after a payment in which it can be contested.
pub const DISPUTE_DAYS: i32 = 90;

/// Working days within which a dispute is to be answered.
pub const DISPUTE_ANSWER_WORKING_DAYS: u16 = 10;

/// Days for which a contested amount is not paid out to the vendor.
pub const DISPUTE_FROZEN_DAYS: i32 = 15;

/// Time after which a host asks the home caisse again.
pub const ASK_AGAIN: Duration = Duration::from_ms(1_000);

/// Age at which a home caisse asks what became of a hold, and then the time between its questions.
pub const QUERY_AFTER: Duration = Duration::from_ms(10_000);

/// Open lots of one partner in one direction: one in use and those that it has not closed yet.
pub const OPEN_LOTS: usize = 8;

/// Days for which a partner's list of cards is good enough to sell without it: a card that is blocked is
/// refused everywhere after that.
pub const CARD_LIST_DAYS: u16 = 7;

/// Time after which a connected partner is told again which cards do not pay without us.
pub const CARD_LIST_AGAIN: Duration = Duration::from_ms(24 * 3_600_000);

/// Time between two comparisons of heads with a connected peer while something moves.
pub const COMPARE_EVERY: Duration = Duration::from_ms(2_000);

/// Bytes of entries that one author may make us store in a day of our own clock: some 200,000 payments of
/// one partner, and a disk of 64 GB that lasts for more than a year if one member does its worst.
pub const FEED_BYTES_PER_DAY: u64 = 128 * 1024 * 1024;

/// Bytes by which an answer to a new question of a partner counts as something that the partner made us
/// store: the entry that answers, and the record of the payment.
pub const ANSWER_BYTES: u64 = 512;

/// Percent of a ceiling from which the operator is told.
pub const CEILING_HALF_PERCENT: u32 = 50;

/// Percent of a ceiling, or of a visitor's month, from which refusals are near.
pub const CEILING_MOST_PERCENT: u32 = 80;

/// Sales that wait for home caisses at one time: beyond, a till is told to try again.
pub const OPEN_SALES: usize = 10_000;

/// Holds that one host may have open: its ceiling is reached long before.
pub const OPEN_HOLDS_PER_HOST: usize = 10_000;

/// Blank cards that are made at once: as many as one file of paper holds.
pub const BLANK_CARDS: u32 = 1_000;

/// Vendors that the limits of a card name: a list that a person reads.
pub const CARD_VENDORS: usize = 100;

/// Cards of one account within twelve months of which the operator is told, as mature benefit cards do
/// (7 CFR 274.6).
pub const MANY_CARDS: u32 = 4;

/// Lines of one basket: a till's roll of paper.
pub const BASKET_LINES: usize = 200;

/// Bands of income in one rule set: a table that fits a page.
pub const BANDS: usize = 20;

/// Changes of one household that are kept: one a month for sixteen years.
pub const HOUSEHOLD_CHANGES: usize = 200;

/// Days for which a change of a household can be planned.
pub const HOUSEHOLD_AHEAD_DAYS: i32 = 366;

/// Lines of a file of members in one command: a batch of writes that a disk takes in a moment.
pub const IMPORT_LINES: usize = 500;

/// Candidates of one draw.
pub const CANDIDATES: usize = 100_000;

/// Tiers of prices in one rule set: as many as fit a price tag.
pub const TIERS: usize = 6;

/// Lines of one import: what fits a request of the operator; the shell sends a longer statement in parts.
pub const STATEMENT_LINES: usize = 2_000;

/// Characters of what a payer wrote on a line of the bank: far above the 140 of SEPA.
pub const REMITTANCE_CHARS: usize = 2_000;

/// Structured references of one line of the bank.
pub const LINE_REFERENCES: usize = 16;

/// Characters of the reference of a mandate, of SEPA's messages.
pub const MANDATE_CHARS: usize = 35;

/// Payments of one batch: what fits one answer; more are ordered as another batch.
pub const BATCH_ITEMS: usize = 10_000;

/// Late entries of the books that are searched for one that a line of the bank shows.
pub const LATE_ENTRIES: u64 = 20_000;
