//! Allocations, expiry, grants, rules, accounts.

use crdt::{Cents, Date, GrantId, MemberId, Month};
use serde::{Deserialize, Serialize};

use crate::expiry::Expiring;
use crate::grant::Grant;
use crate::guarantee::Guarantee;
use crate::rules::Rules;

/// What an allocation run does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationReport {
    /// The month.
    pub month: Month,
    /// The version of the rules that it follows.
    pub rules: u32,
    /// Whether this only tells what a run would do.
    pub preview: bool,
    /// Who gets what.
    pub issued: Vec<(MemberId, Cents)>,
    /// Who gets nothing, and why.
    pub skipped: Vec<(MemberId, Skipped)>,
    /// Whose credit is above what may be carried into the month.
    pub rolled_over: Vec<RolledOver>,
    /// Of whose allocation a part gives back what they were advanced, and how much.
    pub recovered: Vec<(MemberId, Cents)>,
    /// The sum of what is issued.
    pub total: Cents,
    /// How credit was covered before the run.
    pub guarantee: Guarantee,
}

/// Credit above what may be carried into a month: it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledOver {
    /// The member.
    pub member: MemberId,
    /// How much expires.
    pub expired: Cents,
}

/// What an expiry run does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiryReport {
    /// The day of the run.
    pub on: Date,
    /// Whether this only tells what a run would do.
    pub preview: bool,
    /// What expires: it was told long enough ago.
    pub expired: Vec<Expiring>,
    /// What members are to be told now.
    pub told: Vec<Expiring>,
    /// What was told, and whose time has not come.
    pub waiting: Vec<Expiring>,
    /// Members who have not bought anything for long.
    pub dormant: Vec<MemberId>,
    /// The sum of what expires.
    pub total: Cents,
}

impl ExpiryReport {
    /// Makes the report of a preview that found nothing.
    #[must_use]
    pub const fn empty(on: Date) -> Self {
        Self {
            on,
            preview: true,
            expired: Vec::new(),
            told: Vec::new(),
            waiting: Vec::new(),
            dormant: Vec::new(),
            total: Cents::ZERO,
        }
    }
}

/// A grant with what of it has not come yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantInfo {
    /// The grant.
    pub id: GrantId,
    /// What it is.
    pub grant: Grant,
    /// What has not come yet.
    pub left: Cents,
}

/// All rule sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesInfo {
    /// The version in force today.
    pub in_force: u32,
    /// Whether the configuration names other rules than the first stored ones: those are ignored.
    pub configuration_differs: bool,
    /// The rule sets, oldest first.
    pub sets: Vec<Rules>,
}

/// Why a member gets no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// It was issued before.
    #[error("issued before")]
    AlreadyIssued,
    /// The member has left.
    #[error("the member has left")]
    HasLeft,
    /// The rules ask for the contribution first.
    #[error("the contribution of this month has not come in")]
    NoContribution,
    /// The rules give no amount.
    #[error("the rules give no amount for this household")]
    NoAmount,
}

/// An account of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// The account.
    pub account: crate::account::Account,
    /// Its counters.
    pub counters: crate::account::Counters,
}
