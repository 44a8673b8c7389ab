//! Two caisses that trade, and how their books must agree in the end.

use std::time::{Duration, Instant};

use crdt::seal::SealingKey;
use crdt::{CaisseId, Cents, PaymentId};
use ledger::account::Account;
use ledger::{Answer, Query};
use tests::Trouble;
use tests::chance::Chance;
use tests::config::Config;
use tests::market::{CODE, Shopper, Stall, coverage};
use tests::netns::{Made, Space, World};
use tests::node::Node;
use tests::till::{Connection, Sale, Told};

/// How long anything in these tests may take: a silent connection is noticed after 15 s, and an attempt to
/// connect may take 10 s.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How long the whole of one of these tests may take.
const WHOLE: Duration = Duration::from_secs(240);

/// How often something is asked again that no event tells.
const AGAIN: Duration = Duration::from_millis(200);

/// Plays a test in a network of its own, or says why it cannot be.
pub async fn in_a_world<F: Future<Output = Result<(), Trouble>>>(
    play: impl FnOnce(World) -> F,
) -> Result<(), Trouble> {
    match World::make()? {
        Made::World(world) => tokio::time::timeout(WHOLE, play(world))
            .await
            .map_err(|_| Trouble::late("the whole test"))?,
        Made::Skipped(why) => {
            eprintln!("skipped: {why}");
            Ok(())
        }
    }
}

/// Opens a caisse in a namespace, that is known at some addresses or at none.
pub async fn open(name: &str, space: &Space, known_at: &[&str]) -> Result<Node, Trouble> {
    let listen = r#"["/ip4/0.0.0.0/tcp/7447", "/ip4/0.0.0.0/udp/7447/quic-v1"]"#;
    let config = Config::new(name)?.giving(3_000).with("listen", listen);
    let relay = if known_at.is_empty() { "false" } else { "true" };
    let config = config.with("addresses", &format!("{known_at:?}")).with("relay", relay);
    let mut node = Node::make(&config)?.within(space);
    node.start()?;
    node.ready().await?;
    Ok(node)
}

/// A stall at one caisse, a visitor of the other, and what the stall's till was told.
pub struct Trade {
    stall: Stall,
    visitor: Shopper,
    seal_to: SealingKey,
    host: CaisseId,
    home: CaisseId,
    chance: Chance,
    told: Vec<(Sale, Told)>,
}

impl Trade {
    /// Sets up the stall and the visitor; the two caisses have an agreement.
    pub async fn begin(host: &Node, home: &Node) -> Result<Self, Trouble> {
        let (at_host, at_home) = (host.operator(), home.operator());
        let visitor = at_home.enrol(1).await?.remove(0);
        let stall = at_host.set_up(1).await?.remove(0);
        let known = host.till(&stall.secret).card_home(&visitor.card).await?.seal_to;
        let seal_to = known.ok_or_else(|| Trouble::late("a key of the card's caisse"))?;
        Ok(Self {
            stall,
            visitor,
            seal_to,
            host: at_host.contact().await?.id,
            home: at_home.contact().await?.id,
            chance: Chance::new(20_261_125),
            told: Vec::new(),
        })
    }

    /// Sells once; returns what the till was told.
    pub async fn sell(&mut self, host: &Node) -> Result<Told, Trouble> {
        let cents = 10 + u32::try_from(self.chance.below(300)).expect("it is below 300");
        let (id, random) = (PaymentId::new(self.chance.bytes()), self.chance.bytes());
        let code = (&self.seal_to, CODE, random);
        let (card, vendor) = (&self.visitor.card, self.stall.vendor);
        let sale = Sale::sealed(id, card, Cents::from_u32(cents), vendor, code)?;
        let told = host.till(&self.stall.secret).pay(&sale).await;
        let told = told.map_err(|why| Trouble::answer("a sale", why))?;
        self.told.push((sale, told.clone()));
        Ok(told)
    }

    /// Sells until a sale is paid; each other one is refused in clear words.
    pub async fn sell_until_paid(&mut self, host: &Node) -> Result<(), Trouble> {
        let begun = Instant::now();
        loop {
            let told = self.sell(host).await?;
            if told.receipt().is_some() {
                return Ok(());
            }
            assert!(told.refused().is_some(), "{told:?}");
            if begun.elapsed() > PATIENCE {
                return Err(Trouble::late(format!("a paid sale; the last was {told:?}")));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Both books are what the till was told, no hold is left, and everything is as it was signed.
    pub async fn books_agree(&self, host: &Node, home: &Node) -> Result<(), Trouble> {
        let paid = self.told.iter().filter(|(_, told)| told.receipt().is_some());
        let covered = paid.map(|(sale, _)| coverage().split(sale.amount).covered.get());
        let total: u64 = covered.sum();
        assert!(total > 0, "nothing was sold");
        for operator in [host.operator(), home.operator()] {
            let none_held = |answer: &Answer| match answer {
                Answer::Status(status) => status.held.is_zero(),
                _ => false,
            };
            operator.until("no hold is left", &Query::Status, none_held).await?;
            let report = operator.verify().await?;
            assert!(report.is_clean(), "{:?}", report.differences);
        }
        let moved = async |node: &Node, account| -> Result<(u64, u64), Trouble> {
            let accounts = node.operator().accounts().await?;
            let found = accounts.iter().find(|(known, _)| *known == account);
            let counters = found.map(|(_, counters)| *counters).unwrap_or_default();
            Ok((counters.debits.get(), counters.credits.get()))
        };
        assert_eq!(moved(host, Account::Partner(self.home)).await?, (total, 0), "the host");
        assert_eq!(moved(home, Account::Partner(self.host)).await?, (0, total), "the home");
        assert_eq!(moved(host, Account::Vendor(self.stall.vendor)).await?, (0, total));
        let member = Account::Member(self.visitor.member);
        assert_eq!(moved(home, member).await?.0, total, "the visitor");
        Ok(())
    }
}

/// Returns a figure of a node's metrics.
pub async fn figure(node: &Node, space: &Space, name: &str) -> Result<i64, Trouble> {
    let mut door = Connection::new(node.http()).from(Some(space.clone()));
    let (_, text) = door.get("/metrics").await.map_err(|why| Trouble::answer("metrics", why))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("caisse_{name} ")));
    value.and_then(|value| value.parse().ok()).ok_or_else(|| Trouble::answer("metrics", text))
}

/// Waits until a figure of a node's metrics is so.
pub async fn until_figure(
    node: &Node,
    space: &Space,
    name: &str,
    wished: i64,
) -> Result<(), Trouble> {
    let begun = Instant::now();
    loop {
        let value = figure(node, space, name).await?;
        if value == wished {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(Trouble::late(format!("{name} is {wished}; it is {value}")));
        }
        tokio::time::sleep(AGAIN).await;
    }
}
