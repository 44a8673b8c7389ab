//! Backups: written by the node, or of a stopped caisse's store; restored into a directory.

use std::path::{Path, PathBuf};

use ::node::backup::{self, Passphrase, Written};
use ::node::http::BackUp;
use ::node::store::Store;
use serde_json::json;

use super::Context;
use crate::args::backup::{Backup, Restore};
use crate::client::now;
use crate::failure::Failure;
use crate::output::{Done, facts, patiently, talk};

/// Writes a backup.
pub(super) async fn backup(context: &Context, asked: Backup) -> Result<Done, Failure> {
    let file = std::path::absolute(&asked.file).map_err(Failure::misused)?;
    let typed = if asked.with_keys {
        Some(new_passphrase(asked.passphrase_file.as_deref())?)
    } else {
        None
    };
    let passphrase = typed.as_deref().map(Passphrase::new).transpose().map_err(Failure::misused)?;
    let ask = BackUp { file: file.clone(), passphrase: typed };
    let written = match context.backup(&ask).await {
        Err(Failure::Unreachable { .. }) => {
            let dir = context.dir().to_owned();
            let stopped =
                tokio::task::spawn_blocking(move || of_stopped(&dir, &file, passphrase.as_ref()));
            let stopped = patiently("writing the backup", stopped).await;
            stopped.map_err(|why| Failure::Failed(why.to_string()))??
        }
        written => written?,
    };
    talk(if written.with_keys {
        "the caisse's keys are in it: whoever has the file and the passphrase is the caisse"
    } else {
        "the caisse's keys are NOT in it: keep a copy of its keys/ in another place; what is known of \
         persons is readable in it: keep it as safe as the caisse"
    });
    let text = facts(&[
        ("backup", written.file.display().to_string()),
        ("bytes", written.bytes.to_string()),
        ("entries of the books", written.journal_entries.to_string()),
        ("entries of feeds", written.feed_entries.to_string()),
    ]);
    Done::new(&written, text)
}

fn of_stopped(
    dir: &Path,
    file: &Path,
    passphrase: Option<&Passphrase>,
) -> Result<Written, Failure> {
    let store = Store::open(dir)?;
    talk("no node runs here: reading the store itself");
    let lock = passphrase.map(Passphrase::lock).transpose()?;
    Ok(backup::write(&store, file, lock.as_ref(), now())?)
}

/// Restores a backup, or shows what is in it.
pub(super) async fn restore(asked: Restore) -> Result<Done, Failure> {
    let work = tokio::task::spawn_blocking(move || restore_now(&asked));
    let done = patiently("reading the backup", work).await;
    done.map_err(|why| Failure::Failed(why.to_string()))?
}

fn restore_now(asked: &Restore) -> Result<Done, Failure> {
    let found = backup::Backup::open(&asked.file)?;
    let head = &found.head;
    let shown = facts(&[
        ("caisse", head.name.clone()),
        ("id", head.caisse.to_string()),
        ("made (UTC)", head.made.to_string()),
        ("entries of the books", head.journal_entries.to_string()),
        ("entries of feeds", head.feed_entries.to_string()),
        ("records", found.rows.to_string()),
        ("the caisse's own keys", if head.with_keys { "in it" } else { "not in it" }.to_owned()),
    ]);
    if asked.dry_run {
        let json = json!({ "backup": head, "rows": found.rows, "locked": found.locked });
        return Done::new(&json, format!("{shown}nothing was changed\n"));
    }
    let typed = match (&asked.passphrase_file, found.locked) {
        (_, false) => None,
        (Some(path), true) => Some(first_line(path)?),
        (None, true) => Some(ask("passphrase: ")?),
    };
    let passphrase = typed.as_deref().map(Passphrase::new).transpose().map_err(Failure::misused)?;
    let how = backup::Restore {
        dir: &std::path::absolute(&asked.to).map_err(Failure::misused)?,
        force: asked.force,
        passphrase: passphrase.as_ref(),
        keys: asked.keys.as_deref(),
        erasures: &asked.erasures,
        now: now(),
    };
    let restored = backup::restore(&found, &how)?;
    let mut lines = shown;
    if let Some(aside) = &restored.aside {
        lines += &format!("what was there is now in {}\n", aside.display());
    }
    if restored.erased > 0 {
        lines += &format!("left out, because erased since: {} records\n", restored.erased);
    }
    if !restored.with_erasures {
        talk(
            "no list of erasures was given: whoever was erased after this backup was made is back, and \
             has to be erased again",
        );
    }
    if restored.has_keys {
        talk(&format!("open it with: caisse run {}", restored.dir.display()));
    } else {
        talk(&format!(
            "put the caisse's keys into {} before you run it",
            restored.dir.join("keys").display()
        ));
    }
    let json = json!({ "backup": head, "restored": restored });
    Done::new(&json, format!("{lines}restored in {}\n", restored.dir.display()))
}

fn first_line(path: &PathBuf) -> Result<String, Failure> {
    let misused = |why: std::io::Error| Failure::Misused(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(misused)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn ask(prompt: &str) -> Result<String, Failure> {
    rpassword::prompt_password(prompt).map_err(|why| {
        Failure::Misused(format!("cannot ask for the passphrase ({why}): give --passphrase-file"))
    })
}

fn new_passphrase(file: Option<&Path>) -> Result<String, Failure> {
    if let Some(file) = file {
        return first_line(&file.to_owned());
    }
    let typed = ask("passphrase: ")?;
    if ask("once more: ")? == typed {
        Ok(typed)
    } else {
        Err(Failure::misused("these are two different passphrases"))
    }
}
