//! Selling: tills side by side, each through the door for tills, and what is claimed of every receipt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use ledger::answer::Receipt;
use node::http::SignedReceipt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::fixtures::Place;
use super::model::amount;
use super::plan::{Act, Purchase};
use super::play::Play;
use super::sale::{Job, Sold, TRIES};
use crate::failure::Failure;
use crate::till::{Till, is_signed_by};

/// Tills that sell at one moment: on one small machine more would only wait for each other.
const AT_ONCE: usize = 6;

/// Makes purchases: each till one after the other, several tills side by side.
///
/// # Errors
/// [`Failure::Failed`] if a till cannot work at all.
pub async fn sell(play: &mut Play, purchases: &[Purchase]) -> Result<Vec<Sold>, Failure> {
    let mut queues: BTreeMap<(Place, usize), Vec<Job>> = BTreeMap::new();
    for purchase in purchases {
        let queue = queues.entry((purchase.host, purchase.vendor)).or_default();
        queue.push(Job::new(play, purchase)?);
    }
    let bar = play.teller.begin_bar(purchases.len(), "purchases");
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let since = Instant::now();
    let mut tills = JoinSet::new();
    for queue in queues.into_values() {
        tills.spawn(serve(queue, Arc::clone(&places), bar.clone()));
    }
    let mut sold = Vec::new();
    while let Some(served) = tills.join_next().await {
        sold.extend(served.map_err(|why| Failure::Failed(format!("a till broke: {why}")))?);
    }
    let paid = sold.iter().filter(|sold| sold.ended.is_ok()).count();
    if paid > 0 {
        let (time, count) = play.selling;
        play.selling = (time + since.elapsed(), count + paid);
    }
    play.teller.end_bar();
    Ok(sold)
}

async fn serve(queue: Vec<Job>, places: Arc<Semaphore>, bar: ProgressBar) -> Vec<Sold> {
    let mut sold = Vec::new();
    let mut till: Option<Till> = None;
    for job in queue {
        let _place = places.acquire().await;
        let paired = match till.take() {
            Some(paired) => Ok(paired),
            None => Till::pair(job.http, &job.secret).await,
        };
        sold.push(match paired {
            Ok(paired) => job.at(till.insert(paired)).await,
            Err(why) => job.ends(Err(why), Duration::ZERO),
        });
        bar.inc(1);
    }
    sold
}

/// Makes purchases that must be paid; those whose sale becomes void are made again as new sales. Returns
/// how many were paid.
///
/// # Errors
/// As [`sell`].
pub async fn sell_at_last(play: &mut Play, purchases: &[Purchase]) -> Result<usize, Failure> {
    let before = play.sold.len();
    let mut left = purchases.to_vec();
    for last in (0..TRIES).rev() {
        let (void, done): (Vec<Sold>, Vec<Sold>) =
            sell(play, &left).await?.into_iter().partition(|sold| sold.is_void() && last > 0);
        expect_paid(play, done);
        if void.is_empty() {
            break;
        }
        play.teller.detail(format!(
            "{} became void: this machine is busy, and a card's caisse took too long. Made again.",
            void.len()
        ));
        left = void.into_iter().map(|sold| sold.purchase).collect();
    }
    Ok(play.sold.len() - before)
}

/// Claims that purchases were paid, each as it should be, and notes what they change.
pub fn expect_paid(play: &mut Play, sold: Vec<Sold>) {
    for sold in sold {
        let Purchase { host, home, .. } = sold.purchase;
        let at = format!("card of {} in {}", home.name(), host.name());
        let why = sold.ended.as_ref().err();
        let found = || why.map(|why| format!("{at}: {why}")).unwrap_or_default();
        play.checks.holds("every purchase is paid", why.is_none(), found);
        if let Ok(signed) = &sold.ended {
            let wrong = wrong_in(play, &sold, signed);
            let claim = "every receipt adds up, and is signed by the vendor's caisse";
            let found = || wrong.as_ref().map(|wrong| format!("{at}: {wrong}")).unwrap_or_default();
            play.checks.holds(claim, wrong.is_none(), found);
            play.model.sell(&sold.purchase);
            play.sold.push(sold);
        }
    }
}

/// Returns what is wrong in a receipt, if anything.
fn wrong_in(play: &Play, sold: &Sold, signed: &SignedReceipt) -> Option<String> {
    let Purchase { host, vendor, home, price, .. } = sold.purchase;
    let shares = play.model.shares(&sold.purchase);
    let expected = Receipt {
        payment: sold.payment,
        vendor: play.stalls[host.index()][vendor].id,
        home: play.contact(home).id,
        amount: price,
        covered: amount(shares.covered),
        member_share: amount(shares.own),
        at: signed.receipt.at,
        at_hosts_risk: false,
        offline: sold.purchase.act == Act::ByLot,
        ..signed.receipt.clone()
    };
    let found = &signed.receipt;
    if *found != expected {
        let words = |of: &Receipt| {
            format!("{} = {} covered + {} own", of.amount, of.covered, of.member_share)
        };
        let same = words(&expected) == words(found);
        let other = if same { ", but another sale, vendor, caisse or risk" } else { "" };
        return Some(format!("expected {}, found {}{other}", words(&expected), words(found)));
    }
    let holds = is_signed_by(signed, &play.contact(host).node);
    (!holds).then(|| "the signature is not that of the vendor's caisse".to_owned())
}

/// Makes the purchases of an act that are not made yet.
///
/// # Errors
/// As [`sell`].
pub async fn sell_all(play: &mut Play, act: Act) -> Result<(), Failure> {
    let made: BTreeSet<usize> = play.sold.iter().map(|sold| sold.purchase.number).collect();
    let left = play.plan.of_act(act).filter(|purchase| !made.contains(&purchase.number));
    let left: Vec<Purchase> = left.cloned().collect();
    let across = left.iter().filter(|purchase| purchase.is_across()).count();
    play.teller.detail(format!(
        "{} purchases at home and {across} across, at {} tills",
        left.len() - across,
        stalls(&left)
    ));
    sell_at_last(play, &left).await?;
    Ok(())
}

/// Returns at how many tills purchases are made.
#[must_use]
pub fn stalls(purchases: &[Purchase]) -> usize {
    let stalls = purchases.iter().map(|one| (one.host, one.vendor));
    stalls.collect::<BTreeSet<_>>().len()
}
