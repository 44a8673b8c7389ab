//! Disputes, agreed contributions, reminders and corrections.

use crdt::{CaisseId, Cents, Date, DisputeId, MemberId, Month, PaymentId, SignedCents, VendorId};
use serde::{Deserialize, Serialize};

use crate::dispute::contest::Contest;
use crate::dispute::{DisputeState, Redress};

/// An answer of this area. What a command answers holds no words of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputesAnswer {
    /// A dispute as it is now.
    Dispute(DisputeInfo),
    /// Disputes.
    List(Vec<DisputeInfo>),
    /// A dispute with what was said.
    Shown {
        /// The dispute.
        info: DisputeInfo,
        /// What the member said, unless erased.
        reason: Option<String>,
        /// What was answered, if anything.
        answer: Option<String>,
    },
    /// What an answer would do.
    Foreseen(Foreseen),
    /// Letters to members, in French.
    Letters(Vec<String>),
    /// What a member agreed to contribute, or all members.
    Agreed(Vec<AgreedInfo>),
    /// Reminders, given or foreseen.
    Reminded(DunningReport),
    /// Reminders that were given.
    Reminders(Vec<ReminderInfo>),
    /// A correction, made or foreseen.
    Corrected {
        /// What the member holds afterwards.
        holds: Cents,
    },
}

/// A dispute, with its clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeInfo {
    /// The dispute.
    pub id: DisputeId,
    /// The caisse of the vendor.
    pub host: CaisseId,
    /// The payment.
    pub payment: PaymentId,
    /// The member.
    pub member: MemberId,
    /// The vendor, if it is ours.
    pub vendor: Option<VendorId>,
    /// What is contested.
    pub amount: Cents,
    /// When it was opened.
    pub opened: Date,
    /// The day by which it is to be answered.
    pub answer_by: Date,
    /// Until which day the amount is not paid out to the vendor.
    pub frozen_until: Date,
    /// Whether it is still not paid out.
    pub frozen: bool,
    /// Whether the day of the answer has passed without one.
    pub overdue: bool,
    /// What another caisse has given back since.
    pub given_by_host: Cents,
    /// What it means for settlement with the other caisse; absent until that was decided.
    pub settlement: Option<Contest>,
    /// Where it stands.
    pub state: DisputeState,
}

/// What an answer to a dispute would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    /// What the member would get back.
    pub amount: Cents,
    /// How; `None` if nothing is given back.
    pub by: Option<Redress>,
    /// What the vendor would be owed afterwards, if it is ours.
    pub vendor_owed: Option<SignedCents>,
}

/// What a member agreed to contribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedInfo {
    /// The member.
    pub member: MemberId,
    /// From which month on.
    pub from: Month,
    /// How much each month.
    pub amount: Cents,
}

/// A contribution that has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// The member.
    pub member: MemberId,
    /// What was agreed.
    pub agreed: Cents,
    /// What of it has not come.
    pub missing: Cents,
    /// Which reminder it is, from 1; 0 if it is too early for one.
    pub level: u8,
    /// Whether this reminder was given before.
    pub told: bool,
}

/// Reminders of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DunningReport {
    /// The month.
    pub month: Month,
    /// Days since the contribution was due.
    pub days: u32,
    /// Whether nothing was recorded.
    pub preview: bool,
    /// Every member whose contribution has not come.
    pub late: Vec<Late>,
}

/// A reminder that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderInfo {
    /// The member.
    pub member: MemberId,
    /// The month of the contribution.
    pub month: Month,
    /// Which one, from 1.
    pub level: u8,
    /// When.
    pub given: Date,
    /// What had not come by then.
    pub missing: Cents,
}
