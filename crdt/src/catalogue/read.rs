//! Reading a document: what it says, whatever it holds.
//!
//! Leniently: a field of a wrong type is as if it were absent, a product without a name is left out.

use std::collections::BTreeMap;

use automerge::{ObjId, ObjType, ROOT, ReadDoc, ScalarValueRef, Value, ValueRef};

use super::{Product, SheetView, VendorCard, fits};
use crate::{BasisPoints, Cents, limits};

/// The name of the map of a vendor's own fields.
pub(super) const VENDOR: &str = "vendor";
/// The name of the map of products.
pub(super) const PRODUCTS: &str = "products";

/// Reads a whole document. `None` if there are too many products.
pub(super) fn read(doc: &impl ReadDoc) -> Option<SheetView> {
    let map = object(doc, &ROOT, PRODUCTS);
    if map.as_ref().is_some_and(|map| doc.length(map) > limits::PRODUCTS_PER_SHEET) {
        return None;
    }
    let products = map.map(|map| read_products(doc, &map)).unwrap_or_default();
    Some(SheetView { vendor: read_vendor(doc), products })
}

/// Reads the vendor's own fields.
pub(super) fn read_vendor(doc: &impl ReadDoc) -> VendorCard {
    let mut vendor = VendorCard::default();
    let Some(map) = object(doc, &ROOT, VENDOR) else {
        return vendor;
    };
    for field in doc.map_range(&map, ..) {
        match field.key.as_ref() {
            "name" => vendor.name = text(&field.value).unwrap_or_default(),
            "commune" => vendor.commune = text(&field.value).unwrap_or_default(),
            "kind" => vendor.kind = text(&field.value).unwrap_or_default(),
            "siret" => vendor.siret = text(&field.value),
            "coverage" => vendor.coverage = rate(&field.value),
            _ => {}
        }
    }
    vendor
}

/// Reads all products in one pass: ten times as fast as one by one.
pub(super) fn read_products(doc: &impl ReadDoc, products: &ObjId) -> BTreeMap<String, Product> {
    let maps = doc.map_range(products, ..).filter(|item| is_map(&item.value));
    let read = maps.filter_map(|item| read_product(doc, &item.id(), &item.key));
    read.map(|product| (product.code.clone(), product)).collect()
}

/// Reads the product of a code, if there is one.
pub(super) fn read_code(doc: &impl ReadDoc, products: &ObjId, code: &str) -> Option<Product> {
    read_product(doc, &object(doc, products, code)?, code)
}

fn read_product(doc: &impl ReadDoc, map: &ObjId, code: &str) -> Option<Product> {
    let mut name = None;
    let mut product = Product {
        code: fits(code).then(|| code.to_owned())?,
        name: String::new(),
        ciqual: None,
        coverage: None,
        price: None,
        climate_g_co2e_per_kg: None,
    };
    for field in doc.map_range(map, ..) {
        let value = &field.value;
        match field.key.as_ref() {
            "name" => name = text(value),
            "ciqual" => product.ciqual = text(value),
            "coverage" => product.coverage = rate(value),
            "price" => product.price = number(value).and_then(|cents| Cents::new(cents).ok()),
            "climate" => {
                product.climate_g_co2e_per_kg = number(value).and_then(|g| u32::try_from(g).ok());
            }
            _ => {}
        }
    }
    name.map(|name| Product { name, ..product })
}

/// Returns the map at a key, if it is one.
pub(super) fn object(doc: &impl ReadDoc, map: &ObjId, key: &str) -> Option<ObjId> {
    match doc.get(map, key).ok()?? {
        (Value::Object(ObjType::Map), id) => Some(id),
        _ => None,
    }
}

const fn is_map(value: &ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Object(ObjType::Map))
}

fn text(value: &ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Scalar(ScalarValueRef::Str(text)) if fits(text) => Some(text.to_string()),
        _ => None,
    }
}

const fn number(value: &ValueRef<'_>) -> Option<u64> {
    match value {
        ValueRef::Scalar(ScalarValueRef::Uint(number)) => Some(*number),
        _ => None,
    }
}

fn rate(value: &ValueRef<'_>) -> Option<BasisPoints> {
    let points = number(value)?;
    u16::try_from(points).ok().and_then(|points| BasisPoints::new(points).ok())
}
