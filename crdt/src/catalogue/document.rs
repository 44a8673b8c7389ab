//! One document of one author, as it is held.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::transaction::{CommitOptions, Transaction};
use automerge::{ActorId, Automerge, Change, ROOT, ReadDoc};

use super::plain::{Concerned, concerned};
use super::read::{PRODUCTS, object, read, read_code, read_products, read_vendor};
use super::{Applied, Quarantine, SheetView};
use crate::limits;

/// A document and what it says now.
#[derive(Default)]
pub(super) struct Document {
    doc: Automerge,
    /// What each actor did last.
    last: BTreeMap<ActorId, Last>,
    /// The largest number of an operation.
    last_op: u64,
    view: SheetView,
}

/// The last change of an actor.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    /// Its number.
    change: u64,
    /// The number of its last operation.
    op: u64,
}

/// A change of our own would be larger than an entry may be; it was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChangeTooLarge;

impl Document {
    /// Makes an empty document that this actor will write.
    pub fn of_writer(actor: ActorId) -> Self {
        Self { doc: Automerge::new().with_actor(actor), ..Self::default() }
    }

    /// Returns what the document says now.
    pub const fn view(&self) -> &SheetView {
        &self.view
    }

    /// Returns the document, for reading.
    pub const fn doc(&self) -> &Automerge {
        &self.doc
    }

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
        let change = caught(|| Change::from_bytes(bytes.to_vec()).ok());
        let change = change.ok_or(Quarantine::Malformed)?;
        let known = |hash| self.doc.get_change_meta_by_hash(hash).is_some();
        if !change.deps().iter().all(known) {
            return Err(Quarantine::ForeignDependency);
        }
        // Two operations with one number would make the document say different things to different
        // questions.
        let last = self.last.get(change.actor_id()).copied().unwrap_or_default();
        if change.seq() != last.change + 1 || change.start_op().get() <= last.op {
            return Err(Quarantine::Misnumbered);
        }
        let knows = |actor: &ActorId| self.last.contains_key(actor);
        match caught(|| concerned(&self.doc, self.last_op, knows, &change)) {
            Some(concerned) if self.has_room_for(concerned.added) => {
                self.apply_plain(&change, &concerned)
            }
            _ => self.apply_aside(&change),
        }
    }

    /// Returns whether so many more products are sure to fit.
    fn has_room_for(&self, more: usize) -> bool {
        let held = || object(&self.doc, &ROOT, PRODUCTS).map_or(0, |map| self.doc.length(&map));
        more == 0 || held().saturating_add(more) <= limits::PRODUCTS_PER_SHEET
    }

    /// Takes in a change of which is known that it fits, and reads again what it concerns.
    fn apply_plain(&mut self, change: &Change, concerned: &Concerned) -> Result<(), Quarantine> {
        // Automerge refuses only before it has changed anything.
        self.doc.apply_changes([change.clone()]).map_err(|_| Quarantine::Inapplicable)?;
        self.note(change);
        self.read_again(concerned);
        Ok(())
    }

    /// Lets a copy take the change first: a document that a bad change left half applied is useless.
    fn apply_aside(&mut self, change: &Change) -> Result<(), Quarantine> {
        let (doc, view) = caught(|| {
            let mut copy = self.doc.clone();
            copy.apply_changes([change.clone()]).ok()?;
            let view = read(&copy);
            Some((copy, view))
        })
        .ok_or(Quarantine::Inapplicable)?;
        self.view = view.ok_or(Quarantine::TooManyProducts)?;
        self.doc = doc;
        self.note(change);
        Ok(())
    }

    /// Makes a change of our own. Returns its bytes, or `None` if nothing is new.
    pub fn write(
        &mut self,
        concerned: &Concerned,
        write: impl FnOnce(&mut Transaction<'_>),
    ) -> Result<Option<Vec<u8>>, ChangeTooLarge> {
        let mut copy = self.doc.clone();
        let mut transaction = copy.transaction();
        write(&mut transaction);
        // The time is always zero: no clock here, and the entry that carries the change has one.
        let committed = transaction.commit_with(CommitOptions::default().with_time(0));
        if committed.0.is_none() {
            return Ok(None);
        }
        let change = copy.get_last_local_change().expect("what was committed is there");
        let bytes = change.raw_bytes().to_vec();
        if bytes.len() > limits::BODY_BYTES - 1_024 {
            return Err(ChangeTooLarge);
        }
        self.doc = copy;
        self.note(&change);
        self.read_again(concerned);
        Ok(Some(bytes))
    }

    fn note(&mut self, change: &Change) {
        let last = Last { change: change.seq(), op: change.max_op() };
        self.last.insert(change.actor_id().clone(), last);
        self.last_op = self.last_op.max(last.op);
    }

    fn read_again(&mut self, concerned: &Concerned) {
        if concerned.vendor {
            self.view.vendor = read_vendor(&self.doc);
        }
        let Some(map) = object(&self.doc, &ROOT, PRODUCTS) else {
            return;
        };
        let products = &mut self.view.products;
        // One pass over all costs less than looking up each of a third of them.
        if concerned.codes.len() * 3 > products.len() {
            *products = read_products(&self.doc, &map);
            return;
        }
        for code in &concerned.codes {
            match read_code(&self.doc, &map, code) {
                Some(product) => products.insert(code.clone(), product),
                None => products.remove(code),
            };
        }
    }
}

/// Runs what only reads, or changes a copy. `None` also if it panics, as automerge does on some changes
/// that are well formed and make no sense: nothing was changed then, and the same happens on every node.
fn caught<T>(run: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok().flatten()
}
