//! Configurations for nodes on this machine: the default one, edited.

use std::net::{SocketAddr, TcpListener};

use crate::Trouble;
use crate::chance::Chance;

/// The default configuration with some of its values replaced.
#[derive(Clone, Debug)]
pub struct Config {
    lines: Vec<String>,
    http: SocketAddr,
    peers: u16,
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
        let config = Self { lines, http: SocketAddr::from(([127, 0, 0, 1], http)), peers };
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

    /// Returns where the node will listen for tills.
    #[must_use]
    pub const fn http(&self) -> SocketAddr {
        self.http
    }

    /// Returns the port on which the node will listen for other caisses.
    #[must_use]
    pub const fn peers_port(&self) -> u16 {
        self.peers
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
    tried.find(free).ok_or_else(|| Trouble::late("a free port between 10000 and 30000"))
}
