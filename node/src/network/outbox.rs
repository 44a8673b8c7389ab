//! What waits for room in the machine's queue. So the network never waits for the machine while the
//! machine may be waiting for the network.

use std::collections::VecDeque;

use libp2p::PeerId;

use super::FromNetwork;
use super::carrier::AckChannel;
use super::limits::{EVENT_BYTES_HELD, EVENTS_HELD};

/// An event for the machine, and the acknowledgement that is due once it is in the machine's queue.
#[derive(Debug)]
pub struct Item {
    pub event: FromNetwork,
    pub ack: Option<(PeerId, AckChannel)>,
}

/// Events for the machine, in order.
#[derive(Debug, Default)]
pub struct Outbox {
    items: VecDeque<Item>,
    bytes: usize,
}

impl Outbox {
    /// Adds an event.
    pub fn push(&mut self, event: FromNetwork) {
        self.push_item(Item { event, ack: None });
    }

    /// Adds an event with its acknowledgement.
    pub fn push_item(&mut self, item: Item) {
        self.bytes += size(&item.event);
        self.items.push_back(item);
    }

    /// Takes the oldest event.
    pub fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= size(&item.event);
        Some(item)
    }

    /// Returns whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns whether the network may go on.
    pub fn has_room(&self) -> bool {
        self.items.len() < EVENTS_HELD && self.bytes < EVENT_BYTES_HELD
    }

    /// Returns whether there is room for hints too, which are dropped long before the network stops.
    pub fn has_room_for_hints(&self) -> bool {
        self.items.len() < EVENTS_HELD / 4 && self.bytes < EVENT_BYTES_HELD / 4
    }
}

fn size(event: &FromNetwork) -> usize {
    match event {
        FromNetwork::Message { bytes, .. } | FromNetwork::Announcement { bytes, .. } => bytes.len(),
        FromNetwork::Listening(_)
        | FromNetwork::Connected(_)
        | FromNetwork::Disconnected(_)
        | FromNetwork::Relayed(_)
        | FromNetwork::Misbehaved { .. } => 0,
    }
}
