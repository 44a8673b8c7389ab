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

/// What a caisse finds eligible when its members buy elsewhere: a rate by the kind of the vendor, and one for
/// all other kinds. Without a rate nothing is eligible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eligible {
    kinds: BTreeMap<String, BasisPoints>,
    other: Option<BasisPoints>,
}

impl Eligible {
    /// Makes a rule; the case of a kind and space around it do not count. `None` if there are too many kinds,
    /// or one without letters or with too many.
    #[must_use]
    pub fn new(
        kinds: impl IntoIterator<Item = (String, BasisPoints)>,
        other: Option<BasisPoints>,
    ) -> Option<Self> {
        let kinds = kinds.into_iter().map(|(kind, rate)| (normal(&kind), rate)).collect();
        Some(Self { kinds, other }).filter(Self::fits)
    }

    /// Returns whether the rule is within its limits, and written as [`Self::new`] writes it.
    #[must_use]
    pub fn fits(&self) -> bool {
        let fits = |kind: &String| crate::catalogue::fits(kind) && *kind == normal(kind);
        self.kinds.len() <= crate::limits::ELIGIBLE_KINDS && self.kinds.keys().all(fits)
    }

    /// Returns the rate for a kind of vendor; `None` if nothing is eligible there.
    #[must_use]
    pub fn rate(&self, kind: &str) -> Option<BasisPoints> {
        let rate = self.kinds.get(&normal(kind)).copied().or(self.other);
        rate.filter(|rate| rate.get() > 0)
    }
}

/// Returns a kind of vendor as two people would write the same one.
fn normal(kind: &str) -> String {
    kind.trim().to_lowercase()
}

/// The rates at which a visitor's purchase is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorRates {
    /// The vendor's rate.
    pub vendor: BasisPoints,
    /// The highest rate of any product.
    pub most: BasisPoints,
    /// Whether the rates that the host gave to single products count.
    pub products: Products,
}

/// Whether the rates that a host gave to single products count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Products {
    /// They do.
    Count,
    /// The home caisse decides, and it does not know products.
    Ignored,
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
    /// Returns the rates for a visitor at a vendor of a kind that the host covers at `host`; `None` if it is
    /// not eligible. `home` is what the visitor's caisse stated: nothing stated is nothing eligible, wherever
    /// its word counts.
    #[must_use]
    pub fn visitor_rates(
        &self,
        host: BasisPoints,
        home: Option<&Eligible>,
        kind: &str,
    ) -> Option<VisitorRates> {
        let home = || home.and_then(|eligible| eligible.rate(kind));
        Some(match self.eligibility {
            Eligibility::Host => {
                let most = self.coverage_max;
                VisitorRates { vendor: host, most, products: Products::Count }
            }
            Eligibility::Home => {
                let most = self.coverage_max;
                VisitorRates { vendor: home()?, most, products: Products::Ignored }
            }
            Eligibility::Strictest => {
                let most = self.coverage_max.min(home()?);
                VisitorRates { vendor: host, most, products: Products::Count }
            }
        })
    }

    /// Returns the highest rate that a home caisse accepts for a member at a vendor of a kind elsewhere, by
    /// what it stated itself; `None` if that is not eligible.
    #[must_use]
    pub fn accepted_rate(&self, home: Option<&Eligible>, kind: &str) -> Option<BasisPoints> {
        let own = match self.eligibility {
            Eligibility::Host => BasisPoints::WHOLE,
            Eligibility::Home | Eligibility::Strictest => home?.rate(kind)?,
        };
        Some(own.min(self.coverage_max))
    }

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
    eligible: BTreeMap<CaisseId, Eligible>,
}

impl Agreements {
    /// Takes in an offer; a later one in the same feed replaces it.
    pub fn offer(&mut self, author: CaisseId, offer: &TermsOffer) {
        if author != offer.with {
            self.offers.entry(author).or_default().insert(offer.with, offer.terms.clone());
        }
    }

    /// Takes in what a caisse finds eligible elsewhere; a later word in the same feed replaces it. One that is
    /// over a limit takes back what was stated, so that nothing is covered that may not be meant.
    pub fn state(&mut self, author: CaisseId, eligible: &Eligible) {
        if eligible.fits() {
            self.eligible.insert(author, eligible.clone());
        } else {
            self.eligible.remove(&author);
        }
    }

    /// Returns what a caisse last stated that it finds eligible elsewhere.
    #[must_use]
    pub fn stated(&self, author: &CaisseId) -> Option<&Eligible> {
        self.eligible.get(author)
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
