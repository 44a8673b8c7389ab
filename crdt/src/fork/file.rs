//! A fork proof as a file: everything that is needed to check it, and nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fork, ForkProof, NotAFork, SignedHeader};
use crate::contact::caisse_id;
use crate::feed::Keyring;
use crate::key::{PublicKey, Purpose, Signature};
use crate::seal::SealingKey;
use crate::{NetworkId, limits, wire};

/// What the file says of itself.
const FORMAT: &str = "caisse fork proof 1";

/// A fork proof that can be checked from its bytes alone, by anyone, without a node.
///
/// It is a JSON object; all bytes are hexadecimal. The author's id is the hash of its identity key; the
/// certificate binds the node key to it; the node key signed both headers; both claim one place. So
/// no byte of it can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    format: String,
    network: NetworkId,
    author: Keys,
    one: HeaderText,
    other: HeaderText,
}

/// The keys of a caisse, and the identity key's word for the other two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Its hash is the caisse's id.
    pub identity: PublicKey,
    /// Signed both headers.
    pub node: PublicKey,
    /// Is certified together with the node key.
    pub sealing: SealingKey,
    /// The identity key's signature over the other two.
    pub certificate: Signature,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderText {
    header: String,
    signature: Signature,
}

/// Why a file proves nothing, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// It is larger than any proof.
    #[error("this is too large for a fork proof")]
    TooLarge,
    /// It is no such file.
    #[error("this is not a fork proof as `caisse proof export` writes it")]
    Format,
    /// The identity key did not certify the node key.
    #[error("the identity key in it did not certify the node key in it")]
    Uncertified,
    /// The two headers prove nothing.
    #[error(transparent)]
    NotAFork(#[from] NotAFork),
}

impl ProofFile {
    /// Puts a proof together with the keys by which it is checked.
    #[must_use]
    pub fn new(network: NetworkId, author: Keys, proof: &ForkProof) -> Self {
        let text = |signed: &SignedHeader| HeaderText {
            header: data_encoding::HEXLOWER.encode(&signed.header),
            signature: signed.signature,
        };
        let (one, other) = (text(&proof.one), text(&proof.other));
        Self { format: FORMAT.to_owned(), network, author, one, other }
    }

    /// Returns the federation.
    #[must_use]
    pub const fn network(&self) -> NetworkId {
        self.network
    }

    /// Checks everything: the id, the certificate, both signatures, and that they are for one place.
    ///
    /// # Errors
    /// The first of [`BadProof`] that applies.
    pub fn check(&self) -> Result<Fork, BadProof> {
        let most = limits::HEADER_BYTES * 2;
        if self.one.header.len() > most || self.other.header.len() > most {
            return Err(BadProof::TooLarge);
        }
        if self.format != FORMAT {
            return Err(BadProof::Format);
        }
        let Keys { identity, node, sealing, certificate } = &self.author;
        identity
            .verify(Purpose::Certificate, &wire::encode(&(node, sealing)), certificate)
            .map_err(|_| BadProof::Uncertified)?;
        let proof = ForkProof { one: signed(&self.one)?, other: signed(&self.other)? };
        if proof.one > proof.other {
            return Err(BadProof::Format);
        }
        // The certificate does not say for which epoch it is; the headers do.
        let author = caisse_id(identity);
        let epoch = proof.place().map_or(0, |fork| fork.epoch);
        let nodes = BTreeMap::from([(author, *node)]);
        let epochs = BTreeMap::from([((author, epoch), *node)]);
        Ok(proof.check(&Keyring { network: self.network, nodes, epochs })?)
    }
}

fn signed(text: &HeaderText) -> Result<SignedHeader, BadProof> {
    let header = data_encoding::HEXLOWER.decode(text.header.as_bytes());
    Ok(SignedHeader { header: header.map_err(|_| BadProof::Format)?, signature: text.signature })
}
