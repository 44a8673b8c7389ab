//! Walking over the journal page by page, so that large books never stand in memory whole.

use crdt::wire;

use crate::books::JournalEntry;
use crate::records::Kind;
use crate::turn::Turn;

/// Entries that are read at a time.
const PAGE: usize = 4_096;

/// Visits the entries from a place on, those from `upto` left out.
pub(super) fn entries(turn: &Turn<'_>, from: u64, upto: u64, mut visit: impl FnMut(&JournalEntry)) {
    let mut next = from;
    while next < upto {
        let rows = turn.range(Kind::Journal, &next.to_be_bytes(), &upto.to_be_bytes(), PAGE);
        for (_, bytes) in &rows {
            // An entry that does not decode is as good as lost: `verify` names it.
            if let Ok(entry) = wire::decode(bytes) {
                visit(&entry);
            }
        }
        let last = rows.last().and_then(|(key, _)| key.as_slice().try_into().ok());
        let Some(last) = last.map(u64::from_be_bytes).filter(|_| rows.len() == PAGE) else {
            return;
        };
        next = last.saturating_add(1);
    }
}

/// Returns the entry at a place.
pub(super) fn entry(turn: &Turn<'_>, place: u64) -> Option<JournalEntry> {
    turn.get(Kind::Journal, &place.to_be_bytes())
}
