//! The people of the caisses, who give back and settle whatever happens to their nodes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cli::failure::Failure;
use crdt::{CaisseId, Cents, PaymentId, RequestId};
use ledger::answer::RunInfo;
use ledger::{Answer, Command, Query};
use tests::chance::Chance;
use tests::operator::Operator;
use tests::trouble::Trouble;

use crate::tills::{Market, draw};

/// Milliseconds between two refunds of a caisse, and between two settlements of all.
const REFUND_MS: u64 = 1_500;
const SETTLE_MS: u64 = 6_000;

/// A refund that was acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct GivenBack {
    pub payment: PaymentId,
    pub amount: u64,
}

/// Gives back what some sales of a caisse covered, or a part of it, until the market closes.
pub async fn give_back(
    host: usize,
    operator: Operator,
    mut chance: Chance,
    market: Arc<Market>,
) -> Result<Vec<GivenBack>, Trouble> {
    let mut given = Vec::new();
    while !market.is_closing() {
        tokio::time::sleep(Duration::from_millis(300 + chance.below(REFUND_MS))).await;
        let paid = {
            let paid = market.paid[host].lock().expect("nobody panics with it");
            if paid.is_empty() { None } else { Some(*chance.one_of(&paid)) }
        };
        let Some((payment, covered)) = paid else {
            continue;
        };
        let part = 1 + u32::try_from(chance.below(covered.max(1))).unwrap_or(0);
        let amount = (!chance.once_in(3)).then(|| Cents::from_u32(part));
        let refund = Command::Refund { id: PaymentId::new(chance.bytes()), payment, amount };
        match operator.answered(RequestId::new(chance.bytes()), &refund).await {
            Ok(Answer::Refunded(receipt)) => {
                given.push(GivenBack { payment, amount: receipt.amount.get() });
            }
            // Given back before, or the sale's caisse was not heard yet: nothing has changed.
            Err(Failure::Refused(_)) => {}
            other => return Err(Trouble::answer("a refund", other)),
        }
    }
    Ok(given)
}

/// States, proposes runs and pays them, now at one caisse, now at another, until the market closes.
pub async fn settle(
    operators: Vec<Operator>,
    ids: Vec<CaisseId>,
    mut chance: Chance,
    market: Arc<Market>,
) -> Result<(), Trouble> {
    while !market.is_closing() {
        tokio::time::sleep(Duration::from_millis(SETTLE_MS / 2 + chance.below(SETTLE_MS))).await;
        let who = draw(&mut chance, operators.len());
        let operator = &operators[who];
        let mut commands: Vec<Command> = ids
            .iter()
            .filter(|with| **with != ids[who])
            .map(|with| Command::State { with: *with })
            .collect();
        commands.push(Command::ProposeRun { without: BTreeSet::new() });
        if let Ok(Answer::Runs(runs)) = operator.ask(&Query::Runs).await {
            commands.extend(runs.iter().flat_map(|run| payments(run, ids[who])));
        }
        for command in commands {
            match operator.answered(RequestId::new(chance.bytes()), &command).await {
                // Not heard yet, nothing to settle: nothing has changed.
                Ok(_) | Err(Failure::Refused(_)) => {}
                other => return Err(Trouble::answer("settling", other)),
            }
        }
    }
    Ok(())
}

/// The transfers of a certified run that a caisse has made, or that came, and not said so yet.
fn payments(run: &RunInfo, us: CaisseId) -> Vec<Command> {
    let transfers = run.transfers.iter().filter(|_| run.certified);
    let said = transfers.filter_map(|transfer| {
        let (debtor, creditor) = (transfer.debt.debtor, transfer.debt.creditor);
        if debtor == us && !transfer.sent {
            Some(Command::PaySent { run: run.id, to: creditor })
        } else if creditor == us && !transfer.received {
            Some(Command::PayReceived { run: run.id, from: debtor })
        } else {
            None
        }
    });
    said.collect()
}
