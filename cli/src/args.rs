//! What can be typed.

pub mod accounting;
pub mod backup;
pub mod card;
pub mod disputes;
pub mod federation;
pub mod foresight;
pub mod keys;
pub mod lot;
pub mod money;
pub mod people;
pub mod rules;
pub mod till;
pub mod treasury;
pub mod values;
pub mod waiting;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use crdt::RequestId;

/// Runs a caisse of the Sécurité sociale de l'alimentation, and talks to a running one.
///
/// A caisse is a directory. `caisse init DIR --config FILE` makes one, `caisse run DIR` opens it, and every
/// other command asks the node that runs in the directory given with -C.
///
/// Exit codes: 0 done, 1 refused, 2 misused, 3 no node answers, 4 a second copy of the caisse runs.
#[derive(Debug, Parser)]
#[command(name = "caisse", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What is asked.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The caisse's directory.
    // An id of its own: `init` and `run` take a DIR too.
    #[arg(
        id = "caisse_dir",
        short = 'C',
        long = "dir",
        global = true,
        value_name = "DIR",
        default_value = "."
    )]
    pub dir: PathBuf,
    /// Answers in JSON on stdout: amounts in cents, rates in basis points.
    #[arg(long, global = true)]
    pub json: bool,
    /// The idempotency key of a command: the same key and command are never done twice. Random when
    /// absent; give it to repeat a command of which no answer came.
    #[arg(long, global = true, value_name = "32-HEX-DIGITS")]
    pub request: Option<RequestId>,
}

/// What is asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plays the main job with three caisses on this machine.
    ///
    /// From the founding charter to the settlement, in ten seconds or so, each caisse in a process of its
    /// own. Everything that it claims is checked; it exits with 1 if anything is otherwise.
    Demo {
        /// Keeps the three caisses open at the end, until Ctrl-C or SIGTERM, and their directories.
        #[arg(long)]
        hold: bool,
    },
    /// Makes a caisse: keys, store, rules.
    Init {
        /// A directory that is empty or does not exist.
        dir: PathBuf,
        /// The configuration; `caisse config default` prints one to start from.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Runs the node of a caisse until SIGTERM.
    Run {
        /// The caisse's directory.
        dir: PathBuf,
        /// How logs look, on stderr.
        #[arg(long, value_enum, default_value_t = LogFormat::Text)]
        log: LogFormat,
        /// What is logged: error, warn, info, debug, trace, or a filter such as `info,node=debug`.
        #[arg(long, default_value = "info", value_name = "LEVEL")]
        log_level: String,
    },
    /// Shows how the caisse is.
    Status {
        /// Waits until the node answers and may speak for the caisse: every founder has signed the charter,
        /// and every partner was heard since the start. At most 30 seconds, or as many as are given.
        #[arg(
            long,
            value_name = "SECONDS",
            num_args = 0..=1,
            require_equals = true,
            default_missing_value = "30"
        )]
        wait: Option<u32>,
    },
    /// Re-derives every balance from the books and feeds, and checks every signature; exits with 1 if
    /// anything differs. Works on a stopped caisse too.
    Verify,
    /// Members.
    #[command(subcommand)]
    Member(people::Member),
    /// The waiting list: who comes first is admitted first.
    #[command(subcommand)]
    Waiting(waiting::Waiting),
    /// Draws by lot from a public seed: anyone who has the list of ids can draw again and find the same.
    Draw(waiting::Draw),
    /// Shows what is kept of persons, what for, how long, and where.
    Privacy,
    /// Food cards.
    #[command(subcommand)]
    Card(card::Card),
    /// Vendors and the committee's decisions about them.
    #[command(subcommand)]
    Vendor(people::Vendor),
    /// Contributions of members.
    #[command(subcommand)]
    Contribution(people::Contribution),
    /// Issues the allocations of a month by the rules in force; a second run issues only what is missing.
    Allocate(money::Allocate),
    /// Rules: which are in force, which are planned.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Grants of funders, which cover credit.
    #[command(subcommand)]
    Grant(rules::Grant),
    /// Shows whether credit is covered by money and confirmed grants; exits with 1 if it is not.
    Guarantee,
    /// The books: entries, balances, corrections.
    #[command(subcommand)]
    Book(accounting::Book),
    /// Closing of days and years that are over.
    #[command(subcommand)]
    Close(accounting::Close),
    /// The file of a year's entries that French law asks for (fichier des écritures comptables).
    #[command(subcommand)]
    Fec(accounting::Fec),
    /// Shows the volume of the last twelve months against the limit of one million euros; exits with 1 once
    /// it is reached.
    Meter,
    /// Receipts for members who gave more than they were issued.
    #[command(subcommand)]
    Receipt(accounting::Receipt),
    /// Says for how many months money and grants last, under three assumptions, from the books of the last
    /// months; changes nothing.
    Forecast(foresight::Forecast),
    /// Writes the indicators of a period into a file: the same columns in every caisse, the same figures
    /// whenever it is asked again, and none that tells of fewer than 10 people.
    Evaluate(foresight::Evaluate),
    /// The pot that balances tiers of prices.
    #[command(subcommand)]
    Pot(rules::Pot),
    /// Credit that lasts too long: members are told, then it expires.
    #[command(subcommand)]
    Expire(rules::Expire),
    /// Takes a payment at one of the caisse's vendors, with a card of this or another caisse.
    Pay(money::Pay),
    /// A vendor's till: sells also while its node cannot be reached, and sends those sales later.
    #[command(subcommand)]
    Till(till::Till),
    /// Gives back what a payment covered, or a part of it.
    Refund(money::Refund),
    /// Payments, at our vendors and of our members elsewhere.
    #[command(subcommand)]
    Payment(money::Payment),
    /// Disputes: members contest payments, and the caisse answers.
    #[command(subcommand)]
    Dispute(disputes::Dispute),
    /// Reminders of contributions that were agreed and have not come; they suspend nothing.
    #[command(subcommand)]
    Dunning(disputes::Dunning),
    /// The bank's lines: import, queue, reconciliation.
    #[command(subcommand)]
    Bank(treasury::Bank),
    /// Bank transfers to vendors, and to members who paid first.
    #[command(subcommand)]
    Payout(treasury::Payout),
    /// Direct debits of contributions.
    #[command(subcommand)]
    Collect(treasury::Collect),
    /// The federation: who belongs to it, and agreements.
    #[command(subcommand)]
    Federation(federation::Federation),
    /// Lots: what partners may sell to our members, and we to theirs, while the two cannot reach each other.
    #[command(subcommand)]
    Lot(lot::Lot),
    /// Partner caisses.
    #[command(subcommand)]
    Peer(federation::Peer),
    /// The catalogue: what the vendors of all caisses sell.
    #[command(subcommand)]
    Catalogue(people::Catalogue),
    /// Shows what we and another caisse owe each other.
    Statement(federation::Statement),
    /// Settlement of what caisses owe each other.
    #[command(subcommand)]
    Settle(federation::Settle),
    /// Writes the caisse into one new file, while its node runs or not.
    Backup(backup::Backup),
    /// Makes a caisse of a backup.
    Restore(backup::Restore),
    /// Proofs that a caisse contradicted itself.
    #[command(subcommand)]
    Proof(keys::Proof),
    /// The caisse's own keys.
    #[command(subcommand)]
    Key(keys::Key),
    /// Epochs: what the identity key says about keys, and about what no longer counts.
    #[command(subcommand)]
    Epoch(keys::Epoch),
    /// Configuration files.
    #[command(subcommand)]
    Config(Config),
}

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Configuration files.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Checks a configuration: names the file, line and column of a mistake, and what to do.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Prints the default configuration, every key explained.
    Default,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_directory_to_make_is_not_the_one_to_speak_to() {
        let cli = Cli::try_parse_from(["caisse", "-C", "a", "init", "b", "--config", "c"]);
        let Cli { global, command: Command::Init { dir, .. } } = cli.expect("it is well typed")
        else {
            panic!("another command");
        };
        assert_eq!((global.dir, dir), ("a".into(), "b".into()));
        let cli = Cli::try_parse_from(["caisse", "init", "b", "--config", "c"]);
        assert_eq!(cli.expect("it is well typed").global.dir, PathBuf::from("."));
    }

    #[test]
    fn no_option_of_every_command_has_the_id_of_another_argument() {
        fn check(command: &clap::Command, global: &[String]) {
            for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
                assert!(!global.contains(&argument.get_id().to_string()), "{argument}");
            }
            command.get_subcommands().for_each(|below| check(below, global));
        }
        let command = Cli::command();
        let global = command.get_arguments().filter(|argument| argument.is_global_set());
        let global: Vec<String> = global.map(|argument| argument.get_id().to_string()).collect();
        assert_eq!(global, ["caisse_dir", "json", "request"]);
        check(&command, &global);
    }

    #[test]
    fn the_commands_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
