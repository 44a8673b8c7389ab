//! The federation, statements and settlement.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use crdt::agreement::Eligibility;

/// The federation.
#[derive(Debug, Subcommand)]
pub enum Federation {
    /// Prints the caisse's own contact: what the others need to found a federation with it.
    Contact {
        /// Writes it there instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Signs the founding charter. Every founder does it with the same contacts, name and threshold.
    Found(Found),
    /// Proposes a change of the register; whoever proposes approves.
    #[command(subcommand)]
    Propose(Propose),
    /// Approves a proposal.
    Approve {
        /// The proposal: its id, or the beginning of it.
        id: String,
    },
    /// Shows the charter, the members, proposals and our agreements.
    Members,
    /// Offers terms to another caisse; in force once it has offered the same.
    Agree {
        /// The other caisse: its name, or the beginning of its id.
        caisse: String,
        /// The terms, as in the agreement section of a configuration; this caisse's own when absent.
        #[arg(long, value_name = "FILE")]
        terms_file: Option<PathBuf>,
        /// Whose rules say what is eligible; as the terms say when absent. Where it is not the host alone, each
        /// caisse states in the section `visits` of its configuration what it covers elsewhere.
        #[arg(long, value_enum)]
        eligibility: Option<Whose>,
    },
}

/// Whose rules say what is eligible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Whose {
    /// The caisse of the vendor.
    Host,
    /// The caisse of the member.
    Home,
    /// Both, at the lower rate.
    Strictest,
}

impl From<Whose> for Eligibility {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Host => Self::Host,
            Whose::Home => Self::Home,
            Whose::Strictest => Self::Strictest,
        }
    }
}

/// The founding charter.
#[derive(Debug, Args)]
pub struct Found {
    /// The contacts of the founders, in any order; our own is added if it is missing.
    #[arg(value_name = "CONTACT-FILE", required_unless_present = "charter")]
    pub contacts: Vec<PathBuf>,
    /// The federation's name.
    #[arg(long, default_value = "Fédération des caisses", conflicts_with = "charter")]
    pub name: String,
    /// The part of the members, in percent, that must approve a change: 51 to 100.
    #[arg(long, value_name = "PERCENT", default_value_t = 66, conflicts_with = "charter")]
    pub threshold: u8,
    /// Takes the whole charter from a file, as `--json --dry-run` prints it.
    #[arg(long, value_name = "FILE", conflicts_with = "contacts")]
    pub charter: Option<PathBuf>,
    /// Only shows the charter and the federation's id, so that the founders can compare it.
    #[arg(long)]
    pub dry_run: bool,
}

/// A change of the register.
#[derive(Debug, Subcommand)]
pub enum Propose {
    /// A caisse joins, or has new addresses.
    Admit {
        /// Its contact.
        #[arg(value_name = "CONTACT-FILE")]
        contact: PathBuf,
    },
    /// A caisse leaves.
    Remove {
        /// The caisse: its name, or the beginning of its id.
        caisse: String,
    },
}

/// Partner caisses.
#[derive(Debug, Subcommand)]
pub enum Peer {
    /// Lists the partners: who is connected, how far feeds are.
    List,
}

/// A statement.
#[derive(Debug, Args)]
pub struct Statement {
    /// The other caisse: its name, or the beginning of its id.
    #[arg(long, value_name = "CAISSE")]
    pub with: String,
    /// Publishes the statement; the other caisse answers with its own, and a settlement can use it.
    #[arg(long)]
    pub publish: bool,
}

/// Settlement.
#[derive(Debug, Subcommand)]
pub enum Settle {
    /// Proposes a run over every pair with a new agreed statement. Nothing moves before every caisse in it
    /// has signed.
    Propose {
        /// Leaves out the pairs of a caisse, by name or the beginning of its id: of one that stays silent,
        /// say. May be repeated.
        #[arg(long, value_name = "CAISSE")]
        without: Vec<String>,
    },
    /// Shows the runs: who signed, who aborted and why.
    Status,
    /// Shows who pays whom, gross against net.
    Transfers,
    /// Says that our bank transfer for a run left.
    Sent {
        /// The run: its id, or the beginning of it.
        run: String,
        /// Whom we paid: its name, or the beginning of its id.
        #[arg(long, value_name = "CAISSE")]
        to: String,
    },
    /// Says that the bank transfer of a run came; this discharges the debt.
    Received {
        /// The run: its id, or the beginning of it.
        run: String,
        /// Who paid us: its name, or the beginning of its id.
        #[arg(long, value_name = "CAISSE")]
        from: String,
    },
    /// Refuses a run, or takes the signature back as long as not all are known to be there: its debts can
    /// then be settled in another run.
    Abort {
        /// The run: its id, or the beginning of it.
        run: String,
        /// Why, for people.
        #[arg(long)]
        reason: String,
    },
}
