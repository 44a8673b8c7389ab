//! How much an author may make us store in a day.
//!
//! Whoever is over it is not asked for more until the next day of our own clock. That delays what the author
//! says, decides nothing about it, and gives a person the time to look.

use std::collections::BTreeMap;

use crdt::{CaisseId, Timestamp};

use crate::limits;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What authors made us store on the day that was noted last, since our start.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    day: i64,
    bytes: BTreeMap<CaisseId, u64>,
    /// Who wanted to say more than that.
    over: BTreeMap<CaisseId, i64>,
}

const fn day(now: Timestamp) -> i64 {
    now.as_ms().div_euclid(DAY_MS)
}

impl Quota {
    /// Counts what an author says, if it still may be stored today.
    pub(super) fn take(&mut self, author: CaisseId, bytes: u64, now: Timestamp) -> bool {
        if self.day != day(now) {
            self.day = day(now);
            self.bytes.clear();
            self.over.clear();
        }
        // Whoever was over once waits with everything, small or large.
        if self.over.contains_key(&author) {
            return false;
        }
        let taken = self.bytes.entry(author).or_default();
        match taken.checked_add(bytes).filter(|sum| *sum <= limits::FEED_BYTES_PER_DAY) {
            Some(sum) => {
                *taken = sum;
                true
            }
            None => {
                self.over.insert(author, self.day);
                false
            }
        }
    }

    /// Returns whether an author is not asked for more today.
    pub(super) fn is_over(&self, author: &CaisseId, now: Timestamp) -> bool {
        self.over.get(author) == Some(&day(now))
    }

    /// Returns when authors may say more again.
    pub(super) const fn next_day(now: Timestamp) -> Timestamp {
        Timestamp::from_ms(day(now).saturating_add(1).saturating_mul(DAY_MS))
    }

    /// Returns who is not asked for more today.
    pub(crate) fn over(&self, now: Timestamp) -> impl Iterator<Item = CaisseId> {
        let today = day(now);
        self.over.iter().filter(move |(_, day)| **day == today).map(|(author, _)| *author)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_over_its_quota_until_the_next_day_and_no_other_author_is() {
        let (author, other) = (CaisseId::new([1; 32]), CaisseId::new([2; 32]));
        let now = Timestamp::from_ms(5 * DAY_MS + 7);
        let mut quota = Quota::default();
        assert!(quota.take(author, limits::FEED_BYTES_PER_DAY, now));
        assert!(!quota.is_over(&author, now), "it has said no more than it may");
        assert!(!quota.take(author, 1, now));
        assert!(quota.is_over(&author, now));
        assert!(quota.take(other, limits::FEED_BYTES_PER_DAY, now));
        assert_eq!(quota.over(now).collect::<Vec<_>>(), [author]);
        let next = Quota::next_day(now);
        assert_eq!(next, Timestamp::from_ms(6 * DAY_MS));
        assert!(!quota.is_over(&author, next));
        assert!(quota.take(author, 1, next));
        assert_eq!(quota.over(next).count(), 0);
        assert!(!quota.take(author, u64::MAX, next), "an overflow is over the quota");
    }
}
