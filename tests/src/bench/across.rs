//! Payments with a card of another caisse: two real processes on loopback, from the till's question to PAID.

use std::time::Duration;

use crdt::card::CardText;
use crdt::seal::SealingKey;
use crdt::{Cents, PaymentId};

use super::load::{Stock, sell};
use super::local::counted;
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::chance::Chance;
use crate::config::Config;
use crate::market::{CODE, Shopper, Stall, befriend, generous_terms};
use crate::node::Node;
use crate::till::Sale;

const TILLS: usize = 32;
const MEMBERS: usize = 100;
const CREDIT: u32 = 50_000;

/// Sales of the one till, and of all the 32 together.
const ALONE: u64 = 1_500;
const TOGETHER: u64 = 16_000;

/// Far longer than the sales take.
const END: Duration = Duration::from_secs(300);

const HOW: &str = "two real processes on loopback (TCP, Noise, Yamux), card scanned, code sealed by the till \
                   beforehand; every word durable before it is said";

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    setting.step("across: two caisses");
    let host = Node::open(&Config::new("Montpellier")?.giving(CREDIT)).await?;
    let home = Node::open(&Config::new("Cadenet")?.giving(CREDIT)).await?;
    befriend(&host.operator(), &home.operator(), &generous_terms()).await?;
    let shoppers = home.operator().enrol(MEMBERS).await?;
    let stalls = host.operator().set_up(TILLS).await?;
    let asked = host.till(&stalls[0].secret).card_home(&shoppers[0].card).await?;
    let key =
        asked.seal_to.ok_or_else(|| Trouble::answer("a foreign card", "it is not foreign"))?;

    setting.step("across: 1 till");
    let mut chance = Chance::new(20_261_124);
    let mut prepare = |stalls: &[Stall], sales: u64| {
        let each = sales / stalls.len() as u64;
        let stock = stalls.iter().map(|stall| {
            let sales: Result<Vec<_>, _> =
                (0..each).map(|_| sale(&mut chance, &shoppers, stall, &key)).collect();
            Ok((host.till(&stall.secret), Box::new(sales?.into_iter()) as Box<_>))
        });
        stock.collect::<Result<Vec<Stock>, Trouble>>()
    };
    sell(prepare(&stalls, setting.size(TOGETHER) / 10)?, END).await?;
    let alone = sell(prepare(&stalls[..1], setting.size(ALONE))?, END).await?;
    let name =
        |tills: usize, what: &str| format!("payments across caisses, {}: {what}", counted(tills));
    let target = Target::AtMost(4.0 * setting.machine.durable_write_p50_ms + 2.0);
    let p50 = Figure::new(name(1, "p50"), alone.times.percentile_ms(50), "ms", HOW);
    report.add(p50.should_be(target));
    report.add(Figure::new(name(1, "p99"), alone.times.percentile_ms(99), "ms", HOW));

    setting.step("across: 32 tills");
    let together = sell(prepare(&stalls, setting.size(TOGETHER))?, END).await?;
    report.add(Figure::new(name(TILLS, "rate"), together.rate, "payments/s", HOW));
    report.add(Figure::new(name(TILLS, "p50"), together.times.percentile_ms(50), "ms", HOW));
    report.add(Figure::new(name(TILLS, "p99"), together.times.percentile_ms(99), "ms", HOW));
    let local =
        report.figure(&format!("local payments, {}: rate", counted(TILLS))).map(|f| f.value);
    if let Some(local) = local {
        let ratio = Figure::new(name(TILLS, "to local"), together.rate / local, "×", HOW);
        report.add(ratio.should_be(Target::AtLeast(1.0 / 3.0)));
    }
    Ok(())
}

fn sale(
    chance: &mut Chance,
    shoppers: &[Shopper],
    stall: &Stall,
    key: &SealingKey,
) -> Result<Sale, Trouble> {
    let card: CardText = chance.one_of(shoppers).card.clone();
    let amount = Cents::from_u32(2 + u32::try_from(chance.below(98)).expect("it is below 98"));
    let id = PaymentId::new(chance.bytes());
    Sale::sealed(id, &card, amount, stall.vendor, (key, CODE, chance.bytes()))
}
