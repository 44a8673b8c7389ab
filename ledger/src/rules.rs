//! Rules are data: how much a household gets, how much it gives, and how credit may be spent.
//!
//! A rule set has a version, a first day and a reason; several may be planned. The models and figures are
//! those that caisses publish; `docs/data.md` names them one by one.

mod allocation;
mod book;
mod contribution;

use crdt::{Cents, Date};
use serde::{Deserialize, Serialize};

pub use allocation::Allocation;
pub use book::{CancelRefused, PlanRefused, RuleBook};
pub use contribution::{Band, Contribution, ContributionRefused};

use crate::limits;

/// Persons of one household at most: more is a typing error.
pub const MOST_PERSONS: u32 = 30;

/// Who lives in a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Household {
    /// Persons of 18 and over.
    pub adults: u16,
    /// Persons of 14 to 17.
    pub teens: u16,
    /// Persons under 14.
    pub children: u16,
}

impl Household {
    /// Returns the number of persons.
    #[must_use]
    pub fn persons(&self) -> u32 {
        u32::from(self.adults) + u32::from(self.teens) + u32::from(self.children)
    }

    /// Returns whether it has 1 to [`MOST_PERSONS`] persons, at least one of them adult or teen.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        u32::from(self.adults) + u32::from(self.teens) >= 1 && self.persons() <= MOST_PERSONS
    }

    /// Returns the number of consumption units of INSEE: 1 for the first adult, 0.5 for each further
    /// person of 14 and over, 0.3 for each child (in tenths).
    #[must_use]
    pub fn consumption_tenths(&self) -> u32 {
        let older = u32::from(self.adults) + u32::from(self.teens);
        10 + 5 * older.saturating_sub(1) + 3 * u32::from(self.children)
    }
}

/// A share of a price in percent, also above the whole: a tier of prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Percent(u16);

/// A share that no tier of prices has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tier of prices is 1 to 500 percent")]
pub struct NotATier;

impl Percent {
    /// The price itself.
    pub const WHOLE: Self = Self(100);

    /// Makes a share.
    ///
    /// # Errors
    /// [`NotATier`] outside 1..=500.
    pub const fn new(percent: u16) -> Result<Self, NotATier> {
        if percent == 0 || percent > 500 { Err(NotATier) } else { Ok(Self(percent)) }
    }

    /// Returns the number of percent.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns the share of a price, rounded down to the cent; `None` if it fits no amount of money.
    #[must_use]
    pub fn of(self, price: Cents) -> Option<Cents> {
        let share = u128::from(price.get()) * u128::from(self.0) / 100;
        Cents::new(u64::try_from(share).ok()?).ok()
    }
}

impl TryFrom<u16> for Percent {
    type Error = NotATier;
    fn try_from(percent: u16) -> Result<Self, NotATier> {
        Self::new(percent)
    }
}

impl From<Percent> for u16 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{} %", self.0))
    }
}

/// A rule set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Counts the rule sets of a caisse, from 1.
    pub version: u32,
    /// The first day on which it is in force.
    pub from: Date,
    /// Why it was decided.
    pub reason: String,
    /// The decision that it came from, such as the minutes of an assembly.
    pub decision: Option<String>,
    /// How much a household gets.
    pub allocation: Allocation,
    /// How much it gives.
    pub contribution: Contribution,
    /// When allocations are issued.
    pub issue: Issue,
    /// How much may be spent at a time.
    pub caps: Caps,
    /// How long credit lasts.
    pub lots: Lots,
    /// What is kept of a purchase.
    pub keep: Keep,
}

/// When the allocations of a month are issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// From which day of the month, 1 to 28.
    pub from_day: u8,
    /// Whether only to whom the month's contribution has come in.
    pub after_contribution: bool,
}

impl Default for Issue {
    fn default() -> Self {
        Self { from_day: 1, after_contribution: false }
    }
}

/// How much of its credit a household may spend at a time; nothing is capped by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// In one purchase.
    pub per_visit: Option<Cents>,
    /// From Monday to Sunday.
    pub per_week: Option<Cents>,
    /// In a calendar month.
    pub per_month: Option<Cents>,
}

/// How long credit lasts. Each allocation is a lot; the oldest is spent first. By default credit lasts
/// for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lots {
    /// Days after which a lot expires.
    pub expire_after_days: Option<u16>,
    /// Days without any purchase after which all credit expires (274 in the rules of American benefit
    /// cards).
    pub expire_inactive_days: Option<u16>,
    /// Days before an expiry at which the member is told.
    pub notice_days: u16,
    /// How much credit may be carried into the next month's issue; the rest expires then.
    pub roll_over: Option<Cents>,
    /// Days without any purchase after which an account is dormant: it is named to the operator and
    /// nothing else happens.
    pub dormant_after_days: u16,
}

impl Default for Lots {
    fn default() -> Self {
        Self {
            expire_after_days: None,
            expire_inactive_days: None,
            notice_days: 30,
            roll_over: None,
            dormant_after_days: 90,
        }
    }
}

/// What is kept of a purchase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The amount and the category: the least.
    #[default]
    Category,
    /// Every line of the basket.
    Basket,
}

/// Why rules contradict themselves, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum BadRules {
    /// The scale counts no person.
    #[error("no person of a household counts")]
    NobodyCounts,
    /// The allocation of the smallest household is zero.
    #[error("a household of one person would get nothing")]
    NothingForOne,
    /// The allocation of the largest household is no amount of money.
    #[error("a household of {MOST_PERSONS} persons would get more than any amount of money")]
    TooMuch,
    /// Tiers that no pot can balance.
    #[error("tiers of prices need one below and one above 100 %, each once, from low to high")]
    Tiers,
    /// A bonus on nothing, or of more than was spent.
    #[error("a bonus is given for an amount spent, and is not larger than it")]
    Bonus,
    /// No contribution fits between the bounds.
    #[error("the least contribution, {least}, is above the most, {most}")]
    LeastAboveMost {
        /// The least.
        least: Cents,
        /// The most.
        most: Cents,
    },
    /// No contribution is a multiple of zero.
    #[error("the step of contributions is zero")]
    ZeroStep,
    /// The least contribution could not be given.
    #[error("the least contribution, {least}, is not a multiple of the step, {step}")]
    LeastOffStep {
        /// The least.
        least: Cents,
        /// The step.
        step: Cents,
    },
    /// Bands that leave an income out.
    #[error(
        "bands of income are 1 to {}, from low to high, and the last one has no upper bound",
        limits::BANDS
    )]
    Bands,
    /// No such day in every month.
    #[error("the day of issue is 1 to 28")]
    IssueDay,
    /// A cap that allows nothing.
    #[error("a cap of zero would allow no purchase: leave it out, or freeze the cards")]
    ZeroCap,
    /// A time that is none.
    #[error("credit cannot expire on the day it is issued: write 1 day or more")]
    ZeroDays,
    /// Credit would expire before the member can have been told.
    #[error(
        "credit would expire before its notice: make the notice shorter than the lasting of credit"
    )]
    NoticeTooLong,
    /// A text without characters or with too many.
    #[error("a reason or decision has 1 to {} characters", limits::TEXT_CHARS)]
    Text,
}

impl Rules {
    /// Says whether every household can get and give something under these rules.
    ///
    /// # Errors
    /// The first of [`BadRules`] that applies.
    pub fn check(&self) -> Result<(), BadRules> {
        self.allocation.check()?;
        self.contribution.check()?;
        if !(1..=28).contains(&self.issue.from_day) {
            return Err(BadRules::IssueDay);
        }
        let Caps { per_visit, per_week, per_month } = self.caps;
        if [per_visit, per_week, per_month].contains(&Some(Cents::ZERO)) {
            return Err(BadRules::ZeroCap);
        }
        self.lots.check()?;
        let text =
            |text: &str| !text.trim().is_empty() && text.chars().count() <= limits::TEXT_CHARS;
        let decided = self.decision.as_deref().is_none_or(text);
        if text(&self.reason) && decided { Ok(()) } else { Err(BadRules::Text) }
    }
}

impl Lots {
    fn check(&self) -> Result<(), BadRules> {
        let lasting = [self.expire_after_days, self.expire_inactive_days];
        if lasting.contains(&Some(0)) || self.dormant_after_days == 0 {
            return Err(BadRules::ZeroDays);
        }
        if lasting.iter().flatten().any(|days| *days <= self.notice_days) {
            return Err(BadRules::NoticeTooLong);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
