//! Why a request is refused: data, in order of precedence, never an error. A refusal changes nothing
//! unless its variant says so.

mod accounting;
mod bank;
mod card;
mod disputes;
mod federation;
mod foresight;
mod keys;
mod offline;
mod payments;
mod people;
mod treasury;

use crdt::Cents;
use serde::{Deserialize, Serialize};

pub use accounting::*;
pub use bank::*;
pub use card::*;
pub use disputes::*;
pub use federation::*;
pub use foresight::*;
pub use keys::*;
pub use offline::*;
pub use payments::*;
pub use people::*;
pub use treasury::*;

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
    /// Something about disputes, agreed contributions or corrections.
    #[error(transparent)]
    Disputes(#[from] DisputesRefused),
    /// Something about members, cards, contributions or allocations.
    #[error(transparent)]
    Member(#[from] MemberRefused),
    /// Something about a change of members or the waiting list.
    #[error(transparent)]
    People(#[from] PeopleRefused),
    /// Something about cards.
    #[error(transparent)]
    Card(#[from] CardCommandRefused),
    /// Something about rules.
    #[error(transparent)]
    Rules(#[from] RulesRefused),
    /// Something about grants.
    #[error(transparent)]
    Grant(#[from] GrantRefused),
    /// A forecast, a simulation of rules, or an evaluation.
    #[error(transparent)]
    Foresight(#[from] ForesightRefused),
    /// Something about the bank's lines and batches.
    #[error(transparent)]
    Treasury(#[from] TreasuryRefused),
    /// Something about vendors and their sheets.
    #[error(transparent)]
    Vendor(#[from] VendorRefused),
    /// Something about the federation.
    #[error(transparent)]
    Federation(#[from] FederationRefused),
    /// Something about statements and settlement.
    #[error(transparent)]
    Settlement(#[from] SettlementRefused),
    /// Something about accounts and closings.
    #[error(transparent)]
    Accounting(Box<AccountingRefused>),
    /// Nothing of that name.
    #[error("nothing is known under this id")]
    NotFound,
    /// An amount does not fit the books.
    #[error("the books cannot hold this amount: {0}")]
    Books(BooksRefused),
    /// Something about sales while a caisse cannot be reached.
    #[error(transparent)]
    Offline(#[from] OfflineRefused),
    /// Something about keys, epochs or fork proofs.
    #[error(transparent)]
    Keys(#[from] KeysRefused),
}

/// Why the books do not take an entry, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum BooksRefused {
    /// An account would hold less than nothing.
    #[error("only {available} is left")]
    Overdrawn {
        /// What it holds.
        available: Cents,
    },
    /// A counter would overflow.
    #[error("the sums overflow")]
    Overflow,
    /// A hold that is not there.
    #[error("no such hold")]
    NoSuchHold,
}

impl From<AccountingRefused> for Refused {
    fn from(refused: AccountingRefused) -> Self {
        Self::Accounting(Box::new(refused))
    }
}

impl From<BooksRefused> for Refused {
    fn from(refused: BooksRefused) -> Self {
        Self::Books(refused)
    }
}
