//! Everything that can be typed, as one snapshot: a change of the command line is seen in review.

use clap::CommandFactory as _;

/// Writes the help of a command and of all below it.
fn tree(command: &mut clap::Command, name: &str, out: &mut String) {
    out.push_str(&format!("━━ {name}\n\n{}\n", command.render_long_help()));
    for below in command.get_subcommands_mut() {
        if below.get_name() != "help" {
            let name = format!("{name} {}", below.get_name());
            tree(below, &name, out);
        }
    }
}

#[test]
fn the_help_of_every_command_is_as_it_was_reviewed() {
    let mut command = cli::args::Cli::command();
    command.build();
    let mut out = String::new();
    tree(&mut command, "caisse", &mut out);
    insta::assert_snapshot!("help", out);
}
