//! Members, the waiting list, and what is kept of a person.

use crdt::{Date, MemberId};
use serde::{Deserialize, Serialize};

use crate::member::ErasureReason;
use crate::rules::Household;

/// Someone who is to be enrolled or to wait, with what they told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// The person's name.
    pub name: String,
    /// Who lives in the household.
    pub household: Household,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Commune of the postal address.
    pub commune: Option<String>,
    /// What the person is called in the file they are imported from.
    pub reference: Option<String>,
}

/// What changes of a member; what is absent stays. An empty text takes the field away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberChange {
    /// The name, which cannot be taken away.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Commune of the postal address.
    pub commune: Option<String>,
    /// The number of the household's band of income, from 1; 0 takes it away.
    pub band: Option<u8>,
    /// Who lives in the household.
    pub household: Option<Household>,
    /// From which day on the household is that; today when absent.
    pub from: Option<Date>,
}

/// Something that changes members or the waiting list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleCommand {
    /// Changes what is known of a member.
    Change {
        /// The member.
        member: MemberId,
        /// What changes.
        change: Box<MemberChange>,
    },
    /// A member leaves.
    Leave {
        /// The member.
        member: MemberId,
        /// The last day on which what is left of the credit can be spent; it expires at once when absent.
        until: Option<Date>,
        /// Why, in words: personal, kept with the person.
        reason: String,
    },
    /// A member who left comes back.
    Return {
        /// The member.
        member: MemberId,
        /// Whether the credit that expired on leaving comes back, by a reversing entry.
        with_credit: bool,
    },
    /// Everything that says who a member is, is forgotten for good.
    Erase {
        /// The member.
        member: MemberId,
        /// Why.
        reason: ErasureReason,
    },
    /// Someone is put on the waiting list.
    Wait(Box<Applicant>),
    /// Someone on the waiting list becomes a member.
    Admit(MemberId),
    /// Someone is taken off the waiting list and forgotten.
    StopWaiting(MemberId),
    /// Lines of a file of members: those whose reference is not known yet are enrolled.
    Import(Vec<Applicant>),
}

/// A question about members and the waiting list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleQuery {
    /// What leaving would do.
    LeavePreview {
        /// The member.
        member: MemberId,
        /// As in [`PeopleCommand::Leave`].
        until: Option<Date>,
    },
    /// Everything that is held of a member, or of someone who waits.
    Held(MemberId),
    /// What an erasure would do.
    ErasurePreview(MemberId),
    /// Who waits, in the order of their coming.
    Waiting,
    /// Who can be drawn by lot.
    Candidates(Pool),
    /// What an import would do.
    ImportPreview(Vec<Applicant>),
    /// All members who have not left, with what is known of them, as a file of members has it.
    Roll,
}

/// From whom a lot is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// The members who have not left.
    Members,
    /// Those who wait.
    Waiting,
}
