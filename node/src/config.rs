//! The configuration of a caisse: one TOML file. Errors name the file, the line and the key.

mod error;
mod values;

use std::path::Path;

use crdt::Month;
use crdt::agreement::{Eligibility, Terms};
use crdt::{Cents, Duration};
use ledger::rules::{Allocation, Contribution, Rules};
use ledger::state::PaymentSettings;
use serde::Deserialize;
use toml::Spanned;

pub use error::ConfigError;
use error::locate;
use values::{Communes, Euros, HttpAddress, MultiAddresses, Percent, Positive, Text};

/// The configuration of a caisse.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The caisse's name.
    pub name: String,
    /// INSEE codes of its communes.
    pub territory: Vec<String>,
    /// The rules in force.
    pub rules: Rules,
    /// How payments are decided.
    pub payments: PaymentSettings,
    /// What is offered to another caisse unless something else is said.
    pub terms: Terms,
    /// Where the node listens for other caisses, as multiaddresses.
    pub listen: Vec<String>,
    /// Where other caisses find the node, as multiaddresses.
    pub addresses: Vec<String>,
    /// Where the node listens for tills and browsers.
    pub http: std::net::SocketAddr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    caisse: CaisseSection,
    rules: Spanned<RulesSection>,
    #[serde(default)]
    cards: CardsSection,
    #[serde(default)]
    payments: PaymentsSection,
    #[serde(default)]
    agreement: AgreementSection,
    #[serde(default)]
    node: NodeSection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaisseSection {
    name: Text,
    territory: Communes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesSection {
    #[serde(default = "one")]
    version: u32,
    from: Month,
    reason: Text,
    allocation: Spanned<AllocationSection>,
    contribution: Spanned<ContributionSection>,
}

const fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
enum AllocationSection {
    PerPerson {
        amount: Euros,
        child: Option<Euros>,
        #[serde(default)]
        after_contribution: bool,
    },
    HouseholdScale {
        first: Euros,
        further: Euros,
        child: Option<Euros>,
        most_persons: Option<Positive>,
        #[serde(default)]
        after_contribution: bool,
    },
}

#[derive(Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
enum ContributionSection {
    SelfSet { least: Euros, most: Euros, step: Euros },
    HouseholdMinimum { first: Euros, further: Euros, most: Option<Euros> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CardsSection {
    code_attempts: Positive,
    code_lock_hours: Positive,
}

impl Default for CardsSection {
    fn default() -> Self {
        Self { code_attempts: Positive(4), code_lock_hours: Positive(24) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PaymentsSection {
    decision_ms: Positive,
}

impl Default for PaymentsSection {
    fn default() -> Self {
        Self { decision_ms: Positive(6_000) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AgreementSection {
    eligibility: Eligibility,
    coverage_max_percent: Percent,
    per_payment: Euros,
    per_month: Euros,
    ceiling: Euros,
    floor: Euros,
    rhythm_days: u16,
}

impl Default for AgreementSection {
    fn default() -> Self {
        let euros = |euros: u32| Euros(Cents::from_u32(euros * 100));
        Self {
            eligibility: Eligibility::Host,
            coverage_max_percent: Percent::WHOLE,
            per_payment: euros(50),
            per_month: euros(150),
            ceiling: euros(2_000),
            floor: euros(0),
            rhythm_days: 30,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NodeSection {
    listen: MultiAddresses,
    addresses: MultiAddresses,
    http: HttpAddress,
}

impl Default for NodeSection {
    fn default() -> Self {
        let listen = ["/ip4/0.0.0.0/tcp/7447", "/ip4/0.0.0.0/udp/7447/quic-v1"];
        Self {
            listen: MultiAddresses(listen.map(str::to_owned).to_vec()),
            addresses: MultiAddresses(Vec::new()),
            http: HttpAddress(([127, 0, 0, 1], 7448).into()),
        }
    }
}

/// Hours of the longest lock of a card: a month.
const MOST_LOCK_HOURS: u32 = 24 * 31;

/// Milliseconds of the longest wait for a home caisse: nobody waits longer at a till.
const MOST_DECISION_MS: u32 = 60_000;

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
        let at = |span: std::ops::Range<usize>, message: &str, help: &str| {
            let (line, column) = locate(text, span.start);
            ConfigError {
                file: name.to_owned(),
                line,
                column,
                message: message.to_owned(),
                help: help.to_owned(),
            }
        };
        let RulesSection { version, from, reason, allocation, contribution } =
            file.rules.into_inner();
        let span = contribution.span();
        let contribution = contribution_of(contribution.into_inner())
            .map_err(|(message, help)| at(span, message, help))?;
        let span = allocation.span();
        let allocation = allocation_of(allocation.into_inner())
            .map_err(|(message, help)| at(span, message, help))?;
        let hours = file.cards.code_lock_hours.0.min(MOST_LOCK_HOURS);
        Ok(Self {
            name: file.caisse.name.0,
            territory: file.caisse.territory.0,
            rules: Rules { version, from, reason: reason.0, allocation, contribution },
            payments: PaymentSettings {
                decision: Duration::from_ms(file.payments.decision_ms.0.min(MOST_DECISION_MS)),
                code_attempts: file.cards.code_attempts.0,
                code_lock: Duration::from_ms(hours * 3_600_000),
            },
            terms: terms_of(&file.agreement),
            listen: file.node.listen.0,
            addresses: file.node.addresses.0,
            http: file.node.http.0,
        })
    }

    /// Reads the terms of an agreement from a file of their own, or from a configuration's section.
    ///
    /// # Errors
    /// [`ConfigError`] that names the line.
    pub fn parse_terms(text: &str, name: &str) -> Result<Terms, ConfigError> {
        let section: AgreementSection =
            toml::from_str(text).map_err(|bad| ConfigError::of_toml(text, name, &bad))?;
        Ok(terms_of(&section))
    }
}

type Misfit = (&'static str, &'static str);

fn contribution_of(section: ContributionSection) -> Result<Contribution, Misfit> {
    match section {
        ContributionSection::SelfSet { least, most, step } => {
            if least.0 > most.0 {
                return Err(("the least contribution is above the most", "exchange the two"));
            }
            if step.0.is_zero() {
                return Err(("the step of contributions is zero", "write step = \"1.00\""));
            }
            Ok(Contribution::SelfSet { least: least.0, most: most.0, step: step.0 })
        }
        ContributionSection::HouseholdMinimum { first, further, most } => {
            if most.as_ref().is_some_and(|most| first.0 > most.0) {
                return Err(("the least contribution is above the most", "raise `most`"));
            }
            let most = most.map(|most| most.0);
            Ok(Contribution::HouseholdMinimum { first: first.0, further: further.0, most })
        }
    }
}

fn allocation_of(section: AllocationSection) -> Result<Allocation, Misfit> {
    let allocation = match section {
        AllocationSection::PerPerson { amount, child, after_contribution } => {
            let child = child.map(|child| child.0);
            Allocation::PerPerson { amount: amount.0, child, after_contribution }
        }
        AllocationSection::HouseholdScale {
            first,
            further,
            child,
            most_persons,
            after_contribution,
        } => Allocation::HouseholdScale {
            first: first.0,
            further: further.0,
            child: child.map(|child| child.0),
            most_persons: most_persons.map(|persons| persons.0),
            after_contribution,
        },
    };
    let one = ledger::rules::Household { adults: 1, teens: 0, children: 0 };
    match allocation.for_household(&one) {
        Some(amount) if !amount.is_zero() => Ok(allocation),
        _ => Err(("a household of one person would get nothing", "raise the first amount")),
    }
}

fn terms_of(section: &AgreementSection) -> Terms {
    Terms {
        eligibility: section.eligibility,
        coverage_max: section.coverage_max_percent.0,
        per_payment: section.per_payment.0,
        per_month: section.per_month.0,
        ceiling: section.ceiling.0,
        floor: section.floor.0,
        rhythm_days: section.rhythm_days,
    }
}

#[cfg(test)]
mod tests;
