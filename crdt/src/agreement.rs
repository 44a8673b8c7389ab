//! Agreements between two caisses: in force when both have published the same terms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Domain;
use crate::{BasisPoints, CaisseId, Cents, Digest, wire};

/// Whose rules decide what is eligible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// The caisse where the vendor is.
    Host,
    /// The caisse where the member is.
    Home,
    /// Both.
    Strictest,
}

/// What two caisses agree on; the same for both directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whose rules decide what is eligible.
    pub eligibility: Eligibility,
    /// The highest rate at which a visitor's purchase is covered.
    pub coverage_max: BasisPoints,
    /// The most that one visitor's payment may be covered for.
    pub per_payment: Cents,
    /// The most that one visitor may spend in a month.
    pub per_month: Cents,
    /// The most that one side may owe the other.
    pub ceiling: Cents,
    /// Up to which amount the host sells at its own risk when the home caisse does not answer.
    pub floor: Cents,
    /// Days between settlements.
    pub rhythm_days: u16,
}

/// Terms that a caisse offers to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsOffer {
    /// The other caisse.
    pub with: CaisseId,
    /// The terms.
    pub terms: Terms,
}

impl Terms {
    /// Returns the hash that both sides must have published.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Domain::Terms.hash(&wire::encode(self))
    }
}

/// The latest offer of each caisse to each other, and so the agreements in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreements {
    offers: BTreeMap<CaisseId, BTreeMap<CaisseId, Terms>>,
}

impl Agreements {
    /// Takes in an offer; a later one in the same feed replaces it.
    pub fn offer(&mut self, author: CaisseId, offer: &TermsOffer) {
        if author != offer.with {
            self.offers.entry(author).or_default().insert(offer.with, offer.terms.clone());
        }
    }

    /// Returns what `author` last offered to `with`.
    #[must_use]
    pub fn offered(&self, author: &CaisseId, with: &CaisseId) -> Option<&Terms> {
        self.offers.get(author)?.get(with)
    }

    /// Returns the terms in force between two caisses: those that both last offered, if the same.
    #[must_use]
    pub fn in_force(&self, one: &CaisseId, other: &CaisseId) -> Option<&Terms> {
        let terms = self.offered(one, other)?;
        (self.offered(other, one)? == terms).then_some(terms)
    }
}
