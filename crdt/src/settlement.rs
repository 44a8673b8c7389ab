//! Statements between two caisses, and settlement runs between many.
//!
//! A run takes the debts that the two sides of each pair have both stated, cancels cycles
//! ([`crate::clearing`]) and says who pays whom. Each participant signs or aborts; the first of the
//! two that stands in its feed counts. Effects follow only when every participant has said that it
//! holds every signature (`CertSeen`): without this gate one participant who says two things makes
//! the honest ones disagree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clearing::{Clearing, Debt, clear};
use crate::digest::Domain;
use crate::pair::{Cut, Pair};
use crate::{CaisseId, Digest, RunId, SignedCents, limits, wire};

/// What one side says that the two owe each other up to a cut; both sides publish the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StatementBody {
    /// The pair.
    pub pair: Pair,
    /// Up to where the two feeds count.
    pub cut: Cut,
    /// What `high` owes `low` for all payments since the beginning, settlements not counted.
    pub owed_to_low: SignedCents,
    /// The hash of the cut and of every payment.
    pub digest: Digest,
}

/// A pair's part in a run: the debt between two statements.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PairInRun {
    /// The statement that both sides published.
    pub statement: StatementBody,
    /// The run that settled this pair before, if any.
    pub after: Option<RunId>,
    /// What `high` owes `low` since then.
    pub due_to_low: SignedCents,
}

/// The proposal of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The pairs, sorted; their ends are the participants.
    pub pairs: Vec<PairInRun>,
}

/// What a run says: the debts that remain, each one bank transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResult {
    /// The run.
    pub run: RunId,
    /// Who pays whom.
    pub transfers: Vec<Debt>,
}

/// Why a run cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRun {
    /// No pair, too many, not sorted, or twice the same.
    #[error("the pairs of the run are not 1 to {} sorted, different ones", limits::CAISSES)]
    Pairs,
    /// The debts do not clear.
    #[error("the debts of the run do not clear")]
    Debts,
}

impl Run {
    /// Returns the hash of the proposal.
    #[must_use]
    pub fn id(&self) -> RunId {
        RunId::new(*Domain::Run.hash(&wire::encode(self)).as_bytes())
    }

    /// Returns the caisses that must sign.
    #[must_use]
    pub fn participants(&self) -> BTreeSet<CaisseId> {
        self.pairs.iter().flat_map(|p| [p.statement.pair.low, p.statement.pair.high]).collect()
    }

    /// Returns the debts that the run settles.
    #[must_use]
    pub fn debts(&self) -> Vec<Debt> {
        let debts = self.pairs.iter().filter(|p| p.due_to_low != SignedCents::ZERO);
        debts
            .map(|PairInRun { statement: StatementBody { pair, .. }, due_to_low, .. }| {
                let low_is_owed = due_to_low.get() > 0;
                let (creditor, debtor) =
                    if low_is_owed { (pair.low, pair.high) } else { (pair.high, pair.low) };
                Debt { debtor, creditor, amount: due_to_low.magnitude() }
            })
            .collect()
    }

    /// Computes what the run says; the same bytes on every machine.
    ///
    /// # Errors
    /// [`BadRun`] if the proposal is not well formed.
    pub fn clear(&self) -> Result<(RunResult, Clearing), BadRun> {
        let sorted = self.pairs.windows(2).all(|p| p[0].statement.pair < p[1].statement.pair);
        if self.pairs.is_empty() || self.pairs.len() > limits::CAISSES || !sorted {
            return Err(BadRun::Pairs);
        }
        if self.pairs.iter().any(|p| p.statement.pair.low >= p.statement.pair.high) {
            return Err(BadRun::Pairs);
        }
        let clearing = clear(&self.debts()).map_err(|_| BadRun::Debts)?;
        let result = RunResult { run: self.id(), transfers: clearing.remaining.clone() };
        Ok((result, clearing))
    }
}

impl RunResult {
    /// Returns the hash that each participant signs.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Domain::RunResult.hash(&wire::encode(self))
    }
}

/// What a participant said about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Word {
    /// It signed this result.
    Signed(Digest),
    /// It will not sign, or takes its signature back.
    Aborted(String),
}

/// What is known of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunState {
    /// Who proposed it first in the order of ids; several may propose the same.
    pub proposers: BTreeSet<CaisseId>,
    /// The proposal.
    pub run: Run,
    /// Each participant's word that counts.
    pub words: BTreeMap<CaisseId, Word>,
    /// Who holds every signature.
    pub cert_seen: BTreeSet<CaisseId>,
    /// Who said so and waits no longer: for it the run never takes effect.
    pub gave_up: BTreeSet<CaisseId>,
}

impl RunState {
    /// Returns whether a participant says that it does not go on with the run.
    #[must_use]
    pub fn has_left(&self, participant: &CaisseId) -> bool {
        let aborted = matches!(self.words.get(participant), Some(Word::Aborted(_)));
        aborted || self.gave_up.contains(participant)
    }

    /// Returns whether a caisse may settle its pairs by another run, given whom it can prove to have forked.
    ///
    /// Whoever has said that it holds every signature may not go by one participant's abort: to another it may have
    /// said the contrary, and there the run took effect. It waits until all others have left it, or can be proved
    /// to say two things; none of them can then have let it take effect, nor ever will.
    #[must_use]
    pub fn is_over_for(&self, me: &CaisseId, has_forked: impl Fn(&CaisseId) -> bool) -> bool {
        match self.words.get(me) {
            Some(Word::Aborted(_)) => true,
            None => self.aborts().next().is_some(),
            Some(Word::Signed(_)) => {
                let participants = self.run.participants();
                let mut others = participants.iter().filter(|other| *other != me);
                self.gave_up.contains(me)
                    && others.all(|other| self.has_left(other) || has_forked(other))
            }
        }
    }

    /// Returns the result that every participant signed, if they all did and it is the same.
    #[must_use]
    pub fn signed_by_all(&self) -> Option<Digest> {
        let mut words = self.run.participants().into_iter().map(|p| self.words.get(&p));
        let Some(Some(Word::Signed(first))) = words.next() else {
            return None;
        };
        words.all(|word| word == Some(&Word::Signed(*first))).then_some(*first)
    }

    /// Returns whether every participant holds every signature: only now the run has effects.
    #[must_use]
    pub fn is_certified(&self) -> bool {
        self.signed_by_all().is_some()
            && self.run.participants().iter().all(|p| self.cert_seen.contains(p))
    }

    /// Returns who aborted and why.
    pub fn aborts(&self) -> impl Iterator<Item = (&CaisseId, &str)> {
        self.words.iter().filter_map(|(author, word)| match word {
            Word::Aborted(reason) => Some((author, reason.as_str())),
            Word::Signed(_) => None,
        })
    }
}

/// Every statement and run: a function of the set of accepted public entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settlements {
    stated: BTreeMap<StatementBody, BTreeSet<CaisseId>>,
    proposals: BTreeMap<RunId, (Run, BTreeSet<CaisseId>)>,
    words: BTreeMap<RunId, BTreeMap<CaisseId, Word>>,
    cert_seen: BTreeMap<RunId, BTreeSet<CaisseId>>,
    gave_up: BTreeMap<RunId, BTreeSet<CaisseId>>,
}

impl Settlements {
    /// Takes in a statement; only the two sides of a pair can make one.
    pub fn state(&mut self, author: CaisseId, statement: &StatementBody) {
        if statement.pair.other(&author).is_some() {
            self.stated.entry(statement.clone()).or_default().insert(author);
        }
    }

    /// Takes in the proposal of a run.
    pub fn propose(&mut self, author: CaisseId, run: &Run) {
        let place = self.proposals.entry(run.id());
        place.or_insert_with(|| (run.clone(), BTreeSet::new())).1.insert(author);
    }

    /// Takes in a participant's word, in the order of its feed. Its first counts, but a signature can be
    /// taken back until its author has said that it holds them all: before that the run takes effect for
    /// nobody. An abort after that says that its author waits no longer.
    pub fn say(&mut self, author: CaisseId, run: RunId, word: Word) {
        let certified = self.cert_seen.get(&run).is_some_and(|seen| seen.contains(&author));
        let words = self.words.entry(run).or_default();
        match words.get(&author) {
            None => drop(words.insert(author, word)),
            Some(Word::Signed(_)) if matches!(word, Word::Aborted(_)) && certified => {
                self.gave_up.entry(run).or_default().insert(author);
            }
            Some(Word::Signed(_)) if matches!(word, Word::Aborted(_)) => {
                words.insert(author, word);
            }
            Some(Word::Signed(_) | Word::Aborted(_)) => {}
        }
    }

    /// Takes in that a participant holds every signature; of one whose own does not stand, it means nothing.
    pub fn cert_seen(&mut self, author: CaisseId, run: RunId) {
        let word = self.words.get(&run).and_then(|words| words.get(&author));
        if matches!(word, Some(Word::Signed(_))) {
            self.cert_seen.entry(run).or_default().insert(author);
        }
    }

    /// Returns whether both sides published the same statement.
    #[must_use]
    pub fn is_agreed(&self, statement: &StatementBody) -> bool {
        self.stated.get(statement).is_some_and(|authors| authors.len() == 2)
    }

    /// Returns the statements of a pair, each with those who published it.
    pub fn of_pair(
        &self,
        pair: Pair,
    ) -> impl Iterator<Item = (&StatementBody, &BTreeSet<CaisseId>)> {
        self.stated.iter().filter(move |(statement, _)| statement.pair == pair)
    }

    /// Returns every statement with those who published it.
    #[must_use]
    pub const fn statements(&self) -> &BTreeMap<StatementBody, BTreeSet<CaisseId>> {
        &self.stated
    }

    /// Returns what is known of a run, once it is proposed. Only the words of its participants count:
    /// an abort by anyone else must not make a run look finished that can still be certified.
    #[must_use]
    pub fn run(&self, id: &RunId) -> Option<RunState> {
        let (run, proposers) = self.proposals.get(id)?;
        let participants = run.participants();
        let mut words = self.words.get(id).cloned().unwrap_or_default();
        words.retain(|author, _| participants.contains(author));
        let mut cert_seen = self.cert_seen.get(id).cloned().unwrap_or_default();
        cert_seen.retain(|author| participants.contains(author));
        let mut gave_up = self.gave_up.get(id).cloned().unwrap_or_default();
        gave_up.retain(|author| participants.contains(author));
        let (proposers, run) = (proposers.clone(), run.clone());
        Some(RunState { proposers, run, words, cert_seen, gave_up })
    }

    /// Returns the proposed runs.
    pub fn runs(&self) -> impl Iterator<Item = (RunId, RunState)> {
        self.proposals.keys().filter_map(|id| Some((*id, self.run(id)?)))
    }

    /// Returns the last certified run of a pair: the one that no other certified run builds on.
    #[must_use]
    pub fn last_certified(&self, pair: Pair) -> Option<(RunId, PairInRun)> {
        let certified: Vec<(RunId, PairInRun)> = self
            .runs()
            .filter(|(_, state)| state.is_certified())
            .filter_map(|(id, state)| {
                let mut pairs = state.run.pairs.into_iter();
                Some((id, pairs.find(|p| p.statement.pair == pair)?))
            })
            .collect();
        let built_on: BTreeSet<RunId> = certified.iter().filter_map(|(_, p)| p.after).collect();
        certified.into_iter().find(|(id, _)| !built_on.contains(id))
    }
}
