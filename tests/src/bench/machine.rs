//! The machine on which everything is measured, and what one durable write costs on it.

use std::fs::File;
use std::io::Write as _;
use std::time::Instant;

use serde::Serialize;

use super::load::Times;
use crate::Trouble;

/// Facts about the machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub cores: usize,
    /// The model of the processor.
    pub processor: String,
    /// The kernel's release.
    pub kernel: String,
    /// Processes that ran or waited for a processor in the minute before: others, which make every figure worse.
    pub load: f64,
    /// Milliseconds of appending 4 KiB and `fdatasync`, in the folder where everything is measured.
    pub durable_write_p50_ms: f64,
    /// The same, of the slowest one in a hundred.
    pub durable_write_p99_ms: f64,
}

impl Machine {
    /// Looks at the machine and writes so many times to its disk.
    pub(super) fn look(writes: usize) -> Result<Self, Trouble> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo");
        let processor = processor.lines().find_map(|line| line.strip_prefix("model name"));
        let processor =
            processor.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim());
        let times = durable_writes(writes)?;
        Ok(Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: processor.unwrap_or("unknown").to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|l| l.parse().ok())
                .unwrap_or(0.0),
            durable_write_p50_ms: times.percentile_ms(50),
            durable_write_p99_ms: times.percentile_ms(99),
        })
    }
}

/// Times so many durable writes of 4 KiB.
pub(super) fn durable_writes(count: usize) -> Result<Times, Trouble> {
    let mut times = Times::default();
    // Where nodes have their directories too.
    let mut file: File = tempfile::tempfile().map_err(Trouble::io("making a temporary file"))?;
    for _ in 0..count {
        let begun = Instant::now();
        let written = file.write_all(&[7; 4096]).and_then(|()| file.sync_data());
        written.map_err(Trouble::io("writing to a temporary file"))?;
        times.add(begun.elapsed());
    }
    Ok(times)
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (cores, processor, kernel) = (self.cores, &self.processor, &self.kernel);
        let (p50, p99) = (self.durable_write_p50_ms, self.durable_write_p99_ms);
        writeln!(f, "{cores} cores, {processor}, Linux {kernel}")?;
        write!(f, "a durable write of 4 KiB takes {p50:.2} ms (p99 {p99:.2} ms)")?;
        if self.load > 0.5 {
            let load = self.load;
            write!(
                f,
                "\nothers use this machine too (load {load:.1}): all figures are worse for it"
            )?;
        }
        Ok(())
    }
}
