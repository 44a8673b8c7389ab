//! Vendors give back: all of a purchase at home, a part of one across.

use crdt::{Cents, PaymentId};

use super::model::{self, cents};
use super::plan::Act;
use super::play::Play;
use super::sale::Sold;
use super::waits::until;
use crate::client::random;
use crate::failure::Failure;
use crate::till::{Till, TillFailure};

/// Gives back one purchase at home and half of one across.
pub async fn give_back(play: &mut Play) -> Result<(), Failure> {
    let morning = |across: bool| {
        let mut sold = play.sold.iter().filter(|sold| sold.purchase.act == Act::Morning);
        let found = sold.find(|sold| sold.purchase.is_across() == across).cloned();
        found.ok_or_else(|| Failure::Failed("nothing was sold in the morning".to_owned()))
    };
    let (at_home, across) = (morning(false)?, morning(true)?);
    refund(play, &at_home, None).await?;
    let covered = play.model.shares(&across.purchase).covered;
    let half = model::amount(covered / 2);
    refund(play, &across, Some(half)).await
}

/// Gives back a part, or what is left when there is no amount; twice under one id.
async fn refund(play: &mut Play, sold: &Sold, amount: Option<Cents>) -> Result<(), Failure> {
    let purchase = &sold.purchase;
    let (host, home) = (purchase.host, purchase.home);
    let secret = &play.stalls[host.index()][purchase.vendor].secret;
    let failed = |why: TillFailure| Failure::Failed(format!("{}: {why}", host.name()));
    let mut till = Till::pair(play.house(host).http, secret).await.map_err(failed)?;
    let covered = play.model.shares(purchase).covered;
    let (expected, whole) = (amount.map_or(covered, cents), model::amount(covered));
    let id = PaymentId::new(random()?);
    let receipt = till.refund(id, sold.payment, amount).await.map_err(failed)?;
    let again = till.refund(id, sold.payment, amount).await.map_err(failed)?;
    play.checks.equal(
        "the same refund asked for twice is made once",
        host.name(),
        &again,
        &receipt,
    );
    play.model.give_back(purchase, expected);
    let found = (cents(receipt.amount), cents(receipt.left));
    let claim = "it gives back what was asked for, and says what is left";
    play.checks.equal(claim, host.name(), &found, &(expected, covered - expected));
    let too_much = receipt.left.checked_add(Cents::from_u32(1));
    let refused = till.refund(PaymentId::new(random()?), sold.payment, too_much).await.err();
    let kind = refused.as_ref().and_then(TillFailure::kind).map(str::to_owned);
    let claim = "more than is left cannot be given back";
    play.checks.equal(claim, host.name(), &kind.as_deref(), &Some("more_than_left"));
    play.teller.detail(format!(
        "{}: {} of {} covered go back to the member of {}, {} can still be given back.",
        host.name(),
        receipt.amount,
        whole,
        home.name(),
        receipt.left
    ));
    until_credited(play, sold).await
}

/// Waits until the member holds it again: across, the member's caisse hears of it from the vendor's.
async fn until_credited(play: &mut Play, sold: &Sold) -> Result<(), Failure> {
    let (home, member) = (sold.purchase.home, sold.purchase.member);
    let id = play.members[home.index()][member].id;
    let expected = play.model.member(home, member);
    until("the member holds it again", async || {
        let members = play.house(home).members().await?;
        let held = members.iter().find(|info| info.id == id).map(|info| cents(info.balance));
        Ok((held == Some(expected)).then_some(()))
    })
    .await?;
    play.checks.holds("the member holds it again", true, String::new);
    Ok(())
}
