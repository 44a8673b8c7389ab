//! Measures caisse on this machine: `make bench`.

use anyhow::Context as _;
use clap::Parser as _;
use tests::bench::{Options, measure};

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let report = runtime.context("no threads")?.block_on(measure(&options))?;
    println!("{}", report.table());
    if let Some(path) = &options.out {
        let text = serde_json::to_string_pretty(&report).context("the report as JSON")?;
        let named =
            || format!("{}: cannot be written; name another file with --out", path.display());
        std::fs::write(path, text + "\n").with_context(named)?;
    }
    Ok(())
}
