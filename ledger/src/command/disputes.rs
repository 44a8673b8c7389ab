//! Disputes, what members agreed to contribute, reminders, corrections.

use crdt::{Cents, DisputeId, MemberId, Month, PaymentId};
use serde::{Deserialize, Serialize};

/// Something that is asked about a dispute, an agreed contribution, reminders or a correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputesCommand {
    /// Opens a dispute: a member contests a payment.
    Open {
        /// The payment, at one of our vendors or elsewhere.
        payment: PaymentId,
        /// The member who contests it.
        member: MemberId,
        /// How much of what was covered; all that was not given back when absent.
        amount: Option<Cents>,
        /// What the member says: personal, kept apart.
        reason: String,
    },
    /// Answers a dispute.
    Answer {
        /// The dispute.
        dispute: DisputeId,
        /// How.
        decision: Decision,
    },
    /// Withdraws a dispute, for the member.
    Withdraw {
        /// The dispute.
        dispute: DisputeId,
    },
    /// Records what a member agreed to contribute each month.
    Agree {
        /// The member.
        member: MemberId,
        /// How much.
        amount: Cents,
        /// From which month on; this one when absent.
        from: Option<Month>,
    },
    /// Reminds the members whose agreed contribution of a month has not come.
    Remind {
        /// The month.
        month: Month,
    },
    /// Corrects what a member holds, with a reason.
    Correct(Correction),
}

/// How a dispute is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The member gets it back.
    Accept {
        /// How much; all that is contested when absent.
        amount: Option<Cents>,
        /// Who bears it.
        burden: Burden,
        /// Why, for people: personal, kept apart. Needed when the caisse bears it.
        reason: Option<String>,
    },
    /// The member does not get it back.
    Reject {
        /// Why, for people: personal, kept apart.
        reason: String,
    },
}

/// Who bears what is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Burden {
    /// The vendor, from what it is owed; elsewhere the host, by its refund.
    #[default]
    Vendor,
    /// The vendor, though it was paid: it owes the caisse, until later sales make up for it.
    VendorOwes,
    /// The caisse, as a loss.
    Caisse,
}

/// A correction of what a member holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The member.
    pub member: MemberId,
    /// In which direction.
    pub direction: Direction,
    /// How much.
    pub amount: Cents,
    /// Why, for people: may be personal, kept apart.
    pub reason: String,
}

/// In which direction a member's account is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The member gets more.
    Credit,
    /// The member gets less.
    Debit,
}

/// A question about a dispute, an agreed contribution, reminders or a correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputesQuery {
    /// All disputes, or only those that are not answered; what is due first comes first.
    List {
        /// Only those that are not answered.
        due: bool,
    },
    /// One dispute, with what was said.
    Show(DisputeId),
    /// What an answer would do.
    Foresee {
        /// The dispute.
        dispute: DisputeId,
        /// The answer.
        decision: Decision,
    },
    /// The letter to the member, in French.
    Letter(DisputeId),
    /// What members agreed to contribute.
    Agreed,
    /// Whom reminders of a month would go to.
    Late(Month),
    /// The reminders that were given.
    Reminders,
    /// The letters of the last reminders of a month, in French.
    ReminderLetters(Month),
    /// What a correction would do.
    ForeseeCorrection(Correction),
}
