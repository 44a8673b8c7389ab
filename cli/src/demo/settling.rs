//! A settlement run signed by all, and the bank transfers that remain.

use crdt::RunId;
use crdt::clearing::Debt;
use ledger::answer::{RunInfo, TransferInfo};
use ledger::{Answer, Command};
use serde::Serialize;

use super::books::owed;
use super::fixtures::Place;
use super::model::{Owed, cents, euros};
use super::play::{PAIRS, Play};
use super::statements::DebtFact;
use super::teller::table;
use super::waits::until;
use crate::failure::Failure;
use crate::resolve::unexpected;

/// What was settled.
#[derive(Clone, Debug, Serialize)]
pub struct Settled {
    /// The run.
    pub run: RunId,
    /// The debts before.
    pub gross: Vec<DebtFact>,
    /// The transfers that remained.
    pub transfers: Vec<DebtFact>,
    /// The sum of the debts.
    pub gross_cents: i64,
    /// The sum of the transfers.
    pub net_cents: i64,
}

/// Settles: one caisse proposes, all sign, and only what remains of the circle is paid.
pub async fn settle(play: &mut Play) -> Result<(), Failure> {
    let [proposer, ..] = Place::ALL;
    let Answer::RunProposed(id) =
        play.house(proposer).done(&Command::ProposeRun { without: [].into() }).await?
    else {
        return Err(unexpected());
    };
    let mut seen = Vec::new();
    for place in Place::ALL {
        let run = until("every caisse has signed the run", async || {
            let runs = play.house(place).runs().await?;
            Ok(runs.into_iter().find(|run| run.id == id && run.certified))
        });
        let run = run.await?;
        let words = (run.signed.len(), run.cert_seen.len(), run.aborted.len());
        play.checks.equal("signed by all three, refused by none", place.name(), &words, &(3, 3, 0));
        seen.push(run);
    }
    let run = seen[0].clone();
    for (other, place) in seen.iter().zip(Place::ALL) {
        let found = (&other.gross, debts(other));
        play.checks.equal(
            "all three find the same result",
            place.name(),
            &found,
            &(&run.gross, debts(&run)),
        );
    }
    check_result(play, &run);
    show(play, &run);
    pay(play, &run).await?;
    let sum = |owed: &[Owed]| owed.iter().map(|(.., amount)| amount).sum();
    let (gross, net) = (owed_of(play, &run.gross), owed_of(play, &debts(&run)));
    let (gross_cents, net_cents) = (sum(&gross), sum(&net));
    let (gross, transfers) = (facts(&gross), facts(&net));
    play.settled = Some(Settled { run: id, gross, transfers, gross_cents, net_cents });
    Ok(())
}

fn debts(run: &RunInfo) -> Vec<Debt> {
    run.transfers.iter().map(|transfer| transfer.debt).collect()
}

fn owed_of(play: &Play, debts: &[Debt]) -> Vec<Owed> {
    let place = |id| play.place_of(id);
    let known = debts.iter().filter_map(|debt| {
        Some((place(&debt.debtor)?, place(&debt.creditor)?, cents(debt.amount)))
    });
    let mut owed: Vec<Owed> = known.collect();
    owed.sort_unstable();
    owed
}

fn facts(owed: &[Owed]) -> Vec<DebtFact> {
    let fact = |(debtor, creditor, cents): &Owed| DebtFact {
        debtor: debtor.key(),
        creditor: creditor.key(),
        cents: *cents,
    };
    owed.iter().map(fact).collect()
}

/// Claims that the circle is cancelled and that nobody is better or worse off.
fn check_result(play: &mut Play, run: &RunInfo) {
    let (gross, net) = (owed_of(play, &run.gross), owed_of(play, &debts(run)));
    let sorted = |mut owed: Vec<Owed>| {
        owed.sort_unstable();
        owed
    };
    let at = "the run";
    play.checks.equal(
        "the debts are those of the statements",
        at,
        &gross,
        &sorted(play.model.gross()),
    );
    let claim = "what remains is what remains when the circle is cancelled";
    play.checks.equal(claim, at, &net, &sorted(play.model.cleared()));
    for place in Place::ALL {
        let claim = "no caisse is better or worse off: its net position stays the same";
        play.checks.equal(claim, place.name(), &position(&net, place), &position(&gross, place));
    }
    let sum = |owed: &[Owed]| -> i64 { owed.iter().map(|(.., amount)| amount).sum() };
    let (before, after) = (sum(&gross), sum(&net));
    play.checks.holds("less goes by bank than was owed", after < before, || {
        format!("{after} of {before} cents")
    });
}

/// Returns what a caisse is owed less what it owes.
fn position(owed: &[Owed], place: Place) -> i64 {
    let signed = owed.iter().map(|(debtor, creditor, amount)| {
        i64::from(*creditor == place) * amount - i64::from(*debtor == place) * amount
    });
    signed.sum()
}

fn show(play: &Play, run: &RunInfo) {
    let (gross, net) = (owed_of(play, &run.gross), owed_of(play, &debts(run)));
    let mut rows = table(&["who pays", "whom", ">gross", ">cancelled", ">net"]);
    let mut sums = (0, 0);
    for (debtor, creditor, amount) in gross {
        let left = net.iter().find(|(from, to, _)| (*from, *to) == (debtor, creditor));
        let left = left.map_or(0, |(.., left)| *left);
        sums = (sums.0 + amount, sums.1 + left);
        rows.add_row([
            debtor.name().to_owned(),
            creditor.name().to_owned(),
            euros(amount),
            euros(amount - left),
            euros(left),
        ]);
    }
    let (before, after) = sums;
    let both = String::new();
    rows.add_row(["in all".to_owned(), both, euros(before), euros(before - after), euros(after)]);
    play.teller.table(&rows);
}

/// Pays what remains: the payer says that the transfer left, and only the payee's word that it came
/// closes the debt.
async fn pay(play: &mut Play, run: &RunInfo) -> Result<(), Failure> {
    for transfer in &run.transfers {
        let places =
            play.place_of(&transfer.debt.debtor).zip(play.place_of(&transfer.debt.creditor));
        let (debtor, creditor) = places.ok_or_else(unexpected)?;
        let at = format!("{} to {}", debtor.name(), creditor.name());
        let amount = cents(transfer.debt.amount);
        play.house(debtor)
            .done(&Command::PaySent { run: run.id, to: transfer.debt.creditor })
            .await?;
        let sent = |known: &TransferInfo| known.sent;
        until_transfer(play, creditor, run.id, transfer, sent).await?;
        let claim = "that a transfer left closes no debt";
        let still = owed(play.house(debtor), transfer.debt.creditor).await?;
        play.checks.equal(claim, &at, &still, &amount);
        let command = Command::PayReceived { run: run.id, from: transfer.debt.debtor };
        play.house(creditor).done(&command).await?;
        let received = |known: &TransferInfo| known.received;
        until_transfer(play, debtor, run.id, transfer, received).await?;
        play.teller.detail(format!(
            "{at}: {} by bank under {}, sent and received.",
            transfer.debt.amount, transfer.end_to_end_id
        ));
    }
    let claim = "once the transfers have come, nobody owes anybody anything";
    for (one, other) in PAIRS.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]) {
        let left = owed(play.house(one), play.contact(other).id).await?;
        play.checks.equal(claim, format!("{} to {}", one.name(), other.name()), &left, &0);
    }
    Ok(())
}

/// Waits until a caisse knows something of a transfer.
async fn until_transfer(
    play: &Play,
    place: Place,
    run: RunId,
    transfer: &TransferInfo,
    known: fn(&TransferInfo) -> bool,
) -> Result<(), Failure> {
    until("both sides know of the transfer", async || {
        let runs = play.house(place).runs().await?;
        let run = runs.into_iter().find(|info| info.id == run);
        let transfers = run.map(|run| run.transfers).unwrap_or_default();
        let here = transfers.iter().any(|info| info.debt == transfer.debt && known(info));
        Ok(here.then_some(()))
    })
    .await
}
