//! Accounts: counters, not balances.

use crdt::{BatchId, CaisseId, Cents, Date, GrantId, MemberId, SignedCents, VendorId};
use serde::{Deserialize, Serialize};

/// An account of the books. Money that the caisse has is debited; what it owes is credited.
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
    /// Money in the cash box.
    Cash,
    /// Lines of the bank that nobody has assigned yet.
    Unassigned,
    /// What a funder has confirmed and not yet paid.
    Grant(GrantId),
    /// Grants confirmed.
    Grants,
    /// Credit that expired, or was above what may be carried over: less was allocated than issued.
    Expired,
    /// The pot that balances tiers of prices.
    Pot,
    /// What a member has paid for and gets back in euros.
    Claim(MemberId),
    /// What was given back to members who paid first.
    Reimbursed,
    /// Bank transfers ordered in a batch that the bank has not shown yet.
    Ordered(BatchId),
    /// Direct debits ordered in a batch that the bank has not shown yet.
    Collecting(BatchId),
    /// Losses that were written off, and errors that were corrected.
    Corrections,
    /// What a member spent by lots beyond what they held, and gives back from later allocations.
    Advance(MemberId),
    /// Claims by lots that no member pays: a wrong code, an unknown or a blocked card.
    OfflineLosses,
}

impl Account {
    /// Returns which side of the account may not exceed the other, if any: nobody spends what is not
    /// there.
    #[must_use]
    pub const fn floor(&self) -> Floor {
        match self {
            Self::Member(_) | Self::Claim(_) | Self::Pot => Floor::Credit,
            Self::Cash | Self::Advance(_) => Floor::Debit,
            Self::Vendor(_)
            | Self::Partner(_)
            | Self::Bank
            | Self::Contributions
            | Self::Allocations
            | Self::Risk
            | Self::Suspense
            | Self::Unassigned
            | Self::Grant(_)
            | Self::Grants
            | Self::Expired
            | Self::Reimbursed
            | Self::Ordered(_)
            | Self::Collecting(_)
            | Self::Corrections
            | Self::OfflineLosses => Floor::None,
        }
    }
}

/// Which balance an account never falls below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// Debits, held ones included, never exceed credits.
    Credit,
    /// Credits never exceed debits.
    Debit,
    /// There is none.
    None,
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
    /// The last day on which a purchase took something out.
    pub used: Option<Date>,
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

    /// Returns whether the counters respect a floor.
    #[must_use]
    pub fn respects(&self, floor: Floor) -> bool {
        let spent = self.debits.checked_add(self.debits_pending);
        match floor {
            Floor::Credit => spent.is_some_and(|spent| spent <= self.credits),
            Floor::Debit => self.credits <= self.debits,
            Floor::None => true,
        }
    }
}
