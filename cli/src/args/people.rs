//! Members, cards, vendors, contributions and the catalogue.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use crdt::card::CardText;
use crdt::{BasisPoints, Cents, Month};

use super::values::percent;

/// Members.
#[derive(Debug, Subcommand)]
pub enum Member {
    /// Enrols a member: one household, one account.
    Add {
        /// The person's name; personal, stays on this machine.
        #[arg(long)]
        name: String,
        /// Persons of 18 and over.
        #[arg(long, default_value_t = 1)]
        adults: u16,
        /// Persons of 14 to 17.
        #[arg(long, default_value_t = 0)]
        teens: u16,
        /// Persons under 14.
        #[arg(long, default_value_t = 0)]
        children: u16,
    },
    /// Lists the members with what they hold.
    List,
    /// Shows a member with cards and contributions.
    Show {
        /// The member: its name, or the beginning of its id (4 digits or more).
        member: String,
    },
}

/// Where a card's code comes from.
#[derive(Clone, Debug, Args)]
pub struct CodeSource {
    /// Reads the four digits from a file, `-` for standard input, instead of asking on the terminal.
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,
}

/// Food cards.
#[derive(Debug, Subcommand)]
pub enum Card {
    /// Issues a card; asks for the code that the member chooses.
    Issue {
        /// The member: its name, or the beginning of its id.
        #[arg(long)]
        member: String,
        /// Where the code comes from.
        #[command(flatten)]
        code: CodeSource,
    },
    /// Blocks a lost card for good; the member keeps the balance.
    Block {
        /// The card's number.
        card: CardText,
    },
    /// Draws a card to print, in French, as SVG with its QR code.
    Print {
        /// The card's number.
        card: CardText,
        /// Writes the drawing there instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Vendors.
#[derive(Debug, Subcommand)]
pub enum Vendor {
    /// Records a vendor. It takes payments once it is approved.
    Add {
        /// The vendor's name, as on its stall.
        #[arg(long)]
        name: String,
        /// INSEE code of its commune.
        #[arg(long)]
        commune: String,
        /// What kind of place it is.
        #[arg(long)]
        kind: String,
        /// The secret with which its till will speak: read from the file, or made and written there if
        /// the file does not exist.
        #[arg(long, value_name = "FILE")]
        till_secret_file: Option<PathBuf>,
    },
    /// Approves a vendor from now on: a dated decision of the committee.
    Approve {
        /// The vendor: its name, or the beginning of its id.
        vendor: String,
        /// The rate in percent at which its sales are covered.
        #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "100")]
        coverage: BasisPoints,
        /// Why, for people.
        #[arg(long)]
        reason: String,
    },
    /// Lists the vendors with their rates and what the caisse owes them.
    List,
    /// Shows what a vendor sold, gave back and was paid in a month, as the books have it.
    Statement(super::treasury::VendorStatement),
}

/// Contributions.
#[derive(Debug, Subcommand)]
pub enum Contribution {
    /// Records a contribution that was received.
    Add {
        /// The member: its name, or the beginning of its id.
        #[arg(long)]
        member: String,
        /// The month it is for, as 2026-11.
        #[arg(long)]
        month: Month,
        /// How much, as 12.50.
        #[arg(long, allow_hyphen_values = true)]
        amount: Cents,
        /// It was given in cash; else it is in the bank.
        #[arg(long)]
        cash: bool,
    },
}

/// The catalogue.
#[derive(Debug, Subcommand)]
pub enum Catalogue {
    /// Lists products.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Lists the products whose name, or whose vendor's name, contains a text.
    Search {
        /// The text.
        text: String,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Puts products on a vendor's sheet, or changes them, from a CSV file with a header: code, name, and
    /// if known ciqual, climate_g_co2e_per_kg, coverage_percent, price.
    Import {
        /// The vendor: its name, or the beginning of its id.
        vendor: String,
        /// The file.
        csv: PathBuf,
    },
}
