//! Payments with a card of another caisse: two real processes, from the till's question to PAID; on loopback,
//! and over a slow line.

use std::net::SocketAddr;
use std::time::Duration;

use crdt::card::CardText;
use crdt::seal::SealingKey;
use crdt::{Cents, PaymentId};

use super::load::{Sold, Stock, Times, offer, sell};
use super::local::{counted, middle};
use super::machine::durable_writes;
use super::{Figure, Report, Setting, Target};
use crate::Trouble;
use crate::chance::Chance;
use crate::config::Config;
use crate::market::{CODE, Shopper, Stall, befriend, generous_terms, plain_code};
use crate::node::Node;
use crate::slow_link::SlowLink;
use crate::till::Sale;

const TILLS: usize = 64;
const MEMBERS: usize = 100;
pub(super) const CREDIT: u32 = 50_000;

/// Sales of the one till, and of all together in one round.
const ALONE: u64 = 1_000;
const TOGETHER: u64 = 6_400;

/// Rounds of sales across and at home in turn, of which the middle one counts: others use the machine too.
const ROUNDS: usize = 3;

/// Sales that are offered in a second, and how many in all.
const OFFERED: u32 = 100;
const OFFERED_IN_ALL: u64 = 1_920;

/// The round trip of the slow line.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Far longer than the sales take.
const END: Duration = Duration::from_secs(300);

const HOW: &str = "two real processes on loopback (TCP, Noise, Yamux), card scanned, code sealed by the till \
                   beforehand; every word durable before it is said";

/// Two caisses with an agreement, and who buys and sells.
struct Pair {
    host: Node,
    /// Keeps the home caisse running, and the line to it open.
    _home: (Node, Option<SlowLink>),
    visitors: Vec<Shopper>,
    locals: Vec<Shopper>,
    stalls: Vec<Stall>,
    seal_to: SealingKey,
    chance: Chance,
}

impl Pair {
    /// Opens both; with a round trip the two reach each other over a slow line alone.
    async fn open(round_trip: Option<Duration>) -> Result<Self, Trouble> {
        let mut at_host = Config::new("Montpellier")?.giving(CREDIT);
        let mut at_home = Config::new("Cadenet")?.giving(CREDIT);
        let mut line = None;
        if let Some(round_trip) = round_trip {
            let near = SocketAddr::from(([127, 0, 0, 1], 0));
            let link = SlowLink::open(near, at_home.peers(), round_trip).await?;
            let known_at = format!("[\"/ip4/127.0.0.1/tcp/{}\"]", link.address().port());
            // Neither may learn another way than the line.
            let only = |config: Config| {
                config.with("hole_punching", "false").with("address_lookup", "false")
            };
            at_home = only(at_home.with("addresses", &known_at));
            at_host = only(at_host.with("addresses", "[]"));
            line = Some(link);
        }
        let (host, home) = (Node::open(&at_host).await?, Node::open(&at_home).await?);
        befriend(&host.operator(), &home.operator(), &generous_terms()).await?;
        let visitors = home.operator().enrol(MEMBERS).await?;
        let locals = host.operator().enrol(MEMBERS).await?;
        let stalls = host.operator().set_up(TILLS).await?;
        let asked = host.till(&stalls[0].secret).card_home(&visitors[0].card).await?;
        let seal_to = asked.seal_to;
        let seal_to = seal_to.ok_or_else(|| Trouble::answer("a foreign card", "it is not"))?;
        let (home, chance) = ((home, line), Chance::new(20_261_124));
        Ok(Self { host, _home: home, visitors, locals, stalls, seal_to, chance })
    }

    /// Makes sales with visitors' cards beforehand, the same number for each of the first tills.
    fn across(&mut self, tills: usize, sales: u64) -> Result<Vec<Stock>, Trouble> {
        let Self { host, visitors, stalls, seal_to, chance, .. } = self;
        let each = sales.div_ceil(tills as u64);
        let stock = stalls[..tills].iter().map(|stall| {
            let sales: Result<Vec<_>, _> =
                (0..each).map(|_| sale(chance, visitors, stall, seal_to)).collect();
            Ok((host.till(&stall.secret), Box::new(sales?.into_iter()) as Box<_>))
        });
        stock.collect()
    }

    /// The same with cards of the host's own members.
    fn at_home(&mut self, tills: usize, sales: u64) -> Vec<Stock> {
        let Self { host, locals, stalls, chance, .. } = self;
        let each = sales.div_ceil(tills as u64);
        let stock = stalls[..tills].iter().map(|stall| {
            let sales: Vec<_> = (0..each)
                .map(|_| {
                    let card = chance.one_of(locals).card.clone();
                    let (id, amount) = (PaymentId::new(chance.bytes()), amount(chance));
                    Sale::new(id, &card, amount, &plain_code())
                })
                .collect();
            (host.till(&stall.secret), Box::new(sales.into_iter()) as Box<_>)
        });
        stock.collect()
    }
}

pub async fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    setting.step("across: two caisses");
    let mut pair = Pair::open(None).await?;
    setting.step("across: 1 till");
    sell(pair.across(TILLS, setting.size(TOGETHER) / 4)?, END).await?;
    let alone = sell(pair.across(1, setting.size(ALONE))?, END).await?;
    let name =
        |tills: usize, what: &str| format!("payments across caisses, {}: {what}", counted(tills));
    add_times(report, &name(1, ""), &alone.times, HOW, [None, None]);

    setting.step("across: 100 sales a second");
    let times = offer(pair.across(TILLS, setting.size(OFFERED_IN_ALL))?, OFFERED).await?;
    let writes = durable_writes(if setting.quick { 50 } else { 500 })?;
    let write_ms = writes.percentile_ms(50);
    let how = "as above; 64 tills, each sale at its own moment whether or not the earlier ones are answered, and \
               timed from that moment";
    let most = [Some(4.0 * write_ms + 2.0), Some(50.0)];
    add_times(report, "payments across caisses, 100 offered a second: ", &times, how, most);
    let how = "the median of writes of 4 KiB with fdatasync right after the sales above";
    report.add(Figure::new("durable write beside payments across caisses", write_ms, "ms", how));

    together(setting, report, &mut pair).await?;
    drop(pair);
    over_a_slow_line(setting, report).await
}

fn add_times(report: &mut Report, name: &str, times: &Times, how: &str, most: [Option<f64>; 2]) {
    for (percent, most) in [50, 99].into_iter().zip(most) {
        let time = times.percentile_ms(percent);
        let figure = Figure::new(format!("{name}p{percent}"), time, "ms", how);
        report.add(match most {
            Some(most) => figure.should_be(Target::AtMost(most)),
            None => figure,
        });
    }
}

/// All tills as fast as they are answered, across and at home in turn.
async fn together(setting: &Setting, report: &mut Report, pair: &mut Pair) -> Result<(), Trouble> {
    let rounds = if setting.quick { 1 } else { ROUNDS };
    let mut both: Vec<(Sold, Sold)> = Vec::new();
    for round in 1..=rounds {
        setting.step(&format!("across: {}, round {round}", counted(TILLS)));
        let at_home = sell(pair.at_home(TILLS, setting.size(TOGETHER)), END).await?;
        let across = sell(pair.across(TILLS, setting.size(TOGETHER))?, END).await?;
        both.push((across, at_home));
    }
    let ratio = |(across, at_home): &(Sold, Sold)| across.rate / at_home.rate;
    let Some(both) = middle(both, ratio) else {
        return Ok(());
    };
    let name = format!("payments across caisses, {}: ", counted(TILLS));
    report.add(Figure::new(format!("{name}rate"), both.0.rate, "payments/s", HOW));
    add_times(report, &name, &both.0.times, HOW, [None, None]);
    let how = "the same tills with cards of their own caisse, in turn with the above; the middle of three rounds";
    report.add(Figure::new(format!("{name}rate at home"), both.1.rate, "payments/s", how));
    let ratio = Figure::new(format!("{name}to local"), ratio(&both), "×", how);
    report.add(ratio.should_be(Target::AtLeast(1.0 / 3.0)));
    Ok(())
}

async fn over_a_slow_line(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    setting.step("across: a slow line");
    let mut pair = Pair::open(Some(ROUND_TRIP)).await?;
    let times = offer(pair.across(TILLS, setting.size(OFFERED_IN_ALL))?, OFFERED).await?;
    let how = "as above, but all that the two nodes say to each other takes 25 ms each way through a proxy";
    let name = "payments across caisses, 100 offered a second, round trip 50 ms: ";
    add_times(report, name, &times, how, [Some(150.0), Some(1_000.0)]);
    Ok(())
}

fn amount(chance: &mut Chance) -> Cents {
    Cents::from_u32(2 + u32::try_from(chance.below(98)).expect("it is below 98"))
}

/// Makes a sale with the card of a visitor; its code is sealed.
pub(super) fn sale(
    chance: &mut Chance,
    shoppers: &[Shopper],
    stall: &Stall,
    key: &SealingKey,
) -> Result<Sale, Trouble> {
    let card: CardText = chance.one_of(shoppers).card.clone();
    let (amount, id) = (amount(chance), PaymentId::new(chance.bytes()));
    Sale::sealed(id, &card, amount, stall.vendor, (key, CODE, chance.bytes()))
}
