//! Who holds which entry of which feed: nobody may sign two entries for one place (I16).

use std::collections::BTreeMap;

use crdt::digest::Domain;
use crdt::{CaisseId, Digest};
use ledger::records::{Kind, Records, Write};

use crate::broken::{Broken, holds};
use crate::world::House;

/// The entries that caisses other than their authors hold.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Whoever may say what they like.
    pub hostile: Option<CaisseId>,
    held: BTreeMap<Vec<u8>, Digest>,
}

fn is_of(key: &[u8], author: &CaisseId) -> bool {
    key.starts_with(author.as_bytes())
}

impl Witness {
    /// Takes in what a caisse stored.
    ///
    /// # Errors
    /// [`Broken`] if another entry is held elsewhere for the same place.
    pub fn stored(&mut self, house: &House, writes: &[Write]) -> Result<(), Broken> {
        for Write { kind, key, value } in writes {
            if *kind == Kind::Feed
                && !is_of(key, &house.id)
                && !self.hostile.is_some_and(|hostile| is_of(key, &hostile))
                && let Some(value) = value
            {
                self.holds(key, value)?;
            }
        }
        Ok(())
    }

    fn holds(&mut self, key: &[u8], value: &[u8]) -> Result<(), Broken> {
        let hash = Domain::Trace.hash(value);
        let known = *self.held.entry(key.to_vec()).or_insert(hash);
        holds(known == hash, "I16", || "an author signed two entries for one place".to_owned())
    }

    /// Forgets what nobody holds any more, after a disk was replaced by an older one.
    ///
    /// # Errors
    /// [`Broken`] as [`Witness::stored`].
    pub fn recount(&mut self, houses: &[House]) -> Result<(), Broken> {
        self.held.clear();
        for house in houses {
            for (key, value) in house.disk.range(Kind::Feed, &[], &[], usize::MAX) {
                if !is_of(&key, &house.id) {
                    self.holds(&key, &value)?;
                }
            }
        }
        Ok(())
    }
}
