//! Our own part of the catalogue: kept even without a federation, published when we may.

use std::collections::BTreeMap;

use crdt::catalogue::{
    Actor, CatalogueChange, Product, Sheet, SheetRefused, Subject, VendorCard, actor,
    search as find,
};
use crdt::feed::PublicBody;
use crdt::{VendorId, wire};

use crate::answer::{Answer, ProductInfo};
use crate::federation;
use crate::records::{Kind, Records};
use crate::refused::VendorRefused;
use crate::state::{Secrets, State};
use crate::turn::{Outcome, Turn};

/// Products in one change at most: what changes is tried on a copy of the sheet, so few are few copies.
const PRODUCTS_PER_CHANGE: usize = 250;

/// Bytes of text in one change at most, so that it stays far below the limit of an entry however badly
/// the text packs.
const TEXT_PER_CHANGE: usize = crdt::limits::BODY_BYTES / 2;

/// The name of the record that holds how many of our changes are in our public feed.
const PUBLISHED_KEY: &[u8] = b"shelf published";

/// Our documents.
pub(crate) struct Shelf {
    sheets: BTreeMap<VendorId, Sheet>,
    actor: Actor,
    changes: u64,
    published: u64,
}

impl Shelf {
    /// Loads our documents. Each start writes under a new actor.
    pub fn load(records: &dyn Records, secrets: &Secrets) -> Self {
        let actor = actor(&secrets.node.public(), 0, &secrets.boot.0);
        let published = records.get(Kind::Meta, PUBLISHED_KEY);
        let published = published.and_then(|bytes| wire::decode(&bytes).ok()).unwrap_or(0);
        let mut shelf = Self { sheets: BTreeMap::new(), actor, changes: 0, published };
        for (_, bytes) in records.range(Kind::Shelf, &[], &[], usize::MAX) {
            if let Ok(change) = wire::decode::<CatalogueChange>(&bytes) {
                shelf.changes += 1;
                let Subject::Vendor(vendor) = change.subject;
                // One that does not fit does not fit for anyone else either.
                let _ = shelf.sheet(vendor).take_in(&change.change);
            }
        }
        shelf
    }

    /// Returns a product of one of our vendors as its sheet says.
    pub fn product(&self, vendor: VendorId, code: &str) -> Option<&Product> {
        self.sheets.get(&vendor)?.view().products.get(code)
    }

    fn sheet(&mut self, vendor: VendorId) -> &mut Sheet {
        let opened = || Sheet::open(&self.actor, []);
        self.sheets.entry(vendor).or_insert_with(opened)
    }
}

fn refused(refused: SheetRefused) -> VendorRefused {
    VendorRefused::Sheet(refused.to_string())
}

/// Writes a vendor's own fields to its sheet.
pub(crate) fn put_vendor(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: VendorId,
) -> Result<(), VendorRefused> {
    let vendor = state.vendors.get(&id).ok_or(VendorRefused::UnknownVendor)?;
    let card = VendorCard {
        name: vendor.name.clone(),
        commune: vendor.commune.clone(),
        kind: vendor.kind.clone(),
        siret: None,
        coverage: vendor.coverage(turn.now),
    };
    if let Some(change) = state.shelf.sheet(id).set_vendor(&card).map_err(refused)? {
        keep(state, turn, id, change);
    }
    publish(state, turn);
    Ok(())
}

/// Puts products on a vendor's sheet, or changes them.
pub(crate) fn put_products(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: VendorId,
    products: &[Product],
) -> Outcome {
    if !state.vendors.contains_key(&id) {
        return Err(VendorRefused::UnknownVendor.into());
    }
    // What does not fit is refused before the first change is made.
    state.shelf.sheet(id).check(products).map_err(refused)?;
    let mut put = 0;
    for part in parts(products) {
        if let Some((change, count)) = state.shelf.sheet(id).put_products(part).map_err(refused)? {
            keep(state, turn, id, change);
            put += count;
        }
    }
    publish(state, turn);
    Ok(Answer::ProductsPut(put))
}

/// Cuts products into parts that fit a change each.
fn parts(mut products: &[Product]) -> impl Iterator<Item = &[Product]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |product: &&Product| {
            let ciqual = product.ciqual.as_ref().map_or(0, String::len);
            bytes += product.code.len() + product.name.len() + ciqual;
            bytes <= TEXT_PER_CHANGE
        };
        let count = products.iter().take(PRODUCTS_PER_CHANGE).take_while(fits).count();
        let count = count.max(1).min(products.len());
        let (part, rest) = products.split_at(count);
        products = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// Stores a change of ours.
fn keep(state: &mut State, turn: &mut Turn<'_>, vendor: VendorId, change: Vec<u8>) {
    let change = CatalogueChange { subject: Subject::Vendor(vendor), change };
    turn.put(Kind::Shelf, &state.shelf.changes.to_be_bytes(), &change);
    state.shelf.changes += 1;
}

/// Publishes the changes that are not in our public feed yet, if we may.
pub(crate) fn publish(state: &mut State, turn: &mut Turn<'_>) {
    let behind = state.shelf.published < state.shelf.changes;
    let founded = state.federation.as_ref().is_some_and(|f| f.is_member(&state.me));
    if !behind || !founded || federation::check_may_publish(state).is_err() {
        return;
    }
    let from = state.shelf.published.to_be_bytes();
    for (_, bytes) in turn.range(Kind::Shelf, &from, &[], usize::MAX) {
        let Ok(change) = wire::decode::<CatalogueChange>(&bytes) else {
            continue;
        };
        if federation::publish(state, turn, PublicBody::CatalogueChanged(change)).is_err() {
            break;
        }
        state.shelf.published += 1;
    }
    turn.put(Kind::Meta, PUBLISHED_KEY, &state.shelf.published);
}

/// Learns again a change that we had published before a restore.
pub(crate) fn relearns(state: &mut State, turn: &mut Turn<'_>, change: &CatalogueChange) {
    let Subject::Vendor(vendor) = change.subject;
    let known = state.shelf.published < state.shelf.changes;
    if !known {
        // One that does not fit is kept all the same: its place in the feed is taken.
        let _ = state.shelf.sheet(vendor).take_in(&change.change);
        keep(state, turn, vendor, change.change.clone());
    }
    state.shelf.published += 1;
    turn.put(Kind::Meta, PUBLISHED_KEY, &state.shelf.published);
}

/// Returns products whose name or vendor contains a text: ours first, then those of other caisses.
/// The name of the caisse is left to the caller.
pub(crate) fn search(state: &State, text: &str, limit: usize) -> Vec<ProductInfo> {
    let sheets = state.shelf.sheets.iter().map(|(id, sheet)| (state.me, *id, sheet.view()));
    let ours = find(sheets, text);
    let others = state.federation.as_ref().map(|f| f.view.catalogue.search(text));
    let others = others.into_iter().flatten().filter(|listed| listed.author != state.me);
    ours.chain(others)
        .take(limit)
        .map(|listed| ProductInfo {
            caisse: listed.author,
            caisse_name: String::new(),
            vendor: listed.vendor,
            vendor_name: listed.card.name.clone(),
            product: listed.product.clone(),
        })
        .collect()
}
