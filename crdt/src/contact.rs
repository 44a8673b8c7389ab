//! Who a caisse is: its keys and where it is found.

use serde::{Deserialize, Serialize};

use crate::digest::Domain;
use crate::id::CaisseId;
use crate::key::{BadSignature, PublicKey, Purpose, SecretKey, Signature};
use crate::seal::SealingKey;
use crate::{limits, wire};

/// What a caisse tells others about itself; checked with [`Contact::check`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The hash of the identity key.
    pub id: CaisseId,
    /// The caisse's name, for people.
    pub name: String,
    /// INSEE codes of its communes.
    pub territory: Vec<String>,
    /// The key that certifies the others; may be kept offline.
    pub identity: PublicKey,
    /// The key that signs feed entries and is the network identity.
    pub node: PublicKey,
    /// The key to which card codes are sealed.
    pub sealing: SealingKey,
    /// The identity key's signature over the node and sealing keys.
    pub certificate: Signature,
    /// Network addresses, as multiaddresses.
    pub addresses: Vec<String>,
}

/// Why a contact is not accepted, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadContact {
    /// A list or text is over its limit.
    #[error("the contact is too large")]
    TooLarge,
    /// The id is not the hash of the identity key.
    #[error("the id does not belong to the identity key")]
    WrongId,
    /// The identity key did not certify the node's keys.
    #[error("the identity key did not certify the node's keys")]
    Uncertified,
}

impl From<BadSignature> for BadContact {
    fn from(_: BadSignature) -> Self {
        Self::Uncertified
    }
}

/// Returns the id of the caisse with that identity key.
#[must_use]
pub fn caisse_id(identity: &PublicKey) -> CaisseId {
    CaisseId::new(*Domain::Caisse.hash(identity.as_bytes()).as_bytes())
}

/// Signs a node's keys with the identity key.
#[must_use]
pub fn certify(identity: &SecretKey, node: &PublicKey, sealing: &SealingKey) -> Signature {
    identity.sign(Purpose::Certificate, &wire::encode(&(node, sealing)))
}

impl Contact {
    /// Checks sizes, the id and the certificate.
    ///
    /// # Errors
    /// The first of [`BadContact`] that applies.
    pub fn check(&self) -> Result<(), BadContact> {
        let too_large = self.name.chars().count() > limits::TEXT_CHARS
            || self.territory.len() > limits::TERRITORY
            || self.territory.iter().any(|commune| commune.len() > 5)
            || self.addresses.len() > limits::ADDRESSES
            || self.addresses.iter().any(|address| address.len() > limits::TEXT_CHARS);
        if too_large {
            return Err(BadContact::TooLarge);
        }
        if self.id != caisse_id(&self.identity) {
            return Err(BadContact::WrongId);
        }
        let certified = wire::encode(&(&self.node, &self.sealing));
        Ok(self.identity.verify(Purpose::Certificate, &certified, &self.certificate)?)
    }
}
