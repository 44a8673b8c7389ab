//! Words of the identity key: new keys, new epochs.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use ::node::keys::{self, Keys};
use crdt::contact::{Contact, certify};
use crdt::epoch::{EpochOpening, EpochStatement};
use crdt::feed::{Audience, Body, Draft, Envelope, FeedId, Head, PublicBody};
use crdt::key::SecretKey;
use crdt::wire;
use ledger::answer::{KeysAnswer, NextEpoch};
use ledger::command::{KeysCommand, KeysQuery, Waits};
use ledger::{Answer, Command, Query};
use serde_json::json;

use super::Context;
use super::keys::ask;
use crate::args::keys::{Epoch, Key, Word};
use crate::client::now;
use crate::failure::Failure;
use crate::output::{Done, facts, talk};
use crate::resolve::{self, unexpected};

/// Bytes of a file of openings: less than the operator's door takes.
const IMPORT_BYTES: u64 = 4 * 1024 * 1024;

/// Changes the caisse's keys.
pub(super) async fn key(context: &Context, command: Key) -> Result<Done, Failure> {
    let Key::Rotate { word } = command;
    rotate(context, &word).await
}

/// Opens epochs, and carries the words that opened them.
pub(super) async fn epoch(context: &Context, command: Epoch) -> Result<Done, Failure> {
    match command {
        Epoch::Open { word, wait_for_nobody } => {
            let waits = if wait_for_nobody { Waits::ForNobody } else { Waits::ForAll };
            reopen(context, &word, waits).await
        }
        Epoch::Export { of, file } => export(context, of.as_deref(), &file).await,
        Epoch::Import { file } => import(context, &file).await,
    }
}

async fn contact(context: &Context) -> Result<Contact, Failure> {
    match context.query(&Query::Contact).await? {
        Answer::Contact(contact) => Ok(*contact),
        _ => Err(unexpected()),
    }
}

async fn next_epoch(context: &Context) -> Result<NextEpoch, Failure> {
    match ask(context, KeysQuery::NextEpoch).await? {
        KeysAnswer::NextEpoch(next) => Ok(next),
        _ => Err(unexpected()),
    }
}

fn shown(said: &EpochStatement, unheard: u32) -> String {
    let entries: u64 = said.cuts.iter().map(|cut| cut.seq).sum();
    facts(&[
        ("epoch", said.epoch.to_string()),
        ("node key", said.node.to_string()),
        ("feeds of ours", said.cuts.len().to_string()),
        ("entries that go on counting", entries.to_string()),
        ("partners not heard since the start", unheard.to_string()),
        ("reason", said.reason.clone()),
    ])
}

fn statement(next: &NextEpoch, contact: &Contact, reason: &str) -> EpochStatement {
    EpochStatement {
        network: next.network,
        identity: contact.identity,
        epoch: next.epoch,
        node: contact.node,
        sealing: contact.sealing,
        certificate: contact.certificate,
        cuts: next.cuts.clone(),
        reason: reason.to_owned(),
    }
}

/// Makes the first entry of the epoch, signed by its key.
fn first_entry(
    dir: &Path,
    said: &EpochStatement,
    opening: &EpochOpening,
    node: &SecretKey,
) -> Result<Envelope, Failure> {
    let keys = Keys::load(dir).map_err(|why| Failure::Failed(why.to_string()))?;
    let cut = said.cut(Audience::Public).ok_or_else(unexpected)?;
    let feed = FeedId::public(said.author());
    let draft = Draft {
        network: said.network,
        after: Head { feed, epoch: said.epoch, seq: cut.seq, hash: cut.hash },
        body: Body::Public(PublicBody::EpochOpened(Box::new(opening.clone()))),
        claimed: now(),
        seen: Vec::new(),
    };
    Ok(draft.sign(node, keys.salts.as_bytes()).into())
}

fn identity(context: &Context, word: &Word, contact: &Contact) -> Result<SecretKey, Failure> {
    let identity = keys::identity_in(context.dir(), word.identity.as_deref());
    let identity = identity.map_err(|why| {
        Failure::Misused(format!("{why}; if the identity key is kept elsewhere, give --identity"))
    })?;
    if identity.public() == contact.identity {
        Ok(identity)
    } else {
        Err(Failure::misused("this is not the identity key of this caisse"))
    }
}

async fn say(
    context: &Context,
    said: &EpochStatement,
    (identity, node): (&SecretKey, &SecretKey),
    waits: Waits,
) -> Result<Answer, Failure> {
    let opening = said.sign(identity);
    let entry = first_entry(context.dir(), said, &opening, node)?;
    let command = KeysCommand::Open { opening, entry, waits };
    context.command(&Command::Keys(Box::new(command))).await
}

async fn reopen(context: &Context, word: &Word, waits: Waits) -> Result<Done, Failure> {
    let (next, contact) = (next_epoch(context).await?, contact(context).await?);
    let identity = identity(context, word, &contact)?;
    let said = statement(&next, &contact, &word.reason);
    let text = shown(&said, next.unheard);
    if word.dry_run {
        return Done::new(&json!({ "would_open": said }), format!("{text}nothing was changed\n"));
    }
    let keys = Keys::load(context.dir()).map_err(|why| Failure::Failed(why.to_string()))?;
    say(context, &said, (&identity, &keys.node), waits).await?;
    Done::new(&json!({ "opened": said }), format!("{text}epoch {} is open\n", said.epoch))
}

async fn rotate(context: &Context, word: &Word) -> Result<Done, Failure> {
    let (next, contact) = (next_epoch(context).await?, contact(context).await?);
    let identity = identity(context, word, &contact)?;
    if word.dry_run {
        let said = statement(&next, &contact, &word.reason);
        let text = shown(&said, next.unheard);
        let text = format!("{text}the node key would be another; nothing was changed\n");
        return Done::new(&json!({ "would_open": said }), text);
    }
    let failed = |why: keys::KeysError| Failure::Failed(why.to_string());
    let new = keys::prepare(context.dir()).map_err(failed)?;
    let (node, sealing) = (new.node.public(), new.sealing.public());
    let certificate = certify(&identity, &node, &sealing);
    let contact = Contact { node, sealing, certificate, ..contact };
    let said = match opened_with(context, &contact, next.network).await? {
        // It was said before, and something came between that and the keys.
        Some(said) => said,
        None => {
            let said = statement(&next, &contact, &word.reason);
            say(context, &said, (&identity, &new.node), Waits::ForAll).await?;
            said
        }
    };
    let certified = wire::encode(&(contact.identity, said.certificate));
    keys::put_in_place(context.dir(), said.epoch, &certified).map_err(failed)?;
    talk("START THE NODE AGAIN NOW: until then it says nothing to other caisses");
    talk(
        "a partner that is away, and meets no third caisse, needs `caisse epoch export`, then `epoch import`",
    );
    let text = shown(&said, next.unheard);
    Done::new(&json!({ "opened": said }), format!("{text}the new keys are in their place\n"))
}

/// Returns the statement by which our present epoch was opened, if it was with these keys.
async fn opened_with(
    context: &Context,
    contact: &Contact,
    network: crdt::NetworkId,
) -> Result<Option<EpochStatement>, Failure> {
    let KeysAnswer::Openings(list) = ask(context, KeysQuery::Openings(contact.id)).await? else {
        return Err(unexpected());
    };
    let Some(opening) = list.last() else { return Ok(None) };
    let said = opening.check(network).map_err(|why| Failure::Failed(why.to_string()))?;
    Ok(Some(said).filter(|said| said.node == contact.node))
}

async fn export(context: &Context, of: Option<&str>, path: &Path) -> Result<Done, Failure> {
    let author = match of {
        Some(text) => resolve::caisse(context, text).await?,
        None => contact(context).await?.id,
    };
    let KeysAnswer::Openings(list) = ask(context, KeysQuery::Openings(author)).await? else {
        return Err(unexpected());
    };
    if list.is_empty() {
        return Err(Failure::Failed(
            "this caisse is in its first epoch: there is nothing to carry".to_owned(),
        ));
    }
    let why = |why: std::io::Error| Failure::Failed(format!("{}: {why}", path.display()));
    let text = serde_json::to_string(&list).map_err(Failure::misused)?;
    let mut out = File::create_new(path).map_err(why)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(why)?;
    Done::new(&json!({ "file": path }), format!("{} is written", path.display()))
}

async fn import(context: &Context, path: &Path) -> Result<Done, Failure> {
    let misused = |why: String| Failure::Misused(format!("{}: {why}", path.display()));
    let mut text = Vec::new();
    let most = IMPORT_BYTES;
    let file = File::open(path).map_err(|why| misused(why.to_string()))?;
    file.take(most).read_to_end(&mut text).map_err(|why| misused(why.to_string()))?;
    let list = serde_json::from_slice(&text).map_err(|why| misused(why.to_string()))?;
    let answer = context.command(&Command::Keys(Box::new(KeysCommand::Learn(list)))).await?;
    Done::new(&answer, "the epoch is known now")
}
