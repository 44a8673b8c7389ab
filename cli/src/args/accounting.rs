//! The books as an accountant reads them: entries, closings, the legal file, the meter, receipts.

use std::path::PathBuf;

use clap::Subcommand;
use crdt::Date;

/// The books.
#[derive(Debug, Subcommand)]
pub enum Book {
    /// Lists entries in the order in which they were made.
    List {
        /// The first day, as 2026-11-01.
        #[arg(long, value_name = "DAY")]
        from: Option<Date>,
        /// The last day.
        #[arg(long, value_name = "DAY")]
        to: Option<Date>,
        /// Only entries of an account: the beginning of its number, as 512, or of whose it is, as V3fa1.
        #[arg(long, value_name = "NUMBER")]
        account: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        limit: usize,
    },
    /// Shows one entry, why a person made it, and what reversed it.
    Show {
        /// Its place in the books.
        entry: u64,
    },
    /// Shows the trial balance (balance générale) at the end of a day: the same whenever it is asked for.
    Balance {
        /// The day; today when absent.
        #[arg(long, value_name = "DAY")]
        at: Option<Date>,
    },
    /// Takes back an entry that was a mistake, by a new one that moves the same the other way.
    ///
    /// What has an undo of its own is not reversed here: a sale is refunded.
    Reverse {
        /// Its place in the books.
        entry: u64,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Only says what would move.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Closing of what is over.
#[derive(Debug, Subcommand)]
pub enum Close {
    /// Closes a day that is over, and all days before, and shows the totals of each vendor.
    Day {
        /// The day; yesterday when absent.
        #[arg(long, value_name = "DAY")]
        date: Option<Date>,
        /// Only shows the totals.
        #[arg(long)]
        dry_run: bool,
    },
    /// Closes a year that is over: its balances are kept, and its file of entries never changes again.
    Year {
        /// The year.
        year: i16,
        /// Closes it even if days, payments or lines of the bank are still open, and keeps why.
        #[arg(long, value_name = "REASON", conflicts_with = "dry_run")]
        force: Option<String>,
        /// Only says what closing would say, and what is still open.
        #[arg(long)]
        dry_run: bool,
    },
    /// Shows up to which day the books are closed, and the closed years.
    List,
}

/// The file of a year's entries (fichier des écritures comptables).
#[derive(Debug, Subcommand)]
pub enum Fec {
    /// Writes the file of a year, and its description, into a directory.
    Export {
        /// The year.
        #[arg(long)]
        year: i16,
        /// The directory.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The caisse's SIREN, if its configuration does not name it.
        #[arg(long)]
        siren: Option<String>,
        /// Writes the names of vendors beside their ids. Members are never named.
        #[arg(long)]
        vendor_names: bool,
    },
    /// Checks a file against article A47 A-1 of the livre des procédures fiscales; exits with 1 if anything
    /// is wrong. Needs no node.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// Receipts of the association.
#[derive(Debug, Subcommand)]
pub enum Receipt {
    /// Lists who gave more in a year than they were issued: a draft, the caisse decides. Off unless the
    /// configuration says otherwise.
    List {
        /// The year.
        #[arg(long)]
        year: i16,
    },
}
