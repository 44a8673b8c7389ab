//! Reached through another member, on loopback: which rules hold, and what can be switched off. Real routers
//! are in `tests/tests/reach`.

use node::network::reach::{Reach, Relaying};
use node::network::{FromNetwork, Peer, ToNetwork};

use crate::hostile::Attacker;
use crate::support::{Node, TCP, within};

async fn relay(seed: u8) -> Node {
    let own_addresses = vec!["/ip4/127.0.0.1/tcp/1".to_owned()];
    let reach = Reach { relaying: Relaying::Always, own_addresses, ..Reach::default() };
    Node::start_reached(seed, TCP, reach).await
}

/// How the register would name a node that nobody can call.
fn unreachable(node: &Node) -> Peer {
    Peer { addresses: Vec::new(), ..node.as_peer() }
}

/// Two nodes that nobody can call, and a third that carries.
async fn meet(reach: Reach) -> (Node, Node, Node) {
    let square = relay(1).await;
    let a = Node::start_reached(2, TCP, Reach::default()).await;
    let b = Node::start_reached(3, TCP, reach).await;
    square.tell(ToNetwork::Allow(vec![unreachable(&a), unreachable(&b)])).await;
    a.tell(ToNetwork::Allow(vec![square.as_peer(), unreachable(&b)])).await;
    b.tell(ToNetwork::Allow(vec![square.as_peer(), unreachable(&a)])).await;
    (square, a, b)
}

#[tokio::test]
async fn two_nodes_that_nobody_can_call_speak_through_a_third_until_it_is_gone() {
    within(async {
        let (square, mut a, mut b) = meet(Reach::default()).await;
        a.expect(FromNetwork::Connected(b.id)).await;
        b.expect(FromNetwork::Connected(a.id)).await;
        a.expect(FromNetwork::Relayed(1)).await;
        a.send(b.id, b"through the square".to_vec()).await;
        let bytes = b"through the square".to_vec();
        assert_eq!(b.next_message().await, FromNetwork::Message { from: a.id, bytes });
        square.stop().await;
        a.expect(FromNetwork::Disconnected(b.id)).await;
    })
    .await;
}

#[tokio::test]
async fn a_node_that_uses_no_relays_is_not_reached_through_one() {
    within(async {
        let (_square, _a, mut b) = meet(Reach { use_relays: false, ..Reach::default() }).await;
        let (from_square, from_a) = (_square.id, _a.id);
        b.expect(FromNetwork::Connected(from_square)).await;
        let reached = |event: &FromNetwork| *event == FromNetwork::Connected(from_a);
        for _ in 0..20 {
            assert!(!b.next_within_a_moment(reached).await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_relay_does_nothing_for_a_stranger() {
    within(async {
        let square = relay(1).await;
        Attacker::connect(66, &square).await.until_closed().await;
    })
    .await;
}
