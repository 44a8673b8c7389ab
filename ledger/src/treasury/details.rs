//! Where members, vendors and the caisse itself are paid.

use std::collections::BTreeSet;

use crdt::{BatchId, Cents, Date, LineId, MemberId, VendorId};
use serde::{Deserialize, Serialize};

use super::batch::{self, Payee};
use super::reference::Reference;
use super::{AccountNumber, line};
use crate::answer::DetailsInfo;
use crate::limits;
use crate::records::Kind;
use crate::refused::{MemberRefused, Refused, TreasuryRefused, VendorRefused};
use crate::state::State;
use crate::turn::Turn;
use crate::vendor::is_text;

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The caisse's own.
    Own,
    /// A vendor's.
    Vendor(VendorId),
    /// A member's.
    Member(MemberId),
}

/// Where someone is paid. Purpose: to pay, and to collect what the person agreed to. Retention: until the
/// person leaves or asks for it; a batch keeps a copy under the person's key, so that its file can be made
/// again, and that copy is erased with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The holder of the account.
    pub name: String,
    /// The account.
    pub iban: AccountNumber,
    /// The bank's code, if it is needed.
    pub bic: Option<String>,
    /// What allows us to collect: of a member.
    pub mandate: Option<Mandate>,
    /// Who we are as a creditor: of the caisse itself.
    pub creditor_id: Option<String>,
}

/// A member's leave to collect a contribution each month (mandat de prélèvement SEPA).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// Its unique reference (RUM).
    pub reference: String,
    /// The day on which it was signed.
    pub signed: Date,
    /// How much is collected each month.
    pub monthly: Cents,
    /// Whether something was collected by it before.
    pub used: bool,
}

/// Returns the key of someone's details.
#[must_use]
pub fn key(of: Holder) -> Vec<u8> {
    match of {
        Holder::Own => vec![b'o'],
        Holder::Vendor(id) => [b"v", id.as_bytes().as_slice()].concat(),
        Holder::Member(id) => [b"m", id.as_bytes().as_slice()].concat(),
    }
}

/// Returns the key of the copy that a payment of a batch keeps: below its holder's own key, so that what
/// erases a person erases all copies.
pub(super) fn copy_key(of: Holder, batch: BatchId, item: u32) -> Vec<u8> {
    let mut key = key(of);
    key.extend(batch.as_bytes());
    key.extend(item.to_be_bytes());
    key
}

/// Reads someone's details.
pub(super) fn get(turn: &Turn<'_>, of: Holder) -> Option<Details> {
    turn.get(Kind::BankDetails, &key(of))
}

/// Reads the caisse's own details.
pub(super) fn own(turn: &Turn<'_>) -> Result<Details, TreasuryRefused> {
    get(turn, Holder::Own).ok_or(TreasuryRefused::NoOwnAccount)
}

fn check_holder(state: &State, of: Holder) -> Result<(), Refused> {
    match of {
        Holder::Vendor(id) if !state.vendors.contains_key(&id) => {
            Err(VendorRefused::UnknownVendor.into())
        }
        Holder::Member(id) if !state.members.contains_key(&id) => {
            Err(MemberRefused::UnknownMember.into())
        }
        Holder::Own | Holder::Vendor(_) | Holder::Member(_) => Ok(()),
    }
}

/// Records where someone is paid.
pub(super) fn set(
    state: &State,
    turn: &mut Turn<'_>,
    of: Holder,
    details: Details,
) -> Result<(), Refused> {
    check_holder(state, of)?;
    let code = |text: &Option<String>| text.as_ref().is_none_or(|text| is_text(text));
    if !is_text(&details.name) || !code(&details.bic) || !code(&details.creditor_id) {
        return Err(TreasuryRefused::Text.into());
    }
    if let Some(mandate) = &details.mandate {
        let Holder::Member(_) = of else { return Err(TreasuryRefused::NotAMember.into()) };
        let short = mandate.reference.chars().count() <= limits::MANDATE_CHARS;
        if !short || !is_text(&mandate.reference) {
            return Err(TreasuryRefused::Text.into());
        }
        if mandate.signed > turn.today() {
            return Err(TreasuryRefused::SignedLater.into());
        }
        if mandate.monthly.is_zero() {
            return Err(TreasuryRefused::AmountZero.into());
        }
    }
    // A mandate that is only written down again has been used all the same.
    let known = get(turn, of).and_then(|known| known.mandate);
    let mandate = details.mandate.map(|mandate| {
        let same = known.filter(|known| known.reference == mandate.reference);
        Mandate { used: same.is_some_and(|known| known.used), ..mandate }
    });
    turn.put(Kind::BankDetails, &key(of), &Details { mandate, ..details });
    Ok(())
}

/// Shows someone's details, the account masked unless it is our own.
pub(super) fn show(
    state: &State,
    turn: &Turn<'_>,
    of: Holder,
) -> Result<Option<Box<DetailsInfo>>, Refused> {
    check_holder(state, of)?;
    let reference = match of {
        Holder::Member(id) => Some(Reference::of(&state.secrets, &id)),
        Holder::Own | Holder::Vendor(_) => None,
    };
    Ok(get(turn, of).map(|details| {
        Box::new(DetailsInfo {
            name: details.name,
            iban: match of {
                Holder::Own => details.iban.as_str().to_owned(),
                Holder::Vendor(_) | Holder::Member(_) => details.iban.masked(),
            },
            bic: details.bic,
            mandate: details.mandate,
            creditor_id: details.creditor_id,
            reference,
        })
    }))
}

/// Erases what bank records say of a member: the account, the copies in batches, the words of lines. The
/// lines, batches and books stay: they name a random id.
pub(crate) fn forget(turn: &mut Turn<'_>, member: MemberId) {
    for (kind, key) in records_of(turn, member) {
        turn.delete(kind, &key);
    }
}

/// Returns what bank records say of a member, by kind and key.
pub(crate) fn records_of(turn: &Turn<'_>, member: MemberId) -> BTreeSet<(Kind, Vec<u8>)> {
    let mut found = BTreeSet::new();
    let from = key(Holder::Member(member));
    let to = [from.as_slice(), &[u8::MAX; BatchId::LEN + 5]].concat();
    for (key, _) in turn.range(Kind::BankDetails, &from, &to, usize::MAX) {
        let lines = lines_of_item(turn, key.get(from.len()..).unwrap_or_default());
        found.extend(lines.map(|line| (Kind::LineText, line.as_bytes().to_vec())));
        found.insert((Kind::BankDetails, key));
    }
    // A contribution that came by a line is kept under the beginning of the line's id.
    let from = member.as_bytes().as_slice();
    let to = [from, &[u8::MAX; 32]].concat();
    for (key, _) in turn.range(Kind::Contribution, from, &to, usize::MAX) {
        let request = key.get(key.len().saturating_sub(16)..).unwrap_or_default();
        let end = [request, &[u8::MAX; LineId::LEN]].concat();
        let lines = turn.range(Kind::LineText, request, &end, usize::MAX);
        found.extend(lines.into_iter().map(|(line, _)| (Kind::LineText, line)));
    }
    found
}

/// Returns the lines that paid or returned an item.
fn lines_of_item(turn: &Turn<'_>, batch_and_item: &[u8]) -> impl Iterator<Item = LineId> {
    let item: Option<batch::Item> = turn.get(Kind::Batch, batch_and_item);
    let item = item.filter(|_| batch_and_item.len() > BatchId::LEN);
    let lines = item.into_iter().flat_map(|item| [item.paid, item.returned]).flatten();
    // A batch that was booked as one sum is not one person's line.
    lines.filter(move |line| {
        let line = line::get(turn, *line);
        line.is_some_and(|line| !matches!(line.target, Some(line::Target::Batch(_))))
    })
}

impl Payee {
    /// Returns whose account is meant.
    #[must_use]
    pub const fn holder(self) -> Holder {
        match self {
            Self::Vendor(id) => Holder::Vendor(id),
            Self::Claim(id) | Self::Debit(id) => Holder::Member(id),
        }
    }
}
