//! The binary `caisse`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
