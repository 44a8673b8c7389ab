//! What a caisse answers.

use std::collections::BTreeMap;

use crdt::agreement::Terms;
use crdt::clearing::Debt;
use crdt::contact::Contact;
use crdt::pair::Line;
use crdt::register::{Change, Charter, ProposalId};
use crdt::seal::SealingKey;
use crdt::settlement::StatementBody;
use crdt::{
    BasisPoints, CaisseId, CardId, Cents, MemberId, Month, NetworkId, PaymentId, RunId,
    SignedCents, Timestamp, VendorId,
};
use serde::{Deserialize, Serialize};

use crate::rules::Household;
use crate::verify::Report;

/// The answer to a command or a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done, and there is nothing more to say.
    Done,
    /// A member was enrolled.
    MemberAdded(MemberId),
    /// A card was issued.
    CardIssued(CardInfo),
    /// A vendor was recorded.
    VendorAdded(VendorId),
    /// How many products of a sheet changed.
    ProductsPut(u32),
    /// A contribution was recorded.
    ContributionAdded {
        /// What the member has contributed for that month in all.
        total: Cents,
    },
    /// An allocation run, done or previewed.
    Allocated(AllocationReport),
    /// A sale was paid.
    Paid(Receipt),
    /// A refund was made.
    Refunded(RefundReceipt),
    /// A charter was signed.
    Founded(NetworkId),
    /// A change was proposed.
    Proposed(ProposalId),
    /// A run was proposed.
    RunProposed(RunId),
    /// How the caisse is.
    Status(Box<Status>),
    /// Members.
    Members(Vec<MemberInfo>),
    /// One member.
    Member(Box<MemberDetail>),
    /// One card.
    Card(CardInfo),
    /// Vendors.
    Vendors(Vec<VendorInfo>),
    /// Payments, newest first.
    Payments(Vec<PaymentInfo>),
    /// One payment.
    Payment(Box<PaymentInfo>),
    /// The caisse's own contact.
    Contact(Box<Contact>),
    /// The register.
    Federation(Box<FederationInfo>),
    /// Where a card is from.
    CardHome(CardHome),
    /// Partners and feeds.
    Peers(Vec<PeerInfo>),
    /// Products.
    Catalogue(Vec<ProductInfo>),
    /// What we and a partner owe each other.
    Statement(Box<StatementInfo>),
    /// Settlement runs.
    Runs(Vec<RunInfo>),
    /// Accounts.
    Accounts(Vec<AccountInfo>),
    /// What a verification found.
    Verified(Box<Report>),
}

/// What the till shows and prints after a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The sale.
    pub payment: PaymentId,
    /// The vendor.
    pub vendor: VendorId,
    /// The caisse of the card.
    pub home: CaisseId,
    /// The whole price.
    pub amount: Cents,
    /// What the credit paid.
    pub covered: Cents,
    /// What the member pays now with their own money.
    pub member_share: Cents,
    /// When it was decided, by the host's clock.
    pub at: Timestamp,
    /// Whether the host bears the risk: the home caisse did not answer in time.
    pub at_hosts_risk: bool,
}

/// What the till shows after a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReceipt {
    /// The refund.
    pub refund: PaymentId,
    /// The payment.
    pub payment: PaymentId,
    /// What goes back to the member's credit.
    pub amount: Cents,
    /// What can still be given back.
    pub left: Cents,
}

/// What an allocation run does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationReport {
    /// The month.
    pub month: Month,
    /// Whether this only tells what a run would do.
    pub preview: bool,
    /// Who gets what.
    pub issued: Vec<(MemberId, Cents)>,
    /// Who gets nothing, and why.
    pub skipped: Vec<(MemberId, Skipped)>,
    /// The sum of what is issued.
    pub total: Cents,
}

/// Why a member gets no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// It was issued before.
    #[error("issued before")]
    AlreadyIssued,
    /// The rules ask for the contribution first.
    #[error("the contribution of this month has not come in")]
    NoContribution,
    /// The rules give no amount.
    #[error("the rules give no amount for this household")]
    NoAmount,
}

/// How a caisse is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its id.
    pub id: CaisseId,
    /// Its name.
    pub name: String,
    /// Its federation, if any.
    pub network: Option<NetworkId>,
    /// Members.
    pub members: u64,
    /// Cards.
    pub cards: u64,
    /// Vendors.
    pub vendors: u64,
    /// Entries of the books.
    pub journal_entries: u64,
    /// Credit that members hold: what the caisse may have to pay.
    pub outstanding: Cents,
    /// What is held for payments that are not finished.
    pub held: Cents,
    /// Holds older than 15 minutes: worth a look.
    pub old_holds: u64,
    /// Connected partners.
    pub connected: u64,
    /// Partners that we wait to hear from since the start.
    pub unheard: u64,
    /// Authors proved to have forked.
    pub forked: Vec<CaisseId>,
}

/// A member in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// The member.
    pub id: MemberId,
    /// The person's name, unless erased.
    pub name: Option<String>,
    /// The household.
    pub household: Household,
    /// What the member holds.
    pub balance: Cents,
    /// The member's cards that are not blocked.
    pub cards: u32,
}

/// A member with everything that is kept of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDetail {
    /// As in a list.
    pub info: MemberInfo,
    /// All cards.
    pub cards: Vec<CardInfo>,
    /// Contributions by month.
    pub contributions: BTreeMap<Month, Cents>,
}

/// A card, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardInfo {
    /// The card.
    pub card: CardId,
    /// The number as printed.
    pub number: String,
    /// The content of its QR code.
    pub qr: String,
    /// The member.
    pub member: MemberId,
    /// Whether it is blocked.
    pub blocked: bool,
    /// Until when it is locked after wrong codes, if it is.
    pub locked_until: Option<Timestamp>,
}

/// A vendor in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorInfo {
    /// The vendor.
    pub id: VendorId,
    /// Its name.
    pub name: String,
    /// INSEE code of its commune.
    pub commune: String,
    /// What kind of place it is.
    pub kind: String,
    /// The rate in force, if approved.
    pub coverage: Option<BasisPoints>,
    /// What the caisse owes it.
    pub balance: SignedCents,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Paid at home.
    Paid,
    /// Paid with a grant of the card's caisse.
    Captured,
    /// Waiting for the card's caisse: nobody knows yet.
    Asked,
    /// Void.
    Voided,
    /// Refused.
    Refused,
    /// Paid at the host's risk, not accepted yet.
    AtRisk,
    /// Paid at the host's risk, accepted by the home caisse.
    AtRiskAccepted,
    /// Paid at the host's risk and not accepted: the host's loss.
    AtRiskLost,
    /// Held for a host.
    Held,
    /// Owed to a host.
    Obliged,
    /// Not paid for a host.
    Denied,
    /// The host voided it before it was asked for.
    Tombstone,
}

/// A payment, as host or as home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentInfo {
    /// The payment.
    pub payment: PaymentId,
    /// When it was asked for.
    pub at: Timestamp,
    /// The caisse of the vendor.
    pub host: CaisseId,
    /// The caisse of the card.
    pub home: CaisseId,
    /// The vendor, if it is ours or told.
    pub vendor: Option<VendorId>,
    /// The member, if ours.
    pub member: Option<MemberId>,
    /// The whole price, as host.
    pub amount: Option<Cents>,
    /// What the credit pays.
    pub covered: Cents,
    /// What was given back.
    pub refunded: Cents,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Why it was refused, if it was.
    pub reason: Option<String>,
}

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
}

/// Where a card is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardHome {
    /// The card.
    pub card: CardId,
    /// Its caisse.
    pub home: CaisseId,
    /// The key to seal its code to; `None` for a card of this caisse, whose code is sent plain.
    pub seal_to: Option<SealingKey>,
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

/// An account of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// The account.
    pub account: crate::account::Account,
    /// Its counters.
    pub counters: crate::account::Counters,
}
