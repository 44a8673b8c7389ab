//! The demo: the main job on real input, with three caisses as processes on this machine, from the charter
//! to the settlement.
//!
//! It speaks to the nodes as their users do: through the operators' sockets and the tills' HTTP door. What
//! it claims it checks, against an account of its own ([`model`]); one claim that does not hold fails it.

mod books;
mod by_lot;
mod chance;
mod checks;
mod closing;
mod counter;
pub mod fixtures;
mod founding;
mod hold;
mod house;
mod market;
pub mod model;
mod outage;
mod people;
pub mod plan;
mod play;
mod process;
mod refunds;
mod report;
mod sale;
mod settling;
mod shelves;
mod signals;
mod statements;
mod teller;
mod twins;
mod waits;

use crate::failure::Failure;
use crate::output::{Done, finish, talk};
use plan::Act;
use play::Play;
use signals::Signals;
use teller::{Teller, Voice};

/// What was typed.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Whether stdout is for one JSON value.
    pub json: bool,
    /// Whether the caisses stay open at the end, until someone says stop.
    pub hold: bool,
}

/// Plays the demo and returns the exit code: 0 if every claim holds, else 1. Whatever ends it, no node
/// outlives it.
pub async fn demonstrate(asked: Asked) -> u8 {
    match stage(asked).await {
        Ok(code) => code,
        Err(failure) => finish(Err(failure), asked.json),
    }
}

async fn stage(asked: Asked) -> Result<u8, Failure> {
    let mut signals = Signals::listen()?;
    let voice = if asked.json { Voice::Aside } else { Voice::Out };
    let mut play = Play::new(Teller::new(voice))?;
    welcome(&play);
    let ended = tokio::select! {
        ended = story(&mut play, asked) => ended,
        signal = signals.next() => Err(Failure::Failed(format!("stopped by {signal}"))),
    };
    play.teller.end_bar();
    let broken = ended.err();
    let holds = broken.is_none() && play.holds();
    if asked.hold || !(holds || signals.came()) {
        play.keep();
    }
    conclude(&play, broken.as_ref());
    let open = if asked.hold && broken.is_none() { hold::ways(&play) } else { Vec::new() };
    let code = if asked.json {
        let json = report::json(&play, broken.as_ref(), open.clone())?;
        finish(Ok(Done { json, text: String::new(), holds }), true)
    } else {
        u8::from(!holds)
    };
    if !open.is_empty() {
        hold::tell(&play, &open);
        let signal = signals.next().await;
        play.teller.say(format!("\nStopped by {signal}; the caisses close."));
    }
    play.end_nodes().await;
    Ok(code)
}

fn welcome(play: &Play) {
    play.teller.say(format!(
        "Three caisses of the Sécurité sociale de l'alimentation, on this machine, without a central server.\n\
         People, vendors, prices and purchases are invented; foods and their figures are AGRIBALYSE's (ADEME).\n\
         Amounts are in euros, for one unit of credit is one euro. It takes some ten seconds.\n\
         Everything lies in {}",
        play.dir().display()
    ));
}

/// The story, step by step.
async fn story(play: &mut Play, asked: Asked) -> Result<(), Failure> {
    play.step("Three caisses open, each from its own rules", founding::open).await?;
    play.step("They found a federation", founding::found).await?;
    play.step("Each two make an agreement", founding::agree).await?;
    play.step("Vendors are approved and fill the shared catalogue", shelves::fill).await?;
    play.step("Members enrol, get a card, contribute", people::enrol).await?;
    play.step("The month's allocations", people::allocate).await?;
    play.step("One purchase in detail", counter::buy).await?;
    let morning = async |play: &mut Play| market::sell_all(play, Act::Morning).await;
    play.step("The morning: everybody shops", morning).await?;
    play.step("One caisse is killed", outage::kill).await?;
    play.step("It comes back and catches up", outage::come_back).await?;
    play.step("It gives the others lots, for the next time", by_lot::give).await?;
    play.step("It is backed up, and everybody shops on", by_lot::back_up).await?;
    play.step("It is killed again: the sales go on by lot", by_lot::sell_without_it).await?;
    play.step("It comes back from the old backup, and the lots are claimed", by_lot::come_back)
        .await?;
    let evening = async |play: &mut Play| market::sell_all(play, Act::Evening).await;
    play.step("The evening: everybody shops again", evening).await?;
    play.step("Two refunds", refunds::give_back).await?;
    play.step("The books are compared with the demo's own account", books::compare).await?;
    play.step("Statements: what each two owe each other", statements::state).await?;
    play.step("Settlement: circles cancel, the rest goes by bank", settling::settle).await?;
    play.step("Everything is verified", closing::verify).await?;
    report::count(play).await?;
    if asked.hold {
        play.step("The nodes' logs are read", closing::read_logs).await
    } else {
        play.step("A stolen key: one caisse says two things", twins::contradict).await?;
        play.step("The nodes end in order", closing::end).await
    }
}

/// Says how it went.
fn conclude(play: &Play, broken: Option<&Failure>) {
    if let Some(failure) = broken {
        talk(&format!("caisse: the demo broke off: {failure}"));
    } else {
        report::tell(play);
    }
    if broken.is_none() && play.holds() {
        play.teller.say("\nEvery claim holds.");
        return;
    }
    let checks = play.steps.iter().flat_map(|step| step.checks.all());
    checks.filter(|check| check.failed > 0).for_each(|check| talk(&check.to_string()));
    if play.is_kept() {
        talk(&format!("caisse: the nodes' logs and directories are in {}", play.dir().display()));
    }
}
