//! The size of the binary, and what the simulator gets through.

use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{Figure, Report, Setting, Target};
use crate::{Trouble, binary};

const SEEDS: u64 = 200;

/// What `simulate --json` prints.
#[derive(Deserialize)]
struct Simulated {
    seeds: u64,
    payments: u64,
    seconds: f64,
}

#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
pub fn measure(setting: &Setting, report: &mut Report) -> Result<(), Trouble> {
    let caisse = binary::caisse()?;
    let size = std::fs::metadata(&caisse).map_err(Trouble::io("looking at the binary"))?.len();
    let how = "the file `caisse` beside this one";
    let figure = Figure::new("the binary", size as f64 / 1e6, "MB", how);
    report.add(figure.should_be(Target::AtMost(25.0)));

    const NAME: &str = "the simulator";
    setting.step(NAME);
    let Some(simulate) = binary::simulate() else {
        report.lacks(NAME, "not built: cargo build --release --workspace --bins");
        return Ok(());
    };
    let seeds = setting.size(SEEDS).to_string();
    let output = Command::new(simulate)
        .args(["--seeds", &seeds, "--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(Trouble::io("running `simulate`"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let done = serde_json::from_str::<Simulated>(&text).ok().filter(|_| output.status.success());
    let Some(done) = done else {
        let why = format!("look at it: simulate --seeds {seeds} --json ({})", output.status);
        report.lacks(NAME, why);
        return Ok(());
    };
    let how = "simulate --json: whole worlds of several caisses, hostile network, crashes";
    let rate = |count: u64| count as f64 / done.seconds.max(1e-6);
    report.add(Figure::new("simulated payments", rate(done.payments), "a second", how));
    // 10,000 seeds in ten minutes.
    let figure = Figure::new("simulated worlds", rate(done.seeds), "seeds/s", how);
    report.add(figure.should_be(Target::AtLeast(10_000.0 / 600.0)));
    Ok(())
}
