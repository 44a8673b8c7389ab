//! Twenty caisses, one of which is away for a day: how soon it has read again what the others said, and paid
//! what was sold to its members meanwhile.

use std::time::{Duration, Instant};

use crdt::Cents;
use crdt::catalogue::Product;
use crdt::lot::LotTerms;
use ledger::answer::PaymentStatus;
use ledger::{Answer, Command, Query};
use tokio::task::JoinSet;

use super::across::{CREDIT, sale};
use super::federation::found;
use super::load::{Stock, sell};
use super::{Figure, Report, Setting};
use crate::Trouble;
use crate::chance::Chance;
use crate::config::Config;
use crate::market::{Shopper, Stall, agree, generous_terms, give_lots};
use crate::node::Node;
use crate::operator::Operator;

const NODES: u64 = 20;

/// What each of the others publishes in a day: prices of a market, or a decision about a vendor.
const CHANGES: u64 = 50;

/// Sales by lot to members of the one that is away.
const SALES: u64 = 500;

const TILLS: usize = 8;
const MEMBERS: usize = 50;

const LOT: LotTerms = LotTerms {
    amount: Cents::from_u32(10_000_000),
    per_card: Cents::from_u32(10_000_000),
    per_sale: Cents::from_u32(10_000),
    days: 7,
};

/// Far longer than the sales take.
const END: Duration = Duration::from_secs(300);

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    let count = setting.size(NODES).max(3);
    setting.step(&format!("outage: {count} nodes"));
    let mut nodes = Vec::new();
    for number in 0..count {
        let config = Config::new(&format!("Caisse {number}"))?.giving(CREDIT);
        nodes.push(Node::open(&config).await?);
    }
    found(&nodes).await?;
    let (home, host) = (nodes[0].operator(), nodes[1].operator());
    agree(&host, &home, &generous_terms()).await?;
    give_lots(&home, LOT.amount, LOT, [host.contact().await?.id]).await?;
    let shoppers = home.enrol(MEMBERS).await?;
    let stalls = host.set_up(TILLS).await?;
    let sales = setting.size(SALES);
    let stock = stock(&nodes[1], &stalls, &shoppers, sales).await?;

    setting.step("outage: a day without the first");
    nodes[0].stop()?;
    let alone = |answer: &Answer| match answer {
        Answer::Status(status) => status.degraded.iter().any(|room| !room.left.is_zero()),
        _ => false,
    };
    host.until("a lot in place of the first", &Query::Status, alone).await?;
    let changes = setting.size(CHANGES);
    let mut writing = JoinSet::new();
    for (number, node) in nodes.iter().enumerate().skip(1) {
        writing.spawn(publish(node.operator(), number, changes));
    }
    while let Some(ended) = writing.join_next().await {
        ended.map_err(|why| Trouble::answer("a caisse", why))??;
    }
    let sold = sell(stock, END).await?.times.count();

    setting.step("outage: the first comes back");
    let begun = Instant::now();
    nodes[0].start()?;
    nodes[0].ready().await?;
    let all = usize::try_from((count - 1) * changes).unwrap_or(usize::MAX);
    let read = |answer: &Answer| matches!(answer, Answer::Catalogue(list) if list.len() == all);
    let question = Query::Catalogue { text: "of that day".to_owned(), limit: ledger::limits::ROWS };
    home.until("everything that the others published", &question, read).await?;
    let how = format!(
        "real processes on one machine; from the start of its process until it answers with all {all} changes that \
         the {} others had published meanwhile",
        count - 1
    );
    let name = format!("{count} nodes, one comes back after a day: all read");
    report.add(Figure::new(name, begun.elapsed().as_secs_f64(), "s", &how));
    let paid = |answer: &Answer| match answer {
        Answer::Payments(list) => list.iter().all(|i| i.status == PaymentStatus::ByLotAccepted),
        _ => false,
    };
    let question = Query::Payments { limit: ledger::limits::ROWS };
    host.until("every claim is accepted", &question, paid).await?;
    let how = format!("as above; until the host has heard that all {sold} sales by lot are owed");
    let name = format!("{count} nodes, one comes back after a day: all claims paid");
    report.add(Figure::new(name, begun.elapsed().as_secs_f64(), "s", &how));
    Ok(())
}

/// Makes the sales of the day beforehand.
async fn stock(
    host: &Node,
    stalls: &[Stall],
    shoppers: &[Shopper],
    sales: u64,
) -> Result<Vec<Stock>, Trouble> {
    let asked = host.till(&stalls[0].secret).card_home(&shoppers[0].card).await?;
    let key = asked.seal_to.ok_or_else(|| Trouble::answer("a foreign card", "it is not"))?;
    let mut chance = Chance::new(20_261_125);
    let each = sales.div_ceil(stalls.len() as u64);
    let stock = stalls.iter().map(|stall| {
        let sales: Result<Vec<_>, _> =
            (0..each).map(|_| sale(&mut chance, shoppers, stall, &key)).collect();
        Ok((host.till(&stall.secret), Box::new(sales?.into_iter()) as Box<_>))
    });
    stock.collect()
}

/// Publishes a day's changes of one caisse, one entry each.
async fn publish(operator: Operator, number: usize, changes: u64) -> Result<(), Trouble> {
    let stalls = operator.set_up(1).await?;
    for change in 0..changes {
        let product = Product {
            code: format!("P{number}-{change}"),
            name: format!("product {number}-{change} of that day"),
            ciqual: None,
            coverage: None,
            price: None,
            climate_g_co2e_per_kg: None,
        };
        let put = Command::PutProducts { vendor: stalls[0].vendor, products: vec![product] };
        operator.done(&put).await?;
    }
    Ok(())
}
