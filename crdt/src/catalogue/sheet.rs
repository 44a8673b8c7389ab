//! A vendor's sheet, as its own caisse writes it.

use std::collections::BTreeSet;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, Change, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};

use super::document::{PRODUCTS, VENDOR, object, read};
use super::{Product, SheetView, VendorCard, fits};
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
    doc: AutoCommit,
}

impl Sheet {
    /// Opens a document for writing, from the changes made so far.
    #[must_use]
    pub fn open<'a>(actor: &Actor, changes: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut doc = AutoCommit::new().with_actor(actor.0.clone());
        for bytes in changes {
            if let Ok(change) = Change::from_bytes(bytes.to_vec()) {
                // Our own changes apply; one that does not would not apply for anyone else either.
                let _ = doc.apply_changes([change]);
            }
        }
        doc.set_actor(actor.0.clone());
        Self { doc }
    }

    /// Returns what the sheet says now.
    #[must_use]
    pub fn view(&self) -> SheetView {
        read(&self.doc).unwrap_or_default()
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
        let map = self.map(&ROOT, VENDOR);
        self.put_text(&map, "name", Some(&card.name));
        self.put_text(&map, "commune", Some(&card.commune));
        self.put_text(&map, "kind", Some(&card.kind));
        self.put_text(&map, "siret", card.siret.as_deref());
        self.put_number(&map, "coverage", card.coverage.map(|rate| u64::from(rate.get())));
        self.commit()
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
        let known = self.view().products;
        let codes = known.keys().chain(products.iter().map(|product| &product.code));
        if codes.collect::<BTreeSet<_>>().len() > limits::PRODUCTS_PER_SHEET {
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
        let known = self.view().products;
        let new = |product: &&Product| known.get(&product.code) != Some(*product);
        let changed: Vec<&Product> = products.iter().filter(new).collect();
        let map = self.map(&ROOT, PRODUCTS);
        for product in &changed {
            self.put_product(&map, product);
        }
        let change = self.commit()?;
        Ok(change.map(|bytes| (bytes, u32::try_from(changed.len()).unwrap_or(u32::MAX))))
    }

    /// Takes a product off the sheet. Returns the change, or `None` if it was not there.
    ///
    /// # Errors
    /// Never in practice: the change of a removal is small.
    pub fn remove_product(&mut self, code: &str) -> Result<Option<Vec<u8>>, SheetRefused> {
        let Some(map) = object(&self.doc, &ROOT, PRODUCTS) else {
            return Ok(None);
        };
        if object(&self.doc, &map, code).is_none() {
            return Ok(None);
        }
        self.doc.delete(&map, code).expect("a key of a map can be deleted");
        self.commit()
    }

    fn put_product(&mut self, products: &ObjId, product: &Product) {
        let map = self.map(products, &product.code);
        self.put_text(&map, "name", Some(&product.name));
        self.put_text(&map, "ciqual", product.ciqual.as_deref());
        self.put_number(&map, "coverage", product.coverage.map(|rate| u64::from(rate.get())));
        self.put_number(&map, "price", product.price.map(crate::Cents::get));
        self.put_number(&map, "climate", product.climate_g_co2e_per_kg.map(u64::from));
    }

    /// Returns the map at a key, made if it is not there.
    fn map(&mut self, parent: &ObjId, key: &str) -> ObjId {
        object(&self.doc, parent, key).unwrap_or_else(|| {
            self.doc.put_object(parent, key, ObjType::Map).expect("a map can hold a map")
        })
    }

    fn put_text(&mut self, map: &ObjId, key: &str, text: Option<&str>) {
        self.put(map, key, text.map(ScalarValue::from));
    }

    fn put_number(&mut self, map: &ObjId, key: &str, number: Option<u64>) {
        self.put(map, key, number.map(ScalarValue::Uint));
    }

    /// Writes a field if it is new, so that a change says only what changed.
    fn put(&mut self, map: &ObjId, key: &str, value: Option<ScalarValue>) {
        let now = self.doc.get(map, key).ok().flatten();
        let now = now.and_then(|(value, _)| value.into_scalar().ok());
        match value {
            Some(value) if now.as_ref() != Some(&value) => {
                self.doc.put(map, key, value).expect("a map can hold a scalar");
            }
            None if now.is_some() => {
                self.doc.delete(map, key).expect("a key of a map can be deleted");
            }
            Some(_) | None => {}
        }
    }

    /// Ends the change. Its time is always zero: no clock here, and the entry that carries it has one.
    fn commit(&mut self) -> Result<Option<Vec<u8>>, SheetRefused> {
        if self.doc.commit_with(CommitOptions::default().with_time(0)).is_none() {
            return Ok(None);
        }
        let change = self.doc.get_last_local_change();
        let bytes = change.map(|change| change.raw_bytes().to_vec()).unwrap_or_default();
        if bytes.len() > limits::BODY_BYTES - 1_024 {
            return Err(SheetRefused::TooLarge);
        }
        Ok(Some(bytes))
    }
}
