//! One caisse is killed while its members shop elsewhere; it comes back and catches up.

use std::time::Instant;

use ledger::answer::{PaymentInfo, PaymentStatus};
use tokio::task::JoinSet;

use super::fixtures::Place;
use super::market::{expect_paid, sell, sell_at_last};
use super::plan::{Act, Purchase, VICTIM};
use super::play::Play;
use super::sale::{Job, Sold};
use super::teller::table;
use super::waits::{until, until_all_heard, until_same};
use crate::commands::status_words;
use crate::failure::Failure;
use crate::till::{Till, TillFailure};

/// Kills a caisse with sales of its members on their way; the others go on.
pub async fn kill(play: &mut Play) -> Result<(), Failure> {
    let victim = VICTIM.name();
    let mut flights = take_off(play).await?;
    let killed = play.house(VICTIM).process_id();
    play.house_mut(VICTIM).kill();
    play.teller.detail(format!(
        "Members of {victim} pay {} times at tills of the two others. When the first has its receipt,\n\
         {victim} freezes, and then dies: SIGKILL to process {killed}. Tills wait up to 6 s for an answer.",
        flights.len() + play.in_flight.len()
    ));
    until_missed(play).await?;
    turn_away(play).await?;
    knock(play).await?;
    let purchases: Vec<Purchase> = play.plan.of_act(Act::Outage).cloned().collect();
    let across = purchases.iter().filter(|purchase| purchase.is_across()).count();
    play.outage.went_on = sell_at_last(play, &purchases).await?;
    play.teller.detail(format!(
        "Meanwhile in the two others: {} purchases at home and {across} across are made.",
        purchases.len() - across
    ));
    let bar = play.teller.begin_bar(flights.len(), "tills that still wait");
    while let Some(landed) = flights.join_next().await {
        bar.inc(1);
        let landed = landed.map_err(|why| Failure::Failed(format!("a till broke: {why}")))?;
        play.in_flight.push(landed);
    }
    play.teller.end_bar();
    land(play);
    Ok(())
}

/// Sends sales of the victim's members on their way and leaves them there: as soon as the first is
/// answered the victim stands still, and one more is asked that it will never answer.
async fn take_off(play: &mut Play) -> Result<JoinSet<Sold>, Failure> {
    let mut jobs = Vec::new();
    for purchase in play.plan.of_act(Act::InFlight) {
        jobs.push(Job::new(play, purchase)?);
    }
    let last = jobs.pop().ok_or_else(|| Failure::Failed("nobody is on the way".to_owned()))?;
    let mut flights = JoinSet::new();
    jobs.into_iter().for_each(|job| {
        flights.spawn(job.alone());
    });
    if let Some(Ok(landed)) = flights.join_next().await {
        play.in_flight.push(landed);
    }
    play.house(VICTIM).freeze();
    let (host, payment) = (last.purchase.host, last.payment);
    flights.spawn(last.alone());
    until("a sale waits for an answer", async || {
        let info = play.house(host).payment(payment).await?;
        Ok(info.filter(|info| info.status == PaymentStatus::Asked))
    })
    .await?;
    Ok(flights)
}

/// Returns the caisses that are not killed.
pub(super) fn others() -> impl Iterator<Item = Place> {
    Place::ALL.into_iter().filter(|place| *place != VICTIM)
}

/// Waits until the others know that the victim is gone.
pub(super) async fn until_missed(play: &Play) -> Result<(), Failure> {
    let victim = play.contact(VICTIM).id;
    for place in others() {
        until("the others miss it", async || {
            let peers = play.house(place).peers().await?;
            let gone = peers.iter().any(|peer| peer.id == victim && !peer.connected);
            Ok(gone.then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Members of the victim try to pay elsewhere.
async fn turn_away(play: &mut Play) -> Result<(), Failure> {
    let purchases: Vec<Purchase> = play.plan.of_act(Act::TurnedAway).cloned().collect();
    let tried = sell(play, &purchases).await?;
    play.outage.refused = tried.len();
    let mut words = String::new();
    for sold in tried {
        let host = sold.purchase.host;
        let kind = sold.kind();
        let claim = "a card of the killed caisse is refused elsewhere at once";
        play.checks.equal(claim, host.name(), &kind, &Some("home_unreachable"));
        let written = play.house(host).payment(sold.payment).await?.is_some();
        play.checks.equal("and nothing is written", host.name(), &written, &false);
        words = sold.ended.err().map(|why| why.to_string()).unwrap_or_default();
    }
    play.teller.detail(format!(
        "{} more purchases of its members elsewhere are refused: \"{words}\".",
        play.outage.refused
    ));
    Ok(())
}

/// A till of the victim's own vendor finds nobody.
async fn knock(play: &mut Play) -> Result<(), Failure> {
    let secret = &play.stalls[VICTIM.index()][0].secret;
    let nobody = Till::pair(play.house(VICTIM).http, secret).await.err();
    let claim = "at its own vendors' tills nobody answers";
    let unreachable = matches!(nobody, Some(TillFailure::Unreachable { .. }));
    play.checks.holds(claim, unreachable, || format!("{nobody:?}"));
    Ok(())
}

/// Tells how the sales ended that were on their way.
fn land(play: &mut Play) {
    for sold in &play.in_flight {
        let claim = "each sale on its way was paid, or is void and its till was told so";
        let void = sold.is_void();
        play.checks.holds(claim, void || sold.ended.is_ok(), || format!("{:?}", sold.ended));
        play.outage.voided += usize::from(void);
        play.outage.paid += usize::from(sold.ended.is_ok());
    }
    let voided = play.outage.voided;
    play.checks.holds("at least one of them is void", voided > 0, || "none".to_owned());
    play.teller.detail(format!(
        "The sales on their way: {} paid, {voided} void (\"the card's caisse did not answer in time; the sale\n\
         is void\"). The vendor's caisse decides that once, and signs it.",
        play.outage.paid
    ));
}

/// Starts the killed caisse again and waits until nothing is missing.
pub async fn come_back(play: &mut Play) -> Result<(), Failure> {
    let victim = VICTIM.name();
    let since = Instant::now();
    play.house_mut(VICTIM).start().await?;
    let open = since.elapsed().as_secs_f64();
    until_all_heard(play).await?;
    let heard = since.elapsed().as_secs_f64();
    until_same(play).await?;
    play.checks.holds("each two hold the same of what they said to each other", true, String::new);
    for place in Place::ALL {
        until("no money is held any more", async || {
            Ok(play.house(place).status().await?.held.is_zero().then_some(()))
        })
        .await?;
        play.checks.holds("no payment is held any more", true, String::new);
    }
    play.outage.caught_up_seconds = since.elapsed().as_secs_f64();
    play.teller.detail(format!(
        "{victim} opens after {open:.2} s, has heard from both others after {heard:.2} s, and after {:.2} s\n\
         no feed lacks an entry on either side.",
        play.outage.caught_up_seconds
    ));
    compare_in_flight(play).await?;
    try_again(play).await
}

/// Shows how the sales that were on their way stand on both sides.
async fn compare_in_flight(play: &mut Play) -> Result<(), Failure> {
    let columns =
        ["card, vendor", ">price", "till", "vendor's caisse says", "member's caisse says"];
    let mut rows = table(&columns);
    for sold in play.in_flight.clone() {
        let host = sold.purchase.host;
        let status = |info: Option<PaymentInfo>| info.map(|info| info.status);
        let at_host = status(play.house(host).payment(sold.payment).await?);
        let at_home = status(play.house(VICTIM).payment(sold.payment).await?);
        let paid = sold.ended.is_ok();
        let same = match (at_host, at_home) {
            (Some(PaymentStatus::Captured), Some(PaymentStatus::Obliged)) => paid,
            (
                Some(PaymentStatus::Voided),
                Some(PaymentStatus::Voided | PaymentStatus::Tombstone),
            ) => !paid,
            _ => false,
        };
        let claim =
            "a sale that was on its way stands the same on both sides, as its till was told";
        play.checks.holds(claim, same, || format!("{paid}: {at_host:?} and {at_home:?}"));
        rows.add_row([
            format!("{}, {}", VICTIM.name(), host.name()),
            sold.purchase.price.to_string(),
            if paid { "PAID" } else { "void" }.to_owned(),
            words(at_host).to_owned(),
            words(at_home).to_owned(),
        ]);
    }
    play.teller.table(&rows);
    Ok(())
}

const fn words(status: Option<PaymentStatus>) -> &'static str {
    match status {
        Some(status) => status_words(status),
        None => "not known",
    }
}

/// Who was turned away, or whose sale became void, pays now: as new sales.
async fn try_again(play: &mut Play) -> Result<(), Failure> {
    let (paid, void): (Vec<Sold>, Vec<Sold>) =
        play.in_flight.clone().into_iter().partition(|sold| sold.ended.is_ok());
    expect_paid(play, paid);
    let mut again: Vec<Purchase> = play.plan.of_act(Act::TurnedAway).cloned().collect();
    again.extend(void.into_iter().map(|sold| sold.purchase));
    play.teller.detail(format!(
        "The {} purchases that were refused or void are made now, as new sales.",
        again.len()
    ));
    sell_at_last(play, &again).await?;
    Ok(())
}
