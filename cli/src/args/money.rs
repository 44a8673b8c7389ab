//! Allocations, payments and refunds.

use clap::{Args, Subcommand};
use crdt::card::CardText;
use crdt::{Cents, Month, PaymentId};

use ledger::command::BasketLine;
use ledger::rules::Percent;

use super::people::CodeSource;
use super::values::{basket_line, tier};

/// The monthly run.
#[derive(Debug, Args)]
pub struct Allocate {
    /// The month, as 2026-11.
    #[arg(long)]
    pub month: Month,
    /// Only says who would get what, and who nothing and why.
    #[arg(long)]
    pub preview: bool,
    /// Issues even if credit is then not covered by money and confirmed grants, and keeps why.
    #[arg(long, value_name = "REASON", conflicts_with = "preview")]
    pub force: Option<String>,
}

/// A sale.
#[derive(Debug, Args)]
pub struct Pay {
    /// The card: its number, or the text of its QR code.
    #[arg(long, value_name = "CODE")]
    pub card: CardText,
    /// The vendor: its name, or the beginning of its id.
    #[arg(long, value_name = "ID")]
    pub vendor: String,
    /// The whole price, as 12.50.
    #[arg(long, allow_hyphen_values = true)]
    pub amount: Cents,
    /// A line of the basket, as PRODUCT=PRICE with the vendor's code for the product; may be repeated. The
    /// lines sum to the price, and each is covered at its product's rate.
    #[arg(long = "line", value_name = "PRODUCT=PRICE", value_parser = basket_line)]
    pub lines: Vec<BasketLine>,
    /// Takes less than could be covered if the member does not hold enough; the rest is the member's own
    /// money.
    #[arg(long)]
    pub partial: bool,
    /// The share of the price in percent that the buyer chose, where prices have tiers.
    #[arg(long, value_name = "PERCENT", value_parser = tier)]
    pub tier: Option<Percent>,
    /// The sale's own id, 32 hexadecimal digits; random when absent. Asking again under the same id never
    /// charges twice.
    #[arg(long, value_name = "PAYMENT-ID")]
    pub id: Option<PaymentId>,
    /// Where the code comes from.
    #[command(flatten)]
    pub code: CodeSource,
}

/// A refund.
#[derive(Debug, Args)]
pub struct Refund {
    /// The payment: its id, or the beginning of it.
    #[arg(value_name = "PAYMENT-ID")]
    pub payment: String,
    /// How much of what was covered, as 12.50; all that is left when absent.
    #[arg(long, allow_hyphen_values = true)]
    pub amount: Option<Cents>,
    /// The refund's own id; random when absent.
    #[arg(long, value_name = "REFUND-ID")]
    pub id: Option<PaymentId>,
    /// Only says what would be given back.
    #[arg(long)]
    pub dry_run: bool,
}

/// Payments.
#[derive(Debug, Subcommand)]
pub enum Payment {
    /// Lists the latest payments, newest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Shows one payment.
    Show {
        /// The payment: its id, or the beginning of it.
        #[arg(value_name = "PAYMENT-ID")]
        payment: String,
    },
}
