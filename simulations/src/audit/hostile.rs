//! What the honest caisses of a world may not lose by one that is not.

use crdt::feed::{Body, FeedId, Verified};
use crdt::pair::PairBody;
use crdt::{Cents, PaymentId};
use ledger::account::Account;
use ledger::answer::PaymentStatus;
use ledger::federation::feed_key;
use ledger::records::{Kind, Records};

use super::{money, runs, sold};
use crate::auditor;
use crate::broken::{Broken, broken, holds};
use crate::hostile::Hostile;
use crate::tills::{Sale, Word};
use crate::world::World;

/// Checks the honest caisses among themselves as in any world, and what each may have lost by the other.
///
/// # Errors
/// The first thing that is [`Broken`].
pub(super) fn the_honest_are_unharmed(world: &World, hostile: &Hostile) -> Result<(), Broken> {
    auditor::audit(world)?;
    runs::clear_fairly_and_once(world)?;
    money::every_honest_vendor_has_what_tills_say(world)?;
    super::every_house_verifies(world)?;
    for (number, sale) in world.tills.sales.iter().enumerate() {
        let home = world.tills.shoppers[sale.shopper].home;
        match (world.is_hostile(sale.stall.host), world.is_hostile(home)) {
            (false, true) => the_host_holds_a_promise(world, hostile, number, sale)?,
            (false, false) => money::is_booked(world, number, sale)?,
            (true, _) => {}
        }
    }
    for house in world.honest() {
        nothing_is_charged_but_what_members_asked_for(world, hostile, house)?;
        nobody_owes_more_than_was_agreed(world, hostile, house)?;
    }
    forks_are_proved(world, hostile)
}

/// What an honest host sold to a member of the other was granted by it, in a signed entry that the host
/// holds; what was sold at the host's own risk is within the floor.
fn the_host_holds_a_promise(
    world: &World,
    hostile: &Hostile,
    number: usize,
    sale: &Sale,
) -> Result<(), Broken> {
    let Some(Word::Paid(receipt)) = &sale.word else {
        return holds(sale.word.is_some(), "I5", || format!("sale {number} has no answer"));
    };
    let status = sold(world, sale).map(|info| info.status);
    if receipt.at_hosts_risk {
        return holds(receipt.covered <= world.plan.terms.floor, "I4", || {
            format!("sale {number} was made at the host's risk above the floor")
        });
    }
    if receipt.offline {
        return Ok(());
    }
    let granted = granted(world, hostile, sale.stall.host, sale.intent.payment);
    let right = status == Some(PaymentStatus::Captured) && granted == Some(sale.covered);
    holds(right, "I4", || format!("sale {number} is {status:?}, and {granted:?} was granted"))
}

/// The first grant of a payment that an honest host holds from the adversary.
fn granted(world: &World, hostile: &Hostile, host: usize, sale: PaymentId) -> Option<Cents> {
    let grants = said(world, hostile.place(), host).filter_map(|body| match body {
        PairBody::Granted { payment, covered, .. } if payment == sale => Some(covered),
        _ => None,
    });
    let mut grants = grants.filter(|covered| Some(*covered) == sold_for(world, host, sale));
    grants.next()
}

fn sold_for(world: &World, host: usize, payment: PaymentId) -> Option<Cents> {
    let mut sales = world.tills.sales.iter();
    let sale = sales.find(|sale| sale.stall.host == host && sale.intent.payment == payment);
    sale.map(|sale| sale.covered)
}

/// A member of an honest caisse pays at the adversary's only for what they asked for with their code, once.
fn nothing_is_charged_but_what_members_asked_for(
    world: &World,
    hostile: &Hostile,
    house: usize,
) -> Result<(), Broken> {
    let enemy = world.houses[hostile.place()].id;
    let journal = auditor::Journal::read(&world.houses[house].disk)?;
    let mut by_lots = 0;
    for (payment, charged) in journal.charges_of(enemy) {
        let mut sales = world.tills.sales.iter();
        let asked = sales.find(|sale| {
            sale.intent.payment == payment
                && world.is_hostile(sale.stall.host)
                && world.tills.shoppers[sale.shopper].home == house
        });
        let most = asked.map_or(0, |sale| i128::from(sale.intent.purchase.amount.get()));
        by_lots += (charged - most).max(0);
    }
    // By a lot the other may claim what it likes, up to the lot.
    let lots: i128 = said(world, house, hostile.place())
        .map(|body| match body {
            PairBody::LotGranted { terms, .. } => i128::from(terms.amount.get()),
            _ => 0,
        })
        .sum();
    holds(by_lots <= lots, "I3", || {
        format!(
            "house {house} is charged {by_lots} that nobody asked for, {lots} was given in lots"
        )
    })
}

/// What one caisse said to another, as far as the other holds it, or else as its author does.
fn said(world: &World, author: usize, reader: usize) -> impl Iterator<Item = PairBody> {
    let feed = FeedId::pair(world.houses[author].id, world.houses[reader].id);
    let (from, to) = (feed_key(feed, 0, 0), feed_key(feed, 0, u64::MAX));
    let holder = if world.is_hostile(reader) { author } else { reader };
    let rows = world.houses[holder].disk.range(Kind::Feed, &from, &to, usize::MAX);
    rows.into_iter().filter_map(|(_, bytes)| match Verified::from_store(&bytes)?.body() {
        Body::Pair(body) => Some(body.clone()),
        Body::Public(_) => None,
    })
}

/// Neither side owes more than the ceiling, beside what was sold at the host's own risk; the bank moved for
/// nobody but the honest.
fn nobody_owes_more_than_was_agreed(
    world: &World,
    hostile: &Hostile,
    house: usize,
) -> Result<(), Broken> {
    let Some(machine) = world.houses[house].machine() else {
        return broken("I5", "a house is down");
    };
    let enemy = world.houses[hostile.place()].id;
    let owed = i128::from(machine.books().counters(Account::Partner(enemy)).balance().get());
    let at_risk: i128 = world
        .tills
        .sales
        .iter()
        .filter(|sale| sale.stall.host == house && sale.is_at_risk())
        .map(|sale| i128::from(sale.covered.get()))
        .sum();
    // A refund of the adversary to our member makes it owe more, above any ceiling: that was its own money.
    let journal = auditor::Journal::read(&world.houses[house].disk)?;
    let more = at_risk + journal.given_back_by(enemy);
    let ceiling = i128::from(world.plan.terms.ceiling.get());
    holds(owed <= ceiling && -owed <= ceiling + more, "I2", || {
        format!("house {house} owes the adversary {owed}, the ceiling is {ceiling}")
    })
}

/// A fork of its public feed that honest caisses hold both branches of is proved to all of them, and so is
/// one of a pair feed to whoever was shown both.
fn forks_are_proved(world: &World, hostile: &Hostile) -> Result<(), Broken> {
    let parities: std::collections::BTreeSet<usize> =
        world.honest().map(|house| house % 2).collect();
    if !hostile.has_forked_publicly() || parities.len() < 2 {
        return Ok(());
    }
    let enemy = world.houses[hostile.place()].id;
    let mut forked = world.honest().map(|house| world.houses[house].machine());
    let proved = forked.any(|machine| machine.is_some_and(|m| m.forked().contains(&enemy)));
    holds(proved, "I8", || "nobody has a proof of the fork".to_owned())
}
