//! What tills are told, and payments in lists.

use crdt::agreement::Eligibility;
use crdt::seal::SealingKey;
use crdt::{CaisseId, CardId, Cents, MemberId, PaymentId, Timestamp, VendorId};
use serde::{Deserialize, Serialize};

use super::LotRoom;
use crate::sale::{Mode, Part};

/// What the till shows and prints after a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The sale.
    pub payment: PaymentId,
    /// The vendor.
    pub vendor: VendorId,
    /// The caisse of the card.
    pub home: CaisseId,
    /// The whole price.
    pub amount: Cents,
    /// What the credit paid.
    pub covered: Cents,
    /// What the member pays now with their own money.
    pub member_share: Cents,
    /// How the covered part is paid.
    pub mode: Mode,
    /// The parts of the price by rate.
    pub parts: Vec<Part>,
    /// What the member's own money earned.
    pub bonus: Cents,
    /// What the member holds now; for the member's receipt only, and only for a card of this caisse.
    pub left: Option<Cents>,
    /// Whose rules decided what is eligible; for a card of another caisse only.
    pub eligibility: Option<Eligibility>,
    /// When it was decided, by the host's clock.
    pub at: Timestamp,
    /// Whether the host bears the risk: the home caisse did not answer in time.
    pub at_hosts_risk: bool,
    /// Whether it was made without the home caisse: by a lot, or at the host's risk.
    pub offline: bool,
}

/// What the till shows after a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReceipt {
    /// The refund.
    pub refund: PaymentId,
    /// The payment.
    pub payment: PaymentId,
    /// What goes back to the member's credit.
    pub amount: Cents,
    /// What can still be given back.
    pub left: Cents,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Paid at home.
    Paid,
    /// Paid with a grant of the card's caisse.
    Captured,
    /// Waiting for the card's caisse: nobody knows yet.
    Asked,
    /// Void.
    Voided,
    /// Refused.
    Refused,
    /// Paid at the host's risk, not accepted yet.
    AtRisk,
    /// Paid at the host's risk, accepted by the home caisse.
    AtRiskAccepted,
    /// Paid at the host's risk and not accepted: the host's loss.
    AtRiskLost,
    /// Paid by a lot of the home caisse, not accepted yet.
    ByLot,
    /// Paid by a lot, accepted by the home caisse.
    ByLotAccepted,
    /// Paid by a lot and not accepted: the host's loss.
    ByLotLost,
    /// Held for a host.
    Held,
    /// Owed to a host.
    Obliged,
    /// Not paid for a host.
    Denied,
    /// The host voided it before it was asked for.
    Tombstone,
}

/// A payment, as host or as home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentInfo {
    /// The payment.
    pub payment: PaymentId,
    /// When it was asked for.
    pub at: Timestamp,
    /// The caisse of the vendor.
    pub host: CaisseId,
    /// The caisse of the card.
    pub home: CaisseId,
    /// The vendor, if it is ours or told.
    pub vendor: Option<VendorId>,
    /// The member, if ours.
    pub member: Option<MemberId>,
    /// The whole price, as host.
    pub amount: Option<Cents>,
    /// What the credit pays.
    pub covered: Cents,
    /// What was given back.
    pub refunded: Cents,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Why it was refused, if it was.
    pub reason: Option<String>,
}

/// Where a card is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardHome {
    /// The card.
    pub card: CardId,
    /// Its caisse.
    pub home: CaisseId,
    /// The key to seal its code to; `None` for a card of this caisse, whose code is sent plain.
    pub seal_to: Option<SealingKey>,
    /// What can be sold without it; absent while it can be reached, and for a card of this caisse.
    pub degraded: Option<LotRoom>,
}
