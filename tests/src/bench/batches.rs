//! Payments through the machine and the store alone, 64 in one commit: without HTTP, JSON and network.

use std::time::{Duration, Instant};

use crdt::card::CardText;

use super::house::{House, Read};
use super::load::{Times, per_second};
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::config::Config;
use crate::market::{Shopper, Stall};
use crate::node::Node;

const BATCH: usize = 64;
const BATCHES: u64 = 1_500;
const MEMBERS: u64 = 10_000;
const CREDIT: u32 = 1_000;

pub fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    setting.step("batches: enrolling members");
    let node = Node::make(&Config::new("Montpellier")?.giving(CREDIT))?;
    let mut house = House::open(&node.dir())?;
    let members = usize::try_from(setting.size(MEMBERS)).unwrap_or(usize::MAX);
    let (shoppers, stalls) = (house.enrol(members)?, house.set_up(1)?);
    setting.step("batches: verifying cards");
    let verified = verify_cards(setting, &house, &shoppers)?;
    let how = "one core checks the signature of each card, nothing else";
    report.add(Figure::new("signatures of cards alone", verified, "a second", how));
    for (read, words) in [(Read::Typed, "typed"), (Read::Scanned, "scanned")] {
        setting.step(&format!("batches: cards {words}"));
        let (rate, thinking) = pay(setting, &mut house, &shoppers, &stalls[0], read)?;
        let how =
            "in process: ledger::Caisse, node's overlay and store, 64 payments in a durable commit";
        let name = format!("payments in batches of 64, cards {words}");
        let figure = Figure::new(name.clone(), rate, "payments/s", how);
        // A node checks scanned cards in its door, so its machine is asked as for cards that are typed.
        let typed = read == Read::Typed;
        report.add(if typed { figure.should_be(Target::AtLeast(25_000.0)) } else { figure });
        let name = format!("{name}: the machine's part of the time");
        report.add(Figure::new(name, thinking * 100.0, "%", how));
        if read == Read::Scanned {
            let name = "payments in batches of 64, scanned, to signatures alone";
            let ratio = Figure::new(name, rate / verified, "×", how);
            report.add(ratio.should_be(Target::AtLeast(0.5)));
        }
    }
    Ok(())
}

fn verify_cards(setting: &Setting, house: &House, shoppers: &[Shopper]) -> Result<f64, Trouble> {
    let node = house.node();
    let begun = Instant::now();
    let count = usize::try_from(setting.size(20_000)).unwrap_or(usize::MAX);
    for shopper in shoppers.iter().cycle().take(count) {
        if let CardText::Certificate(certificate) = &shopper.card {
            certificate.verify(&node).map_err(|why| Trouble::answer("a card", why))?;
        }
    }
    Ok(per_second(count, begun.elapsed()))
}

/// Returns payments a second, and which part of the time the machine took.
fn pay(
    setting: &Setting,
    house: &mut House,
    shoppers: &[Shopper],
    stall: &Stall,
    read: Read,
) -> Result<(f64, f64), Trouble> {
    let mut times = Times::default();
    let mut spent = Duration::ZERO;
    house.spent = (Duration::ZERO, Duration::ZERO);
    for _ in 0..setting.size(BATCHES) {
        let sales = (0..BATCH).map(|_| house.sale(shoppers, stall, read)).collect();
        let begun = Instant::now();
        let outcomes = house.batch(sales)?;
        spent += begun.elapsed();
        times.add(begun.elapsed());
        if let Some(Err(refused)) = outcomes.into_iter().find(Result::is_err) {
            return Err(Trouble::answer("a sale of a batch", refused));
        }
    }
    let thinking = house.spent.0.as_secs_f64() / spent.as_secs_f64();
    Ok((per_second(times.count() * BATCH, spent), thinking))
}
