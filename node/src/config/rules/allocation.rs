//! How much a household gets, as people write it.

use crdt::Cents;
use ledger::rules::{Allocation, BadRules, MOST_PERSONS, Percent};
use serde::Deserialize;
use toml::Spanned;

use super::{Key, Model, euros, key};
use crate::config::error::Misfit;
use crate::config::values::{Euros, UpTo};

/// The keys of all models.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllocationSection {
    model: AllocationModel,
    amount: Option<Spanned<Euros>>,
    first: Option<Spanned<Euros>>,
    further: Option<Spanned<Euros>>,
    child: Option<Spanned<Euros>>,
    most_persons: Option<Spanned<UpTo<MOST_PERSONS>>>,
    subsidy: Option<Spanned<Euros>>,
    step: Option<Spanned<Euros>>,
    most_per_person: Option<Spanned<Euros>>,
    tiers_percent: Option<Spanned<Vec<UpTo<500>>>>,
    spent: Option<Spanned<Euros>>,
    gives: Option<Spanned<Euros>>,
    most_per_month: Option<Spanned<Euros>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AllocationModel {
    PerPerson,
    HouseholdScale,
    MeanOfContributions,
    ProductRefund,
    PriceTiers,
    Bonus,
}

impl AllocationModel {
    /// Returns the name and the keys.
    const fn form(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::PerPerson => ("per_person", &["amount", "child"]),
            Self::HouseholdScale => {
                ("household_scale", &["first", "further", "child", "most_persons"])
            }
            Self::MeanOfContributions => ("mean_of_contributions", &["subsidy", "step"]),
            Self::ProductRefund => ("product_refund", &["most_per_person"]),
            Self::PriceTiers => ("price_tiers", &["tiers_percent"]),
            Self::Bonus => ("bonus", &["spent", "gives", "most_per_month"]),
        }
    }
}

impl AllocationSection {
    fn keys(&self) -> [Key; 12] {
        [
            key("amount", self.amount.as_ref()),
            key("first", self.first.as_ref()),
            key("further", self.further.as_ref()),
            key("child", self.child.as_ref()),
            key("most_persons", self.most_persons.as_ref()),
            key("subsidy", self.subsidy.as_ref()),
            key("step", self.step.as_ref()),
            key("most_per_person", self.most_per_person.as_ref()),
            key("tiers_percent", self.tiers_percent.as_ref()),
            key("spent", self.spent.as_ref()),
            key("gives", self.gives.as_ref()),
            key("most_per_month", self.most_per_month.as_ref()),
        ]
    }

    /// Returns the allocation that a section means.
    ///
    /// # Errors
    /// [`Misfit`] with the place of what is missing, too much or contradictory.
    pub(super) fn read(section: &Spanned<Self>) -> Result<Allocation, Misfit> {
        let (written, table) = (section.get_ref(), section.span());
        let (name, own) = written.model.form();
        let model = Model { name, table: table.clone() };
        model.has_only(own, &written.keys())?;
        let allocation = written.allocation(&model)?;
        allocation.check().map(|()| allocation).map_err(|bad| {
            let place = written.place_of(&bad).unwrap_or(table);
            Misfit::of_rules(place, &bad)
        })
    }

    fn allocation(&self, model: &Model) -> Result<Allocation, Misfit> {
        let child = euros(self.child.as_ref());
        Ok(match self.model {
            AllocationModel::PerPerson => {
                let amount = model.needs_euros("amount", self.amount.as_ref())?;
                Allocation::PerPerson { amount, child }
            }
            AllocationModel::HouseholdScale => Allocation::HouseholdScale {
                first: model.needs_euros("first", self.first.as_ref())?,
                further: model.needs_euros("further", self.further.as_ref())?,
                child,
                most_persons: self.most_persons.as_ref().map(|persons| persons.get_ref().0),
            },
            AllocationModel::MeanOfContributions => Allocation::MeanOfContributions {
                subsidy: euros(self.subsidy.as_ref()).unwrap_or(Cents::ZERO),
                step: euros(self.step.as_ref()).unwrap_or(Cents::from_u32(100)),
            },
            AllocationModel::ProductRefund => {
                let most_per_person = euros(self.most_per_person.as_ref());
                Allocation::ProductRefund { most_per_person }
            }
            AllocationModel::PriceTiers => {
                let example = "[65, 100, 125]";
                let tiers = model.needs("tiers_percent", self.tiers_percent.as_ref(), example)?;
                let tier = |tier: &UpTo<500>| Percent::new(u16::try_from(tier.0).ok()?).ok();
                Allocation::PriceTiers { tiers: tiers.iter().filter_map(tier).collect() }
            }
            AllocationModel::Bonus => Allocation::Bonus {
                spent: model.needs_euros("spent", self.spent.as_ref())?,
                gives: model.needs_euros("gives", self.gives.as_ref())?,
                most_per_month: euros(self.most_per_month.as_ref()),
            },
        })
    }

    /// Where to look for what a contradiction is about.
    fn place_of(&self, bad: &BadRules) -> Option<std::ops::Range<usize>> {
        match bad {
            BadRules::Tiers => self.tiers_percent.as_ref().map(Spanned::span),
            BadRules::Bonus => self.gives.as_ref().map(Spanned::span),
            BadRules::ZeroStep => self.step.as_ref().map(Spanned::span),
            _ => self.amount.as_ref().or(self.first.as_ref()).map(Spanned::span),
        }
    }
}
