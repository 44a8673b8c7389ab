//! Cards and their codes. A code is never shown.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ledger::command::Code;
use ledger::{Answer, Command, Query};

use super::Context;
use crate::args::people::{self, CodeSource};
use crate::failure::Failure;
use crate::output::{Done, short, talk};
use crate::print::{self, Face};
use crate::resolve::{self, unexpected};

/// Bytes read of a file that should hold four digits.
const CODE_FILE_BYTES: u64 = 64;

/// Permission bits of everybody but the owner.
const NOT_THE_OWNER: u32 = 0o077;

/// Issues, blocks or draws cards.
pub(super) async fn card(context: &Context, command: people::Card) -> Result<Done, Failure> {
    match command {
        people::Card::Issue { member, code } => {
            let member = resolve::member(context, &member).await?;
            let code = new_code(&code)?;
            let answer = context.command(&Command::IssueCard { member, code }).await?;
            let Answer::CardIssued(card) = &answer else {
                return Err(unexpected());
            };
            talk(&format!("print it with: caisse card print {} --out card.svg", card.number));
            Done::new(&answer, format!("card {} for member {}", card.number, short(&card.member)))
        }
        people::Card::Block { card } => {
            let answer = context.command(&Command::BlockCard { card: card.card() }).await?;
            let Answer::Card(card) = &answer else {
                return Err(unexpected());
            };
            Done::new(&answer, format!("card {} is blocked for good", card.number))
        }
        people::Card::Print { card, out } => {
            let answer = context.query(&Query::Card(card.card())).await?;
            let Answer::Card(card) = &answer else {
                return Err(unexpected());
            };
            let Answer::Status(status) = context.query(&Query::Status).await? else {
                return Err(unexpected());
            };
            if card.blocked {
                talk("this card is blocked: it will not pay any more");
            }
            let face = Face { caisse: &status.name, number: &card.number, qr: &card.qr };
            drawing(&print::card(&face)?, &card.number, out.as_deref())
        }
    }
}

fn drawing(svg: &str, number: &str, out: Option<&Path>) -> Result<Done, Failure> {
    let Some(path) = out else {
        return Done::new(&serde_json::json!({ "number": number, "svg": svg }), svg);
    };
    std::fs::write(path, svg)
        .map_err(|why| Failure::Misused(format!("{}: {why}", path.display())))?;
    let text = format!("card {number} is drawn in {}", path.display());
    Done::new(&serde_json::json!({ "number": number, "file": path }), text)
}

/// Asks for a new code twice, for nobody sees what is typed.
fn new_code(source: &CodeSource) -> Result<Code, Failure> {
    let code = code(source, "the code that the member chooses (four digits): ")?;
    if source.code_file.is_none() && ask("once more: ")? != code {
        return Err(Failure::misused("the two codes differ: start again"));
    }
    Ok(code)
}

/// Reads a card's code from where it was said to be, or asks for it on the terminal.
pub(super) fn code(source: &CodeSource, prompt: &str) -> Result<Code, Failure> {
    match source.code_file.as_deref() {
        None => ask(prompt),
        Some(path) if path == Path::new("-") => read(std::io::stdin().lock(), "standard input"),
        Some(path) => {
            let name = path.display().to_string();
            let failed = |why| Failure::Misused(format!("{name}: {why}"));
            let file = std::fs::File::open(path).map_err(failed)?;
            let mode = file.metadata().map_err(failed)?.permissions().mode();
            if mode & NOT_THE_OWNER != 0 {
                talk(&format!("others may read the code: run `chmod 600 {name}`"));
            }
            read(file, &name)
        }
    }
}

fn ask(prompt: &str) -> Result<Code, Failure> {
    let typed = rpassword::prompt_password(prompt).map_err(|why| {
        Failure::Misused(format!(
            "there is no terminal to ask for the code ({why}): use --code-file FILE"
        ))
    })?;
    typed.trim().parse().map_err(Failure::misused)
}

fn read(from: impl std::io::Read, name: &str) -> Result<Code, Failure> {
    let mut text = String::new();
    let read = from.take(CODE_FILE_BYTES).read_to_string(&mut text);
    read.map_err(|why| Failure::Misused(format!("{name}: {why}")))?;
    text.trim().parse().map_err(|why| Failure::Misused(format!("{name}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_a_file_without_the_line_end_and_nothing_else_is_a_code() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("code");
        let source = CodeSource { code_file: Some(path.clone()) };
        std::fs::write(&path, " 4071\r\n").expect("our own file");
        assert_eq!(code(&source, "").map(|code| code.digits().to_vec()), Ok(b"4071".to_vec()));
        for bad in ["", "407", "40712", "abcd", "４０７１"] {
            std::fs::write(&path, bad).expect("our own file");
            let Err(Failure::Misused(message)) = code(&source, "") else {
                panic!("{bad:?} was taken for a code");
            };
            assert!(message.contains("four digits"), "{message}");
            assert!(bad.is_empty() || !message.contains(bad), "the code is shown: {message}");
        }
        std::fs::remove_file(&path).expect("it is there");
        assert!(matches!(code(&source, ""), Err(Failure::Misused(_))));
    }
}
