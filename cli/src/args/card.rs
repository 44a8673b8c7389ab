//! Food cards.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use crdt::card::CardText;
use crdt::{Cents, Date};
use ledger::command::WhyReplaced;

use super::people::CodeSource;

/// Food cards.
#[derive(Debug, Subcommand)]
pub enum Card {
    /// Issues a card; asks for the code that its holder chooses. For the member, unless a holder is named.
    Issue {
        /// The member: its name, or the beginning of its id.
        #[arg(long)]
        member: String,
        /// Who holds it.
        #[command(flatten)]
        holder: Holder,
        /// Where the code comes from.
        #[command(flatten)]
        code: CodeSource,
    },
    /// Gives a card that was printed in advance to a member, in person; asks for the code that its holder
    /// chooses. Until then the card pays nowhere.
    Assign {
        /// The number on the card.
        card: CardText,
        /// The member: its name, or the beginning of its id.
        #[arg(long)]
        member: String,
        /// Who holds it.
        #[command(flatten)]
        holder: Holder,
        /// Where the code comes from.
        #[command(flatten)]
        code: CodeSource,
    },
    /// Lists cards with their holders.
    List {
        /// Of one member only: its name, or the beginning of its id.
        #[arg(long)]
        member: Option<String>,
        /// The cards that belong to nobody yet.
        #[arg(long, conflicts_with = "member")]
        blank: bool,
    },
    /// Blocks a lost card for good; the member keeps the balance.
    Block {
        /// The card's number.
        card: CardText,
    },
    /// Blocks a card for good and puts another in its place: same account, balance, holder and limits.
    /// Asks for the code of the new one.
    Replace {
        /// The number of the card that is replaced; it may be blocked already.
        card: CardText,
        /// Why.
        #[arg(long, value_enum)]
        reason: Reason,
        /// A card printed in advance that takes its place; a new one when absent.
        #[arg(long, value_name = "NUMBER")]
        by: Option<CardText>,
        /// Where the code comes from.
        #[command(flatten)]
        code: CodeSource,
    },
    /// Sets a new code, in person; also ends a lock.
    ChangeCode {
        /// The card's number.
        card: CardText,
        /// Where the code comes from.
        #[command(flatten)]
        code: CodeSource,
    },
    /// Ends the lock after wrong codes before its time.
    Unlock {
        /// The card's number.
        card: CardText,
        /// Why, for people.
        #[arg(long)]
        reason: String,
    },
    /// Limits what a card may spend; replaces all limits that it had.
    Limit {
        /// The card's number.
        card: CardText,
        /// The limits; without any, the card is not limited any more.
        #[command(flatten)]
        limits: Limits,
    },
    /// Lists who got four cards or more within twelve months.
    Notices,
    /// Lists the blocked cards, signed by the caisse: for tills that sell without a network.
    Revoked {
        /// Writes the list there, as JSON, instead of showing it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Checks such a list instead, of this caisse or of one of the federation.
        #[arg(long, value_name = "FILE", conflicts_with = "out")]
        check: Option<PathBuf>,
    },
    /// Draws a card to print, in French, as SVG with its QR code.
    Print {
        /// The card's number.
        card: CardText,
        /// Writes the drawing there instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Makes a PDF of cards to print and cut, in French: ten on a page of A4, with cut marks.
    Sheet(Sheet),
}

/// Which cards are printed, and how.
#[derive(Clone, Debug, Args)]
pub struct Sheet {
    /// The usable cards of a member: its name, or the beginning of its id.
    #[arg(long, group = "which")]
    pub member: Option<String>,
    /// These cards, by their numbers.
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', group = "which")]
    pub cards: Vec<CardText>,
    /// So many new cards that belong to nobody yet: `card assign` gives them out.
    #[arg(long, value_name = "COUNT", group = "which")]
    pub new: Option<u32>,
    /// All cards that were made with --new and belong to nobody yet.
    #[arg(long, group = "which")]
    pub blank: bool,
    /// Prints the holder's name on each card that belongs to someone.
    #[arg(long)]
    pub names: bool,
    /// How the caisse is reached when a card is lost, printed on each card.
    #[arg(long, value_name = "TEXT")]
    pub contact: Option<String>,
    /// The file to write.
    #[arg(long, value_name = "FILE.pdf")]
    pub out: PathBuf,
}

/// Who holds a card, if not the member.
#[derive(Clone, Debug, Args)]
pub struct Holder {
    /// Someone else of the household holds it; personal, stays on this machine.
    #[arg(long, value_name = "NAME", conflicts_with = "delegate")]
    pub holder: Option<String>,
    /// A delegate holds it, such as a guardian; needs a limit.
    #[arg(long, value_name = "NAME")]
    pub delegate: Option<String>,
    /// What the card may spend.
    #[command(flatten)]
    pub limits: Limits,
}

/// What a card may spend.
#[derive(Clone, Debug, Args)]
pub struct Limits {
    /// At most so much of the credit in one purchase, as 12.50.
    #[arg(long, value_name = "AMOUNT")]
    pub per_purchase: Option<Cents>,
    /// At most so much of the credit in a month.
    #[arg(long, value_name = "AMOUNT")]
    pub per_month: Option<Cents>,
    /// The last day on which it pays, as 2026-12-31.
    #[arg(long, value_name = "DAY")]
    pub until: Option<Date>,
    /// It pays at this vendor only; may be given several times.
    #[arg(long = "vendor", value_name = "VENDOR")]
    pub vendors: Vec<String>,
}

/// Why a card is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reason {
    /// Nobody knows where it is.
    Lost,
    /// Someone took it.
    Stolen,
    /// It cannot be read any more.
    Damaged,
}

impl From<Reason> for WhyReplaced {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Lost => Self::Lost,
            Reason::Stolen => Self::Stolen,
            Reason::Damaged => Self::Damaged,
        }
    }
}
