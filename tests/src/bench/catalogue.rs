//! Products on their way to a second node: all of a large catalogue at once, and one price that changes.

use std::process::Command as Process;
use std::time::Instant;

use crdt::Cents;
use crdt::catalogue::Product;
use ledger::{Answer, Command, Query};

use super::load::Times;
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::config::Config;
use crate::market::{Stall, befriend, generous_terms, together};
use crate::node::Node;
use crate::operator::Operator;
use crate::trouble::PATIENCE;

/// Products of each stall, and how many of them one command brings.
const EACH: u64 = 1_000;
const PRODUCTS: u64 = 10_000;
const AT_ONCE: usize = 500;

/// Prices that change, one after the other.
const CHANGES: u64 = 40;

/// What Yjs takes for the same on the machine of `5-measures`, and one and a half times what
/// automerge-repo sends for it.
const SECONDS: f64 = 0.59;
const MEGABYTES: f64 = 1.9 * 1.5;

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    setting.step("catalogue: two caisses");
    let author = Node::open(&Config::new("Montpellier")?).await?;
    let mut reader = Node::open(&Config::new("Cadenet")?).await?;
    befriend(&author.operator(), &reader.operator(), &generous_terms()).await?;
    let sheets = setting.size(PRODUCTS).div_ceil(EACH);
    let stalls = author.operator().set_up(usize::try_from(sheets).unwrap_or(1)).await?;
    caught_up(&author.operator(), &reader.operator()).await?;
    reader.stop()?;
    setting.step("catalogue: putting products");
    put_all(&author.operator(), &stalls).await?;
    setting.step("catalogue: catching up");
    catch_up(report, &author, &mut reader, sheets * EACH).await?;
    setting.step("catalogue: changing prices");
    change_prices(setting, report, &author, &reader, &stalls[0]).await?;
    setting.step("catalogue: starting again");
    start_again(report, &mut reader).await
}

/// Starts the second node with all that it holds by now.
async fn start_again(report: &mut Report, reader: &mut Node) -> Result<(), Trouble> {
    reader.stop()?;
    let begun = Instant::now();
    reader.start()?;
    reader.ready().await?;
    let how = "from the start of the process until /readyz answers, after the changes above";
    let name = "cold start with these products and changed prices";
    report.add(Figure::new(name, begun.elapsed().as_secs_f64(), "s", how));
    Ok(())
}

fn product(stall: usize, number: u64, cents: u32) -> Product {
    Product {
        code: format!("P{number:04}"),
        name: format!("Carotte de plein champ en botte, jardin {stall}, variété {number}"),
        ciqual: Some("20009".to_owned()),
        coverage: None,
        price: Some(Cents::from_u32(cents)),
        climate_g_co2e_per_kg: Some(402),
    }
}

async fn put_all(author: &Operator, stalls: &[Stall]) -> Result<(), Trouble> {
    for (number, stall) in stalls.iter().enumerate() {
        let products: Vec<Product> = (0..EACH).map(|p| product(number, p, 150)).collect();
        for part in products.chunks(AT_ONCE) {
            let put = Command::PutProducts { vendor: stall.vendor, products: part.to_vec() };
            author.done(&put).await?;
        }
    }
    Ok(())
}

/// Returns how many entries of the author's public feed a reader holds.
async fn held(reader: &Operator) -> Result<u64, Trouble> {
    match reader.ask(&Query::Peers).await? {
        Answer::Peers(peers) => Ok(peers.first().map_or(0, |peer| peer.public_entries)),
        other => Err(Trouble::answer("peers", other)),
    }
}

/// Returns how many entries the author has published: the reader's own count of them, once both are
/// quiet, is the truth.
async fn caught_up(author: &Operator, reader: &Operator) -> Result<u64, Trouble> {
    for operator in [author, reader] {
        together(operator).await?;
    }
    held(reader).await
}

async fn found(reader: &Operator, text: &str, limit: u32) -> Result<Vec<Option<Cents>>, Trouble> {
    match reader.ask(&Query::Catalogue { text: text.to_owned(), limit }).await? {
        Answer::Catalogue(list) => Ok(list.into_iter().map(|info| info.product.price).collect()),
        other => Err(Trouble::answer("catalogue", other)),
    }
}

/// Starts the second node and waits until it answers with the last product, then counts them all.
async fn catch_up(
    report: &mut Report,
    author: &Node,
    reader: &mut Node,
    products: u64,
) -> Result<(), Trouble> {
    let sheets = usize::try_from(products / EACH).unwrap_or(1);
    let last = product(sheets - 1, EACH - 1, 0).name;
    let begun = Instant::now();
    reader.start()?;
    reader.ready().await?;
    let ready = begun.elapsed();
    let operator = reader.operator();
    while found(&operator, &last, 1).await?.is_empty() {
        if begun.elapsed() > PATIENCE {
            return Err(Trouble::late("the last product on the second node"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let whole = begun.elapsed();
    let all = found(&operator, "", ledger::limits::ROWS).await?.len() as u64;
    if all != products {
        return Err(Trouble::answer("all products on the second node", all));
    }
    let how = "10 sheets of 1,000 products, signed and durable; from the start of the second node's \
               process until it answers with the last product";
    let name = format!("a second node gets {products} products");
    let figure = Figure::new(name.clone(), whole.as_secs_f64(), "s", how);
    report.add(figure.should_be(Target::AtMost(SECONDS)));
    let name = format!("{name}: of which its own start");
    report.add(Figure::new(name, ready.as_secs_f64(), "s", how));
    match received(author) {
        Some(bytes) => {
            let how =
                "bytes received on the connection between the two, as the kernel counts them (ss)";
            let figure = Figure::new("bytes for these products", bytes / 1e6, "MB", how);
            report.add(figure.should_be(Target::AtMost(MEGABYTES)));
        }
        None => report.lacks("bytes for these products", "`ss` says nothing: install iproute2"),
    }
    Ok(())
}

/// Returns the bytes that went both ways over the connections of a node with its partners.
#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
fn received(node: &Node) -> Option<f64> {
    let address = node.peers();
    let filter = format!("( src {address} or dst {address} )");
    let output = Process::new("ss").args(["-H", "-t", "-i", "-n", &filter]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // Both ends of a loopback connection are listed: what one received the other sent.
    let counts = text.split_whitespace().filter_map(|word| word.strip_prefix("bytes_received:"));
    let bytes: u64 = counts.filter_map(|count| count.parse::<u64>().ok()).sum();
    (bytes > 0).then_some(bytes as f64)
}

/// Changes one price after the other and waits for each on the other side.
async fn change_prices(
    setting: &Setting,
    report: &mut Report,
    author: &Node,
    reader: &Node,
    stall: &Stall,
) -> Result<(), Trouble> {
    let (author, reader) = (author.operator(), reader.operator());
    let mut times = Times::default();
    let mut before = held(&reader).await?;
    for number in 0..setting.size(CHANGES).max(5) {
        let cents = 200 + u32::try_from(number).unwrap_or(0);
        let changed = product(0, number, cents);
        let put = Command::PutProducts { vendor: stall.vendor, products: vec![changed.clone()] };
        let begun = Instant::now();
        let (put, seen) = tokio::join!(author.done(&put), until_more(&reader, before));
        put?;
        before = seen?;
        times.add(begun.elapsed());
        let price = found(&reader, &changed.name, 1).await?;
        if price != [Some(Cents::from_u32(cents))] {
            return Err(Trouble::answer("the new price on the second node", price));
        }
    }
    let how = "from the operator's command at one node until the other, asked again and again, has it; \
               both durable";
    let p50 =
        Figure::new("one price seen on another node: p50", times.percentile_ms(50), "ms", how);
    report.add(p50.should_be(Target::AtMost(10.0)));
    let worst = times.percentile_ms(99);
    report.add(Figure::new("one price seen on another node: p99", worst, "ms", how));
    Ok(())
}

async fn until_more(reader: &Operator, before: u64) -> Result<u64, Trouble> {
    let begun = Instant::now();
    loop {
        let now = held(reader).await?;
        if now > before {
            return Ok(now);
        }
        if begun.elapsed() > PATIENCE {
            return Err(Trouble::late("a changed price on the second node"));
        }
    }
}
