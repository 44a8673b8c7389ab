//! The configuration of a caisse: one TOML file. Errors name the file, the line, the column and the key.

mod accounting;
mod error;
mod network;
mod rules;
mod sections;
mod values;

use std::path::Path;

use crdt::agreement::{Eligible, Terms};
use ledger::calendar::Zone;
use ledger::rules::Rules;
use ledger::state::PaymentSettings;

use crate::network::reach::Reach;
pub use error::ConfigError;
use error::Misfit;
use rules::RulesSection;
use sections::{AgreementSection, File, payments_of};

/// The configuration of a caisse.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The caisse's name.
    pub name: String,
    /// INSEE codes of its communes.
    pub territory: Vec<String>,
    /// Where the caisse is, for its days.
    pub zone: Zone,
    /// The first rule set.
    pub rules: Rules,
    /// How payments are decided.
    pub payments: PaymentSettings,
    /// The chart of accounts, and what is decided about accounts.
    pub accounting: ledger::accounting::Settings,
    /// Days after the first of a month at which members are reminded of its contribution.
    pub reminders: Vec<u16>,
    /// What is eligible when members buy elsewhere, where an agreement lets the home caisse decide.
    pub visits: Option<Eligible>,
    /// What is offered to another caisse unless something else is said.
    pub terms: Terms,
    /// Where the node listens for other caisses, as multiaddresses.
    pub listen: Vec<String>,
    /// Where other caisses find the node, as multiaddresses.
    pub addresses: Vec<String>,
    /// Where the node listens for tills and browsers.
    pub http: std::net::SocketAddr,
    /// How the node reaches other caisses and is reached.
    pub reach: Reach,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`] that names the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|why| ConfigError::unreadable(&name, &why.to_string()))?;
        Self::parse(&text, &name)
    }

    /// Reads the text of a file of that name.
    ///
    /// # Errors
    /// [`ConfigError`] that names the line.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let file: File =
            toml::from_str(text).map_err(|bad| ConfigError::of_toml(text, name, &bad))?;
        Self::of_file(file).map_err(|misfit| ConfigError::of_misfit(text, name, misfit))
    }

    /// Reads the terms of an agreement from a file of their own.
    ///
    /// # Errors
    /// [`ConfigError`] that names the line.
    pub fn parse_terms(text: &str, name: &str) -> Result<Terms, ConfigError> {
        toml::from_str(text)
            .map(|section: AgreementSection| section.terms())
            .map_err(|bad| ConfigError::of_toml(text, name, &bad))
    }

    /// Reads a rule set from a file of its own: the keys of the section `rules`, without its name.
    ///
    /// # Errors
    /// [`ConfigError`] that names the line.
    pub fn parse_rules(text: &str, name: &str) -> Result<Rules, ConfigError> {
        let section: RulesSection =
            toml::from_str(text).map_err(|bad| ConfigError::of_toml(text, name, &bad))?;
        section.read().map_err(|misfit| ConfigError::of_misfit(text, name, misfit))
    }

    fn of_file(file: File) -> Result<Self, Misfit> {
        let addresses = values::addresses(file.node.addresses)?;
        Ok(Self {
            name: file.caisse.name.0,
            territory: values::communes(file.caisse.territory)?,
            zone: file.caisse.time_zone.0,
            rules: file.rules.read()?,
            payments: payments_of(&file.cards, &file.payments, &file.offline),
            accounting: accounting::settings(file.caisse.siren, file.chart, &file.receipts)?,
            reminders: file.dunning.after_days.read()?,
            visits: file.visits.read()?,
            terms: file.agreement.terms(),
            listen: values::addresses(file.node.listen)?,
            reach: file.network.reach(addresses.clone()),
            addresses,
            http: file.node.http.0,
        })
    }
}

#[cfg(test)]
mod tests;
