//! One shell that types a document, in a network of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::{Document, Step};
use crate::{Trouble, binary};

/// How long a whole document may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tenths of a second that a node may take to come up.
const NODE_TENTHS: u32 = 300;

/// What comes before the number and the exit status of a step when it is done; no command shows it.
const MARK: char = '\u{1e}';

/// How the playing of a document ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything was shown as written.
    AsWritten,
    /// It was not played, and why.
    Skipped(String),
    /// Something else was shown; the first difference, for people.
    Differs(String),
}

/// Plays a document in an empty folder, with `caisse` on the path, the folder `configs` beside it and the
/// repository as `$REPO`. It gets a network of its own, so that the ports it names are free: that needs
/// root, and is skipped where it cannot be had.
///
/// # Errors
/// [`Trouble`] if it could not be tried.
pub async fn play(document: &Document, repository: &Path) -> Result<Ended, Trouble> {
    if let Some(why) = no_network_of_its_own().await {
        return Ok(Ended::Skipped(why));
    }
    let home = tempfile::tempdir().map_err(Trouble::io("making a temporary folder"))?;
    let shown = shell(document, home.path(), repository).await?;
    Ok(compare(document, &shown, home.path()))
}

/// Returns why there can be no network namespace here, if so.
async fn no_network_of_its_own() -> Option<String> {
    let tried = Command::new("unshare")
        .args(["--net", "--pid", "--fork", "--kill-child", "ip", "link", "set", "lo", "up"])
        .stdin(Stdio::null())
        .output()
        .await;
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "no network namespace (needs root and iproute2): {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(why) => Some(format!("no network namespace (needs util-linux): {why}")),
    }
}

/// Lets a shell type everything; returns what it showed, with marks.
async fn shell(document: &Document, home: &Path, repository: &Path) -> Result<String, Trouble> {
    let (typed, work) = (home.join("typed"), home.join("work"));
    for folder in [&typed, &work] {
        std::fs::create_dir(folder).map_err(Trouble::io("making a folder"))?;
    }
    let linked = std::os::unix::fs::symlink(repository.join("configs"), work.join("configs"));
    linked.map_err(Trouble::io("linking the folder configs"))?;
    for (number, step) in document.steps.iter().enumerate() {
        let command = step.background().unwrap_or(&step.command);
        // A node takes the place of its shell, so that `kill %1` stops it as it would at a terminal.
        let first = if step.node().is_some() { "exec " } else { "" };
        let written = std::fs::write(typed.join(number.to_string()), format!("{first}{command}"));
        written.map_err(Trouble::io("writing down a command"))?;
    }
    let script = script(document, &typed);
    std::fs::write(home.join("script"), script).map_err(Trouble::io("writing a script"))?;
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--net", "--pid", "--fork", "--kill-child", "bash"])
        .arg(home.join("script"))
        .current_dir(&work)
        .env("PATH", path()?)
        .env("REPO", repository)
        .env("HOME", &work)
        .envs([("TERM", "dumb"), ("NO_COLOR", "1"), ("LC_ALL", "C.UTF-8")])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(PATIENCE, unshare.output()).await {
        Ok(output) => {
            let output = output.map_err(Trouble::io("running a shell"))?;
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(_) => Err(Trouble::Late { seconds: PATIENCE.as_secs(), what: document.name.clone() }),
    }
}

/// Returns the path with the folder of `caisse` first.
fn path() -> Result<std::ffi::OsString, Trouble> {
    let caisse = binary::caisse()?;
    let folder = caisse.parent().map(Path::to_owned).unwrap_or_default();
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder).chain(std::env::split_paths(&old));
    std::env::join_paths(all).map_err(|why| Trouble::answer("PATH", why))
}

/// Each command stands in a file of its own that the shell reads, so that it stays as it was written and
/// keeps its effects (`cd`, variables) for those after it.
fn script(document: &Document, typed: &Path) -> String {
    let mut script = "exec 2>&1\nset -o pipefail\nip link set lo up\n".to_owned();
    for (number, step) in document.steps.iter().enumerate() {
        let file = shown(&typed.join(number.to_string()));
        let line = match (step.background(), step.node()) {
            (None, _) => format!(". {file}"),
            (Some(_), None) => format!("(. {file}) > {file}.log 2>&1 &"),
            (Some(_), Some(dir)) => format!(
                "(. {file}) > {file}.log 2>&1 &\n\
                 node=$!\n\
                 for try in $(seq {NODE_TENTHS}); do\n\
                 caisse -C {dir} status > {file}.status 2>&1 && break\n\
                 kill -0 $node || break\nsleep 0.1\ndone\n\
                 caisse -C {dir} status > {file}.status 2>&1"
            ),
        };
        // Writing to a string does not fail.
        let _ = writeln!(script, "{line}\nprintf '\\036{number} %d\\n' $?");
    }
    script
}

fn shown(path: &Path) -> String {
    format!("'{}'", path.display())
}

/// Finds the first step that was not as written.
fn compare(document: &Document, shown: &str, home: &Path) -> Ended {
    let mut parts = shown.split_inclusive('\n').peekable();
    for (number, step) in document.steps.iter().enumerate() {
        let (mut output, mut status) = (String::new(), None);
        for line in parts.by_ref() {
            let Some((before, mark)) = line.split_once(MARK) else {
                output.push_str(line);
                continue;
            };
            output.push_str(before);
            let exit = mark.trim().strip_prefix(&format!("{number} "));
            status = exit.and_then(|exit| exit.parse::<u8>().ok());
            break;
        }
        if status != Some(0) || !step.is_as_written(&output) {
            let log = home.join("typed").join(format!("{number}.log"));
            return Ended::Differs(difference(&document.name, step, &output, status, &log));
        }
    }
    Ended::AsWritten
}

fn difference(name: &str, step: &Step, output: &str, status: Option<u8>, log: &PathBuf) -> String {
    let ended = match status {
        Some(0) => "it ended well, but showed something else than is written".to_owned(),
        Some(status) => format!("it ended with exit code {status}"),
        None => "the shell ended with it".to_owned(),
    };
    let background =
        std::fs::read_to_string(log).map(|text| format!("\nin the background:\n{text}"));
    format!(
        "{name}:{}: $ {}\n{ended}\nwritten:\n{}\nshown:\n{output}{}",
        step.line,
        step.command,
        step.expected.join("\n"),
        background.unwrap_or_default()
    )
}
