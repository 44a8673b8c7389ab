//! What is checked of one caisse after every input.

use std::collections::BTreeMap;

use crdt::{CaisseId, Cents, Timestamp};
use ledger::account::Account;
use ledger::records::Records;
use ledger::{Answer, Caisse, Query};

use crate::broken::{Broken, holds};

/// Watches the books of one machine.
#[derive(Clone, Debug)]
pub struct Watch {
    ceiling: Cents,
    held: BTreeMap<CaisseId, Cents>,
    entries: u64,
}

impl Watch {
    /// Begins to watch; `ceiling` is what the caisse may owe each partner at most.
    #[must_use]
    pub const fn new(ceiling: Cents) -> Self {
        Self { ceiling, held: BTreeMap::new(), entries: 0 }
    }

    /// Forgets what was seen before a restart: the disk may be older.
    pub fn restart(&mut self, machine: &Caisse) {
        self.held = held(machine);
        self.entries = machine.books().entries();
    }

    /// Checks the books after an input (I1, I2).
    ///
    /// # Errors
    /// [`Broken`] if the books are not what they must be.
    pub fn after_input(
        &mut self,
        machine: &Caisse,
        clock: Timestamp,
        disk: &dyn Records,
    ) -> Result<(), Broken> {
        let books = machine.books();
        if books.entries() == self.entries {
            return Ok(());
        }
        holds(books.entries() > self.entries, "I1", || "the books became shorter".to_owned())?;
        self.entries = books.entries();
        balanced(machine)?;
        let now = held(machine);
        for (partner, amount) in &now {
            let before = self.held.get(partner).copied().unwrap_or_default();
            let owed = books.owed_to(*partner).positive_part();
            let within = *amount <= before || owed <= self.ceiling;
            // A promise that is learned again after a restore is kept, whatever is owed by now.
            holds(within || !is_heard(machine, clock, disk, *partner), "I2", || {
                format!("a hold was made with {owed} owed, above the ceiling {}", self.ceiling)
            })?;
        }
        self.held = now;
        Ok(())
    }
}

/// Whether a partner has told since the start what it had heard.
fn is_heard(machine: &Caisse, clock: Timestamp, disk: &dyn Records, partner: CaisseId) -> bool {
    match machine.query(clock, &Query::Peers, disk) {
        Ok(Answer::Peers(peers)) => peers.iter().any(|peer| peer.id == partner && peer.heard),
        Ok(_) | Err(_) => true,
    }
}

/// What is held for each partner.
fn held(machine: &Caisse) -> BTreeMap<CaisseId, Cents> {
    let accounts = machine.books().accounts().iter();
    accounts
        .filter_map(|(account, counters)| match account {
            Account::Partner(partner) => Some((*partner, counters.credits_pending)),
            _ => None,
        })
        .collect()
}

/// The sums over all accounts are zero, and no member holds less than nothing; counted here anew.
fn balanced(machine: &Caisse) -> Result<(), Broken> {
    let (mut posted, mut pending) = (0_i128, 0_i128);
    for (account, counters) in machine.books().accounts() {
        let [debits, credits, debits_pending, credits_pending] =
            [counters.debits, counters.credits, counters.debits_pending, counters.credits_pending]
                .map(|amount| i128::from(amount.get()));
        posted += credits - debits;
        pending += credits_pending - debits_pending;
        let is_member = matches!(account, Account::Member(_));
        holds(!is_member || credits >= debits + debits_pending, "I2", || {
            format!("{account:?} holds less than nothing")
        })?;
    }
    holds(posted == 0 && pending == 0, "I1", || {
        format!("the accounts sum to {posted} posted and {pending} held")
    })
}
