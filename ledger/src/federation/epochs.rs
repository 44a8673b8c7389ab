//! Epochs of caisses: opened by a word of an identity key, which goes round by itself, so that whoever has
//! it can check what is signed by the new key.

use crdt::epoch::{EpochCut, EpochOpening, EpochStatement};
use crdt::feed::{Audience, Body, Envelope, FeedId, Head, Keyring, PublicBody, Verified};
use crdt::fork::Fork;
use crdt::message::Message;
use crdt::{CaisseId, limits, wire};

use super::accept::{rebuild, refresh};
use super::{Federation, feed_key, store};
use crate::answer::{Answer, NextEpoch};
use crate::command::{KeysCommand, Waits};
use crate::records::{Kind, Records, Row};
use crate::refused::{FederationRefused, KeysRefused, Refused};
use crate::state::State;
use crate::turn::{Effect, Outcome, Turn};
use crate::verify::Report;

/// A byte after the key of an opening that contradicts another one.
const SECOND: u8 = 1;

fn key(author: &CaisseId, epoch: u32) -> Vec<u8> {
    [author.as_bytes().as_slice(), &epoch.to_be_bytes()].concat()
}

/// Opens what was opened before, and knows again who was forgiven and whose identity contradicted itself.
pub(super) fn load(federation: &mut Federation, records: &dyn Records) {
    let network = federation.view.network();
    for (key, bytes) in records.range(Kind::Opening, &[], &[], usize::MAX) {
        let opening = wire::decode::<EpochOpening>(&bytes).ok();
        let Some(said) = opening.and_then(|opening| opening.check(network).ok()) else { continue };
        if key.len() > CaisseId::LEN + 4 {
            federation.replica.betrayed(said.author());
        } else {
            let _ = federation.replica.open(&said);
        }
    }
    for (key, bytes) in records.range(Kind::Forgiven, &[], &[], usize::MAX) {
        if let (Some(author), Ok(upto)) = (CaisseId::from_slice(&key), wire::decode(&bytes)) {
            federation.forgiven.insert(author, upto);
        }
    }
    federation.refresh();
}

/// Returns the stored openings of all caisses in their order, for `verify`.
pub(crate) fn openings(
    turn: &Turn<'_>,
    federation: &Federation,
    report: &mut Report,
) -> Vec<EpochStatement> {
    let network = federation.view.network();
    let mut list = Vec::new();
    for (key, bytes) in turn.range(Kind::Opening, &[], &[], usize::MAX) {
        let opening = wire::decode::<EpochOpening>(&bytes).ok();
        match opening.and_then(|opening| opening.check(network).ok()) {
            Some(said) if key.len() == CaisseId::LEN + 4 => list.push(said),
            Some(_) => {}
            None => report.differs("a stored opening of an epoch does not hold"),
        }
    }
    if !list.iter().eq(federation.replica.epochs().all()) {
        report.differs("the epochs are not those that were opened");
    }
    list
}

/// Takes in a fork that is proved. Returns whether that is new.
pub(super) fn forked(federation: &mut Federation, fork: &Fork) -> bool {
    let author = fork.feed.author;
    if fork.epoch == federation.replica.epochs().current(&author) {
        return federation.replica.forked(fork.feed, fork.seq);
    }
    let forgiven = federation.forgiven.get(&author).is_some_and(|upto| fork.epoch <= *upto);
    let new = !forgiven && !federation.replica.has_forked(&author);
    if new {
        federation.replica.forked_in_the_past(author);
    }
    new
}

/// Returns whether the key that we run with is the one of our epoch.
pub(super) fn has_present_key(state: &State, federation: &Federation) -> bool {
    let said = federation.replica.epochs().of(&state.me).last();
    said.is_none_or(|said| said.node == state.secrets.node.public())
}

/// Tells a partner that has just come every opening that we know.
pub(super) fn pass_on(turn: &mut Turn<'_>, peer: CaisseId) {
    let rows = turn.range(Kind::Opening, &[], &[], usize::MAX);
    let list: Vec<EpochOpening> =
        rows.iter().filter_map(|(_, bytes)| wire::decode(bytes).ok()).collect();
    for some in list.chunks(limits::OPENINGS_PER_MESSAGE) {
        turn.send(peer, Message::Opened(some.to_vec()));
    }
}

/// A partner passes on openings.
pub(crate) fn opened(
    state: &mut State,
    turn: &mut Turn<'_>,
    from: CaisseId,
    list: &[EpochOpening],
) {
    for opening in list {
        // What does not hold is as if it had not come.
        let _ = learn(state, turn, opening, Some(from));
    }
}

/// Takes in an opening. What is known changes nothing.
fn learn(
    state: &mut State,
    turn: &mut Turn<'_>,
    opening: &EpochOpening,
    from: Option<CaisseId>,
) -> Result<(), KeysRefused> {
    let Some(federation) = &mut state.federation else { return Ok(()) };
    let said = opening.check(federation.view.network())?;
    let author = said.author();
    if !federation.keyring.nodes.contains_key(&author) {
        return Err(KeysRefused::WrongCaisse);
    }
    let known = federation.replica.epochs().of(&author);
    if let Some(known) = known.iter().find(|known| known.epoch == said.epoch) {
        if known.hash() == opening.hash() {
            return Ok(());
        }
        contradicts(federation, turn, &said, opening, from);
        return Err(KeysRefused::IdentityForked);
    }
    let next = federation.replica.epochs().current(&author).saturating_add(1);
    if said.epoch != next {
        return Err(KeysRefused::NotNext { next });
    }
    open(state, turn, &said, opening, from);
    Ok(())
}

/// The identity key opened one epoch with two statements: no credit with it any more, and no way back.
fn contradicts(
    federation: &mut Federation,
    turn: &mut Turn<'_>,
    said: &EpochStatement,
    opening: &EpochOpening,
    from: Option<CaisseId>,
) {
    if federation.replica.betrayed(said.author()) {
        let mut key = key(&said.author(), said.epoch);
        key.push(SECOND);
        turn.put(Kind::Opening, &key, opening);
        tell(federation, turn, opening, from);
    }
}

fn tell(
    federation: &Federation,
    turn: &mut Turn<'_>,
    opening: &EpochOpening,
    from: Option<CaisseId>,
) {
    for peer in federation.connected.iter().filter(|peer| Some(**peer) != from) {
        turn.send(*peer, Message::Opened(vec![opening.clone()]));
    }
}

/// Opens an epoch: what lies behind the cuts is put aside, and the shared views are worked out again.
fn open(
    state: &mut State,
    turn: &mut Turn<'_>,
    said: &EpochStatement,
    opening: &EpochOpening,
    from: Option<CaisseId>,
) {
    let Some(federation) = &mut state.federation else { return };
    let author = said.author();
    turn.put(Kind::Opening, &key(&author, said.epoch), opening);
    for (feed, kept) in federation.replica.open(said).unwrap_or_default() {
        abandon(turn, feed, kept);
    }
    rebuild(federation, turn);
    federation.settling = true;
    let now = turn.now.after(crate::limits::COMPARE_EVERY);
    let connected = federation.connected.clone();
    for peer in connected {
        federation.compare_at.entry(peer).or_insert(now);
    }
    tell(federation, turn, opening, from);
    refresh(state, turn);
}

/// Puts the entries of a feed after a place aside.
fn abandon(turn: &mut Turn<'_>, feed: FeedId, kept: u64) {
    let read = |from: &[u8], to: &[u8], limit| turn.range(Kind::Feed, from, to, limit);
    for (key, bytes) in walk(&read, feed, kept, usize::MAX) {
        if let Some(entry) = Verified::from_store(&bytes) {
            turn.put(Kind::Abandoned, &key, entry.envelope());
        }
        turn.delete(Kind::Feed, &key);
    }
}

/// Returns what a statement that opens our next epoch must say.
pub(super) fn next(federation: &Federation, me: CaisseId) -> NextEpoch {
    let public = federation.replica.head(FeedId::public(me));
    let pairs = federation.replica.heads().filter(|head| head.feed.author == me);
    let pairs = pairs.filter(|head| head.feed.audience != Audience::Public);
    let cut = |Head { feed, seq, hash, .. }| EpochCut { audience: feed.audience, seq, hash };
    let mut cuts: Vec<EpochCut> = std::iter::once(public).chain(pairs).map(cut).collect();
    cuts.sort_unstable();
    NextEpoch {
        network: federation.view.network(),
        epoch: federation.replica.epochs().current(&me).saturating_add(1),
        cuts,
        unheard: federation.unheard(&me),
    }
}

/// Returns every opening of a caisse, in their order.
pub(super) fn of(
    federation: Option<&Federation>,
    turn: &Turn<'_>,
    author: CaisseId,
) -> Vec<EpochOpening> {
    let said = federation.map(|f| f.replica.epochs().of(&author)).unwrap_or_default();
    said.iter().filter_map(|said| turn.get(Kind::Opening, &key(&author, said.epoch))).collect()
}

/// Changes something about keys, epochs or fork proofs.
pub(crate) fn change_keys(state: &mut State, turn: &mut Turn<'_>, command: KeysCommand) -> Outcome {
    match command {
        KeysCommand::Open { opening, entry, waits } => {
            open_ours(state, turn, &opening, entry, waits)?
        }
        KeysCommand::Learn(list) => learn_all(state, turn, &list)?,
        KeysCommand::Forgive(author) => forgive(state, turn, author)?,
    }
    Ok(Answer::Done)
}

/// Takes in openings that came by hand: all or none.
fn learn_all(state: &mut State, turn: &mut Turn<'_>, list: &[EpochOpening]) -> Result<(), Refused> {
    let federation = state.federation.as_ref().ok_or(FederationRefused::NotFounded)?;
    let mut epochs = federation.replica.epochs().clone();
    for opening in list {
        let said = opening.check(federation.view.network()).map_err(KeysRefused::from)?;
        let next = epochs.current(&said.author()).saturating_add(1);
        if said.epoch >= next && !epochs.open(said) {
            return Err(KeysRefused::NotNext { next }.into());
        }
    }
    Ok(list.iter().try_for_each(|opening| learn(state, turn, opening, None))?)
}

/// Opens our next epoch with the entry that its key signed.
fn open_ours(
    state: &mut State,
    turn: &mut Turn<'_>,
    opening: &EpochOpening,
    entry: Envelope,
    waits: Waits,
) -> Result<(), Refused> {
    let federation = state.federation.as_ref().ok_or(FederationRefused::NotFounded)?;
    let said = opening.check(federation.view.network()).map_err(KeysRefused::from)?;
    if said.author() != state.me {
        return Err(KeysRefused::WrongCaisse.into());
    }
    let expected = next(federation, state.me);
    if said.epoch != expected.epoch {
        return Err(KeysRefused::NotNext { next: expected.epoch }.into());
    }
    if waits == Waits::ForAll && expected.unheard > 0 {
        return Err(FederationRefused::NotHeard { waiting: expected.unheard }.into());
    }
    if said.cuts != expected.cuts {
        return Err(KeysRefused::Moved.into());
    }
    let first = first_entry(federation.keyring(), &said, opening, entry);
    let first = first.ok_or(KeysRefused::WrongEntry)?;
    open(state, turn, &said, opening, None);
    if let Some(federation) = &mut state.federation {
        federation.replica.insert(&first);
        federation.view_entry(&first);
        federation.moved(first.header().feed, turn.now);
        store(turn, &first);
        turn.effect(Effect::Announce(vec![first.head()]));
    }
    Ok(())
}

/// Returns the entry if it is the first of the epoch that a statement opens.
fn first_entry(
    keyring: &Keyring,
    said: &EpochStatement,
    opening: &EpochOpening,
    entry: Envelope,
) -> Option<Verified> {
    let author = said.author();
    let mut keyring = keyring.clone();
    keyring.epochs.insert((author, said.epoch), said.node);
    let entry = entry.verify(&keyring).ok()?;
    let (header, cut) = (entry.header(), said.cut(Audience::Public)?);
    let place = (header.feed, header.epoch, header.seq, header.prev);
    let says = *entry.body() == Body::Public(PublicBody::EpochOpened(Box::new(opening.clone())));
    let expected = (FeedId::public(author), said.epoch, cut.seq.checked_add(1)?, cut.hash);
    (says && place == expected).then_some(entry)
}

/// Gives credit again to a caisse that forked in an epoch that its identity key has ended.
fn forgive(state: &mut State, turn: &mut Turn<'_>, author: CaisseId) -> Result<(), Refused> {
    let federation = state.federation.as_mut().ok_or(FederationRefused::NotFounded)?;
    if !federation.replica.has_forked(&author) {
        return Err(KeysRefused::NotForked.into());
    }
    if federation.replica.is_betrayed(&author) {
        return Err(KeysRefused::IdentityForked.into());
    }
    let upto = federation.replica.epochs().current(&author).checked_sub(1);
    let Some(upto) = upto.filter(|_| !federation.replica.forks_now(&author)) else {
        return Err(KeysRefused::NotOver.into());
    };
    federation.replica.forgive(&author);
    federation.forgiven.insert(author, upto);
    turn.put(Kind::Forgiven, author.as_bytes(), &upto);
    Ok(())
}

/// Returns stored entries of a feed after a place, whatever their epochs, at most so many.
#[must_use]
pub fn entries_after(records: &dyn Records, feed: FeedId, after: u64, most: usize) -> Vec<Row> {
    let read = |from: &[u8], to: &[u8], limit| records.range(Kind::Feed, from, to, limit);
    walk(&read, feed, after, most)
}

/// Reads a feed epoch by epoch: places go on from one to the next, so their rows are one range in each.
pub(super) fn walk(
    read: &dyn Fn(&[u8], &[u8], usize) -> Vec<Row>,
    feed: FeedId,
    after: u64,
    most: usize,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut epoch = 0;
    loop {
        let from = feed_key(feed, epoch, after.saturating_add(1));
        let left = most.saturating_sub(rows.len());
        rows.extend(read(&from, &feed_key(feed, epoch, u64::MAX), left));
        let later = epoch.checked_add(1).filter(|_| rows.len() < most);
        let Some(later) = later else { return rows };
        let next = read(&feed_key(feed, later, 0), &feed_key(feed, u32::MAX, u64::MAX), 1);
        match next.first().and_then(|(key, _)| epoch_of(key)) {
            Some(next) => epoch = next,
            None => return rows,
        }
    }
}

/// Returns the epoch in the key of an entry.
fn epoch_of(key: &[u8]) -> Option<u32> {
    let (rest, _) = key.split_last_chunk::<8>()?;
    rest.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))
}
