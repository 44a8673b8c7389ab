//! Who belongs to the federation: a function of the set of published proposals and approvals.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::contact::{BadContact, Contact};
use crate::digest::Domain;
use crate::id::bytes_newtype;
use crate::{CaisseId, NetworkId, limits, wire};

bytes_newtype! {
    /// One proposal: the hash of its bytes.
    pub struct ProposalId, 32
}

/// What the founders sign: who they are, and how many must agree to change that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// The federation's name.
    pub name: String,
    /// The founders, sorted by id.
    pub founders: Vec<Contact>,
    /// The part of the electorate, in percent, that must approve a proposal.
    pub threshold_percent: u8,
}

/// Why a charter is not accepted, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCharter {
    /// Fewer than two founders, or more than [`limits::CAISSES`].
    #[error("a federation is founded by 2 to {} caisses", limits::CAISSES)]
    Founders,
    /// The founders are not sorted, or one is there twice.
    #[error("the founders are not sorted, or one is there twice")]
    NotSorted,
    /// Two founders' card numbers would begin alike.
    #[error("the ids of two founders begin alike: make one of them anew")]
    SamePrefix,
    /// The threshold is not between 51 and 100.
    #[error("the threshold is between 51 and 100 percent")]
    Threshold,
    /// The name is too long or empty.
    #[error("the federation's name has 1 to {} characters", limits::TEXT_CHARS)]
    Name,
    /// A founder's contact does not hold.
    #[error("founder {name}: {why}")]
    Founder {
        /// The founder's name.
        name: String,
        /// What is wrong.
        why: BadContact,
    },
}

impl Charter {
    /// Checks the charter.
    ///
    /// # Errors
    /// The first of [`BadCharter`] that applies.
    pub fn check(&self) -> Result<(), BadCharter> {
        if self.founders.len() < 2 || self.founders.len() > limits::CAISSES {
            return Err(BadCharter::Founders);
        }
        if !self.founders.windows(2).all(|pair| pair[0].id < pair[1].id) {
            return Err(BadCharter::NotSorted);
        }
        if self.founders.windows(2).any(|pair| prefix(&pair[0].id) == prefix(&pair[1].id)) {
            return Err(BadCharter::SamePrefix);
        }
        if !(51..=100).contains(&self.threshold_percent) {
            return Err(BadCharter::Threshold);
        }
        if self.name.is_empty() || self.name.chars().count() > limits::TEXT_CHARS {
            return Err(BadCharter::Name);
        }
        let bad = self.founders.iter().find_map(|founder| Some((founder, founder.check().err()?)));
        match bad {
            Some((founder, why)) => Err(BadCharter::Founder { name: founder.name.clone(), why }),
            None => Ok(()),
        }
    }

    /// Returns the id of the federation that this charter founds.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        NetworkId::new(*Domain::Network.hash(&wire::encode(self)).as_bytes())
    }
}

/// The bytes of an id by which a card number names its caisse.
#[must_use]
pub fn prefix(id: &CaisseId) -> [u8; 3] {
    let [a, b, c, ..] = *id.as_bytes();
    [a, b, c]
}

/// One change of the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A caisse joins, or joins again, or has new addresses.
    Admit(Box<Contact>),
    /// A caisse leaves.
    Remove(CaisseId),
}

/// A change, and the proposals on whose effects it builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Proposals that were effective for the proposer.
    pub base: BTreeSet<ProposalId>,
    /// The change.
    pub change: Change,
}

impl Proposal {
    /// Returns the hash of the proposal.
    #[must_use]
    pub fn id(&self) -> ProposalId {
        ProposalId::new(*Domain::Proposal.hash(&wire::encode(self)).as_bytes())
    }
}

/// The register: grows only, and does not depend on the order in which it grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Register {
    charter: Charter,
    signed: BTreeSet<CaisseId>,
    proposals: BTreeMap<ProposalId, Proposal>,
    approvals: BTreeMap<ProposalId, BTreeSet<CaisseId>>,
}

impl Register {
    /// Makes the register of a federation of which nothing but the charter is known.
    #[must_use]
    pub const fn new(charter: Charter) -> Self {
        Self {
            charter,
            signed: BTreeSet::new(),
            proposals: BTreeMap::new(),
            approvals: BTreeMap::new(),
        }
    }

    /// Returns the founding charter.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Takes in a founder's signature under the charter.
    pub fn sign(&mut self, author: CaisseId, charter: &Charter) {
        if *charter == self.charter {
            self.signed.insert(author);
        }
    }

    /// Takes in a proposal; whoever proposes approves.
    pub fn propose(&mut self, author: CaisseId, proposal: &Proposal) {
        let sound = proposal.base.len() <= limits::PROPOSAL_BASE
            && match &proposal.change {
                Change::Admit(contact) => contact.check().is_ok(),
                Change::Remove(_) => true,
            };
        if sound {
            let id = proposal.id();
            self.proposals.insert(id, proposal.clone());
            self.approve(author, id);
        }
    }

    /// Takes in an approval, also of a proposal that is not known yet.
    pub fn approve(&mut self, author: CaisseId, proposal: ProposalId) {
        self.approvals.entry(proposal).or_default().insert(author);
    }

    /// Returns which founders have signed the charter.
    #[must_use]
    pub const fn signed(&self) -> &BTreeSet<CaisseId> {
        &self.signed
    }

    /// Returns whether every founder has signed.
    #[must_use]
    pub fn is_founded(&self) -> bool {
        self.charter.founders.iter().all(|founder| self.signed.contains(&founder.id))
    }

    /// Returns every proposal with those who approved it, effective or not.
    pub fn proposals(&self) -> impl Iterator<Item = (&ProposalId, &Proposal, &BTreeSet<CaisseId>)> {
        self.proposals
            .iter()
            .filter_map(|(id, proposal)| Some((id, proposal, self.approvals.get(id)?)))
    }

    /// Returns the effective proposals: the least set in which each one's base is effective and
    /// enough of the electorate of that base approved.
    #[must_use]
    pub fn effective(&self) -> BTreeSet<ProposalId> {
        let mut effective = BTreeSet::new();
        if !self.is_founded() {
            return effective;
        }
        loop {
            let next: Vec<ProposalId> = self
                .proposals()
                .filter(|(id, proposal, approvals)| {
                    !effective.contains(*id)
                        && proposal.base.is_subset(&effective)
                        && self.enough(&proposal.base, approvals)
                })
                .map(|(id, ..)| *id)
                .collect();
            if next.is_empty() {
                return effective;
            }
            effective.extend(next);
        }
    }

    fn enough(&self, base: &BTreeSet<ProposalId>, approvals: &BTreeSet<CaisseId>) -> bool {
        let electorate = self.membership(&self.past(base));
        let votes = approvals.iter().filter(|author| electorate.contains_key(*author)).count();
        votes * 100 >= electorate.len() * usize::from(self.charter.threshold_percent)
    }

    /// Returns a base with everything that it builds on.
    fn past(&self, base: &BTreeSet<ProposalId>) -> BTreeSet<ProposalId> {
        let mut past = BTreeSet::new();
        let mut todo: Vec<ProposalId> = base.iter().copied().collect();
        while let Some(id) = todo.pop() {
            if past.insert(id)
                && let Some(proposal) = self.proposals.get(&id)
            {
                todo.extend(&proposal.base);
            }
        }
        past
    }

    /// Returns the members that a set of proposals yields. A removal wins over every admission that
    /// does not build on it.
    fn membership(&self, set: &BTreeSet<ProposalId>) -> BTreeMap<CaisseId, &Contact> {
        let removals: Vec<(ProposalId, CaisseId)> = set
            .iter()
            .filter_map(|id| match self.proposals.get(id)?.change {
                Change::Remove(caisse) => Some((*id, caisse)),
                Change::Admit(_) => None,
            })
            .collect();
        let mut members = BTreeMap::new();
        for founder in &self.charter.founders {
            if !removals.iter().any(|(_, caisse)| *caisse == founder.id) {
                members.insert(founder.id, founder);
            }
        }
        // A later admission builds on an earlier one; between concurrent ones the larger id wins.
        let mut admissions: Vec<(usize, ProposalId, &Contact)> = Vec::new();
        for id in set {
            if let Some(Proposal { base, change: Change::Admit(contact) }) = self.proposals.get(id)
            {
                let past = self.past(base);
                let undone = |(removal, caisse): &(ProposalId, CaisseId)| {
                    *caisse == contact.id && !past.contains(removal)
                };
                if !removals.iter().any(undone) {
                    admissions.push((past.len(), *id, contact));
                }
            }
        }
        admissions.sort_by_key(|(depth, id, _)| (*depth, *id));
        members.extend(admissions.into_iter().map(|(_, _, contact)| (contact.id, contact)));
        members
    }

    /// Returns the caisses of the federation; none before every founder has signed.
    #[must_use]
    pub fn members(&self) -> BTreeMap<CaisseId, &Contact> {
        if self.is_founded() { self.membership(&self.effective()) } else { BTreeMap::new() }
    }

    /// Returns the contacts by which entries may be checked: the founders and whoever was ever
    /// proposed, members or not, for what they said stays true after they left.
    #[must_use]
    pub fn contacts(&self) -> BTreeMap<CaisseId, &Contact> {
        let founders = self.charter.founders.iter();
        let mut known: BTreeMap<CaisseId, &Contact> = founders.map(|c| (c.id, c)).collect();
        let effective = self.effective();
        for id in &effective {
            if let Some(Change::Admit(contact)) = self.proposals.get(id).map(|p| &p.change) {
                known.insert(contact.id, contact);
            }
        }
        known
    }
}
