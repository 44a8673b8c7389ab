//! The last steps: everything is verified, the nodes end in order, their logs are read.

use super::fixtures::Place;
use super::play::Play;
use super::teller::table;
use crate::failure::Failure;

/// Lets every node re-derive its balances from books and feeds.
pub async fn verify(play: &mut Play) -> Result<(), Failure> {
    let columns =
        ["verify", ">entries of the books", ">accounts", ">payments", ">entries of feeds"];
    let mut rows = table(&columns);
    for place in Place::ALL {
        let report = play.house(place).verify().await?;
        rows.add_row([
            place.name().to_owned(),
            report.journal_entries.to_string(),
            report.accounts.to_string(),
            report.payments.to_string(),
            report.feed_entries.to_string(),
        ]);
        let claim = "re-derived from the hash-chained books and the signed feeds, nothing differs";
        play.checks.equal(claim, place.name(), &report.differences, &Vec::new());
    }
    play.teller.table(&rows);
    Ok(())
}

/// Ends the nodes, and reads their logs.
pub async fn end(play: &mut Play) -> Result<(), Failure> {
    for (place, code) in play.end_nodes().await {
        let claim = "told to end (SIGTERM), a node ends in order";
        play.checks.equal(claim, place.name(), &code, &Some(0));
    }
    read_logs(play).await
}

/// Reads the nodes' logs: no error, no panic, nobody's name.
pub async fn read_logs(play: &mut Play) -> Result<(), Failure> {
    for place in Place::ALL {
        let path = play.house(place).log();
        let log = std::fs::read_to_string(path);
        let log = log.map_err(|why| Failure::Failed(format!("{}: {why}", path.display())))?;
        let bad = log.lines().find(|line| line.contains(" ERROR ") || line.contains("panicked"));
        let claim = "no node logged an error";
        play.checks.holds(claim, bad.is_none(), || bad.unwrap_or_default().to_owned());
        let members = &play.fixtures.of(place).members;
        let named = members.iter().filter(|member| log.contains(&member.name)).count();
        play.checks.equal("no log names a member", place.name(), &named, &0);
    }
    Ok(())
}
