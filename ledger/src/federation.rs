//! Our place in the federation: what we said, what we heard, and when we may speak.

mod accept;
pub mod ceiling;
mod commands;
mod compare;
mod copy;
pub(crate) mod eligible;
mod epochs;
mod proofs;
mod quota;

use std::collections::{BTreeMap, BTreeSet};

use crdt::agreement::Terms;
use crdt::contact::Contact;
use crdt::feed::{Audience, Body, Draft, FeedId, Head, Keyring, PublicBody, Verified};
use crdt::fork::{Fork, ForkProof};
use crdt::message::Message;
use crdt::pair::PairBody;
use crdt::register::Charter;
use crdt::replica::Replica;
use crdt::view::View;
use crdt::{CaisseId, Timestamp, wire};

pub(crate) use accept::entries;
pub(crate) use commands::{agree, approve, found, propose};
pub(crate) use compare::{connected, disconnected, grown, have, next_wakeup, tick, want};
pub use copy::SecondCopy;
pub use epochs::entries_after;
pub(crate) use epochs::{change_keys, opened, openings};
pub(crate) use proofs::{answer, heard};

use quota::Quota;

use crate::records::{Kind, Records};
use crate::refused::FederationRefused;
use crate::state::State;
use crate::turn::{Effect, Turn};

/// The name of the record that holds the charter.
pub const CHARTER_KEY: &[u8] = b"charter";

/// What is known of the federation, and with whom we can speak.
pub(crate) struct Federation {
    pub view: View,
    pub replica: Replica,
    keyring: Keyring,
    members: BTreeSet<CaisseId>,
    connected: BTreeSet<CaisseId>,
    /// Partners that told since our start how far they hold our feeds, and held no more than we do.
    heard: BTreeSet<CaisseId>,
    /// Feeds of ours for which the fence has opened since our start: from then on we know every entry of
    /// them before anyone else does.
    opened: BTreeSet<FeedId>,
    /// Up to which epoch we forgave a caisse that it forked.
    forgiven: BTreeMap<CaisseId, u32>,
    /// When heads are compared with a partner next; absent when nothing moves.
    compare_at: BTreeMap<CaisseId, Timestamp>,
    /// How much each author made us store today.
    pub quota: Quota,
    /// Whether a statement or a run may want a word of ours: payments alone never do.
    pub settling: bool,
}

impl Federation {
    fn new(charter: Charter) -> Self {
        let view = View::new(charter);
        let mut federation = Self {
            keyring: view.keyring(),
            view,
            replica: Replica::default(),
            members: BTreeSet::new(),
            connected: BTreeSet::new(),
            heard: BTreeSet::new(),
            opened: BTreeSet::new(),
            forgiven: BTreeMap::new(),
            compare_at: BTreeMap::new(),
            quota: Quota::default(),
            settling: true,
        };
        federation.refresh();
        federation
    }

    /// Loads the charter and folds the stored feeds.
    pub fn load(records: &dyn Records) -> Option<Self> {
        let charter = records.get(Kind::Meta, CHARTER_KEY)?;
        let mut federation = Self::new(wire::decode(&charter).ok()?);
        epochs::load(&mut federation, records);
        for (_, bytes) in records.range(Kind::ForkProof, &[], &[], usize::MAX) {
            if let Ok((fork, _)) = wire::decode::<(Fork, ForkProof)>(&bytes) {
                epochs::forked(&mut federation, &fork);
            }
        }
        for (_, bytes) in records.range(Kind::Feed, &[], &[], usize::MAX) {
            if let Some(entry) = Verified::from_store(&bytes) {
                federation.replica.insert(&entry);
                federation.view_entry(&entry);
            }
        }
        federation.refresh();
        Some(federation)
    }

    fn view_entry(&mut self, entry: &Verified) {
        let header = entry.header();
        if self.replica.counts(header.feed, header.seq) {
            self.view.apply(entry);
            self.settling |= is_about_settlement(entry.body());
        }
    }

    /// Works out again what follows from the register.
    fn refresh(&mut self) {
        self.keyring = self.view.keyring();
        self.keyring.epochs = self.replica.epochs().keys().collect();
        self.members = self.view.register.members().into_keys().collect();
    }

    /// Returns the keys by which entries are checked.
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns whether a caisse is a member.
    pub fn is_member(&self, caisse: &CaisseId) -> bool {
        self.members.contains(caisse)
    }

    /// Returns whether a partner can be reached.
    pub fn is_connected(&self, caisse: &CaisseId) -> bool {
        self.connected.contains(caisse)
    }

    /// Returns whether a partner told since our start what it had heard from us.
    pub fn is_heard(&self, caisse: &CaisseId) -> bool {
        self.heard.contains(caisse)
    }

    /// Returns the caisses to keep contact with: the members, or the founders until all have signed.
    pub fn partners(&self, me: &CaisseId) -> Vec<Contact> {
        let register = &self.view.register;
        let contacts: Vec<Contact> = if register.is_founded() {
            register.members().into_values().cloned().collect()
        } else {
            register.charter().founders.clone()
        };
        let others = contacts.iter().filter(|contact| contact.id != *me);
        others.map(|contact| self.replica.epochs().renewed(contact)).collect()
    }

    /// Returns the partners that we have not heard since our start.
    pub fn unheard(&self, me: &CaisseId) -> u32 {
        let unheard = self.partners(me).iter().filter(|p| !self.heard.contains(&p.id)).count();
        u32::try_from(unheard).unwrap_or(u32::MAX)
    }

    /// Something was said or heard: heads are to be compared with whoever may care.
    fn moved(&mut self, feed: FeedId, now: Timestamp) {
        let at = now.after(crate::limits::COMPARE_EVERY);
        for peer in &self.connected {
            if readable(feed, peer) {
                self.compare_at.entry(*peer).or_insert(at);
            }
        }
    }
}

const fn is_about_settlement(body: &Body) -> bool {
    matches!(
        body,
        Body::Public(
            PublicBody::Stated(_)
                | PublicBody::RunProposed(_)
                | PublicBody::RunSigned { .. }
                | PublicBody::RunAborted { .. }
                | PublicBody::CertSeen { .. }
        )
    )
}

/// Returns whether a partner may read a feed of which we hold a part.
fn readable(feed: FeedId, peer: &CaisseId) -> bool {
    match feed.audience {
        Audience::Public => true,
        Audience::Pair(reader) => feed.author == *peer || reader == *peer,
    }
}

/// Returns the key of an entry of a feed.
#[must_use]
pub fn feed_key(feed: FeedId, epoch: u32, seq: u64) -> Vec<u8> {
    let mut key = feed.author.as_bytes().to_vec();
    match feed.audience {
        Audience::Public => key.extend([0; 33]),
        Audience::Pair(reader) => {
            key.push(1);
            key.extend(reader.as_bytes());
        }
    }
    key.extend(epoch.to_be_bytes());
    key.extend(seq.to_be_bytes());
    key
}

/// Returns the stored entries of a feed after a place, up to another one included.
pub(crate) fn stored(turn: &Turn<'_>, feed: FeedId, after: u64, upto: u64) -> Vec<Verified> {
    let most = usize::try_from(upto.saturating_sub(after)).unwrap_or(usize::MAX);
    let read = |from: &[u8], to: &[u8], limit| turn.range(Kind::Feed, from, to, limit);
    let rows = epochs::walk(&read, feed, after, most);
    rows.iter().filter_map(|(_, bytes)| Verified::from_store(bytes)).collect()
}

/// Returns the terms in force with a partner.
pub(crate) fn terms_with(state: &State, partner: CaisseId) -> Option<Terms> {
    let federation = state.federation.as_ref()?;
    let both = federation.is_member(&state.me) && federation.is_member(&partner);
    let terms = federation.view.agreements.in_force(&state.me, &partner);
    terms.filter(|_| both && !federation.replica.has_forked(&partner)).cloned()
}

/// Returns whether a caisse was proved to have forked a feed.
pub(crate) fn has_forked(state: &State, caisse: CaisseId) -> bool {
    state.federation.as_ref().is_some_and(|f| f.replica.has_forked(&caisse))
}

/// Returns whether we may write for a partner: not before it told us, after our start, how far it
/// holds what we wrote before. Otherwise a restored backup would say a second thing in one place. And
/// never again once that happened all the same.
pub(crate) fn may_speak_to(state: &State, partner: CaisseId) -> bool {
    check_may_speak_to(state, partner).is_ok()
}

/// Says as a refusal that [`may_speak_to`] does not hold.
pub(crate) fn check_may_speak_to(
    state: &State,
    partner: CaisseId,
) -> Result<(), FederationRefused> {
    let federation = state.federation.as_ref().ok_or(FederationRefused::NotFounded)?;
    if federation.replica.forks_now(&state.me) {
        return Err(FederationRefused::WeForked);
    }
    if !epochs::has_present_key(state, federation) {
        return Err(FederationRefused::OldKeys);
    }
    #[cfg(feature = "mutants")]
    if state.is_mutant(crate::caisse::Mutant::M6) {
        return Ok(());
    }
    let heard = federation.is_heard(&partner);
    if heard { Ok(()) } else { Err(FederationRefused::NotHeard { waiting: 1 }) }
}

/// Says as a refusal that not every partner told us how far it holds our public feed.
pub(crate) fn check_may_publish(state: &State) -> Result<(), FederationRefused> {
    let federation = state.federation.as_ref().ok_or(FederationRefused::NotFounded)?;
    if federation.replica.forks_now(&state.me) {
        return Err(FederationRefused::WeForked);
    }
    if !epochs::has_present_key(state, federation) {
        return Err(FederationRefused::OldKeys);
    }
    #[cfg(feature = "mutants")]
    if state.is_mutant(crate::caisse::Mutant::M6) {
        return Ok(());
    }
    match federation.unheard(&state.me) {
        0 => Ok(()),
        waiting => Err(FederationRefused::NotHeard { waiting }),
    }
}

/// Writes an entry for one partner and sends it. Returns its place.
///
/// # Panics
/// If there is no federation: callers have checked [`may_speak_to`].
pub(crate) fn say(state: &mut State, turn: &mut Turn<'_>, to: CaisseId, body: PairBody) -> u64 {
    let feed = FeedId::pair(state.me, to);
    let entry = append(state, turn, feed, Body::Pair(body)).expect("only a partner is spoken to");
    let seq = entry.header().seq;
    if state.federation.as_ref().is_some_and(|f| f.is_connected(&to)) {
        turn.send(to, Message::Entries(vec![entry]));
    }
    seq
}

/// Sends one entry to a partner once more: however long the feed is, a question brings one answer. If the
/// partner lacks what comes before, it asks for that.
pub(crate) fn say_again(state: &State, turn: &mut Turn<'_>, to: CaisseId, seq: u64) {
    let feed = FeedId::pair(state.me, to);
    let entries = stored(turn, feed, seq.saturating_sub(1), seq);
    if !entries.is_empty() {
        turn.send(to, Message::Entries(entries));
    }
}

/// Returns whether a partner may still ask today what makes us write an answer, and counts the question.
pub(crate) fn may_ask(state: &mut State, turn: &Turn<'_>, partner: CaisseId) -> bool {
    let now = turn.now;
    let federation = state.federation.as_mut();
    federation.is_some_and(|f| {
        !f.quota.is_over(&partner, now) && f.quota.take(partner, crate::limits::ANSWER_BYTES, now)
    })
}

/// Writes an entry for the whole federation and announces it.
///
/// # Errors
/// [`FederationRefused::NotFounded`] or [`FederationRefused::NotHeard`].
pub(crate) fn publish(
    state: &mut State,
    turn: &mut Turn<'_>,
    body: PublicBody,
) -> Result<(), FederationRefused> {
    check_may_publish(state)?;
    publish_unchecked(state, turn, body);
    Ok(())
}

fn publish_unchecked(state: &mut State, turn: &mut Turn<'_>, body: PublicBody) {
    let feed = FeedId::public(state.me);
    if let Some(entry) = append(state, turn, feed, Body::Public(body)) {
        turn.effect(Effect::Announce(vec![entry.head()]));
    }
}

/// Appends to a feed of ours: signed, held, viewed and stored.
fn append(state: &mut State, turn: &mut Turn<'_>, feed: FeedId, body: Body) -> Option<Verified> {
    let federation = state.federation.as_mut()?;
    let draft = Draft {
        network: federation.view.network(),
        after: federation.replica.head(feed),
        body,
        claimed: turn.now,
        seen: witnessed(federation, feed),
    };
    let entry = draft.sign(&state.secrets.node, &state.secrets.salts.0);
    federation.replica.insert(&entry);
    federation.view_entry(&entry);
    federation.moved(feed, turn.now);
    store(turn, &entry);
    Some(entry)
}

/// What we saw last of the other side: a witness of its past in every entry of ours.
fn witnessed(federation: &Federation, feed: FeedId) -> Vec<Head> {
    let other = match feed.audience {
        Audience::Public => return Vec::new(),
        Audience::Pair(reader) => federation.replica.head(FeedId::pair(reader, feed.author)),
    };
    if other.seq == 0 { Vec::new() } else { vec![other] }
}

fn store(turn: &mut Turn<'_>, entry: &Verified) {
    let header = entry.header();
    let key = feed_key(header.feed, header.epoch, header.seq);
    turn.put(Kind::Feed, &key, entry.envelope());
}
