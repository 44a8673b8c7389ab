//! How people talk to a caisse: the one binary, as a library.
//!
//! This crate is a shell: it reads what is typed, asks the node that runs in the caisse's directory, and
//! shows the answer. Data goes to stdout, talk to stderr; with `--json` the same facts are one JSON value.

pub mod args;
pub mod client;
pub mod commands;
pub mod demo;
pub mod failure;
pub mod output;
pub mod print;
pub mod resolve;
pub mod till;

use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;
use commands::Context;
use failure::Failure;

/// Reads the command line, does what it asks, and returns the exit code: 0 done, 1 refused, 2 misused,
/// 3 node unreachable.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody may be listening.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let json = global.json;
    let ended = match command {
        args::Command::Demo { hold } => {
            let played = wait_for(demo::demonstrate(demo::Asked { json, hold }));
            return ExitCode::from(
                played.unwrap_or_else(|failure| output::finish(Err(failure), json)),
            );
        }
        command => {
            wait_for(commands::carry_out(&Context::new(global), command)).and_then(|ended| ended)
        }
    };
    ExitCode::from(output::finish(ended, json))
}

/// Waits for a command, on threads of its own.
fn wait_for<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|why| Failure::Failed(format!("no threads: {why}")))?;
    Ok(runtime.block_on(work))
}
