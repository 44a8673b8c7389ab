//! Why something about cards is refused.

use crdt::{Cents, Date};
use serde::{Deserialize, Serialize};

/// Why a command about cards was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CardCommandRefused {
    /// No such member.
    #[error("the member is not known")]
    UnknownMember,
    /// No such card of ours.
    #[error("the card is not known: check its number")]
    UnknownCard,
    /// None, or too many at once.
    #[error("1 to {} blank cards are made at once", crate::limits::BLANK_CARDS)]
    Count,
    /// The card that should be handed out is not blank.
    #[error(
        "this card is not a blank one: it belongs to a member already, or was never printed here"
    )]
    NotBlank,
    /// The card that should be changed is blank.
    #[error("this card belongs to nobody yet: give it to a member with `caisse card assign`")]
    Blank,
    /// Another card has taken its place already.
    #[error("this card was replaced before, by {by}")]
    Replaced {
        /// The number of the card in its place.
        by: String,
    },
    /// A blocked card cannot be changed.
    #[error("this card is blocked for good: replace it with `caisse card replace`")]
    Blocked,
    /// The card is not locked.
    #[error("this card is not locked")]
    NotLocked,
    /// A name or reason without characters or with too many.
    #[error("a name or reason has 1 to {} characters", crate::limits::TEXT_CHARS)]
    Text,
    /// A delegate without limits.
    #[error("a delegate needs a limit: per purchase, per month, a last day, or vendors")]
    NoLimit,
    /// A limit under which nothing can be bought.
    #[error("a limit of zero leaves nothing to spend: block the card, or freeze the member")]
    LimitZero,
    /// A last day that is over.
    #[error("the last day, {until}, is over")]
    Over {
        /// That day.
        until: Date,
    },
    /// A vendor that is not one of ours, or too many.
    #[error("a limit names at most {} vendors, all of this caisse", crate::limits::CARD_VENDORS)]
    Vendors,
    /// Nothing would change.
    #[error("nothing changes: it is so already")]
    SoAlready,
}

/// Why a card that is genuine, with its right code, does not pay here; in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CardUseRefused {
    /// It belongs to nobody yet.
    #[error("the card was not given to anyone yet")]
    Blank,
    /// The member's cards are frozen.
    #[error("the member's cards are frozen; the caisse unfreezes them")]
    Frozen,
    /// The card's last day is over.
    #[error("the card paid until {until}")]
    Over {
        /// The last day.
        until: Date,
    },
    /// The card pays at certain vendors only.
    #[error("the card does not pay at this vendor")]
    OtherVendor,
    /// The card's limits leave only so much.
    #[error("the limits of this card allow {room} more for now")]
    Limit {
        /// How much may still be spent, in this purchase or month.
        room: Cents,
    },
}
