//! What people ask of a caisse.

mod accounting;
mod card;
mod disputes;
mod foresight;
mod keys;
mod offline;
mod pay;
mod people;
mod treasury;

use std::collections::BTreeSet;

use crdt::agreement::Terms;
use crdt::card::CardText;
use crdt::catalogue::Product;
use crdt::register::{Change, Charter, ProposalId};
use crdt::{
    BasisPoints, CaisseId, CardId, Cents, GrantId, MemberId, Month, PaymentId, RunId, VendorId,
};
use serde::{Deserialize, Serialize};

pub use accounting::*;
pub use card::*;
pub use disputes::*;
pub use foresight::*;
pub use keys::*;
pub use offline::*;
pub use pay::*;
pub use people::*;
pub use treasury::*;

use crate::guarantee::Force;
use crate::rules::{Household, Rules};

/// Something that changes a caisse. Each comes with a request id, the idempotency key: the same id
/// and content give the same answer, the same id and another content are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Enrols a member.
    AddMember {
        /// The person's name: personal, kept apart from everything else.
        name: String,
        /// Who lives in the household.
        household: Household,
    },
    /// Changes a member or the waiting list.
    People(PeopleCommand),
    /// Issues a card to a member, with the code that the member chose.
    IssueCard {
        /// The member.
        member: MemberId,
        /// The code.
        code: Code,
    },
    /// Blocks a card for good.
    BlockCard {
        /// The card.
        card: CardId,
    },
    /// Something about cards.
    Cards(CardCommand),
    /// Records a vendor.
    AddVendor {
        /// The vendor's name, as on its stall.
        name: String,
        /// INSEE code of its commune.
        commune: String,
        /// What kind of place it is.
        kind: String,
        /// The hash of the secret with which its till speaks ([`crdt::digest::Domain::Till`]).
        till: Option<crdt::Digest>,
    },
    /// Approves a vendor from now on: a dated decision.
    ApproveVendor {
        /// The vendor.
        vendor: VendorId,
        /// The rate at which its sales are covered.
        coverage: BasisPoints,
        /// Why, for people.
        reason: String,
    },
    /// Puts products on a vendor's sheet of the catalogue, or changes them.
    PutProducts {
        /// The vendor.
        vendor: VendorId,
        /// The products, by their code.
        products: Vec<Product>,
    },
    /// Records a contribution that was received.
    AddContribution {
        /// The member.
        member: MemberId,
        /// The month it is for.
        month: Month,
        /// How much.
        amount: Cents,
        /// Where the money is.
        #[serde(default)]
        into: Purse,
    },
    /// Issues the allocations of a month; a second run issues only what is missing.
    Allocate {
        /// The month.
        month: Month,
        /// Issues them even if credit is then not covered.
        #[serde(default)]
        force: Option<Force>,
    },
    /// Plans a rule set for a later day.
    PlanRules {
        /// The rule set.
        rules: Box<Rules>,
        /// Plans it even if credit would not be covered under it.
        #[serde(default)]
        force: Option<Force>,
    },
    /// Takes a planned rule set back before its first month has begun.
    CancelRules {
        /// The version.
        version: u32,
    },
    /// Records a grant that a funder confirmed.
    ConfirmGrant {
        /// Who gives it.
        funder: String,
        /// How much.
        amount: Cents,
        /// The decision or contract, such as a number.
        reference: String,
    },
    /// Records that money of a grant came.
    ReceiveGrant {
        /// The grant.
        grant: GrantId,
        /// How much came.
        amount: Cents,
        /// Where the money is.
        #[serde(default)]
        into: Purse,
    },
    /// Something about the bank's lines and batches.
    Treasury(TreasuryCommand),
    /// Puts money of the caisse into the pot that balances tiers of prices.
    FundPot {
        /// How much.
        amount: Cents,
    },
    /// Tells members whose credit is about to expire, and lets expire what was told long enough ago.
    Expire,
    /// Takes a payment at one of our vendors.
    Pay(PayIntent),
    /// Gives back what a payment covered, or a part of it.
    Refund {
        /// The refund's own id.
        id: PaymentId,
        /// The payment.
        payment: PaymentId,
        /// How much of what was covered; all that is left when absent.
        amount: Option<Cents>,
    },
    /// Closes or corrects the books.
    Accounting(AccountingCommand),
    /// Something about disputes, agreed contributions, reminders or corrections.
    Disputes(DisputesCommand),
    /// Signs a founding charter, or joins the federation that it founded.
    Found(Box<Charter>),
    /// Proposes a change of the register.
    Propose(Change),
    /// Approves a proposal.
    Approve(ProposalId),
    /// Offers terms to another caisse; in force once it has offered the same.
    Agree {
        /// The other caisse.
        with: CaisseId,
        /// The terms.
        terms: Terms,
    },
    /// States what we and a partner owe each other up to now.
    State {
        /// The partner.
        with: CaisseId,
    },
    /// Proposes a settlement run over every pair of the federation with an agreed statement.
    ProposeRun {
        /// Caisses whose pairs are left out.
        without: BTreeSet<CaisseId>,
    },
    /// Refuses a run that is not signed yet.
    AbortRun {
        /// The run.
        run: RunId,
        /// Why, for people.
        reason: String,
    },
    /// Says that our bank transfer for a run left.
    PaySent {
        /// The run.
        run: RunId,
        /// Whom we paid.
        to: CaisseId,
    },
    /// Says that the bank transfer of a run came; this discharges the debt.
    PayReceived {
        /// The run.
        run: RunId,
        /// Who paid us.
        from: CaisseId,
    },
    /// Something about sales while a caisse cannot be reached.
    Offline(OfflineCommand),
    /// Something about keys, epochs or fork proofs.
    Keys(Box<KeysCommand>),
}

/// A question; changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// How the caisse is.
    Status,
    /// All members with their balances.
    Members,
    /// One member with cards and contributions.
    Member(MemberId),
    /// Something about members and the waiting list.
    People(PeopleQuery),
    /// The card, with its certificate for the QR code.
    Card(CardId),
    /// Something about cards.
    Cards(CardQuery),
    /// All vendors.
    Vendors,
    /// The vendor whose till speaks with the secret of this hash.
    Till(crdt::Digest),
    /// What an allocation run would do.
    AllocationPreview(Month),
    /// All rule sets, and which one is in force.
    Rules,
    /// All grants.
    Grants,
    /// Something about the bank's lines and batches.
    Treasury(TreasuryQuery),
    /// What an expiry run would do.
    ExpiryPreview,
    /// How credit is covered.
    Guarantee,
    /// A forecast, a simulation of rules, or an evaluation.
    Foresight(ForesightQuery),
    /// The lots of a member's credit.
    Lots(MemberId),
    /// The latest payments, newest first.
    Payments {
        /// At most so many (10,000 is the limit).
        limit: u32,
    },
    /// One payment, as host or as home.
    Payment(PaymentId),
    /// Something about disputes, agreed contributions, reminders or corrections.
    Disputes(DisputesQuery),
    /// The caisse's own contact, for a founding charter or an admission.
    Contact,
    /// The register: charter, members, proposals, agreements.
    Federation,
    /// Where a card is from and to which key its code is sealed.
    CardHome(CardText),
    /// Which partners are connected, how far feeds are.
    Peers,
    /// Products of all caisses whose name, or whose vendor's name, contains a text.
    Catalogue {
        /// The text; everything when empty.
        text: String,
        /// At most so many (10,000 is the limit).
        limit: u32,
    },
    /// What we and a partner owe each other.
    Statement {
        /// The partner.
        with: CaisseId,
    },
    /// All settlement runs.
    Runs,
    /// Accounts as an accountant reads them.
    Accounting(AccountingQuery),
    /// Every account of the books with its counters.
    Accounts,
    /// Everything re-derived from the books and feeds.
    Verify,
    /// Something about sales while a caisse cannot be reached.
    Offline(OfflineQuery),
    /// Something about keys, epochs or fork proofs.
    Keys(KeysQuery),
}
