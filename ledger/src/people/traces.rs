//! Where a person left traces: which records, also of other parts of the caisse, belong to a member.
//!
//! Records are found by what they have in common, not by their types, so that a part that is added
//! later is not forgotten: a record belongs to a member if its key, or the key of a record that
//! names the member, holds the member's id or that of a card or a payment of theirs.

use std::collections::BTreeSet;

use crdt::{MemberId, PaymentId, wire};

use super::person_of;
use crate::account::Account;
use crate::answer::PaymentInfo;
use crate::books::{Cause, JournalEntry};
use crate::payment::{Charge, Sale, read_charge_key};
use crate::query::{charge_info, sale_info};
use crate::records::Kind;
use crate::state::State;
use crate::treasury::details;
use crate::turn::Turn;

/// Bytes of the ids of members, payments, claims and disputes.
const ID: usize = MemberId::LEN;

/// Letters of the shortest text that is searched for: a shorter one would be found by chance.
const FEWEST_LETTERS: usize = 5;

/// Kinds without personal data that lead from a member to personal records.
const LEADS: [Kind; 3] = [Kind::Claim, Kind::Dispute, Kind::Line];

/// Kinds that hold something of persons.
const KEPT: [Kind; 5] = [Kind::Person, Kind::LineText, Kind::Note, Kind::BankDetails, Kind::Notice];

/// What belongs to a member.
pub(super) struct Traces {
    pub purchases: Vec<PaymentInfo>,
    pub entries: Vec<JournalEntry>,
    /// Personal records and notices but the person's own: kind, key, value.
    pub records: Vec<(Kind, Vec<u8>, Vec<u8>)>,
}

/// Finds what belongs to a member, or to someone who waits.
pub(super) fn of(state: &State, turn: &Turn<'_>, member: MemberId) -> Traces {
    let purchases = purchases(state, turn, member);
    let entries = entries(turn, member);
    let mut ids = BTreeSet::from([member.as_bytes().to_vec()]);
    let cards = state.cards.iter().filter(|(_, card)| card.member == member);
    ids.extend(cards.map(|(card, _)| card.as_bytes().to_vec()));
    ids.extend(purchases.iter().map(|purchase| purchase.payment.as_bytes().to_vec()));
    let mut keys = BTreeSet::new();
    for kind in LEADS {
        for (key, value) in turn.range(kind, &[], &[], usize::MAX) {
            if names(&key, &ids) || names(&value, &ids) {
                keys.insert(key);
            }
        }
    }
    ids.extend(keys.iter().filter(|key| key.len() == ID).cloned());
    let notes: BTreeSet<Vec<u8>> =
        entries.iter().filter(|entry| !is_of_a_run(entry)).map(place).collect();
    let words = words(state, turn, member);
    let mut records = Vec::new();
    for kind in KEPT {
        for (key, value) in turn.range(kind, &[], &[], usize::MAX) {
            let own = kind == Kind::Person && key == member.as_bytes();
            let led = keys.contains(&key) || kind == Kind::Note && notes.contains(&key);
            let said = matches!(kind, Kind::LineText | Kind::Note) && says(&value, &words);
            if !own && (led || said || names(&key, &ids)) {
                records.push((kind, key, value));
            }
        }
    }
    // Lines and batches name a member by ids of other records.
    for (kind, key) in details::records_of(turn, member) {
        let known = records.iter().any(|(k, found, _)| (*k, found) == (kind, &key));
        let row = turn.range(kind, &key, &[], 1).into_iter().find(|(found, _)| *found == key);
        records.extend(row.filter(|_| !known).map(|(key, value)| (kind, key, value)));
    }
    Traces { purchases, entries, records }
}

fn place(entry: &JournalEntry) -> Vec<u8> {
    entry.index.to_be_bytes().to_vec()
}

/// The note of a run over all members lies at its last entry, and is of no one member.
const fn is_of_a_run(entry: &JournalEntry) -> bool {
    matches!(entry.cause, Cause::Allocation(..) | Cause::RollOver(..) | Cause::Recovery(..))
}

/// Returns whether some bytes hold an id.
fn names(bytes: &[u8], ids: &BTreeSet<Vec<u8>>) -> bool {
    let lengths: BTreeSet<usize> = ids.iter().map(Vec::len).collect();
    lengths.into_iter().any(|length| bytes.windows(length).any(|window| ids.contains(window)))
}

/// Returns whether a record's text holds one of some words.
fn says(value: &[u8], words: &[String]) -> bool {
    let text = String::from_utf8_lossy(value).to_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// Returns the words by which free texts name a person: the name, unless somebody else has it too, the
/// telephone number and the e-mail address.
fn words(state: &State, turn: &Turn<'_>, member: MemberId) -> Vec<String> {
    let Some(person) = person_of(turn, member) else { return Vec::new() };
    let name = person.name.trim().to_lowercase();
    let same = |id: &&MemberId| {
        let other = person_of(turn, **id);
        **id != member && other.is_some_and(|other| other.name.trim().to_lowercase() == name)
    };
    let name = state.members.keys().find(same).is_none().then_some(name);
    let contact = [person.phone, person.email].into_iter().flatten();
    let words = name.into_iter().chain(contact.map(|word| word.trim().to_lowercase()));
    words.filter(|word| word.chars().count() >= FEWEST_LETTERS).collect()
}

fn entries(turn: &Turn<'_>, member: MemberId) -> Vec<JournalEntry> {
    let own = [Account::Member(member), Account::Claim(member), Account::Advance(member)];
    let rows = turn.range(Kind::Journal, &[], &[], usize::MAX).into_iter();
    let entries = rows.filter_map(|(_, value)| wire::decode::<JournalEntry>(&value).ok());
    let touches = |entry: &JournalEntry| {
        entry.transfers.iter().any(|t| own.contains(&t.debit) || own.contains(&t.credit))
    };
    entries.filter(touches).collect()
}

fn purchases(state: &State, turn: &Turn<'_>, member: MemberId) -> Vec<PaymentInfo> {
    let sales = turn.range(Kind::Sale, &[], &[], usize::MAX).into_iter();
    let sales = sales.filter_map(|(key, bytes)| {
        let sale: Sale = wire::decode(&bytes).ok()?;
        let payment = PaymentId::from_slice(&key)?;
        (sale.member == Some(member)).then(|| sale_info(state, payment, &sale))
    });
    let charges = turn.range(Kind::Charge, &[], &[], usize::MAX).into_iter();
    let charges = charges.filter_map(|(key, bytes)| {
        let charge: Charge = wire::decode(&bytes).ok()?;
        let (host, payment) = read_charge_key(&key)?;
        (charge.member == Some(member)).then(|| charge_info(state, host, payment, &charge))
    });
    let mut list: Vec<PaymentInfo> = sales.chain(charges).collect();
    list.sort_by_key(|info| (info.at, info.payment));
    list
}

/// Returns the texts in a record: runs of printable characters.
pub(super) fn texts(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let runs = text.split(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER);
    runs.map(str::trim).filter(|run| run.chars().count() >= 3).map(str::to_owned).collect()
}
