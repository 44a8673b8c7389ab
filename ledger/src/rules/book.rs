//! All rule sets of a caisse: those that were, the one in force, those that are planned.

use std::collections::BTreeMap;

use crdt::{Date, wire};
use serde::{Deserialize, Serialize};

use super::{BadRules, Rules};
use crate::records::{Kind, Records};

/// The rule sets, by version; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleBook {
    first: Rules,
    later: BTreeMap<u32, Rules>,
}

/// Why a rule set cannot be planned, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PlanRefused {
    /// Not the next version.
    #[error("the next version of the rules is {next}")]
    Version {
        /// The next version.
        next: u32,
    },
    /// In force before it was decided.
    #[error("rules take effect in the future: on {earliest} at the earliest")]
    TooEarly {
        /// The first day on which it can take effect.
        earliest: Date,
    },
    /// In force before an earlier version is.
    #[error("version {version} takes effect later than that, on {from}: plan this one after it")]
    BeforeAnother {
        /// The version.
        version: u32,
        /// Its first day.
        from: Date,
    },
    /// It contradicts itself.
    #[error(transparent)]
    Bad(#[from] BadRules),
}

/// Why a planned rule set cannot be cancelled, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CancelRefused {
    /// No such version.
    #[error("there are no rules of that version")]
    Unknown,
    /// Its first month has begun: allocations of that month may have been issued by it.
    #[error(
        "the month of {from}, on which they take effect, has begun: plan other rules after them"
    )]
    Begun {
        /// Its first day.
        from: Date,
    },
    /// A later version builds on it.
    #[error("version {version} was planned after it: cancel that one first")]
    NotLast {
        /// The last version.
        version: u32,
    },
}

impl RuleBook {
    /// Loads the rule sets; where none was stored yet, the configuration's is the first.
    #[must_use]
    pub fn load(records: &dyn Records, configured: &Rules) -> Self {
        let rows = records.range(Kind::Rules, &[], &[], usize::MAX).into_iter();
        let mut sets = rows.filter_map(|(_, bytes)| wire::decode::<Rules>(&bytes).ok());
        let first = sets.next().unwrap_or_else(|| configured.clone());
        Self { first, later: sets.map(|rules| (rules.version, rules)).collect() }
    }

    /// Returns the rules in force on a day. Before the first rule set took effect, it is the first.
    #[must_use]
    pub fn on(&self, date: Date) -> &Rules {
        let in_force = self.later.values().rev().find(|rules| rules.from <= date);
        in_force.unwrap_or(&self.first)
    }

    /// Returns all rule sets, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Rules> {
        std::iter::once(&self.first).chain(self.later.values())
    }

    /// Returns a rule set by its version.
    #[must_use]
    pub fn version(&self, version: u32) -> Option<&Rules> {
        self.all().find(|rules| rules.version == version)
    }

    /// Says whether a rule set can be planned today.
    ///
    /// # Errors
    /// The first of [`PlanRefused`] that applies.
    pub fn check(&self, rules: &Rules, today: Date) -> Result<(), PlanRefused> {
        let last = self.later.values().last().unwrap_or(&self.first);
        let next = last.version.saturating_add(1);
        if rules.version != next {
            return Err(PlanRefused::Version { next });
        }
        let earliest = today.plus_days(1);
        if rules.from < earliest {
            return Err(PlanRefused::TooEarly { earliest });
        }
        if last.from >= rules.from {
            let Rules { version, from, .. } = *last;
            return Err(PlanRefused::BeforeAnother { version, from });
        }
        Ok(rules.check()?)
    }

    /// Takes a planned rule set back before its first month has begun.
    ///
    /// # Errors
    /// The first of [`CancelRefused`] that applies.
    pub fn cancel(&mut self, version: u32, today: Date) -> Result<(), CancelRefused> {
        let from = self.version(version).ok_or(CancelRefused::Unknown)?.from;
        if !self.later.contains_key(&version) || from.month().first_day() <= today {
            return Err(CancelRefused::Begun { from });
        }
        let last = self.later.keys().last().copied().unwrap_or(version);
        if last != version {
            return Err(CancelRefused::NotLast { version: last });
        }
        self.later.remove(&version);
        Ok(())
    }

    /// Adds a rule set that was checked.
    pub fn plan(&mut self, rules: Rules) {
        self.later.insert(rules.version, rules);
    }
}
