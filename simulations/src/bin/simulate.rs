//! Lives many seeded worlds, and tells the first one that breaks.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

use clap::Parser;
use serde_json::json;
use simulations::scenario::{NotPlayed, SCENARIOS, Scenario, play};
use simulations::{Broken, Options, Survived, Telling, live};

/// Lives many seeded worlds of real caisses: each is founded, goes wrong, heals, settles and is audited.
///
/// Exit codes: 0 nothing broke, 1 an invariant did not hold, 2 misused.
#[derive(Debug, Parser)]
#[command(name = "simulate", version)]
struct Args {
    /// How many worlds.
    #[arg(long, default_value_t = 1_000, conflicts_with = "seed")]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1, conflicts_with = "seed")]
    from: u64,
    /// Lives the world of one seed and tells it in words.
    #[arg(long)]
    seed: Option<u64>,
    /// Plays a scenario and tells it in plain words; `-` reads one from standard input.
    #[arg(long, value_name = "NAME", conflicts_with = "seed")]
    scenario: Option<String>,
    /// Worlds lived at the same time; one for each processor when absent.
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    json: bool,
    /// Runs a wrong version of the protocol (M1 to M8) in every caisse: each must be caught.
    #[cfg(feature = "mutants")]
    #[arg(long)]
    mutant: Option<String>,
}

/// What many worlds came to.
#[derive(Default)]
struct Sum {
    worlds: u64,
    steps: u64,
    sales: u64,
    paid: u64,
    across: u64,
    runs: u64,
    restarts: u64,
    broken: Vec<(u64, Broken)>,
}

impl Sum {
    fn add(&mut self, seed: u64, lived: Result<Survived, Broken>) {
        self.worlds += 1;
        match lived {
            Ok(survived) => {
                self.steps += survived.steps;
                self.sales += survived.sales as u64;
                self.paid += survived.paid as u64;
                self.across += survived.across as u64;
                self.runs += survived.runs as u64;
                self.restarts += u64::from(survived.restarts);
            }
            Err(why) => self.broken.push((seed, why)),
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let options = match options(&args) {
        Ok(options) => options,
        Err(code) => return code,
    };
    if let Some(name) = &args.scenario {
        return tell_scenario(name, args.json);
    }
    match args.seed {
        Some(seed) => tell(seed, options, args.json),
        None => many(&args, options),
    }
}

#[cfg(not(feature = "mutants"))]
fn options(_: &Args) -> Result<Options, ExitCode> {
    Ok(Options::new(Telling::Silent))
}

#[cfg(feature = "mutants")]
fn options(args: &Args) -> Result<Options, ExitCode> {
    use ledger::caisse::Mutant;

    let named = |name: &str| Mutant::ALL.into_iter().find(|m| format!("{m:?}") == name);
    let mutant = match args.mutant.as_deref() {
        None => None,
        Some(name) => Some(named(name).ok_or_else(|| {
            eprintln!("simulate: no mutant is called {name:?}: one of {:?}", Mutant::ALL);
            ExitCode::from(2)
        })?),
    };
    Ok(Options { mutant, ..Options::new(Telling::Silent) })
}

/// Lives one world and tells it.
fn tell(seed: u64, mut options: Options, json: bool) -> ExitCode {
    options.telling = Telling::Lines;
    let (lived, lines) = live(seed, options);
    for line in &lines {
        say(line);
    }
    let mut sum = Sum::default();
    if let Ok(survived) = &lived {
        say(&format!("trace hash {}", survived.trace));
    }
    sum.add(seed, lived);
    finish(&sum, 0.0, json)
}

/// Plays a scenario and tells it.
fn tell_scenario(name: &str, json: bool) -> ExitCode {
    let mut text = String::new();
    if name == "-" {
        if let Err(why) = std::io::Read::read_to_string(&mut std::io::stdin(), &mut text) {
            say(&format!("simulate: standard input cannot be read: {why}"));
            return ExitCode::from(2);
        }
    } else if let Some(known) = Scenario::named(name) {
        known.clone_into(&mut text);
    } else {
        let known: Vec<&str> = SCENARIOS.iter().map(|(known, _)| *known).collect();
        say(&format!("simulate: no scenario is called {name:?}: one of {}", known.join(", ")));
        return ExitCode::from(2);
    }
    let (played, lines) = play(&text);
    lines.iter().for_each(|line| say(line));
    if json {
        let why = played.as_ref().err().map(ToString::to_string);
        println!("{}", json!({ "scenario": name, "lines": lines, "failed": why }));
    }
    match played {
        Ok(_) => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("{name}: {why}"));
            ExitCode::from(if matches!(why, NotPlayed::Malformed(_)) { 2 } else { 1 })
        }
    }
}

/// Writes a line for people; nobody may be listening.
fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the worlds are pure; how many are lived at once and how long it took is not part of them"
)]
fn many(args: &Args, options: Options) -> ExitCode {
    let begun = std::time::Instant::now();
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.map_or(1, NonZeroUsize::get);
    let (next, stop) = (AtomicU64::new(args.from), AtomicBool::new(false));
    let end = args.from.saturating_add(args.seeds);
    let (results, arrived) = mpsc::sync_channel(64);
    let mut sum = Sum::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (results, next, stop) = (results.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || results.send((seed, live(seed, options).0)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let every = (args.seeds / 20).max(1);
        for (seed, lived) in arrived {
            if let Err(why) = &lived {
                say(&format!("seed {seed} broke {why}"));
            }
            sum.add(seed, lived);
            if sum.worlds.is_multiple_of(every) {
                let seconds = begun.elapsed().as_secs_f64();
                say(&format!("{} of {} worlds, {seconds:.0} s", sum.worlds, args.seeds));
            }
            // A few broken worlds say enough.
            stop.store(sum.broken.len() >= 20, Ordering::Relaxed);
        }
    });
    finish(&sum, begun.elapsed().as_secs_f64(), args.json)
}

fn finish(sum: &Sum, seconds: f64, json: bool) -> ExitCode {
    let Sum { worlds, steps, sales, paid, across, runs, restarts, broken } = sum;
    let per_second = if seconds > 0.0 { *paid as f64 / seconds } else { 0.0 };
    if json {
        let broken = broken.iter().map(
            |(seed, why)| json!({ "seed": seed, "invariant": why.invariant, "what": why.what }),
        );
        println!(
            "{}",
            json!({
                "seeds": worlds, "steps": steps, "sales": sales, "payments": paid,
                "across": across, "runs": runs, "restarts": restarts, "seconds": seconds,
                "payments_per_second": per_second, "broken": broken.collect::<Vec<_>>(),
            })
        );
    } else {
        println!(
            "{worlds} worlds, {steps} events, {sales} sales: {paid} paid, {across} of them across \
             caisses; {runs} settlement runs, {restarts} restarts"
        );
        if seconds > 0.0 {
            println!("{seconds:.1} s, {per_second:.0} simulated payments a second");
        }
    }
    match broken.first() {
        None => ExitCode::SUCCESS,
        Some((seed, _)) => {
            say(&format!(
                "{} worlds broke; told in words by: simulate --seed {seed}",
                broken.len()
            ));
            ExitCode::from(1)
        }
    }
}
