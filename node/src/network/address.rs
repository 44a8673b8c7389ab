//! From the project's words to libp2p's: keys become peer ids, texts become multiaddrs.

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
    fn the_public_key_and_the_secret_key_name_the_same_peer() {
        let secret = SecretKey::from_seed(&[3; 32]);
        let from_secret = keypair(&secret).public().to_peer_id();
        assert_eq!(peer_id(&secret.public()), Some(from_secret));
    }
}
