//! A slow line as a process of its own, so that it can stand in a network namespace.
//!
//! `slow-link LISTEN TARGET MILLISECONDS`, until it is killed.

use std::time::Duration;

use anyhow::Context as _;
use tests::slow_link::SlowLink;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [listen, target, round_trip] = words.as_slice() else {
        anyhow::bail!("usage: slow-link LISTEN TARGET MILLISECONDS");
    };
    let (listen, target) = (listen.parse().context(LISTEN)?, target.parse().context(LISTEN)?);
    let round_trip = round_trip.parse().context("the round trip is a number of milliseconds")?;
    let mut line = SlowLink::open(listen, target, Duration::from_millis(round_trip)).await?;
    line.closed().await;
    Ok(())
}

const LISTEN: &str = "both ends are of the form 127.0.0.1:7447";
