//! Which settlement runs have effect, what they settle, and whether the transfers make up for it.

use std::collections::{BTreeMap, BTreeSet};

use crdt::feed::{Body, PublicBody, Verified};
use crdt::settlement::{Run, StatementBody};
use crdt::{CaisseId, Digest, RunId};

use super::feeds::Feeds;
use super::pairs::{Told, owed_up_to};
use crate::broken::{Broken, holds};

/// What a participant said of a run, in the end.
#[derive(Clone, Copy, Default)]
struct Words {
    signed: Option<Digest>,
    aborted: bool,
    holds_all: bool,
}

/// The runs that have effect.
pub(super) struct Runs {
    /// What the second owed the first and a run settled.
    settled: BTreeMap<(CaisseId, CaisseId), i128>,
    /// What came to the first from the second.
    received: BTreeMap<(CaisseId, CaisseId), i128>,
}

impl Runs {
    /// Reads every public feed.
    pub fn by(feeds: &Feeds, told: &Told) -> Result<Self, Broken> {
        let mut proposed: BTreeMap<RunId, Run> = BTreeMap::new();
        let mut words: BTreeMap<(RunId, CaisseId), Words> = BTreeMap::new();
        for (author, entries) in feeds.public() {
            for entry in entries {
                let Body::Public(body) = entry.body() else { continue };
                match body {
                    PublicBody::Stated(statement) => is_true(feeds, statement)?,
                    PublicBody::RunProposed(run) => drop(proposed.insert(run.id(), run.clone())),
                    PublicBody::RunSigned { run, result } => {
                        let said = words.entry((*run, author)).or_default();
                        if !said.aborted && said.signed.is_none() {
                            said.signed = Some(*result);
                        }
                    }
                    PublicBody::RunAborted { run, .. } => {
                        let said = words.entry((*run, author)).or_default();
                        said.aborted |= !said.holds_all;
                    }
                    PublicBody::CertSeen { run } => {
                        let said = words.entry((*run, author)).or_default();
                        said.holds_all |= said.signed.is_some() && !said.aborted;
                    }
                    PublicBody::CharterSigned(_)
                    | PublicBody::Proposed(_)
                    | PublicBody::Approved(_)
                    | PublicBody::TermsOffered(_)
                    | PublicBody::CatalogueChanged(_)
                    | PublicBody::EpochOpened(_)
                    | PublicBody::BooksHead { .. }
                    | PublicBody::EligibilityStated(_) => {}
                }
            }
        }
        let certified = proposed.into_iter().filter(|(id, run)| has_effect(*id, run, &words));
        let certified: BTreeMap<RunId, Run> = certified.collect();
        let runs = Self::of(feeds, told, &certified)?;
        for (run, payee, payer) in told.received.keys() {
            holds(certified.contains_key(run), "auditor", || {
                format!("{payee:?} was paid by {payer:?} for a run without effect")
            })?;
        }
        Ok(runs)
    }

    fn of(feeds: &Feeds, told: &Told, certified: &BTreeMap<RunId, Run>) -> Result<Self, Broken> {
        let mut runs = Self { settled: BTreeMap::new(), received: BTreeMap::new() };
        for (id, run) in certified {
            let mut left: BTreeMap<CaisseId, i128> = BTreeMap::new();
            for part in &run.pairs {
                let (low, high) = (part.statement.pair.low, part.statement.pair.high);
                holds(is_of_these_feeds(feeds, &part.statement), "auditor", || {
                    format!("a run settles what {low:?} and {high:?} never said")
                })?;
                let before = part.after.and_then(|after| statement_of(certified, after, low, high));
                let before = before.map_or(0, |statement| owed_to_low(feeds, statement));
                let due = owed_to_low(feeds, &part.statement) - before;
                holds(due == i128::from(part.due_to_low.get()), "auditor", || {
                    format!("a run settles {:?} where {due} is due", part.due_to_low)
                })?;
                *runs.settled.entry((low, high)).or_default() += due;
                *runs.settled.entry((high, low)).or_default() -= due;
                let came = |payee, payer| told.received.get(&(*id, payee, payer)).copied();
                let (to_low, to_high) =
                    (came(low, high).unwrap_or(0), came(high, low).unwrap_or(0));
                let fair = if due >= 0 { (to_low, to_high) } else { (to_high, to_low) };
                holds(fair.0 <= due.abs() && fair.1 == 0, "auditor", || {
                    format!("{to_low} and {to_high} were paid for {due} due")
                })?;
                *runs.received.entry((low, high)).or_default() += to_low;
                *runs.received.entry((high, low)).or_default() += to_high;
                *left.entry(low).or_default() += due - to_low + to_high;
                *left.entry(high).or_default() -= due - to_low + to_high;
            }
            holds(left.values().all(|left| *left == 0), "auditor", || {
                format!("transfers of a run do not make up for what it cancelled: {left:?}")
            })?;
        }
        Ok(runs)
    }

    /// What runs settled of what `me` owed `partner`; negative for the other way round.
    pub fn settled(&self, me: CaisseId, partner: CaisseId) -> i128 {
        self.settled.get(&(partner, me)).copied().unwrap_or(0)
    }

    /// What came to a caisse from another by bank.
    pub fn received(&self, payee: CaisseId, payer: CaisseId) -> i128 {
        self.received.get(&(payee, payer)).copied().unwrap_or(0)
    }
}

/// Whether every participant signed the same and said that it holds all signatures.
fn has_effect(id: RunId, run: &Run, words: &BTreeMap<(RunId, CaisseId), Words>) -> bool {
    let pairs = run.pairs.iter().map(|part| part.statement.pair);
    let participants: BTreeSet<CaisseId> = pairs.flat_map(|p| [p.low, p.high]).collect();
    let said = |who: &CaisseId| words.get(&(id, *who)).copied().unwrap_or_default();
    let results: BTreeSet<Option<Digest>> = participants.iter().map(|p| said(p).signed).collect();
    results.len() == 1
        && !results.contains(&None)
        && participants.iter().all(|who| said(who).holds_all && !said(who).aborted)
}

fn statement_of(
    runs: &BTreeMap<RunId, Run>,
    id: RunId,
    low: CaisseId,
    high: CaisseId,
) -> Option<&StatementBody> {
    let parts = &runs.get(&id)?.pairs;
    let statements = parts.iter().map(|part| &part.statement);
    statements.into_iter().find(|s| s.pair.low == low && s.pair.high == high)
}

fn owed_to_low(feeds: &Feeds, StatementBody { pair, cut, .. }: &StatementBody) -> i128 {
    let (low, high) = ((pair.low, cut.low.seq), (pair.high, cut.high.seq));
    owed_up_to(feeds, low, high) - owed_up_to(feeds, high, low)
}

/// Whether the entries at which a statement cuts are those of the feeds. They are not where its author came
/// back from a backup and had forgotten entries that nobody else held.
fn is_of_these_feeds(feeds: &Feeds, StatementBody { cut, .. }: &StatementBody) -> bool {
    [cut.low, cut.high].iter().all(|head| {
        let place = usize::try_from(head.seq).unwrap_or(usize::MAX).checked_sub(1);
        place.is_none_or(|place| {
            feeds.of(head.feed).get(place).map(Verified::hash) == Some(head.hash)
        })
    })
}

fn is_true(feeds: &Feeds, statement: &StatementBody) -> Result<(), Broken> {
    if !is_of_these_feeds(feeds, statement) {
        return Ok(());
    }
    let owed = owed_to_low(feeds, statement);
    holds(owed == i128::from(statement.owed_to_low.get()), "auditor", || {
        format!("stated {:?}, the feeds up to its cut say {owed}", statement.owed_to_low)
    })
}
