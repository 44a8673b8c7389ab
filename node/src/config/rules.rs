//! The rules as people write them: a model and its keys, each with its place.

use std::ops::Range;

use crdt::Cents;
use ledger::rules::{Allocation, BadRules, Contribution, MOST_PERSONS};
use serde::Deserialize;
use toml::Spanned;

use super::error::Misfit;
use super::values::{Euros, UpTo};

/// Both models in one: an enum with a tag would lose the places of its values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllocationSection {
    model: AllocationModel,
    amount: Option<Spanned<Euros>>,
    first: Option<Spanned<Euros>>,
    further: Option<Spanned<Euros>>,
    child: Option<Spanned<Euros>>,
    most_persons: Option<Spanned<UpTo<MOST_PERSONS>>>,
    #[serde(default)]
    after_contribution: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AllocationModel {
    PerPerson,
    HouseholdScale,
}

/// Both models in one, as above.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContributionSection {
    model: ContributionModel,
    least: Option<Spanned<Euros>>,
    most: Option<Spanned<Euros>>,
    step: Option<Spanned<Euros>>,
    first: Option<Spanned<Euros>>,
    further: Option<Spanned<Euros>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ContributionModel {
    SelfSet,
    HouseholdMinimum,
}

/// The keys of one model.
struct Model {
    name: &'static str,
    /// Where its table begins: there a key is missing.
    table: Range<usize>,
}

impl Model {
    fn needs(&self, key: &str, value: Option<&Spanned<Euros>>) -> Result<Cents, Misfit> {
        value.map(|value| value.get_ref().0).ok_or_else(|| Misfit {
            span: self.table.clone(),
            message: format!("model \"{}\" needs the key `{key}`", self.name),
            help: format!("add `{key} = \"10.00\"` with your amount"),
        })
    }

    fn has_no<T>(&self, key: &str, value: Option<&Spanned<T>>) -> Result<(), Misfit> {
        value.map_or(Ok(()), |value| {
            Err(Misfit {
                span: value.span(),
                message: format!("`{key}` does not belong to model \"{}\"", self.name),
                help: "remove it, or choose the other model".to_owned(),
            })
        })
    }
}

fn euros(value: Option<&Spanned<Euros>>) -> Option<Cents> {
    value.map(|value| value.get_ref().0)
}

impl AllocationSection {
    /// Returns the allocation that a section means.
    ///
    /// # Errors
    /// [`Misfit`] with the place of what is missing, too much or contradictory.
    pub(super) fn read(section: &Spanned<Self>) -> Result<Allocation, Misfit> {
        let (written, table) = (section.get_ref(), section.span());
        let child = euros(written.child.as_ref());
        let after_contribution = written.after_contribution;
        let allocation = match written.model {
            AllocationModel::PerPerson => {
                let model = Model { name: "per_person", table: table.clone() };
                model.has_no("first", written.first.as_ref())?;
                model.has_no("further", written.further.as_ref())?;
                model.has_no("most_persons", written.most_persons.as_ref())?;
                let amount = model.needs("amount", written.amount.as_ref())?;
                Allocation::PerPerson { amount, child, after_contribution }
            }
            AllocationModel::HouseholdScale => {
                let model = Model { name: "household_scale", table: table.clone() };
                model.has_no("amount", written.amount.as_ref())?;
                let first = model.needs("first", written.first.as_ref())?;
                let further = model.needs("further", written.further.as_ref())?;
                let most_persons = written.most_persons.as_ref().map(|persons| persons.get_ref().0);
                Allocation::HouseholdScale {
                    first,
                    further,
                    child,
                    most_persons,
                    after_contribution,
                }
            }
        };
        let amount = written.amount.as_ref().or(written.first.as_ref()).map(Spanned::span);
        allocation
            .check()
            .map_err(|bad| Misfit::of_rules(amount.unwrap_or(table), &bad))
            .map(|()| allocation)
    }
}

impl ContributionSection {
    /// Returns the contribution that a section means.
    ///
    /// # Errors
    /// [`Misfit`] with the place of what is missing, too much or contradictory.
    pub(super) fn read(section: &Spanned<Self>) -> Result<Contribution, Misfit> {
        let (written, table) = (section.get_ref(), section.span());
        let contribution = match written.model {
            ContributionModel::SelfSet => {
                let model = Model { name: "self_set", table: table.clone() };
                model.has_no("first", written.first.as_ref())?;
                model.has_no("further", written.further.as_ref())?;
                let least = model.needs("least", written.least.as_ref())?;
                let most = model.needs("most", written.most.as_ref())?;
                let step = model.needs("step", written.step.as_ref())?;
                Contribution::SelfSet { least, most, step }
            }
            ContributionModel::HouseholdMinimum => {
                let model = Model { name: "household_minimum", table: table.clone() };
                model.has_no("least", written.least.as_ref())?;
                model.has_no("step", written.step.as_ref())?;
                let first = model.needs("first", written.first.as_ref())?;
                let further = model.needs("further", written.further.as_ref())?;
                let most = euros(written.most.as_ref());
                Contribution::HouseholdMinimum { first, further, most }
            }
        };
        contribution.check().map(|()| contribution).map_err(|bad| {
            let place = match bad {
                BadRules::ZeroStep => written.step.as_ref(),
                BadRules::LeastAboveMost { .. }
                | BadRules::LeastOffStep { .. }
                | BadRules::NobodyCounts
                | BadRules::NothingForOne
                | BadRules::TooMuch => written.least.as_ref().or(written.first.as_ref()),
            };
            Misfit::of_rules(place.map_or(table, Spanned::span), &bad)
        })
    }
}

impl Misfit {
    fn of_rules(span: Range<usize>, bad: &BadRules) -> Self {
        let help = match bad {
            BadRules::NobodyCounts => "write most_persons = 1 or more, or leave it out",
            BadRules::NothingForOne => "write an amount above zero",
            BadRules::TooMuch => "write smaller amounts",
            BadRules::LeastAboveMost { .. } => "lower the least, or raise `most`",
            BadRules::ZeroStep => "write step = \"1.00\" for whole euros",
            BadRules::LeastOffStep { .. } => "make the least a multiple of `step`, or lower `step`",
        };
        Self { span, message: bad.to_string(), help: help.to_owned() }
    }
}
