//! Those who mean harm, with real sockets: strangers at the door, and members that flood with valid keys.
//!
//! A member uses the transport of an honest node and so keeps its connection; what it says over it is
//! useless, endless, or no message at all. What breaks the transport's own rules is tried in
//! `node/tests/network_nodes/hostile.rs`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crdt::catalogue::{CatalogueChange, Subject};
use crdt::contact::Contact;
use crdt::digest::Digest;
use crdt::feed::{Body, Draft, Envelope, FeedId, Head, PublicBody, Verified};
use crdt::key::SecretKey;
use crdt::message::{AuthRequest, Bought, Message, Reply};
use crdt::{CaisseId, Cents, NetworkId, PaymentId, Timestamp, VendorId, wire};
use node::keys::Keys;
use node::network::{FromNetwork, Handle, Peer, Settings, ToNetwork, start};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;

use crate::Trouble;
use crate::chance::Chance;

/// Bytes of one of the large entries with which a member floods: nearly the largest body.
const LARGE: usize = 250 * 1024;

/// Small messages that are sent before the next breath: as many a second as one peer may send.
const ROUND: usize = 200;

/// The breath after a round.
const BREATH: Duration = Duration::from_millis(10);

/// Half-open connections of a stranger at one time: more than a node lets wait.
const HALF_OPEN: usize = 100;

/// Where a flood goes and until when.
#[derive(Clone, Debug)]
pub struct Target {
    /// The victim.
    pub contact: Contact,
    /// Its federation.
    pub network: NetworkId,
    /// Becomes true at the end.
    pub stop: Arc<AtomicBool>,
    /// Counts what was sent.
    pub sent: Arc<AtomicU64>,
}

impl Target {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

/// What a hostile member does all day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malice {
    /// Bytes that are no message.
    Garbage,
    /// Questions without end: heads, entries, payments; and the same entries again.
    Questions,
    /// Its own feed, endless and in the largest pieces.
    Entries,
}

/// A stranger: connections with garbage, handshakes that never end, and handshakes with a key that nobody
/// knows.
///
/// # Errors
/// [`Trouble`] if its own network does not start.
pub async fn stranger(door: SocketAddr, target: Target) -> Result<(), Trouble> {
    let mut chance = Chance::new(7);
    let secret = SecretKey::from_seed(&chance.bytes());
    let (handle, mut events) = connect(secret, &target).await?;
    let mut half_open = Vec::new();
    while target.goes_on() {
        if let Ok(mut socket) = TcpStream::connect(door).await {
            target.sent.fetch_add(1, Ordering::Relaxed);
            if half_open.len() < HALF_OPEN {
                half_open.push(socket);
            } else {
                // The node may hang up before all is written.
                let _ = socket.write_all(&chance.bytes::<4_096>()).await;
                half_open.clear();
            }
        }
        while events.try_recv().is_ok() {}
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    handle.stop().await;
    Ok(())
}

/// A member, by the directory of its caisse, whose node must not run.
///
/// # Errors
/// [`Trouble`] if its keys cannot be read or its network does not start.
pub async fn member(
    id: CaisseId,
    dir: &Path,
    target: Target,
    malice: Malice,
) -> Result<(), Trouble> {
    let keys = Keys::load(dir).map_err(|why| Trouble::answer("keys", why))?;
    let (handle, events) = connect(keys.node.clone(), &target).await?;
    let feed = FeedId::public(id);
    let chance = Chance::new(11);
    let mut member =
        Member { keys, target, handle, events, head: Head::empty(feed), first: None, chance };
    member.hear_own_head().await;
    while member.target.goes_on() {
        match malice {
            Malice::Garbage => member.garbage().await?,
            Malice::Questions => member.questions().await?,
            Malice::Entries => member.entries().await?,
        }
        // What the victim answers is thrown away.
        while member.events.try_recv().is_ok() {}
        tokio::time::sleep(BREATH).await;
    }
    member.handle.stop().await;
    Ok(())
}

async fn connect(
    secret: SecretKey,
    target: &Target,
) -> Result<(Handle, Receiver<FromNetwork>), Trouble> {
    let settings = Settings::new(secret, Some(target.network), Vec::new());
    let (handle, events) = start(settings).map_err(|why| Trouble::answer("a network", why))?;
    let Contact { id, node, addresses, .. } = target.contact.clone();
    let list = ToNetwork::Allow(vec![Peer { id, node, addresses }]);
    handle.send(list).await.map_err(|why| Trouble::answer("a network", why))?;
    Ok((handle, events))
}

struct Member {
    keys: Keys,
    target: Target,
    handle: Handle,
    events: Receiver<FromNetwork>,
    /// The end of its public feed.
    head: Head,
    /// The first entry of its flood, which is said again and again.
    first: Option<Verified>,
    chance: Chance,
}

impl Member {
    /// Waits until the victim tells how far it holds the member's feed.
    async fn hear_own_head(&mut self) {
        let told = async {
            while let Some(event) = self.events.recv().await {
                let FromNetwork::Message { bytes, .. } = event else { continue };
                let message = wire::decode::<Message<Envelope>>(&bytes);
                let Ok(Message::Have { heads, .. }) = message else { continue };
                if let Some(head) = heads.iter().find(|head| head.feed == self.head.feed) {
                    return Some(*head);
                }
            }
            None
        };
        if let Ok(Some(head)) = tokio::time::timeout(Duration::from_secs(20), told).await {
            self.head = head;
        }
    }

    async fn send(&self, message: Message<Verified>) -> Result<(), Trouble> {
        self.send_bytes(wire::encode(&message.into_wire())).await
    }

    async fn send_bytes(&self, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.target.sent.fetch_add(1, Ordering::Relaxed);
        let command = ToNetwork::Send { to: self.target.contact.id, bytes };
        self.handle.send(command).await.map_err(|why| Trouble::answer("a network", why))
    }

    async fn garbage(&mut self) -> Result<(), Trouble> {
        for _ in 0..ROUND {
            let bytes = self.chance.bytes::<512>().to_vec();
            self.send_bytes(bytes).await?;
        }
        Ok(())
    }

    async fn questions(&mut self) -> Result<(), Trouble> {
        let feed = FeedId::public(self.target.contact.id);
        for round in 0..ROUND {
            let payment = PaymentId::new(self.chance.bytes());
            let heads = vec![self.head];
            let message = match round % 4 {
                0 => Message::Have { heads, reply: Reply::Wanted },
                1 => Message::Want { feed, after: 0 },
                2 => Message::Query { payment },
                _ => Message::AuthRequest(self.request(payment)?),
            };
            self.send(message).await?;
        }
        if self.first.is_none() {
            self.first = Some(self.next_entry(64));
        }
        for _ in 0..ROUND / 10 {
            self.send(Message::Entries(self.first.iter().cloned().collect())).await?;
        }
        Ok(())
    }

    fn request(&mut self, payment: PaymentId) -> Result<AuthRequest, Trouble> {
        let card = crdt::card::card_id(&self.target.contact.id, self.chance.bytes());
        let vendor = VendorId::new(self.chance.bytes());
        let details = Digest::new(self.chance.bytes());
        let bought = Bought { kind: "market".to_owned(), price: Cents::from_u32(100), details };
        let request = bought.request(payment, card, vendor);
        let sealing = self.target.contact.sealing;
        let code = sealing.seal(b"0000", &payment, &request, self.chance.bytes());
        Ok(AuthRequest {
            payment,
            card,
            vendor,
            covered: Cents::from_u32(100),
            bought,
            code: code.map_err(|why| Trouble::answer("sealing a code", why))?,
        })
    }

    async fn entries(&mut self) -> Result<(), Trouble> {
        for _ in 0..2 {
            let entry = self.next_entry(LARGE);
            self.send(Message::Entries(vec![entry])).await?;
        }
        Ok(())
    }

    fn next_entry(&mut self, bytes: usize) -> Verified {
        let subject = Subject::Vendor(VendorId::new([7; 16]));
        let change = CatalogueChange { subject, change: vec![7; bytes] };
        let draft = Draft {
            network: self.target.network,
            after: self.head,
            body: Body::Public(PublicBody::CatalogueChanged(change)),
            claimed: Timestamp::from_ms(0),
            seen: Vec::new(),
        };
        let entry = draft.sign(&self.keys.node, self.keys.salts.as_bytes());
        self.head = entry.head();
        entry
    }
}
