//! What the machine asks to be stored, and how it reads it back: the pure side decides *what* is
//! stored, the shell *how*.

use serde::{Deserialize, Serialize};

/// The kinds of records. A kind never changes its meaning; a retired name stays here as a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// One record per singular fact, such as the charter, by name.
    Meta,
    /// A member's household and state, by member id; no personal data.
    Member,
    /// What is known of the person behind a member, by member id; personal, can be erased.
    Person,
    /// A card, by card id.
    Card,
    /// A vendor, by vendor id.
    Vendor,
    /// A member's contribution of a month, by member and command.
    Contribution,
    /// A lot of a member's credit, by member and where it came from.
    Allocation,
    /// Counters of an account, by account.
    Account,
    /// An entry of the books, by its place (big-endian u64).
    Journal,
    /// A sale at one of our vendors, by payment id.
    Sale,
    /// A charge to one of our members by a host, by host and payment id.
    Charge,
    /// A sale or charge that is not finished, by the same key with a letter before; no value.
    Open,
    /// A refund, by its own id.
    Refund,
    /// An entry of a feed, by feed, epoch and place.
    Feed,
    /// Two entries that prove a fork, by feed.
    ForkProof,
    /// The outcome of an operator's command, by request id.
    Command,
    /// A change of our own catalogue documents, by its place (big-endian u64).
    Shelf,
    /// What one member spent at one host in a period, by host, period and member.
    Visit,
    /// A rule set, by version (big-endian u32).
    Rules,
    /// What a household spent at our own vendors in a period, by member and period.
    Spent,
    /// A line of a bank statement without what it says of persons, by line id.
    Line,
    /// What a line of a bank statement says of the other party, by line id; personal, can be erased.
    LineText,
    /// A batch of bank transfers or direct debits, by batch id.
    Batch,
    /// A grant, by grant id.
    Grant,
    /// A claim of a member who paid first, by claim id.
    Claim,
    /// A dispute, by dispute id.
    Dispute,
    /// A notice given to a member, by member and what it is about.
    Notice,
    /// A closed year, by year (big-endian u16).
    Closing,
    /// Why a person made an entry of the books, by the entry's place; may be personal, can be erased.
    Note,
    /// Where a member or vendor is paid, by a letter and their id; personal, can be erased.
    BankDetails,
    /// How often something was refused or done, by month and what; for evaluation.
    Tally,
    /// Who waits to become a member, by the member id to be; the person is a [`Kind::Person`].
    Waiting,
    /// A closed day with its totals, by day (big-endian i32).
    DayClosing,
    /// The place of the entry that reversed another, by the place of that one (big-endian u64).
    Reversed,
    /// What an account held at the end of a closed year, by year and account.
    ClosedBalance,
    /// A card that belongs to nobody yet, by card id.
    BlankCard,
    /// What restricts a member's cards, by member id.
    Restriction,
    /// What a card with limits spent in a month, by card and month.
    CardSpent,
    /// Which card with limits made a payment, by a letter and the payment's key.
    CardUse,
    /// What a member agreed to contribute, by member and first month.
    Agreed,
    /// A line of the bank that nobody has assigned, by line id; no value.
    Unassigned,
    /// The balances of an imported statement, by its last day and its name; and from which kind of file a
    /// day came.
    Statement,
    /// An entry by hand that a line of the bank shows, by the entry's place.
    Matched,
    /// What a partner gets to sell by while we cannot be reached, by partner.
    LotPolicy,
    /// A lot that we gave, by partner and lot.
    LotGiven,
    /// A lot that we hold, by partner and lot.
    LotHeld,
    /// What a card took of an open lot, by a letter for our side, partner, lot and card.
    LotCard,
    /// A partner's list of cards that do not pay without it, by partner.
    CardList,
    /// What a contested payment elsewhere means for settlement, by host and payment id.
    Contest,
    /// A word of an identity key that opens an epoch, by caisse and epoch; a second one for the same epoch
    /// has a byte more.
    Opening,
    /// Up to which epoch we forgave a caisse that it forked, by caisse.
    Forgiven,
    /// An entry of a feed that an epoch left behind, by the same key as [`Kind::Feed`]: kept to be read.
    Abandoned,
}

impl Kind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 52] = [
        Self::Meta,
        Self::Member,
        Self::Person,
        Self::Card,
        Self::Vendor,
        Self::Contribution,
        Self::Allocation,
        Self::Account,
        Self::Journal,
        Self::Sale,
        Self::Charge,
        Self::Open,
        Self::Refund,
        Self::Feed,
        Self::ForkProof,
        Self::Command,
        Self::Shelf,
        Self::Visit,
        Self::Rules,
        Self::Spent,
        Self::Line,
        Self::LineText,
        Self::Batch,
        Self::Grant,
        Self::Claim,
        Self::Dispute,
        Self::Notice,
        Self::Closing,
        Self::Note,
        Self::BankDetails,
        Self::Tally,
        Self::Waiting,
        Self::DayClosing,
        Self::Reversed,
        Self::ClosedBalance,
        Self::BlankCard,
        Self::Restriction,
        Self::CardSpent,
        Self::CardUse,
        Self::Agreed,
        Self::Unassigned,
        Self::Statement,
        Self::Matched,
        Self::LotPolicy,
        Self::LotGiven,
        Self::LotHeld,
        Self::LotCard,
        Self::CardList,
        Self::Contest,
        Self::Opening,
        Self::Forgiven,
        Self::Abandoned,
    ];
}

/// One change of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The kind of record.
    pub kind: Kind,
    /// Its key; keys of one kind are ordered as bytes.
    pub key: Vec<u8>,
    /// Its new value, or `None` to delete it.
    pub value: Option<Vec<u8>>,
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Read access to what was stored, later writes of the same batch included.
///
/// Reading cannot fail here: a shell whose store fails answers with nothing, remembers the failure,
/// and stops before anything that was decided on it is written or said.
pub trait Records {
    /// Returns the value of a key.
    fn get(&self, kind: Kind, key: &[u8]) -> Option<Vec<u8>>;

    /// Returns at most `limit` rows with `from <= key < to`, in the order of their keys. An empty
    /// `to` means no upper bound.
    fn range(&self, kind: Kind, from: &[u8], to: &[u8], limit: usize) -> Vec<Row>;
}

/// Records held in memory: for tests, and for the simulator's disks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryRecords {
    rows: std::collections::BTreeMap<(Kind, Vec<u8>), Vec<u8>>,
}

impl MemoryRecords {
    /// Applies writes in order.
    pub fn apply(&mut self, writes: impl IntoIterator<Item = Write>) {
        for Write { kind, key, value } in writes {
            match value {
                Some(value) => self.rows.insert((kind, key), value),
                None => self.rows.remove(&(kind, key)),
            };
        }
    }
}

impl Records for MemoryRecords {
    fn get(&self, kind: Kind, key: &[u8]) -> Option<Vec<u8>> {
        self.rows.get(&(kind, key.to_vec())).cloned()
    }

    fn range(&self, kind: Kind, from: &[u8], to: &[u8], limit: usize) -> Vec<Row> {
        self.rows
            .range((kind, from.to_vec())..)
            .take_while(|((k, key), _)| *k == kind && (to.is_empty() || key.as_slice() < to))
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }
}
