//! Why a sale is not made without the card's caisse, and why decisions about lots are refused.

use crdt::lot::LotTermsRefused;
use crdt::{Cents, SignedCents};
use serde::{Deserialize, Serialize};

use super::FederationRefused;

/// Why a sale is not made while the card's caisse cannot be reached, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum WithoutHome {
    /// The home caisse said that the card does not pay without it.
    #[error("the card's caisse cannot be reached, and this card does not pay without it")]
    Listed,
    /// We hold no lot.
    #[error("the card's caisse cannot be reached right now")]
    NoLot,
    /// The number was typed.
    #[error(
        "the card's caisse cannot be reached: scan the card, its number alone does not pay now"
    )]
    Typed,
    /// The home caisse's list of cards is too old, or was never heard.
    #[error(
        "the card's caisse cannot be reached, and its list of blocked cards is older than {days} days"
    )]
    ListTooOld {
        /// The age up to which we sell by it.
        days: u16,
    },
    /// More than one sale may cover.
    #[error("the card's caisse cannot be reached: until then a sale is covered up to {most}")]
    Sale {
        /// The most.
        most: Cents,
    },
    /// More than is left for the card.
    #[error("the card's caisse cannot be reached: until then this card has {left} left")]
    Card {
        /// What is left.
        left: Cents,
    },
    /// More than is left of the lot.
    #[error("the card's caisse cannot be reached: until then only {left} is left for its members")]
    Lot {
        /// What is left.
        left: Cents,
    },
}

/// Why a decision about lots is refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum OfflineRefused {
    /// The terms cannot be.
    #[error(transparent)]
    Terms(#[from] LotTermsRefused),
    /// We have no agreement with the partner.
    #[error("there is no agreement in force with this caisse: agree on terms first")]
    NoAgreement,
    /// More than the partner may be owed.
    #[error("the agreement's ceiling is {ceiling}: a lot cannot be larger")]
    AboveCeiling {
        /// The ceiling.
        ceiling: Cents,
    },
    /// More than the reserve.
    #[error("the reserve for lots is {reserve}: raise it first (caisse lot reserve)")]
    AboveReserve {
        /// The reserve.
        reserve: Cents,
    },
    /// A reserve of more money than there is.
    #[error("the bank and the cash box hold {money}: a reserve is money that is there")]
    NoMoney {
        /// What they hold.
        money: SignedCents,
    },
    /// Open lots hold more than that.
    #[error("open lots hold {out}: ask for some back first (caisse lot close)")]
    BelowLots {
        /// What they hold.
        out: Cents,
    },
    /// No such lot is open.
    #[error("no open lot that we gave has this id")]
    UnknownLot,
    /// We may not speak to the partner yet.
    #[error(transparent)]
    NotHeard(#[from] FederationRefused),
}
