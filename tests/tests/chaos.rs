//! Five whole nodes in networks of their own, with tills that sell at home and across, people who give back
//! and settle, and SIGKILL, cuts and losses all the while. Then everything is healed, and every word that a
//! till was told must be what the books of both sides say.
//!
//! `CAISSE_CHAOS_SECONDS` says how long (60), `CAISSE_CHAOS_SEED` which schedule; both are printed. `make
//! chaos` takes ten minutes and a new seed. Networks need root, `ip` and `nft`; without, only kills happen.

#[path = "chaos/audit.rs"]
mod audit;
#[path = "chaos/healing.rs"]
mod healing;
#[path = "chaos/operators.rs"]
mod operators;
#[path = "chaos/schedule.rs"]
mod schedule;
#[path = "chaos/tills.rs"]
mod tills;
#[path = "chaos/town.rs"]
mod town;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tests::chance::Chance;
use tests::trouble::Trouble;
use tokio::task::JoinSet;

use audit::{Audit, SHOWN};
use operators::GivenBack;
use schedule::{Act, Step, plan};
use tills::{Market, Tills, Word};
use town::Town;

/// The seed when nobody names one.
const SEED: u64 = 20_261_125;

/// How long the troubles last when nobody says.
const SECONDS: u64 = 60;

fn number_from(variable: &str, otherwise: u64) -> u64 {
    let named = std::env::var(variable).ok().filter(|text| !text.is_empty());
    named.map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable} must be a whole number, not {text:?}"))
    })
}

/// What people were told while everything failed.
struct Day {
    words: Vec<Word>,
    given: Vec<GivenBack>,
}

/// Lets people work through all that is planned, heals, and waits until everybody has an answer.
async fn live(town: &mut Town, seed: u64, steps: &[Step]) -> Result<Day, Trouble> {
    let (market, chance) = (Arc::new(Market::new(town)), Chance::new(seed).of(1));
    let tills = Tills::open(town, &market, &chance);
    let mut people: JoinSet<Result<Vec<GivenBack>, Trouble>> = JoinSet::new();
    for (host, operator) in town.operators().into_iter().enumerate() {
        let chance = chance.of(1_000 + host as u64);
        people.spawn(operators::give_back(host, operator, chance, Arc::clone(&market)));
    }
    let (all, ids, own) = (town.operators(), town.ids.clone(), chance.of(2_000));
    let settling = operators::settle(all, ids, own, Arc::clone(&market));
    people.spawn(async { settling.await.map(|()| Vec::new()) });

    let begun = Instant::now();
    for step in steps {
        let due = Duration::from_millis(step.at_ms);
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        town.act(step.act)?;
    }
    town.heal().await?;
    healing::all_together(town).await?;
    market.closing.store(true, Ordering::Relaxed);
    let words = tills.close().await?;
    let mut given = Vec::new();
    while let Some(ended) = people.join_next().await {
        given.extend(ended.map_err(|why| Trouble::answer("somebody", why))??);
    }
    Ok(Day { words, given })
}

/// Says what happened, so that a run which tried nothing is seen.
fn tell(day: &Day, steps: &[Step], town: &Town, certified: usize) {
    let count = |is: &dyn Fn(&Word) -> bool| day.words.iter().filter(|word| is(word)).count();
    let paid = |word: &Word| word.told.receipt().is_some();
    let by_lot = |word: &Word| word.told.receipt().is_some_and(|signed| signed.receipt.offline);
    let kills = steps.iter().filter(|step| matches!(step.act, Act::Kill(_))).count();
    eprintln!(
        "{} sales: {} paid at home, {} across, {} of them by a lot; {} refunds, {certified} runs; {kills} \
         kills, lines {}",
        day.words.len(),
        count(&|word| paid(word) && !word.is_across()),
        count(&|word| paid(word) && word.is_across()),
        count(&by_lot),
        day.given.len(),
        if town.has_lines() { "cut and lossy" } else { "untouched" },
    );
    let mut refused = std::collections::BTreeMap::<String, u32>::new();
    for kind in day.words.iter().filter_map(|word| word.told.refused()) {
        *refused.entry(kind).or_default() += 1;
    }
    eprintln!("refused: {refused:?}");
}

async fn trial(town: &mut Town, seed: u64, steps: &[Step]) -> Result<Vec<String>, Trouble> {
    let day = live(town, seed, steps).await?;
    healing::nothing_open(town).await?;
    let certified = healing::settle(town).await?;
    tell(&day, steps, town, certified);
    let mut wrong = Audit::of(town, &day.words, &day.given).compare().await?;
    let count = |is: &dyn Fn(&Word) -> bool| day.words.iter().filter(|word| is(word)).count();
    let across = count(&|word| word.told.receipt().is_some() && word.is_across());
    let home = count(&|word| word.told.receipt().is_some() && !word.is_across());
    let by_lot = count(&|word| word.told.receipt().is_some_and(|signed| signed.receipt.offline));
    if across < 50 || home < 20 || by_lot == 0 || day.given.is_empty() {
        let given = day.given.len();
        wrong.push(format!(
            "too little happened: {across} paid across, {by_lot} of them by a lot, {home} at home, {given} \
             refunds"
        ));
    }
    Ok(wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_every_word_of_a_till_is_what_the_books_of_both_sides_say()
-> Result<(), Trouble> {
    let seed = number_from("CAISSE_CHAOS_SEED", SEED);
    let seconds = number_from("CAISSE_CHAOS_SECONDS", SECONDS);
    eprintln!("chaos: CAISSE_CHAOS_SEED={seed} CAISSE_CHAOS_SECONDS={seconds}");
    let steps = plan(seed, seconds * 1_000);
    let mut town = Town::build().await?;
    let wrong = match trial(&mut town, seed, &steps).await {
        Ok(wrong) => wrong,
        Err(trouble) => vec![trouble.to_string()],
    };
    if wrong.is_empty() {
        return Ok(());
    }
    let (count, shown) = (wrong.len(), wrong.iter().take(SHOWN).cloned().collect::<Vec<_>>());
    panic!(
        "seed {seed}: {count} things are wrong:\n{}\nthe stores and logs are kept in:\n{}",
        shown.join("\n"),
        town.keep().join("\n")
    );
}
