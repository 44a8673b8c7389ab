//! What the network promises between honest nodes, on loopback. Every wait is for an event.

#[path = "network_nodes/hostile.rs"]
mod hostile;
#[path = "network_nodes/relay.rs"]
mod relay;
#[path = "network_nodes/support.rs"]
mod support;

use crdt::{CaisseId, NetworkId};
use node::network::{
    AddressRefused, FromNetwork, NetworkError, Settings, ToNetwork, limits, start,
};
use support::{FEDERATION, Node, QUIC, TCP, introduce, numbered, secret, within};

/// Sends numbers from one node to the other.
async fn send_numbers(from: &Node, to: CaisseId, count: u32) {
    for number in 0..count {
        from.send(to, numbered(number)).await;
    }
}

/// Waits for all numbers of the other node, in order.
async fn receive_numbers(node: &mut Node, from: CaisseId, count: u32) {
    for number in 0..count {
        let expected = FromNetwork::Message { from, bytes: numbered(number) };
        assert_eq!(node.next_message().await, expected);
    }
}

async fn two_nodes_exchange_a_thousand_messages_each(listen: &str) {
    let (mut a, mut b) = (Node::start(1, listen).await, Node::start(2, listen).await);
    introduce(&mut [&mut a, &mut b]).await;
    let (from_a, from_b) = (a.id, b.id);
    tokio::join!(send_numbers(&a, from_b, 1_000), send_numbers(&b, from_a, 1_000));
    tokio::join!(receive_numbers(&mut a, from_b, 1_000), receive_numbers(&mut b, from_a, 1_000));
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn two_nodes_exchange_a_thousand_messages_each_way_in_order_over_tcp() {
    within(two_nodes_exchange_a_thousand_messages_each(TCP)).await;
}

#[tokio::test]
async fn two_nodes_exchange_a_thousand_messages_each_way_in_order_over_quic() {
    within(two_nodes_exchange_a_thousand_messages_each(QUIC)).await;
}

#[tokio::test]
async fn the_largest_message_arrives_whole_and_a_larger_one_is_not_sent() {
    within(async {
        let (mut a, mut b) = (Node::start(1, TCP).await, Node::start(2, TCP).await);
        introduce(&mut [&mut a, &mut b]).await;
        a.send(b.id, vec![1; limits::MESSAGE_BYTES + 1]).await;
        a.send(b.id, vec![2; limits::MESSAGE_BYTES]).await;
        let bytes = vec![2; limits::MESSAGE_BYTES];
        assert_eq!(b.next_message().await, FromNetwork::Message { from: a.id, bytes });
    })
    .await;
}

#[tokio::test]
async fn a_machine_that_takes_no_events_loses_none_and_does_not_block_commands() {
    within(async {
        let (mut a, mut b) = (Node::start(1, TCP).await, Node::start(2, TCP).await);
        introduce(&mut [&mut a, &mut b]).await;
        let count = 4 * u32::try_from(limits::EVENTS_QUEUED).expect("it is small");
        // Nobody reads on either side while both send more than the queues hold.
        tokio::join!(send_numbers(&a, b.id, count), send_numbers(&b, a.id, count));
        let (from_a, from_b) = (a.id, b.id);
        receive_numbers(&mut b, from_a, count).await;
        receive_numbers(&mut a, from_b, count).await;
    })
    .await;
}

#[tokio::test]
async fn a_node_that_restarts_at_the_same_address_is_found_again() {
    within(async {
        let (mut a, mut b) = (Node::start(1, TCP).await, Node::start(2, TCP).await);
        introduce(&mut [&mut a, &mut b]).await;
        let address = b.address.clone();
        let known_to_b = a.as_peer();
        b.stop().await;
        a.expect(FromNetwork::Disconnected(CaisseId::new([2; 32]))).await;

        let mut b = Node::start(2, &address).await;
        assert_eq!(b.address, address);
        // It only answers: the other must find it.
        let silent = node::network::Peer { addresses: Vec::new(), ..known_to_b };
        b.tell(ToNetwork::Allow(vec![silent])).await;
        a.expect(FromNetwork::Connected(b.id)).await;
        a.send(b.id, b"again".to_vec()).await;
        b.expect(FromNetwork::Message { from: a.id, bytes: b"again".to_vec() }).await;
    })
    .await;
}

#[tokio::test]
async fn an_announcement_reaches_all_of_five_nodes() {
    within(async {
        let mut nodes = Vec::new();
        for seed in 1..=5 {
            nodes.push(Node::start(seed, TCP).await);
        }
        introduce(&mut nodes.iter_mut().collect::<Vec<_>>()).await;
        // Gossip learns of subscriptions a moment after the connection, and tells nobody of it; so
        // the announcement is repeated, each time with other bytes, until it has come.
        let (first, others) = nodes.split_at_mut(1);
        let author = &first[0];
        for other in others {
            let mut round = 0_u32;
            loop {
                author.tell(ToNetwork::Announce { bytes: numbered(round) }).await;
                let announced = |event: &FromNetwork| {
                    matches!(event, FromNetwork::Announcement { from, .. } if *from == author.id)
                };
                if other.next_within_a_moment(announced).await {
                    break;
                }
                round += 1;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_caisse_taken_off_the_list_is_disconnected_and_can_come_back() {
    within(async {
        let (mut a, mut b) = (Node::start(1, TCP).await, Node::start(2, TCP).await);
        introduce(&mut [&mut a, &mut b]).await;
        a.tell(ToNetwork::Allow(Vec::new())).await;
        a.expect(FromNetwork::Disconnected(b.id)).await;
        b.expect(FromNetwork::Disconnected(a.id)).await;
        a.tell(ToNetwork::Allow(vec![b.as_peer()])).await;
        a.expect(FromNetwork::Connected(b.id)).await;
        b.expect(FromNetwork::Connected(a.id)).await;
    })
    .await;
}

#[tokio::test]
async fn a_node_that_joins_a_federation_later_connects_then() {
    within(async {
        let mut a = Node::start(1, TCP).await;
        let mut b = Node::start_alone(2, TCP).await;
        b.tell(ToNetwork::Allow(vec![a.as_peer()])).await;
        b.tell(ToNetwork::SetNetwork(FEDERATION)).await;
        b.tell(ToNetwork::SetNetwork(NetworkId::new([9; 32]))).await;
        a.tell(ToNetwork::Allow(vec![b.as_peer()])).await;
        a.expect(FromNetwork::Connected(b.id)).await;
        b.expect(FromNetwork::Connected(a.id)).await;
    })
    .await;
}

#[tokio::test]
async fn bad_listen_addresses_and_used_ports_are_clear_errors() {
    let listen = |text: &str| {
        let listen = vec![text.to_owned()];
        start(Settings::new(secret(1), None, listen)).map(|_| ())
    };
    for bad in ["nonsense", "/ip4/127.0.0.1/udp/7001", "/dns/localhost/tcp/1"] {
        let error = listen(bad).expect_err("it cannot be listened on");
        assert!(matches!(&error, NetworkError::Address { address, .. } if address == bad));
        assert!(error.to_string().contains(bad));
    }
    let refused = listen("/ip4/127.0.0.1/udp/1").expect_err("it cannot be listened on");
    let NetworkError::Address { reason, .. } = refused else { panic!("unexpected: {refused}") };
    assert_eq!(reason, AddressRefused::Unsupported);
    // An address of no machine (RFC 5737).
    let elsewhere = listen("/ip4/192.0.2.1/tcp/0").expect_err("it is not ours");
    assert!(matches!(elsewhere, NetworkError::Listen { .. }));
}

#[test]
fn without_a_runtime_the_network_says_so() {
    let settings = Settings::new(secret(1), None, Vec::new());
    assert!(matches!(start(settings), Err(NetworkError::NoRuntime)));
}
