//! How the node reaches other caisses and is reached.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::network::reach::{Reach, Relaying};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NetworkSection {
    relay: Relay,
    use_relays: bool,
    hole_punching: bool,
    reachability: bool,
    address_lookup: bool,
    port_mapping: bool,
    lan_discovery: bool,
}

impl Default for NetworkSection {
    fn default() -> Self {
        let reach = Reach::default();
        Self {
            relay: Relay(reach.relaying),
            use_relays: reach.use_relays,
            hole_punching: reach.punch_holes,
            reachability: reach.probe,
            address_lookup: reach.ask_for_addresses,
            port_mapping: reach.map_ports,
            lan_discovery: reach.search_lan,
        }
    }
}

impl NetworkSection {
    pub(super) fn reach(&self, own_addresses: Vec<String>) -> Reach {
        Reach {
            relaying: self.relay.0,
            use_relays: self.use_relays,
            punch_holes: self.hole_punching,
            probe: self.reachability,
            ask_for_addresses: self.address_lookup,
            map_ports: self.port_mapping,
            search_lan: self.lan_discovery,
            own_addresses,
        }
    }
}

/// Whether the node is a relay: `true`, `false` or `"auto"`.
struct Relay(Relaying);

impl<'de> Deserialize<'de> for Relay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Relay;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false or \"auto\"")
            }

            fn visit_bool<E: Error>(self, relay: bool) -> Result<Relay, E> {
                Ok(Relay(if relay { Relaying::Always } else { Relaying::Never }))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Relay, E> {
                if word == "auto" {
                    return Ok(Relay(Relaying::WhenReachable));
                }
                Err(E::invalid_value(serde::de::Unexpected::Str(word), &self))
            }
        }
        deserializer.deserialize_any(Words)
    }
}
