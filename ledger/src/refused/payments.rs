//! Why payments and refunds are refused.

use crdt::pair::DenyReason;
use crdt::{Cents, Duration};
use serde::{Deserialize, Serialize};

use super::{CardUseRefused, FederationRefused, WithoutHome};
use crate::rules::Percent;

/// Why a payment was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PaymentRefused {
    /// The payment id was used for another sale.
    #[error("this payment id was used before for another sale: make a new one")]
    Conflict,
    /// Zero.
    #[error("the amount is zero")]
    AmountZero,
    /// More than [`crate::limits::SALE`].
    #[error("the amount is above the limit of {limit} for one sale")]
    AmountTooLarge {
        /// The limit.
        limit: Cents,
    },
    /// More lines than [`crate::limits::BASKET_LINES`], or a product's code that is too long.
    #[error("a basket has at most {limit} lines, and a product's code 200 characters")]
    BasketTooLarge {
        /// The limit.
        limit: u32,
    },
    /// The lines do not sum to the price.
    #[error("the lines of the basket sum to {sum}, not to the price")]
    BasketSum {
        /// Their sum.
        sum: Cents,
    },
    /// Not one of our vendors.
    #[error("the vendor is not known")]
    UnknownVendor,
    /// The committee has not approved the vendor.
    #[error("the vendor is not approved")]
    VendorNotApproved,
    /// At this rate the caisse would pay nothing.
    #[error("nothing of this sale is covered")]
    NothingCovered,
    /// Neither one of our cards nor of a caisse that we know.
    #[error("the card is not known")]
    UnknownCard,
    /// The QR code was not signed by the caisse that it names.
    #[error("the card is forged")]
    ForgedCard,
    /// Prices have no tiers here, or not for this buyer.
    #[error("prices have no tiers here for this buyer")]
    NoTiers,
    /// Not one of the tiers.
    #[error("the tiers of prices are {}", list(tiers))]
    NoSuchTier {
        /// The tiers.
        tiers: Vec<Percent>,
    },
    /// The code was not sent in the way that this card needs.
    #[error("the code must be sealed for a card of another caisse")]
    CodeForm,
    /// The card is blocked.
    #[error("the card is blocked")]
    CardBlocked,
    /// Too many wrong codes.
    #[error("the card is locked after too many wrong codes, for {left_minutes} more minutes")]
    CardLocked {
        /// How long it stays locked.
        left_minutes: u32,
    },
    /// The code is wrong; counted.
    #[error("the code is wrong; {attempts_left} attempts are left")]
    WrongCode {
        /// How many more wrong codes lock the card.
        attempts_left: u32,
    },
    /// The card or its member has limits, or is frozen.
    #[error(transparent)]
    CardUse(#[from] CardUseRefused),
    /// The rules allow only so much at a time.
    #[error("the rules allow {room} more for now")]
    CapReached {
        /// How much may still be spent, in this purchase, week or month.
        room: Cents,
    },
    /// The member does not hold enough; `available` is shown to the member only.
    #[error("only {available} is left")]
    InsufficientFunds {
        /// What the member holds.
        available: Cents,
    },
    /// The pot does not hold enough for this tier.
    #[error("the pot holds only {available}: choose a higher tier")]
    PotEmpty {
        /// What the pot holds.
        available: Cents,
    },
    /// The card's caisse was proved to have said two different things.
    #[error("the card's caisse is frozen: it signed contradictory entries")]
    HomeFrozen,
    /// We have no agreement with the card's caisse.
    #[error("there is no agreement in force with the card's caisse")]
    NoAgreement,
    /// More than the agreement allows for one payment of a visitor.
    #[error("a visitor's payment is covered up to {limit}")]
    VisitorLimit {
        /// The limit.
        limit: Cents,
    },
    /// By the agreement the rules of the card's caisse count, and they cover nothing here.
    #[error(
        "the card's caisse covers nothing at a vendor of the kind {kind:?}, and its rules count here"
    )]
    NotEligible {
        /// The vendor's kind.
        kind: String,
    },
    /// The card's caisse is not connected.
    #[error("the card's caisse cannot be reached right now")]
    HomeUnreachable,
    /// The card's caisse did not answer in time; the sale is void.
    #[error("the card's caisse did not answer in time; the sale is void")]
    HomeSilent,
    /// The card's caisse refused.
    #[error("{0}")]
    Denied(DenyReason),
    /// Too many sales wait for an answer.
    #[error("too many sales wait for an answer: try again in a moment")]
    Busy,
    /// The card's caisse cannot be reached, and the sale cannot be made without it.
    #[error(transparent)]
    WithoutHome(WithoutHome),
    /// With this sale the card's caisse would owe us more than the agreement allows.
    #[error(
        "the card's caisse owes this one nearly {ceiling}, as much as was agreed: settle first"
    )]
    HomeOwes {
        /// The ceiling of the agreement.
        ceiling: Cents,
    },
}

/// Why a refund was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RefundRefused {
    /// The refund's id was used for another refund.
    #[error("this refund id was used before for another refund")]
    Conflict,
    /// No such payment at this caisse's vendors.
    #[error("no such payment at a vendor of this caisse")]
    UnknownPayment,
    /// The payment did not take place.
    #[error("this payment was not made, so nothing can be given back")]
    NotPaid,
    /// Zero.
    #[error("the amount is zero, or nothing is left to give back")]
    AmountZero,
    /// More than is left.
    #[error("only {left} of this payment can still be given back")]
    MoreThanLeft {
        /// What is left.
        left: Cents,
    },
    /// The money has gone on already.
    #[error("only {available} of this can be taken back: the rest was paid out or spent since")]
    PaidOut {
        /// What can be taken back.
        available: Cents,
    },
    /// We may not speak to the member's caisse yet.
    #[error(transparent)]
    NotHeard(#[from] FederationRefused),
    /// The home caisse has not accepted the sale yet.
    #[error("the card's caisse was away and has not accepted this sale yet: try again later")]
    NotAccepted,
}

impl From<WithoutHome> for PaymentRefused {
    fn from(why: WithoutHome) -> Self {
        match why {
            // As between caisses that never gave each other a lot.
            WithoutHome::NoLot => Self::HomeUnreachable,
            why => Self::WithoutHome(why),
        }
    }
}

/// Shows tiers of prices.
fn list(tiers: &[Percent]) -> String {
    tiers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns a length of time in whole minutes, rounded up, at least one.
#[must_use]
pub fn minutes(left: Duration) -> u32 {
    left.as_ms().div_ceil(60_000).max(1)
}
