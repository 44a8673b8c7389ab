//! What a caisse's journal says, added up anew.

use std::collections::BTreeMap;

use crdt::{CaisseId, PaymentId, wire};
use ledger::account::Account;
use ledger::books::{Cause, JournalEntry, Phase, Transfer};
use ledger::records::{Kind, MemoryRecords, Records};

use crate::broken::{Broken, broken, holds};

/// Credits less debits, posted and held.
#[derive(Clone, Copy, Default)]
struct Sums {
    posted: i128,
    held: i128,
}

/// The journal of one caisse.
#[derive(Default)]
pub(crate) struct Journal {
    accounts: BTreeMap<Account, Sums>,
    sold: BTreeMap<PaymentId, i128>,
    charged: BTreeMap<(CaisseId, PaymentId), i128>,
    given_back: BTreeMap<CaisseId, i128>,
    moved_by_runs: i128,
}

impl Journal {
    /// Reads a journal from a disk.
    pub fn read(disk: &MemoryRecords) -> Result<Self, Broken> {
        let mut journal = Self::default();
        for (place, (_, bytes)) in (0..).zip(disk.range(Kind::Journal, &[], &[], usize::MAX)) {
            let Ok(entry) = wire::decode::<JournalEntry>(&bytes) else {
                return broken("auditor", "an entry of the journal does not decode");
            };
            holds(entry.index == place, "auditor", || "the journal has a hole".to_owned())?;
            for transfer in &entry.transfers {
                journal.takes(&entry, transfer);
            }
        }
        Ok(journal)
    }

    fn takes(&mut self, entry: &JournalEntry, transfer: &Transfer) {
        let Transfer { debit, credit, amount } = *transfer;
        let amount = i128::from(amount.get());
        let (posted, held) = match entry.phase {
            Phase::Posted => (amount, 0),
            Phase::Held => (0, amount),
            Phase::HoldPosted => (amount, -amount),
            Phase::HoldReleased => (0, -amount),
        };
        for (account, sign) in [(debit, -1), (credit, 1)] {
            let sums = self.accounts.entry(account).or_default();
            sums.posted += sign * posted;
            sums.held += sign * held;
        }
        match (entry.cause, debit, credit) {
            (Cause::Paid(..), Account::Bank, _) => self.moved_by_runs += posted,
            (Cause::Paid(..), _, Account::Bank) => self.moved_by_runs -= posted,
            (Cause::Sale(payment), _, Account::Vendor(_)) => {
                *self.sold.entry(payment).or_default() += posted;
            }
            (Cause::Charge(host, payment), _, Account::Partner(_)) => {
                *self.charged.entry((host, payment)).or_default() += posted;
            }
            (Cause::Charge(host, payment), Account::Partner(_), _) => {
                *self.given_back.entry(host).or_default() += posted;
                *self.charged.entry((host, payment)).or_default() -= posted;
            }
            _ => {}
        }
    }

    fn of(&self, account: Account) -> Sums {
        self.accounts.get(&account).copied().unwrap_or_default()
    }

    /// What the caisse owes a partner.
    pub fn owed_to(&self, partner: CaisseId) -> i128 {
        self.of(Account::Partner(partner)).posted
    }

    /// What it holds for a partner.
    pub fn held_for(&self, partner: CaisseId) -> i128 {
        self.of(Account::Partner(partner)).held
    }

    /// What came into its bank by transfers of runs, less what left.
    pub const fn moved_by_runs(&self) -> i128 {
        self.moved_by_runs
    }

    /// What a sale brought a vendor.
    pub fn sold(&self, payment: PaymentId) -> i128 {
        self.sold.get(&payment).copied().unwrap_or(0)
    }

    /// What a host gave back, in all.
    pub fn given_back_by(&self, host: CaisseId) -> i128 {
        self.given_back.get(&host).copied().unwrap_or(0)
    }

    /// What each payment at a host costs, less what was given back.
    pub fn charges_of(&self, host: CaisseId) -> impl Iterator<Item = (PaymentId, i128)> {
        let of_host = self.charged.iter().filter(move |((at, _), _)| *at == host);
        of_host.map(|((_, payment), amount)| (*payment, *amount))
    }

    /// What a payment at a host costs, less what was given back.
    pub fn charged(&self, host: CaisseId, payment: PaymentId) -> i128 {
        self.charged.get(&(host, payment)).copied().unwrap_or(0)
    }
}
