//! Entries whose signature held once: the same bytes under the same keys hold again, so that a world with
//! ten readers checks each signature once and not ten times.

use std::collections::BTreeMap;

use crdt::digest::Domain;
use crdt::feed::{Envelope, Keyring, Verified};
use crdt::key::PublicKey;
use crdt::message::Message;
use crdt::{Digest, NetworkId, wire};

/// What an entry was checked with.
type Checked = (NetworkId, PublicKey, Verified);

/// Entries that were verified before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    entries: BTreeMap<Digest, Checked>,
}

impl Known {
    /// Does what [`Message::verify`] does.
    pub fn verify(&mut self, message: Message<Envelope>, keyring: &Keyring) -> Message<Verified> {
        match message {
            Message::Entries(entries) => {
                let held = entries.into_iter().filter_map(|entry| self.entry(entry, keyring));
                Message::Entries(held.collect())
            }
            other => other.verify(keyring).0,
        }
    }

    fn entry(&mut self, envelope: Envelope, keyring: &Keyring) -> Option<Verified> {
        let name = Domain::Trace.hash(&wire::encode(&envelope));
        if let Some((network, key, entry)) = self.entries.get(&name)
            && *network == keyring.network
            && keyring.key(&entry.header().feed.author, entry.header().epoch) == Some(key)
        {
            return Some(entry.clone());
        }
        let entry = envelope.verify(keyring).ok()?;
        let key = *keyring.key(&entry.header().feed.author, entry.header().epoch)?;
        self.entries.insert(name, (keyring.network, key, entry.clone()));
        Some(entry)
    }
}
