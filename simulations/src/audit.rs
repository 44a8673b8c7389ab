//! What must be true of a world at rest: every till's word, every account, every feed and every run.

mod feeds;
mod money;
mod runs;

use ledger::answer::{PaymentInfo, PaymentStatus, PeerInfo};
use ledger::{Answer, Query};

use crate::broken::{Broken, broken};
use crate::tills::{Sale, Word};
use crate::world::World;

/// Checks everything.
///
/// # Errors
/// The first thing that is [`Broken`].
pub fn all(world: &World) -> Result<(), Broken> {
    money::every_word_is_booked(world)?;
    money::every_balance_follows_from_the_words(world)?;
    money::nobody_owes_anything(world)?;
    feeds::everyone_holds_the_same(world)?;
    feeds::views_do_not_depend_on_order(world)?;
    feeds::debts_follow_from_the_feeds(world)?;
    runs::clear_fairly_and_once(world)?;
    every_house_verifies(world)
}

fn every_house_verifies(world: &World) -> Result<(), Broken> {
    for house in 0..world.houses.len() {
        match world.query(house, &Query::Verify) {
            Some(Ok(Answer::Verified(report))) if report.is_clean() => {}
            other => return broken("verify", format!("house {house}: {other:?}")),
        }
        let forked = world.houses[house].machine().map(ledger::Caisse::forked);
        if forked.is_none_or(|forked| !forked.is_empty()) {
            return broken("I16", format!("house {house} holds a proof of a fork"));
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
    for (place, house) in world.houses.iter().enumerate() {
        let payments = house.machine().map(ledger::Caisse::open_payments);
        if !house.is_idle() || payments != Some(0) {
            open.push(format!("house {place} has {payments:?} open payments"));
        }
        for peer in peers(world, place) {
            let other = world.place(&peer.id).unwrap_or(place);
            let back = peers(world, other).into_iter().find(|p| p.id == house.id);
            if back.is_none_or(|back| back.our_pair_entries != peer.pair_entries) {
                open.push(format!("house {place} lacks entries of {other}"));
            }
        }
    }
    let mut views = world.houses.iter().map(|h| h.machine().and_then(ledger::Caisse::view_digest));
    let first = views.next().flatten();
    if !views.all(|view| view == first) {
        open.push("not everyone sees the same".to_owned());
    }
    for (number, sale) in world.tills.sales.iter().enumerate() {
        let at_risk = sale.is_at_risk() && sold(world, sale).is_none_or(|info| waits(info.status));
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
