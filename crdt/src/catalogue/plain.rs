//! Which changes are plain: of the kind that our own nodes write.
//!
//! A plain change names existing maps and what it replaces there, so it cannot fail, and it says by
//! itself which products it concerns: it needs neither a copy of the document to try it on nor a second
//! reading of the whole. A change that is not plain may be sound all the same; it costs more.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Automerge, Change, ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue};

use super::read::{PRODUCTS, VENDOR, object};

/// What of a sheet a change concerns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Concerned {
    /// Whether the vendor's own fields.
    pub vendor: bool,
    /// Which products, by their code.
    pub codes: BTreeSet<String>,
    /// How many products it adds at most.
    pub added: usize,
}

/// Returns what a change concerns if it is plain. Its dependencies and its number have been checked;
/// `last_op` is the largest number of an operation that the document holds.
pub(super) fn concerned(
    doc: &Automerge,
    last_op: u64,
    knows: impl Fn(&ActorId) -> bool,
    change: &Change,
) -> Option<Concerned> {
    // Beyond 32 bits automerge does not count; and an author inside a change is not written by us.
    let in_order = change.start_op().get() > last_op && u32::try_from(change.max_op()).is_ok();
    let known = change.other_actor_ids().iter().all(knows);
    if change.is_empty() || !in_order || !known || change.author().is_some() {
        return None;
    }
    let mut reader = Reader {
        doc,
        vendor: object(doc, &ROOT, VENDOR),
        products: object(doc, &ROOT, PRODUCTS),
        codes: BTreeMap::new(),
        concerned: Concerned::default(),
    };
    let change = change.decode();
    for (op, number) in change.operations.iter().zip(change.start_op.get()..) {
        reader.read(op, OpId(number, change.actor_id.clone()))?;
    }
    Some(reader.concerned)
}

/// Where in a sheet an operation writes.
enum Place {
    /// A field of the vendor.
    Vendor,
    /// The product of this code, whole.
    Whole(String),
    /// A field of the product of this code.
    Field(String),
}

/// The operations of a change, as far as they were read.
struct Reader<'a> {
    doc: &'a Automerge,
    vendor: Option<ObjId>,
    products: Option<ObjId>,
    /// The codes of the products that were met, by the ids of their maps.
    codes: BTreeMap<OpId, String>,
    concerned: Concerned,
}

impl Reader<'_> {
    /// Takes in one operation; `None` if it is not plain.
    fn read(&mut self, op: &Op, id: OpId) -> Option<()> {
        let ObjectId::Id(map) = &op.obj else {
            return None;
        };
        let Key::Map(key) = &op.key else {
            return None;
        };
        if op.insert || !self.replaces_only_what_is_there(op, map, key) {
            return None;
        }
        match (self.place(map, key)?, &op.action) {
            (Place::Vendor, action) if is_plain(action, op) => self.concerned.vendor = true,
            (Place::Field(code), action) if is_plain(action, op) => {
                self.concerned.codes.insert(code);
            }
            (Place::Whole(code), OpType::Make(ObjType::Map)) => {
                self.concerned.added += usize::from(op.pred.is_empty());
                self.codes.insert(id, code.clone());
                self.concerned.codes.insert(code);
            }
            (Place::Whole(code), OpType::Delete) if !op.pred.is_empty() => {
                self.concerned.codes.insert(code);
            }
            _ => return None,
        }
        Some(())
    }

    /// Returns whether all that an operation overwrites can be seen at its own place: another's place
    /// would change without being named.
    fn replaces_only_what_is_there(&self, op: &Op, map: &OpId, key: &str) -> bool {
        if op.pred.is_empty() {
            return true;
        }
        let there = self.doc.get_all(object_id(map), key).unwrap_or_default();
        op.pred.iter().all(|pred| there.iter().any(|(_, id)| *id == object_id(pred)))
    }

    fn place(&mut self, map: &OpId, key: &str) -> Option<Place> {
        let id = object_id(map);
        if self.products.as_ref() == Some(&id) {
            return Some(Place::Whole(key.to_owned()));
        }
        if self.vendor.as_ref() == Some(&id) {
            return Some(Place::Vendor);
        }
        if let Some(code) = self.codes.get(map) {
            return Some(Place::Field(code.clone()));
        }
        let code = self.code(&id)?;
        self.codes.insert(map.clone(), code.clone());
        Some(Place::Field(code))
    }

    /// Returns the code of the product whose map this is, if it is one on the sheet.
    fn code(&self, map: &ObjId) -> Option<String> {
        if self.doc.object_type(map).ok()? != ObjType::Map {
            return None;
        }
        let parent = self.doc.parents(map).ok()?.next()?;
        match parent.prop {
            Prop::Map(code) if Some(&parent.obj) == self.products.as_ref() => Some(code),
            Prop::Map(_) | Prop::Seq(_) => None,
        }
    }
}

/// Returns whether an operation writes or deletes a plain value.
fn is_plain(action: &OpType, op: &Op) -> bool {
    match action {
        OpType::Put(value) => !matches!(value, ScalarValue::Counter(_)),
        OpType::Delete => !op.pred.is_empty(),
        OpType::Make(_) | OpType::Increment(_) | OpType::MarkBegin(_) | OpType::MarkEnd(_) => false,
    }
}

fn object_id(id: &OpId) -> ObjId {
    ObjId::Id(id.counter(), id.actor().clone(), 0)
}
