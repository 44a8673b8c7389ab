//! What is answered about lots.

use crdt::lot::LotTerms;
use crdt::pair::DenyReason;
use crdt::{CaisseId, Cents, LotId, MemberId, PaymentId, SignedCents, Timestamp};
use serde::{Deserialize, Serialize};

use crate::offline::{GivenLot, HeldLot};

/// An answer about lots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfflineAnswer {
    /// Policies, the reserve, and all lots.
    Lots(Box<LotsInfo>),
    /// What a decision changes, or would change.
    Decided(LotsDecided),
    /// Advances and losses.
    Losses(LossesInfo),
}

/// Lots, given and held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotsInfo {
    /// What all open lots that we gave may hold together.
    pub reserve: Cents,
    /// What they hold.
    pub out: Cents,
    /// What each partner gets.
    pub policies: Vec<(CaisseId, LotTerms)>,
    /// Lots that we gave, newest first.
    pub given: Vec<GivenLotInfo>,
    /// Lots that we hold, newest first.
    pub held: Vec<HeldLotInfo>,
    /// Whether our list of cards that do not pay without us is too long to be sent: then no lots are given.
    pub list_too_long: bool,
}

/// A lot that we gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenLotInfo {
    /// The partner that holds it.
    pub with: CaisseId,
    /// The lot.
    pub lot: LotId,
    /// What it allows, and how far it is claimed.
    #[serde(flatten)]
    pub state: GivenLot,
    /// What can still be claimed.
    pub left: Cents,
}

/// A lot that we hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLotInfo {
    /// The partner that gave it.
    pub with: CaisseId,
    /// The lot.
    pub lot: LotId,
    /// What it allows, and how far it is spent.
    #[serde(flatten)]
    pub state: HeldLot,
    /// What can still be sold by it.
    pub left: Cents,
    /// Until when we sell by it.
    pub until: Option<Timestamp>,
}

/// What a decision about lots changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotsDecided {
    /// Whether nothing was done: this is what would be.
    pub preview: bool,
    /// The reserve.
    pub reserve: Cents,
    /// What open lots hold.
    pub out: Cents,
    /// What the bank and the cash box hold.
    pub money: SignedCents,
    /// The lot that the partner gets now, if any; it gets one later if it cannot be reached.
    pub grants: Option<LotTerms>,
    /// Open lots that are asked back.
    pub asks_back: Vec<LotId>,
}

/// What members owe for sales by lots, and what the caisse bears itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossesInfo {
    /// What members were advanced and have not given back.
    pub advances: Vec<(MemberId, Cents)>,
    /// Claims that we paid and nobody gives back.
    pub losses: Vec<LossInfo>,
    /// Their sum, less what was refunded.
    pub lost: SignedCents,
}

/// A claim that the caisse bears itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossInfo {
    /// The payment.
    pub payment: PaymentId,
    /// When we heard of it.
    pub at: Timestamp,
    /// The host.
    pub host: CaisseId,
    /// The lot.
    pub lot: Option<LotId>,
    /// What we paid, less what was refunded.
    pub amount: Cents,
    /// Why no member pays.
    pub reason: DenyReason,
}

/// What can be sold without a caisse that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotRoom {
    /// The caisse.
    pub with: CaisseId,
    /// In all; nothing without a lot or with an old list of cards.
    pub left: Cents,
    /// At one time.
    pub per_sale: Cents,
    /// Until when.
    pub until: Option<Timestamp>,
}
