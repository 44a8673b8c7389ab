//! The chart of accounts (plan comptable): a number and a label for each sort of account of the books.
//!
//! The default follows the *Plan comptable général* with the additions of règlement ANC n° 2018-06 for
//! associations. Why each account stands where it stands is told in `docs/accounting.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::limits;

/// A sort of account: what accounts of the books with the same number have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// What members hold.
    Members,
    /// What vendors are owed.
    Vendors,
    /// What other caisses are owed, or owe.
    Partners,
    /// The bank.
    Bank,
    /// The cash box.
    Cash,
    /// Contributions received.
    Contributions,
    /// Allocations issued.
    Allocations,
    /// What was given back to members who paid first.
    Reimbursed,
    /// Credit that expired.
    Expired,
    /// Grants confirmed.
    Grants,
    /// Grants confirmed and not paid yet.
    GrantsDue,
    /// Sales at our own risk.
    Risk,
    /// Charges of members whom the books do not know.
    Suspense,
    /// Lines of the bank that nobody has assigned.
    Unassigned,
    /// The pot that balances tiers of prices.
    Pot,
    /// What members who paid first get back.
    Claims,
    /// Bank transfers on their way.
    Ordered,
    /// Direct debits on their way.
    Collecting,
    /// Losses and corrections.
    Corrections,
    /// What members were advanced by sales without us.
    Advances,
    /// Sales without us that no member pays.
    OfflineLosses,
    /// What was left over in earlier years.
    CarriedSurplus,
    /// What was missing in earlier years.
    CarriedDeficit,
}

/// The default number and label of each heading.
const DEFAULT: [(Heading, &str, &str); 23] = [
    (Heading::Members, "4671", "Crédits alimentaires des adhérents"),
    (Heading::Vendors, "401", "Points de vente conventionnés"),
    (Heading::Partners, "451", "Autres caisses"),
    (Heading::Bank, "512", "Banque"),
    (Heading::Cash, "531", "Caisse"),
    (Heading::Contributions, "756", "Cotisations"),
    (Heading::Allocations, "65711", "Aides octroyées : crédits alimentaires"),
    (Heading::Reimbursed, "65712", "Aides octroyées : achats remboursés"),
    (Heading::Expired, "7588", "Aides octroyées devenues caduques"),
    (Heading::Grants, "740", "Subventions d'exploitation"),
    (Heading::GrantsDue, "441", "Subventions à recevoir"),
    (Heading::Risk, "4672", "Ventes à nos risques, à accepter"),
    (Heading::Suspense, "4711", "Compte d'attente : adhérents inconnus"),
    (Heading::Unassigned, "4712", "Compte d'attente : lignes de banque"),
    (Heading::Pot, "4673", "Fonds d'équilibre des prix"),
    (Heading::Claims, "4674", "Remboursements dus aux adhérents"),
    (Heading::Ordered, "5801", "Virements émis en cours"),
    (Heading::Collecting, "5802", "Prélèvements émis en cours"),
    (Heading::Corrections, "658", "Charges diverses de gestion courante"),
    (Heading::Advances, "4675", "Avances aux adhérents (ventes hors connexion)"),
    (Heading::OfflineLosses, "6581", "Pertes sur ventes hors connexion"),
    (Heading::CarriedSurplus, "110", "Report à nouveau (solde créditeur)"),
    (Heading::CarriedDeficit, "119", "Report à nouveau (solde débiteur)"),
];

impl Heading {
    /// Every heading, in the order of the default chart.
    pub fn all() -> impl Iterator<Item = Self> {
        DEFAULT.into_iter().map(|(heading, ..)| heading)
    }

    /// Returns the heading of an account of the books.
    #[must_use]
    pub const fn of(account: &Account) -> Self {
        match account {
            Account::Member(_) => Self::Members,
            Account::Vendor(_) => Self::Vendors,
            Account::Partner(_) => Self::Partners,
            Account::Bank => Self::Bank,
            Account::Contributions => Self::Contributions,
            Account::Allocations => Self::Allocations,
            Account::Risk => Self::Risk,
            Account::Suspense => Self::Suspense,
            Account::Cash => Self::Cash,
            Account::Unassigned => Self::Unassigned,
            Account::Grant(_) => Self::GrantsDue,
            Account::Grants => Self::Grants,
            Account::Expired => Self::Expired,
            Account::Pot => Self::Pot,
            Account::Claim(_) => Self::Claims,
            Account::Reimbursed => Self::Reimbursed,
            Account::Ordered(_) => Self::Ordered,
            Account::Collecting(_) => Self::Collecting,
            Account::Corrections => Self::Corrections,
            Account::Advance(_) => Self::Advances,
            Account::OfflineLosses => Self::OfflineLosses,
        }
    }
}

/// A number and its label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChartLine {
    /// The number: three digits of the French chart, then digits or capital letters.
    pub number: String,
    /// The label, in French.
    pub label: String,
}

/// Why a chart cannot be, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChartRefused {
    /// Not a number of the French chart.
    #[error(
        "{0:?} is not an account: 3 to 12 characters, a digit from 1 to 8, two digits, then digits or capital letters"
    )]
    Number(String),
    /// A label that a file of accounts cannot hold.
    #[error("a label has 1 to {} characters, without tabs, line breaks or |", limits::TEXT_CHARS)]
    Label,
    /// What is carried over belongs to class 1.
    #[error("{0} is not an account of class 1, where results of earlier years stand")]
    NotCapital(String),
    /// One number with two labels.
    #[error("{number} is called {one:?} and {other:?}: one number has one label")]
    TwoLabels {
        /// The number.
        number: String,
        /// A label.
        one: String,
        /// Another label.
        other: String,
    },
}

/// The chart of accounts of a caisse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart(Vec<(Heading, ChartLine)>);

impl Default for Chart {
    fn default() -> Self {
        let line = |(heading, number, label): (Heading, &str, &str)| {
            (heading, ChartLine { number: number.to_owned(), label: label.to_owned() })
        };
        Self(DEFAULT.into_iter().map(line).collect())
    }
}

impl Chart {
    /// Makes the default chart with some lines changed.
    ///
    /// # Errors
    /// The first of [`ChartRefused`] that applies, with the heading at which it was found.
    pub fn with(
        changes: impl IntoIterator<Item = (Heading, ChartLine)>,
    ) -> Result<Self, (Heading, ChartRefused)> {
        let mut chart = Self::default();
        let mut changed = Vec::new();
        for (heading, line) in changes {
            check(heading, &line).map_err(|why| (heading, why))?;
            changed.push(heading);
            for own in chart.0.iter_mut().filter(|(known, _)| *known == heading) {
                own.1 = line.clone();
            }
        }
        for heading in changed {
            chart.one_label(heading).map_err(|why| (heading, why))?;
        }
        Ok(chart)
    }

    fn one_label(&self, heading: Heading) -> Result<(), ChartRefused> {
        let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
        let number = &self.line(heading).number;
        for (_, line) in self.0.iter().filter(|(_, line)| line.number == *number) {
            let one = *labels.entry(&line.number).or_insert(&line.label);
            if one != line.label {
                let (number, one, other) = (number.clone(), one.to_owned(), line.label.clone());
                return Err(ChartRefused::TwoLabels { number, one, other });
            }
        }
        Ok(())
    }

    /// Returns the number and label of a heading.
    ///
    /// # Panics
    /// Never: a chart has a line for every heading.
    #[must_use]
    pub fn line(&self, heading: Heading) -> &ChartLine {
        let found = self.0.iter().find(|(known, _)| *known == heading);
        found.map(|(_, line)| line).expect("a chart has every heading")
    }

    /// Returns the number and label of an account of the books.
    #[must_use]
    pub fn of(&self, account: &Account) -> &ChartLine {
        self.line(Heading::of(account))
    }

    /// Returns every heading with its line.
    #[must_use]
    pub fn lines(&self) -> &[(Heading, ChartLine)] {
        &self.0
    }
}

impl ChartLine {
    /// Returns whether the account counts charges or products (classes 6 and 7), which begin each year at
    /// nothing.
    #[must_use]
    pub fn is_of_result(&self) -> bool {
        self.number.starts_with(['6', '7'])
    }
}

fn check(heading: Heading, line: &ChartLine) -> Result<(), ChartRefused> {
    let number = line.number.as_bytes();
    let digits = number.iter().take(3).all(u8::is_ascii_digit);
    let rest = number.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let class = number.first().is_some_and(|class| (b'1'..=b'8').contains(class));
    if !(3..=12).contains(&number.len()) || !digits || !rest || !class {
        return Err(ChartRefused::Number(line.number.clone()));
    }
    let label = line.label.trim();
    let bad = |c: char| c.is_control() || c == '|';
    if label.is_empty() || label.chars().count() > limits::TEXT_CHARS || label.contains(bad) {
        return Err(ChartRefused::Label);
    }
    let carried = matches!(heading, Heading::CarriedSurplus | Heading::CarriedDeficit);
    if carried && !line.number.starts_with('1') {
        return Err(ChartRefused::NotCapital(line.number.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, label: &str) -> ChartLine {
        ChartLine { number: number.to_owned(), label: label.to_owned() }
    }

    #[test]
    fn the_default_chart_keeps_its_own_rules() {
        let chart = Chart::default();
        for (heading, line) in chart.lines() {
            assert_eq!(check(*heading, line), Ok(()), "{heading:?}");
            assert_eq!(chart.one_label(*heading), Ok(()), "{heading:?}");
        }
        assert!(chart.of(&Account::Allocations).is_of_result());
        assert!(!chart.of(&Account::Bank).is_of_result());
    }

    #[test]
    fn a_caisse_changes_numbers_and_labels_and_a_wrong_one_is_refused() {
        let bank = line("512100", "Banque coopérative");
        let chart = Chart::with([(Heading::Bank, bank.clone())]).expect("a chart");
        assert_eq!(chart.of(&Account::Bank), &bank);
        assert_eq!(chart.of(&Account::Cash).number, "531");
        for number in ["51", "5a2", "912", "512-1", "5120000000000", "٥١٢"] {
            let refused = Chart::with([(Heading::Bank, line(number, "Banque"))]);
            let why = ChartRefused::Number(number.to_owned());
            assert_eq!(refused, Err((Heading::Bank, why)), "{number}");
        }
        for label in ["", " ", "a\tb", "a|b", "a\nb"] {
            let refused = Chart::with([(Heading::Bank, line("512", label))]);
            assert_eq!(refused, Err((Heading::Bank, ChartRefused::Label)), "{label:?}");
        }
        let twice = Chart::with([(Heading::Cash, line("512", "Petite caisse"))]);
        assert!(matches!(twice, Err((Heading::Cash, ChartRefused::TwoLabels { .. }))));
        let one = Chart::with([(Heading::Cash, line("512", "Banque"))]);
        assert!(one.is_ok(), "one number may stand for two sorts of accounts");
        let carried = Chart::with([(Heading::CarriedDeficit, line("658", "Pertes"))]);
        assert!(matches!(carried, Err((_, ChartRefused::NotCapital(_)))));
    }
}
