//! When to dial a peer: at once, then with growing pauses.

use std::time::{Duration, Instant};

use super::limits::{DIAL_FIRST, DIAL_LONGEST};

/// When one peer is to be dialled.
#[derive(Clone, Debug)]
pub struct Dial {
    failures: u32,
    /// `None` while there is a connection or an attempt is under way.
    next: Option<Instant>,
}

impl Dial {
    /// Plans an attempt now.
    pub fn now(now: Instant) -> Self {
        Self { failures: 0, next: Some(now) }
    }

    /// Returns when the next attempt is due, if one is planned.
    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Returns whether the last attempt failed.
    pub fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Plans nothing: an attempt is under way, or there is a connection.
    pub fn pause(&mut self) {
        self.next = None;
    }

    /// Forgets earlier failures: the peer is there and speaks our language.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Plans an attempt after a pause, longer with each failure.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.again(now);
    }

    /// Plans an attempt after the pause that the failures so far ask for.
    pub fn again(&mut self, now: Instant) {
        // Without a random number two nodes may dial in step for a while, and nothing worse.
        let chance = getrandom::u32().unwrap_or(u32::MAX);
        self.next = Some(now + pause(self.failures.saturating_sub(1), chance));
    }

    /// Plans an attempt at a given time.
    pub fn not_before(&mut self, time: Instant) {
        self.next = Some(time);
    }
}

/// The pause doubles with each failure up to the longest; chance takes away up to half of it, so
/// that the nodes of a federation do not all dial at once after a power cut.
fn pause(failures: u32, chance: u32) -> Duration {
    let full = 2_u32
        .checked_pow(failures)
        .and_then(|factor| DIAL_FIRST.checked_mul(factor))
        .map_or(DIAL_LONGEST, |pause| pause.min(DIAL_LONGEST));
    let half = full / 2;
    let extra = half.as_nanos() * u128::from(chance) / u128::from(u32::MAX);
    half + Duration::from_nanos(u64::try_from(extra).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_minute_and_chance_takes_at_most_half() {
        let seconds = |failures, chance| pause(failures, chance).as_secs_f32();
        assert!((seconds(0, u32::MAX) - 1.0).abs() < 0.001);
        assert!((seconds(0, 0) - 0.5).abs() < 0.001);
        assert!((seconds(3, u32::MAX) - 8.0).abs() < 0.001);
        for failures in [6, 31, 32, u32::MAX] {
            assert_eq!(pause(failures, u32::MAX), DIAL_LONGEST);
            assert_eq!(pause(failures, 0), DIAL_LONGEST / 2);
        }
    }

    #[test]
    fn a_peer_is_dialled_at_once_and_not_again_during_the_attempt() {
        let start = Instant::now();
        let mut dial = Dial::now(start);
        assert_eq!(dial.next(), Some(start));
        dial.pause();
        assert_eq!(dial.next(), None);
        dial.failed(start);
        assert!(dial.next() >= Some(start + DIAL_FIRST / 2));
    }
}
