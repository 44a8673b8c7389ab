//! Settlement runs: fair to everyone, and each debt in one of them only.

use std::collections::{BTreeMap, BTreeSet};

use crdt::CaisseId;
use crdt::clearing::Debt;

use crate::broken::{Broken, holds};
use crate::world::World;

fn net(debts: &[Debt]) -> BTreeMap<CaisseId, i128> {
    let mut net = BTreeMap::new();
    for Debt { debtor, creditor, amount } in debts {
        *net.entry(*debtor).or_default() -= i128::from(amount.get());
        *net.entry(*creditor).or_default() += i128::from(amount.get());
    }
    net.retain(|_, amount| *amount != 0);
    net
}

/// Every certified run leaves each net position as it was and lets no debt grow (I12), and everyone knows
/// the same certified runs (I11).
pub(super) fn clear_fairly_and_once(world: &World) -> Result<(), Broken> {
    let certified = |house: usize| -> BTreeSet<crdt::RunId> {
        let runs = world.runs(house).into_iter().filter(|run| run.certified);
        runs.map(|run| run.id).collect()
    };
    let Some(first) = world.honest().next() else { return Ok(()) };
    let known = certified(first);
    for house in world.honest() {
        holds(certified(house) == known, "I11", || {
            format!("house {house} holds other runs for certified than house {first}")
        })?;
    }
    for run in world.runs(first).into_iter().filter(|run| run.certified) {
        let left: Vec<Debt> = run.transfers.iter().map(|transfer| transfer.debt).collect();
        holds(net(&run.gross) == net(&left), "I12", || {
            format!("run {:?} changed a net position", run.id)
        })?;
        for debt in &left {
            let before = run
                .gross
                .iter()
                .find(|gross| gross.debtor == debt.debtor && gross.creditor == debt.creditor);
            holds(before.is_some_and(|gross| gross.amount >= debt.amount), "I12", || {
                format!("run {:?} made a debt that was not there", run.id)
            })?;
        }
        let received = run.transfers.iter().filter(|t| {
            let me = world.houses[first].id;
            (t.debt.debtor == me || t.debt.creditor == me) && !t.received
        });
        holds(received.count() == 0, "I14", || "a transfer was never confirmed".to_owned())?;
    }
    Ok(())
}
