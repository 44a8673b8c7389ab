//! What the books must say, worked out from what tills were told and from nothing else.

use std::collections::BTreeMap;

use crdt::PaymentId;
use ledger::account::{Account, Counters};
use ledger::answer::PaymentStatus;
use tests::Trouble;
use tests::market::coverage;
use tests::operator::Operator;

use crate::seller::{Asked, Seller, Word};

/// The sales that are paid, with what credit paid for each.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    pub paid: BTreeMap<PaymentId, (Asked, u64)>,
}

/// What credit pays for a sale, by the test's own arithmetic: every stall is covered at one rate.
pub fn covered(asked: &Asked) -> u64 {
    coverage().split(asked.sale.amount).covered.get()
}

impl Sums {
    /// Takes in what a till was told; a paid sale must be covered as the rate says.
    pub fn told(&mut self, word: &Word, hint: &str) {
        let Some(signed) = word.told.receipt() else {
            return;
        };
        let (receipt, expected) = (signed.receipt, covered(&word.asked));
        assert_eq!(receipt.payment, word.asked.sale.id, "{hint}: a receipt of another sale");
        assert_eq!(receipt.covered.get(), expected, "{hint}: {receipt:?}");
        assert!(!receipt.at_hosts_risk, "{hint}: nobody agreed on sales at the host's risk");
        self.paid.insert(receipt.payment, (word.asked.clone(), expected));
    }

    /// Takes in a sale without an answer if the caisse of the stall says that it was made. Returns
    /// whether it was.
    pub async fn unanswered(
        &mut self,
        operator: &Operator,
        asked: &Asked,
        hint: &str,
    ) -> Result<bool, Trouble> {
        let id = asked.sale.id;
        let Some(info) = operator.payment(id).await? else {
            assert!(!self.paid.contains_key(&id), "{hint}: {id} was paid and is gone");
            return Ok(false);
        };
        let made = matches!(info.status, PaymentStatus::Paid | PaymentStatus::Captured);
        if made {
            assert_eq!(info.covered.get(), covered(asked), "{hint}: {info:?}");
            self.paid.insert(id, (asked.clone(), info.covered.get()));
        }
        Ok(made)
    }

    /// Takes in every sale without an answer.
    pub async fn all_unanswered(
        &mut self,
        operator: &Operator,
        sellers: &[Seller],
        hint: &str,
    ) -> Result<(), Trouble> {
        for seller in sellers {
            for asked in seller.unanswered.iter().chain(&seller.given_up) {
                self.unanswered(operator, asked, hint).await?;
            }
        }
        Ok(())
    }

    /// Returns what was paid by who or at which stall, by number.
    pub fn by(&self, who: impl Fn(&Asked) -> usize) -> BTreeMap<usize, u64> {
        let mut sums = BTreeMap::new();
        for (asked, covered) in self.paid.values() {
            *sums.entry(who(asked)).or_default() += covered;
        }
        sums
    }
}

/// The counters of a caisse's accounts.
pub struct Books(BTreeMap<Account, Counters>);

impl Books {
    pub async fn of(operator: &Operator) -> Result<Self, Trouble> {
        Ok(Self(operator.accounts().await?.into_iter().collect()))
    }

    fn counters(&self, account: Account) -> Counters {
        self.0.get(&account).copied().unwrap_or_default()
    }

    /// Returns what was taken out of an account for good, and in.
    pub fn moved(&self, account: Account) -> (u64, u64) {
        let counters = self.counters(account);
        (counters.debits.get(), counters.credits.get())
    }

    /// Returns what is held on all accounts together.
    pub fn held(&self) -> u64 {
        self.0.values().map(|c| c.debits_pending.get() + c.credits_pending.get()).sum()
    }
}
