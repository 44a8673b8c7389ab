//! Taking in entries: what a partner says, what it passes on, and what we ourselves said before a
//! restore.

use std::collections::BTreeMap;

use crdt::CaisseId;
use crdt::feed::{Audience, Body, Envelope, FeedId, PublicBody, Verified};
use crdt::fork::ForkProof;
use crdt::message::{Message, Reply};
use crdt::pair::PairBody;
use crdt::replica::Inserted;
use crdt::view::View;

use super::{Federation, feed_key, may_speak_to, store};
use crate::records::Kind;
use crate::state::State;
use crate::turn::{Effect, Turn};
use crate::{home, host, settle, shelf};

/// Takes in entries that a partner sent.
pub(crate) fn entries(state: &mut State, turn: &mut Turn<'_>, from: CaisseId, list: &[Verified]) {
    let mut register_changed = false;
    let mut relearned = false;
    let mut missing = BTreeMap::new();
    for entry in list {
        let feed = entry.header().feed;
        match accept(state, turn, entry) {
            Accepted::Held => {
                register_changed |= changes_register(entry.body());
                relearned |= feed.author == state.me;
                // A message holds only so many entries: there may be more after the last.
                if list.len() > 1 {
                    missing.insert(feed, entry.header().seq);
                }
            }
            Accepted::MissingAfter(place) => {
                missing.entry(feed).or_insert(place);
            }
            Accepted::Nothing => {}
        }
    }
    for (feed, after) in missing {
        turn.send(from, Message::Want { feed, after });
    }
    if register_changed {
        refresh(state, turn);
    }
    if relearned {
        // Perhaps this was all that we had forgotten: the partner's next word opens the fence.
        super::compare::send_heads(state, turn, from, Reply::Wanted);
    }
    settle::advance(state, turn);
}

/// What became of an entry.
enum Accepted {
    /// It is new and held now.
    Held,
    /// Entries of its feed after this place are missing.
    MissingAfter(u64),
    /// Known before, not for us, or not to be held.
    Nothing,
}

const fn changes_register(body: &Body) -> bool {
    matches!(
        body,
        Body::Public(
            PublicBody::CharterSigned(_) | PublicBody::Proposed(_) | PublicBody::Approved(_)
        )
    )
}

/// Works out again who belongs to the federation, and tells the shell with whom to keep contact.
pub(super) fn refresh(state: &mut State, turn: &mut Turn<'_>) {
    if let Some(federation) = &mut state.federation {
        federation.refresh();
        turn.effect(Effect::Partners(federation.partners(&state.me)));
    }
}

/// Takes in one entry.
fn accept(state: &mut State, turn: &mut Turn<'_>, entry: &Verified) -> Accepted {
    let feed = entry.header().feed;
    let from_partner = feed.audience != Audience::Public && feed.author != state.me;
    if !for_us(feed, state.me) || (from_partner && !may_speak_to(state, feed.author)) {
        // What a partner says may need an answer, and before the fence is open we may give none: it
        // will say it again.
        return Accepted::Nothing;
    }
    let Some(federation) = &mut state.federation else {
        return Accepted::Nothing;
    };
    if let Some(copy) = super::copy::found(federation, state.me, entry) {
        state.second_copy = Some(copy);
        return Accepted::Nothing;
    }
    let (held, seq) = (federation.replica.head(feed).seq, entry.header().seq);
    if feed.author != state.me && seq > held {
        let (quota, bytes) = (&mut federation.quota, stored_bytes(entry.envelope()));
        let is_next = held.checked_add(1) == Some(seq);
        if quota.is_over(&feed.author, turn.now)
            || (is_next && !quota.take(feed.author, bytes, turn.now))
        {
            return Accepted::Nothing;
        }
    }
    let is_forked = federation.replica.forks().contains_key(&feed);
    match federation.replica.insert(entry) {
        Inserted::Appended => {
            federation.view_entry(entry);
            federation.moved(feed, turn.now);
            store(turn, entry);
            react(state, turn, entry);
            Accepted::Held
        }
        // Of a feed that is proved to say two things nothing more is asked for at once: what follows may
        // be of the other branch, and asking again would go on for ever.
        Inserted::Gap { .. } | Inserted::Diverged if is_forked => Accepted::Nothing,
        Inserted::Gap { held } => Accepted::MissingAfter(held),
        Inserted::Conflict => {
            forked(state, turn, entry);
            Accepted::Nothing
        }
        // The two chains differ further back: the place before will prove it.
        Inserted::Diverged => Accepted::MissingAfter(entry.header().seq.saturating_sub(2)),
        Inserted::Known | Inserted::Misplaced => Accepted::Nothing,
    }
}

/// Returns how much an entry takes of a disk: its two texts, the signature and the salt.
const fn stored_bytes(envelope: &Envelope) -> u64 {
    (envelope.header.len() + envelope.body.len() + 96) as u64
}

fn for_us(feed: FeedId, me: CaisseId) -> bool {
    match feed.audience {
        Audience::Public => true,
        Audience::Pair(reader) => (reader == me) != (feed.author == me),
    }
}

/// Proves a fork: another entry is held in the place of this one.
fn forked(state: &mut State, turn: &mut Turn<'_>, entry: &Verified) {
    let header = entry.header();
    let Some(federation) = &mut state.federation else {
        return;
    };
    let held = turn.range(
        Kind::Feed,
        &feed_key(header.feed, header.epoch, header.seq),
        &feed_key(header.feed, header.epoch, header.seq + 1),
        1,
    );
    let Some(held) = held.first().and_then(|(_, bytes)| Verified::from_store(bytes)) else {
        return;
    };
    let proof = ForkProof::of(held.envelope(), entry.envelope());
    let Ok(fork) = proof.check(&federation.keyring) else {
        return;
    };
    super::proofs::keep(state, turn, fork, proof, None);
}

pub(super) fn rebuild(federation: &mut Federation, turn: &Turn<'_>) {
    federation.view = View::new(federation.view.register.charter().clone());
    for (_, bytes) in turn.range(Kind::Feed, &[], &[], usize::MAX) {
        if let Some(entry) = Verified::from_store(&bytes) {
            federation.view_entry(&entry);
        }
    }
}

/// What an entry that is newly held means for our books.
fn react(state: &mut State, turn: &mut Turn<'_>, entry: &Verified) {
    let (feed, said) = (entry.header().feed, entry.header().seq);
    match (entry.body(), feed.audience) {
        (Body::Pair(body), Audience::Pair(reader)) if feed.author == state.me => {
            // What we did then happened then: a receipt is the same however often it is asked for.
            let now = std::mem::replace(&mut turn.now, entry.header().claimed);
            relearns(state, turn, reader, body, said);
            turn.now = now;
        }
        (Body::Pair(body), _) => {
            home::hears(state, turn, feed.author, body);
            host::hears(state, turn, feed.author, body);
            settle::hears(state, turn, feed.author, body);
        }
        (Body::Public(PublicBody::CatalogueChanged(change)), _) if feed.author == state.me => {
            shelf::relearns(state, turn, change);
        }
        (Body::Public(_), _) => {}
    }
}

fn relearns(state: &mut State, turn: &mut Turn<'_>, reader: CaisseId, body: &PairBody, said: u64) {
    home::relearns(state, turn, reader, body, said);
    host::relearns(state, turn, reader, body, said);
    settle::relearns(state, turn, reader, body);
}
