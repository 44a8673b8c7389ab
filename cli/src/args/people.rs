//! Members, vendors, contributions and the catalogue.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use crdt::{BasisPoints, Cents, Date, Month};

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
    /// Changes what is known of a member: the name, how to reach them, who lives in the household.
    Change(MemberChange),
    /// Ends a membership. Nothing is paid out: what is left of the credit expires and the cards are blocked,
    /// at once or after a day.
    Leave {
        /// The member: its name, or the beginning of its id.
        member: String,
        /// Why; personal, erased with the person.
        #[arg(long)]
        reason: String,
        /// The last day on which what is left can be spent, as 2026-12-31; without it nothing can.
        #[arg(long, value_name = "DAY")]
        until: Option<Date>,
        /// Only says what would be.
        #[arg(long)]
        dry_run: bool,
    },
    /// Takes back a departure. Cards that were blocked stay blocked.
    Return {
        /// The member: its name, or the beginning of its id.
        member: String,
        /// The credit that expired on leaving comes back too, by a reversing entry.
        #[arg(long)]
        with_credit: bool,
    },
    /// Shows everything that is held of a member or of someone who waits, with purpose and retention.
    Export {
        /// The member: its name, or the beginning of its id.
        member: String,
    },
    /// Forgets a person for good: name, contact, notes, bank details. The books keep their entries under an
    /// id that leads to nobody. It cannot be undone.
    Erase {
        /// The member: its name, or the beginning of its id.
        member: String,
        /// Why.
        #[arg(long, value_enum)]
        reason: ErasureReason,
        /// Only says what would be erased.
        #[arg(long)]
        dry_run: bool,
    },
    /// Enrols members from a CSV file, and says of each line what became of it. A bad line stops no other;
    /// the same file twice adds nobody.
    ///
    /// The first line names the columns: reference and name, and if known adults, teens, children, phone,
    /// email, commune; or in French référence, nom, adultes, adolescents, enfants, téléphone, courriel,
    /// commune. Cells are separated by `,` `;` or tabs; letters are UTF-8 or Windows-1252 (Latin-1). The
    /// reference is what the person is called in the file, for ever.
    Import {
        /// The file.
        csv: PathBuf,
        /// Only says what would become of each line.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes all members who have not left as a CSV file that `import` reads.
    ExportAll {
        /// Semicolons and a byte order mark, as spreadsheets in French want them.
        #[arg(long)]
        french: bool,
        /// Writes the table there, readable by you alone, instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
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

/// What changes of a member.
#[derive(Debug, Args)]
pub struct MemberChange {
    /// The member: its name, or the beginning of its id.
    pub member: String,
    /// The person's name.
    #[arg(long)]
    pub name: Option<String>,
    /// Telephone; empty to take it away.
    #[arg(long)]
    pub phone: Option<String>,
    /// E-mail address; empty to take it away.
    #[arg(long)]
    pub email: Option<String>,
    /// Commune of the postal address; empty to take it away.
    #[arg(long)]
    pub commune: Option<String>,
    /// The number of the household's band of income in the rules, from 1; 0 to take it away.
    #[arg(long)]
    pub band: Option<u8>,
    /// Persons of 18 and over; those who are not named here stay as many as they are.
    #[arg(long)]
    pub adults: Option<u16>,
    /// Persons of 14 to 17.
    #[arg(long)]
    pub teens: Option<u16>,
    /// Persons under 14.
    #[arg(long)]
    pub children: Option<u16>,
    /// From which day on the household is that, as 2026-12-31; today when absent. A month is allocated to
    /// the household of its last day.
    #[arg(long, value_name = "DAY")]
    pub from: Option<Date>,
}

/// Why a person is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ErasureReason {
    /// The person asked for it.
    Request,
    /// The time for which it may be kept is over.
    Retention,
    /// It should never have been recorded.
    Mistake,
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
        #[arg(long, value_name = "PERCENT", value_parser = percent)]
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
