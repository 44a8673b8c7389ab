//! How often a partner may ask: each question costs the machine more than it costs to ask it.
//!
//! What is over the pace is dropped. Nothing is lost by that: every question is repeated by its protocol
//! until it is answered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crdt::CaisseId;
use crdt::message::Message;

use crate::network::limits::Pace;

/// Comparisons and requests for entries of one partner per second, and as many at once. An honest partner
/// that catches up asks once for every 256 entries.
pub const COMPARISONS_PER_SECOND: u32 = 200;

/// Requests to authorise a payment of one partner per second, and as many at once: more than one machine
/// decides.
pub const AUTHORISATIONS_PER_SECOND: u32 = 4_000;

/// Partners whose pace is kept; a federation has fewer members.
pub const PARTNERS: usize = 2 * crdt::limits::CAISSES;

/// The paces of all partners.
#[derive(Debug, Default)]
pub struct Questions(BTreeMap<CaisseId, Paces>);

#[derive(Debug)]
struct Paces {
    comparisons: Pace,
    authorisations: Pace,
}

impl Paces {
    fn new(now: Instant) -> Self {
        let second = Duration::from_secs(1);
        Self {
            comparisons: Pace::new(COMPARISONS_PER_SECOND, second, now),
            authorisations: Pace::new(AUTHORISATIONS_PER_SECOND, second, now),
        }
    }
}

impl Questions {
    /// Returns whether a message may pass, and counts it.
    pub fn may_ask<E>(&mut self, from: CaisseId, message: &Message<E>, now: Instant) -> bool {
        if self.0.len() >= PARTNERS && !self.0.contains_key(&from) {
            // Full buckets for everybody are better than none for a newcomer.
            self.0.clear();
        }
        let paces = self.0.entry(from).or_insert_with(|| Paces::new(now));
        let pace = match message {
            Message::Have { .. } | Message::Want { .. } | Message::Query { .. } => {
                &mut paces.comparisons
            }
            Message::AuthRequest(_) => &mut paces.authorisations,
            // A signature to check, and a list that replaces the one before.
            Message::Revoked(_) | Message::Conflict { .. } => &mut paces.comparisons,
            // What these bring is limited by its bytes.
            Message::Entries(_) | Message::Grown(_) | Message::Forked(_) | Message::Opened(_) => {
                return true;
            }
        };
        let may = pace.has_one(now);
        if may {
            pace.spend(1, now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt::feed::{Envelope, FeedId};

    #[test]
    fn a_storm_of_questions_is_cut_down_and_other_partners_are_not_concerned() {
        let (storm, calm) = (CaisseId::new([1; 32]), CaisseId::new([2; 32]));
        let want = Message::<Envelope>::Want { feed: FeedId::public(calm), after: 0 };
        let mut questions = Questions::default();
        let now = Instant::now();
        let passed = (0..10_000).filter(|_| questions.may_ask(storm, &want, now)).count();
        assert_eq!(passed, COMPARISONS_PER_SECOND as usize);
        assert!(questions.may_ask(calm, &want, now));
        assert!(questions.may_ask(storm, &Message::<Envelope>::Entries(Vec::new()), now));
        assert!(questions.may_ask(storm, &want, now + Duration::from_millis(20)));
    }
}
