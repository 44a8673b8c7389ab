//! The operator's door: any command, any query. A refusal is data, not an error of HTTP.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use crdt::RequestId;
use ledger::{Command, Outcome, Query};
use serde::{Deserialize, Serialize};

use super::Doors;

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
