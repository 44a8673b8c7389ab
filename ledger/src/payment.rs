//! Payments as they are stored: a sale at one of our vendors, a charge to one of our members.

use crdt::agreement::Eligibility;
use crdt::message::Bought;
use crdt::pair::DenyReason;
use crdt::seal::Sealed;
use crdt::{CaisseId, CardId, Cents, Digest, LotId, MemberId, PaymentId, Timestamp, VendorId};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Answer, PaymentStatus, Receipt};
use crate::command::BasketLine;
use crate::refused::PaymentRefused;
use crate::sale::{Mode, Part};
use crate::turn::Outcome;

/// A sale at one of our vendors, kept for good under its payment id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The hash of what the till asked for; `None` for a sale that we voided unheard.
    pub request: Option<Digest>,
    /// When it was decided, or asked for while it is not.
    pub at: Timestamp,
    /// The vendor.
    pub vendor: VendorId,
    /// The caisse of the card.
    pub home: CaisseId,
    /// The member, for a card of ours.
    pub member: Option<MemberId>,
    /// The whole price; after a restore, what the credit pays, until the till asks again.
    pub amount: Cents,
    /// What the credit pays.
    pub covered: Cents,
    /// What the member pays with their own money.
    pub member_share: Cents,
    /// How the covered part is paid.
    pub mode: Mode,
    /// The parts of the price by rate.
    pub parts: Vec<Part>,
    /// The basket, if the rules say that it is kept.
    pub lines: Vec<BasketLine>,
    /// What the member's own money earned.
    pub bonus: Cents,
    /// What the member held afterwards, for a card of ours: for the member's own receipt.
    pub left: Option<Cents>,
    /// Whose rules decided what is eligible, for a card of another caisse.
    pub eligibility: Option<Eligibility>,
    /// What was given back of it.
    pub refunded: Cents,
    /// Where it stands.
    pub state: SaleState,
    /// The place of our decision in the pair feed; 0 if nothing was said.
    pub said: u64,
    /// The lot by which it was made, if it was: then the home caisse pays it, whatever became of the card.
    pub lot: Option<LotId>,
}

/// Where a sale stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaleState {
    /// Paid by a card of ours.
    Paid,
    /// The home caisse was asked; nobody knows yet.
    Asked {
        /// The card; forgotten once it is decided.
        card: CardId,
        /// The code, sealed to the home caisse.
        code: Sealed,
        /// Whether the card's own code was scanned, and bore its caisse's signature.
        scanned: bool,
        /// What the home caisse is told of the purchase.
        bought: Bought,
    },
    /// Paid with the home caisse's grant.
    Captured,
    /// Not made; never will be under this id.
    Voided,
    /// Refused.
    Refused(PaymentRefused),
    /// Made without an answer, at our own risk or by a lot; the home caisse has not said that it pays.
    AtRisk,
    /// The same; the home caisse pays.
    AtRiskAccepted,
    /// The same; the home caisse does not pay.
    AtRiskLost(DenyReason),
}

impl Sale {
    /// Lowers what is covered; the rest is the member's own money.
    pub(crate) fn lower_to(&mut self, most: Cents) {
        let cut = self.covered.saturating_sub(most);
        self.covered = self.covered.saturating_sub(cut);
        self.member_share = self.member_share.checked_add(cut).unwrap_or(Cents::MAX);
    }

    /// Returns what the till is told, the same however often it asks; `None` while nobody knows.
    #[must_use]
    pub fn outcome(&self, payment: PaymentId) -> Option<Outcome> {
        let offline = match &self.state {
            SaleState::Asked { .. } => return None,
            SaleState::Voided => return Some(Err(PaymentRefused::HomeSilent.into())),
            SaleState::Refused(refused) => return Some(Err(refused.clone().into())),
            SaleState::Paid | SaleState::Captured => false,
            SaleState::AtRisk | SaleState::AtRiskAccepted | SaleState::AtRiskLost(_) => true,
        };
        Some(Ok(Answer::Paid(Receipt {
            payment,
            vendor: self.vendor,
            home: self.home,
            amount: self.amount,
            covered: self.covered,
            member_share: self.member_share,
            mode: self.mode,
            parts: self.parts.clone(),
            bonus: self.bonus,
            left: self.left,
            eligibility: self.eligibility,
            at: self.at,
            at_hosts_risk: offline && self.lot.is_none(),
            offline,
        })))
    }

    /// Returns where the sale stands, for lists.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        match (&self.state, self.lot) {
            (SaleState::AtRisk, Some(_)) => PaymentStatus::ByLot,
            (SaleState::AtRiskAccepted, Some(_)) => PaymentStatus::ByLotAccepted,
            (SaleState::AtRiskLost(_), Some(_)) => PaymentStatus::ByLotLost,
            (SaleState::Paid, _) => PaymentStatus::Paid,
            (SaleState::Asked { .. }, _) => PaymentStatus::Asked,
            (SaleState::Captured, _) => PaymentStatus::Captured,
            (SaleState::Voided, _) => PaymentStatus::Voided,
            (SaleState::Refused(_), _) => PaymentStatus::Refused,
            (SaleState::AtRisk, None) => PaymentStatus::AtRisk,
            (SaleState::AtRiskAccepted, None) => PaymentStatus::AtRiskAccepted,
            (SaleState::AtRiskLost(_), None) => PaymentStatus::AtRiskLost,
        }
    }

    /// Returns whether money moved.
    #[must_use]
    pub const fn is_made(&self) -> bool {
        match self.state {
            SaleState::Paid
            | SaleState::Captured
            | SaleState::AtRisk
            | SaleState::AtRiskAccepted
            | SaleState::AtRiskLost(_) => true,
            SaleState::Asked { .. } | SaleState::Voided | SaleState::Refused(_) => false,
        }
    }
}

/// A charge to one of our members by a host, kept for good under host and payment id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// When we first heard of it.
    pub at: Timestamp,
    /// The member; `None` for one that a restore has lost.
    pub member: Option<MemberId>,
    /// The account it is held on or taken from.
    pub account: Option<Account>,
    /// What is held or owed.
    pub covered: Cents,
    /// What the host gave back.
    pub refunded: Cents,
    /// What of that went to our own loss, because we had given it to the member before.
    pub recovered: Cents,
    /// Where it stands.
    pub state: ChargeState,
    /// The place of our decision in the pair feed; 0 if nothing was said.
    pub said: u64,
    /// The lot on which it counts, if it was claimed by one.
    pub lot: Option<LotId>,
    /// Why no member pays what was claimed by a lot, if none does.
    pub loss: Option<DenyReason>,
    /// The hash of what the host asked ([`crdt::message::AuthRequest::content`]); absent for a charge of
    /// which we heard no question, or that a restore has lost.
    pub asked: Option<Digest>,
}

/// Where a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeState {
    /// Held; only the host's decision ends it.
    Held,
    /// Owed to the host.
    Obliged,
    /// The host did not make the sale.
    Released,
    /// We do not pay; the host was told when it asked.
    Denied(DenyReason),
    /// We do not pay for a sale that the host made at its own risk; the host was told.
    FloorDeclined(DenyReason),
    /// The host voided it before we were asked.
    Tombstone,
}

impl Charge {
    /// Returns what the host's refunds gave to the member.
    #[must_use]
    pub const fn given(&self) -> Cents {
        self.refunded.saturating_sub(self.recovered)
    }

    /// Returns where the charge stands, for lists.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        match self.state {
            ChargeState::Held => PaymentStatus::Held,
            ChargeState::Obliged => PaymentStatus::Obliged,
            ChargeState::Released => PaymentStatus::Voided,
            ChargeState::Denied(_) | ChargeState::FloorDeclined(_) => PaymentStatus::Denied,
            ChargeState::Tombstone => PaymentStatus::Tombstone,
        }
    }
}

/// Returns the key of a charge.
#[must_use]
pub fn charge_key(host: &CaisseId, payment: &PaymentId) -> Vec<u8> {
    [host.as_bytes().as_slice(), payment.as_bytes()].concat()
}

/// Reads the key of a charge.
#[must_use]
pub fn read_charge_key(key: &[u8]) -> Option<(CaisseId, PaymentId)> {
    let (host, payment) = key.split_at_checked(CaisseId::LEN)?;
    Some((CaisseId::from_slice(host)?, PaymentId::from_slice(payment)?))
}

/// The letter before the key of an open sale, in [`crate::records::Kind::Open`].
pub const OPEN_SALE: u8 = b's';

/// The letter before the key of an open charge, in [`crate::records::Kind::Open`].
pub const OPEN_CHARGE: u8 = b'c';

/// Returns the key that marks a payment as open.
#[must_use]
pub fn open_key(letter: u8, key: &[u8]) -> Vec<u8> {
    [&[letter], key].concat()
}

/// Returns the range of keys of the open sales or charges.
#[must_use]
pub const fn open_range(letter: u8) -> ([u8; 1], [u8; 1]) {
    ([letter], [letter + 1])
}
