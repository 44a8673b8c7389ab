//! Comparing heads with partners: who lacks what. A partner's first word after our start opens the
//! fence (`docs/protocol.md`): until then nothing is written for it.

use crdt::feed::{FeedId, Head};
use crdt::message::{Message, Reply};
use crdt::{CaisseId, Timestamp};

use super::quota::Quota;
use super::{Federation, readable};
use crate::limits;
use crate::state::State;
use crate::turn::{Effect, Turn};

/// A partner can be reached: compare.
pub(crate) fn connected(state: &mut State, turn: &mut Turn<'_>, peer: CaisseId) {
    let Some(federation) = &mut state.federation else {
        return;
    };
    federation.connected.insert(peer);
    federation.compare_at.insert(peer, turn.now.after(limits::COMPARE_EVERY));
    super::epochs::pass_on(turn, peer);
    super::proofs::pass_on(turn, peer);
    send_heads(state, turn, peer, Reply::Wanted);
}

/// A partner can no longer be reached. That decides nothing.
pub(crate) fn disconnected(state: &mut State, peer: CaisseId) {
    if let Some(federation) = &mut state.federation {
        federation.connected.remove(&peer);
        federation.compare_at.remove(&peer);
    }
}

pub(super) fn send_heads(state: &State, turn: &mut Turn<'_>, peer: CaisseId, reply: Reply) {
    let Some(federation) = &state.federation else {
        return;
    };
    let heads = federation.replica.heads().filter(|head| readable(head.feed, &peer)).collect();
    turn.send(peer, Message::Have { heads, reply });
}

/// A partner tells how far it holds every feed that concerns us.
pub(crate) fn have(
    state: &mut State,
    turn: &mut Turn<'_>,
    peer: CaisseId,
    heads: &[Head],
    reply: Reply,
) {
    let me = state.me;
    let Some(federation) = &mut state.federation else {
        return;
    };
    let theirs = |feed: FeedId| {
        heads.iter().find(|head| head.feed == feed).copied().unwrap_or(Head::empty(feed))
    };
    let own = [FeedId::public(me), FeedId::pair(me, peer)];
    let ours_is_whole = own.iter().all(|feed| {
        let (their, our) = (theirs(*feed), federation.replica.head(*feed));
        let same_past = federation.replica.hash_at(*feed, their.seq) == Some(their.hash);
        // Whoever does not know our epoch yet holds nothing of it, and what it holds of the one before beyond
        // the cut does not count.
        let within = their.epoch == our.epoch && their.seq <= our.seq && same_past;
        their.seq == 0 || their.epoch < our.epoch || within
    });
    if ours_is_whole {
        federation.hears(me, peer);
    } else {
        // It holds more than we wrote, or something else: perhaps a copy of us runs. Nothing is written
        // for it before we have seen what it holds.
        federation.heard.remove(&peer);
    }
    let all_held = federation
        .replica
        .heads()
        .filter(|head| readable(head.feed, &peer))
        .all(|head| theirs(head.feed) == head);
    let behind = ask_for_more(state, turn, peer, heads);
    if let Some(federation) = &mut state.federation {
        let waits = heads.iter().any(|head| federation.waits_for_tomorrow(head, turn.now));
        if all_held && !behind && waits {
            federation.compare_at.insert(peer, Quota::next_day(turn.now));
        } else if all_held && !behind {
            federation.compare_at.remove(&peer);
        } else if federation.connected.contains(&peer) {
            let at = turn.now.after(limits::COMPARE_EVERY);
            federation.compare_at.entry(peer).or_insert(at);
        }
    }
    if reply == Reply::Wanted {
        send_heads(state, turn, peer, Reply::Given);
    }
}

/// A partner tells that some feeds have grown.
pub(crate) fn grown(state: &mut State, turn: &mut Turn<'_>, peer: CaisseId, heads: &[Head]) {
    ask_for_more(state, turn, peer, heads);
}

/// Asks for what a partner holds and we do not, and for an entry in whose place we hold another: together
/// they prove a fork. Returns whether there is any.
fn ask_for_more(state: &State, turn: &mut Turn<'_>, peer: CaisseId, heads: &[Head]) -> bool {
    let Some(federation) = &state.federation else {
        return false;
    };
    let mut behind = false;
    for head in heads.iter().filter(|head| readable(head.feed, &state.me)) {
        if federation.waits_for_tomorrow(head, turn.now) {
            continue;
        }
        let held = federation.replica.head(head.feed);
        // Of another epoch: one of us two has not heard yet that it was opened, and is told.
        if head.epoch != held.epoch {
            continue;
        }
        let held = held.seq;
        let after = if head.seq > held { Some(held) } else { other_branch(federation, head) };
        if let Some(after) = after {
            behind = true;
            turn.send(peer, Message::Want { feed: head.feed, after });
        }
    }
    behind
}

impl Federation {
    /// Returns whether an author has said so much today that what is missing of it has time.
    fn waits_for_tomorrow(&self, head: &Head, now: Timestamp) -> bool {
        head.seq > self.replica.head(head.feed).seq && self.quota.is_over(&head.feed.author, now)
    }
}

/// Returns the place before an entry that contradicts ours, unless the feed is known to have forked.
fn other_branch(federation: &Federation, head: &Head) -> Option<u64> {
    let replica = &federation.replica;
    let before = head.seq.checked_sub(1)?;
    let same = replica.hash_at(head.feed, head.seq) == Some(head.hash);
    (!same && !replica.forks().contains_key(&head.feed)).then_some(before)
}

/// A partner asks for entries.
pub(crate) fn want(state: &State, turn: &mut Turn<'_>, peer: CaisseId, feed: FeedId, after: u64) {
    let Some(federation) = &state.federation else {
        return;
    };
    if readable(feed, &peer) && federation.replica.head(feed).seq > after {
        turn.effect(Effect::SendRange { to: peer, feed, after });
    }
}

/// Compares again with partners with whom something moved.
pub(crate) fn tick(state: &mut State, turn: &mut Turn<'_>) {
    let Some(federation) = &mut state.federation else {
        return;
    };
    let next = turn.now.after(limits::COMPARE_EVERY);
    let mut due = Vec::new();
    for (peer, at) in &mut federation.compare_at {
        if *at <= turn.now {
            *at = next;
            due.push(*peer);
        }
    }
    for peer in due {
        send_heads(state, turn, peer, Reply::Wanted);
    }
}

/// When the next comparison is due.
pub(crate) fn next_wakeup(state: &State) -> Option<Timestamp> {
    state.federation.as_ref()?.compare_at.values().copied().min()
}
