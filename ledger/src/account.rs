//! Accounts: counters, not balances.

use crdt::{CaisseId, Cents, MemberId, SignedCents, VendorId};
use serde::{Deserialize, Serialize};

/// An account of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What a member holds: a liability of the caisse.
    Member(MemberId),
    /// What the caisse owes a vendor.
    Vendor(VendorId),
    /// What the caisse and a partner owe each other.
    Partner(CaisseId),
    /// Money in the bank.
    Bank,
    /// Contributions received.
    Contributions,
    /// Allocations issued.
    Allocations,
    /// Sales at our own risk that the card's caisse has not accepted.
    Risk,
    /// What was promised for members that the books no longer know, after a restore.
    Suspense,
}

/// What went in and out of an account: sums of entries since the beginning, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Posted debits.
    pub debits: Cents,
    /// Posted credits.
    pub credits: Cents,
    /// Debits held and not yet posted.
    pub debits_pending: Cents,
    /// Credits held and not yet posted.
    pub credits_pending: Cents,
}

impl Counters {
    /// Returns posted credits less posted debits.
    #[must_use]
    pub fn balance(&self) -> SignedCents {
        // Two amounts of money never differ by more than one.
        self.credits.signed().checked_sub(self.debits.signed()).unwrap_or_default()
    }

    /// Returns what can still be taken out: credits less debits less what is held; never below zero.
    #[must_use]
    pub fn available(&self) -> Cents {
        self.credits.saturating_sub(self.debits).saturating_sub(self.debits_pending)
    }
}
