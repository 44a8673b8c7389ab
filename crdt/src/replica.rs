//! The replica: for each feed, the verified prefix that is held. Merging is union of prefixes.

use std::collections::BTreeMap;

use crate::Digest;
use crate::feed::{Audience, FeedId, Head, Verified};

/// What became of an entry that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is the next one of its feed and is now held.
    Appended,
    /// It was held before.
    Known,
    /// Entries before it are missing: `held` is the last place that is held.
    Gap {
        /// The last place that is held.
        held: u64,
    },
    /// Another entry is held for its place: together they prove a fork.
    Conflict,
    /// Its place is the next one, but it follows another entry than the one held before it: the
    /// author's chain differs further back.
    Diverged,
    /// Its epoch is not the feed's, or its place is not one.
    Misplaced,
}

/// How far each feed is held, and where authors were proved to have forked.
///
/// A head never moves backwards: entries are only ever appended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    hashes: BTreeMap<FeedId, Vec<Digest>>,
    forks: BTreeMap<FeedId, u64>,
}

impl Replica {
    /// Offers an entry.
    pub fn insert(&mut self, entry: &Verified) -> Inserted {
        let header = entry.header();
        let hashes = self.hashes.get(&header.feed).map_or(&[][..], Vec::as_slice);
        let held = hashes.len() as u64;
        if header.epoch != 0 || header.seq == 0 {
            return Inserted::Misplaced;
        }
        if header.seq <= held {
            let same = hash_at(hashes, header.seq) == Some(entry.hash());
            return if same { Inserted::Known } else { Inserted::Conflict };
        }
        if header.seq > held + 1 {
            return Inserted::Gap { held };
        }
        let last = hashes.last().copied().unwrap_or(Digest::new([0; 32]));
        if header.prev != last {
            return Inserted::Diverged;
        }
        self.hashes.entry(header.feed).or_default().push(entry.hash());
        Inserted::Appended
    }

    /// Takes in the proof that a feed forked at a place; the earliest counts. Returns whether this
    /// one is earlier than what was known.
    pub fn forked(&mut self, feed: FeedId, seq: u64) -> bool {
        match self.forks.get(&feed) {
            Some(known) if *known <= seq => false,
            _ => {
                self.forks.insert(feed, seq);
                true
            }
        }
    }

    /// Returns how far a feed is held.
    #[must_use]
    pub fn head(&self, feed: FeedId) -> Head {
        let Some(hashes) = self.hashes.get(&feed) else {
            return Head::empty(feed);
        };
        let Some(hash) = hashes.last() else {
            return Head::empty(feed);
        };
        Head { feed, epoch: 0, seq: hashes.len() as u64, hash: *hash }
    }

    /// Returns the hash of the entry held at a place.
    #[must_use]
    pub fn hash_at(&self, feed: FeedId, seq: u64) -> Option<Digest> {
        hash_at(self.hashes.get(&feed)?, seq)
    }

    /// Returns the heads of all feeds held.
    pub fn heads(&self) -> impl Iterator<Item = Head> {
        self.hashes.keys().map(|feed| self.head(*feed))
    }

    /// Returns whether an author was proved to have forked any feed: no new credit with it.
    #[must_use]
    pub fn has_forked(&self, author: &crate::CaisseId) -> bool {
        self.forks.keys().any(|feed| feed.author == *author)
    }

    /// Returns where each forked feed forked.
    #[must_use]
    pub const fn forks(&self) -> &BTreeMap<FeedId, u64> {
        &self.forks
    }

    /// Returns whether an entry held at a place counts in the shared views: from the fork on, a
    /// public feed says two things at once, and so nothing. A pair feed has one reader, who keeps to
    /// what it accepted: old obligations stay due.
    #[must_use]
    pub fn counts(&self, feed: FeedId, seq: u64) -> bool {
        match (feed.audience, self.forks.get(&feed)) {
            (Audience::Public, Some(fork)) => seq < *fork,
            (Audience::Public, None) | (Audience::Pair(_), _) => true,
        }
    }
}

fn hash_at(hashes: &[Digest], seq: u64) -> Option<Digest> {
    let place = usize::try_from(seq.checked_sub(1)?).ok()?;
    hashes.get(place).copied()
}
