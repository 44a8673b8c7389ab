//! From the project's words to libp2p's: keys become peer ids, texts become multiaddrs.

use std::net::IpAddr;

use crdt::key::{PublicKey, SecretKey};
use libp2p::identity::{Keypair, ed25519};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// Why a text is not an address that this node can listen on or dial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// The text is not a multiaddr.
    #[error("it is not a multiaddr: {0}")]
    NotAMultiaddr(String),
    /// The text is a multiaddr of a kind that this node does not speak.
    #[error("it is not of the form /ip4/A.B.C.D/tcp/PORT or /ip4/A.B.C.D/udp/PORT/quic-v1")]
    Unsupported,
}

/// Reads an address: TCP or QUIC over IPv4 or IPv6.
pub fn parse(text: &str) -> Result<Multiaddr, AddressRefused> {
    let address: Multiaddr = text.parse().map_err(|error: libp2p::multiaddr::Error| {
        AddressRefused::NotAMultiaddr(error.to_string())
    })?;
    let mut parts = address.iter();
    let ip = matches!(parts.next(), Some(Protocol::Ip4(_) | Protocol::Ip6(_)));
    let transport = match parts.next() {
        Some(Protocol::Tcp(_)) => true,
        Some(Protocol::Udp(_)) => matches!(parts.next(), Some(Protocol::QuicV1)),
        _ => false,
    };
    let end = matches!(parts.next(), None | Some(Protocol::P2p(_))) && parts.next().is_none();
    if ip && transport && end { Ok(address) } else { Err(AddressRefused::Unsupported) }
}

/// Returns an address that a peer named, without the peer's id, if it is worth dialling: of a kind that this
/// node speaks, and not of the node itself.
pub fn dialable(mut address: Multiaddr) -> Option<Multiaddr> {
    if let Some(Protocol::P2p(_)) = address.iter().last() {
        address.pop();
    }
    let known = parse(&address.to_string()).ok()?;
    let (ip, port) = socket(&known)?;
    let is_local = match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local(),
    };
    (port != 0 && !is_local && !ip.is_unspecified() && !ip.is_multicast()).then_some(known)
}

/// Returns whether an address is one of the Internet, as far as its number tells.
pub fn is_public(address: &Multiaddr) -> bool {
    let Some((ip, port)) = socket(address) else {
        return false;
    };
    let is_inside = match ip {
        // The last are those behind a carrier's router (RFC 6598).
        IpAddr::V4(ip) => {
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_broadcast()
                || (ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local(),
    };
    let is_circuit = address.iter().any(|part| matches!(part, Protocol::P2pCircuit));
    port != 0 && !is_circuit && !is_inside && !ip.is_unspecified() && !ip.is_multicast()
}

/// Returns the address of a peer behind a relay, or of this node there, without a peer.
pub fn through(relay: &Multiaddr, id: PeerId, to: Option<PeerId>) -> Multiaddr {
    let mut address = relay.clone();
    if !matches!(address.iter().last(), Some(Protocol::P2p(_))) {
        address.push(Protocol::P2p(id));
    }
    address.push(Protocol::P2pCircuit);
    if let Some(to) = to {
        address.push(Protocol::P2p(to));
    }
    address
}

fn socket(address: &Multiaddr) -> Option<(IpAddr, u16)> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        // An IPv4 address in the clothes of another is judged as what it is.
        Protocol::Ip6(ip) => ip.to_canonical(),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some((ip, port)),
        _ => None,
    }
}

/// Returns the libp2p identity of a node key.
pub fn keypair(secret: &SecretKey) -> Keypair {
    Keypair::ed25519_from_bytes(secret.to_seed()).expect("any 32 bytes are an Ed25519 seed")
}

/// Returns the peer id of a node's public key, or `None` if the bytes are not a key.
pub fn peer_id(key: &PublicKey) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(libp2p::identity::PublicKey::from(key).to_peer_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tcp_or_quic_over_ip_and_nothing_else() {
        for good in ["/ip4/127.0.0.1/tcp/7001", "/ip6/::1/tcp/0", "/ip4/0.0.0.0/udp/7001/quic-v1"] {
            assert_eq!(parse(good).map(|address| address.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "127.0.0.1:7001", "/ip4/127.0.0.1/tcp/70000", "/ip4/300.0.0.1/tcp/1"] {
            assert!(matches!(
                parse(bad),
                Err(AddressRefused::NotAMultiaddr(_) | AddressRefused::Unsupported)
            ));
        }
        for other in
            ["/ip4/127.0.0.1/udp/7001", "/dns/example.org/tcp/1", "/ip4/127.0.0.1/tcp/1/ws"]
        {
            assert_eq!(parse(other), Err(AddressRefused::Unsupported));
        }
    }

    #[test]
    fn what_a_peer_names_is_dialled_without_its_id_and_never_within_the_machine() {
        let dialled = |text: &str| dialable(text.parse().expect("an address"));
        let id = keypair(&SecretKey::from_seed(&[3; 32])).public().to_peer_id();
        let good = "/ip4/192.168.1.7/tcp/7447";
        assert_eq!(dialled(&format!("{good}/p2p/{id}")), Some(good.parse().expect("an address")));
        for bad in [
            "/ip4/127.0.0.1/tcp/22",
            "/ip4/0.0.0.0/tcp/7447",
            "/ip4/192.0.2.1/tcp/0",
            "/ip6/::1/tcp/7447",
            "/dns/example.org/tcp/7447",
            &format!("/ip4/192.0.2.1/tcp/7447/p2p/{id}/p2p-circuit"),
        ] {
            assert_eq!(dialled(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_behind_routers_are_not_public() {
        let public = |text: &str| is_public(&text.parse().expect("an address"));
        assert!(public("/ip4/203.0.113.1/tcp/7447"));
        assert!(public("/ip6/2001:db8::1/udp/7447/quic-v1"));
        for inside in ["10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "127.0.0.1"] {
            assert!(!public(&format!("/ip4/{inside}/tcp/7447")), "{inside}");
            assert!(!public(&format!("/ip6/::ffff:{inside}/tcp/7447")), "{inside}");
        }
        assert!(!public("/ip6/fd00::1/tcp/7447"));
    }

    #[test]
    fn the_public_key_and_the_secret_key_name_the_same_peer() {
        let secret = SecretKey::from_seed(&[3; 32]);
        let from_secret = keypair(&secret).public().to_peer_id();
        assert_eq!(peer_id(&secret.public()), Some(from_secret));
    }
}
