//! A node as a process: made from an edited default configuration, started, killed, started again.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hyper::StatusCode;

use crate::chance::Chance;
use crate::operator::Operator;
use crate::till::{Connection, Till};
use crate::{Trouble, binary};

/// How long anything may take that a node does by itself; far more than it needs on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is asked again that no event tells.
const AGAIN: Duration = Duration::from_millis(3);

/// Bytes of a node's log that are shown when it fails.
const LAST_WORDS: usize = 2_000;

/// The default configuration with some of its values replaced.
#[derive(Clone, Debug)]
pub struct Config {
    lines: Vec<String>,
    http: SocketAddr,
}

impl Config {
    /// Takes the default configuration, on two free ports of the loopback interface.
    ///
    /// # Errors
    /// [`Trouble::Late`] if no port is free.
    pub fn new(name: &str) -> Result<Self, Trouble> {
        let default = include_str!("../../configs/default.toml");
        let lines = default.lines().map(str::to_owned).collect();
        let (http, peers) = (free_port()?, free_port()?);
        let address = format!("[\"/ip4/127.0.0.1/tcp/{peers}\"]");
        let config = Self { lines, http: SocketAddr::from(([127, 0, 0, 1], http)) };
        Ok(config
            .with("name", &format!("{name:?}"))
            .with("listen", &address)
            .with("addresses", &address)
            .with("http", &format!("\"127.0.0.1:{http}\"")))
    }

    /// Replaces the value of a key by a TOML value.
    ///
    /// # Panics
    /// If the default configuration does not have the key once.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        let is_key = |line: &&mut String| line.split_once(" = ").is_some_and(|(k, _)| k == key);
        let mut found: Vec<&mut String> = self.lines.iter_mut().filter(is_key).collect();
        assert_eq!(found.len(), 1, "the default configuration has the key {key} once");
        *found[0] = format!("{key} = {value}");
        self
    }

    /// Gives every household the same, at once and whatever it contributes.
    #[must_use]
    pub fn giving(self, euros: u32) -> Self {
        self.with("first", &format!("\"{euros}.00\"")).with("after_contribution", "false")
    }

    /// Returns the text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// Finds a port that is free now. It lies below the ports that the system gives to those who dial, so
/// that nobody gets it while a node that was killed is away.
fn free_port() -> Result<u16, Trouble> {
    let seed = cli::client::random::<8>()?;
    let mut chance = Chance::new(u64::from_be_bytes(seed));
    let mut tried = (0..1_000).map(|_| 10_000 + u16::try_from(chance.below(20_000)).unwrap_or(0));
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    tried.find(free).ok_or_else(|| late("a free port between 10000 and 30000"))
}

pub(crate) fn late(what: impl Into<String>) -> Trouble {
    Trouble::Late { seconds: PATIENCE.as_secs(), what: what.into() }
}

/// A caisse's directory and the process that runs it, if one does.
#[derive(Debug)]
pub struct Node {
    home: tempfile::TempDir,
    http: SocketAddr,
    child: Option<Child>,
}

impl Node {
    /// Makes a caisse with `caisse init`; it does not run yet.
    ///
    /// # Errors
    /// [`Trouble::NotBuilt`], or what `caisse init` says.
    pub fn make(config: &Config) -> Result<Self, Trouble> {
        let home = tempfile::tempdir().map_err(Trouble::io("making a temporary folder"))?;
        let file = home.path().join("config.toml");
        std::fs::write(&file, config.text()).map_err(Trouble::io("writing a configuration"))?;
        let node = Self { home, http: config.http, child: None };
        let output = Command::new(binary::caisse()?)
            .args(["init".as_ref(), node.dir().as_os_str(), "--config".as_ref(), file.as_os_str()])
            .output()
            .map_err(Trouble::io("running `caisse init`"))?;
        if output.status.success() {
            return Ok(node);
        }
        Err(Trouble::answer("caisse init", String::from_utf8_lossy(&output.stderr)))
    }

    /// Makes a caisse, starts its node and waits until it is ready.
    ///
    /// # Errors
    /// As [`Node::make`] and [`Node::ready`].
    pub async fn open(config: &Config) -> Result<Self, Trouble> {
        let mut node = Self::make(config)?;
        node.start()?;
        node.ready().await?;
        Ok(node)
    }

    /// Starts the process; it is not ready yet.
    ///
    /// # Errors
    /// [`Trouble::NotBuilt`] or [`Trouble::Io`].
    pub fn start(&mut self) -> Result<(), Trouble> {
        let log = File::options().create(true).append(true).open(self.log());
        let log = log.map_err(Trouble::io("opening a log"))?;
        let child = Command::new(binary::caisse()?)
            .arg("run")
            .arg(self.dir())
            .args(["--log-level", "warn"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(Trouble::io("running `caisse run`"))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until the node answers questions.
    ///
    /// # Errors
    /// [`Trouble::Node`] if it ends or does not come up.
    pub async fn ready(&mut self) -> Result<(), Trouble> {
        let begun = Instant::now();
        let mut door = Connection::new(self.http);
        while !matches!(door.get("/readyz").await, Ok((StatusCode::OK, _))) {
            let ended = self.child.as_mut().map(Child::try_wait);
            let ended = ended.transpose().map_err(Trouble::io("waiting for a node"))?.flatten();
            if let Some(status) = ended {
                return Err(self.trouble(format!("ended with {status}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(self.trouble("is not ready".to_owned()));
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(())
    }

    /// Kills the process with SIGKILL, and checks that this is what ended it.
    ///
    /// # Errors
    /// [`Trouble::Node`] if it had ended before by itself.
    pub fn kill(&mut self) -> Result<(), Trouble> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let _ = child.kill();
        let status = child.wait().map_err(Trouble::io("waiting for a node"))?;
        if status.signal() == Some(rustix::process::Signal::KILL.as_raw()) {
            return Ok(());
        }
        Err(self.trouble(format!("had ended by itself with {status}")))
    }

    /// Tells the process to stop and waits for its end.
    ///
    /// # Errors
    /// [`Trouble::Node`] if it ends otherwise than well.
    pub fn stop(&mut self) -> Result<(), Trouble> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let id = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.ok_or_else(|| late("a process has an id"))?;
        let told = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        told.map_err(|why| Trouble::io("stopping a node")(why.into()))?;
        let status = child.wait().map_err(Trouble::io("waiting for a node"))?;
        if status.success() { Ok(()) } else { Err(self.trouble(format!("ended with {status}"))) }
    }

    /// Returns the caisse's directory.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("caisse")
    }

    /// Returns where the node listens for tills.
    #[must_use]
    pub const fn http(&self) -> SocketAddr {
        self.http
    }

    /// Returns the id of the process, if it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Returns a way to ask the node as its operator.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator::new(&self.dir())
    }

    /// Returns a till that speaks with a vendor's secret.
    #[must_use]
    pub fn till(&self, secret: &str) -> Till {
        Till::new(self.http, secret)
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("node.log")
    }

    fn trouble(&self, what: String) -> Trouble {
        Trouble::Node { dir: self.dir(), what, log: last_words(&self.log()) }
    }
}

fn last_words(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text[text.len().saturating_sub(LAST_WORDS)..]).into_owned()
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
