//! A node as a process: made from a configuration, started, killed, started again.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hyper::StatusCode;

use crate::config::Config;
use crate::netns::Space;
use crate::operator::Operator;
use crate::till::{Connection, Till};
use crate::trouble::PATIENCE;
use crate::{Trouble, binary};

/// How often something is asked again that no event tells.
const AGAIN: Duration = Duration::from_millis(3);

/// Bytes of a node's log that are shown when it fails.
const LAST_WORDS: usize = 2_000;

/// A caisse's directory and the process that runs it, if one does.
#[derive(Debug)]
pub struct Node {
    home: tempfile::TempDir,
    http: SocketAddr,
    peers: SocketAddr,
    child: Option<Child>,
    space: Option<Space>,
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
        let node =
            Self { home, http: config.http(), peers: config.peers(), child: None, space: None };
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

    /// Lets the process, and all tills of the node, be in a network of a test from now on.
    #[must_use]
    pub fn within(mut self, space: &Space) -> Self {
        self.space = Some(space.clone());
        self
    }

    /// Starts the process; it is not ready yet.
    ///
    /// # Errors
    /// [`Trouble::NotBuilt`] or [`Trouble::Io`].
    pub fn start(&mut self) -> Result<(), Trouble> {
        let log = File::options().create(true).append(true).open(self.log());
        let log = log.map_err(Trouble::io("opening a log"))?;
        let caisse = binary::caisse()?;
        let mut command = match &self.space {
            None => Command::new(caisse),
            Some(space) => space.command(caisse),
        };
        let child = command
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
        let mut door = Connection::new(self.http).from(self.space.clone());
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
        let id = id.ok_or_else(|| Trouble::late("a process has an id"))?;
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

    /// Returns where the node listens for other caisses.
    #[must_use]
    pub const fn peers(&self) -> SocketAddr {
        self.peers
    }

    /// Returns the id of the process, if it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Returns the processor time that the process has used so far.
    ///
    /// # Errors
    /// [`Trouble::Answer`] if the kernel does not say.
    pub fn processor_time(&self) -> Result<Duration, Trouble> {
        let path = format!("/proc/{}/stat", self.process().unwrap_or(0));
        let text = std::fs::read_to_string(&path).map_err(Trouble::io(path))?;
        // The name in parentheses may hold anything; user and system time are the 12th and 13th after it.
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: Vec<u64> = fields.skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
        let [user, system] = ticks.as_slice() else {
            return Err(Trouble::answer("processor time", text));
        };
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_millis((user + system) * 1_000 / per_second))
    }

    /// Returns a way to ask the node as its operator.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator::new(&self.dir())
    }

    /// Returns a till that speaks with a vendor's secret.
    #[must_use]
    pub fn till(&self, secret: &str) -> Till {
        Till::new(self.http, secret).from(self.space.clone())
    }

    /// Leaves the caisse's directory and the log beside it where they are when the test ends; returns the
    /// folder of both.
    pub fn keep(&mut self) -> &Path {
        self.home.disable_cleanup(true);
        self.home.path()
    }

    /// Returns the lines of the log that tell of an error.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines().filter(|line| line.contains("ERROR")).map(str::to_owned).collect()
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
