//! Re-derives everything from the hash-chained books and the feeds, and names the first thing that
//! differs.

mod cards;
mod disputes;

use std::collections::BTreeMap;

use crdt::feed::{Body, Envelope, FeedId, Verified};
use crdt::fork::{Fork, ForkProof};
use crdt::pair::PairBody;
use crdt::replica::{Inserted, Replica};
use crdt::{CaisseId, Cents, Digest, PaymentId, SignedCents, wire};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Counters};
use crate::books::{Cause, HEAD_KEY, JournalEntry, Phase, replay};
use crate::payment::{Charge, ChargeState, OPEN_CHARGE, OPEN_SALE, Sale, SaleState, open_key};
use crate::records::{Kind, Row};
use crate::state::State;
use crate::turn::Turn;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Entries of the books that were read.
    pub journal_entries: u64,
    /// Accounts whose counters were re-derived.
    pub accounts: u64,
    /// Entries of feeds whose signatures were checked.
    pub feed_entries: u64,
    /// Sales and charges that were compared with the books.
    pub payments: u64,
    /// What differs, the first thing first; empty when all is well.
    pub differences: Vec<String>,
}

impl Report {
    /// Returns whether nothing differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }

    pub(crate) fn differs(&mut self, what: impl Into<String>) {
        // One broken link makes everything after it differ: the first few say enough.
        if self.differences.len() < 20 {
            self.differences.push(what.into());
        }
    }
}

/// What the journal says of one payment: what is held now, and what was posted.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Booked {
    pub(crate) held: i128,
    pub(crate) posted: i128,
}

/// Verifies everything that is stored.
pub(crate) fn verify(state: &State, turn: &Turn<'_>) -> Report {
    let mut report = Report::default();
    let booked = journal(state, turn, &mut report);
    feeds(state, turn, &mut report);
    sales(state, turn, &booked, &mut report);
    charges(state, turn, &booked, &mut report);
    partners(state, turn, &mut report);
    crate::accounting::check::verify(state, turn, &booked, &mut report);
    cards::check(state, turn, &mut report);
    disputes::disputes(turn, &booked, &mut report);
    crate::offline::verify(state, turn, &mut report);
    crate::treasury::check::differences(state, turn, |what| report.differs(what));
    for what in crate::people::differences(state, turn) {
        report.differs(what);
    }
    report
}

/// How many rows are read at a time, so that a large store does not stand in memory whole.
const PAGE: usize = 4_096;

/// Reads a whole kind of records, page by page.
pub(crate) fn each(turn: &Turn<'_>, kind: Kind, mut visit: impl FnMut(&Row)) {
    let mut from = Vec::new();
    loop {
        let page = turn.range(kind, &from, &[], PAGE);
        page.iter().for_each(&mut visit);
        let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else {
            return;
        };
        from = [last.as_slice(), &[0]].concat();
    }
}

pub(crate) type PaymentBooks = BTreeMap<Cause, Booked>;

/// Follows the chain of the books and re-derives every account.
fn journal(state: &State, turn: &Turn<'_>, report: &mut Report) -> PaymentBooks {
    let mut accounts: BTreeMap<Account, Counters> = BTreeMap::new();
    let mut booked = PaymentBooks::new();
    let mut next = (0_u64, Digest::new([0; 32]));
    each(turn, Kind::Journal, |(key, bytes)| {
        let place = key.as_slice().try_into().map(u64::from_be_bytes).ok();
        let Ok(entry) = wire::decode::<JournalEntry>(bytes) else {
            return report.differs(format!("journal entry {} does not decode", next.0));
        };
        if place != Some(next.0) || entry.index != next.0 || entry.prev != next.1 {
            report.differs(format!("journal entry {} does not follow the one before", next.0));
        }
        if replay(&mut accounts, &entry).is_err() {
            report.differs(format!("journal entry {} cannot be booked", entry.index));
        }
        add_up(&mut booked, &entry);
        next = (next.0 + 1, JournalEntry::hash(bytes));
    });
    report.journal_entries = next.0;
    let head = turn.get::<(u64, Digest)>(Kind::Meta, HEAD_KEY).unwrap_or((0, Digest::new([0; 32])));
    if head != next || (state.books.entries(), state.books.head()) != next {
        report.differs("the journal does not end where the books say");
    }
    compare_accounts(state, turn, accounts, report);
    booked
}

fn add_up(booked: &mut PaymentBooks, entry: &JournalEntry) {
    let amount: i128 = entry.transfers.iter().map(|t| i128::from(t.amount.get())).sum();
    let sums = booked.entry(entry.cause).or_default();
    match entry.phase {
        Phase::Posted => sums.posted += signed_amount(entry),
        Phase::Held => sums.held += amount,
        Phase::HoldPosted => {
            sums.held -= amount;
            sums.posted += amount;
        }
        Phase::HoldReleased => sums.held -= amount,
    }
}

/// A posted entry of a payment counts up, one that gives back counts down. An entry that moves a sale
/// from our own risk to the home caisse moves nothing for the vendor.
fn signed_amount(entry: &JournalEntry) -> i128 {
    let signed = entry.transfers.iter().map(|transfer| {
        let amount = i128::from(transfer.amount.get());
        match (entry.cause, transfer.debit, transfer.credit) {
            (Cause::Charge(..), Account::Partner(_), _) => -amount,
            // The payer that a restore had lost was found again.
            (Cause::Charge(..), _, Account::Suspense) => 0,
            (Cause::Sale(_), _, Account::Risk) => 0,
            _ => amount,
        }
    });
    signed.sum()
}

fn compare_accounts(
    state: &State,
    turn: &Turn<'_>,
    accounts: BTreeMap<Account, Counters>,
    report: &mut Report,
) {
    let mut stored = BTreeMap::new();
    each(turn, Kind::Account, |(key, bytes)| {
        match (wire::decode::<Account>(key), wire::decode::<Counters>(bytes)) {
            (Ok(account), Ok(counters)) => {
                stored.insert(account, counters);
            }
            _ => report.differs("a stored account does not decode"),
        }
    });
    for (name, found) in [("stored", &stored), ("held in memory", state.books.accounts())] {
        for account in accounts.keys().chain(found.keys()) {
            if accounts.get(account) != found.get(account) {
                report.differs(format!("{account:?} as {name} is not what the journal gives"));
            }
        }
    }
    report.accounts = accounts.len() as u64;
    let sum = |side: fn(&Counters) -> (Cents, Cents)| -> i128 {
        accounts.values().map(side).map(|(c, d)| i128::from(c.get()) - i128::from(d.get())).sum()
    };
    if sum(|c| (c.credits, c.debits)) != 0 || sum(|c| (c.credits_pending, c.debits_pending)) != 0 {
        report.differs("the sum over all accounts is not zero");
    }
    let overdrawn = |(account, counters): (&Account, &Counters)| {
        let spent = counters.debits.checked_add(counters.debits_pending);
        matches!(account, Account::Member(_)) && spent.is_none_or(|s| s > counters.credits)
    };
    if accounts.iter().any(overdrawn) {
        report.differs("a member holds less than nothing");
    }
}

/// Checks every signature and link of every feed, and the proofs of forks.
fn feeds(state: &State, turn: &Turn<'_>, report: &mut Report) {
    let Some(federation) = &state.federation else {
        return;
    };
    let keyring = federation.keyring();
    let mut replica = Replica::default();
    for said in crate::federation::openings(turn, federation, report) {
        // Nothing is held yet, so nothing is cut off.
        let _ = replica.open(&said);
    }
    let mut count = 0;
    each(turn, Kind::Feed, |(key, bytes)| {
        count += 1;
        let name = || data_name(key);
        let Ok(envelope) = wire::decode::<Envelope>(bytes) else {
            return report.differs(format!("feed entry {} does not decode", name()));
        };
        match envelope.verify(keyring) {
            Ok(entry) if replica.insert(&entry) == Inserted::Appended => {}
            Ok(_) => report.differs(format!("feed entry {} does not follow", name())),
            Err(why) => report.differs(format!("feed entry {}: {why}", name())),
        }
    });
    report.feed_entries = count;
    if !replica.heads().eq(federation.replica.heads()) {
        report.differs("the feeds do not end where the node says");
    }
    each(turn, Kind::ForkProof, |(_, bytes)| {
        let proof = wire::decode::<(Fork, ForkProof)>(bytes);
        if !proof.is_ok_and(|(fork, proof)| proof.check(keyring) == Ok(fork)) {
            report.differs("a stored fork proof does not hold");
        }
    });
}

/// Names a feed entry by its place.
fn data_name(key: &[u8]) -> String {
    let seq = key.last_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let author = key.first_chunk::<32>().map(|bytes| CaisseId::new(*bytes).to_string());
    format!("{seq} of {}", author.as_deref().map_or("nobody", |id| &id[..8]))
}

/// Returns the payment of which our entry at a place of a pair feed speaks.
fn decision(state: &State, turn: &Turn<'_>, partner: CaisseId, said: u64) -> Option<PaymentId> {
    let feed = FeedId::pair(state.me, partner);
    let entries = crate::federation::stored(turn, feed, said.checked_sub(1)?, said);
    let Body::Pair(body) = entries.first()?.body() else { return None };
    match body {
        PairBody::Granted { payment, .. }
        | PairBody::Denied { payment, .. }
        | PairBody::Captured { payment, .. }
        | PairBody::Voided { payment }
        | PairBody::FloorCaptured { payment, .. }
        | PairBody::Obliged { payment, .. }
        | PairBody::FloorDeclined { payment, .. }
        | PairBody::OfflineCaptured { payment, .. }
        | PairBody::Refunded { payment, .. }
        | PairBody::Contested { payment }
        | PairBody::ContestEnded { payment } => Some(*payment),
        PairBody::PaySent { .. }
        | PairBody::PayReceived { .. }
        | PairBody::LotGranted { .. }
        | PairBody::LotCloseAsked { .. }
        | PairBody::LotClosed { .. } => None,
    }
}

/// Compares every sale with what the books say of it.
fn sales(state: &State, turn: &Turn<'_>, booked: &PaymentBooks, report: &mut Report) {
    let mut count = 0;
    each(turn, Kind::Sale, |(key, bytes)| {
        count += 1;
        let sale = PaymentId::from_slice(key).zip(wire::decode::<Sale>(bytes).ok());
        let Some((payment, sale)) = sale else {
            return report.differs("a stored sale does not decode");
        };
        let made = if sale.is_made() { i128::from(sale.covered.get()) } else { 0 };
        let books = booked.get(&Cause::Sale(payment)).copied().unwrap_or_default();
        if books != (Booked { held: 0, posted: made }) || sale.refunded > sale.covered {
            report.differs(format!("sale {payment} is not what the books say"));
        }
        let decided = decision(state, turn, sale.home, sale.said);
        if decided.map_or(sale.said > 0, |spoken_of| spoken_of != payment) {
            report.differs(format!("sale {payment} names an entry that does not speak of it"));
        }
        let open = turn.get::<()>(Kind::Open, &open_key(OPEN_SALE, key)).is_some();
        let asked = matches!(sale.state, SaleState::Asked { .. });
        if open != asked || asked != state.waiting.contains_key(&payment) {
            report.differs(format!("sale {payment} is open in one place and closed in another"));
        }
    });
    let known = |payment: &PaymentId| turn.get::<Sale>(Kind::Sale, payment.as_bytes()).is_some();
    for cause in booked.keys() {
        if let Cause::Sale(payment) = cause
            && !known(payment)
        {
            report.differs(format!("the books know a sale {payment} that is not stored"));
        }
    }
    report.payments += count;
}

/// Compares every charge with what the books say of it.
fn charges(state: &State, turn: &Turn<'_>, booked: &PaymentBooks, report: &mut Report) {
    let mut count = 0;
    each(turn, Kind::Charge, |(key, bytes)| {
        count += 1;
        let id = crate::payment::read_charge_key(key);
        let Some(((host, payment), charge)) = id.zip(wire::decode::<Charge>(bytes).ok()) else {
            return report.differs("a stored charge does not decode");
        };
        let covered = i128::from(charge.covered.get());
        let left = covered - i128::from(charge.refunded.get());
        let (held, posted) = match charge.state {
            ChargeState::Held => (covered, 0),
            ChargeState::Obliged => (0, left),
            ChargeState::Released
            | ChargeState::Denied(_)
            | ChargeState::FloorDeclined(_)
            | ChargeState::Tombstone => (0, 0),
        };
        let books = booked.get(&Cause::Charge(host, payment)).copied().unwrap_or_default();
        if books != (Booked { held, posted })
            || charge.refunded > charge.covered
            || charge.recovered > charge.refunded
        {
            report.differs(format!("charge {payment} is not what the books say"));
        }
        let decided = decision(state, turn, host, charge.said);
        if decided.map_or(charge.said > 0, |spoken_of| spoken_of != payment) {
            report.differs(format!("charge {payment} names an entry that does not speak of it"));
        }
        let open = turn.get::<()>(Kind::Open, &open_key(OPEN_CHARGE, key)).is_some();
        let is_held = charge.state == ChargeState::Held;
        if open != is_held || is_held != state.holds.contains_key(&(host, payment)) {
            report.differs(format!("charge {payment} is open in one place and closed in another"));
        }
    });
    report.payments += count;
}

/// What we said to a partner about money must be what the books say we and it owe each other.
fn partners(state: &State, turn: &Turn<'_>, report: &mut Report) {
    let Some(federation) = &state.federation else {
        return;
    };
    let mut owed_by_books: BTreeMap<CaisseId, i128> = BTreeMap::new();
    each(turn, Kind::Journal, |(_, bytes)| {
        if let Ok(entry) = wire::decode::<JournalEntry>(bytes) {
            owed_in(&entry, &mut owed_by_books);
        }
    });
    for head in federation.replica.heads().filter(|head| head.feed.author == state.me) {
        let crdt::feed::Audience::Pair(partner) = head.feed.audience else {
            continue;
        };
        let ours = federation_entries(turn, FeedId::pair(state.me, partner), head.seq);
        disputes::contests(turn, partner, &ours, report);
        let said: i128 = ours.iter().map(said_amount).sum();
        let taken = refunds_taken(turn, partner);
        let accepted = accepted_risk(turn, partner);
        let books = owed_by_books.get(&partner).copied().unwrap_or(0);
        if said - taken - accepted != books {
            let found = SignedCents::new(i64::try_from(books).unwrap_or(i64::MAX));
            report
                .differs(format!("the books owe {partner} {found}, the pair feeds say otherwise"));
        }
    }
}

fn federation_entries(turn: &Turn<'_>, feed: FeedId, upto: u64) -> Vec<Verified> {
    crate::federation::stored(turn, feed, 0, upto)
}

/// What an entry of ours adds to what we owe its reader.
fn said_amount(entry: &Verified) -> i128 {
    let Body::Pair(body) = entry.body() else {
        return 0;
    };
    match body {
        PairBody::Obliged { covered, .. } => i128::from(covered.get()),
        PairBody::Refunded { amount, .. } => i128::from(amount.get()),
        PairBody::Captured { covered, .. } => -i128::from(covered.get()),
        PairBody::Granted { .. }
        | PairBody::Denied { .. }
        | PairBody::Voided { .. }
        | PairBody::FloorCaptured { .. }
        | PairBody::FloorDeclined { .. }
        | PairBody::PaySent { .. }
        | PairBody::PayReceived { .. }
        | PairBody::LotGranted { .. }
        | PairBody::LotCloseAsked { .. }
        | PairBody::OfflineCaptured { .. }
        | PairBody::LotClosed { .. }
        | PairBody::Contested { .. }
        | PairBody::ContestEnded { .. } => 0,
    }
}

fn refunds_taken(turn: &Turn<'_>, host: CaisseId) -> i128 {
    let mut sum = 0;
    each(turn, Kind::Charge, |(key, bytes)| {
        let of_host = crate::payment::read_charge_key(key).is_some_and(|(h, _)| h == host);
        if let Some(charge) = wire::decode::<Charge>(bytes).ok().filter(|_| of_host) {
            sum += i128::from(charge.refunded.get());
        }
    });
    sum
}

fn accepted_risk(turn: &Turn<'_>, home: CaisseId) -> i128 {
    let mut sum = 0;
    each(turn, Kind::Sale, |(_, bytes)| {
        if let Ok(sale) = wire::decode::<Sale>(bytes)
            && sale.home == home
            && sale.state == SaleState::AtRiskAccepted
        {
            sum += i128::from(sale.covered.get());
        }
    });
    sum
}

/// Adds what an entry of a payment moves between us and partners; settlements are left out.
fn owed_in(entry: &JournalEntry, owed: &mut BTreeMap<CaisseId, i128>) {
    let of_payment = matches!(entry.cause, Cause::Sale(_) | Cause::Charge(..) | Cause::Refund(_));
    if !of_payment || !matches!(entry.phase, Phase::Posted | Phase::HoldPosted) {
        return;
    }
    for transfer in &entry.transfers {
        let amount = i128::from(transfer.amount.get());
        if let Account::Partner(partner) = transfer.credit {
            *owed.entry(partner).or_default() += amount;
        }
        if let Account::Partner(partner) = transfer.debit {
            *owed.entry(partner).or_default() -= amount;
        }
    }
}
