//! What moved in each month, by the entries of the books.

use std::collections::BTreeMap;

use crdt::{Cents, Month, SignedCents, wire};

use super::{minus, plus};
use crate::account::Account;
use crate::answer::MonthFlows;
use crate::books::{JournalEntry, Phase, Transfer};
use crate::records::Kind;
use crate::turn::Turn;
use crate::verify::each;

impl MonthFlows {
    /// A month in which nothing moved.
    pub(crate) const fn none(month: Month) -> Self {
        let zero = SignedCents::ZERO;
        Self {
            month,
            contributions: zero,
            issued: zero,
            reimbursed: zero,
            expired: zero,
            used: zero,
            grants_confirmed: zero,
            grants_received: zero,
            paid_out: zero,
        }
    }

    /// Counts a transfer. What flows back counts against what flowed.
    pub(crate) fn count(&mut self, Transfer { debit, credit, amount }: Transfer) {
        self.count_side(&debit, &credit, amount.signed().negated());
        self.count_side(&credit, &debit, amount.signed());
    }

    /// Counts one side of a transfer: `amount` is credited to `account`, or debited if it is negative.
    fn count_side(&mut self, account: &Account, other: &Account, amount: SignedCents) {
        match account {
            Account::Contributions => self.contributions = plus(self.contributions, amount),
            Account::Allocations => self.issued = minus(self.issued, amount),
            Account::Reimbursed => {
                self.reimbursed = minus(self.reimbursed, amount);
            }
            Account::Expired => self.expired = plus(self.expired, amount),
            Account::Grants => self.grants_confirmed = plus(self.grants_confirmed, amount),
            Account::Grant(_) if *other != Account::Grants => {
                self.grants_received = plus(self.grants_received, amount);
            }
            Account::Bank | Account::Cash if is_owed(other) => {
                self.paid_out = plus(self.paid_out, amount);
            }
            _ => {}
        }
        if is_owed(account) && pays_purchases(other) {
            self.used = plus(self.used, amount);
        }
    }
}

/// Accounts of those to whom a purchase makes the caisse owe money.
pub(crate) const fn is_owed(account: &Account) -> bool {
    matches!(
        account,
        Account::Vendor(_) | Account::Partner(_) | Account::Claim(_) | Account::Ordered(_)
    )
}

/// Accounts from which the purchases of members are paid. The sale to a visitor is paid by a partner.
pub(crate) const fn pays_purchases(account: &Account) -> bool {
    matches!(
        account,
        Account::Member(_)
            | Account::Advance(_)
            | Account::Suspense
            | Account::Reimbursed
            | Account::Pot
            | Account::Risk
    )
}

/// Reads every entry of the books that moved something, in order.
pub(crate) fn each_posted(turn: &Turn<'_>, mut visit: impl FnMut(&JournalEntry)) {
    each(turn, Kind::Journal, |(_, bytes)| {
        if let Ok(entry) = wire::decode::<JournalEntry>(bytes)
            && matches!(entry.phase, Phase::Posted | Phase::HoldPosted)
        {
            visit(&entry);
        }
    });
}

/// Returns the flows of every month in which something moved.
pub(super) fn by_month(turn: &Turn<'_>) -> BTreeMap<Month, MonthFlows> {
    let mut months = BTreeMap::new();
    each_posted(turn, |entry| {
        let month = entry.date.month();
        let flows = months.entry(month).or_insert(MonthFlows::none(month));
        entry.transfers.iter().for_each(|transfer| flows.count(*transfer));
    });
    months
}

/// The sum of one flow over months.
pub(super) fn sum(months: &[MonthFlows], flow: impl Fn(&MonthFlows) -> SignedCents) -> SignedCents {
    months.iter().map(flow).fold(SignedCents::ZERO, plus)
}

/// What members who paid first are owed now.
pub(super) fn claims(books: &crate::books::Books) -> Cents {
    let claims = books.accounts().iter().filter(|(a, _)| matches!(a, Account::Claim(_)));
    let owed = claims.map(|(_, counters)| counters.balance().positive_part());
    Cents::checked_sum(owed).unwrap_or(Cents::MAX)
}
