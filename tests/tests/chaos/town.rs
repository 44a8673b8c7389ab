//! Five caisses as processes, each in a network of its own on one street, or all on loopback where no
//! networks can be made.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crdt::lot::LotTerms;
use crdt::seal::SealingKey;
use crdt::{CaisseId, Cents};
use tests::config::Config;
use tests::market::{Shopper, Stall, agree, found, generous_terms, give_lots};
use tests::netns::{Made, Space, World};
use tests::node::Node;
use tests::operator::Operator;
use tests::trouble::Trouble;

use crate::schedule::{Act, CAISSES};

/// Cards of each caisse, and stalls, with a till each.
const MEMBERS: usize = 4;
const STALLS: usize = 2;

/// Euros of each member: more than they can spend in the long run of the test.
pub const CREDIT: u32 = 3_000;

/// Milliseconds that a till waits for the card's caisse: shorter than most cuts.
const DECISION_MS: u32 = 1_500;

const NAMES: [&str; CAISSES] = ["Montpellier", "Cadenet", "Alès", "Lodève", "Florac"];

/// What every caisse lets every other sell while it cannot be reached: small, so that lots are used up and
/// renewed.
const LOT: LotTerms = LotTerms {
    amount: Cents::from_u32(6_000),
    per_card: Cents::from_u32(3_000),
    per_sale: Cents::from_u32(1_000),
    days: 7,
};

/// What a caisse holds to cover its lots.
const MONEY: Cents = Cents::from_u32(10_000_000);

/// The networks of the caisses. Dropped after their processes.
struct Street {
    spaces: Vec<Space>,
    /// Whom each does not hear, as often as it was told so.
    deaf: Vec<Vec<usize>>,
    _world: World,
}

/// The caisses, with who buys and sells there.
pub struct Town {
    pub nodes: Vec<Node>,
    pub ids: Vec<CaisseId>,
    pub stalls: Vec<Vec<Stall>>,
    pub shoppers: Vec<Vec<Shopper>>,
    /// The keys to which codes are sealed for each caisse.
    pub seal_to: Vec<SealingKey>,
    running: BTreeSet<usize>,
    street: Option<Street>,
}

fn address(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(203, 0, 113, 1 + u8::try_from(number).expect("there are few"))
}

fn street() -> Result<Option<Street>, Trouble> {
    let mut world = match World::make()? {
        Made::World(world) => world,
        Made::Skipped(why) => {
            eprintln!("no cuts and no losses, only kills on loopback: {why}");
            return Ok(None);
        }
    };
    let street = world.street("street")?;
    let mut spaces = Vec::new();
    for number in 0..CAISSES {
        let space = world.space(&format!("caisse{number}"))?;
        space.plug(&street, "eth0", &format!("{}/24", address(number)))?;
        spaces.push(space);
    }
    Ok(Some(Street { spaces, deaf: vec![Vec::new(); CAISSES], _world: world }))
}

async fn open(number: usize, street: Option<&Street>) -> Result<Node, Trouble> {
    let config = Config::new(NAMES[number])?.giving(CREDIT);
    let config = config.with("decision_ms", &DECISION_MS.to_string());
    let mut node = match street {
        None => Node::make(&config)?,
        Some(street) => {
            let at = address(number);
            let at = format!("[\"/ip4/{at}/tcp/7447\", \"/ip4/{at}/udp/7447/quic-v1\"]");
            let config = config.with("listen", &at).with("addresses", &at);
            Node::make(&config)?.within(&street.spaces[number])
        }
    };
    node.start()?;
    node.ready().await?;
    Ok(node)
}

impl Town {
    /// Founds everything: agreements of each with each, lots, members with credit, stalls.
    pub async fn build() -> Result<Self, Trouble> {
        let street = street()?;
        let mut nodes = Vec::new();
        for number in 0..CAISSES {
            nodes.push(open(number, street.as_ref()).await?);
        }
        let operators: Vec<Operator> = nodes.iter().map(Node::operator).collect();
        found(&operators.iter().collect::<Vec<_>>()).await?;
        let (mut ids, mut stalls, mut shoppers) = (Vec::new(), Vec::new(), Vec::new());
        for (number, operator) in operators.iter().enumerate() {
            for other in &operators[number + 1..] {
                agree(operator, other, &generous_terms()).await?;
            }
            ids.push(operator.contact().await?.id);
            shoppers.push(operator.enrol(MEMBERS).await?);
            stalls.push(operator.set_up(STALLS).await?);
        }
        for (number, operator) in operators.iter().enumerate() {
            let others = ids.iter().enumerate().filter(|(other, _)| *other != number);
            give_lots(operator, MONEY, LOT, others.map(|(_, id)| *id)).await?;
        }
        let mut seal_to = Vec::new();
        for (number, cards) in shoppers.iter().enumerate() {
            let host = (number + 1) % CAISSES;
            let mut till = nodes[host].till(&stalls[host][0].secret);
            let key = till.card_home(&cards[0].card).await?.seal_to;
            seal_to.push(key.ok_or_else(|| Trouble::answer("a foreign card", "no key"))?);
        }
        let running = (0..CAISSES).collect();
        Ok(Self { nodes, ids, stalls, shoppers, seal_to, running, street })
    }

    pub fn operators(&self) -> Vec<Operator> {
        self.nodes.iter().map(Node::operator).collect()
    }

    /// Returns whether lines can be cut and lose packets here.
    pub const fn has_lines(&self) -> bool {
        self.street.is_some()
    }

    /// Does one thing of the schedule. Without networks nothing is done to lines.
    pub fn act(&mut self, act: Act) -> Result<(), Trouble> {
        match act {
            Act::Kill(who) => {
                self.running.remove(&who);
                self.nodes[who].kill()
            }
            Act::Start(who) => {
                self.running.insert(who);
                self.nodes[who].start()
            }
            Act::Deafen { who, to } => self.listens(who, |deaf| deaf.push(to)),
            Act::Mend { who, to } => self.listens(who, |deaf| {
                let first = deaf.iter().position(|other| *other == to);
                first.map(|place| deaf.swap_remove(place));
            }),
            Act::Lose { who, percent } => match &self.street {
                Some(street) => street.spaces[who].lose(percent),
                None => Ok(()),
            },
        }
    }

    fn listens(&mut self, who: usize, change: impl FnOnce(&mut Vec<usize>)) -> Result<(), Trouble> {
        let Some(street) = &mut self.street else {
            return Ok(());
        };
        change(&mut street.deaf[who]);
        let deaf: BTreeSet<Ipv4Addr> = street.deaf[who].iter().map(|to| address(*to)).collect();
        street.spaces[who].deaf_to(&deaf.into_iter().collect::<Vec<_>>())
    }

    /// Mends all lines, starts whoever is away, and waits until every node answers.
    pub async fn heal(&mut self) -> Result<(), Trouble> {
        for who in 0..CAISSES {
            self.listens(who, Vec::clear)?;
            self.act(Act::Lose { who, percent: 0 })?;
            if !self.running.contains(&who) {
                self.act(Act::Start(who))?;
            }
        }
        for node in &mut self.nodes {
            node.ready().await?;
        }
        Ok(())
    }

    /// Keeps all directories, and returns where they are.
    pub fn keep(&mut self) -> Vec<String> {
        self.nodes.iter_mut().map(|node| node.keep().display().to_string()).collect()
    }
}
