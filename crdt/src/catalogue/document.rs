//! One document of one author, as a reader holds it.

use std::collections::BTreeMap;

use automerge::{ActorId, Automerge, Change, ObjId, ROOT, ReadDoc, ScalarValue, Value};

use super::{Applied, Product, Quarantine, SheetView, VendorCard, fits};
use crate::{BasisPoints, Cents, limits};

/// The name of the map of a vendor's own fields.
pub(super) const VENDOR: &str = "vendor";
/// The name of the map of products.
pub(super) const PRODUCTS: &str = "products";

/// A document and what it says now.
#[derive(Default)]
pub(super) struct Document {
    doc: Automerge,
    numbers: BTreeMap<ActorId, u64>,
    view: SheetView,
}

impl Document {
    /// Takes in a change, or puts it aside.
    pub fn apply(&mut self, bytes: &[u8]) -> Applied {
        match self.try_apply(bytes) {
            Ok(()) => Applied::Changed,
            Err(quarantine) => Applied::Quarantined(quarantine),
        }
    }

    fn try_apply(&mut self, bytes: &[u8]) -> Result<(), Quarantine> {
        if bytes.len() > limits::BODY_BYTES {
            return Err(Quarantine::TooLarge);
        }
        let change = Change::from_bytes(bytes.to_vec()).map_err(|_| Quarantine::Malformed)?;
        let known = |hash| self.doc.get_change_by_hash(hash).is_some();
        if !change.deps().iter().all(known) {
            return Err(Quarantine::ForeignDependency);
        }
        let last = self.numbers.get(change.actor_id()).copied().unwrap_or(0);
        if change.seq() != last + 1 {
            return Err(Quarantine::Misnumbered);
        }
        let (actor, seq) = (change.actor_id().clone(), change.seq());
        // A copy takes the change first: a document that a bad change left half applied is useless.
        let mut scratch = self.doc.clone();
        scratch.apply_changes([change]).map_err(|_| Quarantine::Inapplicable)?;
        let view = read(&scratch).ok_or(Quarantine::TooManyProducts)?;
        self.numbers.insert(actor, seq);
        (self.doc, self.view) = (scratch, view);
        Ok(())
    }

    /// Returns what the document says now.
    pub const fn view(&self) -> &SheetView {
        &self.view
    }
}

/// Reads a document leniently: a field of a wrong type is as if it were absent, a product without a
/// name is left out. `None` if there are too many products.
pub(super) fn read(doc: &impl ReadDoc) -> Option<SheetView> {
    let vendor = object(doc, &ROOT, VENDOR).map(|map| read_vendor(doc, &map)).unwrap_or_default();
    let mut products = BTreeMap::new();
    if let Some(map) = object(doc, &ROOT, PRODUCTS) {
        if doc.length(&map) > limits::PRODUCTS_PER_SHEET {
            return None;
        }
        for code in doc.keys(&map) {
            let product = object(doc, &map, &code).and_then(|map| read_product(doc, &map, &code));
            if let Some(product) = product {
                products.insert(code, product);
            }
        }
    }
    Some(SheetView { vendor, products })
}

fn read_vendor(doc: &impl ReadDoc, map: &ObjId) -> VendorCard {
    VendorCard {
        name: text(doc, map, "name").unwrap_or_default(),
        commune: text(doc, map, "commune").unwrap_or_default(),
        kind: text(doc, map, "kind").unwrap_or_default(),
        siret: text(doc, map, "siret"),
        coverage: rate(doc, map, "coverage"),
    }
}

fn read_product(doc: &impl ReadDoc, map: &ObjId, code: &str) -> Option<Product> {
    Some(Product {
        code: fits(code).then(|| code.to_owned())?,
        name: text(doc, map, "name")?,
        ciqual: text(doc, map, "ciqual"),
        coverage: rate(doc, map, "coverage"),
        price: number(doc, map, "price").and_then(|cents| Cents::new(cents).ok()),
        climate_g_co2e_per_kg: number(doc, map, "climate").and_then(|g| u32::try_from(g).ok()),
    })
}

/// Returns the map at a key, if it is one.
pub(super) fn object(doc: &impl ReadDoc, map: &ObjId, key: &str) -> Option<ObjId> {
    match doc.get(map, key).ok()?? {
        (Value::Object(automerge::ObjType::Map), id) => Some(id),
        _ => None,
    }
}

fn text(doc: &impl ReadDoc, map: &ObjId, key: &str) -> Option<String> {
    match doc.get(map, key).ok()?? {
        (Value::Scalar(value), _) => match value.as_ref() {
            ScalarValue::Str(text) if fits(text) => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn number(doc: &impl ReadDoc, map: &ObjId, key: &str) -> Option<u64> {
    match doc.get(map, key).ok()?? {
        (Value::Scalar(value), _) => match value.as_ref() {
            ScalarValue::Uint(number) => Some(*number),
            _ => None,
        },
        _ => None,
    }
}

fn rate(doc: &impl ReadDoc, map: &ObjId, key: &str) -> Option<BasisPoints> {
    let points = number(doc, map, key)?;
    u16::try_from(points).ok().and_then(|points| BasisPoints::new(points).ok())
}
