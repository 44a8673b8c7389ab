//! What people ask about cards: handing out, replacing, codes, limits, freezing.

use crdt::{CardId, Cents, Date, MemberId, VendorId};
use serde::{Deserialize, Serialize};

use super::Code;

/// A command about cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardCommand {
    /// Makes cards that belong to nobody yet, to print in advance. They pay nothing until given.
    MakeBlanks {
        /// How many, at most [`crate::limits::BLANK_CARDS`].
        count: u32,
    },
    /// Gives a card to a member, in person: with the code that its holder chose.
    Give {
        /// The member whose credit it spends.
        member: MemberId,
        /// The code.
        code: Code,
        /// A blank card that is handed out; a new one when absent.
        blank: Option<CardId>,
        /// Who holds it, if not the member.
        holder: Option<NewHolder>,
    },
    /// Blocks a card for good and puts another in its place: same account, holder and limits.
    Replace {
        /// The card.
        card: CardId,
        /// Why.
        why: WhyReplaced,
        /// The code of the new card.
        code: Code,
        /// A blank card that is handed out; a new one when absent.
        blank: Option<CardId>,
    },
    /// Sets a new code, in person; ends a lock.
    ChangeCode {
        /// The card.
        card: CardId,
        /// The new code.
        code: Code,
    },
    /// Ends the lock after wrong codes.
    Unlock {
        /// The card.
        card: CardId,
        /// Why, for people; may name someone, so it is kept apart.
        reason: String,
    },
    /// Limits what a card spends, or lifts its limits.
    Limit {
        /// The card.
        card: CardId,
        /// The limits; none when all of it is empty.
        limits: Limits,
    },
    /// Freezes a member's cards or restricts where they pay, or ends that.
    Restrict {
        /// The member.
        member: MemberId,
        /// What changes.
        change: Restrict,
    },
}

/// A question about cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardQuery {
    /// The cards of a member, or of all; with the names of their holders.
    List(Option<MemberId>),
    /// The cards that belong to nobody yet.
    Blanks,
    /// Who got many cards within a year.
    Notices,
    /// The blocked cards, signed.
    Revoked,
}

/// Who holds a card that is not the member's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewHolder {
    /// The person's name: personal, kept apart from everything else.
    pub name: String,
    /// In what role.
    pub role: HolderRole,
    /// What the card may spend.
    pub limits: Limits,
}

/// In what role someone holds a card of another's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderRole {
    /// Someone of the household.
    Household,
    /// A delegate: a guardian, or whoever the member named. Always limited.
    Delegate,
}

/// What a card may spend of the member's credit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// At most so much in one purchase.
    pub per_purchase: Option<Cents>,
    /// At most so much in a calendar month.
    pub per_month: Option<Cents>,
    /// The last day on which it pays.
    pub until: Option<Date>,
    /// It pays only at these vendors of ours, and at no other caisse's; anywhere when empty.
    pub vendors: Vec<VendorId>,
}

impl Limits {
    /// Returns whether nothing is limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a card is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyReplaced {
    /// Nobody knows where it is.
    Lost,
    /// Someone took it.
    Stolen,
    /// It cannot be read any more.
    Damaged,
}

/// A change of where a member's cards pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restrict {
    /// Nowhere, until they are unfrozen.
    Freeze,
    /// As before the freeze.
    Unfreeze,
    /// At vendors of this caisse only.
    OnlyAtHome,
    /// Also at vendors of other caisses.
    Anywhere,
}
