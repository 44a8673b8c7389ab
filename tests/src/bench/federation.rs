//! A federation of fifty nodes on one machine: how long until all have met, and until a change is everywhere.

use std::time::{Duration, Instant};

use crdt::catalogue::Product;
use crdt::register::Charter;
use ledger::{Answer, Command, Query};
use tokio::task::JoinSet;

use super::load::Times;
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::config::Config;
use crate::market::{Stall, together};
use crate::node::Node;
use crate::till::Connection;
use crate::trouble::PATIENCE;

const NODES: u64 = 50;
const CHANGES: u64 = 40;

/// How often each node is asked whether it has the change: all of them share the processor with who asks.
const AGAIN: Duration = Duration::from_millis(5);

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    let count = setting.size(NODES).max(3);
    setting.step(&format!("federation: {count} nodes"));
    let mut nodes = Vec::new();
    for number in 0..count {
        nodes.push(Node::open(&Config::new(&format!("Caisse {number}"))?).await?);
    }
    setting.step("federation: meeting");
    let begun = Instant::now();
    found(&nodes).await?;
    let how = "real processes on one machine; from the first signature of the charter until each is \
               connected with and has heard from each other";
    let name = format!("{count} nodes found a federation");
    report.add(Figure::new(name, begun.elapsed().as_secs_f64(), "s", how));

    setting.step("federation: one change everywhere");
    let stalls = nodes[0].operator().set_up(1).await?;
    let mut times = Times::default();
    for number in 0..setting.size(CHANGES).max(3) {
        everywhere(&nodes, &stalls[0], number, &mut times).await?;
    }
    let how = "from the operator's command at one node until each other, asked every 5 ms, answers with it; \
               over all nodes and changes";
    let name = format!("one change on {count} nodes");
    let p50 = times.percentile_ms(50);
    report.add(Figure::new(format!("{name}: p50"), p50, "ms", how));
    let p99 = Figure::new(format!("{name}: p99"), times.percentile_ms(99), "ms", how);
    report.add(p99.should_be(Target::AtMost(100.0)));
    Ok(())
}

/// Founds the federation, and waits until everybody has heard from everybody.
pub(super) async fn found(nodes: &[Node]) -> Result<(), Trouble> {
    let mut founders = Vec::new();
    for node in nodes {
        founders.push(node.operator().contact().await?);
    }
    founders.sort_by_key(|founder| founder.id);
    let charter = Charter { name: "Fifty".to_owned(), founders, threshold_percent: 66 };
    for node in nodes {
        node.operator().done(&Command::Found(Box::new(charter.clone()))).await?;
    }
    for node in nodes {
        node.operator().register_until("founded", |info| info.founded).await?;
    }
    for node in nodes {
        let operator = node.operator();
        together(&operator).await?;
        let whole = |answer: &Answer| match answer {
            Answer::Status(status) => status.connected + 1 == nodes.len() as u64,
            _ => false,
        };
        operator.until("connected with everybody", &Query::Status, whole).await?;
    }
    Ok(())
}

/// Puts one product at the first node and notes when each other one answers with it.
async fn everywhere(
    nodes: &[Node],
    stall: &Stall,
    number: u64,
    times: &mut Times,
) -> Result<(), Trouble> {
    let (author, others) = nodes.split_first().ok_or_else(|| Trouble::late("a first node"))?;
    let name = format!("change{number}");
    let product = Product {
        code: format!("P{number}"),
        name: name.clone(),
        ciqual: None,
        coverage: None,
        price: None,
        climate_g_co2e_per_kg: None,
    };
    let put = Command::PutProducts { vendor: stall.vendor, products: vec![product] };
    let begun = Instant::now();
    let mut seen = JoinSet::new();
    for node in others {
        seen.spawn(until_seen(Connection::new(node.http()), name.clone(), begun));
    }
    author.operator().done(&put).await?;
    while let Some(ended) = seen.join_next().await {
        times.add(ended.map_err(|why| Trouble::answer("a node", why))??);
    }
    Ok(())
}

async fn until_seen(
    mut door: Connection,
    name: String,
    begun: Instant,
) -> Result<Duration, Trouble> {
    let path = format!("/v1/catalogue?q={name}");
    loop {
        let answer = door.get(&path).await.map_err(|why| Trouble::answer(&path, why))?;
        if String::from_utf8_lossy(&answer.1).contains(&format!("\"{name}\"")) {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > PATIENCE {
            return Err(Trouble::late(format!("{name} on every node")));
        }
        tokio::time::sleep(AGAIN).await;
    }
}
