//! Feeds against each other: everyone holds the same, sees the same, and finds the same debts.

use std::collections::{BTreeMap, BTreeSet};

use crdt::feed::{Audience, Body, FeedId, Verified};
use crdt::pair::PairBody;
use crdt::view::View;
use ledger::account::Account;
use ledger::records::{Kind, Records};
use ledger::{Answer, Query};

use crate::broken::{Broken, broken, holds};
use crate::chance::Chance;
use crate::world::World;

/// The entries that a caisse holds, in the order of feeds and places.
fn held(world: &World, house: usize) -> Vec<Verified> {
    let rows = world.houses[house].disk.range(Kind::Feed, &[], &[], usize::MAX);
    rows.iter().filter_map(|(_, bytes)| Verified::from_store(bytes)).collect()
}

/// Whoever may read a feed holds all of it, and the same as its author (I9, I10).
pub(super) fn everyone_holds_the_same(world: &World) -> Result<(), Broken> {
    let mut by_author: BTreeMap<FeedId, Vec<crdt::Digest>> = BTreeMap::new();
    for (place, house) in world.houses.iter().enumerate() {
        for entry in held(world, place).iter().filter(|e| e.header().feed.author == house.id) {
            by_author.entry(entry.header().feed).or_default().push(entry.hash());
        }
    }
    for (place, house) in world.houses.iter().enumerate() {
        let mut here: BTreeMap<FeedId, Vec<crdt::Digest>> = BTreeMap::new();
        for entry in held(world, place) {
            here.entry(entry.header().feed).or_default().push(entry.hash());
        }
        for (feed, entries) in &by_author {
            let reads = match feed.audience {
                Audience::Public => true,
                Audience::Pair(reader) => reader == house.id || feed.author == house.id,
            };
            holds(!reads || here.get(feed) == Some(entries), "I10", || {
                format!("house {place} does not hold {feed:?} as its author does")
            })?;
        }
    }
    Ok(())
}

/// The view is a function of the set of public entries: folded in another order it is the same (I10).
pub(super) fn views_do_not_depend_on_order(world: &World) -> Result<(), Broken> {
    let Some(Ok(Answer::Federation(info))) = world.query(0, &Query::Federation) else {
        return broken("I10", "a caisse does not show its federation");
    };
    let mut feeds: BTreeMap<FeedId, std::collections::VecDeque<Verified>> = BTreeMap::new();
    for entry in held(world, 0) {
        if matches!(entry.body(), Body::Public(_)) {
            feeds.entry(entry.header().feed).or_default().push_back(entry);
        }
    }
    let mut view = View::new(info.charter);
    let mut chance = Chance::new(world.trace.steps());
    while !feeds.is_empty() {
        let names: Vec<FeedId> = feeds.keys().copied().collect();
        let name = names[chance.index(names.len())];
        match feeds.get_mut(&name).and_then(std::collections::VecDeque::pop_front) {
            Some(entry) => view.apply(&entry),
            None => drop(feeds.remove(&name)),
        }
    }
    let found = world.houses[0].machine().and_then(ledger::Caisse::view_digest);
    holds(found == Some(view.digest()), "I10", || "the view depends on the order".to_owned())
}

/// What the pair feeds say that two caisses owe each other is what they state, counted here anew: every
/// obligation once, less what was given back.
pub(super) fn debts_follow_from_the_feeds(world: &World) -> Result<(), Broken> {
    for low in 0..world.houses.len() {
        for high in low + 1..world.houses.len() {
            let ids = [world.houses[low].id, world.houses[high].id];
            let mut owed_to_low = 0_i128;
            let mut seen = BTreeSet::new();
            for entry in held(world, low) {
                let (Body::Pair(body), FeedId { author, audience: Audience::Pair(reader) }) =
                    (entry.body(), entry.header().feed)
                else {
                    continue;
                };
                if !ids.contains(&author) || !ids.contains(&reader) {
                    continue;
                }
                match body {
                    PairBody::Obliged { payment, covered } => {
                        holds(seen.insert((reader, *payment)), "I3", || {
                            "a payment is owed twice".to_owned()
                        })?;
                        let sign = if reader == ids[0] { 1 } else { -1 };
                        owed_to_low += sign * i128::from(covered.get());
                    }
                    PairBody::Refunded { amount, .. } => {
                        let sign = if author == ids[0] { -1 } else { 1 };
                        owed_to_low += sign * i128::from(amount.get());
                    }
                    // No member of a simulated caisse contests anything.
                    _ => {}
                }
            }
            let stated = world.query(low, &Query::Statement { with: ids[1] });
            let Some(Ok(Answer::Statement(info))) = stated else {
                return broken("I13", format!("no statement: {stated:?}"));
            };
            let agreed =
                info.agreed.as_ref().is_some_and(|agreed| agreed.digest == info.now.digest);
            let nothing = info.lines.is_empty();
            holds(agreed || nothing || info.owed_to_us.get() == 0, "I13", || {
                format!("{low} and {high} do not agree on what they owe each other")
            })?;
            let same = i128::from(info.owed_to_us.get()) == owed_to_low;
            holds(same && info.anomalies.is_empty(), "I12", || {
                format!(
                    "{low} and {high} owe {owed_to_low} by the feeds, {info:?} by the statement"
                )
            })?;
            settled_by_runs(world, low, high, owed_to_low)?;
        }
    }
    Ok(())
}

/// What runs settled between two caisses, in all, is what they came to owe each other (I11).
fn settled_by_runs(
    world: &World,
    low: usize,
    high: usize,
    owed_to_low: i128,
) -> Result<(), Broken> {
    let (one, other) = (world.houses[low].id, world.houses[high].id);
    let settled = world.runs(low).into_iter().filter(|run| run.certified).flat_map(|r| r.gross);
    let settled: i128 = settled
        .map(|debt| {
            let amount = i128::from(debt.amount.get());
            match (debt.debtor, debt.creditor) {
                (debtor, creditor) if debtor == other && creditor == one => amount,
                (debtor, creditor) if debtor == one && creditor == other => -amount,
                _ => 0,
            }
        })
        .sum();
    holds(settled == owed_to_low, "I11", || {
        format!("runs settled {settled} between {low} and {high}, the feeds say {owed_to_low}")
    })?;
    let account = |house: usize, partner| {
        let machine = world.houses[house].machine();
        machine.map(|m| m.books().counters(Account::Partner(partner)).balance().get())
    };
    let (ours, theirs) = (account(low, other), account(high, one));
    holds(ours.zip(theirs).is_some_and(|(ours, theirs)| ours == -theirs), "I11", || {
        format!("{low} books {ours:?} for {high}, which books {theirs:?}")
    })
}
