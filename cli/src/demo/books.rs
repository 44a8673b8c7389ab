//! What the nodes answer, compared with the demo's own account of everything.

use std::collections::BTreeMap;

use crdt::{CaisseId, SignedCents};
use ledger::account::Account;

use super::fixtures::Place;
use super::house::House;
use super::model::cents;
use super::play::Play;
use super::waits::until_same;
use crate::failure::Failure;

/// Compares what every member holds, every vendor is owed, and every pair of caisses owes each other.
pub async fn compare(play: &mut Play) -> Result<(), Failure> {
    until_same(play).await?;
    for place in Place::ALL {
        compare_members(play, place).await?;
        compare_vendors(play, place).await?;
        let status = play.house(place).status().await?;
        let claim = "credit outstanding is the sum of what members hold, and nothing is held back";
        let found = (cents(status.outstanding), cents(status.held));
        play.checks.equal(claim, place.name(), &found, &(play.model.outstanding(place), 0));
        let claim = "what a caisse owes another, less what it is owed";
        for other in Place::ALL.into_iter().filter(|other| *other != place) {
            let owed = owed(play.house(place), play.contact(other).id).await?;
            let at = format!("{} to {}", place.name(), other.name());
            play.checks.equal(claim, at, &owed, &play.model.net_owed(place, other));
        }
    }
    play.teller.detail(
        "While it sold, the demo kept an account of its own, in plain numbers and without the ledger's\n\
         code. Now it asks the three nodes and compares.",
    );
    Ok(())
}

async fn compare_members(play: &mut Play, place: Place) -> Result<(), Failure> {
    let members = play.house(place).members().await?;
    let held: BTreeMap<_, _> = members.iter().map(|info| (info.id, info.balance)).collect();
    for (number, enrolled) in play.members[place.index()].iter().enumerate() {
        let found = held.get(&enrolled.id).map(|balance| cents(*balance));
        let expected = Some(play.model.member(place, number));
        let at = format!("member {number} of {}", place.name());
        play.checks.equal("what a member holds", at, &found, &expected);
    }
    Ok(())
}

async fn compare_vendors(play: &mut Play, place: Place) -> Result<(), Failure> {
    let vendors = play.house(place).vendors().await?;
    let owed: BTreeMap<_, _> = vendors.iter().map(|info| (info.id, info.balance)).collect();
    for (number, stall) in play.stalls[place.index()].iter().enumerate() {
        let found = owed.get(&stall.id).map(|balance| balance.get());
        let expected = Some(play.model.vendor(place, number));
        let at = format!("vendor {number} of {}", place.name());
        play.checks.equal("what a vendor is owed", at, &found, &expected);
    }
    Ok(())
}

/// Returns what the books of a caisse say that it owes another, in cents, less what it is owed.
///
/// # Errors
/// As [`House::accounts`].
pub async fn owed(house: &House, to: CaisseId) -> Result<i64, Failure> {
    let accounts = house.accounts().await?;
    let account = accounts.into_iter().find(|info| info.account == Account::Partner(to));
    let balance = account.map_or(SignedCents::ZERO, |info| info.counters.balance());
    Ok(balance.get())
}
