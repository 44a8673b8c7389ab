//! Processes that do not outlive the demo, and ports that stay free.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::random;
use crate::failure::Failure;

/// Ports from which ours are taken: below those that systems give to outgoing connections, so that a
/// caisse that was killed finds its own again.
const PORTS: (u16, u16) = (17_000, 32_000);

/// Ports that are tried before the machine counts as full.
const TRIES: u16 = 2_000;

/// Time between two looks at a process that ends.
const PAUSE: Duration = Duration::from_millis(10);

/// A process that is killed when this value is dropped, whatever the reason.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts this very program with other arguments; what it says goes to the end of a file.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it cannot be started.
    pub fn start(args: &[&str], log: &Path) -> Result<Self, Failure> {
        let failed = |why: std::io::Error| Failure::Failed(format!("{}: {why}", log.display()));
        let log = OpenOptions::new().create(true).append(true).open(log).map_err(failed)?;
        let mut command = Command::new(program()?);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // A group of its own: Ctrl-C in the terminal is for the demo, which then ends its nodes in order.
        let child = command.process_group(0).spawn();
        child.map(Self).map_err(|why| Failure::Failed(format!("cannot start a process: {why}")))
    }

    /// Returns the process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end (SIGTERM).
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Makes it stand still (SIGSTOP): it neither reads nor writes, and its connections stay open.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    fn signal(&self, signal: Signal) {
        // It may have ended by itself; then there is nobody to tell.
        let _ = kill_process(Pid::from_child(&self.0), signal);
    }

    /// Kills it without a word (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Returns how it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Waits until it has ended, but not for ever.
    pub async fn end_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let since = Instant::now();
        loop {
            match self.ended() {
                Some(status) => return Some(status),
                None if since.elapsed() > patience => return None,
                None => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns where this program is.
///
/// # Errors
/// [`Failure::Failed`] if the operating system does not say.
pub fn program() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|why| Failure::Failed(format!("it is not known where this program is: {why}")))
}

/// Finds different ports on which nobody listens now.
///
/// # Errors
/// [`Failure::Failed`] if there are not so many.
pub fn free_ports<const N: usize>() -> Result<[u16; N], Failure> {
    let (first, last) = PORTS;
    let start = u16::from_le_bytes(random()?) % (last - first);
    let mut free = Vec::new();
    for step in 0..TRIES {
        let port = first + (start + step) % (last - first);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            free.push(port);
        }
        if let Ok(ports) = <[u16; N]>::try_from(free.as_slice()) {
            return Ok(ports);
        }
    }
    Err(Failure::Failed(format!("no {N} ports are free between {first} and {last}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_different_and_below_those_of_outgoing_connections() {
        let ports: [u16; 6] = free_ports().expect("the machine is not full");
        let mut different = ports.to_vec();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 6);
        assert!(ports.iter().all(|port| (17_000..32_000).contains(port)), "{ports:?}");
    }

    #[tokio::test]
    async fn a_process_ends_with_the_value_that_holds_it() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        // The test's own program, which lists its tests and ends.
        let mut process = Process::start(&["--list"], &dir.path().join("log")).expect("it starts");
        let patience = Duration::from_secs(20);
        assert!(process.end_within(patience).await.is_some_and(|status| status.success()));
        let mut process = Process::start(&["--list"], &dir.path().join("log")).expect("it starts");
        process.freeze();
        process.kill();
        assert!(process.ended().is_some());
    }
}
