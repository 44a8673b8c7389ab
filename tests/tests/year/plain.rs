//! The independent account: what everybody should hold, in plain integers of cents and numbers of days.

use std::collections::BTreeMap;

use crdt::{MemberId, Month, VendorId};
use ledger::account::Account;
use ledger::answer::AccountInfo;

use super::bank::For;

/// Credit that was given on a day.
#[derive(Clone, Copy, Debug)]
struct Given {
    day: i32,
    cents: i64,
    gone: bool,
}

/// What a household holds.
#[derive(Clone, Debug, Default)]
pub struct Purse {
    pub cents: i64,
    given: Vec<Given>,
    /// By the day of an expiry: the day on which it was told.
    told: BTreeMap<i32, i32>,
    /// The last day on which one who left can spend the rest.
    pub until: Option<i32>,
}

/// What everybody should hold.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    pub purses: BTreeMap<MemberId, Purse>,
    pub vendors: BTreeMap<VendorId, i64>,
    /// By what was given for which month.
    pub contributed: BTreeMap<(MemberId, Month), i64>,
    pub bank: i64,
    pub cash: i64,
    /// Transfers and debits that the bank has and has not shown.
    pub ordered: i64,
    pub collecting: i64,
    pub grants_due: i64,
    pub grants: i64,
    pub contributions: i64,
    pub allocations: i64,
    pub expired: i64,
    pub corrections: i64,
}

impl Purse {
    /// Returns what is left of each part that was given: the newest is spent last.
    fn parts(&self) -> Vec<(i32, i64)> {
        let mut rest = self.cents;
        let mut parts = Vec::new();
        for given in self.given.iter().rev().filter(|given| !given.gone) {
            let left = rest.min(given.cents);
            rest -= left;
            if left > 0 {
                parts.push((given.day, left));
            }
        }
        parts.reverse();
        parts
    }

    /// Puts in what is given on a day.
    pub fn is_given(&mut self, day: i32, cents: i64) {
        self.cents += cents;
        self.given.push(Given { day, cents, gone: false });
    }

    /// All that is left goes at once. Returns it.
    pub fn all_goes(&mut self) -> i64 {
        self.given.iter_mut().for_each(|given| given.gone = true);
        std::mem::take(&mut self.cents)
    }

    /// A day passes: what is to expire is told, and what was told long enough ago goes. Returns it.
    pub fn a_day_passes(&mut self, today: i32, lasts: i32, notice: i32) -> i64 {
        if self.until.is_some_and(|until| until < today) {
            return self.all_goes();
        }
        let mut gone = 0;
        for (day, left) in self.parts() {
            let on = day + lasts;
            if on > today + notice {
                continue;
            }
            let told = *self.told.entry(on).or_insert(today);
            if told < today && told + notice <= today && on <= today {
                gone += left;
                self.told.remove(&on);
                let old = self.given.iter_mut().filter(|given| given.day + lasts <= on);
                old.for_each(|given| given.gone = true);
            }
        }
        self.cents -= gone;
        gone
    }
}

impl Plain {
    /// A sale, or with a negative amount a refund.
    pub fn buys(&mut self, member: MemberId, vendor: VendorId, covered: i64) {
        self.purse(member).cents -= covered;
        *self.vendors.entry(vendor).or_default() += covered;
    }

    /// Returns a household's purse.
    pub fn purse(&mut self, member: MemberId) -> &mut Purse {
        self.purses.entry(member).or_default()
    }

    /// A contribution counts, or with a negative amount no longer.
    pub fn contributes(&mut self, member: MemberId, month: Month, cents: i64) {
        self.contributions += cents;
        *self.contributed.entry((member, month)).or_default() += cents;
    }

    /// A line of the bank is in the books, and so is what it was for.
    pub fn bank_moves(&mut self, cents: i64, what: For) {
        self.bank += cents;
        match what {
            For::Contribution { member, month, .. } => self.contributes(member, month, cents),
            For::Debit { .. } => self.collecting -= cents,
            For::DebitBack { member, month } => self.contributes(member, month, cents),
            For::Payout { .. } => self.ordered += cents,
            For::PayoutBack { vendor } => *self.vendors.entry(vendor).or_default() += cents,
            For::Grant => self.grants_due -= cents,
            For::Other => self.corrections -= cents,
        }
    }

    /// Returns what covers credit, less credit and debts.
    pub fn margin(&self) -> i64 {
        let owed = self.vendors.values().filter(|cents| **cents > 0).sum::<i64>() + self.ordered;
        let held: i64 = self.purses.values().map(|purse| purse.cents).sum();
        self.bank + self.cash + self.collecting + self.grants_due - held - owed
    }

    /// Compares every account of the books with what it should hold.
    pub fn assert_same(&self, accounts: &[AccountInfo]) {
        let mut books = Self::default();
        for AccountInfo { account, counters } in accounts {
            let (credits, debits) = (counters.credits.get(), counters.debits.get());
            let owed = i128::from(credits) - i128::from(debits);
            let owed = i64::try_from(owed).expect("a small amount");
            assert!(counters.debits_pending.is_zero(), "nothing is held: {account:?}");
            match account {
                Account::Member(member) => books.purse(*member).cents = owed,
                Account::Vendor(vendor) => *books.vendors.entry(*vendor).or_default() = owed,
                Account::Bank => books.bank = -owed,
                Account::Cash => books.cash = -owed,
                Account::Contributions => books.contributions = owed,
                Account::Allocations => books.allocations = -owed,
                Account::Expired => books.expired = owed,
                Account::Corrections => books.corrections = -owed,
                Account::Grant(_) => books.grants_due -= owed,
                Account::Grants => books.grants = owed,
                Account::Ordered(_) => books.ordered += owed,
                Account::Collecting(_) => books.collecting -= owed,
                other => assert_eq!(owed, 0, "{other:?} holds nothing in this year"),
            }
        }
        self.assert_same_sums(&books);
        for (member, purse) in &self.purses {
            let held = books.purses.get(member).map_or(0, |purse| purse.cents);
            assert_eq!(held, purse.cents, "what member {member} holds by the books, and should");
        }
        for (vendor, owed) in &self.vendors {
            let booked = books.vendors.get(vendor).copied().unwrap_or_default();
            assert_eq!(booked, *owed, "what vendor {vendor} is owed by the books, and should be");
        }
    }

    fn assert_same_sums(&self, books: &Self) {
        let sums = |plain: &Self| {
            [
                ("bank", plain.bank),
                ("cash", plain.cash),
                ("contributions", plain.contributions),
                ("allocations", plain.allocations),
                ("expired", plain.expired),
                ("corrections", plain.corrections),
                ("grants due", plain.grants_due),
                ("grants", plain.grants),
                ("ordered", plain.ordered),
                ("collecting", plain.collecting),
                ("members", plain.purses.values().map(|purse| purse.cents).sum()),
                ("vendors", plain.vendors.values().sum()),
            ]
        };
        assert_eq!(sums(books), sums(self), "left the books, right what they should hold");
    }
}
