//! A vendor's till.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use crdt::card::CardText;
use crdt::{Cents, PaymentId};

use super::people::CodeSource;

/// A vendor's till: it sells also while its node cannot be reached, and sends those sales later.
#[derive(Debug, Subcommand)]
pub enum Till {
    /// Pairs the till with its node, or asks the node anew for what the till keeps: keys, blocked cards, limits.
    Pair {
        /// The till's own directory.
        #[arg(long, value_name = "DIR")]
        till: PathBuf,
        /// The node's door for tills, as 127.0.0.1:7448.
        #[arg(long, value_name = "ADDRESS")]
        door: SocketAddr,
        /// The vendor's secret, as `caisse vendor add --till-secret-file` wrote it.
        #[arg(long, value_name = "FILE")]
        secret_file: PathBuf,
    },
    /// Sells. If the node cannot be reached, the sale is stored, NOT YET PAID: the vendor bears the risk until
    /// it is sent.
    Sell(Sell),
    /// Sends the stored sales under their own ids, and says of each what became of it. May be repeated.
    Send {
        /// The till's own directory.
        #[arg(long, value_name = "DIR")]
        till: PathBuf,
        /// Sends also what was stored for longer than 24 hours: the member may not remember it.
        #[arg(long)]
        late: bool,
        /// Only says what would be sent.
        #[arg(long)]
        dry_run: bool,
    },
    /// Lists the stored sales, and what became of those that were sent.
    List {
        /// The till's own directory.
        #[arg(long, value_name = "DIR")]
        till: PathBuf,
    },
}

/// A sale at a till.
#[derive(Debug, Args)]
pub struct Sell {
    /// The till's own directory.
    #[arg(long, value_name = "DIR")]
    pub till: PathBuf,
    /// The card: the text of its QR code; while the node can be reached, its number too.
    #[arg(long, value_name = "CODE")]
    pub card: CardText,
    /// The whole price, as 12.50.
    #[arg(long, allow_hyphen_values = true)]
    pub amount: Cents,
    /// The sale's own id, 32 hexadecimal digits; random when absent. Selling again under the same id never
    /// charges twice.
    #[arg(long, value_name = "PAYMENT-ID")]
    pub id: Option<PaymentId>,
    /// Stores the sale without trying to reach the node.
    #[arg(long)]
    pub store: bool,
    /// Only says whether the sale could be stored; nothing is sold.
    #[arg(long)]
    pub dry_run: bool,
    /// Where the code comes from.
    #[command(flatten)]
    pub code: CodeSource,
}
