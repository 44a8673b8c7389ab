//! How much a household gives, as people write it.

use crdt::Cents;
use ledger::rules::{BadRules, Band, Contribution};
use serde::Deserialize;
use toml::Spanned;

use super::{Key, Model, euros, key};
use crate::config::error::Misfit;
use crate::config::values::{Euros, Percent};

/// The keys of all models.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContributionSection {
    model: ContributionModel,
    least: Option<Spanned<Euros>>,
    most: Option<Spanned<Euros>>,
    step: Option<Spanned<Euros>>,
    first: Option<Spanned<Euros>>,
    further: Option<Spanned<Euros>>,
    share_percent: Option<Spanned<Percent>>,
    bands: Option<Spanned<Vec<BandSection>>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct BandSection {
    up_to: Option<Euros>,
    amount: Euros,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ContributionModel {
    SelfSet,
    HouseholdMinimum,
    IncomeShare,
    Bands,
}

impl ContributionModel {
    /// Returns the name and the keys.
    const fn form(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::SelfSet => ("self_set", &["least", "most", "step"]),
            Self::HouseholdMinimum => ("household_minimum", &["first", "further", "most"]),
            Self::IncomeShare => ("income_share", &["share_percent", "least", "most"]),
            Self::Bands => ("bands", &["bands"]),
        }
    }
}

impl ContributionSection {
    fn keys(&self) -> [Key; 7] {
        [
            key("least", self.least.as_ref()),
            key("most", self.most.as_ref()),
            key("step", self.step.as_ref()),
            key("first", self.first.as_ref()),
            key("further", self.further.as_ref()),
            key("share_percent", self.share_percent.as_ref()),
            key("bands", self.bands.as_ref()),
        ]
    }

    /// Returns the contribution that a section means.
    ///
    /// # Errors
    /// [`Misfit`] with the place of what is missing, too much or contradictory.
    pub(super) fn read(section: &Spanned<Self>) -> Result<Contribution, Misfit> {
        let (written, table) = (section.get_ref(), section.span());
        let (name, own) = written.model.form();
        let model = Model { name, table: table.clone() };
        model.has_only(own, &written.keys())?;
        let contribution = written.contribution(&model)?;
        contribution.check().map(|()| contribution).map_err(|bad| {
            let place = match bad {
                BadRules::ZeroStep => written.step.as_ref().map(Spanned::span),
                BadRules::Bands => written.bands.as_ref().map(Spanned::span),
                _ => written.least.as_ref().or(written.first.as_ref()).map(Spanned::span),
            };
            Misfit::of_rules(place.unwrap_or(table), &bad)
        })
    }

    fn contribution(&self, model: &Model) -> Result<Contribution, Misfit> {
        let most = euros(self.most.as_ref());
        Ok(match self.model {
            ContributionModel::SelfSet => Contribution::SelfSet {
                least: model.needs_euros("least", self.least.as_ref())?,
                most: model.needs_euros("most", self.most.as_ref())?,
                step: model.needs_euros("step", self.step.as_ref())?,
            },
            ContributionModel::HouseholdMinimum => Contribution::HouseholdMinimum {
                first: model.needs_euros("first", self.first.as_ref())?,
                further: model.needs_euros("further", self.further.as_ref())?,
                most,
            },
            ContributionModel::IncomeShare => Contribution::IncomeShare {
                share: model.needs("share_percent", self.share_percent.as_ref(), "\"2.5\"")?.0,
                least: euros(self.least.as_ref()).unwrap_or(Cents::ZERO),
                most,
            },
            ContributionModel::Bands => {
                let example =
                    "[{ up_to = \"1000.00\", amount = \"10.00\" }, { amount = \"50.00\" }]";
                let bands = model.needs("bands", self.bands.as_ref(), example)?;
                let band = |band: &BandSection| Band {
                    up_to: band.up_to.map(|euros| euros.0),
                    amount: band.amount.0,
                };
                Contribution::Bands(bands.iter().map(band).collect())
            }
        })
    }
}
