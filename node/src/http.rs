//! The doors for people: the operator's socket, and HTTP for tills.

mod known;
mod offline;
mod operator;
mod till;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use crdt::key::SecretKey;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::machine::Handle;
use crate::metrics::Metrics;
use crate::run::RunError;

pub use offline::{CardIssuer, Offline, OfflineLimits};
pub use operator::BackUp;
pub use till::{SignedReceipt, check_till_request};

/// Bytes of a request of a till: a sealed code and a basket of as many lines as may be.
pub const TILL_BODY_BYTES: usize = 64 * 1024;

/// Bytes of a request of the operator: a charter of many caisses or a sheet of many products.
pub const OPERATOR_BODY_BYTES: usize = 8 * 1024 * 1024;

/// What a door needs.
#[derive(Clone, Debug)]
pub struct Doors {
    /// The machine.
    pub machine: Handle,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// Signs receipts.
    pub node: SecretKey,
    known: Arc<known::Known>,
}

impl Doors {
    /// Makes the doors of a machine.
    #[must_use]
    pub fn new(machine: Handle, metrics: Arc<Metrics>, node: SecretKey) -> Self {
        Self { machine, metrics, node, known: Arc::default() }
    }
}

/// The name of the operator's socket in a caisse's directory. Its permissions are the authentication.
pub const SOCKET: &str = "operator.sock";

/// Returns the hash under which a till's secret is kept.
#[must_use]
pub fn till_digest(secret: &str) -> crdt::Digest {
    crdt::digest::Domain::Till.hash(secret.as_bytes())
}

/// Returns the routes of the operator's door.
pub fn operator_routes(doors: Doors) -> Router {
    watchers()
        .route("/v1/command", post(operator::command))
        .route("/v1/query", post(operator::query))
        .route("/v1/backup", post(operator::backup))
        .layer(DefaultBodyLimit::max(OPERATOR_BODY_BYTES))
        .with_state(doors)
}

/// Returns the routes of the door for tills.
pub fn till_routes(doors: Doors) -> Router {
    watchers()
        .route("/v1/payments", post(till::pay))
        .route("/v1/refunds", post(till::refund))
        .route("/v1/card-home", post(till::card_home))
        .route("/v1/revoked-cards", get(till::revoked_cards))
        .route("/v1/offline", get(offline::offline))
        .route("/v1/vendor", get(till::vendor))
        .route("/v1/catalogue", get(till::catalogue))
        .layer(DefaultBodyLimit::max(TILL_BODY_BYTES))
        .with_state(doors)
}

fn watchers() -> Router<Doors> {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Ready is who answers a question.
async fn ready(State(doors): State<Doors>) -> (StatusCode, &'static str) {
    match doors.machine.query(ledger::Query::Status).await {
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

async fn metrics(State(doors): State<Doors>) -> String {
    if let Ok(Ok(ledger::Answer::Guarantee(guarantee))) =
        doors.machine.query(ledger::Query::Guarantee).await
    {
        doors.metrics.guarantee_margin.set(guarantee.margin().get());
    }
    doors.metrics.text()
}

/// Opens both doors.
///
/// # Errors
/// [`RunError::Door`] if an address or the socket cannot be listened on.
pub async fn serve(
    parts: &mut JoinSet<Result<(), RunError>>,
    doors: Doors,
    dir: &Path,
    http: SocketAddr,
    stop: &watch::Receiver<bool>,
) -> Result<(), RunError> {
    let refused = |address: String| {
        move |why: std::io::Error| RunError::Door { address, why: why.to_string() }
    };
    let tcp = TcpListener::bind(http).await.map_err(refused(http.to_string()))?;
    // The store's lock is held, so a socket that is there was left by a process that is gone.
    let path = dir.join(SOCKET);
    let _ = std::fs::remove_file(&path);
    let name = path.display().to_string();
    let unix = UnixListener::bind(&path).map_err(refused(name.clone()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .map_err(refused(name))?;
    let stopped = |mut stop: watch::Receiver<bool>| async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let (tills, operator) = (till_routes(doors.clone()), operator_routes(doors));
    let ended = |why: std::io::Error| RunError::Part(why.to_string());
    let (one, other) = (stopped(stop.clone()), stopped(stop.clone()));
    parts.spawn(
        async move { axum::serve(tcp, tills).with_graceful_shutdown(one).await.map_err(ended) },
    );
    parts.spawn(async move {
        let served = axum::serve(unix, operator).with_graceful_shutdown(other).await;
        let _ = std::fs::remove_file(path);
        served.map_err(ended)
    });
    Ok(())
}
