//! A sale, as a till asks for it.

use crdt::card::CardText;
use crdt::message::Bought;
use crdt::seal::Sealed;
use crdt::{CardId, Cents, PaymentId, VendorId};
use serde::{Deserialize, Serialize};

use crate::rules::Percent;

/// A sale, as the till asks for it. The till makes the id and keeps it for the whole life of the sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayIntent {
    /// The sale.
    pub payment: PaymentId,
    /// The card.
    pub card: CardText,
    /// The vendor.
    pub vendor: VendorId,
    /// What is bought.
    pub purchase: Purchase,
    /// The member's code.
    pub code: PaymentCode,
    /// Whether the shell that brings the sale has checked the card's certificate itself and left it out:
    /// then its number is as good as the certificate.
    #[serde(default)]
    pub scanned: bool,
}

/// What is bought, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The whole price.
    pub amount: Cents,
    /// The basket, if the till knows it: its lines sum to the price. Empty for a price alone.
    #[serde(default)]
    pub lines: Vec<BasketLine>,
    /// Whether less may be covered than could be, when the member does not hold enough.
    #[serde(default)]
    pub partial: bool,
    /// The share of the price that the buyer chose, where prices have tiers.
    #[serde(default)]
    pub tier: Option<Percent>,
}

/// A line of a basket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketLine {
    /// The vendor's code for the product.
    pub product: String,
    /// The price of the line.
    pub amount: Cents,
}

impl From<Cents> for Purchase {
    fn from(amount: Cents) -> Self {
        Self { amount, lines: Vec::new(), partial: false, tier: None }
    }
}

impl Purchase {
    /// Returns the hash of a sale, the code left out: what idempotency compares, and what a sealed code
    /// is bound to.
    #[must_use]
    pub fn request(&self, payment: PaymentId, card: CardId, vendor: VendorId) -> crdt::Digest {
        self.bought(String::new()).request(payment, card, vendor)
    }

    /// Returns what a home caisse is told of it, at a vendor of a kind.
    #[must_use]
    pub fn bought(&self, kind: String) -> Bought {
        let Self { amount, lines, partial, tier } = self;
        let details = crdt::wire::encode(&(lines, partial, tier));
        let details = crdt::digest::Domain::PaymentRequest.hash(&details);
        Bought { kind, price: *amount, details }
    }
}

/// Where money is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purse {
    /// In the bank.
    #[default]
    Bank,
    /// In the cash box.
    Cash,
}

/// A card's code on its way to the caisse that can check it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentCode {
    /// For a card of the vendor's own caisse.
    Plain(Code),
    /// For a card of another caisse: sealed by the till to that caisse's key, bound to the payment
    /// id and to [`PayIntent::request`].
    Sealed(Sealed),
}

/// A card's code: four digits. Never shown, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

/// A text that is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is four digits")]
pub struct NotACode;

impl Code {
    /// Returns the digits.
    #[must_use]
    pub fn digits(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::str::FromStr for Code {
    type Err = NotACode;
    fn from_str(text: &str) -> Result<Self, NotACode> {
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { Ok(Self(text.to_owned())) } else { Err(NotACode) }
    }
}

impl TryFrom<String> for Code {
    type Error = NotACode;
    fn try_from(text: String) -> Result<Self, NotACode> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

impl PayIntent {
    /// Returns whether the card itself was there, and not only its number.
    #[must_use]
    pub const fn is_scanned(&self) -> bool {
        self.scanned || matches!(self.card, CardText::Certificate(_))
    }

    /// Returns [`Purchase::request`].
    #[must_use]
    pub fn request(&self) -> crdt::Digest {
        self.purchase.request(self.payment, self.card.card(), self.vendor)
    }
}
