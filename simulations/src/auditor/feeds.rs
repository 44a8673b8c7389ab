//! The entries of a world: read from every disk, one chain for each feed, the same wherever it is held.

use std::collections::BTreeMap;

use crdt::feed::{Audience, FeedId, Verified};
use crdt::{CaisseId, Digest};
use ledger::records::{Kind, MemoryRecords, Records};

use crate::broken::{Broken, holds};

/// The entries of each feed of an honest author, from the first on.
pub(super) struct Feeds {
    chains: BTreeMap<FeedId, Vec<Verified>>,
}

impl Feeds {
    /// Reads the feeds of the authors from their own disks, and compares them with what readers hold.
    pub fn read(disks: &BTreeMap<CaisseId, &MemoryRecords>) -> Result<Self, Broken> {
        let mut chains: BTreeMap<FeedId, Vec<Verified>> = BTreeMap::new();
        let mut copies: BTreeMap<(CaisseId, FeedId), Vec<Verified>> = BTreeMap::new();
        for (holder, disk) in disks {
            for (_, bytes) in disk.range(Kind::Feed, &[], &[], usize::MAX) {
                let entry = Verified::from_store(&bytes);
                holds(entry.is_some(), "auditor", || "an entry does not decode".to_owned())?;
                let Some(entry) = entry else { continue };
                let feed = entry.header().feed;
                let of_honest = match feed.audience {
                    Audience::Public => true,
                    Audience::Pair(reader) => disks.contains_key(&reader),
                };
                if !of_honest {
                    continue;
                }
                if feed.author == *holder {
                    chains.entry(feed).or_default().push(entry);
                } else if disks.contains_key(&feed.author) {
                    copies.entry((*holder, feed)).or_default().push(entry);
                }
            }
        }
        for (feed, chain) in &mut chains {
            chain.sort_by_key(|entry| (entry.header().epoch, entry.header().seq));
            let mut last = Digest::new([0; 32]);
            for (place, entry) in (1..).zip(chain.iter()) {
                let header = entry.header();
                holds(header.seq == place && header.prev == last, "auditor", || {
                    format!("the chain of {feed:?} breaks at {place}")
                })?;
                last = entry.hash();
            }
        }
        for (feed, chain) in &chains {
            let readers = disks.keys().filter(|reader| match feed.audience {
                Audience::Public => **reader != feed.author,
                Audience::Pair(only) => **reader == only,
            });
            for reader in readers {
                let copy = copies.get(&(*reader, *feed)).map_or(&[][..], Vec::as_slice);
                holds(copy == chain.as_slice(), "auditor", || {
                    format!("a reader holds {feed:?} otherwise than its author")
                })?;
            }
        }
        Ok(Self { chains })
    }

    /// The entries of a feed.
    pub fn of(&self, feed: FeedId) -> &[Verified] {
        self.chains.get(&feed).map_or(&[], Vec::as_slice)
    }

    /// Every pair feed: author, reader, entries.
    pub fn pairs(&self) -> impl Iterator<Item = (CaisseId, CaisseId, &[Verified])> {
        self.chains.iter().filter_map(|(feed, chain)| match feed.audience {
            Audience::Pair(reader) => Some((feed.author, reader, chain.as_slice())),
            Audience::Public => None,
        })
    }

    /// Every public feed: author, entries.
    pub fn public(&self) -> impl Iterator<Item = (CaisseId, &[Verified])> {
        self.chains.iter().filter_map(|(feed, chain)| match feed.audience {
            Audience::Public => Some((feed.author, chain.as_slice())),
            Audience::Pair(_) => None,
        })
    }
}
