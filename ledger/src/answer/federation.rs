//! Other caisses: register, agreements, statements, runs.

use crdt::agreement::{Eligible, Terms};
use crdt::clearing::Debt;
use crdt::contact::Contact;
use crdt::pair::Line;
use crdt::register::{Change, Charter, ProposalId};
use crdt::settlement::StatementBody;
use crdt::{CaisseId, NetworkId, PaymentId, RunId, SignedCents, VendorId};
use serde::{Deserialize, Serialize};

use crate::federation::ceiling::CeilingUse;

/// The register as this caisse knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederationInfo {
    /// The federation.
    pub network: NetworkId,
    /// The founding charter.
    pub charter: Charter,
    /// Who signed it.
    pub signed: Vec<CaisseId>,
    /// Whether every founder did.
    pub founded: bool,
    /// The members.
    pub members: Vec<Contact>,
    /// Proposals.
    pub proposals: Vec<ProposalInfo>,
    /// Our agreements.
    pub agreements: Vec<AgreementInfo>,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalInfo {
    /// The proposal.
    pub id: ProposalId,
    /// What it changes.
    pub change: Change,
    /// Who approved it.
    pub approvals: Vec<CaisseId>,
    /// Whether it is effective.
    pub effective: bool,
}

/// What we and another caisse offered each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementInfo {
    /// The other caisse.
    pub with: CaisseId,
    /// Our last offer.
    pub ours: Option<Terms>,
    /// Their last offer.
    pub theirs: Option<Terms>,
    /// Whether they are the same, and so in force.
    pub in_force: bool,
    /// How far its ceiling is used, if it is in force.
    pub ceiling: Option<CeilingUse>,
    /// Our members who have used four fifths of what one visitor may spend there in this month.
    pub visitors_near: u32,
    /// What the other caisse finds eligible elsewhere, where its rules count.
    pub eligible: Option<Eligible>,
}

/// A partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerInfo {
    /// The caisse.
    pub id: CaisseId,
    /// Its name.
    pub name: String,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether it told since our start what it had heard from us.
    pub heard: bool,
    /// Entries of its public feed that we hold.
    pub public_entries: u64,
    /// Entries it wrote for us that we hold.
    pub pair_entries: u64,
    /// Entries we wrote for it.
    pub our_pair_entries: u64,
}

/// A product of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductInfo {
    /// The caisse that published it.
    pub caisse: CaisseId,
    /// The caisse's name.
    pub caisse_name: String,
    /// The vendor.
    pub vendor: VendorId,
    /// The vendor's name.
    pub vendor_name: String,
    /// The product.
    pub product: crdt::catalogue::Product,
}

/// What we and a partner owe each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementInfo {
    /// The partner.
    pub with: CaisseId,
    /// What the feeds say now; what both must find.
    pub now: StatementBody,
    /// The same from our side: positive when the partner owes us.
    pub owed_to_us: SignedCents,
    /// The payments, ours as host and theirs.
    pub lines: Vec<(PaymentId, Line)>,
    /// What cannot be in the feeds.
    pub anomalies: Vec<crdt::pair::Anomaly>,
    /// The latest statement that both published, if any.
    pub agreed: Option<StatementBody>,
    /// Whether the two sides published different statements for one cut.
    pub differs: bool,
}

/// A settlement run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run.
    pub id: RunId,
    /// Who must sign.
    pub participants: Vec<CaisseId>,
    /// Who signed.
    pub signed: Vec<CaisseId>,
    /// Who aborted, and why.
    pub aborted: Vec<(CaisseId, String)>,
    /// Who holds every signature.
    pub cert_seen: Vec<CaisseId>,
    /// Whether it has effects.
    pub certified: bool,
    /// What was owed before.
    pub gross: Vec<Debt>,
    /// Who pays whom.
    pub transfers: Vec<TransferInfo>,
}

/// A bank transfer of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferInfo {
    /// The transfer.
    pub debt: Debt,
    /// What the bank is told, so that the payee can match it: derived from the run.
    pub end_to_end_id: String,
    /// Whether the payer said that it left; known for our own transfers only.
    pub sent: bool,
    /// Whether the payee said that it came; known for our own transfers only.
    pub received: bool,
}
