//! Configurations for nodes on this machine: the default one, edited.

use std::net::{Ipv4Addr, SocketAddr};

use crate::Trouble;

/// The ports of the default configuration.
const PEERS: u16 = 7447;
const HTTP: u16 = 7448;

/// The default configuration with some of its values replaced.
#[derive(Clone, Debug)]
pub struct Config {
    lines: Vec<String>,
    host: Ipv4Addr,
}

impl Config {
    /// Takes the default configuration, on an address of the loopback network that nobody else has: there
    /// are sixteen million, and the system answers on each. So ports that are free now stay free, also
    /// while a node that was killed is away.
    ///
    /// # Errors
    /// [`Trouble::Operator`] if the operating system gives no chance.
    pub fn new(name: &str) -> Result<Self, Trouble> {
        let default = include_str!("../../configs/default.toml");
        let lines = default.lines().map(str::to_owned).collect();
        // 127.0.0.1 and its neighbours belong to everybody.
        let [a, b, c] = cli::client::random::<3>()?;
        let config = Self { lines, host: Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254)) };
        let (host, http) = (config.host, config.http());
        let listen = format!("[\"/ip4/{host}/tcp/{PEERS}\"]");
        Ok(config
            .with("name", &format!("{name:?}"))
            .with("listen", &listen)
            .with("addresses", &listen)
            .with("http", &format!("\"{http}\"")))
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
        SocketAddr::new(std::net::IpAddr::V4(self.host), HTTP)
    }

    /// Returns where the node will listen for other caisses.
    #[must_use]
    pub const fn peers(&self) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(self.host), PEERS)
    }

    /// Returns the text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}
