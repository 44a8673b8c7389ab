//! A long line: satellites have a round trip of 300 ms and more.

use std::net::SocketAddr;
use std::time::Duration;

use tests::Trouble;
use tests::config::Config;
use tests::market::{befriend, generous_terms};
use tests::node::Node;
use tests::slow_link::SlowLink;

use crate::village::Trade;

const ROUND_TRIP: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_line_with_a_round_trip_of_300_ms_every_sale_is_paid() -> Result<(), Trouble> {
    let config = Config::new("Cadenet")?.giving(3_000);
    let near = SocketAddr::from(([127, 0, 0, 1], 0));
    let line = SlowLink::open(near, config.peers(), ROUND_TRIP).await?;
    let known_at = format!("[\"/ip4/127.0.0.1/tcp/{}\"]", line.address().port());
    let home = Node::open(&config.with("addresses", &known_at)).await?;
    // The home caisse knows no way to the host, so there is only the slow line.
    let host = Node::open(&Config::new("Montpellier")?.with("addresses", "[]")).await?;
    befriend(&host.operator(), &home.operator(), &generous_terms()).await?;
    let mut trade = Trade::begin(&host, &home).await?;
    for _ in 0..10 {
        let begun = tokio::time::Instant::now();
        let told = trade.sell(&host).await?;
        assert!(told.receipt().is_some(), "{told:?}");
        assert!(begun.elapsed() >= ROUND_TRIP, "the question went over the line");
    }
    trade.books_agree(&host, &home).await
}
