//! Fork proofs: kept, passed on, shown. Whoever contradicts itself towards one is known to all.

use crdt::CaisseId;
use crdt::feed::Audience;
use crdt::fork::{Fork, ForkProof, Keys, ProofFile};
use crdt::message::Message;
use crdt::{limits, wire};

use super::accept::{rebuild, refresh};
use super::{Federation, epochs, feed_key};
use crate::answer::{Answer, KeysAnswer, ProofInfo};
use crate::command::KeysQuery;
use crate::records::Kind;
use crate::refused::{FederationRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// A partner passes on proofs. Of each feed the earliest fork is kept; what is not earlier than that is
/// put aside before any signature is looked at, so a proof costs its check once.
pub(crate) fn heard(state: &mut State, turn: &mut Turn<'_>, from: CaisseId, list: Vec<ForkProof>) {
    for proof in list {
        let Some(federation) = &state.federation else { return };
        let new = proof.place().filter(|fork| is_new(federation, fork));
        if new.is_some()
            && let Ok(fork) = proof.check(&federation.keyring)
        {
            keep(state, turn, fork, proof, Some(from));
        }
    }
}

/// Returns whether a proof of this fork would say something new. A feed for a caisse that nobody knows
/// does not count: an author could make any number of those.
fn is_new(federation: &Federation, fork: &Fork) -> bool {
    let known = match fork.feed.audience {
        Audience::Public => true,
        Audience::Pair(reader) => federation.keyring.nodes.contains_key(&reader),
    };
    let replica = &federation.replica;
    // What an old key signs beyond the cut of its epoch says nothing of the caisse.
    let counts = replica.epochs().at(fork.feed, fork.seq) == fork.epoch;
    let author = &fork.feed.author;
    let earlier = if fork.epoch == replica.epochs().current(author) {
        replica.forks().get(&fork.feed).is_none_or(|seq| fork.seq < *seq)
    } else {
        let forgiven = federation.forgiven.get(author).is_some_and(|upto| fork.epoch <= *upto);
        !forgiven && !replica.has_forked(author)
    };
    known && counts && earlier
}

/// Keeps a proof that holds, works out the shared views again without what came after the fork, and tells
/// every partner.
pub(super) fn keep(
    state: &mut State,
    turn: &mut Turn<'_>,
    fork: Fork,
    proof: ForkProof,
    from: Option<CaisseId>,
) {
    let Some(federation) = &mut state.federation else { return };
    let before = federation.replica.forks().get(&fork.feed).copied();
    if !epochs::forked(federation, &fork) {
        return;
    }
    if let Some(later) = before.filter(|later| *later > fork.seq) {
        turn.delete(Kind::ForkProof, &feed_key(fork.feed, fork.epoch, later));
    }
    turn.put(Kind::ForkProof, &feed_key(fork.feed, fork.epoch, fork.seq), &(fork, &proof));
    if fork.feed.audience == Audience::Public {
        rebuild(federation, turn);
    }
    for peer in federation.connected.iter().filter(|peer| Some(**peer) != from) {
        turn.send(*peer, Message::Forked(vec![proof.clone()]));
    }
    refresh(state, turn);
}

fn stored(turn: &Turn<'_>) -> Vec<(Fork, ForkProof)> {
    let rows = turn.range(Kind::ForkProof, &[], &[], usize::MAX);
    rows.iter().filter_map(|(_, bytes)| wire::decode(bytes).ok()).collect()
}

/// Tells a partner that has just come every proof that we hold.
pub(super) fn pass_on(turn: &mut Turn<'_>, peer: CaisseId) {
    let proofs: Vec<ForkProof> = stored(turn).into_iter().map(|(_, proof)| proof).collect();
    for some in proofs.chunks(limits::PROOFS_PER_MESSAGE) {
        turn.send(peer, Message::Forked(some.to_vec()));
    }
}

/// Answers a question about fork proofs.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: KeysQuery) -> Outcome {
    let federation = state.federation.as_ref();
    let answer = match question {
        KeysQuery::Proofs => {
            let all = federation.map(|f| list(f, turn, state.me));
            KeysAnswer::Proofs(all.unwrap_or_default())
        }
        KeysQuery::Proof(author) => {
            let file = federation.and_then(|f| file(f, turn, author)).ok_or(Refused::NotFound)?;
            KeysAnswer::Proof(Box::new(file))
        }
        KeysQuery::NextEpoch => {
            let federation = federation.ok_or(FederationRefused::NotFounded)?;
            KeysAnswer::NextEpoch(epochs::next(federation, state.me))
        }
        KeysQuery::Openings(author) => KeysAnswer::Openings(epochs::of(federation, turn, author)),
    };
    Ok(Answer::Keys(Box::new(answer)))
}

fn list(federation: &Federation, turn: &Turn<'_>, me: CaisseId) -> Vec<ProofInfo> {
    let contacts = federation.view.register.contacts();
    let info = |Fork { feed, epoch, seq }: Fork| ProofInfo {
        author: feed.author,
        name: contacts.get(&feed.author).map_or(String::new(), |contact| contact.name.clone()),
        ours: feed.author == me,
        audience: feed.audience,
        epoch,
        seq,
        over: epoch < federation.replica.epochs().current(&feed.author),
        forgiven: federation.forgiven.get(&feed.author).is_some_and(|upto| epoch <= *upto),
    };
    stored(turn).into_iter().map(|(fork, _)| info(fork)).collect()
}

/// Returns the latest proof against a caisse with the keys by which it is checked.
fn file(federation: &Federation, turn: &Turn<'_>, author: CaisseId) -> Option<ProofFile> {
    let of_author = stored(turn).into_iter().filter(|(fork, _)| fork.feed.author == author);
    let (fork, proof) = of_author.max_by_key(|(fork, _)| fork.epoch)?;
    let contacts = federation.view.register.contacts();
    let contact = contacts.get(&author)?;
    let opened = federation.replica.epochs().of(&author);
    let keys = match opened.iter().find(|said| said.epoch == fork.epoch) {
        Some(said) => Keys {
            identity: said.identity,
            node: said.node,
            sealing: said.sealing,
            certificate: said.certificate,
        },
        None => Keys {
            identity: contact.identity,
            node: contact.node,
            sealing: contact.sealing,
            certificate: contact.certificate,
        },
    };
    Some(ProofFile::new(federation.view.network(), keys, &proof))
}
