//! After the troubles: everybody hears everybody, nothing stays open, and one last run is certified.

use std::collections::BTreeSet;

use crdt::{CaisseId, RunId};
use ledger::answer::{PaymentStatus, RunInfo};
use ledger::{Answer, Command, Query};
use tests::market::together;
use tests::operator::Operator;
use tests::trouble::Trouble;

use crate::schedule::CAISSES;
use crate::town::Town;

/// Waits until everybody is connected with and has heard everybody.
pub async fn all_together(town: &Town) -> Result<(), Trouble> {
    for operator in town.operators() {
        together(&operator).await?;
        let all = |answer: &Answer| match answer {
            Answer::Status(status) => status.connected + 1 == CAISSES as u64,
            _ => false,
        };
        operator.until("connected with everybody", &Query::Status, all).await?;
    }
    Ok(())
}

/// Waits until no hold is left, and no sale is open: neither asked for nor claimed and not accepted.
pub async fn nothing_open(town: &Town) -> Result<(), Trouble> {
    let none_held = |answer: &Answer| match answer {
        Answer::Status(status) => status.held.is_zero() && status.old_holds == 0,
        _ => false,
    };
    let none_open = |answer: &Answer| match answer {
        Answer::Payments(list) => !list.iter().any(|info| {
            use PaymentStatus::{Asked, AtRisk, ByLot, Held};
            matches!(info.status, Asked | AtRisk | ByLot | Held)
        }),
        _ => false,
    };
    let all = Query::Payments { limit: ledger::limits::ROWS };
    for operator in town.operators() {
        operator.until("no hold is left", &Query::Status, none_held).await?;
        operator.until("no sale is open", &all, none_open).await?;
    }
    Ok(())
}

/// Ends what was left of earlier runs, states every pair up to now, and settles: the run is certified by
/// all. Returns how many runs were certified in all.
pub async fn settle(town: &Town) -> Result<usize, Trouble> {
    let operators = town.operators();
    end_runs(&operators).await?;
    for (one, operator) in operators.iter().enumerate() {
        for with in &town.ids[one + 1..] {
            operator.done(&Command::State { with: *with }).await?;
            agreed(operator, *with).await?;
        }
    }
    let proposed = operators[0].done(&Command::ProposeRun { without: BTreeSet::new() }).await?;
    let Answer::RunProposed(id) = proposed else {
        return Err(Trouble::answer("a run", proposed));
    };
    let mut certified = 0;
    for operator in &operators {
        let is = |run: &RunInfo| run.id == id && run.certified;
        let known = |answer: &Answer| matches!(answer, Answer::Runs(runs) if runs.iter().any(is));
        let answer = operator.until("the last run is certified", &Query::Runs, known).await?;
        if let Answer::Runs(runs) = answer {
            certified = runs.iter().filter(|run| run.certified).count();
        }
    }
    Ok(certified)
}

/// Waits until both sides of a pair have stated what the feeds say now.
async fn agreed(operator: &Operator, with: CaisseId) -> Result<(), Trouble> {
    let is = |answer: &Answer| match answer {
        Answer::Statement(info) => info.agreed.as_ref() == Some(&info.now),
        _ => false,
    };
    operator.until("an agreed statement", &Query::Statement { with }, is).await.map(drop)
}

/// Refuses the runs that are not certified: some of their participants had refused or were away. A run
/// that somebody may no longer refuse is certified by itself.
async fn end_runs(operators: &[Operator]) -> Result<(), Trouble> {
    let unfinished = |run: &RunInfo| !run.certified && run.aborted.is_empty();
    for operator in operators {
        let Answer::Runs(runs) = operator.ask(&Query::Runs).await? else {
            return Err(Trouble::answer("runs", "another answer"));
        };
        let open: Vec<RunId> = runs.iter().filter(|run| unfinished(run)).map(|r| r.id).collect();
        for run in open {
            let abort = Command::AbortRun { run, reason: "the day is over".to_owned() };
            // Refused if we have said that we hold every signature, or have no part in it.
            let _ = operator.done(&abort).await;
        }
    }
    let none =
        |answer: &Answer| matches!(answer, Answer::Runs(runs) if !runs.iter().any(unfinished));
    for operator in operators {
        operator.until("no run is open", &Query::Runs, none).await?;
    }
    Ok(())
}
