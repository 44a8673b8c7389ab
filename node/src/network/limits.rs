//! Every limit on what a peer can make the network hold or do, with its unit and its reason.

use std::time::{Duration, Instant};

/// Bytes of one packet on the wire; the machine's largest message is 700 KiB of feed entries plus a
/// little, and a packet is held in memory whole before anything in it is looked at.
pub const PACKET_BYTES: usize = 1024 * 1024;

/// Bytes of one message: a packet less its CBOR framing.
pub const MESSAGE_BYTES: usize = PACKET_BYTES - 64;

/// Messages in one packet, so that a packet of empty messages costs little more than its bytes.
pub const MESSAGES_PER_PACKET: usize = 1_024;

/// Bytes that the framing of one message adds to a packet at most (a CBOR head).
pub const MESSAGE_FRAMING_BYTES: usize = 9;

/// Packets of one peer that may wait for our acknowledgement. A peer that follows the protocol has
/// one; the second allows for a connection that has just been replaced.
pub const PACKETS_UNACKNOWLEDGED: usize = 2;

/// Streams of the carrier on one connection, both directions together; each may hold one packet.
pub const STREAMS_PER_CONNECTION: usize = 8;

/// Streams of one connection, all protocols together; each may have some 256 KiB in buffers.
pub const STREAMS_IN_ALL: u32 = 64;

/// How long a packet may take from the first byte to its acknowledgement. Long, because the other
/// side acknowledges only when its machine has room.
pub const PACKET_TIMEOUT: Duration = Duration::from_secs(20);

/// Messages waiting to be sent to one peer. More means that it is too slow: it is disconnected, and
/// the machine starts over when it is back.
pub const QUEUED_MESSAGES: usize = 16 * 1024;

/// Bytes waiting to be sent to one peer: some twenty of the largest messages.
pub const QUEUED_BYTES: usize = 16 * 1024 * 1024;

/// Messages that one peer may send per second; also how many at once. What one machine can handle
/// of verified payments.
pub const MESSAGES_PER_SECOND: u32 = 20_000;

/// Bytes that one peer may send per second; also how many at once. Four times an office's line.
pub const BYTES_PER_SECOND: u32 = 32 * 1024 * 1024;

/// Bytes of one announcement: it names heads and does not carry entries.
pub const ANNOUNCEMENT_BYTES: usize = 16 * 1024;

/// Announcements of one author within [`ANNOUNCEMENT_WINDOW`]; they are hints, and more are dropped.
pub const ANNOUNCEMENTS: u32 = 500;

/// The time in which an author may send [`ANNOUNCEMENTS`].
pub const ANNOUNCEMENT_WINDOW: Duration = Duration::from_secs(10);

/// Announcements waiting to be written to one connection.
pub const ANNOUNCEMENT_QUEUE: usize = 256;

/// Announcements or control messages in one gossip frame that are looked at.
pub const GOSSIP_PER_FRAME: usize = 256;

/// Misbehaviours of one peer within [`STRIKES_WINDOW`] until it is disconnected.
pub const STRIKES: u32 = 5;

/// The time in which a peer may misbehave [`STRIKES`] times.
pub const STRIKES_WINDOW: Duration = Duration::from_secs(300);

/// How long a peer that misbehaved too often is refused. Short: a caisse that repairs its node must
/// not wait for us, and one attempt a minute costs nothing.
pub const BAN: Duration = Duration::from_secs(60);

/// Reports about strangers within [`STRANGERS_WINDOW`]; more are dropped.
pub const STRANGERS: u32 = 20;

/// The time in which [`STRANGERS`] are reported.
pub const STRANGERS_WINDOW: Duration = Duration::from_secs(60);

/// Connections to one peer: both sides may dial at once, and a dead one may not be noticed yet.
pub const CONNECTIONS_PER_PEER: u32 = 4;

/// Connections in all: a hundred caisses, twice over, with room to spare.
pub const CONNECTIONS: u32 = 256;

/// Incoming connections that have not shown who they are; each costs a handshake's work and memory.
pub const HANDSHAKES: u32 = 64;

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Attempts to connect that are under way, those that protocols make among them.
pub const DIALS: u32 = 64;

/// Addresses of one peer that were learned since the start, beside those of the register.
pub const LEARNED_ADDRESSES: usize = 8;

/// Times that one peer may say what it speaks and where it is within [`IDENTIFICATIONS_WINDOW`]. It does so
/// once per connection and at every change; each saying may leave an address to be tried.
pub const IDENTIFICATIONS: u32 = 30;

/// The time in which a peer may say [`IDENTIFICATIONS`] times where it is.
pub const IDENTIFICATIONS_WINDOW: Duration = Duration::from_secs(60);

/// Addresses of our own that others found to be reachable; older ones are forgotten.
pub const OWN_ADDRESSES: usize = 8;

/// Relays at which this node can be reached at one time: one may fail.
pub const RELAYS_HELD: usize = 2;

/// Relays through which one peer is tried at one time.
pub const RELAYS_TRIED: usize = 3;

/// The pause after a relay that refused or was lost, and between looks for one.
pub const RELAY_AGAIN: Duration = Duration::from_secs(5);

/// Members that this node holds a place for as a relay: all of a large federation.
pub const RESERVATIONS: usize = 128;

/// Places of one member at this node as a relay: one for each of its connections.
pub const RESERVATIONS_PER_PEER: usize = CONNECTIONS_PER_PEER as usize;

/// How long a place at a relay lasts; it is renewed before.
pub const RESERVATION: Duration = Duration::from_secs(60 * 60);

/// Connections that this node carries as a relay at one time; each has two buffers of 8 KiB or so.
pub const CIRCUITS: usize = 64;

/// Connections of one member that this node carries as a relay.
pub const CIRCUITS_PER_PEER: usize = 16;

/// How long a carried connection lasts; the two then connect again, perhaps without a relay.
pub const CIRCUIT: Duration = Duration::from_secs(60 * 60);

/// Bytes that a carried connection may take in one direction: some 100,000 payments, or a feed of years.
pub const CIRCUIT_BYTES: u64 = 64 * 1024 * 1024;

/// Questions of one member to a relay, for a place and for a connection each, within
/// [`RELAY_REQUESTS_WINDOW`].
pub const RELAY_REQUESTS: std::num::NonZeroU32 = std::num::NonZeroU32::new(60).unwrap();

/// The time in which a member may ask a relay [`RELAY_REQUESTS`] times.
pub const RELAY_REQUESTS_WINDOW: Duration = Duration::from_secs(60);

/// How long a relayed connection is kept beside a direct one that has just replaced it, so that what is
/// under way arrives.
pub const CIRCUIT_AFTERWARDS: Duration = Duration::from_secs(3);

/// How long members are asked for an address.
pub const LOOKUP: Duration = Duration::from_secs(10);

/// Bytes of a question for addresses or of its answer: twenty peers with their addresses.
pub const LOOKUP_BYTES: usize = 16 * 1024;

/// How long an answer in the local network counts.
pub const LAN_ANSWER: Duration = Duration::from_secs(6 * 60);

/// How often members are looked for in the local network.
pub const LAN_QUESTION: Duration = Duration::from_secs(60);

/// Events waiting for the machine's bounded queue; beyond, the network stands still.
pub const EVENTS_HELD: usize = 16 * 1024;

/// Bytes of events waiting for the machine's bounded queue; beyond, the network stands still.
pub const EVENT_BYTES_HELD: usize = 64 * 1024 * 1024;

/// Places in the bounded queue towards the machine. Each may hold the largest message.
pub const EVENTS_QUEUED: usize = 64;

/// Places in the bounded queue of commands.
pub const COMMANDS_QUEUED: usize = 1_024;

/// How often a silent connection is tried.
pub const PING_INTERVAL: Duration = Duration::from_secs(5);

/// How long the answer to a ping may take before the connection counts as dead.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The first delay before dialling again; it doubles with each failure.
pub const DIAL_FIRST: Duration = Duration::from_secs(1);

/// The longest delay before dialling again.
pub const DIAL_LONGEST: Duration = Duration::from_secs(60);

/// How long a clean stop waits for connections to close.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// So many of something per time, and as many at once: a token bucket that counts time, not tokens.
///
/// Whoever spends may go into debt once, so that one item larger than the whole bucket still passes,
/// and pays for it by waiting.
#[derive(Clone, Debug)]
pub struct Pace {
    amount: u32,
    window: Duration,
    busy_until: Instant,
}

impl Pace {
    /// Makes a full bucket of `amount` (at least one), refilled within `window`.
    #[must_use]
    pub fn new(amount: u32, window: Duration, now: Instant) -> Self {
        Self { amount: amount.max(1), window, busy_until: now }
    }

    /// Returns when something may be spent again: now, or later if the bucket is empty.
    #[must_use]
    pub fn ready_at(&self, now: Instant) -> Instant {
        if self.busy_until < now + self.window {
            return now;
        }
        // One unit's time later than the exact moment, so that waiting until then is enough.
        self.busy_until - self.window + self.cost(1).max(Duration::from_nanos(1))
    }

    /// Returns whether a whole one is left, not only a part of it that has flowed back.
    #[must_use]
    pub fn has_one(&self, now: Instant) -> bool {
        self.busy_until.max(now) + self.cost(1) <= now + self.window
    }

    /// Takes so many out of the bucket.
    pub fn spend(&mut self, amount: usize, now: Instant) {
        self.busy_until = self.busy_until.max(now) + self.cost(amount);
    }

    fn cost(&self, amount: usize) -> Duration {
        let nanos = self.window.as_nanos() * amount as u128 / u128::from(self.amount);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_allows_its_amount_at_once_and_then_makes_wait() {
        let start = Instant::now();
        let mut pace = Pace::new(5, Duration::from_secs(10), start);
        for _ in 0..5 {
            assert_eq!(pace.ready_at(start), start);
            pace.spend(1, start);
        }
        let soon = start + Duration::from_millis(1);
        assert!(!pace.has_one(soon));
        let ready = pace.ready_at(start);
        assert_eq!(ready, start + Duration::from_secs(2));
        assert!(pace.has_one(ready));
        assert_eq!(pace.ready_at(ready), ready);
    }

    #[test]
    fn an_item_larger_than_the_bucket_passes_once_and_is_paid_for() {
        let start = Instant::now();
        let mut pace = Pace::new(100, Duration::from_secs(1), start);
        assert_eq!(pace.ready_at(start), start);
        pace.spend(1_000, start);
        let ready = pace.ready_at(start);
        assert!(ready > start + Duration::from_secs(9) && ready < start + Duration::from_secs(10));
    }
}
