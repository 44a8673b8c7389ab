//! The store as the later inputs of a batch must see it: with the writes of the earlier ones.

use std::collections::BTreeMap;
use std::iter::Peekable;

use ledger::records::{Kind, Records, Row, Write};
use sled::IVec;

use super::{Store, names};

/// The records of a store under writes that are not committed yet.
#[derive(Debug)]
pub struct Overlay<'a> {
    store: &'a Store,
    /// By physical key; `None` hides a stored record.
    pending: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Overlay<'a> {
    /// Starts a batch: nothing is pending.
    #[must_use]
    pub fn new(store: &'a Store) -> Self {
        Self { store, pending: BTreeMap::new() }
    }

    /// Adds writes, in order, so that reads see them.
    pub fn apply(&mut self, writes: impl IntoIterator<Item = Write>) {
        for Write { kind, key, value } in writes {
            self.pending.insert(names::physical(kind, &key), value);
        }
    }

    /// Returns whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Decrypts a stored row, unless a pending one hides it; its physical key stays beside it.
    fn open(&self, row: (IVec, IVec)) -> sled::Result<Option<(IVec, Vec<u8>)>> {
        let place = row.0.clone();
        if self.pending.contains_key(place.as_ref()) {
            return Ok(None);
        }
        Ok(self.store.logical(row)?.map(|(_, value)| (place, value)))
    }

    /// Ends the batch: returns the last write of each key, to be committed.
    #[must_use]
    pub fn into_writes(self) -> Vec<Write> {
        let write = |(physical, value): (Vec<u8>, Option<Vec<u8>>)| {
            let (name, key) = physical.split_first().expect("a physical key starts with a name");
            let kind = names::kind(*name).expect("only `apply` adds keys, by kind");
            Write { kind, key: key.to_vec(), value }
        };
        self.pending.into_iter().map(write).collect()
    }
}

impl Records for Overlay<'_> {
    fn get(&self, kind: Kind, key: &[u8]) -> Option<Vec<u8>> {
        match self.pending.get(&names::physical(kind, key)) {
            Some(pending) if self.store.failed().is_none() => pending.clone(),
            Some(_) => None,
            None => self.store.get(kind, key),
        }
    }

    fn range(&self, kind: Kind, from: &[u8], to: &[u8], limit: usize) -> Vec<Row> {
        let Some(bounds) = names::bounds(kind, from, to) else {
            return Vec::new();
        };
        let pending = self.pending.range(bounds.clone());
        let merged = self.store.sled(|db| {
            let stored = db.range(bounds).map(|row| row.and_then(|row| self.open(row)));
            let stored = stored.filter_map(Result::transpose).peekable();
            Merge { stored, pending: pending.peekable() }.take(limit).collect()
        });
        merged.unwrap_or_default()
    }
}

/// Joins stored and pending rows, of which none have a key in common, in the order of their keys.
struct Merge<S: Iterator, P: Iterator> {
    stored: Peekable<S>,
    pending: Peekable<P>,
}

impl<'p, S, P> Iterator for Merge<S, P>
where
    S: Iterator<Item = sled::Result<(IVec, Vec<u8>)>>,
    P: Iterator<Item = (&'p Vec<u8>, &'p Option<Vec<u8>>)>,
{
    type Item = sled::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let stored = match self.stored.peek() {
                Some(Ok((key, _))) => Some(key),
                Some(Err(_)) => None,
                None => {
                    let (key, value) = self.pending.by_ref().find(|(_, value)| value.is_some())?;
                    return value.as_ref().map(|value| Ok((key[1..].to_vec(), value.clone())));
                }
            };
            let order = match (stored, self.pending.peek()) {
                (Some(stored), Some((pending, _))) => stored.as_ref().cmp(pending.as_slice()),
                (_, None) | (None, _) => std::cmp::Ordering::Less,
            };
            if order.is_ge() {
                if let Some((key, Some(value))) = self.pending.next() {
                    return Some(Ok((key[1..].to_vec(), value.clone())));
                }
            } else {
                let row = self.stored.next()?;
                return Some(row.map(|(place, value)| (place[1..].to_vec(), value)));
            }
        }
    }
}
