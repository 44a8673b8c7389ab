//! Why a request is refused: data, in order of precedence, never an error. A refusal changes nothing
//! unless its variant says so.

use crdt::pair::DenyReason;
use crdt::register::BadCharter;
use crdt::settlement::BadRun;
use crdt::{Cents, Duration};
use serde::{Deserialize, Serialize};

use crate::rules::ContributionRefused;

/// A refusal of any request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The request id was used for another request.
    #[error("this request id was used before for another request: use a new one")]
    Conflict,
    /// A payment.
    #[error(transparent)]
    Payment(#[from] PaymentRefused),
    /// A refund.
    #[error(transparent)]
    Refund(#[from] RefundRefused),
    /// Something about members, cards, contributions or allocations.
    #[error(transparent)]
    Member(#[from] MemberRefused),
    /// Something about vendors and their sheets.
    #[error(transparent)]
    Vendor(#[from] VendorRefused),
    /// Something about the federation.
    #[error(transparent)]
    Federation(#[from] FederationRefused),
    /// Something about statements and settlement.
    #[error(transparent)]
    Settlement(#[from] SettlementRefused),
    /// Nothing of that name.
    #[error("nothing is known under this id")]
    NotFound,
    /// An amount does not fit the books.
    #[error("the books cannot hold this amount: {0}")]
    Books(BooksRefused),
}

/// Why the books do not take an entry, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum BooksRefused {
    /// A member would hold less than nothing.
    #[error("only {available} is left")]
    Overdrawn {
        /// What the member holds.
        available: Cents,
    },
    /// A counter would overflow.
    #[error("the sums overflow")]
    Overflow,
    /// A hold that is not there.
    #[error("no such hold")]
    NoSuchHold,
}

impl From<BooksRefused> for Refused {
    fn from(refused: BooksRefused) -> Self {
        Self::Books(refused)
    }
}

/// Why a payment was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PaymentRefused {
    /// The payment id was used for another sale.
    #[error("this payment id was used before for another sale: make a new one")]
    Conflict,
    /// Zero.
    #[error("the amount is zero")]
    AmountZero,
    /// More than [`crate::limits::SALE`].
    #[error("the amount is above the limit of {limit} for one sale")]
    AmountTooLarge {
        /// The limit.
        limit: Cents,
    },
    /// Not one of our vendors.
    #[error("the vendor is not known")]
    UnknownVendor,
    /// The committee has not approved the vendor.
    #[error("the vendor is not approved")]
    VendorNotApproved,
    /// At this rate the caisse would pay nothing.
    #[error("nothing of this sale is covered")]
    NothingCovered,
    /// Neither one of our cards nor of a caisse that we know.
    #[error("the card is not known")]
    UnknownCard,
    /// The QR code was not signed by the caisse that it names.
    #[error("the card is forged")]
    ForgedCard,
    /// The code was not sent in the way that this card needs.
    #[error("the code must be sent plain for a card of this caisse, sealed for any other")]
    CodeForm,
    /// The card is blocked.
    #[error("the card is blocked")]
    CardBlocked,
    /// Too many wrong codes.
    #[error("the card is locked after too many wrong codes, for {left_minutes} more minutes")]
    CardLocked {
        /// How long it stays locked.
        left_minutes: u32,
    },
    /// The code is wrong; counted.
    #[error("the code is wrong; {attempts_left} attempts are left")]
    WrongCode {
        /// How many more wrong codes lock the card.
        attempts_left: u32,
    },
    /// The member does not hold enough; `available` is shown to the member only.
    #[error("only {available} is left")]
    InsufficientFunds {
        /// What the member holds.
        available: Cents,
    },
    /// The card's caisse was proved to have said two different things.
    #[error("the card's caisse is frozen: it signed contradictory entries")]
    HomeFrozen,
    /// We have no agreement with the card's caisse.
    #[error("there is no agreement in force with the card's caisse")]
    NoAgreement,
    /// More than the agreement allows for one payment of a visitor.
    #[error("a visitor's payment is covered up to {limit}")]
    VisitorLimit {
        /// The limit.
        limit: Cents,
    },
    /// The card's caisse is not connected.
    #[error("the card's caisse cannot be reached right now")]
    HomeUnreachable,
    /// The card's caisse did not answer in time; the sale is void.
    #[error("the card's caisse did not answer in time; the sale is void")]
    HomeSilent,
    /// The card's caisse refused.
    #[error("{0}")]
    Denied(DenyReason),
    /// Too many sales wait for an answer.
    #[error("too many sales wait for an answer: try again in a moment")]
    Busy,
}

/// Why a refund was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RefundRefused {
    /// The refund's id was used for another refund.
    #[error("this refund id was used before for another refund")]
    Conflict,
    /// No such payment at this caisse's vendors.
    #[error("no such payment at a vendor of this caisse")]
    UnknownPayment,
    /// The payment did not take place.
    #[error("this payment was not made, so nothing can be given back")]
    NotPaid,
    /// Zero.
    #[error("the amount is zero, or nothing is left to give back")]
    AmountZero,
    /// More than is left.
    #[error("only {left} of this payment can still be given back")]
    MoreThanLeft {
        /// What is left.
        left: Cents,
    },
    /// We may not speak to the member's caisse yet.
    #[error(transparent)]
    NotHeard(#[from] FederationRefused),
}

/// Why something about members was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum MemberRefused {
    /// No such member.
    #[error("the member is not known")]
    UnknownMember,
    /// No such card.
    #[error("the card is not known")]
    UnknownCard,
    /// A name without characters or with too many.
    #[error("a name has 1 to {} characters", crate::limits::TEXT_CHARS)]
    Name,
    /// The household is not one.
    #[error(
        "a household has 1 to {} persons, at least one of them adult or teen",
        crate::rules::MOST_PERSONS
    )]
    Household,
    /// The contribution does not fit the rules.
    #[error(transparent)]
    Contribution(#[from] ContributionRefused),
    /// The rules give an amount that is none.
    #[error("the rules give no amount for a household of this size")]
    NoAmount,
}

/// Why something about vendors was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum VendorRefused {
    /// No such vendor.
    #[error("the vendor is not known")]
    UnknownVendor,
    /// A name, kind or reason without characters or with too many.
    #[error("a name, kind or reason has 1 to {} characters", crate::limits::TEXT_CHARS)]
    Text,
    /// Not an INSEE code.
    #[error("the commune is not an INSEE code of five characters")]
    Commune,
    /// The products do not fit a sheet.
    #[error("the products do not fit the sheet: {0}")]
    Sheet(String),
}

/// Why something about the federation was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum FederationRefused {
    /// No charter yet.
    #[error("this caisse is in no federation yet: sign a charter with `federation found`")]
    NotFounded,
    /// Another charter was signed before.
    #[error("this caisse is already in another federation")]
    AlreadyFounded,
    /// The charter does not hold.
    #[error("the charter does not hold: {0}")]
    Charter(String),
    /// The charter names us with other keys.
    #[error("the charter names this caisse with other keys or addresses than it has")]
    NotOurContact,
    /// Not every founder has signed.
    #[error("not every founder has signed the charter yet")]
    FoundersMissing,
    /// We do not know the other caisse.
    #[error("the other caisse does not belong to the federation")]
    UnknownCaisse,
    /// The same caisse on both sides.
    #[error("a caisse makes no agreement with itself")]
    Itself,
    /// No such proposal.
    #[error("the proposal is not known")]
    UnknownProposal,
    /// Eligibility by other rules than the host's is not built yet.
    #[error("only `host` is possible as eligibility so far")]
    EligibilityNotSupported,
    /// Somebody holds two entries of ours for one place: we are a copy, or were restored behind the
    /// fence's back.
    #[error(
        "this caisse signed two different entries for one place: a copy of it runs elsewhere, or an old backup spoke; stop every copy and ask the federation to admit the caisse anew"
    )]
    WeForked,
    /// After a start, nothing is said before the others told what they heard from us.
    #[error(
        "this caisse has started and waits to hear from {waiting} other caisse(s) what it had said before; try again when they are connected"
    )]
    NotHeard {
        /// How many are missing.
        waiting: u32,
    },
}

impl From<BadCharter> for FederationRefused {
    fn from(bad: BadCharter) -> Self {
        Self::Charter(bad.to_string())
    }
}

/// Why something about settlement was refused, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SettlementRefused {
    /// No such run.
    #[error("the settlement run is not known")]
    UnknownRun,
    /// We have no part in it.
    #[error("this caisse has no part in the run")]
    NotAPart,
    /// No pair has a new agreed statement.
    #[error("no pair of caisses has an agreed statement with a new debt: make statements first")]
    NothingToSettle,
    /// The run does not compute.
    #[error("the run does not compute: {0}")]
    BadRun(String),
    /// We signed it.
    #[error("this caisse has signed the run and cannot abort it")]
    AlreadySigned,
    /// Not every participant has certified the run.
    #[error("the run is not certified by every participant yet")]
    NotCertified,
    /// No such transfer in the run.
    #[error("the run has no such transfer")]
    NoSuchTransfer,
    /// We may not speak yet, or there is no federation.
    #[error(transparent)]
    Federation(#[from] FederationRefused),
}

impl From<BadRun> for SettlementRefused {
    fn from(bad: BadRun) -> Self {
        Self::BadRun(bad.to_string())
    }
}

/// Returns a length of time in whole minutes, rounded up, at least one.
#[must_use]
pub fn minutes(left: Duration) -> u32 {
    left.as_ms().div_ceil(60_000).max(1)
}
