//! Visits every state of the models of the protocol, and says how many there are.

use std::process::ExitCode;

use clap::Parser;
use simulations::model::Protocol;
use simulations::model::lot::LotModel;
use simulations::model::payment::{Liar, Payment};
use simulations::model::settlement::Settlement;

mod check;

/// Visits every state of the models of the protocol, and says how many there are.
///
/// Exit codes: 0 every law holds in every state, 1 one does not, 2 misused.
#[derive(Debug, Parser)]
#[command(name = "model")]
struct Args {
    /// Two sales that share balance and ceiling, each with its refunds: some minutes.
    #[arg(long)]
    large: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let one = Payment::default();
    let mut well = true;
    well &= visited("payment: one sale", one);
    well &= visited("payment: a host that lies", Payment { liar: Liar::Host, ..one });
    well &= visited("payment: a home caisse that lies", Payment { liar: Liar::Home, ..one });
    let two = Payment { sales: 2, ceiling: 2, refunds: 0, floor: Some(false), ..one };
    well &= visited("payment: two sales, one fits", two);
    if args.large {
        let two = Payment { ceiling: 4, floor: None, ..two };
        well &= visited("payment: two sales, both fit, floor", two);
        let two = Payment { refunds: 2, dying: false, ..two };
        well &= visited("payment: two sales, both fit, floor, refunds", two);
    }
    well &= visited("settlement: three that may die", Settlement::default());
    let equivocator = Settlement { equivocator: true, ..Settlement::default() };
    well &= visited("settlement: one equivocates", equivocator);
    well &= visited("lot", LotModel::default());
    well &= visited("lot: a host that lies", LotModel { liar: true, ..LotModel::default() });
    if well { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Says what was found; returns whether all is well.
fn visited<P>(name: &str, protocol: P) -> bool
where
    P: Protocol + Send + Sync,
    P::State: Send + Sync,
    P::Step: Send + Sync,
{
    let found = check::visit(protocol);
    println!("{name:<45} {:>9} states, depth {}", found.states, found.depth);
    for (law, way) in &found.broken {
        println!("  broken: {law}");
        for step in way {
            println!("    {step}");
        }
    }
    for happening in &found.missing {
        println!("  never: {happening}");
    }
    found.broken.is_empty() && found.missing.is_empty()
}
