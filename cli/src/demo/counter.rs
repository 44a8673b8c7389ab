//! One purchase in detail, at one counter: what a till is refused, what it is told, and that asking twice
//! never charges twice.

use crdt::{Cents, PaymentId};
use ledger::command::Code;
use node::http::SignedReceipt;

use super::fixtures::rate;
use super::market::expect_paid;
use super::model::cents;
use super::plan::{Act, Purchase, cap};
use super::play::Play;
use super::sale::{Job, Sold, TRIES};
use super::teller::table;
use crate::client::random;
use crate::failure::Failure;
use crate::output::facts;
use crate::till::{Till, TillFailure};

/// A visitor buys: the code is mistyped once, the button is pressed twice.
pub async fn buy(play: &mut Play) -> Result<(), Failure> {
    let first = first_visitor(play)?;
    show_basket(play, &first);
    play.teller.detail(
        "The till reads the card and seals the code, so that only the member's own caisse can read it. The\n\
         code is mistyped once; then the button is pressed on two devices at the same moment.",
    );
    let mut job = Job::new(play, &first)?;
    let mut till = Till::pair(job.http, &job.secret).await.map_err(broken)?;
    mistype(play, &job, &mut till).await?;
    let sold = press_twice(play, &mut job, &mut till).await?;
    if let Ok(signed) = &sold.ended {
        show_receipt(play, &first, signed);
    }
    expect_paid(play, vec![sold]);
    change_the_amount(play, &job, &mut till).await?;
    spend_nothing(play).await?;
    speak_without_secret(play, &job).await;
    Ok(())
}

/// Returns the first purchase of a visitor with more than one product for whom the agreement's rate is
/// the lower one.
fn first_visitor(play: &Play) -> Result<Purchase, Failure> {
    let visits = |purchase: &&Purchase| {
        let vendor = &play.fixtures.of(purchase.host).vendors[purchase.vendor];
        let lower = cap(purchase.host, purchase.home) < vendor.percent;
        purchase.is_across() && purchase.basket.len() > 1 && lower
    };
    let first = play.plan.of_act(Act::Morning).find(visits).cloned();
    first.ok_or_else(|| Failure::Failed("nobody travels in the morning".to_owned()))
}

fn broken(why: TillFailure) -> Failure {
    Failure::Failed(format!("a till cannot work: {why}"))
}

fn show_basket(play: &Play, purchase: &Purchase) {
    let vendor = &play.fixtures.of(purchase.host).vendors[purchase.vendor];
    play.teller.detail(format!(
        "A member of {} shops in {}, at {}:",
        purchase.home.name(),
        purchase.host.name(),
        vendor.name
    ));
    let mut rows = table(&["product", ">grams", ">per kg"]);
    for item in &purchase.basket {
        let product = &vendor.products[item.product];
        let price = product.price.unwrap_or_default().to_string();
        rows.add_row([product.name.clone(), item.grams.to_string(), price]);
    }
    play.teller.table(&rows);
}

fn show_receipt(play: &Play, purchase: &Purchase, signed: &SignedReceipt) {
    let vendor = &play.fixtures.of(purchase.host).vendors[purchase.vendor];
    let agreed = cap(purchase.host, purchase.home);
    let receipt = &signed.receipt;
    play.teller.detail(facts(&[
        ("PAID", receipt.amount.to_string()),
        ("the vendor's rate", rate(vendor.percent).to_string()),
        ("the agreement's rate for visitors", rate(agreed).to_string()),
        ("covered by the member's caisse", receipt.covered.to_string()),
        ("to pay by the member (reste à charge)", receipt.member_share.to_string()),
    ]));
}

/// A wrong code: refused by the member's caisse, for the vendor's cannot read it.
async fn mistype(play: &mut Play, job: &Job, till: &mut Till) -> Result<(), Failure> {
    let before = member_holds(play, &job.purchase).await?;
    let wrong =
        Job { payment: PaymentId::new(random()?), code: other_code(&job.code), ..job.clone() };
    let refused = wrong.at_last(till).await?;
    let kind = refused.kind();
    let claim = "a wrong code is refused by the member's own caisse, and nothing moves";
    play.checks.equal(claim, "the till", &kind, &Some("wrong_code"));
    let after = member_holds(play, &job.purchase).await?;
    play.checks.equal(claim, "the member holds", &after, &before);
    Ok(())
}

/// Returns another code than this one.
fn other_code(code: &Code) -> Code {
    let other = if code.digits() == b"0000" { "0001" } else { "0000" };
    other.parse().expect("four digits are a code")
}

async fn member_holds(play: &Play, purchase: &Purchase) -> Result<Cents, Failure> {
    let id = play.members[purchase.home.index()][purchase.member].id;
    let members = play.house(purchase.home).members().await?;
    let found = members.into_iter().find(|member| member.id == id);
    Ok(found.map(|member| member.balance).unwrap_or_default())
}

/// The same sale from two devices at the same moment, and once more: one receipt. A sale that becomes
/// void is begun again as a new one.
async fn press_twice(play: &mut Play, job: &mut Job, till: &mut Till) -> Result<Sold, Failure> {
    let before = cents(member_holds(play, &job.purchase).await?);
    let mut device = till.another();
    let (mut one, mut other) = tokio::join!(job.clone().at(till), job.clone().at(&mut device));
    for _ in 1..TRIES {
        if one.is_void() {
            job.payment = PaymentId::new(random()?);
            (one, other) = tokio::join!(job.clone().at(till), job.clone().at(&mut device));
        }
    }
    let again = job.clone().at(till).await;
    let claim = "the same sale sent three times gets one and the same receipt";
    for answer in [&other, &again] {
        play.checks.equal(claim, "the till", &answer.ended, &one.ended);
    }
    let covered = play.model.shares(&job.purchase).covered;
    let after = cents(member_holds(play, &job.purchase).await?);
    play.checks.equal("and is charged once", "the member holds", &after, &(before - covered));
    Ok(one)
}

/// The same sale with another amount.
async fn change_the_amount(play: &mut Play, job: &Job, till: &mut Till) -> Result<(), Failure> {
    let mut other = job.clone();
    let price = other.purchase.price.checked_add(Cents::from_u32(1));
    other.purchase.price = price.unwrap_or_default();
    let refused = other.at(till).await;
    let kind = refused.kind();
    let claim = "the same sale with another amount is a conflict";
    play.checks.equal(claim, "the till", &kind, &Some("conflict"));
    Ok(())
}

/// A member whose contribution is late has nothing to spend.
async fn spend_nothing(play: &mut Play) -> Result<(), Failure> {
    let Some((place, member)) = play.plan.late.first().copied() else {
        return Ok(());
    };
    let at_home = |one: &&Purchase| !one.is_across() && one.host == place;
    let Some(local) = play.plan.purchases.iter().find(at_home) else {
        return Ok(());
    };
    let sold = Job::new(play, &Purchase { member, ..local.clone() })?.alone().await;
    let kind = sold.kind();
    let claim = "a member who got nothing is told so: \"only 0.00 is left\"";
    play.checks.equal(claim, "the till", &kind, &Some("insufficient_funds"));
    let words = sold.ended.as_ref().err().map(ToString::to_string);
    play.checks.equal(claim, "in words", &words.as_deref(), &Some("only 0.00 is left"));
    Ok(())
}

/// Somebody who does not know the secret of any till.
async fn speak_without_secret(play: &mut Play, job: &Job) {
    let stranger = Till::pair(job.http, "not the secret of any till").await.err();
    let kind = stranger.as_ref().and_then(TillFailure::kind);
    let claim = "who does not know a till's secret gets no answer but a refusal";
    play.checks.equal(claim, "the door", &kind, &Some("unauthorised"));
}
