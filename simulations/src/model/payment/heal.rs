//! What becomes of a state once nobody dies, everything arrives, and tills ask again until they know.

use crate::model::node::Node;

use super::{Charge, Home, Host, IDS, Payment, State, Words};

/// Rounds after which a state counts as one that never comes to rest.
const ROUNDS: usize = 32;

impl Payment {
    /// Lives on from a state without any fault, until nothing changes any more. Returns nothing if that never is.
    ///
    /// This is how "every hold ends" is checked: not as a promise about paths that go on for ever, but in every
    /// reachable state, by going on.
    #[must_use]
    pub fn healed(&self, state: &State) -> Option<State> {
        let mut now = state.clone();
        now.host.turn = None;
        now.home.turn = None;
        for _ in 0..ROUNDS {
            let before = now.clone();
            self.everyone_speaks(&mut now);
            if now == before {
                self.deadlines_pass(&mut now);
            }
            if now == before {
                return Some(now);
            }
        }
        None
    }

    fn everyone_speaks(&self, now: &mut State) {
        for id in 0..self.sales {
            let traces = now.host.disk.sales[id].is_some()
                || now.said.auth[id]
                || now.home.disk.charges[id] != Charge::Unknown;
            if traces && !now.said.told[id].paid && !now.said.told[id].not {
                let (_, host, words) = self.till_asks(now, id);
                host_does(now, host, &words);
            }
            if now.said.auth[id] {
                let (_, home, words) = self.home_decides(now, id, true);
                home_does(now, home, &words);
            }
        }
        while let Some((_, home, words)) = self.home_reads(now, true) {
            home_does(now, home, &words);
        }
        for id in 0..IDS {
            now.said.query[id] |= now.home.disk.charges[id] == Charge::Held;
            if let Some((_, host, words)) = self.host_answers(now, id) {
                host_does(now, host, &words);
            }
        }
        while let Some((_, host, words)) = self.host_reads(now) {
            host_does(now, host, &words);
        }
    }

    fn deadlines_pass(&self, now: &mut State) {
        for id in 0..self.sales {
            if let Some((_, host, words)) = self.deadline(now, id) {
                host_does(now, host, &words);
            }
        }
    }
}

fn host_does(now: &mut State, host: Host, words: &Words) {
    now.host = Node::new(host);
    now.said.add(words);
}

fn home_does(now: &mut State, home: Home, words: &Words) {
    now.home = Node::new(home);
    now.said.add(words);
}
