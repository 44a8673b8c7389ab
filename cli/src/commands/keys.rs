//! Fork proofs: listed, written into files, checked without a node.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use crdt::feed::Audience;
use crdt::fork::{Fork, ProofFile};
use crdt::limits::PROOF_FILE_BYTES;
use ledger::answer::{KeysAnswer, ProofInfo};
use ledger::command::{KeysCommand, KeysQuery};
use ledger::{Answer, Command, Query};
use serde_json::json;

use super::Context;
use crate::args::keys::Proof;
use crate::failure::Failure;
use crate::output::{Done, facts, short, table, talk};
use crate::resolve::{self, unexpected};

/// What an operator does about another caisse that contradicted itself.
const WHAT_TO_DO: &str = "\
no new credit is given to it or taken from it; what is owed already stays due
what to do: call its people; let them stop every copy of their node but one; settle what is owed by bank
transfer. If it was a mishap or a stolen key, it opens a new epoch with its identity key (`caisse key rotate`),
and each caisse decides for itself: `caisse proof forgive CAISSE`. If not: `caisse federation propose remove CAISSE`
`caisse proof export CAISSE FILE` writes the proof, which anyone checks with `caisse proof check FILE`
";

/// What an operator does about its own caisse.
const WHAT_TO_DO_OURSELVES: &str = "\
THIS CAISSE contradicted itself: a copy of it ran, or an old backup spoke; it says no more to other caisses
what to do: stop every copy but one and start that one again; then `caisse key rotate` (or `caisse epoch open`) with
the identity key, and ask each other caisse to forgive; your own members can go on paying here meanwhile
";

/// Lists, writes or checks proofs.
pub(super) async fn proof(context: &Context, command: Proof) -> Result<Done, Failure> {
    match command {
        Proof::List => {
            let answer = ask(context, KeysQuery::Proofs).await?;
            let KeysAnswer::Proofs(list) = &answer else { return Err(unexpected()) };
            Done::new(&answer, list_text(list))
        }
        Proof::Export { caisse, file } => export(context, &caisse, &file).await,
        Proof::Check { file } => check(&file),
        Proof::Forgive { caisse, dry_run } => forgive(context, &caisse, dry_run).await,
    }
}

async fn forgive(context: &Context, caisse: &str, dry_run: bool) -> Result<Done, Failure> {
    let author = resolve::caisse(context, caisse).await?;
    if dry_run {
        let KeysAnswer::Proofs(mut list) = ask(context, KeysQuery::Proofs).await? else {
            return Err(unexpected());
        };
        list.retain(|proof| proof.author == author && !proof.forgiven);
        let text = list_text(&list);
        return Done::new(
            &json!({ "would_forgive": list }),
            format!("{text}nothing was changed\n"),
        );
    }
    let answer = context.command(&Command::Keys(Box::new(KeysCommand::Forgive(author)))).await?;
    Done::new(&answer, format!("{} gets credit from this caisse again", short(&author)))
}

pub(super) async fn ask(context: &Context, question: KeysQuery) -> Result<KeysAnswer, Failure> {
    let Answer::Keys(answer) = context.query(&Query::Keys(question)).await? else {
        return Err(unexpected());
    };
    Ok(*answer)
}

fn audience(audience: Audience) -> String {
    match audience {
        Audience::Public => "everyone".to_owned(),
        Audience::Pair(reader) => short(&reader),
    }
}

fn list_text(list: &[ProofInfo]) -> String {
    if list.is_empty() {
        return "no caisse is known to have contradicted itself\n".to_owned();
    }
    let mut rows = table(&["caisse", "name", "said two things to", ">epoch", ">place", "now"]);
    for ProofInfo { author, name, audience: to, epoch, seq, over, forgiven, .. } in list {
        let (epoch, seq) = (epoch.to_string(), seq.to_string());
        let now = match (over, forgiven) {
            (_, true) => "forgiven",
            (true, false) => "its epoch is over: can be forgiven",
            (false, false) => "frozen",
        };
        rows.add_row([short(author), name.clone(), audience(*to), epoch, seq, now.to_owned()]);
    }
    let others = if list.iter().all(|proof| proof.ours) { "" } else { WHAT_TO_DO };
    let ours = if list.iter().any(|proof| proof.ours) { WHAT_TO_DO_OURSELVES } else { "" };
    format!("{rows}\n{ours}{others}")
}

async fn export(context: &Context, caisse: &str, path: &Path) -> Result<Done, Failure> {
    let author = resolve::caisse(context, caisse).await?;
    let KeysAnswer::Proof(file) = ask(context, KeysQuery::Proof(author)).await? else {
        return Err(unexpected());
    };
    let fork = file.check().map_err(|why| Failure::Failed(why.to_string()))?;
    let text = serde_json::to_string_pretty(&file).map_err(Failure::misused)?;
    let why = |why: std::io::Error| Failure::Failed(format!("{}: {why}", path.display()));
    let mut out = File::create_new(path).map_err(why)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(why)?;
    talk(&format!("anyone checks it with: caisse proof check {}", path.display()));
    Done::new(&json!({ "file": path, "fork": fork }), format!("{} is written", path.display()))
}

fn check(path: &Path) -> Result<Done, Failure> {
    let misused = |why: std::io::Error| Failure::Misused(format!("{}: {why}", path.display()));
    let mut text = Vec::new();
    let file = File::open(path).map_err(misused)?;
    file.take(PROOF_FILE_BYTES as u64 + 1).read_to_end(&mut text).map_err(misused)?;
    let nothing =
        |why: String| Failure::Failed(format!("{} proves nothing: {why}", path.display()));
    if text.len() > PROOF_FILE_BYTES {
        return Err(nothing("it is too large for a fork proof".to_owned()));
    }
    let file: ProofFile = serde_json::from_slice(&text).map_err(|why| nothing(why.to_string()))?;
    let Fork { feed, epoch, seq } = file.check().map_err(|why| nothing(why.to_string()))?;
    let shown = facts(&[
        ("federation", file.network().to_string()),
        ("caisse", feed.author.to_string()),
        ("said two things to", audience(feed.audience)),
        ("epoch", epoch.to_string()),
        ("place", seq.to_string()),
    ]);
    let fork = json!({ "federation": file.network(), "fork": Fork { feed, epoch, seq } });
    Done::new(
        &fork,
        format!("{shown}the proof holds: this caisse signed two entries for one place\n"),
    )
}
