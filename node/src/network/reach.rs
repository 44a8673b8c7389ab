//! How a node reaches others and is reached behind a home router: what an operator can switch off.

/// Whether the node carries connections between other members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relaying {
    /// It does, whatever others find about it.
    Always,
    /// It never does.
    Never,
    /// It does once another member found that it can be reached at a public address.
    #[default]
    WhenReachable,
}

/// How a node reaches others and is reached. Whatever is on, only members connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whether the node is a relay for other members (circuit relay v2).
    pub relaying: Relaying,
    /// Whether it can be reached through other members' relays, and reaches others through them.
    pub use_relays: bool,
    /// Whether relayed connections are replaced by direct ones through both routers (`DCUtR`).
    pub punch_holes: bool,
    /// Whether members are asked if this node can be reached, and told if they can (`AutoNAT` v2).
    pub probe: bool,
    /// Whether members are asked for the new address of one that is not found (Kademlia).
    pub ask_for_addresses: bool,
    /// Whether the router is asked to let members in (`UPnP`).
    pub map_ports: bool,
    /// Whether members in the same local network are looked for (mDNS).
    pub search_lan: bool,
    /// The node's own public addresses, as its contact names them.
    pub own_addresses: Vec<String>,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            relaying: Relaying::default(),
            use_relays: true,
            punch_holes: true,
            probe: true,
            ask_for_addresses: true,
            // Both speak to whoever is in the local network, so an operator decides.
            map_ports: false,
            search_lan: false,
            own_addresses: Vec::new(),
        }
    }
}
