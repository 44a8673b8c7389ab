//! Figures for those who watch a node.

use ledger::answer::Answer;
use ledger::{Caisse, Outcome, Refused};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
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
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Takes in how the machine is after a batch.
    pub fn observe(&self, caisse: &Caisse) {
        let shown = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.journal_entries.set(shown(caisse.books().entries()));
        self.open_payments.set(shown(caisse.open_payments() as u64));
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
