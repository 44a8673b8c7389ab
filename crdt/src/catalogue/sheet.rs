//! A vendor's sheet, as its own caisse writes it.

use std::collections::BTreeSet;

use automerge::transaction::{Transactable, Transaction};
use automerge::{ActorId, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};

use super::document::{ChangeTooLarge, Document};
use super::plain::Concerned;
use super::read::{PRODUCTS, VENDOR, object};
use super::{Applied, Product, SheetView, VendorCard, fits};
use crate::digest::Domain;
use crate::key::PublicKey;
use crate::{limits, wire};

/// Who writes a document: a name that no other writer, and no earlier start of this one, has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(ActorId);

/// Returns the actor of one start of one node; `boot` is random and new at each start.
#[must_use]
pub fn actor(node: &PublicKey, epoch: u32, boot: &[u8; 32]) -> Actor {
    let digest = Domain::Actor.hash(&wire::encode(&(node, epoch, boot)));
    Actor(ActorId::from(&digest.as_bytes()[..16]))
}

/// Why products do not fit a sheet, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetRefused {
    /// A code or name without letters or with too many.
    #[error(
        "product {code:?}: a code, name or CIQUAL code has 1 to {} characters",
        limits::TEXT_CHARS
    )]
    Text {
        /// The product's code.
        code: String,
    },
    /// Too many products.
    #[error("a sheet holds at most {} products", limits::PRODUCTS_PER_SHEET)]
    TooMany,
    /// The change is larger than an entry may be.
    #[error("these are too many products for one change: send at most half as many at a time")]
    TooLarge,
}

/// A document that this node writes.
pub struct Sheet {
    document: Document,
}

impl Sheet {
    /// Opens a document for writing, from the changes made so far.
    #[must_use]
    pub fn open<'a>(actor: &Actor, changes: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut sheet = Self { document: Document::of_writer(actor.0.clone()) };
        for change in changes {
            // One of our own that does not fit does not fit for anyone else either.
            let _ = sheet.take_in(change);
        }
        sheet
    }

    /// Takes in a change that was made before, as a reader of the document does.
    pub fn take_in(&mut self, change: &[u8]) -> Applied {
        self.document.apply(change)
    }

    /// Returns what the sheet says now.
    #[must_use]
    pub const fn view(&self) -> &SheetView {
        self.document.view()
    }

    /// Writes the vendor's own fields. Returns the change, or `None` if nothing is new.
    ///
    /// # Errors
    /// [`SheetRefused::Text`] if the name does not fit.
    pub fn set_vendor(&mut self, card: &VendorCard) -> Result<Option<Vec<u8>>, SheetRefused> {
        if !fits(&card.name) || !fits(&card.kind) {
            return Err(SheetRefused::Text { code: card.name.clone() });
        }
        if self.view().vendor == *card {
            return Ok(None);
        }
        let concerned = Concerned { vendor: true, ..Concerned::default() };
        self.write(&concerned, |doc| {
            let map = map(doc, &ROOT, VENDOR);
            put_text(doc, &map, "name", Some(&card.name));
            put_text(doc, &map, "commune", Some(&card.commune));
            put_text(doc, &map, "kind", Some(&card.kind));
            put_text(doc, &map, "siret", card.siret.as_deref());
            put_number(doc, &map, "coverage", card.coverage.map(|rate| u64::from(rate.get())));
        })
    }

    /// Says whether products fit the sheet; changes nothing.
    ///
    /// # Errors
    /// The first of [`SheetRefused`] that applies.
    pub fn check(&self, products: &[Product]) -> Result<(), SheetRefused> {
        let misfit = products.iter().find(|product| {
            let ciqual = product.ciqual.as_deref().is_none_or(fits);
            !fits(&product.code) || !fits(&product.name) || !ciqual
        });
        if let Some(Product { code, .. }) = misfit {
            return Err(SheetRefused::Text { code: code.clone() });
        }
        let known = &self.view().products;
        let codes = products.iter().map(|product| &product.code);
        let new: BTreeSet<&String> = codes.filter(|code| !known.contains_key(*code)).collect();
        if known.len() + new.len() > limits::PRODUCTS_PER_SHEET {
            return Err(SheetRefused::TooMany);
        }
        Ok(())
    }

    /// Writes products that are new or changed. Returns the change and how many products it holds,
    /// or `None` if nothing is new.
    ///
    /// # Errors
    /// The first of [`SheetRefused`] that applies; then nothing has changed.
    pub fn put_products(
        &mut self,
        products: &[Product],
    ) -> Result<Option<(Vec<u8>, u32)>, SheetRefused> {
        self.check(products)?;
        let known = &self.view().products;
        let new = |product: &&Product| known.get(&product.code) != Some(*product);
        let changed: Vec<&Product> = products.iter().filter(new).collect();
        let codes = changed.iter().map(|product| product.code.clone()).collect();
        let concerned = Concerned { codes, ..Concerned::default() };
        let change = self.write(&concerned, |doc| {
            let products = map(doc, &ROOT, PRODUCTS);
            for product in &changed {
                put_product(doc, &products, product);
            }
        })?;
        Ok(change.map(|bytes| (bytes, u32::try_from(changed.len()).unwrap_or(u32::MAX))))
    }

    /// Takes a product off the sheet. Returns the change, or `None` if it was not there.
    ///
    /// # Errors
    /// Never in practice: the change of a removal is small.
    pub fn remove_product(&mut self, code: &str) -> Result<Option<Vec<u8>>, SheetRefused> {
        let Some(map) = object(self.document.doc(), &ROOT, PRODUCTS) else {
            return Ok(None);
        };
        if object(self.document.doc(), &map, code).is_none() {
            return Ok(None);
        }
        let codes = BTreeSet::from([code.to_owned()]);
        self.write(&Concerned { codes, ..Concerned::default() }, |doc| {
            doc.delete(&map, code).expect("a key of a map can be deleted");
        })
    }

    fn write(
        &mut self,
        concerned: &Concerned,
        write: impl FnOnce(&mut Transaction<'_>),
    ) -> Result<Option<Vec<u8>>, SheetRefused> {
        self.document.write(concerned, write).map_err(|ChangeTooLarge| SheetRefused::TooLarge)
    }
}

fn put_product(doc: &mut Transaction<'_>, products: &ObjId, product: &Product) {
    let map = map(doc, products, &product.code);
    put_text(doc, &map, "name", Some(&product.name));
    put_text(doc, &map, "ciqual", product.ciqual.as_deref());
    put_number(doc, &map, "coverage", product.coverage.map(|rate| u64::from(rate.get())));
    put_number(doc, &map, "price", product.price.map(crate::Cents::get));
    put_number(doc, &map, "climate", product.climate_g_co2e_per_kg.map(u64::from));
}

/// Returns the map at a key, made if it is not there.
fn map(doc: &mut Transaction<'_>, parent: &ObjId, key: &str) -> ObjId {
    object(doc, parent, key)
        .unwrap_or_else(|| doc.put_object(parent, key, ObjType::Map).expect("a map can hold a map"))
}

fn put_text(doc: &mut Transaction<'_>, map: &ObjId, key: &str, text: Option<&str>) {
    put(doc, map, key, text.map(ScalarValue::from));
}

fn put_number(doc: &mut Transaction<'_>, map: &ObjId, key: &str, number: Option<u64>) {
    put(doc, map, key, number.map(ScalarValue::Uint));
}

/// Writes a field if it is new, so that a change says only what changed.
fn put(doc: &mut Transaction<'_>, map: &ObjId, key: &str, value: Option<ScalarValue>) {
    let now = doc.get(map, key).ok().flatten();
    let now = now.and_then(|(value, _)| value.into_scalar().ok());
    match value {
        Some(value) if now.as_ref() != Some(&value) => {
            doc.put(map, key, value).expect("a map can hold a scalar");
        }
        None if now.is_some() => {
            doc.delete(map, key).expect("a key of a map can be deleted");
        }
        Some(_) | None => {}
    }
}
