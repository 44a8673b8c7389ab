//! Lots.

use clap::{Args, Subcommand};
use crdt::Cents;

/// Lots: what a host sells without asking while the home caisse cannot be reached.
#[derive(Debug, Subcommand)]
pub enum Lot {
    /// Shows the reserve, what each partner gets, and all lots, given and held.
    List,
    /// Decides what a partner gets, from the next lot on. It gets a new one whenever it has none, or has
    /// used half of what it has, as long as the reserve and the agreement's ceiling leave room.
    Policy(Policy),
    /// Decides what all open lots may hold together: money that is in the bank or the cash box.
    Reserve {
        /// How much, as 500.00.
        #[arg(allow_hyphen_values = true)]
        amount: Cents,
        /// Only says whether it could be, and what there is.
        #[arg(long)]
        dry_run: bool,
    },
    /// Asks for a lot back. It stays promised until the partner has said what it sold by it.
    Close {
        /// The lot: its id, or the beginning of it.
        #[arg(value_name = "LOT-ID")]
        lot: String,
        /// Only says what would be asked back.
        #[arg(long)]
        dry_run: bool,
    },
    /// Shows what members were advanced by sales without us, and the claims that no member pays.
    Losses,
}

/// What a partner gets.
#[derive(Debug, Args)]
pub struct Policy {
    /// The partner: its name, or the beginning of its id.
    #[arg(long, value_name = "CAISSE")]
    pub with: String,
    /// What a lot holds, as 200.00.
    #[arg(long, required_unless_present = "none", allow_hyphen_values = true)]
    pub amount: Option<Cents>,
    /// What one card may buy by it, over the whole life of the lot.
    #[arg(long, required_unless_present = "none", allow_hyphen_values = true)]
    pub per_card: Option<Cents>,
    /// What one sale may cover.
    #[arg(long, required_unless_present = "none", allow_hyphen_values = true)]
    pub per_sale: Option<Cents>,
    /// For how many days the partner sells by it, by its own clock.
    #[arg(long, default_value_t = 30)]
    pub days: u16,
    /// Gives no lots any more, and asks for the open ones.
    #[arg(long, conflicts_with_all = ["amount", "per_card", "per_sale", "days"])]
    pub none: bool,
    /// Only says whether it could be, and what would be given or asked back.
    #[arg(long)]
    pub dry_run: bool,
}
