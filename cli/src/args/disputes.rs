//! Disputes, agreed contributions, reminders and corrections.

use clap::{Args, Subcommand};
use crdt::{Cents, Month};

/// Disputes (réclamations).
#[derive(Debug, Subcommand)]
pub enum Dispute {
    /// Opens a dispute: a member contests a payment, within 90 days.
    ///
    /// The amount is frozen for 15 days: it is not paid out to the vendor. The member gets nothing in advance.
    /// An answer is due within 10 working days; no clock decides anything.
    Open {
        /// The payment: its id, or the beginning of it. At this caisse's vendors or elsewhere.
        #[arg(value_name = "PAYMENT-ID")]
        payment: String,
        /// The member who contests it: its name, or the beginning of its id.
        #[arg(long, value_name = "MEMBER")]
        by: String,
        /// What the member says; personal, stays on this machine.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// How much of what was covered, as 12.50; all that was not given back when absent.
        #[arg(long, allow_hyphen_values = true)]
        amount: Option<Cents>,
    },
    /// Lists the disputes: those that are not answered first, what is due first before.
    List {
        /// Only those that are not answered.
        #[arg(long)]
        due: bool,
    },
    /// Shows a dispute with what was said.
    Show {
        /// The dispute: its id, or the beginning of it.
        #[arg(value_name = "DISPUTE-ID")]
        dispute: String,
    },
    /// Answers a dispute, for good.
    ///
    /// What is accepted goes back to the member by a refund, from what the vendor is owed. For a sale in another
    /// caisse, that caisse refunds first. Who else is to bear it is said by --vendor-owes or --own-loss.
    Answer(AnswerDispute),
    /// Withdraws a dispute, for the member.
    Withdraw {
        /// The dispute: its id, or the beginning of it.
        #[arg(value_name = "DISPUTE-ID")]
        dispute: String,
    },
    /// Writes the letter to the member about a dispute as it stands, in French.
    Notice {
        /// The dispute: its id, or the beginning of it.
        #[arg(value_name = "DISPUTE-ID")]
        dispute: String,
    },
}

/// How a dispute is answered.
#[derive(Debug, Args)]
pub struct AnswerDispute {
    /// The dispute: its id, or the beginning of it.
    #[arg(value_name = "DISPUTE-ID")]
    pub dispute: String,
    /// Yes, or no.
    #[command(flatten)]
    pub verdict: Verdict,
    /// How much is given back, as 12.50; all that is contested when absent.
    #[arg(long, conflicts_with = "reject", allow_hyphen_values = true)]
    pub amount: Option<Cents>,
    /// Why, for the member. Needed with --reject and with --own-loss.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The vendor was paid: it owes what is given back, until later sales make up for it.
    #[arg(long, conflicts_with_all = ["reject", "own_loss"])]
    pub vendor_owes: bool,
    /// The caisse bears what is given back, as a loss.
    #[arg(long, conflicts_with = "reject")]
    pub own_loss: bool,
    /// Only says what the answer would do.
    #[arg(long)]
    pub dry_run: bool,
}

/// Yes or no.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Verdict {
    /// The member gets it back.
    #[arg(long)]
    pub accept: bool,
    /// The member does not get it back.
    #[arg(long)]
    pub reject: bool,
}

/// Reminders of contributions (relances).
#[derive(Debug, Subcommand)]
pub enum Dunning {
    /// Says whom reminders of a month would go to; changes nothing.
    Preview {
        /// The month of the contributions, as 2026-11.
        #[arg(long)]
        month: Month,
    },
    /// Records the reminders of a month that are due; a second run of the same day adds nothing.
    ///
    /// Members whose agreed contribution has not come are reminded at the days that the configuration names,
    /// counted from the first of the month. Nothing is suspended by it.
    Run {
        /// The month of the contributions, as 2026-11.
        #[arg(long)]
        month: Month,
    },
    /// Lists the reminders that were given.
    List,
    /// Writes the letters of the last reminders of a month, in French, to those who still owe something.
    Letters {
        /// The month of the contributions, as 2026-11.
        #[arg(long)]
        month: Month,
    },
}

/// What a member agrees to contribute.
#[derive(Debug, Args)]
pub struct Agree {
    /// The member: its name, or the beginning of its id.
    #[arg(long)]
    pub member: String,
    /// How much each month, as 12.50; within the rules of the first month.
    #[arg(long, allow_hyphen_values = true)]
    pub amount: Cents,
    /// From which month on, as 2026-11; this one when absent.
    #[arg(long, value_name = "MONTH")]
    pub from: Option<Month>,
}

/// A correction of what a member holds.
#[derive(Debug, Args)]
pub struct Correct {
    /// The member: its name, or the beginning of its id.
    pub member: String,
    /// In which direction, and how much.
    #[command(flatten)]
    pub amount: CorrectBy,
    /// Why, for people; stays on this machine.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Only says what the member would hold.
    #[arg(long)]
    pub dry_run: bool,
}

/// In which direction, and how much.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct CorrectBy {
    /// The member gets so much more, as 12.50.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub credit: Option<Cents>,
    /// The member gets so much less, as 12.50; never below zero.
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub debit: Option<Cents>,
}
