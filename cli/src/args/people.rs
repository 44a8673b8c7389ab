//! Members, vendors, contributions and the catalogue.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use crdt::{BasisPoints, Cents, Month};

use super::disputes::{Agree, Correct};
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
    /// Corrects what a member holds, with a reason; undone by the opposite.
    Correct(Correct),
    /// Shows a member with cards and contributions.
    Show {
        /// The member: its name, or the beginning of its id (4 digits or more).
        member: String,
    },
    /// Freezes all cards of a member at once; a sale that was authorised before is still paid.
    Freeze {
        /// The member: its name, or the beginning of its id.
        member: String,
    },
    /// Lets the cards of a frozen member pay again.
    Unfreeze {
        /// The member: its name, or the beginning of its id.
        member: String,
    },
    /// Lets a member's cards pay at vendors of this caisse only, or everywhere again.
    OnlyAtHome {
        /// The member: its name, or the beginning of its id.
        member: String,
        /// Whether they pay at home only.
        #[arg(value_enum)]
        only: OnOff,
    },
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// Where a card's code comes from.
#[derive(Clone, Debug, Args)]
pub struct CodeSource {
    /// Reads the four digits from a file, `-` for standard input, instead of asking on the terminal.
    #[arg(long, value_name = "FILE")]
    pub code_file: Option<PathBuf>,
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
    /// Records what a member agreed to contribute each month, within the rules.
    Agree(Agree),
    /// Lists what members agreed to contribute.
    Agreed,
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
