//! What a person says a line of the bank was for, and what a person is shown of lines.

use crdt::{CaisseId, LineId, MemberId, Month, wire};

use super::assign::{apply, by_hand, is_free};
use super::line::{self, Line, Target};
use super::recognise::{fits_rules, recognise};
use super::reference::References;
use crate::answer::{LineDetail, LineInfo};
use crate::books::{Cause, JournalEntry};
use crate::command::AssignTo;
use crate::limits;
use crate::member::contributed;
use crate::note;
use crate::records::Kind;
use crate::refused::{MemberRefused, Refused, TreasuryRefused, VendorRefused};
use crate::state::State;
use crate::turn::Turn;
use crate::vendor::is_text;

/// Assigns a line as a person says.
pub(super) fn assign(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: LineId,
    to: AssignTo,
    reason: Option<String>,
) -> Result<Target, Refused> {
    let line = line::get(turn, id).ok_or(TreasuryRefused::UnknownLine)?;
    if line.target.is_some() {
        return Err(TreasuryRefused::Assigned.into());
    }
    if reason.as_ref().is_some_and(|reason| !is_text(reason)) {
        return Err(TreasuryRefused::Reason.into());
    }
    let target = match to {
        AssignTo::Contribution { member, month } => {
            takes(state, turn, member, month, &line, reason.is_some())?;
            Target::Contribution(member, month)
        }
        AssignTo::Grant(id) => Target::Grant(id),
        AssignTo::Vendor(id) if !state.vendors.contains_key(&id) => {
            return Err(VendorRefused::UnknownVendor.into());
        }
        AssignTo::Vendor(id) => Target::Vendor(id),
        AssignTo::Partner(id) => Target::Already(the_settlement(state, turn, &line, id)?),
        AssignTo::Cash => Target::Cash,
        AssignTo::Batch(id) => Target::Batch(id),
        AssignTo::Already(place) => Target::Already(place),
        AssignTo::Other if reason.is_none() => return Err(TreasuryRefused::Reason.into()),
        AssignTo::Other => Target::Other,
    };
    let today = turn.today();
    apply(state, turn, id, line, target, today).map_err(TreasuryRefused::Unfit)?;
    if let Some(reason) = reason {
        note::keep(state, turn, reason);
    }
    Ok(target)
}

fn takes(
    state: &State,
    turn: &Turn<'_>,
    member: MemberId,
    month: Month,
    line: &Line,
    forced: bool,
) -> Result<(), Refused> {
    if !state.members.contains_key(&member) {
        return Err(MemberRefused::UnknownMember.into());
    }
    let total = contributed(turn, member, month).checked_add(line.amount);
    let total = total.unwrap_or(crdt::Cents::MAX);
    match fits_rules(state, turn, member, month, total) {
        Err(why) if !forced => Err(MemberRefused::Contribution(why).into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Finds the one settlement with a partner that `settle` has put into the books and no line shows yet.
fn the_settlement(
    state: &State,
    turn: &Turn<'_>,
    line: &Line,
    partner: CaisseId,
) -> Result<u64, TreasuryRefused> {
    let with =
        |entry: &JournalEntry| matches!(entry.cause, Cause::Paid(_, with) if with == partner);
    let found = late_by_hand(state, turn, line, with);
    match found.as_slice() {
        [] => Err(TreasuryRefused::NoSuchEntry),
        [place] => Ok(*place),
        _ => Err(TreasuryRefused::SeveralEntries { places: found }),
    }
}

/// Finds late entries by hand that a line could show.
fn late_by_hand(
    state: &State,
    turn: &Turn<'_>,
    line: &Line,
    wanted: impl Fn(&JournalEntry) -> bool,
) -> Vec<u64> {
    let from = state.books.entries().saturating_sub(limits::LATE_ENTRIES);
    let rows = turn.range(Kind::Journal, &from.to_be_bytes(), &[], usize::MAX).into_iter();
    let entries = rows.filter_map(|(_, bytes)| wire::decode::<JournalEntry>(&bytes).ok());
    let fits = |entry: &JournalEntry| wanted(entry) && by_hand(entry, line);
    let places = entries.filter(fits).map(|entry| entry.index);
    places.filter(|place| is_free(turn, *place)).collect()
}

/// Lists the lines that nobody has assigned, oldest first.
pub(super) fn queue(state: &State, turn: &Turn<'_>) -> Vec<LineInfo> {
    let rows = turn.range(Kind::Unassigned, &[], &[], limits::ROWS as usize);
    list(state, turn, &rows)
}

/// Lists the latest lines, oldest first.
pub(super) fn latest(state: &State, turn: &Turn<'_>) -> Vec<LineInfo> {
    let mut rows = turn.range(Kind::Line, &[], &[], usize::MAX);
    let date = |(_, value): &(Vec<u8>, Vec<u8>)| wire::decode::<Line>(value).ok().map(|l| l.date);
    rows.sort_by_key(|row| std::cmp::Reverse(date(row)));
    rows.truncate(limits::ROWS as usize);
    list(state, turn, &rows)
}

fn list(state: &State, turn: &Turn<'_>, rows: &[(Vec<u8>, Vec<u8>)]) -> Vec<LineInfo> {
    let references = References::of(state);
    let ids = rows.iter().filter_map(|(key, _)| LineId::from_slice(key));
    let mut list: Vec<LineInfo> = ids.filter_map(|id| info(state, turn, &references, id)).collect();
    list.sort_by_key(|info| (info.line.date, info.id));
    list
}

fn info(state: &State, turn: &Turn<'_>, references: &References, id: LineId) -> Option<LineInfo> {
    let (line, text) = (line::get(turn, id)?, line::text(turn, id));
    let waits = match line.target {
        Some(_) => None,
        None => recognise(state, turn, references, &line, &text).err(),
    };
    Some(LineInfo { id, line, text, waits })
}

/// Shows a line, and which entries by hand it could show.
pub(super) fn show(
    state: &State,
    turn: &Turn<'_>,
    id: LineId,
) -> Result<LineDetail, TreasuryRefused> {
    let info = info(state, turn, &References::of(state), id).ok_or(TreasuryRefused::UnknownLine)?;
    let by_hand = match info.line.target {
        Some(_) => Vec::new(),
        None => late_by_hand(state, turn, &info.line, |_| true),
    };
    let note = info.line.entry.and_then(|place| turn.get(Kind::Note, &place.to_be_bytes()));
    Ok(LineDetail { info, by_hand, note })
}
