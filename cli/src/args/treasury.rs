//! The treasurer's month: the bank's lines, transfers, direct debits.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use crdt::{Cents, Date, Month};
use node::exchange::{Bic, CreditorId, Iban, MandateReference};

/// The bank's lines.
#[derive(Debug, Subcommand)]
pub enum Bank {
    /// Imports a statement of the caisse's account; a file that is imported twice changes nothing.
    ///
    /// Each line goes into the books once. Lines that surely are contributions, payments of a batch or
    /// money of a grant are assigned; the others wait in the queue. One bad line never stops the others.
    Import {
        /// The file: camt.053 (versions 02 and 08), or a table (CSV).
        file: PathBuf,
        /// What kind of file it is.
        #[arg(long, value_enum, default_value_t = Format::Auto)]
        format: Format,
        /// Only says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Lists the lines that nobody has assigned, and why they wait.
    Queue {
        /// Lists the lines that are assigned too.
        #[arg(long)]
        all: bool,
    },
    /// Shows a line, and the entries by hand that it could show.
    Show {
        /// The line: the beginning of its id.
        line: String,
    },
    /// Says what a line was for.
    Assign {
        /// The line: the beginning of its id.
        line: String,
        /// What for.
        #[command(flatten)]
        to: To,
        /// The month of the contribution, as 2026-11.
        #[arg(long, requires = "member")]
        month: Option<Month>,
        /// Why, kept as a note; also takes a contribution that the rules do not.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Takes back what a line was said to be for, by a reversing entry.
    Unassign {
        /// The line: the beginning of its id.
        line: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Compares the books with the bank's last statement; changes nothing. Exits with 1 if something is
    /// not explained.
    Reconcile,
    /// Shows the reference that a member writes on transfers.
    Reference {
        /// The member: its name, or the beginning of its id.
        member: String,
    },
    /// Erases what bank records say of a member: account, mandate, words of lines.
    Forget {
        /// The member: its name, or the beginning of its id.
        member: String,
    },
    /// Where the caisse, vendors and members are paid.
    #[command(subcommand)]
    Details(Details),
}

/// What a line was for.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct To {
    /// A contribution of this member; say the month too.
    #[arg(long, value_name = "MEMBER", requires = "month")]
    pub member: Option<String>,
    /// Money of this grant.
    #[arg(long, value_name = "GRANT")]
    pub grant: Option<String>,
    /// Money to or from this vendor, outside of a batch.
    #[arg(long, value_name = "VENDOR")]
    pub vendor: Option<String>,
    /// The transfer of a settlement with this caisse, which `settle` has put into the books.
    #[arg(long, value_name = "CAISSE")]
    pub partner: Option<String>,
    /// A whole batch that the bank booked as one sum.
    #[arg(long, value_name = "BATCH")]
    pub batch: Option<String>,
    /// What was put into the books by hand before: the place of that entry, as `bank show` names it.
    #[arg(long, value_name = "PLACE")]
    pub already: Option<u64>,
    /// Cash that was put into the bank or taken from it.
    #[arg(long)]
    pub cash: bool,
    /// Something else, and what.
    #[arg(long, value_name = "REASON", conflicts_with = "reason")]
    pub other: Option<String>,
}

/// What kind of file a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// XML if it begins like XML, else a table.
    Auto,
    /// camt.053.
    Camt,
    /// A table.
    Csv,
}

/// Where someone is paid.
#[derive(Debug, Subcommand)]
pub enum Details {
    /// Records where someone is paid. What was recorded before is replaced: a member for whom nothing is said
    /// of a mandate has none any more.
    Set {
        /// Who.
        #[command(flatten)]
        of: Of,
        /// The account.
        #[arg(long)]
        iban: Iban,
        /// The holder of the account, as the bank knows it.
        #[arg(long)]
        name: String,
        /// The bank's code, if it is needed.
        #[arg(long)]
        bic: Option<Bic>,
        /// The caisse's SEPA creditor identifier (ICS), needed to collect.
        #[arg(long, value_name = "ICS", requires = "own")]
        creditor_id: Option<CreditorId>,
        /// How much may be collected from the member each month; makes a mandate.
        #[arg(long, requires = "member", requires = "signed")]
        monthly: Option<Cents>,
        /// The day on which the mandate was signed.
        #[arg(long, value_name = "DATE", requires = "monthly")]
        signed: Option<Date>,
        /// The mandate's reference (RUM); the member's reference when absent.
        #[arg(long, value_name = "RUM", requires = "monthly")]
        mandate: Option<MandateReference>,
    },
    /// Shows where someone is paid, the account masked.
    Show {
        /// Who.
        #[command(flatten)]
        of: Of,
    },
}

/// Whose account it is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Of {
    /// The caisse's own.
    #[arg(long)]
    pub own: bool,
    /// This vendor's.
    #[arg(long, value_name = "VENDOR")]
    pub vendor: Option<String>,
    /// This member's.
    #[arg(long, value_name = "MEMBER")]
    pub member: Option<String>,
}

/// Transfers to vendors, and to members who paid first.
#[derive(Debug, Subcommand)]
pub enum Payout {
    /// Says whom a batch would pay, and who is left out and why.
    Preview {
        /// Only this vendor; may be repeated.
        #[arg(long = "vendor", value_name = "VENDOR")]
        vendors: Vec<String>,
    },
    /// Orders transfers of all that is owed; then make the file, and give it to the bank.
    Order {
        /// Only this vendor; may be repeated.
        #[arg(long = "vendor", value_name = "VENDOR")]
        vendors: Vec<String>,
        /// The day on which the bank should pay; today when absent.
        #[arg(long, value_name = "DATE")]
        on: Option<Date>,
        /// Only says what would be ordered.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes the file of a batch for the bank (pain.001): the same bytes each time.
    // The version is the message's here, not the program's.
    #[command(disable_version_flag = true)]
    File {
        /// The batch: its code, or the beginning of its id.
        batch: String,
        /// The version of the message that the bank takes.
        #[arg(long, value_enum, default_value_t = TransferVersion::V09)]
        version: TransferVersion,
        /// The file to write; one of the same name with other contents is not touched.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// What becomes of a batch.
    #[command(flatten)]
    Batch(Batch),
}

/// Direct debits of contributions.
#[derive(Debug, Subcommand)]
pub enum Collect {
    /// Says from whom a batch would collect, and who is left out and why.
    Preview {
        /// The month of the contributions, as 2026-11.
        #[arg(long)]
        month: Month,
    },
    /// Orders direct debits of all members with a mandate whose contribution has not come in.
    Order {
        /// The month of the contributions, as 2026-11.
        #[arg(long)]
        month: Month,
        /// The day on which members are debited; in a week when absent.
        #[arg(long, value_name = "DATE")]
        on: Option<Date>,
        /// Only says what would be ordered.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes the file of a batch for the bank (pain.008): the same bytes each time.
    // The version is the message's here, not the program's.
    #[command(disable_version_flag = true)]
    File {
        /// The batch: its code, or the beginning of its id.
        batch: String,
        /// The version of the message that the bank takes.
        #[arg(long, value_enum, default_value_t = DebitVersion::V08)]
        version: DebitVersion,
        /// The file to write; one of the same name with other contents is not touched.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// What becomes of a batch.
    #[command(flatten)]
    Batch(Batch),
}

/// What becomes of a batch.
#[derive(Debug, Subcommand)]
pub enum Batch {
    /// Lists the batches.
    List,
    /// Shows a batch with its payments.
    Show {
        /// The batch: its code, or the beginning of its id.
        batch: String,
    },
    /// Says that the bank carried out a batch, where its statements are not imported.
    Confirm {
        /// The batch: its code, or the beginning of its id.
        batch: String,
    },
    /// Takes back a batch that was not sent to the bank.
    Cancel {
        /// The batch: its code, or the beginning of its id.
        batch: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Reopens what the bank rejected, by its report (pain.002).
    Returns {
        /// The report.
        file: PathBuf,
    },
}

/// A version of pain.001.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransferVersion {
    /// pain.001.001.03.
    V03,
    /// pain.001.001.09.
    V09,
}

/// A version of pain.008.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DebitVersion {
    /// pain.008.001.02.
    V02,
    /// pain.008.001.08.
    V08,
}

/// How a vendor's statement looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatementFormat {
    /// For people.
    Text,
    /// For an accountant: cells between `;`, a comma before the cents.
    Csv,
    /// For the vendor: on paper, in French; needs --out.
    Pdf,
}

/// A vendor's statement.
#[derive(Debug, Args)]
pub struct VendorStatement {
    /// The vendor: its name, or the beginning of its id.
    pub vendor: String,
    /// The month, as 2026-11.
    #[arg(long)]
    pub month: Month,
    /// How it looks.
    #[arg(long, value_enum, default_value_t = StatementFormat::Text)]
    pub format: StatementFormat,
    /// Begins the table with the mark by which some spreadsheets know UTF-8.
    #[arg(long)]
    pub bom: bool,
    /// The file to write; replaced if it is there. On the terminal when absent.
    #[arg(long, value_name = "FILE", required_if_eq("format", "pdf"))]
    pub out: Option<PathBuf>,
}
