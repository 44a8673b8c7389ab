//! How messages travel: packets over libp2p's request-response protocol, each acknowledged.
//!
//! The rest of the module knows a packet, an acknowledgement and the events of [`Behaviour`], so
//! that long-lived streams can take this file's place. The protocol's name holds the network id:
//! nodes of two federations have no protocol in common.

use std::io;

use crdt::NetworkId;
use futures::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use libp2p::StreamProtocol;
use libp2p::request_response::{self, ProtocolSupport, cbor};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_bytes::ByteBuf;

use super::limits;

/// Some messages for one peer, in order. Unknown fields are refused before their values are read,
/// so that nothing nested deeply is ever followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packet {
    /// The messages, opaque here.
    #[serde(deserialize_with = "few_messages")]
    pub messages: Vec<ByteBuf>,
}

/// Says that the messages of a packet are in the receiver's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {}

/// What came in place of, or as, a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A packet within all limits.
    Packet(Packet),
    /// More bytes than a packet may have; they were not kept.
    Oversized,
    /// Bytes that are not a packet.
    Garbled,
}

/// The libp2p behaviour that carries packets.
pub type Behaviour = request_response::Behaviour<Codec>;

/// The events of [`Behaviour`].
pub type Event = request_response::Event<Arrival, Ack>;

/// Where the acknowledgement of one packet goes.
pub type AckChannel = request_response::ResponseChannel<Ack>;

/// Makes the carrier of one federation.
pub fn behaviour(network: &NetworkId) -> Behaviour {
    let config = request_response::Config::default()
        .with_request_timeout(limits::PACKET_TIMEOUT)
        .with_max_concurrent_streams(limits::STREAMS_PER_CONNECTION);
    Behaviour::with_codec(Codec::new(), [(protocol(network), ProtocolSupport::Full)], config)
}

/// Returns the name of the protocol within a federation.
pub fn protocol(network: &NetworkId) -> StreamProtocol {
    StreamProtocol::try_from_owned(format!("/caisse/{network:.16}/1"))
        .expect("the name begins with a slash")
}

/// CBOR with a limit that is noticed: libp2p's own codec cuts what is too long, fails to read the
/// rest, and tells nobody who sent it.
#[derive(Clone)]
pub struct Codec {
    cbor: cbor::codec::Codec<Packet, Ack>,
}

impl Codec {
    fn new() -> Self {
        let cbor = cbor::codec::Codec::default()
            .set_request_size_maximum(limits::PACKET_BYTES as u64)
            .set_response_size_maximum(64);
        Self { cbor }
    }
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Arrival;
    type Response = Ack;

    async fn read_request<T>(
        &mut self,
        protocol: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Arrival>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.take(limits::PACKET_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
        if bytes.len() > limits::PACKET_BYTES {
            return Ok(Arrival::Oversized);
        }
        let packet = self.cbor.read_request(protocol, &mut bytes.as_slice()).await;
        if let Ok(packet) = &packet {
            trace_packet("in", packet);
        }
        Ok(packet.map_or(Arrival::Garbled, Arrival::Packet))
    }

    async fn read_response<T>(&mut self, protocol: &StreamProtocol, io: &mut T) -> io::Result<Ack>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.cbor.read_response(protocol, io).await
    }

    async fn write_request<T>(
        &mut self,
        protocol: &StreamProtocol,
        io: &mut T,
        arrival: Arrival,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let Arrival::Packet(packet) = arrival else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "only packets are sent"));
        };
        trace_packet("out", &packet);
        self.cbor.write_request(protocol, io, packet).await
    }

    async fn write_response<T>(
        &mut self,
        protocol: &StreamProtocol,
        io: &mut T,
        ack: Ack,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.cbor.write_response(protocol, io, ack).await
    }
}

/// Follows what travels, byte by byte, for whoever must know what a partner was told.
fn trace_packet(way: &str, packet: &Packet) {
    if tracing::enabled!(tracing::Level::TRACE) {
        for message in &packet.messages {
            let bytes: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
            tracing::trace!(way, wire = %bytes, "message");
        }
    }
}

/// Reads messages one by one and stops at the limit, whatever length the sender claims.
fn few_messages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ByteBuf>, D::Error> {
    struct Messages;
    impl<'de> Visitor<'de> for Messages {
        type Value = Vec<ByteBuf>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "at most {} messages", limits::MESSAGES_PER_PACKET)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut messages = Vec::new();
            while let Some(message) = items.next_element()? {
                if messages.len() == limits::MESSAGES_PER_PACKET {
                    return Err(serde::de::Error::invalid_length(messages.len() + 1, &self));
                }
                messages.push(message);
            }
            Ok(messages)
        }
    }
    deserializer.deserialize_seq(Messages)
}

#[cfg(test)]
mod tests {
    use libp2p::request_response::Codec as _;

    use super::*;

    fn name() -> StreamProtocol {
        protocol(&NetworkId::new([0xab; 32]))
    }

    async fn written(messages: Vec<ByteBuf>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let packet = Arrival::Packet(Packet { messages });
        Codec::new().write_request(&name(), &mut bytes, packet).await.expect("memory takes it");
        bytes
    }

    async fn read(bytes: &[u8]) -> Arrival {
        let mut bytes = bytes;
        Codec::new().read_request(&name(), &mut bytes).await.expect("memory does not fail")
    }

    #[test]
    fn the_protocol_is_named_after_the_federation() {
        assert_eq!(name().as_ref(), "/caisse/abababababababab/1");
    }

    #[tokio::test]
    async fn a_packet_is_read_as_it_was_written() {
        let messages = vec![ByteBuf::from(b"one".to_vec()), ByteBuf::new()];
        let bytes = written(messages.clone()).await;
        assert_eq!(bytes, b"\xa1\x68messages\x82\x43one\x40");
        assert_eq!(read(&bytes).await, Arrival::Packet(Packet { messages }));
    }

    #[tokio::test]
    async fn the_largest_message_fits_into_a_packet_and_a_larger_packet_is_refused() {
        let largest = written(vec![ByteBuf::from(vec![7; limits::MESSAGE_BYTES])]).await;
        assert!(largest.len() <= limits::PACKET_BYTES);
        assert!(matches!(read(&largest).await, Arrival::Packet(_)));
        let larger = written(vec![ByteBuf::from(vec![7; limits::PACKET_BYTES])]).await;
        assert_eq!(read(&larger).await, Arrival::Oversized);
    }

    #[tokio::test]
    async fn foreign_bytes_and_too_many_messages_are_garbled() {
        let many = written(vec![ByteBuf::new(); limits::MESSAGES_PER_PACKET + 1]).await;
        let long_claim = b"\xa1\x68messages\x9b\xff\xff\xff\xff\xff\xff\xff\xff";
        let long_bytes = b"\xa1\x68messages\x81\x5b\x7f\xff\xff\xff\xff\xff\xff\xff";
        let nested = [&b"\xa1\x61x"[..], &[0x81; 500_000]].concat();
        for foreign in [&many[..], b"", b"GET / HTTP/1.1\r\n", long_claim, long_bytes, &nested] {
            assert_eq!(read(foreign).await, Arrival::Garbled);
        }
    }
}
