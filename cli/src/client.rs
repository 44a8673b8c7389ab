//! The operator's way to a running node: HTTP/1 over the Unix socket in the caisse's directory.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crdt::{RequestId, Timestamp};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use ledger::command::PayIntent;
use ledger::{Answer, Command, Outcome, Query};
use node::backup::Written;
use node::http::BackUp;
use serde::Serialize;
use tokio::net::UnixStream;

use crate::failure::Failure;

/// Bytes of an answer: ten thousand rows of the longest kind, with room to spare.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// A node that can be asked. Each question is a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    dir: PathBuf,
}

#[derive(Serialize)]
struct Ask<'a> {
    request: RequestId,
    command: &'a Command,
}

impl Client {
    /// Makes a client of the node that runs in a caisse's directory.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Returns the caisse's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Asks for something; it is durable when the answer comes. The same request id with the same
    /// content is never done twice.
    ///
    /// # Errors
    /// [`Failure::Refused`], [`Failure::Unreachable`], [`Failure::Unanswered`].
    pub async fn command(&self, request: RequestId, command: &Command) -> Result<Answer, Failure> {
        let help = match command {
            Command::Pay(PayIntent { payment: id, .. }) | Command::Refund { id, .. } => {
                format!("ask again with --id {id}: it will not be done twice")
            }
            _ => format!("ask again with --request {request}: it will not be done twice"),
        };
        self.ask("/v1/command", &Ask { request, command }, help).await
    }

    /// Asks a question.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn query(&self, question: &Query) -> Result<Answer, Failure> {
        self.ask("/v1/query", question, "nothing was asked to change".to_owned()).await
    }

    /// Asks the node to write a backup.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn backup(&self, asked: &BackUp) -> Result<Written, Failure> {
        let unanswered = |why: String| Failure::Unanswered {
            why,
            help: "look whether the file is there: it is whole as soon as it has its name"
                .to_owned(),
        };
        let body = serde_json::to_vec(asked).map_err(Failure::misused)?;
        let (status, bytes) = self.post("/v1/backup", body).await?.map_err(unanswered)?;
        if status != StatusCode::OK {
            return Err(unanswered(String::from_utf8_lossy(&bytes).into_owned()));
        }
        let written: Result<Written, String> =
            serde_json::from_slice(&bytes).map_err(|why| unanswered(why.to_string()))?;
        written.map_err(Failure::Failed)
    }

    async fn ask<T: Serialize>(
        &self,
        path: &str,
        body: &T,
        help: String,
    ) -> Result<Answer, Failure> {
        let unanswered = |why: String| Failure::Unanswered { why, help: help.clone() };
        let body = serde_json::to_vec(body).map_err(Failure::misused)?;
        let (status, bytes) = self.post(path, body).await?.map_err(&unanswered)?;
        if status == StatusCode::OK {
            let outcome: Outcome =
                serde_json::from_slice(&bytes).map_err(|why| unanswered(why.to_string()))?;
            return Ok(outcome?);
        }
        let words = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_client_error() {
            return Err(Failure::Misused(format!("the node does not understand this: {words}")));
        }
        Err(unanswered(words))
    }

    /// Sends one request. The outer error says that nothing was sent, the inner one that no answer came.
    async fn post(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Result<(StatusCode, Bytes), String>, Failure> {
        let unreachable = || Failure::Unreachable { dir: self.dir.clone() };
        let stream = UnixStream::connect(self.dir.join(node::http::SOCKET)).await;
        let stream = stream.map_err(|why| match why.kind() {
            std::io::ErrorKind::PermissionDenied => Failure::Failed(format!(
                "{}: only the user who runs the node may speak to it",
                self.dir.join(node::http::SOCKET).display()
            )),
            _ => unreachable(),
        })?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|_| unreachable())?;
        let driver = tokio::spawn(connection);
        let request = Request::post(path)
            .header(hyper::header::HOST, "caisse")
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(Failure::misused)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|why| why.to_string())?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            Ok((status, body.map_err(|why| why.to_string())?.to_bytes()))
        }
        .await;
        driver.abort();
        Ok(answer)
    }
}

/// Returns random bytes of the operating system.
///
/// # Errors
/// [`Failure::Failed`] if it has none.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|why| Failure::Failed(format!("the operating system gives no chance: {why}")))?;
    Ok(bytes)
}

/// Returns the time by this machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
}
