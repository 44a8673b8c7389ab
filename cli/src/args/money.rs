//! Allocations, payments and refunds.

use clap::{Args, Subcommand};
use crdt::card::CardText;
use crdt::{Cents, Month, PaymentId};

use super::people::CodeSource;

/// The monthly run.
#[derive(Debug, Args)]
pub struct Allocate {
    /// The month, as 2026-11.
    #[arg(long)]
    pub month: Month,
    /// Only says who would get what, and who nothing and why.
    #[arg(long)]
    pub preview: bool,
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
