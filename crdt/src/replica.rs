//! The replica: for each feed, the verified prefix that is held. Merging is union of prefixes.

use std::collections::{BTreeMap, BTreeSet};

use crate::epoch::{EpochStatement, Epochs};
use crate::feed::{Audience, Body, FeedId, Head, PublicBody, Verified};
use crate::{CaisseId, Digest};

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
    /// Its place belongs to another epoch, or is not one; or it is not the opening that belongs there.
    Misplaced,
}

/// How far each feed is held, which epochs were opened, and where authors were proved to have forked.
///
/// A head never moves backwards: entries are only ever appended. An epoch that is opened can end feeds of
/// the one before earlier than they are held; but the epoch of their heads grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    hashes: BTreeMap<FeedId, Vec<Digest>>,
    epochs: Epochs,
    forks: BTreeMap<FeedId, u64>,
    /// Authors with a fork in an epoch that is over.
    past: BTreeSet<CaisseId>,
    /// Authors whose identity key opened one epoch twice.
    betrayed: BTreeSet<CaisseId>,
}

impl Replica {
    /// Offers an entry.
    pub fn insert(&mut self, entry: &Verified) -> Inserted {
        let header = entry.header();
        let hashes = self.hashes.get(&header.feed).map_or(&[][..], Vec::as_slice);
        let held = hashes.len() as u64;
        let belongs = self.epochs.at(header.feed, header.seq) == header.epoch;
        if header.seq == 0 || !belongs || !self.opens_rightly(entry) {
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

    /// Returns whether an entry is the opening of its epoch exactly if it is the first public one of it.
    fn opens_rightly(&self, entry: &Verified) -> bool {
        let header = entry.header();
        let said = match entry.body() {
            Body::Public(PublicBody::EpochOpened(opening)) => Some(opening.hash()),
            Body::Public(_) | Body::Pair(_) => None,
        };
        let Some(epoch) = header.epoch.checked_sub(1).filter(|_| is_public(header.feed)) else {
            return said.is_none();
        };
        let is_first = self.epochs.end(header.feed, epoch).map(|end| end + 1) == Some(header.seq);
        let known =
            usize::try_from(epoch).ok().and_then(|e| self.epochs.of(&header.feed.author).get(e));
        let expected = known.filter(|_| is_first).map(EpochStatement::hash);
        said == expected
    }

    /// Takes in a checked statement that opens the next epoch of its author. Returns, for each feed that is
    /// held further than it counts now, up to where it is still held; `None` if the statement opens no next
    /// epoch. Forks of the epoch that is over no longer take anything out of the shared views.
    pub fn open(&mut self, said: &EpochStatement) -> Option<Vec<(FeedId, u64)>> {
        if !self.epochs.open(said.clone()) {
            return None;
        }
        let author = said.author();
        let mut cut_off = Vec::new();
        let feeds: Vec<FeedId> =
            self.hashes.keys().filter(|f| f.author == author).copied().collect();
        for feed in feeds {
            let keep = self.keeps(feed, said);
            let hashes = self.hashes.entry(feed).or_default();
            let kept = usize::try_from(keep).unwrap_or(usize::MAX);
            if hashes.len() > kept {
                hashes.truncate(kept);
                cut_off.push((feed, keep));
            }
        }
        let forked: Vec<FeedId> =
            self.forks.keys().filter(|f| f.author == author).copied().collect();
        for feed in forked {
            self.forks.remove(&feed);
            self.past.insert(author);
        }
        Some(cut_off)
    }

    /// Returns how much of what is held of a feed counts. If another branch is held than the one that the
    /// statement names, that is only what an earlier epoch fixed.
    fn keeps(&self, feed: FeedId, said: &EpochStatement) -> u64 {
        let Some(cut) = said.cut(feed.audience) else { return 0 };
        let Some(hashes) = self.hashes.get(&feed) else { return 0 };
        if hashes.len() as u64 <= cut.seq
            || cut.seq == 0
            || hash_at(hashes, cut.seq) == Some(cut.hash)
        {
            return cut.seq;
        }
        let earlier = said.epoch.checked_sub(2).and_then(|epoch| self.epochs.end(feed, epoch));
        earlier.unwrap_or(0)
    }

    /// Returns the epochs that were opened.
    #[must_use]
    pub const fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// Takes in that an author forked in an epoch that is over.
    pub fn forked_in_the_past(&mut self, author: CaisseId) {
        self.past.insert(author);
    }

    /// Takes in that an author's identity key opened one epoch with two statements: nothing mends that.
    /// Returns whether it is new.
    pub fn betrayed(&mut self, author: CaisseId) -> bool {
        self.betrayed.insert(author)
    }

    /// Returns whether an author's identity key contradicted itself.
    #[must_use]
    pub fn is_betrayed(&self, author: &CaisseId) -> bool {
        self.betrayed.contains(author)
    }

    /// Forgives an author what it did in epochs that are over.
    pub fn forgive(&mut self, author: &CaisseId) {
        self.past.remove(author);
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
        let epoch = self.epochs.current(&feed.author);
        let hashes = self.hashes.get(&feed).map_or(&[][..], Vec::as_slice);
        let Some(hash) = hashes.last() else {
            return Head { epoch, ..Head::empty(feed) };
        };
        Head { feed, epoch, seq: hashes.len() as u64, hash: *hash }
    }

    /// Returns the hash of the entry held at a place.
    #[must_use]
    pub fn hash_at(&self, feed: FeedId, seq: u64) -> Option<Digest> {
        hash_at(self.hashes.get(&feed)?, seq)
    }

    /// Returns the heads of all feeds of which something is held.
    pub fn heads(&self) -> impl Iterator<Item = Head> {
        let held = self.hashes.iter().filter(|(_, hashes)| !hashes.is_empty());
        held.map(|(feed, _)| self.head(*feed))
    }

    /// Returns whether an author was proved to have forked any feed, and that is not forgiven: no new
    /// credit with it.
    #[must_use]
    pub fn has_forked(&self, author: &CaisseId) -> bool {
        self.past.contains(author) || self.betrayed.contains(author) || self.forks_now(author)
    }

    /// Returns whether an author was proved to have forked a feed in its present epoch.
    #[must_use]
    pub fn forks_now(&self, author: &CaisseId) -> bool {
        self.forks.keys().any(|feed| feed.author == *author)
    }

    /// Returns where each feed forked in the present epoch of its author.
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

fn is_public(feed: FeedId) -> bool {
    feed.audience == Audience::Public
}
