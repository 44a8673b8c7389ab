//! The two directions of one peer's connection: what waits to be sent, and what waits to be passed on.
//!
//! One packet at a time is under way; what comes meanwhile gathers and goes out together. So order
//! is kept without numbering, a lone message leaves at once, and many share one round trip.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use libp2p::request_response::OutboundRequestId;
use serde_bytes::ByteBuf;

use super::carrier::{AckChannel, Packet};
use super::limits::{self, Pace};

/// What waits to be sent to one peer.
#[derive(Debug, Default)]
pub struct Outgoing {
    queue: VecDeque<ByteBuf>,
    bytes: usize,
    under_way: Option<OutboundRequestId>,
}

/// More waits for a peer than it may; the peer is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

impl Outgoing {
    /// Adds a message.
    pub fn push(&mut self, message: Vec<u8>) -> Result<(), TooSlow> {
        let bytes = self.bytes + message.len();
        if self.queue.len() == limits::QUEUED_MESSAGES || bytes > limits::QUEUED_BYTES {
            return Err(TooSlow);
        }
        self.bytes = bytes;
        self.queue.push_back(ByteBuf::from(message));
        Ok(())
    }

    /// Takes the next packet, if one is waiting and none is under way.
    pub fn next_packet(&mut self) -> Option<Packet> {
        if self.under_way.is_some() || self.queue.is_empty() {
            return None;
        }
        let mut room = limits::MESSAGE_BYTES;
        let mut messages = Vec::new();
        while messages.len() < limits::MESSAGES_PER_PACKET {
            let Some(message) = self.queue.front() else {
                break;
            };
            let size = message.len() + limits::MESSAGE_FRAMING_BYTES;
            // The first always fits: a message is smaller than a packet.
            if !messages.is_empty() && size > room {
                break;
            }
            room = room.saturating_sub(size);
            messages.extend(self.queue.pop_front());
        }
        self.bytes -= messages.iter().map(|message| message.len()).sum::<usize>();
        Some(Packet { messages })
    }

    /// Notes which packet is under way.
    pub fn sent(&mut self, id: OutboundRequestId) {
        self.under_way = Some(id);
    }

    /// Notes the acknowledgement of a packet.
    pub fn acknowledged(&mut self, id: OutboundRequestId) {
        if self.is_under_way(id) {
            self.under_way = None;
        }
    }

    /// Returns whether a packet is under way.
    pub fn is_busy(&self) -> bool {
        self.under_way.is_some()
    }

    /// Returns whether a packet is the one under way.
    pub fn is_under_way(&self, id: OutboundRequestId) -> bool {
        self.under_way == Some(id)
    }
}

/// What has come from one peer and waits until its rate allows it.
#[derive(Debug)]
pub struct Incoming {
    held: VecDeque<(Packet, AckChannel)>,
    unacknowledged: usize,
    messages: Pace,
    bytes: Pace,
}

/// A peer that sends without waiting for acknowledgements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Incoming {
    /// Makes an empty one with full buckets.
    pub fn new(messages_per_second: u32, bytes_per_second: u32, now: Instant) -> Self {
        let second = Duration::from_secs(1);
        Self {
            held: VecDeque::new(),
            unacknowledged: 0,
            messages: Pace::new(messages_per_second, second, now),
            bytes: Pace::new(bytes_per_second, second, now),
        }
    }

    /// Holds a packet until [`Incoming::release`].
    pub fn hold(&mut self, packet: Packet, channel: AckChannel) -> Result<(), TooMany> {
        if self.unacknowledged == limits::PACKETS_UNACKNOWLEDGED {
            return Err(TooMany);
        }
        self.unacknowledged += 1;
        self.held.push_back((packet, channel));
        Ok(())
    }

    /// Returns when the next packet held may pass, if there is one.
    pub fn ready_at(&self, now: Instant) -> Option<Instant> {
        (!self.held.is_empty()).then(|| self.messages.ready_at(now).max(self.bytes.ready_at(now)))
    }

    /// Takes the next packet if the rate allows it now.
    pub fn release(&mut self, now: Instant) -> Option<(Packet, AckChannel)> {
        if self.ready_at(now)? > now {
            return None;
        }
        let (packet, channel) = self.held.pop_front()?;
        // An empty packet is work too.
        self.messages.spend(packet.messages.len().max(1), now);
        self.bytes.spend(packet.messages.iter().map(|message| message.len()).sum(), now);
        Some((packet, channel))
    }

    /// Notes that a packet was acknowledged.
    pub fn acknowledged(&mut self) {
        self.unacknowledged = self.unacknowledged.saturating_sub(1);
    }

    /// Forgets what was held when the connection is gone; the buckets stay as empty as they are.
    pub fn reset(&mut self) {
        self.held.clear();
        self.unacknowledged = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(packet: Option<Packet>) -> Vec<usize> {
        packet.map(|packet| packet.messages.iter().map(|m| m.len()).collect()).unwrap_or_default()
    }

    #[test]
    fn messages_gather_into_packets_in_order_and_within_both_limits() {
        let mut outgoing = Outgoing::default();
        // After the first three of these, room for a framing and 29 bytes is left.
        let framing = limits::MESSAGE_FRAMING_BYTES;
        let large = limits::MESSAGE_BYTES - (10 + 20 + 29) - 4 * framing;
        for size in [limits::MESSAGE_BYTES, 10, 20, large, 30] {
            assert_eq!(outgoing.push(vec![0; size]), Ok(()));
        }
        assert_eq!(sizes(outgoing.next_packet()), [limits::MESSAGE_BYTES]);
        assert_eq!(sizes(outgoing.next_packet()), [10, 20, large]);
        assert_eq!(sizes(outgoing.next_packet()), [30]);
        assert_eq!(outgoing.next_packet(), None);
        for _ in 0..=limits::MESSAGES_PER_PACKET {
            assert_eq!(outgoing.push(vec![1]), Ok(()));
        }
        assert_eq!(sizes(outgoing.next_packet()).len(), limits::MESSAGES_PER_PACKET);
        assert_eq!(sizes(outgoing.next_packet()).len(), 1);
    }

    #[test]
    fn a_queue_for_a_slow_peer_is_bounded_in_messages_and_in_bytes() {
        let mut outgoing = Outgoing::default();
        for _ in 0..limits::QUEUED_MESSAGES {
            assert_eq!(outgoing.push(Vec::new()), Ok(()));
        }
        assert_eq!(outgoing.push(Vec::new()), Err(TooSlow));
        let mut outgoing = Outgoing::default();
        assert_eq!(outgoing.push(vec![0; limits::QUEUED_BYTES]), Ok(()));
        assert_eq!(outgoing.push(vec![0; 1]), Err(TooSlow));
    }
}
