//! Members, cards and vendors.

use std::collections::BTreeMap;

use crdt::{BasisPoints, CardId, Cents, Date, MemberId, Month, SignedCents, Timestamp, VendorId};
use serde::{Deserialize, Serialize};

use crate::card::{Limited, Restriction};
use crate::rules::Household;

/// A member in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// The member.
    pub id: MemberId,
    /// The person's name, unless erased.
    pub name: Option<String>,
    /// The household of today.
    pub household: Household,
    /// Since when the member has left, if so.
    pub left: Option<Date>,
    /// What the member holds.
    pub balance: Cents,
    /// The member's cards that are not blocked.
    pub cards: u32,
}

/// A member with everything that is kept of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDetail {
    /// As in a list.
    pub info: MemberInfo,
    /// All cards.
    pub cards: Vec<CardInfo>,
    /// What restricts them.
    pub restriction: Restriction,
    /// Contributions by month.
    pub contributions: BTreeMap<Month, Cents>,
}

/// A card, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardInfo {
    /// The card.
    pub card: CardId,
    /// The number as printed.
    pub number: String,
    /// The content of its QR code.
    pub qr: String,
    /// The member.
    pub member: MemberId,
    /// Whether it is blocked.
    pub blocked: bool,
    /// Until when it is locked after wrong codes, if it is.
    pub locked_until: Option<Timestamp>,
    /// When it was handed out.
    pub issued: Timestamp,
    /// Its limits, if it has any.
    pub limited: Option<Limited>,
    /// What a card with limits has spent this month.
    pub spent_this_month: Cents,
    /// Cards of the account within the last twelve months; the operator is told from
    /// [`crate::limits::MANY_CARDS`] on.
    pub cards_in_year: u32,
}

/// A vendor in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorInfo {
    /// The vendor.
    pub id: VendorId,
    /// Its name.
    pub name: String,
    /// INSEE code of its commune.
    pub commune: String,
    /// What kind of place it is.
    pub kind: String,
    /// The rate in force, if approved.
    pub coverage: Option<BasisPoints>,
    /// What the caisse owes it.
    pub balance: SignedCents,
}
