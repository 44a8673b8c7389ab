//! The operator's door: any command, any query. A refusal is data, not an error of HTTP.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use crdt::RequestId;
use ledger::{Command, Outcome, Query};
use serde::{Deserialize, Serialize};

use super::Doors;
use crate::backup::{BackupError, Passphrase, Written};

/// A command with its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The idempotency key.
    pub request: RequestId,
    /// What is asked.
    pub command: Command,
}

type Answered = Result<Json<Outcome>, (StatusCode, String)>;

const STOPPING: (StatusCode, &str) = (StatusCode::SERVICE_UNAVAILABLE, "the caisse is stopping");

fn stopping<E>(_: E) -> (StatusCode, String) {
    (STOPPING.0, STOPPING.1.to_owned())
}

fn malformed(why: JsonRejection) -> (StatusCode, String) {
    (why.status(), why.body_text())
}

/// What is backed up where.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackUp {
    /// The new file, as the node can reach it.
    pub file: PathBuf,
    /// Locks the secrets; the caisse's own keys are then among them.
    pub passphrase: Option<String>,
}

/// Writes a backup. A refusal is data, in the words of [`BackupError`].
pub(super) async fn backup(
    State(doors): State<Doors>,
    asked: Result<Json<BackUp>, JsonRejection>,
) -> Result<Json<Result<Written, String>>, (StatusCode, String)> {
    let Json(BackUp { file, passphrase }) = asked.map_err(malformed)?;
    // Slow on purpose: not where the machine works.
    let lock = tokio::task::spawn_blocking(move || {
        let passphrase = passphrase.map(|typed| Passphrase::new(&typed)).transpose();
        let passphrase = passphrase.map_err(|weak| BackupError::Passphrase(weak.to_string()))?;
        passphrase.map(|passphrase| passphrase.lock()).transpose()
    });
    let lock = match lock.await.map_err(stopping)? {
        Ok(lock) => lock,
        Err(why) => return Ok(Json(Err(why.to_string()))),
    };
    let done = doors.machine.backup(file, lock).await.map_err(stopping)?;
    Ok(Json(done.map_err(|why| why.to_string())))
}

/// Carries out a command.
pub(super) async fn command(
    State(doors): State<Doors>,
    ask: Result<Json<Ask>, JsonRejection>,
) -> Answered {
    let Json(Ask { request, command }) = ask.map_err(malformed)?;
    doors.machine.command(request, command).await.map(Json).map_err(stopping)
}

/// Answers a question.
pub(super) async fn query(
    State(doors): State<Doors>,
    question: Result<Json<Query>, JsonRejection>,
) -> Answered {
    let Json(question) = question.map_err(malformed)?;
    doors.machine.query(question).await.map(Json).map_err(stopping)
}
