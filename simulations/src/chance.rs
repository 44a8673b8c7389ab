//! Chance from a seed: the same seed draws the same, on any machine, for ever.

/// A stream of numbers that follows from a seed (SplitMix64: Steele, Lea, Flood, *Fast splittable
/// pseudorandom number generators*, 2014). Written here because a failing seed must replay after
/// any update of a library.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Begins the stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Draws a number from `low..=high`.
    pub fn within(&mut self, low: u32, high: u32) -> u32 {
        let width = u64::from(high.saturating_sub(low)) + 1;
        // The bias of a remainder is far below what a world could notice.
        low + u32::try_from(self.bits() % width).unwrap_or(0)
    }

    /// Draws a length of time from `low..=high` milliseconds.
    pub fn ms(&mut self, low: u32, high: u32) -> i64 {
        i64::from(self.within(low, high))
    }

    /// Draws a place in a list of that length.
    pub fn index(&mut self, length: usize) -> usize {
        let last = u32::try_from(length.saturating_sub(1)).unwrap_or(u32::MAX);
        self.within(0, last) as usize
    }

    /// Says yes so many times in a thousand.
    pub fn permille(&mut self, times: u32) -> bool {
        self.within(0, 999) < times
    }

    /// Draws bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(8) {
            let drawn = self.bits().to_le_bytes();
            part.copy_from_slice(&drawn[..part.len()]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_what_it_always_drew() {
        let mut chance = Chance::new(1);
        assert_eq!(chance.bits(), 0x910a_2dec_8902_5cc1);
        assert!((0..1_000).all(|_| (3..=7).contains(&chance.within(3, 7))));
        let yes = (0..10_000).filter(|_| chance.permille(100)).count();
        assert!((800..1_200).contains(&yes), "{yes}");
    }
}
