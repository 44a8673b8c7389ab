//! A caisse dies again while its members shop elsewhere; the sales go on by lot. It comes back from a backup
//! that is older than what it said, learns that again, and the sales are claimed.

use std::path::PathBuf;

use crdt::Cents;
use crdt::lot::LotTerms;
use ledger::answer::{HeldLotInfo, OfflineAnswer, PaymentStatus};
use ledger::command::{OfflineCommand, OfflineQuery};
use ledger::{Answer, Command, Query};

use super::fixtures::Place;
use super::market::{expect_paid, sell, sell_all};
use super::outage::{others, until_missed};
use super::plan::{Act, Purchase, VICTIM};
use super::play::Play;
use super::sale::Sold;
use super::teller::table;
use super::waits::{until, until_all_heard, until_same};
use crate::failure::Failure;
use crate::resolve::unexpected;

/// What the victim sets aside for lots.
const RESERVE: Cents = Cents::from_u32(20_000);

/// What each of the two others may sell to the victim's members while it cannot be reached.
const LOT: LotTerms = LotTerms {
    amount: Cents::from_u32(8_000),
    per_card: Cents::from_u32(5_000),
    per_sale: Cents::from_u32(5_000),
    days: 7,
};

/// The victim gives each of the others a lot.
pub async fn give(play: &mut Play) -> Result<(), Failure> {
    let reserve = OfflineCommand::SetReserve { amount: RESERVE };
    play.house(VICTIM).done(&Command::Offline(reserve)).await?;
    for place in others() {
        let with = play.contact(place).id;
        let policy = OfflineCommand::SetPolicy { with, policy: Some(LOT) };
        play.house(VICTIM).done(&Command::Offline(policy)).await?;
    }
    let mut rows = table(&["caisse", "may sell to members of", ">in all", ">to one card", ">days"]);
    for place in others() {
        let lot = until("a lot is there", async || Ok(held(play, place).await?.pop())).await?;
        play.checks.equal("a lot is held by its host", place.name(), &lot.left, &LOT.amount);
        rows.add_row([
            place.name().to_owned(),
            VICTIM.name().to_owned(),
            LOT.amount.to_string(),
            LOT.per_card.to_string(),
            LOT.days.to_string(),
        ]);
    }
    play.teller.table(&rows);
    play.teller.detail(format!(
        "{} sets {RESERVE} of its own money aside. What it has given it takes back only by the other's\n\
         signature, never by its own clock.",
        VICTIM.name()
    ));
    Ok(())
}

/// Returns the lots of the victim that a caisse holds.
async fn held(play: &Play, place: Place) -> Result<Vec<HeldLotInfo>, Failure> {
    let question = Query::Offline(OfflineQuery::Lots);
    let Answer::Offline(OfflineAnswer::Lots(lots)) = play.house(place).query(&question).await?
    else {
        return Err(unexpected());
    };
    let of_victim = |lot: &HeldLotInfo| lot.with == play.contact(VICTIM).id && !lot.state.closed;
    Ok(lots.held.into_iter().filter(of_victim).collect())
}

fn backup(play: &Play) -> PathBuf {
    play.dir().join("old-backup")
}

/// Makes a backup of the victim; then its members and others go on shopping.
pub async fn back_up(play: &mut Play) -> Result<(), Failure> {
    let file = backup(play);
    let bytes = play.house(VICTIM).back_up(&file).await?;
    play.teller.detail(format!(
        "`caisse backup` while the node runs: {} kB, keys and personal data locked with a passphrase.",
        bytes / 1_000
    ));
    sell_all(play, Act::Forgotten).await?;
    // What nobody else has heard yet would be lost with the disk.
    until_same(play).await
}

/// Kills the victim; its members go on shopping elsewhere.
pub async fn sell_without_it(play: &mut Play) -> Result<(), Failure> {
    play.house_mut(VICTIM).kill();
    until_missed(play).await?;
    let purchases: Vec<Purchase> = play.plan.of_act(Act::ByLot).cloned().collect();
    let sold = sell(play, &purchases).await?;
    let mut rows = table(&["card, vendor", ">price", ">by lot", "till", "ms"]);
    for one in &sold {
        let host = one.purchase.host.name();
        let receipt = one.ended.as_ref().map(|signed| &signed.receipt);
        let offline = receipt.is_ok_and(|receipt| receipt.offline && !receipt.at_hosts_risk);
        play.checks.holds("a sale without the card's caisse is made by lot", offline, || {
            format!("in {host}: {:?}", one.ended)
        });
        rows.add_row([
            format!("{}, {host}", VICTIM.name()),
            one.purchase.price.to_string(),
            receipt.map(|receipt| receipt.covered.to_string()).unwrap_or_default(),
            if offline { "PAID, without the card's caisse" } else { "not paid" }.to_owned(),
            one.took.as_millis().to_string(),
        ]);
    }
    play.teller.table(&rows);
    for place in others() {
        let by_lot: i64 = sold
            .iter()
            .filter(|sold| sold.purchase.host == place)
            .map(|sold| play.model.shares(&sold.purchase).covered)
            .sum();
        let left: i64 = held(play, place).await?.iter().map(|lot| lot.left.signed().get()).sum();
        let claim = "a lot holds less by what was sold by it, to the cent";
        play.checks.equal(claim, place.name(), &left, &(LOT.amount.signed().get() - by_lot));
    }
    play.teller.detail(format!(
        "{} is dead (SIGKILL). The card's QR code bears its signature, the card is not on its list of blocked\n\
         ones, and the lot has room: the vendor's caisse decides alone, at once.",
        VICTIM.name()
    ));
    expect_paid(play, sold);
    Ok(())
}

/// The victim comes back from its old backup, and what was sold by lot is claimed.
pub async fn come_back(play: &mut Play) -> Result<(), Failure> {
    let file = backup(play);
    play.house(VICTIM).restore(&file).await?;
    let forgotten: Vec<Sold> = of_act(play, Act::Forgotten);
    play.house_mut(VICTIM).start().await?;
    until_all_heard(play).await?;
    until_same(play).await?;
    for sold in &forgotten {
        let home = play.house(VICTIM).payment(sold.payment).await?;
        let claim = "what it said since the backup it has learned again from the others";
        play.checks.holds(claim, home.is_some(), || format!("{:?}", sold.payment));
    }
    let claims: Vec<Sold> = of_act(play, Act::ByLot);
    for sold in &claims {
        let info = until("a sale by lot is claimed", async || {
            let info = play.house(VICTIM).payment(sold.payment).await?;
            Ok(info.filter(|info| info.status == PaymentStatus::Obliged))
        })
        .await?;
        let covered = play.model.shares(&sold.purchase).covered;
        let claim = "it owes for each sale by lot what the till was told, once";
        play.checks.equal(claim, VICTIM.name(), &info.covered.signed().get(), &covered);
    }
    play.teller.detail(format!(
        "`caisse restore` of the backup, which knows nothing of {} purchases made since. Before its node\n\
         says a word it asks the others what it had said: they give it back, signed by itself. Then {} sales\n\
         by lot are claimed and booked to the members who bought.",
        forgotten.len(),
        claims.len()
    ));
    Ok(())
}

fn of_act(play: &Play, act: Act) -> Vec<Sold> {
    play.sold.iter().filter(|sold| sold.purchase.act == act).cloned().collect()
}
