//! Everything that the federation knows in common: one function of the set of accepted public entries.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::agreement::Agreements;
use crate::catalogue::Catalogue;
use crate::digest::Domain;
use crate::feed::{Body, Keyring, PublicBody, Verified};
use crate::register::{Charter, Register};
use crate::settlement::{Settlements, Word};
use crate::{CaisseId, Digest, NetworkId, wire};

/// The shared state.
pub struct View {
    network: NetworkId,
    /// Who belongs to the federation.
    pub register: Register,
    /// What each two of them agreed.
    pub agreements: Agreements,
    /// What they stated and settled.
    pub settlements: Settlements,
    /// What their vendors sell.
    pub catalogue: Catalogue,
    /// The last published head of each caisse's own books.
    pub books: BTreeMap<CaisseId, BooksHead>,
}

/// The head of a caisse's books, as it published it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BooksHead {
    /// The number of journal entries.
    pub entries: u64,
    /// The hash of the last one.
    pub hash: Digest,
}

impl View {
    /// Makes the view of a federation of which nothing but the charter is known.
    #[must_use]
    pub fn new(charter: Charter) -> Self {
        Self {
            network: charter.network(),
            register: Register::new(charter),
            agreements: Agreements::default(),
            settlements: Settlements::default(),
            catalogue: Catalogue::default(),
            books: BTreeMap::new(),
        }
    }

    /// Returns the id of the federation.
    #[must_use]
    pub const fn network(&self) -> NetworkId {
        self.network
    }

    /// Takes in an accepted entry. Entries of one feed must come in order; feeds interleave freely.
    /// Entries of pair feeds change nothing here.
    pub fn apply(&mut self, entry: &Verified) {
        let author = entry.header().feed.author;
        let Body::Public(body) = entry.body() else {
            return;
        };
        match body {
            PublicBody::CharterSigned(charter) => self.register.sign(author, charter),
            PublicBody::Proposed(proposal) => self.register.propose(author, proposal),
            PublicBody::Approved(proposal) => self.register.approve(author, *proposal),
            PublicBody::TermsOffered(offer) => self.agreements.offer(author, offer),
            PublicBody::CatalogueChanged(change) => {
                // What does not fit is quarantined there, the same on every node.
                let _ = self.catalogue.apply(author, change);
            }
            PublicBody::Stated(statement) => self.settlements.state(author, statement),
            PublicBody::RunProposed(run) => self.settlements.propose(author, run),
            PublicBody::RunSigned { run, result } => {
                self.settlements.say(author, *run, Word::Signed(*result));
            }
            PublicBody::RunAborted { run, reason } => {
                self.settlements.say(author, *run, Word::Aborted(reason.clone()));
            }
            PublicBody::CertSeen { run } => self.settlements.cert_seen(author, *run),
            PublicBody::EligibilityStated(eligible) => self.agreements.state(author, eligible),
            PublicBody::BooksHead { entries, hash } => {
                self.books.insert(author, BooksHead { entries: *entries, hash: *hash });
            }
            // Which entries count is decided before they come here.
            PublicBody::EpochOpened(_) => {}
        }
    }

    /// Returns the keys by which entries are checked.
    #[must_use]
    pub fn keyring(&self) -> Keyring {
        let contacts = self.register.contacts();
        Keyring {
            network: self.network,
            nodes: contacts.into_iter().map(|(id, contact)| (id, contact.node)).collect(),
            epochs: BTreeMap::new(),
        }
    }

    /// Returns a hash of the whole view: equal on two nodes that accepted the same entries.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let parts = (&self.register, &self.agreements, &self.settlements, &self.books);
        Domain::Trace.hash(&wire::encode(&(parts, self.catalogue.digest())))
    }
}
