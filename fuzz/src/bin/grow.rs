//! Mutates inputs and feeds them to targets, on the stable toolchain and without coverage: an input that goes a way
//! that none went before is kept and mutated further.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use fuzz::{Target, targets};

/// Inputs that are kept, at most.
const KEPT: usize = 4_096;
/// Bytes of an input, at most.
const LENGTH: usize = 8_192;

/// Mutates inputs and feeds them to targets; writes down what makes one panic.
///
/// Exit codes: 0 nothing panicked, 1 something did, 2 misused.
#[derive(Debug, Parser)]
#[command(name = "grow")]
struct Args {
    /// The target; all of them, one after another, when absent.
    #[arg(long)]
    target: Option<String>,
    /// Seconds for each.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The seed of all mutations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder with a folder for each target: what makes it panic is written there.
    #[arg(long, default_value = "fuzz/corpus")]
    corpus: PathBuf,
}

/// SplitMix64: the same seed gives the same mutations.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z % bound.max(1) as u64).expect("below a bound of this size")
    }

    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'-', b'9'];
        match self.below(3) {
            0 => TELLING[self.below(TELLING.len())],
            _ => u8::try_from(self.below(256)).expect("below 256"),
        }
    }

    fn mutate(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            let end = (at + self.below(24)).min(input.len());
            match self.below(6) {
                0 | 1 if at < input.len() => input[at] = self.byte(),
                2 => input.insert(at, self.byte()),
                3 => drop(input.drain(at..end)),
                4 => {
                    let copy = input[at..end].to_vec();
                    let to = self.below(input.len() + 1);
                    input.splice(to..to, copy);
                }
                _ => {
                    let from = self.below(other.len() + 1);
                    let upto = (from + self.below(96)).min(other.len());
                    input.splice(at..at, other[from..upto].iter().copied());
                }
            }
        }
        input.truncate(LENGTH);
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let all = targets();
    let named = |target: &&Target| args.target.as_deref().is_none_or(|name| name == target.name);
    let chosen: Vec<&Target> = all.iter().filter(named).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = all.iter().map(|target| target.name).collect();
        eprintln!("grow: no target of this name: one of {}", names.join(", "));
        return ExitCode::from(2);
    }
    std::panic::set_hook(Box::new(|_| {}));
    let panics: usize = chosen.into_iter().map(|target| grow(target, &args)).sum();
    if panics == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Returns how many different inputs made the target panic; a few are enough.
fn grow(target: &Target, args: &Args) -> usize {
    let mut chance = Chance(args.seed);
    let mut kept = (target.seeds)();
    let mut shapes = std::collections::BTreeSet::new();
    let (begun, seconds) = (Instant::now(), Duration::from_secs(args.seconds));
    let (mut runs, mut words) = (0u64, std::collections::BTreeSet::new());
    while begun.elapsed() < seconds && words.len() < 8 {
        let mut input = kept[chance.below(kept.len())].clone();
        let other = kept[chance.below(kept.len())].clone();
        chance.mutate(&mut input, &other);
        runs += 1;
        match catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
            Ok(shape) if kept.len() < KEPT && shapes.insert(shape) => kept.push(input),
            Ok(_) => {}
            Err(why) => {
                let text = why.downcast_ref::<String>().cloned();
                let text = text.or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                let text: String = text.unwrap_or_default().chars().take(160).collect();
                if words.insert(
                    text.chars().filter(|c| !c.is_ascii_digit()).take(40).collect::<String>(),
                ) {
                    let path = write_down(args, target, &input);
                    println!("{}: panics: {text}\n  {path}", target.name);
                }
            }
        }
    }
    let each = runs / args.seconds.max(1);
    println!("{:<12} {runs:>9} runs, {each:>6} a second, {} ways", target.name, shapes.len());
    words.len()
}

fn write_down(args: &Args, target: &Target, input: &[u8]) -> String {
    let name = format!("{:016x}", fuzz::shape(&input));
    let folder = args.corpus.join(target.name);
    let path = folder.join(name);
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input));
    written.map_or_else(|why| format!("not written: {why}"), |()| path.display().to_string())
}
