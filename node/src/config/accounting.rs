//! The sections about accounts: the chart, receipts.

use std::collections::BTreeMap;

use ledger::accounting::Settings;
use ledger::accounting::chart::{Chart, ChartLine, Heading};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::error::Misfit;
use crate::exchange::fec::is_siren;

/// Lines of the chart that differ from the default.
pub(super) type ChartSection = BTreeMap<Heading, Spanned<LineSection>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineSection {
    number: String,
    label: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReceiptsSection {
    enabled: bool,
}

/// The number of an association in the register of enterprises.
pub(super) struct Siren(String);

impl<'de> Deserialize<'de> for Siren {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let digits: String = written.chars().filter(|c| *c != ' ').collect();
        if is_siren(&digits) {
            return Ok(Self(digits));
        }
        let help = "write the nine digits that INSEE gave, such as \"732 829 320\"";
        Err(serde::de::Error::custom(format!("{written:?} is not a SIREN | {help}")))
    }
}

/// Returns what the caisse decided about its accounts.
///
/// # Errors
/// [`Misfit`] with the place of the first line of the chart that cannot be.
pub(super) fn settings(
    siren: Option<Siren>,
    chart: ChartSection,
    receipts: &ReceiptsSection,
) -> Result<Settings, Misfit> {
    let places: BTreeMap<_, _> = chart.iter().map(|(of, line)| (*of, line.span())).collect();
    let lines = chart.into_iter().map(|(of, line)| {
        let LineSection { number, label } = line.into_inner();
        (of, ChartLine { number, label })
    });
    let chart = Chart::with(lines).map_err(|(of, why)| Misfit {
        span: places.get(&of).cloned().unwrap_or(0..0),
        message: why.to_string(),
        help: "write it as { number = \"512\", label = \"Banque\" }".to_owned(),
    })?;
    Ok(Settings { chart, siren: siren.map(|siren| siren.0), receipts: receipts.enabled })
}
