//! Statements: what each two caisses owe each other, published by both sides.

use crdt::Digest;
use ledger::Command;
use serde::Serialize;

use super::fixtures::Place;
use super::model::euros;
use super::play::{PAIRS, Play};
use super::teller::table;
use super::waits::until;
use crate::failure::Failure;
use crate::output::short;

/// A debt between two caisses, for machines.
#[derive(Clone, Debug, Serialize)]
pub struct DebtFact {
    /// Who owes.
    pub debtor: &'static str,
    /// Who is owed.
    pub creditor: &'static str,
    /// How much.
    pub cents: i64,
}

/// A statement that both sides published, for machines.
#[derive(Clone, Debug, Serialize)]
pub struct StatementFact {
    /// The two caisses.
    pub between: [&'static str; 2],
    /// The purchases in it.
    pub purchases: u64,
    /// What one owes the other.
    pub owed: DebtFact,
    /// Its digest.
    pub digest: Digest,
}

/// Publishes a statement for each pair: one side states, the other answers with its own.
pub async fn state(play: &mut Play) -> Result<(), Failure> {
    let columns = ["statement of", ">purchases", "in all", "digest on both sides"];
    let mut rows = table(&columns);
    for (one, other) in PAIRS {
        play.house(one).done(&Command::State { with: play.contact(other).id }).await?;
        let (digest, lines) = agreed(play, one, other).await?;
        let net = play.model.net_owed(one, other);
        let at = format!("{} and {}", one.name(), other.name());
        play.checks.equal(
            "every purchase across is in it",
            at,
            &lines,
            &play.model.lines(one, other),
        );
        let (debtor, creditor) = if net > 0 { (one, other) } else { (other, one) };
        rows.add_row([
            format!("{}, {}", one.name(), other.name()),
            lines.to_string(),
            format!("{} owes {} {}", debtor.name(), creditor.name(), euros(net.abs())),
            short(&digest),
        ]);
        let (debtor, creditor) = (debtor.key(), creditor.key());
        let owed = DebtFact { debtor, creditor, cents: net.abs() };
        let between = [one.key(), other.key()];
        play.statements.push(StatementFact { between, purchases: lines, owed, digest });
    }
    play.teller.table(&rows);
    Ok(())
}

/// Waits until both sides have published the same statement; returns its digest and its purchases.
async fn agreed(play: &mut Play, one: Place, other: Place) -> Result<(Digest, u64), Failure> {
    let mut sides = Vec::new();
    for (us, them) in [(one, other), (other, one)] {
        let with = play.contact(them).id;
        let side = until("both sides have published their statement", async || {
            let info = play.house(us).statement(with).await?;
            Ok(info
                .agreed
                .clone()
                .filter(|agreed| *agreed == info.now)
                .map(|agreed| (agreed, info)))
        });
        let (agreed, info) = side.await?;
        let at = format!("{} with {}", us.name(), them.name());
        let claim = "what a caisse says it is owed is what it should be";
        let expected = play.model.net_owed(them, us);
        play.checks.equal(claim, &at, &info.owed_to_us.get(), &expected);
        let strange = info.anomalies.len() + usize::from(info.differs);
        play.checks.equal("nothing in the feeds is strange", &at, &strange, &0);
        sides.push((agreed, info.lines.len() as u64));
    }
    let at = format!("{} and {}", one.name(), other.name());
    play.checks.equal("both sides find the same statement, to the byte", at, &sides[0], &sides[1]);
    Ok((sides[0].0.digest, sides[0].1))
}
