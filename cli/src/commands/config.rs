//! Configuration files.

use ::node::config::Config;
use serde_json::json;

use crate::args;
use crate::failure::Failure;
use crate::output::Done;

/// The commented default, every key explained.
const DEFAULT: &str = include_str!("../../../configs/default.toml");

/// Checks or prints a configuration.
pub(super) fn config(command: args::Config) -> Result<Done, Failure> {
    match command {
        args::Config::Default => Done::new(&json!({ "default": DEFAULT }), DEFAULT),
        args::Config::Check { file } => {
            let config = Config::read(&file).map_err(Failure::misused)?;
            let facts = json!({
                "name": config.name,
                "communes": config.territory.len(),
                "rules_version": config.rules.version,
                "rules_from": config.rules.from,
            });
            let text = format!(
                "{}: {} with {} commune(s), rules version {} from {}",
                file.display(),
                config.name,
                config.territory.len(),
                config.rules.version,
                config.rules.from
            );
            Done::new(&facts, text)
        }
    }
}
