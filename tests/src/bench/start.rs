//! A cold start with full books, what a payment takes on disk, and what an idle node takes in memory.

use std::time::Instant;

use super::house::House;
use super::load::Times;
use super::local::per_payment;
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::config::Config;
use crate::node::Node;

const MEMBERS: usize = 400;
const CREDIT: u32 = 50_000;
const STARTS: u64 = 3;

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    setting.step("start: a caisse of 400 members");
    let mut node = Node::make(&Config::new("Montpellier")?.giving(CREDIT))?;
    let mut house = House::open(&node.dir())?;
    let (shoppers, stalls) = (house.enrol(MEMBERS)?, house.set_up(1)?);
    let empty = house.disk_bytes()?;
    drop(house);
    let how = "VmRSS of a real process, started and ready, asked for nothing";
    start(&mut node, 1).await?;
    let idle = resident_mb(&node)?;
    let figure = Figure::new("memory of an idle node, 400 members", idle, "MB", how);
    report.add(figure.should_be(Target::AtMost(60.0)));
    node.stop()?;

    let payments = setting.size(setting.payments);
    setting.step(&format!("start: {payments} payments"));
    let mut house = House::open(&node.dir())?;
    house.pay(payments, &shoppers, &stalls[0])?;
    let bytes = per_payment(house.disk_bytes()?.saturating_sub(empty), payments);
    drop(house);
    let disk_how = "growth of all files of the store, 512 payments in a commit";
    let name = format!("disk per payment, {payments} in large batches");
    report.add(Figure::new(name, bytes, "B", disk_how).should_be(Target::AtMost(1_500.0)));

    setting.step("start: starting");
    let times = start(&mut node, STARTS).await?;
    let start_how = "from the start of the process until /readyz answers; median of 3";
    let name = format!("cold start, {payments} payments in the books");
    let figure = Figure::new(name, times.percentile_ms(50) / 1e3, "s", start_how);
    report.add(match setting.payments {
        100_000 => figure.should_be(Target::AtMost(1.0)),
        2_000_000 => figure.should_be(Target::AtMost(8.0)),
        _ => figure,
    });
    let name = format!("memory of an idle node, {payments} payments in the books");
    report.add(Figure::new(name, resident_mb(&node)?, "MB", how));
    Ok(())
}

/// Starts a node several times and leaves it running.
pub(super) async fn start(node: &mut Node, times: u64) -> Result<Times, Trouble> {
    let mut took = Times::default();
    for _ in 0..times {
        node.stop()?;
        let begun = Instant::now();
        node.start()?;
        node.ready().await?;
        took.add(begun.elapsed());
    }
    Ok(took)
}

/// Returns the resident memory of a node's process.
#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
pub(super) fn resident_mb(node: &Node) -> Result<f64, Trouble> {
    let path = format!("/proc/{}/status", node.process().unwrap_or(0));
    let text = std::fs::read_to_string(&path).map_err(Trouble::io(path))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    let kib = kib.ok_or_else(|| Trouble::answer("VmRSS", text))?;
    Ok(kib as f64 * 1024.0 / 1e6)
}
