//! Cards, for the operator.

use crdt::revocation::RevocationList;
use crdt::{CardId, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::CardInfo;
use crate::card::Restriction;
use crate::command::HolderRole;

/// An answer about cards. Only answers to questions hold names: those to commands are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardAnswer {
    /// Blank cards, made or listed.
    Blanks(Vec<BlankInfo>),
    /// A card was given to a member.
    Given(Box<CardInfo>),
    /// A card took the place of another.
    Replaced {
        /// The blocked card.
        old: CardId,
        /// The new one.
        new: Box<CardInfo>,
    },
    /// A card was changed.
    Changed(Box<CardInfo>),
    /// What now restricts a member's cards.
    Restricted(Restriction),
    /// Cards with their holders.
    List(Vec<CardRow>),
    /// Who got many cards within a year, newest first.
    Notices(Vec<CardsNotice>),
    /// The blocked cards, signed.
    Revoked(Box<RevocationList>),
}

/// A card that belongs to nobody yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlankInfo {
    /// The card.
    pub card: CardId,
    /// The number as printed.
    pub number: String,
    /// The content of its QR code.
    pub qr: String,
    /// When it was made.
    pub made: Timestamp,
}

/// A card with the names of those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardRow {
    /// The card.
    pub info: CardInfo,
    /// The member's name, unless erased.
    pub member_name: Option<String>,
    /// Who holds it, if not the member, unless erased.
    pub holder: Option<HolderInfo>,
}

/// Who holds a card of another's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderInfo {
    /// The person's name.
    pub name: String,
    /// In what role.
    pub role: HolderRole,
}

/// A member who got many cards within a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardsNotice {
    /// The member.
    pub member: MemberId,
    /// The member's name, unless erased.
    pub name: Option<String>,
    /// The card with which the notice was given.
    pub card: CardId,
    /// When.
    pub at: Timestamp,
    /// How many cards it was within twelve months.
    pub cards: u32,
}
