//! Batches: transfers that were ordered, or direct debits, each payment a record of its own.

use crdt::{BatchId, Cents, Date, LineId, MemberId, Month, RequestId, Timestamp, VendorId};
use serde::{Deserialize, Serialize};

use super::details::{Details, copy_key};
use crate::account::Account;
use crate::answer::{BatchFile, BatchInfo, FilePayment};
use crate::records::Kind;
use crate::refused::TreasuryRefused;
use crate::turn::Turn;

/// A batch without its payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// What it is.
    pub kind: BatchKind,
    /// When it was ordered.
    pub created: Timestamp,
    /// The day on which the bank should carry it out.
    pub on: Date,
    /// The caisse's own account, as it was.
    pub own: Details,
    /// How many payments it has.
    pub count: u32,
    /// What they sum to.
    pub total: Cents,
    /// Where it stands as a whole.
    pub state: BatchState,
}

/// What a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchKind {
    /// Transfers to vendors and to members who paid first.
    Payout,
    /// Direct debits of the contributions of a month.
    Debit(Month),
}

/// Where a batch stands as a whole; its payments stand where their own records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// It was ordered.
    Ordered,
    /// The bank booked it as one sum.
    Booked(LineId),
    /// A person said that the bank carried it out.
    Confirmed,
    /// It was taken back before it was sent.
    Cancelled,
}

/// A payment of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Who is paid, or pays.
    pub payee: Payee,
    /// How much.
    pub amount: Cents,
    /// Whether it is the first by its mandate.
    pub first: bool,
    /// The place of its entry in the books.
    pub entry: u64,
    /// The line that shows it.
    pub paid: Option<LineId>,
    /// The line that says that it came back.
    pub returned: Option<LineId>,
    /// That the bank rejected it, with the code of the reason or nothing.
    pub rejected: Option<String>,
}

/// Who is paid, or pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payee {
    /// A vendor, for what it sold.
    Vendor(VendorId),
    /// A member who paid first.
    Claim(MemberId),
    /// A member whose contribution is collected.
    Debit(MemberId),
}

impl Payee {
    /// Returns the account that the payment settles.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Vendor(id) => Account::Vendor(id),
            Self::Claim(id) => Account::Claim(id),
            Self::Debit(_) => Account::Contributions,
        }
    }
}

impl BatchKind {
    /// Returns the account of what was ordered and not seen yet.
    #[must_use]
    pub const fn account(self, batch: BatchId) -> Account {
        match self {
            Self::Payout => Account::Ordered(batch),
            Self::Debit(_) => Account::Collecting(batch),
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Payout => 'P',
            Self::Debit(_) => 'D',
        }
    }
}

impl Item {
    /// Returns whether nobody has said yet what became of it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.paid.is_none() && self.returned.is_none() && self.rejected.is_none()
    }
}

/// Hexadecimal digits of a batch's id that the bank is told: 80 bits name it well enough, and fit.
const CODE_DIGITS: usize = 20;

/// Returns the name of a batch's file.
#[must_use]
pub fn code(batch: BatchId, kind: BatchKind) -> String {
    let id = batch.to_string();
    format!("{}{}", kind.letter(), id.get(..CODE_DIGITS).unwrap_or_default())
}

/// Returns the end-to-end id of a payment.
#[must_use]
pub fn end_to_end(batch: BatchId, kind: BatchKind, item: u32) -> String {
    format!("{}-{item}", code(batch, kind))
}

/// What a name that the bank gives back may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The beginning of the batch's id.
    id: [u8; CODE_DIGITS / 2],
    /// The payment; the whole batch when absent.
    pub item: Option<u32>,
}

impl Named {
    /// Finds the name of a batch or of a payment in a text.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find_map(Self::of_word)
    }

    fn of_word(word: &str) -> Option<Self> {
        let rest = word.strip_prefix(['P', 'D', 'p', 'd'])?;
        let digits = rest.get(..CODE_DIGITS)?;
        let mut id = [0; CODE_DIGITS / 2];
        for (byte, at) in id.iter_mut().zip((0..CODE_DIGITS).step_by(2)) {
            let two =
                digits.get(at..at + 2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
            *byte = u8::from_str_radix(two?, 16).ok()?;
        }
        let item = match rest.get(CODE_DIGITS..)? {
            "" => None,
            // The name of a block has the sequence type at its end: it means the whole.
            number => Some(number.strip_prefix('-')?).and_then(|number| number.parse().ok()),
        };
        Some(Self { id, item })
    }

    /// Finds the batch that is meant.
    pub fn batch(&self, turn: &Turn<'_>) -> Option<(BatchId, Batch)> {
        let to = [self.id.as_slice(), &[u8::MAX; 16]].concat();
        let rows = turn.range(Kind::Batch, &self.id, &to, 1);
        let id = BatchId::from_slice(&rows.first()?.0)?;
        Some((id, get(turn, id).ok()?))
    }
}

fn item_key(batch: BatchId, item: u32) -> Vec<u8> {
    [batch.as_bytes().as_slice(), &item.to_be_bytes()].concat()
}

/// Reads a batch.
pub(super) fn get(turn: &Turn<'_>, id: BatchId) -> Result<Batch, TreasuryRefused> {
    turn.get(Kind::Batch, id.as_bytes()).ok_or(TreasuryRefused::UnknownBatch)
}

/// Stores a batch.
pub(super) fn put(turn: &mut Turn<'_>, id: BatchId, batch: &Batch) {
    turn.put(Kind::Batch, id.as_bytes(), batch);
}

/// Reads a payment.
pub(super) fn item(turn: &Turn<'_>, batch: BatchId, item: u32) -> Option<Item> {
    turn.get(Kind::Batch, &item_key(batch, item))
}

/// Stores a payment.
pub(super) fn put_item(turn: &mut Turn<'_>, batch: BatchId, number: u32, item: &Item) {
    turn.put(Kind::Batch, &item_key(batch, number), item);
}

/// Reads all payments of a batch, in their order.
pub(super) fn items(turn: &Turn<'_>, id: BatchId) -> Vec<(u32, Item)> {
    let (from, to) = (item_key(id, 0), [id.as_bytes().as_slice(), &[u8::MAX; 5]].concat());
    let rows = turn.range(Kind::Batch, &from, &to, usize::MAX).into_iter();
    let item = |(key, value): (Vec<u8>, Vec<u8>)| {
        let number = key.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))?;
        Some((number, crdt::wire::decode(&value).ok()?))
    };
    rows.filter_map(item).collect()
}

/// Returns the request under which the contribution of a direct debit is kept.
pub(super) fn request_of_item(batch: BatchId, item: u32) -> RequestId {
    let mut bytes = *batch.as_bytes();
    bytes[12..].copy_from_slice(&item.to_be_bytes());
    RequestId::new(bytes)
}

/// Lists all batches, oldest first.
pub(super) fn list(turn: &Turn<'_>) -> Vec<BatchInfo> {
    let rows = turn.range(Kind::Batch, &[], &[], usize::MAX);
    let ids = rows.iter().filter_map(|(key, _)| BatchId::from_slice(key));
    let mut list: Vec<BatchInfo> = ids.filter_map(|id| show(turn, id).ok()).collect();
    list.sort_by_key(|info| (info.created, info.id));
    list.iter_mut().for_each(|info| info.items.clear());
    list
}

/// Shows a batch with its payments.
pub(super) fn show(turn: &Turn<'_>, id: BatchId) -> Result<BatchInfo, TreasuryRefused> {
    let Batch { kind, created, on, count, total, state, .. } = get(turn, id)?;
    let items = items(turn, id);
    let sum = |which: fn(&Item) -> bool| {
        let amounts = items.iter().filter(|(_, item)| which(item)).map(|(_, item)| item.amount);
        Cents::checked_sum(amounts).unwrap_or(Cents::MAX)
    };
    let booked = matches!(state, BatchState::Booked(_) | BatchState::Confirmed);
    let open =
        if booked || state == BatchState::Cancelled { Cents::ZERO } else { sum(Item::is_open) };
    let back = sum(|item| item.returned.is_some() || item.rejected.is_some());
    let code = code(id, kind);
    Ok(BatchInfo { id, code, kind, created, on, count, total, state, open, back, items })
}

/// Returns all that the file of a batch needs: always the same.
pub(super) fn for_file(turn: &Turn<'_>, id: BatchId) -> Result<BatchFile, TreasuryRefused> {
    let batch = get(turn, id)?;
    if batch.state == BatchState::Cancelled {
        return Err(TreasuryRefused::Cancelled);
    }
    let kind = batch.kind;
    let mut payments = Vec::new();
    for (number, item) in items(turn, id) {
        let key = copy_key(item.payee.holder(), id, number);
        let to = turn.get(Kind::BankDetails, &key).ok_or(TreasuryRefused::DetailsErased)?;
        let end_to_end = end_to_end(id, kind, number);
        let Item { amount, first, .. } = item;
        payments.push(FilePayment { end_to_end, amount, first, to });
    }
    let Batch { created, on, own, .. } = batch;
    Ok(BatchFile { name: code(id, kind), kind, created, on, own, payments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_the_bank_is_told_lead_back_to_the_payment() {
        let batch = BatchId::new([0xa7; 16]);
        let name = end_to_end(batch, BatchKind::Payout, 12);
        assert_eq!(name, "Pa7a7a7a7a7a7a7a7a7a7-12");
        let named = Named::find(&format!("VIR SEPA {name} merci")).expect("it is there");
        assert_eq!(named, Named { id: [0xa7; 10], item: Some(12) });
        let whole = code(batch, BatchKind::Payout);
        assert_eq!(Named::find(&whole), Some(Named { id: [0xa7; 10], item: None }));
        assert_eq!(Named::find(&format!("{whole}-FRST")).map(|named| named.item), Some(None));
        for text in ["", "P", "Pa7a7", "Péa7a7a7a7a7a7a7a7a7a", "Pa7a7a7a7a7a7a7a7a7a712"] {
            assert_eq!(Named::find(text), None, "{text}");
        }
    }
}
