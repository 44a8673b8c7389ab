//! What a caisse answers.

mod accounting;
mod bank;
mod card;
mod disputes;
mod evaluation;
mod federation;
mod foresight;
mod keys;
mod offline;
mod payments;
mod people;
mod persons;
mod treasury;

use crdt::contact::Contact;
use crdt::register::ProposalId;
use crdt::{CaisseId, Cents, GrantId, MemberId, NetworkId, RunId, VendorId};
use serde::{Deserialize, Serialize};

pub use accounting::*;
pub use bank::*;
pub use card::*;
pub use disputes::*;
pub use evaluation::*;
pub use federation::*;
pub use foresight::*;
pub use keys::*;
pub use offline::*;
pub use payments::*;
pub use people::*;
pub use persons::*;
pub use treasury::*;

use crate::federation::ceiling::CeilingUse;
use crate::guarantee::Guarantee;
use crate::lots::OpenLot;
use crate::verify::Report;

/// The answer to a command or a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done, and there is nothing more to say.
    Done,
    /// A member was enrolled.
    MemberAdded(MemberId),
    /// Something about members and the waiting list.
    People(Box<PeopleAnswer>),
    /// A card was issued.
    CardIssued(CardInfo),
    /// Something about cards.
    Cards(CardAnswer),
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
    /// An expiry run, done or previewed.
    Expired(ExpiryReport),
    /// A rule set was planned.
    RulesPlanned(u32),
    /// All rule sets.
    Rules(Box<RulesInfo>),
    /// A grant was confirmed.
    GrantConfirmed(GrantId),
    /// All grants.
    Grants(Vec<GrantInfo>),
    /// The bank's lines and batches.
    Treasury(TreasuryAnswer),
    /// How credit is covered.
    Guarantee(Guarantee),
    /// A forecast, a simulation of rules, or an evaluation.
    Foresight(Box<ForesightAnswer>),
    /// The lots of a member's credit, oldest first.
    Lots(Vec<OpenLot>),
    /// A sale was paid.
    Paid(Receipt),
    /// A refund was made.
    Refunded(RefundReceipt),
    /// Something about disputes, agreed contributions, reminders or corrections.
    Disputes(DisputesAnswer),
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
    /// Entries, balances, closings.
    Accounting(AccountingAnswer),
    /// Accounts.
    Accounts(Vec<AccountInfo>),
    /// What a verification found.
    Verified(Box<Report>),
    /// Lots, and what follows from them.
    Offline(OfflineAnswer),
    /// Something about keys, epochs or fork proofs.
    Keys(Box<KeysAnswer>),
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
    /// How credit is covered.
    pub guarantee: Guarantee,
    /// Connected partners.
    pub connected: u64,
    /// Partners that we wait to hear from since the start.
    pub unheard: u64,
    /// Authors proved to have forked.
    pub forked: Vec<CaisseId>,
    /// Authors that said more than may be stored in a day; they are not asked for more before tomorrow.
    #[serde(default)]
    pub over_quota: Vec<CaisseId>,
    /// Partners with an agreement that cannot be reached, and what can be sold without them.
    pub degraded: Vec<LotRoom>,
    /// Agreements of whose ceiling half or more is used.
    pub ceilings: Vec<CeilingUse>,
}
