//! Nobody makes this node dial into its own network.
//!
//! Some protocols dial where a peer says: to tell it whether it can be reached, or to meet it halfway. So a
//! member could use a node to look around behind its router. Only what the node itself decided to dial may
//! lead to an address that is not public.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use super::address;

/// Refuses what others want dialled in networks that are not public.
#[derive(Debug, Default)]
pub struct Gate {
    /// Dials that the node itself decided on and that have not begun.
    own: BTreeSet<ConnectionId>,
}

/// Somebody wanted this node to dial into a network that is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("others do not decide on dials into networks that are not public")]
pub struct NotPublic;

impl Gate {
    /// Lets a dial pass wherever it leads; it must follow at once.
    pub fn pass(&mut self, dial: ConnectionId) {
        self.own.clear();
        self.own.insert(dial);
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_outbound_connection(
        &mut self,
        dial: ConnectionId,
        _: Option<PeerId>,
        addresses: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let is_own = self.own.remove(&dial);
        if is_own || addresses.is_empty() || addresses.iter().any(address::is_public) {
            return Ok(Vec::new());
        }
        Err(ConnectionDenied::new(NotPublic))
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_reach_public_addresses_only_and_the_node_itself_all() {
        let mut gate = Gate::default();
        let mut may = |dial, text: &str| {
            let addresses = [text.parse().expect("an address")];
            let asked = gate.handle_pending_outbound_connection(
                ConnectionId::new_unchecked(dial),
                None,
                &addresses,
                Endpoint::Dialer,
            );
            asked.is_ok()
        };
        assert!(may(1, "/ip4/203.0.113.1/tcp/7447"));
        for inside in ["/ip4/192.168.1.1/tcp/80", "/ip4/127.0.0.1/tcp/22", "/ip6/fe80::1/tcp/1"] {
            assert!(!may(2, inside), "{inside}");
        }
        let mut gate = Gate::default();
        let dial = ConnectionId::new_unchecked(3);
        gate.pass(dial);
        let addresses = ["/ip4/192.168.1.1/tcp/7447".parse().expect("an address")];
        let mut ask =
            || gate.handle_pending_outbound_connection(dial, None, &addresses, Endpoint::Dialer);
        assert!(ask().is_ok());
        assert!(ask().is_err(), "a pass is for one dial");
    }
}
