//! The rules as people write them: models and their keys, each with its place.

mod allocation;
mod contribution;

use std::ops::Range;

use crdt::{Cents, Date, Month};
use ledger::rules::{BadRules, Caps, Issue, Keep, Lots, Rules};
use serde::Deserialize;
use toml::Spanned;

use super::error::Misfit;
use super::values::{Euros, Text, UpTo};
use allocation::AllocationSection;
use contribution::ContributionSection;

/// Days after which credit expires at most: beyond three years nobody counts any more.
const MOST_DAYS: u32 = 3 * 366;

/// The rules of a caisse: the section of a configuration, or a file of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesSection {
    #[serde(default = "one")]
    version: UpTo<{ u32::MAX }>,
    from: FirstDay,
    reason: Text,
    decision: Option<Text>,
    allocation: Spanned<AllocationSection>,
    contribution: Spanned<ContributionSection>,
    #[serde(default)]
    issue: IssueSection,
    #[serde(default)]
    caps: CapsSection,
    lots: Option<Spanned<LotsSection>>,
    #[serde(default)]
    keep: Keep,
}

const fn one() -> UpTo<{ u32::MAX }> {
    UpTo(1)
}

/// A day, or a month for its first day.
struct FirstDay(Date);

impl<'de> Deserialize<'de> for FirstDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let month = || text.parse::<Month>().map(Month::first_day);
        text.parse::<Date>().or_else(|_| month()).map(Self).map_err(|_| {
            let help = "write a month as \"2026-11\" or a day as \"2026-11-24\"";
            serde::de::Error::custom(format!("{text:?} is neither a month nor a day | {help}"))
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IssueSection {
    from_day: UpTo<28>,
    after_contribution: bool,
}

impl Default for IssueSection {
    fn default() -> Self {
        let Issue { from_day, after_contribution } = Issue::default();
        Self { from_day: UpTo(u32::from(from_day)), after_contribution }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CapsSection {
    per_visit: Option<Spanned<Euros>>,
    per_week: Option<Spanned<Euros>>,
    per_month: Option<Spanned<Euros>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LotsSection {
    expire_after_days: Option<UpTo<MOST_DAYS>>,
    expire_inactive_days: Option<UpTo<MOST_DAYS>>,
    notice_days: Option<UpTo<MOST_DAYS>>,
    roll_over: Option<Euros>,
    dormant_after_days: Option<UpTo<MOST_DAYS>>,
}

impl RulesSection {
    /// Returns the rules that a section means.
    ///
    /// # Errors
    /// [`Misfit`] with the place of what is missing, too much or contradictory.
    pub(super) fn read(self) -> Result<Rules, Misfit> {
        let place = self.lots.as_ref().map_or(self.contribution.span(), Spanned::span);
        let rules = Rules {
            version: self.version.0,
            from: self.from.0,
            reason: self.reason.0,
            decision: self.decision.map(|decision| decision.0),
            allocation: AllocationSection::read(&self.allocation)?,
            contribution: ContributionSection::read(&self.contribution)?,
            issue: Issue {
                from_day: u8::try_from(self.issue.from_day.0).unwrap_or(u8::MAX),
                after_contribution: self.issue.after_contribution,
            },
            caps: self.caps.read()?,
            lots: self.lots.map_or(LotsSection::default(), Spanned::into_inner).read(),
            keep: self.keep,
        };
        // Everything else was checked where it stands.
        rules.check().map_err(|bad| Misfit::of_rules(place, &bad)).map(|()| rules)
    }
}

impl CapsSection {
    fn read(&self) -> Result<Caps, Misfit> {
        let above_zero = |value: &Option<Spanned<Euros>>| match value {
            Some(value) if value.get_ref().0.is_zero() => {
                Err(Misfit::of_rules(value.span(), &BadRules::ZeroCap))
            }
            value => Ok(euros(value.as_ref())),
        };
        Ok(Caps {
            per_visit: above_zero(&self.per_visit)?,
            per_week: above_zero(&self.per_week)?,
            per_month: above_zero(&self.per_month)?,
        })
    }
}

impl LotsSection {
    fn read(&self) -> Lots {
        let default = Lots::default();
        let days = |value: Option<UpTo<MOST_DAYS>>| {
            value.map(|days| u16::try_from(days.0).unwrap_or(u16::MAX))
        };
        Lots {
            expire_after_days: days(self.expire_after_days),
            expire_inactive_days: days(self.expire_inactive_days),
            notice_days: days(self.notice_days).unwrap_or(default.notice_days),
            roll_over: self.roll_over.map(|amount| amount.0),
            dormant_after_days: days(self.dormant_after_days).unwrap_or(default.dormant_after_days),
        }
    }
}

fn euros(value: Option<&Spanned<Euros>>) -> Option<Cents> {
    value.map(|value| value.get_ref().0)
}

/// A key of a section: its name, and its place if it is written.
type Key = (&'static str, Option<Range<usize>>);

fn key<T>(name: &'static str, value: Option<&Spanned<T>>) -> Key {
    (name, value.map(Spanned::span))
}

/// One of several models, of which each has keys of its own. A section holds the keys of all, for an enum
/// with a tag would lose the places of its values.
struct Model {
    name: &'static str,
    /// Where its table begins: there a key is missing.
    table: Range<usize>,
}

impl Model {
    fn needs<'a, T>(
        &self,
        key: &str,
        value: Option<&'a Spanned<T>>,
        example: &str,
    ) -> Result<&'a T, Misfit> {
        value.map(Spanned::get_ref).ok_or_else(|| Misfit {
            span: self.table.clone(),
            message: format!("model \"{}\" needs the key `{key}`", self.name),
            help: format!("add `{key} = {example}` with your value"),
        })
    }

    fn needs_euros(&self, key: &str, value: Option<&Spanned<Euros>>) -> Result<Cents, Misfit> {
        self.needs(key, value, "\"10.00\"").map(|euros| euros.0)
    }

    /// Refuses the keys of other models.
    fn has_only(&self, own: &[&str], written: &[Key]) -> Result<(), Misfit> {
        let foreign = written.iter().find(|(name, place)| place.is_some() && !own.contains(name));
        match foreign {
            Some((name, Some(span))) => Err(Misfit {
                span: span.clone(),
                message: format!("`{name}` does not belong to model \"{}\"", self.name),
                help: "remove it, or choose another model".to_owned(),
            }),
            Some((_, None)) | None => Ok(()),
        }
    }
}

impl Misfit {
    fn of_rules(span: Range<usize>, bad: &BadRules) -> Self {
        let help = match bad {
            BadRules::NobodyCounts => "write most_persons = 1 or more, or leave it out",
            BadRules::NothingForOne => "write an amount above zero",
            BadRules::TooMuch => "write smaller amounts",
            BadRules::Tiers => "write tiers_percent = [65, 100, 125], for example",
            BadRules::Bonus => "write spent = \"10.00\" and gives = \"5.00\", for example",
            BadRules::LeastAboveMost { .. } => "lower the least, or raise `most`",
            BadRules::ZeroStep => "write step = \"1.00\" for whole euros",
            BadRules::LeastOffStep { .. } => "make the least a multiple of `step`, or lower `step`",
            BadRules::Bands => "write the bands from low to high, the last one without `up_to`",
            BadRules::IssueDay => "write from_day = 1 to 28",
            BadRules::ZeroCap => "write an amount above zero, or leave the cap out",
            BadRules::ZeroDays => "write 1 day or more, or leave it out",
            BadRules::NoticeTooLong => "lower notice_days, or let credit last longer",
            BadRules::Text => "shorten or fill it",
        };
        Self { span, message: bad.to_string(), help: help.to_owned() }
    }
}
