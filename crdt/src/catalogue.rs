//! The catalogue: what vendors sell and at which rate it is covered.
//!
//! One Automerge document per author and subject, never one with writers of several caisses: two
//! changes with the same actor and number would stop the replication of that document for everyone.
//! The federation's catalogue is a function over the authors' documents.

mod document;
mod plain;
mod read;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use sheet::{Actor, Sheet, SheetRefused, actor};

use crate::digest::Domain;
use crate::{BasisPoints, CaisseId, Cents, Digest, VendorId, limits, wire};
use document::Document;

/// What a document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A vendor and what it sells.
    Vendor(VendorId),
}

/// One Automerge change of one document, as its author published it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueChange {
    /// The document.
    pub subject: Subject,
    /// The bytes of the change.
    #[serde(with = "serde_bytes")]
    pub change: Vec<u8>,
}

/// A vendor as the public sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorCard {
    /// Its name.
    pub name: String,
    /// INSEE code of its commune.
    pub commune: String,
    /// What kind of place it is.
    pub kind: String,
    /// The number by which two caisses know the same vendor, if it has one (SIRET, 14 digits).
    pub siret: Option<String>,
    /// The rate at which its sales are covered, if approved.
    pub coverage: Option<BasisPoints>,
}

/// A product of a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The vendor's own code for it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The code of the food in the CIQUAL table, if known.
    pub ciqual: Option<String>,
    /// The rate at which it is covered, if other than the vendor's.
    pub coverage: Option<BasisPoints>,
    /// The price of a kilogram or piece, for information.
    pub price: Option<Cents>,
    /// Grams of CO2 equivalent for a kilogram of product.
    pub climate_g_co2e_per_kg: Option<u32>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The document changed.
    Changed,
    /// The change does not fit and is put aside; nothing changed.
    Quarantined(Quarantine),
}

/// Why a change does not fit, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Quarantine {
    /// Larger than [`limits::BODY_BYTES`].
    #[error("the change is too large")]
    TooLarge,
    /// Not an Automerge change.
    #[error("the change does not decode")]
    Malformed,
    /// It builds on a change that is not earlier in the same feed.
    #[error("the change builds on one that is not in the same feed")]
    ForeignDependency,
    /// Its number does not follow the last of its actor, or a number of its operations was used.
    #[error("the number of the change was used before or leaves a gap")]
    Misnumbered,
    /// Automerge does not take it.
    #[error("the change cannot be applied")]
    Inapplicable,
    /// The sheet would hold more than [`limits::PRODUCTS_PER_SHEET`] products.
    #[error("the sheet would be too large")]
    TooManyProducts,
}

/// A vendor's sheet as it reads now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetView {
    /// The vendor.
    pub vendor: VendorCard,
    /// Its products, by their code.
    pub products: BTreeMap<String, Product>,
}

/// A product with where it is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The caisse that published it.
    pub author: CaisseId,
    /// The vendor.
    pub vendor: VendorId,
    /// The vendor's card.
    pub card: &'a VendorCard,
    /// The product.
    pub product: &'a Product,
}

/// All documents of all authors.
#[derive(Default)]
pub struct Catalogue {
    documents: BTreeMap<(CaisseId, Subject), Document>,
}

impl Catalogue {
    /// Takes in a change. What does not fit is quarantined: it changes nothing, and blocks neither
    /// later changes of the same document nor anyone else's.
    pub fn apply(&mut self, author: CaisseId, change: &CatalogueChange) -> Applied {
        let place = (author, change.subject);
        if let Some(document) = self.documents.get_mut(&place) {
            return document.apply(&change.change);
        }
        let mut document = Document::default();
        let applied = document.apply(&change.change);
        if applied == Applied::Changed {
            self.documents.insert(place, document);
        }
        applied
    }

    /// Returns every vendor's sheet.
    pub fn sheets(&self) -> impl Iterator<Item = (CaisseId, VendorId, &SheetView)> {
        self.documents.iter().map(|((author, Subject::Vendor(vendor)), document)| {
            (*author, *vendor, document.view())
        })
    }

    /// Returns the sheet of one vendor of one caisse.
    #[must_use]
    pub fn sheet(&self, author: CaisseId, vendor: VendorId) -> Option<&SheetView> {
        self.documents.get(&(author, Subject::Vendor(vendor))).map(Document::view)
    }

    /// Returns the products that [`search`] finds in every vendor's sheet.
    pub fn search(&self, text: &str) -> impl Iterator<Item = Listed<'_>> {
        search(self.sheets(), text)
    }

    /// Returns the vendors that several caisses know, by SIRET.
    #[must_use]
    pub fn joined(&self) -> BTreeMap<String, BTreeSet<(CaisseId, VendorId)>> {
        let mut by_siret: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        for (author, vendor, sheet) in self.sheets() {
            if let Some(siret) = &sheet.vendor.siret {
                by_siret.entry(siret.clone()).or_default().insert((author, vendor));
            }
        }
        by_siret.retain(|_, known| known.iter().map(|(a, _)| a).collect::<BTreeSet<_>>().len() > 1);
        by_siret
    }

    /// Returns a hash of everything that the catalogue says.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let all: Vec<_> = self.sheets().collect();
        Domain::Trace.hash(&wire::encode(&all))
    }
}

/// Returns the products of some sheets whose name, or whose vendor's name, contains a text, whatever
/// its case and accents; in the order of the sheets, then of codes.
pub fn search<'a>(
    sheets: impl Iterator<Item = (CaisseId, VendorId, &'a SheetView)>,
    text: &str,
) -> impl Iterator<Item = Listed<'a>> {
    let wanted = folded(text);
    sheets.flat_map(move |(author, vendor, sheet)| {
        let all = folded(&sheet.vendor.name).contains(&wanted);
        let wanted = wanted.clone();
        let products = sheet.products.values();
        products
            .filter(move |product| all || folded(&product.name).contains(&wanted))
            .map(move |product| Listed { author, vendor, card: &sheet.vendor, product })
    })
}

/// A text without its case and without the accents of French.
fn folded(text: &str) -> String {
    let plain = |letter: char| match letter {
        'à' | 'â' | 'ä' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ÿ' => 'y',
        other => other,
    };
    let lower = text.to_lowercase().replace('œ', "oe").replace('æ', "ae");
    lower.chars().map(plain).collect()
}

/// Returns whether a text fits a sheet.
pub(crate) fn fits(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= limits::TEXT_CHARS
}
