//! A reader that trusts nothing: each change is tried on a copy, and the whole is read again, key by key.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{ActorId, Automerge, Change, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};
use crdt::catalogue::{Applied, Product, Quarantine, SheetView, VendorCard};
use crdt::{BasisPoints, Cents, limits};

/// A document and what it says now.
#[derive(Default)]
pub struct SlowReader {
    doc: Automerge,
    numbers: BTreeMap<ActorId, (u64, u64)>,
    view: SheetView,
}

impl SlowReader {
    /// Returns what the document says now.
    pub fn view(&self) -> &SheetView {
        &self.view
    }

    /// Takes in a change, or puts it aside.
    pub fn apply(&mut self, bytes: &[u8]) -> Applied {
        self.try_apply(bytes).map_or_else(Applied::Quarantined, |()| Applied::Changed)
    }

    fn try_apply(&mut self, bytes: &[u8]) -> Result<(), Quarantine> {
        if bytes.len() > limits::BODY_BYTES {
            return Err(Quarantine::TooLarge);
        }
        let change = caught(|| Change::from_bytes(bytes.to_vec()).ok());
        let change = change.ok_or(Quarantine::Malformed)?;
        let known = |hash| self.doc.get_change_meta_by_hash(hash).is_some();
        if !change.deps().iter().all(known) {
            return Err(Quarantine::ForeignDependency);
        }
        let (seq, op) = self.numbers.get(change.actor_id()).copied().unwrap_or((0, 0));
        if change.seq() != seq + 1 || change.start_op().get() <= op {
            return Err(Quarantine::Misnumbered);
        }
        let (actor, last) = (change.actor_id().clone(), (change.seq(), change.max_op()));
        let tried = caught(|| {
            let mut copy = self.doc.clone();
            copy.apply_changes([change]).ok()?;
            let view = read(&copy);
            Some((copy, view))
        });
        let (doc, view) = tried.ok_or(Quarantine::Inapplicable)?;
        self.view = view.ok_or(Quarantine::TooManyProducts)?;
        self.doc = doc;
        self.numbers.insert(actor, last);
        Ok(())
    }
}

fn caught<T>(run: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok().flatten()
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= limits::TEXT_CHARS
}

fn read(doc: &Automerge) -> Option<SheetView> {
    let vendor = object(doc, &ROOT, "vendor").map(|map| read_vendor(doc, &map)).unwrap_or_default();
    let mut products = BTreeMap::new();
    if let Some(map) = object(doc, &ROOT, "products") {
        if doc.length(&map) > limits::PRODUCTS_PER_SHEET {
            return None;
        }
        for code in doc.keys(&map) {
            let product = object(doc, &map, &code).and_then(|map| read_product(doc, &map, &code));
            products.extend(product.map(|product| (code, product)));
        }
    }
    Some(SheetView { vendor, products })
}

fn read_vendor(doc: &Automerge, map: &ObjId) -> VendorCard {
    VendorCard {
        name: text(doc, map, "name").unwrap_or_default(),
        commune: text(doc, map, "commune").unwrap_or_default(),
        kind: text(doc, map, "kind").unwrap_or_default(),
        siret: text(doc, map, "siret"),
        coverage: rate(doc, map, "coverage"),
    }
}

fn read_product(doc: &Automerge, map: &ObjId, code: &str) -> Option<Product> {
    Some(Product {
        code: fits(code).then(|| code.to_owned())?,
        name: text(doc, map, "name")?,
        ciqual: text(doc, map, "ciqual"),
        coverage: rate(doc, map, "coverage"),
        price: number(doc, map, "price").and_then(|cents| Cents::new(cents).ok()),
        climate_g_co2e_per_kg: number(doc, map, "climate").and_then(|g| u32::try_from(g).ok()),
    })
}

fn object(doc: &Automerge, map: &ObjId, key: &str) -> Option<ObjId> {
    match doc.get(map, key).ok()?? {
        (Value::Object(ObjType::Map), id) => Some(id),
        _ => None,
    }
}

fn scalar(doc: &Automerge, map: &ObjId, key: &str) -> Option<ScalarValue> {
    doc.get(map, key).ok()??.0.into_scalar().ok()
}

fn text(doc: &Automerge, map: &ObjId, key: &str) -> Option<String> {
    match scalar(doc, map, key)? {
        ScalarValue::Str(text) if fits(&text) => Some(text.to_string()),
        _ => None,
    }
}

fn number(doc: &Automerge, map: &ObjId, key: &str) -> Option<u64> {
    match scalar(doc, map, key)? {
        ScalarValue::Uint(number) => Some(number),
        _ => None,
    }
}

fn rate(doc: &Automerge, map: &ObjId, key: &str) -> Option<BasisPoints> {
    let points = u16::try_from(number(doc, map, key)?).ok()?;
    BasisPoints::new(points).ok()
}
