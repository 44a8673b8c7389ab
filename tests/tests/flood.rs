//! A node under a flood: what strangers and hostile members can use of it stays under ceilings, and honest
//! payments go on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crdt::contact::caisse_id;
use crdt::seal::SealingKey;
use crdt::{CaisseId, Cents, PaymentId};
use ledger::limits::FEED_BYTES_PER_DAY;
use tests::Trouble;
use tests::bench::load::Times;
use tests::chance::Chance;
use tests::config::Config;
use tests::hostile::{Malice, Target, member, stranger};
use tests::market::{CODE, Shopper, Stall, agree, found, generous_terms, plain_code};
use tests::node::Node;
use tests::till::{Sale, Till};
use tokio::task::JoinSet;

/// How long the flood lasts, unless `CAISSE_FLOOD_SECONDS` says otherwise.
const SECONDS: u64 = 20;

/// The slowest of a hundred honest payments: less than the 6 s after which a till hears that a sale across
/// caisses is void. The victim, the flood and the tills share two processors, in a build that is not
/// optimised.
const SLOWEST_MS: f64 = 5_000.0;

/// Memory that the flood may add: what may wait in the named queues (64 messages from the network and 16 MiB
/// for the machine, each decoded once more, and 16 MiB for each of three hostile peers), the cache of the
/// store, and what the allocator keeps.
const MORE_MEMORY: u64 = 384 * 1024 * 1024;

/// Disk that the flood may add: three times what all hostile members together may make us store in a day,
/// because the store writes a record again when it tidies up.
const MORE_DISK: u64 = 3 * HOSTILE_MEMBERS * FEED_BYTES_PER_DAY;

const HOSTILE_MEMBERS: u64 = 3;

/// Processors that the victim may use under the flood, in percent: one is left to others.
const PROCESSORS_PERCENT: u128 = 150;

/// The pause of each till between two sales.
const PAUSE: Duration = Duration::from_millis(150);

/// What a process uses.
#[derive(Clone, Copy, Debug)]
struct Use {
    memory: u64,
    disk: u64,
    processor: Duration,
}

fn used(node: &Node) -> Result<Use, Trouble> {
    let path = format!("/proc/{}/status", node.process().unwrap_or(0));
    let text = std::fs::read_to_string(&path).map_err(Trouble::io(path))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let memory = 1024 * kib.ok_or_else(|| Trouble::answer("memory", &text))?;
    Ok(Use { memory, disk: bytes_in(&node.dir()), processor: node.processor_time()? })
}

/// Files come and go while this counts.
fn bytes_in(folder: &Path) -> u64 {
    let Ok(list) = std::fs::read_dir(folder) else { return 0 };
    let sizes = list.filter_map(Result::ok).map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_in(&entry.path()),
        _ => entry.metadata().map_or(0, |metadata| metadata.len()),
    });
    sizes.sum()
}

/// A till that goes on selling to one customer.
struct Stand {
    till: Till,
    stall: Stall,
    shopper: Shopper,
    seal_to: Option<SealingKey>,
    chance: Chance,
}

impl Stand {
    fn sale(&mut self) -> Result<Sale, Trouble> {
        let (id, amount) = (PaymentId::new(self.chance.bytes()), Cents::from_u32(10));
        let card = &self.shopper.card;
        let Some(key) = &self.seal_to else {
            return Ok(Sale::new(id, card, amount, &plain_code()));
        };
        let code = (key, CODE, self.chance.bytes());
        Sale::sealed(id, card, amount, self.stall.vendor, code)
    }

    /// Sells until told to stop; every sale must be paid.
    async fn sell(mut self, stop: Arc<AtomicBool>) -> Result<Times, Trouble> {
        let mut times = Times::default();
        while !stop.load(Ordering::Relaxed) {
            let sale = self.sale()?;
            let begun = Instant::now();
            let told = self.till.pay(&sale).await;
            let told = told.map_err(|why| Trouble::answer("an honest sale", why))?;
            if told.receipt().is_none() {
                return Err(Trouble::answer("an honest sale", told));
            }
            times.add(begun.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
        Ok(times)
    }
}

/// The victim, an honest partner, and three members that mean harm and whose nodes are stopped.
struct Town {
    victim: Node,
    partner: Node,
    hostile: Vec<Node>,
}

impl Town {
    async fn build() -> Result<Self, Trouble> {
        let mut nodes = Vec::new();
        for name in ["Victim", "Partner", "Garbage", "Questions", "Entries"] {
            nodes.push(Node::open(&Config::new(name)?.giving(3_000)).await?);
        }
        let operators: Vec<_> = nodes.iter().map(Node::operator).collect();
        found(&operators.iter().collect::<Vec<_>>()).await?;
        for other in [1, 3] {
            agree(&operators[0], &operators[other], &generous_terms()).await?;
        }
        let mut hostile = nodes.split_off(2);
        for node in &mut hostile {
            node.stop()?;
        }
        let [victim, partner] = nodes.try_into().map_err(|_| Trouble::late("two nodes"))?;
        Ok(Self { victim, partner, hostile })
    }

    /// Two stalls of the victim: one sells to its own member, one to a visitor.
    async fn stands(&self) -> Result<Vec<Stand>, Trouble> {
        let stalls = self.victim.operator().set_up(2).await?;
        let local = self.victim.operator().enrol(1).await?.remove(0);
        let visitor = self.partner.operator().enrol(1).await?.remove(0);
        let mut stands = Vec::new();
        for (number, (stall, shopper)) in stalls.into_iter().zip([local, visitor]).enumerate() {
            let mut till = self.victim.till(&stall.secret);
            let seal_to = till.card_home(&shopper.card).await?.seal_to;
            let chance = Chance::new(number as u64);
            stands.push(Stand { till, stall, shopper, seal_to, chance });
        }
        Ok(stands)
    }

    async fn flood(&self, seconds: Duration) -> Result<(Vec<Times>, u64), Trouble> {
        let contact = self.victim.operator().contact().await?;
        let network = self.victim.operator().status().await?.network;
        let network = network.ok_or_else(|| Trouble::late("a federation"))?;
        let (stop, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let target = Target { contact, network, stop: Arc::clone(&stop), sent: Arc::clone(&sent) };
        let mut attacks = JoinSet::new();
        attacks.spawn(stranger(self.victim.peers(), target.clone()));
        let malices = [Malice::Garbage, Malice::Questions, Malice::Entries];
        for (node, malice) in self.hostile.iter().zip(malices) {
            let (dir, target) = (node.dir(), target.clone());
            let id = hostile_id(&dir)?;
            attacks.spawn(async move { member(id, &dir, target, malice).await });
        }
        let mut selling = JoinSet::new();
        for stand in self.stands().await? {
            selling.spawn(stand.sell(Arc::clone(&stop)));
        }
        tokio::time::sleep(seconds).await;
        stop.store(true, Ordering::Relaxed);
        let mut times = Vec::new();
        while let Some(ended) = selling.join_next().await {
            times.push(ended.map_err(|why| Trouble::answer("a till", why))??);
        }
        while let Some(ended) = attacks.join_next().await {
            ended.map_err(|why| Trouble::answer("an attack", why))??;
        }
        Ok((times, sent.load(Ordering::Relaxed)))
    }
}

/// Returns the id of a caisse from its keys.
fn hostile_id(dir: &Path) -> Result<CaisseId, Trouble> {
    let keys = node::keys::Keys::load(dir).map_err(|why| Trouble::answer("keys", why))?;
    let identity = keys.identity.ok_or_else(|| Trouble::late("an identity key"))?;
    Ok(caisse_id(&identity.public()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_flood_a_node_stays_under_its_ceilings_and_honest_payments_go_on()
-> Result<(), Trouble> {
    let seconds = std::env::var("CAISSE_FLOOD_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds = Duration::from_secs(seconds.unwrap_or(SECONDS));
    let town = Town::build().await?;
    let (before, begun) = (used(&town.victim)?, Instant::now());
    let (times, sent) = town.flood(seconds).await?;
    let (after, took) = (used(&town.victim)?, begun.elapsed());
    let processors = (after.processor - before.processor).as_millis() * 100 / took.as_millis();
    let (memory, disk) = (after.memory - before.memory, after.disk.saturating_sub(before.disk));
    let slowest: Vec<f64> = times.iter().map(|times| times.percentile_ms(99)).collect();
    let paid: usize = times.iter().map(Times::count).sum();
    eprintln!(
        "{sent} hostile messages in {took:?}: memory +{} MiB, disk +{} MiB, processors {processors} %; \
         {paid} honest payments, the slowest of a hundred {slowest:?} ms",
        memory >> 20,
        disk >> 20
    );
    assert!(sent > 1_000, "it was no flood: {sent}");
    assert!(memory <= MORE_MEMORY, "memory: {memory} bytes more");
    assert!(disk <= MORE_DISK, "disk: {disk} bytes more");
    assert!(processors <= PROCESSORS_PERCENT, "processors: {processors} %");
    assert!(slowest.iter().all(|ms| *ms <= SLOWEST_MS), "honest payments: {slowest:?} ms");
    assert!(times.iter().all(|times| times.count() > 10), "{paid} honest payments");
    for node in [&town.victim, &town.partner] {
        let report = node.operator().verify().await?;
        assert!(report.is_clean(), "{:?}", report.differences);
    }
    Ok(())
}
