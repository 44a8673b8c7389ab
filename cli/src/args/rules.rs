//! Rules, grants, and how credit is covered.

use std::path::PathBuf;

use clap::Subcommand;
use crdt::Cents;

/// Rules.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Checks a rule set in a file: the keys of the section `rules` of a configuration. Names the line of a
    /// mistake.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Shows the rule set in force, or another one.
    Show {
        /// The number of the rule set; the one in force today when absent.
        number: Option<u32>,
    },
    /// Lists all rule sets: those that were, the one in force, those that are planned.
    List,
    /// Shows what differs between two rule sets.
    Diff {
        /// A version, or a file.
        one: String,
        /// Another version, or a file; the one in force today when absent.
        other: Option<String>,
    },
    /// Tries a rule set on the caisse's own last months: what it would have cost, and who would have gained
    /// and lost; changes nothing.
    Simulate(super::foresight::Simulate),
    /// Plans a rule set for a later day. What was sold before keeps its rules.
    Plan {
        /// The file.
        file: PathBuf,
        /// Plans it even if credit would not be covered under it, and keeps why.
        #[arg(long, value_name = "REASON")]
        force: Option<String>,
        /// Only says whether it could be planned, and what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Takes back the rule set that was planned last, before its first month has begun.
    Cancel {
        /// The number of the rule set.
        number: u32,
    },
}

/// Grants.
#[derive(Debug, Subcommand)]
pub enum Grant {
    /// Records a grant that a funder confirmed: from then on it covers credit.
    Confirm {
        /// Who gives it.
        #[arg(long)]
        funder: String,
        /// How much, as 12000.00.
        #[arg(long, allow_hyphen_values = true)]
        amount: Cents,
        /// The decision or contract, such as a number.
        #[arg(long)]
        reference: String,
    },
    /// Records that money of a grant came.
    Receive {
        /// The grant: its id, or the beginning of it, or its reference.
        grant: String,
        /// How much came.
        #[arg(long, allow_hyphen_values = true)]
        amount: Cents,
        /// It came in cash; else it is in the bank.
        #[arg(long)]
        cash: bool,
    },
    /// Lists the grants and what of each has not come yet.
    List,
}

/// The pot that balances tiers of prices.
#[derive(Debug, Subcommand)]
pub enum Pot {
    /// Puts money of the caisse into the pot.
    Fund {
        /// How much.
        #[arg(long, allow_hyphen_values = true)]
        amount: Cents,
    },
}

/// Credit that lasts too long.
#[derive(Debug, Subcommand)]
pub enum Expire {
    /// Says whom to tell and what would expire; changes nothing.
    Preview,
    /// Notes that the members of the preview are told, and lets expire what was told long enough ago.
    Run,
}
