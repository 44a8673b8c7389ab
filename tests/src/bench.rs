//! The benchmark: how fast, how small and how soon, beside what a user would pick instead.
//!
//! Machines differ and are noisy: everything that is compared is measured in one run, and times are also
//! counted in durable writes of the same disk.

mod across;
mod batches;
mod binaries;
mod catalogue;
mod federation;
mod figure;
mod house;
pub mod load;
mod local;
mod machine;
mod outage;
mod start;
mod town;

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

pub use figure::{Absent, Figure, Report, Target};
use machine::Machine;

use crate::Trouble;

/// Measures caisse on this machine: prints a table, and writes the same as JSON.
///
/// Takes a few minutes and uses both disk and processor fully: close what else runs.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "bench", version, max_term_width = 100)]
pub struct Options {
    /// Writes the report there, as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Does everything at a twentieth of its size: shows that it works, not how fast it is.
    #[arg(long)]
    pub quick: bool,
    /// Measures only this; may be given several times.
    #[arg(long, value_name = "NAME", value_enum)]
    pub only: Vec<Part>,
    /// Payments in the books whose cold start is measured.
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    pub payments: u64,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Payments at one caisse through HTTP, beside PostgreSQL.
    Local,
    /// Payments through the machine and the store, 64 at a time, without HTTP.
    Batches,
    /// Payments with a card of another caisse.
    Across,
    /// Products that reach a second node, and one price that changes.
    Catalogue,
    /// Fifty nodes: how soon a change is everywhere.
    Federation,
    /// Twenty nodes, one of which comes back after a day.
    Outage,
    /// Starting with full books; disk and memory.
    Start,
    /// A caisse of the size of a large town, and how its costs grow from a tenth of it.
    Town,
    /// The size of the binary, and the simulator.
    Binaries,
}

/// What is measured, in this order.
const PARTS: [Part; 9] = [
    Part::Local,
    Part::Batches,
    Part::Across,
    Part::Catalogue,
    Part::Federation,
    Part::Outage,
    Part::Start,
    Part::Town,
    Part::Binaries,
];

/// How much is done, and on which machine.
pub(crate) struct Setting {
    quick: bool,
    payments: u64,
    machine: Machine,
    bar: ProgressBar,
}

impl Setting {
    /// Returns how many of something there are: all, or a twentieth in a quick run.
    fn size(&self, all: u64) -> u64 {
        if self.quick { all.div_ceil(20) } else { all }
    }

    /// Says what is going on.
    fn step(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }
}

/// Measures what the options ask for.
///
/// # Errors
/// [`Trouble`] with what to do about it.
pub async fn measure(options: &Options) -> Result<Report, Trouble> {
    crate::binary::caisse()?;
    let wanted = |part: &Part| options.only.is_empty() || options.only.contains(part);
    let parts: Vec<Part> = PARTS.into_iter().filter(wanted).collect();
    let bar = ProgressBar::new(parts.len() as u64);
    let style = ProgressStyle::with_template("{bar:12} {pos}/{len} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar.set_message("the disk");
    let machine = Machine::look(if options.quick { 100 } else { 2_000 })?;
    let payments = options.payments;
    let setting = Setting { quick: options.quick, payments, machine: machine.clone(), bar };
    let mut report = Report::new(machine, options.quick);
    for part in parts {
        match part {
            Part::Local => local::measure(&setting, &mut report).await?,
            Part::Batches => batches::measure(&setting, &mut report)?,
            Part::Across => across::measure(&setting, &mut report).await?,
            Part::Catalogue => catalogue::measure(&setting, &mut report).await?,
            Part::Federation => federation::measure(&setting, &mut report).await?,
            Part::Outage => outage::measure(&setting, &mut report).await?,
            Part::Start => start::measure(&setting, &mut report).await?,
            Part::Town => town::measure(&setting, &mut report).await?,
            Part::Binaries => binaries::measure(&setting, &mut report)?,
        }
        setting.bar.inc(1);
    }
    setting.bar.finish_and_clear();
    Ok(report)
}
