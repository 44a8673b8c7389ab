//! Credit is covered: what members and vendors can claim is not more than the money that is there or
//! confirmed. (Credit is a debt of the caisse; the rule is the caisse's own caution, and what makes it a
//! closed loop that nobody loses by.)

use crdt::{Cents, SignedCents};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::refused::MemberRefused;
use crate::state::State;

/// What is owed and what covers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantee {
    /// Credit that members hold, and claims of members who paid first.
    pub members: Cents,
    /// What vendors are owed, transfers under way included.
    pub vendors: Cents,
    /// What partner caisses are owed, in all.
    pub partners: Cents,
    /// Money in the bank and the cash box.
    pub money: Cents,
    /// Grants confirmed and not yet paid.
    pub grants: Cents,
}

/// A person's will to issue more than is covered, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Force {
    /// Why.
    pub reason: String,
}

impl Force {
    /// Says why.
    #[must_use]
    pub fn because(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

impl Guarantee {
    /// Returns what covers less what is owed: negative when credit is not covered.
    #[must_use]
    pub fn margin(&self) -> SignedCents {
        let sum = |amounts: &[Cents]| Cents::checked_sum(amounts.iter().copied());
        let owed = sum(&[self.members, self.vendors, self.partners]).unwrap_or(Cents::MAX);
        let covers = sum(&[self.money, self.grants]).unwrap_or(Cents::MAX);
        covers.signed().checked_sub(owed.signed()).unwrap_or_default()
    }

    /// Returns whether credit is covered.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.margin() >= SignedCents::ZERO
    }
}

/// Returns how credit is covered now. Reads every account once.
pub(crate) fn now(state: &State) -> Guarantee {
    let mut sums = Guarantee::default();
    let add = |to: &mut Cents, amount: Cents| *to = to.checked_add(amount).unwrap_or(Cents::MAX);
    for (account, counters) in state.books.accounts() {
        let owed = counters.balance().positive_part();
        let held = counters.balance().negated().positive_part();
        match account {
            Account::Member(_) | Account::Claim(_) | Account::Suspense => {
                add(&mut sums.members, owed);
            }
            Account::Vendor(_) | Account::Ordered(_) => add(&mut sums.vendors, owed),
            Account::Partner(_) => add(&mut sums.partners, owed),
            Account::Bank | Account::Cash | Account::Collecting(_) => add(&mut sums.money, held),
            Account::Grant(_) => add(&mut sums.grants, held),
            Account::Contributions
            | Account::Allocations
            | Account::Risk
            | Account::Unassigned
            | Account::Grants
            | Account::Expired
            | Account::Pot
            | Account::Reimbursed
            | Account::Corrections
            | Account::Advance(_)
            | Account::OfflineLosses => {}
        }
    }
    sums
}

/// Says whether so much more credit is covered, or is issued all the same.
pub(crate) fn check(
    guarantee: &Guarantee,
    more: Cents,
    force: Option<&Force>,
) -> Result<(), MemberRefused> {
    let after = guarantee.margin().checked_sub(more.signed()).unwrap_or(SignedCents::new(i64::MIN));
    if after >= SignedCents::ZERO || more.is_zero() || force.is_some() {
        return Ok(());
    }
    Err(MemberRefused::NotCovered { short: after.magnitude() })
}
