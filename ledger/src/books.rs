//! The books: double entry, append-only, hash-chained. The single truth about money.
//!
//! An entry is a list of transfers, each from one account to another, so no entry can be out of
//! balance; the running sums check it again at every entry (invariant I1).

use std::collections::BTreeMap;

use crdt::digest::Domain;
use crdt::{
    BatchId, CaisseId, Cents, ClaimId, Date, Digest, DisputeId, GrantId, LineId, MemberId, Month,
    PaymentId, RequestId, RunId, SignedCents, Timestamp, wire,
};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Counters, Floor};
use crate::records::{Kind, Records};
use crate::refused::BooksRefused;
use crate::turn::Turn;

/// Money that goes from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The account that is debited.
    pub debit: Account,
    /// The account that is credited.
    pub credit: Account,
    /// How much.
    pub amount: Cents,
}

/// How far an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Posted at once.
    Posted,
    /// Held: promised, to be posted or released later.
    Held,
    /// Posts what was held before.
    HoldPosted,
    /// Releases what was held before.
    HoldReleased,
}

/// Why an entry was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A contribution, by its request id.
    Contribution(RequestId),
    /// An allocation.
    Allocation(Month, MemberId),
    /// A sale at one of our vendors.
    Sale(PaymentId),
    /// A charge of a host.
    Charge(CaisseId, PaymentId),
    /// A refund.
    Refund(PaymentId),
    /// What the caisse bears of an answered dispute.
    Dispute(DisputeId),
    /// A correction of what a member holds, by its request id.
    Correction(RequestId),
    /// A settlement run.
    Run(RunId),
    /// A bank transfer of a settlement run, between us and a partner.
    Paid(RunId, CaisseId),
    /// A bonus for what a member spent.
    Bonus(PaymentId),
    /// Credit that expired, on the day of the run.
    Expiry(MemberId, Date),
    /// Credit above what may be carried into a month.
    RollOver(Month, MemberId),
    /// A grant that a funder confirmed.
    Grant(GrantId),
    /// A line of the bank.
    Line(LineId),
    /// What a person, or a rule, decided a line of the bank to be.
    Assigned(LineId),
    /// Bank transfers that were ordered.
    Batch(BatchId),
    /// A bank transfer or direct debit of a batch that came back, by the line that says so.
    Returned(BatchId, LineId),
    /// A claim of a member who paid first.
    Claim(ClaimId),
    /// Money put into the pot that balances tiers of prices, by its request id.
    Pot(RequestId),
    /// Money that went into or out of the cash box, by its request id.
    Cash(RequestId),
    /// The reversal of an earlier entry, by its place.
    Reversal(u64),
    /// A part of a month's allocation that gives back what the member was advanced.
    Recovery(Month, MemberId),
}

impl Cause {
    /// Returns whether a debit of a member's account for this is a purchase.
    const fn is_purchase(&self) -> bool {
        matches!(self, Self::Sale(_) | Self::Charge(..))
    }
}

/// An entry of the books. No personal data: members are random ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Its place, from 0.
    pub index: u64,
    /// The hash of the entry before, zero bytes for the first.
    pub prev: Digest,
    /// When it was made, by our clock.
    pub at: Timestamp,
    /// The day to which it belongs, at the caisse's place.
    pub date: Date,
    /// Why.
    pub cause: Cause,
    /// How far it goes.
    pub phase: Phase,
    /// What moves.
    pub transfers: Vec<Transfer>,
}

impl JournalEntry {
    /// Returns the hash of an encoded entry.
    #[must_use]
    pub fn hash(bytes: &[u8]) -> Digest {
        Domain::Journal.hash(bytes)
    }
}

/// The books in memory: counters of every account, and the end of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    accounts: BTreeMap<Account, Counters>,
    entries: u64,
    head: Digest,
    /// Posted credits less posted debits, and the same of what is held, over all accounts.
    sums: (i128, i128),
    /// The last day on which nothing can be entered any more.
    closed: Option<Date>,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            entries: 0,
            head: Digest::new([0; 32]),
            sums: (0, 0),
            closed: None,
        }
    }
}

/// The name of the record that holds the end of the chain.
pub const HEAD_KEY: &[u8] = b"journal head";

/// The name of the record that holds the last day that is closed.
pub const CLOSED_KEY: &[u8] = b"closed until";

impl Books {
    /// Loads the counters and the end of the chain.
    #[must_use]
    pub fn load(records: &dyn Records) -> Self {
        let head = records.get(Kind::Meta, HEAD_KEY);
        let (entries, head) =
            head.and_then(|bytes| wire::decode(&bytes).ok()).unwrap_or((0, Digest::new([0; 32])));
        let rows = records.range(Kind::Account, &[], &[], usize::MAX);
        let accounts: BTreeMap<Account, Counters> = rows
            .into_iter()
            .filter_map(|(key, value)| Some((wire::decode(&key).ok()?, wire::decode(&value).ok()?)))
            .collect();
        let closed = records.get(Kind::Meta, CLOSED_KEY);
        let closed = closed.and_then(|bytes| wire::decode(&bytes).ok());
        let mut books = Self { accounts, entries, head, sums: (0, 0), closed };
        books.sums = books.sum_all();
        books
    }

    fn sum_all(&self) -> (i128, i128) {
        self.accounts.values().map(signed_sums).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    }

    /// Returns the counters of an account.
    #[must_use]
    pub fn counters(&self, account: Account) -> Counters {
        self.accounts.get(&account).copied().unwrap_or_default()
    }

    /// Returns every account.
    #[must_use]
    pub const fn accounts(&self) -> &BTreeMap<Account, Counters> {
        &self.accounts
    }

    /// Returns the balance of an account with debits counted up: what the bank or the cash box holds.
    #[must_use]
    pub fn holds(&self, account: Account) -> SignedCents {
        self.counters(account).balance().negated()
    }

    /// Returns what a member can spend.
    #[must_use]
    pub fn available(&self, member: MemberId) -> Cents {
        self.counters(Account::Member(member)).available()
    }

    /// Returns what we owe a partner, holds included; negative when it owes us.
    #[must_use]
    pub fn owed_to(&self, partner: CaisseId) -> SignedCents {
        let counters = self.counters(Account::Partner(partner));
        let owed = counters.balance().checked_add(counters.credits_pending.signed());
        owed.unwrap_or(SignedCents::new(i64::MAX))
    }

    /// Returns the number of entries.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Returns the hash of the last entry.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.head
    }

    /// Returns the last day on which nothing can be entered any more.
    #[must_use]
    pub const fn closed(&self) -> Option<Date> {
        self.closed
    }

    /// Closes a day and all days before. What is entered later belongs to an open day.
    pub(crate) fn close(&mut self, turn: &mut Turn<'_>, day: Date) {
        let day = self.closed.map_or(day, |closed| closed.max(day));
        self.closed = Some(day);
        turn.put(Kind::Meta, CLOSED_KEY, &day);
    }

    /// Returns a day, or the first open one if it is closed.
    #[must_use]
    pub fn open_day(&self, day: Date) -> Date {
        match self.closed {
            Some(closed) if day <= closed => closed.plus_days(1),
            Some(_) | None => day,
        }
    }

    /// Returns whether the sums over all accounts are zero (invariant I1).
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.sums.0 == 0 && self.sums.1 == 0
    }

    /// Says whether transfers of a phase would be taken, and changes nothing.
    ///
    /// # Errors
    /// The first of [`BooksRefused`] that applies.
    pub fn check(&self, phase: Phase, transfers: &[Transfer]) -> Result<(), BooksRefused> {
        self.after(phase, transfers).map(|_| ())
    }

    /// Makes an entry.
    ///
    /// # Errors
    /// The first of [`BooksRefused`] that applies; then nothing has changed.
    ///
    /// # Panics
    /// If the sum over all accounts is not zero afterwards: then the code is wrong, and stopping
    /// before anything is stored or said is the only safe thing to do.
    pub fn enter(
        &mut self,
        turn: &mut Turn<'_>,
        cause: Cause,
        phase: Phase,
        transfers: Vec<Transfer>,
    ) -> Result<(), BooksRefused> {
        let date = turn.today();
        self.enter_on(turn, date, cause, phase, transfers)
    }

    /// Makes an entry that belongs to another day than today, such as that of a bank's line. If that day
    /// is closed, the entry belongs to the first open one: what happened is never refused, and what was
    /// closed never changes.
    ///
    /// # Errors
    /// As [`Books::enter`].
    ///
    /// # Panics
    /// As [`Books::enter`].
    pub fn enter_on(
        &mut self,
        turn: &mut Turn<'_>,
        date: Date,
        cause: Cause,
        phase: Phase,
        transfers: Vec<Transfer>,
    ) -> Result<(), BooksRefused> {
        let date = self.open_day(date);
        let mut changed = self.after(phase, &transfers)?;
        mark_used(&mut changed, date, cause, phase, &transfers);
        for (account, counters) in &changed {
            let before = self.accounts.insert(*account, *counters).unwrap_or_default();
            let (before, after) = (signed_sums(&before), signed_sums(counters));
            self.sums.0 += after.0 - before.0;
            self.sums.1 += after.1 - before.1;
            turn.put(Kind::Account, &wire::encode(account), counters);
        }
        assert!(self.is_balanced(), "the books are out of balance after {cause:?}");
        let (index, prev) = (self.entries, self.head);
        let at = turn.now;
        let entry = JournalEntry { index, prev, at, date, cause, phase, transfers };
        self.head = JournalEntry::hash(&wire::encode(&entry));
        self.entries += 1;
        turn.put(Kind::Journal, &index.to_be_bytes(), &entry);
        turn.put(Kind::Meta, HEAD_KEY, &(self.entries, self.head));
        Ok(())
    }

    /// Returns the counters that change, as they would be.
    fn after(
        &self,
        phase: Phase,
        transfers: &[Transfer],
    ) -> Result<BTreeMap<Account, Counters>, BooksRefused> {
        let mut changed = BTreeMap::new();
        for Transfer { debit, credit, amount } in transfers {
            let debited = changed.entry(*debit).or_insert_with(|| self.counters(*debit));
            apply(debited, phase, Side::Debit, *amount)?;
            let credited = changed.entry(*credit).or_insert_with(|| self.counters(*credit));
            apply(credited, phase, Side::Credit, *amount)?;
        }
        for (account, counters) in &changed {
            if !counters.respects(account.floor()) {
                let before = self.counters(*account);
                let available = match account.floor() {
                    Floor::Credit | Floor::None => before.available(),
                    Floor::Debit => before.debits.saturating_sub(before.credits),
                };
                return Err(BooksRefused::Overdrawn { available });
            }
        }
        Ok(changed)
    }
}

/// Notes the day of a purchase on the account that it takes from. An undone hold was none.
fn mark_used(
    changed: &mut BTreeMap<Account, Counters>,
    date: Date,
    cause: Cause,
    phase: Phase,
    transfers: &[Transfer],
) {
    if !cause.is_purchase() || phase == Phase::HoldReleased {
        return;
    }
    for Transfer { debit, .. } in transfers {
        if let (Account::Member(_), Some(counters)) = (debit, changed.get_mut(debit)) {
            counters.used = counters.used.max(Some(date));
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Debit,
    Credit,
}

/// Applies one side of a transfer to the counters of its account.
fn apply(
    counters: &mut Counters,
    phase: Phase,
    side: Side,
    amount: Cents,
) -> Result<(), BooksRefused> {
    let (posted, pending) = match side {
        Side::Debit => (&mut counters.debits, &mut counters.debits_pending),
        Side::Credit => (&mut counters.credits, &mut counters.credits_pending),
    };
    let add = |to: &mut Cents| {
        *to = to.checked_add(amount).ok_or(BooksRefused::Overflow)?;
        Ok(())
    };
    let take = |from: &mut Cents| {
        *from = from.checked_sub(amount).ok_or(BooksRefused::NoSuchHold)?;
        Ok(())
    };
    match phase {
        Phase::Posted => add(posted),
        Phase::Held => add(pending),
        Phase::HoldPosted => take(pending).and_then(|()| add(posted)),
        Phase::HoldReleased => take(pending),
    }
}

fn signed_sums(counters: &Counters) -> (i128, i128) {
    let signed = |amount: Cents| i128::from(amount.get());
    (
        signed(counters.credits) - signed(counters.debits),
        signed(counters.credits_pending) - signed(counters.debits_pending),
    )
}

/// Applies an entry that was read back to counters of its own: how `verify` re-derives the accounts.
///
/// # Errors
/// [`BooksRefused`] if the entry cannot follow those before it.
pub fn replay(
    accounts: &mut BTreeMap<Account, Counters>,
    entry: &JournalEntry,
) -> Result<(), BooksRefused> {
    for Transfer { debit, credit, amount } in &entry.transfers {
        apply(accounts.entry(*debit).or_default(), entry.phase, Side::Debit, *amount)?;
        apply(accounts.entry(*credit).or_default(), entry.phase, Side::Credit, *amount)?;
    }
    mark_used(accounts, entry.date, entry.cause, entry.phase, &entry.transfers);
    Ok(())
}
