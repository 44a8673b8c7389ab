//! What must be true of a world at rest: every till's word, every account, every feed and every run.

mod feeds;
mod hostile;
mod money;
mod runs;

use ledger::answer::{PaymentInfo, PaymentStatus, PeerInfo};
use ledger::{Answer, Query};

use crate::auditor;
use crate::broken::{Broken, broken};
use crate::chance::Chance;
use crate::hostile::Hostile;
use crate::tills::{Sale, Word};
use crate::world::World;

/// Checks everything.
///
/// # Errors
/// The first thing that is [`Broken`].
pub fn all(world: &World) -> Result<(), Broken> {
    if let Some(hostile) = &world.hostile {
        return hostile::the_honest_are_unharmed(world, hostile);
    }
    auditor::audit(world)?;
    money::every_word_is_booked(world)?;
    money::every_balance_follows_from_the_words(world)?;
    money::nobody_owes_anything(world)?;
    feeds::everyone_holds_the_same(world)?;
    feeds::views_do_not_depend_on_order(world)?;
    feeds::debts_follow_from_the_feeds(world)?;
    runs::clear_fairly_and_once(world)?;
    every_house_verifies(world)
}

/// No caisse holds a proof of a fork, and `verify` finds nothing: in one caisse of each world, and in each
/// that came back from a backup, for it checks every signature again.
fn every_house_verifies(world: &World) -> Result<(), Broken> {
    let drawn = Chance::new(world.trace.steps()).index(world.houses.len());
    let hostile = world.hostile.as_ref().map(|hostile| world.houses[hostile.place()].id);
    for house in world.honest() {
        let machine = &world.houses[house];
        let forked = machine.machine().map(ledger::Caisse::forked);
        if forked.is_none_or(|forked| forked.iter().any(|author| Some(*author) != hostile)) {
            return broken("I16", format!("house {house} holds a proof of a fork"));
        }
        if house != drawn && !machine.restored && hostile.is_none() {
            continue;
        }
        match world.query(house, &Query::Verify) {
            Some(Ok(Answer::Verified(report))) if report.is_clean() => {}
            other => return broken("verify", format!("house {house}: {other:?}")),
        }
    }
    Ok(())
}

/// Returns whether every till has its answer, nothing is open, and all know the same.
#[must_use]
pub fn is_at_rest(world: &World) -> bool {
    restless(world).is_empty()
}

/// Says what is not at rest; empty if all is.
#[must_use]
pub fn restless(world: &World) -> String {
    let mut open = Vec::new();
    for place in world.honest() {
        let house = &world.houses[place];
        let payments = house.machine().map(ledger::Caisse::open_payments);
        // Beside an adversary holds may stay open: see the sales below.
        if !house.is_idle() || (payments != Some(0) && world.hostile.is_none()) {
            open.push(format!("house {place} has {payments:?} open payments"));
        }
        for peer in peers(world, place) {
            let other = world.place(&peer.id).unwrap_or(place);
            if world.is_hostile(other) {
                continue;
            }
            let back = peers(world, other).into_iter().find(|p| p.id == house.id);
            if back.is_none_or(|back| back.our_pair_entries != peer.pair_entries) {
                open.push(format!("house {place} lacks entries of {other}"));
            }
        }
    }
    let views = world.honest().map(|house| world.houses[house].machine());
    let mut views = views.map(|machine| machine.and_then(ledger::Caisse::view_digest));
    let first = views.next().flatten();
    let forked = world.hostile.as_ref().is_some_and(Hostile::has_forked_publicly);
    if !forked && !views.all(|view| view == first) {
        open.push("not everyone sees the same".to_owned());
    }
    for (number, sale) in world.tills.sales.iter().enumerate() {
        let home = world.tills.shoppers[sale.shopper].home;
        if world.is_hostile(sale.stall.host) {
            continue;
        }
        let held = payment(world, home, sale).is_some_and(|i| i.status == PaymentStatus::Held);
        if held {
            open.push(format!("sale {number} is still held"));
        }
        let at_risk = sale.is_at_risk()
            && !world.is_hostile(home)
            && sold(world, sale).is_none_or(|info| waits(info.status));
        if sale.word.is_none() || at_risk {
            open.push(format!("sale {number} has no answer"));
        }
    }
    let refunds = world.tills.refunds.iter().enumerate();
    open.extend(refunds.filter(|(_, r)| r.word.is_none()).map(|(n, _)| format!("refund {n}")));
    open.truncate(8);
    open.join("; ")
}

/// Returns what a caisse tells of its partners.
pub(crate) fn peers(world: &World, house: usize) -> Vec<PeerInfo> {
    match world.query(house, &Query::Peers) {
        Some(Ok(Answer::Peers(peers))) => peers,
        _ => Vec::new(),
    }
}

/// Returns a sale as its host tells it.
fn sold(world: &World, sale: &Sale) -> Option<PaymentInfo> {
    payment(world, sale.stall.host, sale)
}

/// Returns a sale as a caisse tells it.
fn payment(world: &World, house: usize, sale: &Sale) -> Option<PaymentInfo> {
    match world.query(house, &Query::Payment(sale.intent.payment)) {
        Some(Ok(Answer::Payment(info))) => Some(*info),
        _ => None,
    }
}

const fn waits(status: PaymentStatus) -> bool {
    matches!(status, PaymentStatus::AtRisk | PaymentStatus::ByLot)
}

impl Sale {
    /// Returns whether the till was told that it is paid.
    #[must_use]
    pub const fn is_paid(&self) -> bool {
        matches!(self.word, Some(Word::Paid(_)))
    }

    /// Returns whether the till was told that it is paid without the home caisse's answer.
    #[must_use]
    pub const fn is_at_risk(&self) -> bool {
        matches!(&self.word, Some(Word::Paid(receipt)) if receipt.offline)
    }
}
