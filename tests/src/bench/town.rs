//! A caisse of the size of a large town, and one of a tenth of it: what its days cost, and how that grows.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crdt::Timestamp;
use ledger::calendar::Zone;
use ledger::{Answer, Query};

use super::house::{House, Read};
use super::load::{per_second, sell};
use super::local::stocks;
use super::start::{resident_mb, start};
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::config::Config;
use crate::market::{Shopper, Stall};
use crate::node::Node;

const MEMBERS: u64 = 200_000;
const VENDORS: u64 = 2_000;
const PAYMENTS: u64 = 2_000_000;
const CREDIT: u32 = 500;

/// Payments in one commit, and how many commits are timed.
const BATCH: usize = 64;
const BATCHES: u64 = 500;

const TILLS: usize = 32;
const SECONDS: u64 = 4;

/// How many times as long something may take with ten times the data: ten, and what `n log n` adds to it
/// between 200,000 and 2,000,000.
const GROWTH: f64 = 12.0;

/// What the days of one town cost.
struct Days {
    /// Seconds of something that goes through all data, by name.
    whole: Vec<(&'static str, &'static str, f64)>,
    /// Payments a second, by name.
    rates: Vec<(&'static str, &'static str, f64)>,
    memory_mb: f64,
}

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    let small = live(setting, 10).await?;
    let large = live(setting, 1).await?;
    let (members, payments) = (sized(setting, MEMBERS, 1), sized(setting, PAYMENTS, 1));
    let town = format!("{members} members, {payments} payments");
    for ((what, how, less), (_, _, more)) in small.whole.iter().zip(&large.whole) {
        let figure = Figure::new(format!("{town}: {what}"), *more, "s", how);
        report.add(match *what {
            "cold start" => figure.should_be(Target::AtMost(8.0)),
            _ => figure,
        });
        let name = format!("{what}: how many times a tenth of the town's");
        report.add(Figure::new(name, more / less, "×", how).should_be(Target::AtMost(GROWTH)));
    }
    for ((what, how, less), (_, _, more)) in small.rates.iter().zip(&large.rates) {
        report.add(Figure::new(format!("{town}: {what}"), *more, "payments/s", how));
        let name = format!("{what}: how many times a tenth of the town's");
        report.add(Figure::new(name, more / less, "×", how));
    }
    let how = "VmRSS of a real process, started and ready, asked for nothing";
    let memory = Figure::new(format!("{town}: memory"), large.memory_mb, "MB", how);
    report.add(memory.should_be(Target::AtMost(600.0)));
    let name = "memory: how many times a tenth of the town's";
    report.add(Figure::new(name, large.memory_mb / small.memory_mb, "×", how));
    Ok(())
}

/// Returns how many there are in a part of the town; a quick run does with much fewer.
fn sized(setting: &Setting, all: u64, part: u64) -> u64 {
    setting.size(setting.size(all / part))
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Founds a part of the town, fills its books and lives through its days.
async fn live(setting: &Setting, part: u64) -> Result<Days, Trouble> {
    let members = sized(setting, MEMBERS, part);
    let (vendors, payments) = (sized(setting, VENDORS, part), sized(setting, PAYMENTS, part));
    setting.step(&format!("town: {members} members, {vendors} vendors"));
    let mut node = Node::make(&Config::new("Montpellier")?.giving(CREDIT))?;
    let mut house = House::open(&node.dir())?;
    let (shoppers, stalls) =
        (house.members(usize_of(members))?, house.set_up(usize_of(vendors.max(TILLS as u64)))?);
    let begun = Instant::now();
    house.allocate()?;
    let run = begun.elapsed().as_secs_f64();
    setting.step(&format!("town: {payments} payments"));
    for (stall, count) in shares(payments, &stalls) {
        house.pay(count, &shoppers, stall)?;
    }
    let in_machine = batches(setting, &mut house, &shoppers, &stalls)?;
    setting.step("town: verifying");
    let begun = Instant::now();
    match house.query(&Query::Verify)? {
        Answer::Verified(found) if found.differences.is_empty() => {}
        other => return Err(Trouble::answer("verifying a town", other)),
    }
    let verify = begun.elapsed().as_secs_f64();
    drop(house);
    setting.step("town: starting");
    let cold = start(&mut node, 3).await?.percentile_ms(50) / 1e3;
    let memory_mb = resident_mb(&node)?;
    setting.step("town: selling");
    let stocks = stocks(&node, &stalls[..TILLS], &Arc::new(shoppers), part);
    let sold = sell(stocks, Duration::from_millis(setting.size(SECONDS * 1_000))).await?;
    setting.step("town: files");
    let folder = tempfile::tempdir().map_err(Trouble::io("making a temporary folder"))?;
    let out = folder.path().display().to_string();
    let (year, month) = today();
    let fec = ["fec", "export", "--siren", "123456782", "--year", &year, "--out", &out];
    let fec = typed(&node, &fec).await?;
    let vendor = stalls[0].vendor.to_string();
    let statement = typed(&node, &["vendor", "statement", &vendor, "--month", &month]).await?;
    node.stop()?;
    let whole = vec![
        ("allocation run", "one command in process, its durable commit included", run),
        ("verify", "one question in process, page cache warm", verify),
        ("cold start", "from the start of the process until /readyz answers; median of 3", cold),
        ("legal file of the year (FEC)", "caisse fec export, against a node that runs", fec),
        ("statement of a vendor", "caisse vendor statement, against a node that runs", statement),
    ];
    let rates = vec![
        (
            "payments through the machine",
            "in process: ledger::Caisse and the store, 64 payments in a durable commit, cards typed",
            in_machine,
        ),
        ("payments through HTTP, 32 tills", "as the local payments above", sold.rate),
    ];
    Ok(Days { whole, rates, memory_mb })
}

/// Returns this year and month, as they are typed.
fn today() -> (String, String) {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(passed.unwrap_or_default().as_millis()).unwrap_or(i64::MAX);
    let month = Zone::paris().date(Timestamp::from_ms(now)).month().to_string();
    (month.chars().take(4).collect(), month)
}

/// Types a command that must be done; returns how many seconds it took.
async fn typed(node: &Node, args: &[&str]) -> Result<f64, Trouble> {
    let begun = Instant::now();
    let output = tokio::process::Command::new(crate::binary::caisse()?)
        .arg("-C")
        .arg(node.dir())
        .args(args)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(Trouble::io("running caisse"))?;
    if !output.status.success() {
        return Err(Trouble::answer("a command", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Shares payments out among stalls.
fn shares(payments: u64, stalls: &[Stall]) -> impl Iterator<Item = (&Stall, u64)> {
    let each = payments.div_ceil(stalls.len() as u64);
    stalls.iter().map(move |stall| (stall, each))
}

/// Returns payments a second, 64 in one commit.
fn batches(
    setting: &Setting,
    house: &mut House,
    shoppers: &[Shopper],
    stalls: &[Stall],
) -> Result<f64, Trouble> {
    let mut spent = Duration::ZERO;
    let count = usize_of(setting.size(BATCHES));
    for stall in stalls.iter().cycle().take(count) {
        let sales = (0..BATCH).map(|_| house.sale(shoppers, stall, Read::Typed)).collect();
        let begun = Instant::now();
        let outcomes = house.batch(sales)?;
        spent += begun.elapsed();
        if let Some(Err(refused)) = outcomes.into_iter().find(Result::is_err) {
            return Err(Trouble::answer("a sale of a batch", refused));
        }
    }
    Ok(per_second(count * BATCH, spent))
}
