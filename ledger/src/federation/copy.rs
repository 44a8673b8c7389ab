//! A second copy of this caisse: another process that writes under our keys.
//!
//! The fence of a feed opens once a partner told that it holds no more of it than we do. From then on we
//! know each entry of it before anyone else. So an entry of ours that comes from outside and is new to us
//! was written by somebody else with our keys. Whatever we wrote next would contradict it: we stop.

use crdt::CaisseId;
use crdt::feed::{FeedId, Verified};
use serde::{Deserialize, Serialize};

use super::Federation;

/// Where a second copy wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error(
    "a second copy of this caisse runs: it wrote entry {seq} of our feed {}; stop every copy but one, and \
     start that one again: it first learns from the other caisses what the copy said. If no copy of yours \
     runs, somebody has your node key: change it",
    words(.feed)
)]
pub struct SecondCopy {
    /// The feed of ours in which it wrote.
    pub feed: FeedId,
    /// The place.
    pub seq: u64,
}

fn words(feed: &FeedId) -> String {
    match feed.audience {
        crdt::feed::Audience::Public => "to everyone".to_owned(),
        crdt::feed::Audience::Pair(reader) => format!("to {reader}"),
    }
}

impl Federation {
    /// A partner holds no more of our two feeds than we do.
    pub(super) fn hears(&mut self, me: CaisseId, peer: CaisseId) {
        self.heard.insert(peer);
        self.opened.insert(FeedId::pair(me, peer));
        if self.unheard(&me) == 0 {
            self.opened.insert(FeedId::public(me));
        }
    }
}

/// Returns the second copy that an entry betrays: one of ours that we have not written, in a feed for
/// which the fence has opened. Its signature was checked, so nobody without our key can make one.
pub(super) fn found(federation: &Federation, me: CaisseId, entry: &Verified) -> Option<SecondCopy> {
    let header = entry.header();
    let ours = header.feed.author == me && federation.opened.contains(&header.feed);
    let new = header.seq > federation.replica.head(header.feed).seq;
    let counts = federation.replica.epochs().at(header.feed, header.seq) == header.epoch;
    (ours && new && counts).then_some(SecondCopy { feed: header.feed, seq: header.seq })
}
