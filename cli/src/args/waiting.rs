//! The waiting list, and draws by lot.

use clap::{Args, Subcommand};
use ledger::draw::Quota;

use super::values::quota;

/// The waiting list.
#[derive(Debug, Subcommand)]
pub enum Waiting {
    /// Puts someone on the list.
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
        /// Telephone.
        #[arg(long)]
        phone: Option<String>,
        /// E-mail address.
        #[arg(long)]
        email: Option<String>,
        /// Commune of the postal address.
        #[arg(long)]
        commune: Option<String>,
    },
    /// Lists who waits, in the order of their coming.
    List,
    /// Makes a member of someone who waits.
    Admit {
        /// Their name, or the beginning of their id.
        person: String,
    },
    /// Takes someone off the list and forgets them.
    Remove {
        /// Their name, or the beginning of their id.
        person: String,
    },
}

/// A draw by lot.
///
/// The ticket of a candidate is the BLAKE3 hash of the seed, a line feed and the id:
/// `printf '%s\n%s' SEED ID | b3sum`. Candidates stand in the order of their tickets, the smallest first.
/// Each quota, in the order typed, seats the first of its kind until so many of that kind have a seat; what is
/// left goes to the first of all. Fix the list before the seed can be known: take a number that nobody makes,
/// such as a national lottery's.
#[derive(Debug, Args)]
pub struct Draw {
    /// From whom: `members`, `waiting`, or a file of ids, one a line, or a CSV file whose first column is
    /// called id and whose others are what quotas can be made of. A file needs no running caisse.
    #[arg(long, value_name = "members|waiting|FILE")]
    pub from: String,
    /// How many are drawn.
    #[arg(long)]
    pub seats: u32,
    /// At least so many with a certain value, as commune=Lauris:3. For members and those who wait there are
    /// persons, adults, with_children (yes or no) and commune.
    #[arg(long = "quota", value_name = "ATTRIBUTE=VALUE:N", value_parser = quota)]
    pub quotas: Vec<Quota>,
    /// The public seed.
    #[arg(long)]
    pub seed: String,
}
