//! Payments at one caisse: a real process, tills on connections that they keep, durable before the answer.
//! Beside it, in the same run, PostgreSQL with the same work in a stored function.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crdt::{Cents, PaymentId};
use serde::Deserialize;

use super::house::House;
use super::load::{Sold, Stock, per_second, sell};
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::chance::Chance;
use crate::config::Config;
use crate::market::{Shopper, Stall, plain_code};
use crate::node::Node;
use crate::till::Sale;

/// How many tills sell at the same time, each with its own vendor.
const TILLS: [usize; 3] = [1, 8, 32];
const MOST_TILLS: usize = 32;

/// Rounds of ours and PostgreSQL's in turn, of which the middle one counts: others use the machine too.
const ROUNDS: usize = 3;

/// Seconds of each load in each round.
const SECONDS: u64 = 4;

const MEMBERS: u64 = 10_000;
const CREDIT: u32 = 1_000;

const HOW: &str = "real process, HTTP/1.1 kept alive on loopback, card scanned (signature checked), code \
                   checked, receipt signed, durable before the answer";

/// What `postgres.sh` says of one number of clients.
#[derive(Clone, Debug, Deserialize)]
struct Peer {
    clients: usize,
    payments_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// One load: how much was sold, and what it cost the node.
struct Round {
    sold: Sold,
    /// Microseconds of processor time of the node's process for each payment.
    processor_us: f64,
}

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    setting.step("local: enrolling members");
    let mut node = Node::make(&Config::new("Montpellier")?.giving(CREDIT))?;
    let mut house = House::open(&node.dir())?;
    let members = usize::try_from(setting.size(MEMBERS)).unwrap_or(usize::MAX);
    let (shoppers, stalls) = (house.enrol(members)?, house.set_up(MOST_TILLS)?);
    let empty = house.disk_bytes()?;
    drop(house);
    node.start()?;
    node.ready().await?;
    let time = Duration::from_millis(setting.size(SECONDS * 1_000));
    let shoppers = Arc::new(shoppers);
    sell(stocks(&node, &stalls, &shoppers, 0), time / 4).await?;
    let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
    let rounds = if setting.quick { 1 } else { ROUNDS };
    for round in 1..=rounds {
        for tills in TILLS {
            setting.step(&format!("local: round {round}, {}", counted(tills)));
            let stocks = stocks(&node, &stalls[..tills], &shoppers, (round * 100 + tills) as u64);
            ours.entry(tills).or_insert_with(Vec::new).push(load(&node, stocks, time).await?);
        }
        setting.step(&format!("local: round {round}, PostgreSQL"));
        match postgres(setting).await? {
            Ok(peers) => peers.into_iter().for_each(|peer| {
                theirs.entry(peer.clients).or_insert_with(Vec::new).push(peer);
            }),
            Err(why) => {
                report.lacks("PostgreSQL, the same work", why);
                break;
            }
        }
    }
    for tills in TILLS {
        let ours = ours.remove(&tills).and_then(|rounds| middle(rounds, |round| round.sold.rate));
        let theirs = theirs.remove(&tills).and_then(|rounds| middle(rounds, |p| p.payments_per_s));
        if let Some(ours) = ours {
            add(setting, report, tills, &ours, theirs.as_ref());
        }
    }
    node.stop()?;
    disk(report, &node, empty)
}

async fn load(node: &Node, stocks: Vec<Stock>, time: Duration) -> Result<Round, Trouble> {
    let before = node.processor_time()?;
    let sold = sell(stocks, time).await?;
    let spent = node.processor_time()?.saturating_sub(before);
    let processor_us = 1e6 / per_second(sold.times.count(), spent);
    Ok(Round { sold, processor_us })
}

/// Says how many tills there are.
pub(super) fn counted(tills: usize) -> String {
    if tills == 1 { "1 till".to_owned() } else { format!("{tills} tills") }
}

/// Returns the one in the middle.
pub(super) fn middle<T>(mut rounds: Vec<T>, rate: impl Fn(&T) -> f64) -> Option<T> {
    rounds.sort_by(|one, other| rate(one).total_cmp(&rate(other)));
    let place = rounds.len().checked_sub(1)? / 2;
    Some(rounds.swap_remove(place))
}

/// Gives each stall a till and endless sales with cards drawn by lot.
pub(super) fn stocks(
    node: &Node,
    stalls: &[Stall],
    shoppers: &Arc<Vec<Shopper>>,
    seed: u64,
) -> Vec<Stock> {
    let stock = |(number, stall): (u64, &Stall)| {
        let (mut chance, shoppers) = (Chance::new(seed).of(number), Arc::clone(shoppers));
        let sales = std::iter::repeat_with(move || {
            let shopper = chance.one_of(&shoppers).clone();
            let cents = 2 + u32::try_from(chance.below(98)).expect("it is below 98");
            let id = PaymentId::new(chance.bytes());
            Sale::new(id, &shopper.card, Cents::from_u32(cents), &plain_code())
        });
        (node.till(&stall.secret), Box::new(sales) as Box<dyn Iterator<Item = Sale> + Send>)
    };
    (0..).zip(stalls).map(stock).collect()
}

fn add(
    setting: &Setting,
    report: &mut Report,
    tills: usize,
    Round { sold, processor_us }: &Round,
    theirs: Option<&Peer>,
) {
    let name = |what: &str| format!("local payments, {}: {what}", counted(tills));
    report.add(Figure::new(name("rate"), sold.rate, "payments/s", HOW));
    let p50 = Figure::new(name("p50"), sold.times.percentile_ms(50), "ms", HOW);
    let two_writes = Target::AtMost(2.0 * setting.machine.durable_write_p50_ms);
    report.add(if tills == 1 { p50.should_be(two_writes) } else { p50 });
    report.add(Figure::new(name("p99"), sold.times.percentile_ms(99), "ms", HOW));
    let how =
        "user and system time of the node's process, from /proc, over the payments of the load";
    report.add(Figure::new(name("processor time of each"), *processor_us, "µs", how));
    let Some(theirs) = theirs else {
        return;
    };
    let how = "pgbench: idempotency check, balance check, two updates and a journal row in one stored \
               function and one durable commit; tests/bench/postgres.sh, in turn with ours";
    let name = |what: &str| format!("PostgreSQL, {}: {what}", counted(tills));
    report.add(Figure::new(name("rate"), theirs.payments_per_s, "payments/s", how));
    report.add(Figure::new(name("p50"), theirs.p50_ms, "ms", how));
    report.add(Figure::new(name("p99"), theirs.p99_ms, "ms", how));
    let ratio = sold.rate / theirs.payments_per_s;
    let ratio = Figure::new(format!("local to PostgreSQL, {}", counted(tills)), ratio, "×", how);
    let target = Target::AtLeast(2.5);
    report.add(if tills == MOST_TILLS { ratio.should_be(target) } else { ratio });
}

/// What a payment takes on disk when tills sell at their own pace, one commit for few of them.
fn disk(report: &mut Report, node: &Node, empty: u64) -> Result<(), Trouble> {
    let house = House::open(&node.dir())?;
    let payments = house.payments();
    let bytes = per_payment(house.disk_bytes()?.saturating_sub(empty), payments);
    let how = "growth of all files of the store over all payments of the three loads above";
    let figure = Figure::new("disk per payment, sold through HTTP", bytes, "B", how);
    report.add(figure.should_be(Target::AtMost(1_500.0)));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
pub(super) fn per_payment(bytes: u64, payments: u64) -> f64 {
    bytes as f64 / payments.max(1) as f64
}

/// Lets PostgreSQL do the same; returns why not if it cannot.
async fn postgres(setting: &Setting) -> Result<Result<Vec<Peer>, String>, Trouble> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/postgres.sh");
    let output = tokio::process::Command::new("bash")
        .args([script, &setting.size(SECONDS).max(1).to_string()])
        .args(TILLS.map(|tills| tills.to_string()))
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(Trouble::io("running postgres.sh"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Ok(Err(words.trim().replace("postgres.sh: ", "")));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let peers = text.lines().map(|line| {
        serde_json::from_str::<Peer>(line).map_err(|why| Trouble::answer("postgres.sh", why))
    });
    peers.collect::<Result<_, _>>().map(Ok)
}
