//! The points at which a machine may die: after it has handled what came and before anything is stored,
//! after the commit and before anything is said, and after each thing that is said.
//!
//! Random worlds let machines die at some of them. [`crate::crashes`] goes through all of them, one by one.

use std::collections::BTreeMap;

/// Counts points, and says which is the last of a machine.
#[derive(Clone, Debug, Default)]
pub struct Points {
    counting: bool,
    passed: u64,
    abort_at: Option<u64>,
    armed: BTreeMap<usize, u32>,
}

impl Points {
    /// Begins to count; whoever passes the point `abort_at`, from 1, dies there.
    pub fn count(&mut self, abort_at: Option<u64>) {
        *self = Self { counting: true, abort_at, ..Self::default() };
    }

    /// Ends counting; returns how many points were passed.
    pub const fn stop(&mut self) -> u64 {
        self.counting = false;
        self.passed
    }

    /// Lets a machine die after it has passed some more points.
    pub(crate) fn arm(&mut self, house: usize, ahead: u32) {
        self.armed.insert(house, ahead);
    }

    /// Lets a machine live on.
    pub(crate) fn disarm(&mut self, house: usize) {
        self.armed.remove(&house);
    }

    /// Lets every machine live on.
    pub(crate) fn disarm_all(&mut self) {
        self.armed.clear();
    }

    /// Passes a point; returns whether the machine dies here.
    pub(crate) fn reach(&mut self, house: usize) -> bool {
        if self.counting {
            self.passed += 1;
            if self.abort_at == Some(self.passed) {
                return true;
            }
        }
        match self.armed.get_mut(&house) {
            Some(0) => self.armed.remove(&house).is_some(),
            Some(ahead) => {
                *ahead -= 1;
                false
            }
            None => false,
        }
    }
}
