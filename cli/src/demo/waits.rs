//! Waiting for what happens between nodes. Nothing here is decided by time: a wait that takes too long
//! fails the demo.

use std::time::{Duration, Instant};

use super::fixtures::Place;
use super::play::{PAIRS, Play};
use crate::failure::Failure;

/// How long anything may take that happens between nodes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two questions whether something has happened.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks again until there is an answer.
///
/// # Errors
/// What the question fails with, or [`Failure::Failed`] if there is no answer for too long.
pub async fn until<T>(
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if since.elapsed() > PATIENCE {
            let seconds = PATIENCE.as_secs();
            return Err(Failure::Failed(format!("still not after {seconds} s: {what}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until every caisse is connected to the two others and has heard from them.
pub async fn until_all_heard(play: &Play) -> Result<(), Failure> {
    for house in &play.houses {
        until("the caisses hear each other", async || {
            let peers = house.peers().await?;
            let others = peers.iter().filter(|peer| peer.connected && peer.heard).count();
            Ok((others + 1 == Place::ALL.len()).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Waits until two caisses hold the same of each other's feeds.
///
/// # Errors
/// [`Failure::Failed`] if they do not within the demo's patience.
pub async fn until_same(play: &Play) -> Result<(), Failure> {
    for (one, other) in PAIRS {
        until("both sides hold the same of what they said to each other", async || {
            let ours = play.house(one).statement(play.contact(other).id).await?;
            let theirs = play.house(other).statement(play.contact(one).id).await?;
            Ok((ours.now == theirs.now).then_some(()))
        })
        .await?;
    }
    Ok(())
}
