//! Figures for those who watch a node.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crdt::CaisseId;
use ledger::answer::Answer;
use ledger::federation::ceiling::{CeilingUse, Debtor, Level};
use ledger::{Caisse, Outcome, Refused};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The figures of one node.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Inputs in one batch.
    pub batch_size: Histogram,
    /// Seconds of one durable commit.
    pub commit_seconds: Histogram,
    /// Entries of partners that did not hold.
    pub rejected_entries: Counter,
    /// Messages of partners that did not decode or were over a limit.
    pub malformed_messages: Counter,
    /// Questions of partners that came faster than they may.
    pub dropped_questions: Counter,
    paid: Counter,
    refused: Counter,
    journal_entries: Gauge,
    open_payments: Gauge,
    /// What covers credit less what is owed, in cents: below zero, credit is not covered.
    pub guarantee_margin: Gauge,
    /// Connected partners.
    pub connected: Gauge,
    /// Partners that are connected through a relay alone.
    pub relayed: Gauge,
    ceilings: Family<Vec<(String, String)>, Gauge>,
    levels: Mutex<BTreeMap<CaisseId, (Debtor, Level)>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("caisse");
        let metrics = Self {
            batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 14)),
            rejected_entries: Counter::default(),
            malformed_messages: Counter::default(),
            dropped_questions: Counter::default(),
            paid: Counter::default(),
            refused: Counter::default(),
            journal_entries: Gauge::default(),
            open_payments: Gauge::default(),
            guarantee_margin: Gauge::default(),
            connected: Gauge::default(),
            relayed: Gauge::default(),
            ceilings: Family::default(),
            levels: Mutex::default(),
            registry: Registry::default(),
        };
        registry.register("batch_size", "Inputs in one commit", metrics.batch_size.clone());
        let commit = metrics.commit_seconds.clone();
        registry.register("commit_seconds", "Seconds of one durable commit", commit);
        let rejected = metrics.rejected_entries.clone();
        registry.register("rejected_entries", "Entries of partners that did not hold", rejected);
        let malformed = metrics.malformed_messages.clone();
        registry.register("malformed_messages", "Messages that did not decode", malformed);
        registry.register("payments_paid", "Sales that were paid", metrics.paid.clone());
        registry.register("payments_refused", "Sales that were refused", metrics.refused.clone());
        let entries = metrics.journal_entries.clone();
        registry.register("journal_entries", "Entries of the books", entries);
        let open = metrics.open_payments.clone();
        registry.register("open_payments", "Sales and holds that are not finished", open);
        let margin = metrics.guarantee_margin.clone();
        registry.register("guarantee_margin_cents", "Money and grants less credit owed", margin);
        registry.register("connected_partners", "Connected partners", metrics.connected.clone());
        let dropped = metrics.dropped_questions.clone();
        registry.register("dropped_questions", "Questions that came too fast", dropped);
        let relayed = metrics.relayed.clone();
        registry.register("relayed_partners", "Partners connected through a relay only", relayed);
        let help = "Part of an agreement's ceiling that is owed, by partner and debtor";
        registry.register("ceiling_used_percent", help, metrics.ceilings.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Takes in how the machine is after a batch.
    pub fn observe(&self, caisse: &Caisse) {
        let shown = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.journal_entries.set(shown(caisse.books().entries()));
        self.open_payments.set(shown(caisse.open_payments() as u64));
        self.observe_ceilings(caisse.ceilings());
    }

    /// Tells the operator once of each level of a ceiling that is reached, and shows all of them.
    fn observe_ceilings(&self, ceilings: Vec<CeilingUse>) {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        for CeilingUse { with, debtor, percent, level, .. } in ceilings {
            for side in [Debtor::Us, Debtor::Partner] {
                let name = if side == Debtor::Us { "us" } else { "partner" };
                let labels = [("partner", with.to_string()), ("debtor", name.to_owned())];
                let labels = labels.map(|(key, value)| (key.to_owned(), value)).to_vec();
                let used = if side == debtor { i64::from(percent) } else { 0 };
                self.ceilings.get_or_create(&labels).set(used);
            }
            let (of, known) =
                levels.insert(with, (debtor, level)).unwrap_or((debtor, Level::Below));
            let before = if of == debtor { known } else { Level::Below };
            if level > before {
                let (partner, debtor) = (with.to_string(), format!("{debtor:?}"));
                tracing::warn!(
                    %partner,
                    %debtor,
                    percent,
                    "the ceiling of an agreement is filling up: settle with `caisse settle propose`"
                );
            }
        }
    }

    /// Counts an answer.
    pub fn answered(&self, outcome: &Outcome) {
        match outcome {
            Ok(Answer::Paid(_)) => drop(self.paid.inc()),
            Err(Refused::Payment(_)) => drop(self.refused.inc()),
            Ok(_) | Err(_) => {}
        }
    }

    /// Returns all figures in the text format of OpenMetrics.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}
