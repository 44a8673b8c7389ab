//! The names of the trees, in the one place that may give them.
//!
//! A tree is a range of keys of one physical sled tree: a name is the first byte of its keys. One
//! physical tree, because sled's batches are atomic within a tree only, and its transactions over
//! several trees cost half of the throughput.

use ledger::records::Kind;

/// The name of the store's own tree, which no kind of record may take.
const OWN: u8 = 0;

/// The key of the schema version, a big-endian u32.
pub(super) const SCHEMA: &[u8] = &[OWN, b's', b'c', b'h', b'e', b'm', b'a'];

/// Returns the name of a kind's tree. A name once given is never given again: when a kind is
/// retired its line becomes a comment. 255 stays free, so that every name has a successor.
pub(super) const fn tree(kind: Kind) -> u8 {
    match kind {
        Kind::Meta => 1,
        Kind::Member => 2,
        Kind::Person => 3,
        Kind::Card => 4,
        Kind::Vendor => 5,
        Kind::Contribution => 6,
        Kind::Allocation => 7,
        Kind::Account => 8,
        Kind::Journal => 9,
        Kind::Sale => 10,
        Kind::Charge => 11,
        Kind::Open => 12,
        Kind::Refund => 13,
        Kind::Feed => 14,
        Kind::ForkProof => 15,
        Kind::Command => 16,
        Kind::Visit => 17,
        Kind::Shelf => 18,
        Kind::Rules => 19,
        Kind::Spent => 20,
        Kind::Line => 21,
        Kind::LineText => 22,
        Kind::Batch => 23,
        Kind::Grant => 24,
        Kind::Claim => 25,
        Kind::Dispute => 26,
        Kind::Notice => 27,
        Kind::Closing => 28,
        Kind::Note => 29,
        Kind::BankDetails => 30,
        Kind::Tally => 31,
        Kind::Waiting => 32,
        Kind::BlankCard => 36,
        Kind::Restriction => 37,
        Kind::CardSpent => 38,
        Kind::CardUse => 39,
        Kind::Unassigned => 40,
        Kind::Statement => 41,
        Kind::Matched => 42,
        Kind::DayClosing => 44,
        Kind::Reversed => 45,
        Kind::ClosedBalance => 46,
        Kind::Agreed => 52,
        Kind::LotPolicy => 60,
        Kind::LotGiven => 61,
        Kind::LotHeld => 62,
        Kind::LotCard => 63,
        Kind::CardList => 64,
        Kind::Contest => 68,
        Kind::Opening => 65,
        Kind::Forgiven => 66,
        Kind::Abandoned => 67,
    }
}

/// Returns the kind of a tree's name.
pub(super) fn kind(name: u8) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| tree(*kind) == name)
}

/// Returns a record's key in the physical tree.
pub(super) fn physical(kind: Kind, key: &[u8]) -> Vec<u8> {
    let mut physical = Vec::with_capacity(1 + key.len());
    physical.push(tree(kind));
    physical.extend_from_slice(key);
    physical
}

/// Returns the physical keys between which a range of one kind lies; `None` if it is empty. As in
/// [`ledger::records::Records::range`], an empty `to` means no upper bound.
pub(super) fn bounds(kind: Kind, from: &[u8], to: &[u8]) -> Option<std::ops::Range<Vec<u8>>> {
    let end = if to.is_empty() { vec![tree(kind) + 1] } else { physical(kind, to) };
    let start = physical(kind, from);
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_keeps_its_name_for_ever() {
        let name = |kind| (format!("{kind:?}"), tree(kind));
        let mut names = Kind::ALL.map(name);
        names.sort_by_key(|(_, name)| *name);
        let expected = [
            ("Meta", 1),
            ("Member", 2),
            ("Person", 3),
            ("Card", 4),
            ("Vendor", 5),
            ("Contribution", 6),
            ("Allocation", 7),
            ("Account", 8),
            ("Journal", 9),
            ("Sale", 10),
            ("Charge", 11),
            ("Open", 12),
            ("Refund", 13),
            ("Feed", 14),
            ("ForkProof", 15),
            ("Command", 16),
            ("Visit", 17),
            ("Shelf", 18),
            ("Rules", 19),
            ("Spent", 20),
            ("Line", 21),
            ("LineText", 22),
            ("Batch", 23),
            ("Grant", 24),
            ("Claim", 25),
            ("Dispute", 26),
            ("Notice", 27),
            ("Closing", 28),
            ("Note", 29),
            ("BankDetails", 30),
            ("Tally", 31),
            ("Waiting", 32),
            ("BlankCard", 36),
            ("Restriction", 37),
            ("CardSpent", 38),
            ("CardUse", 39),
            ("Unassigned", 40),
            ("Statement", 41),
            ("Matched", 42),
            ("DayClosing", 44),
            ("Reversed", 45),
            ("ClosedBalance", 46),
            ("Agreed", 52),
            ("LotPolicy", 60),
            ("LotGiven", 61),
            ("LotHeld", 62),
            ("LotCard", 63),
            ("CardList", 64),
            ("Opening", 65),
            ("Forgiven", 66),
            ("Abandoned", 67),
            ("Contest", 68),
        ];
        assert_eq!(names, expected.map(|(kind, name)| (kind.to_owned(), name)));
    }

    #[test]
    fn no_two_trees_share_a_name_and_every_name_leads_back_to_its_kind() {
        for of in Kind::ALL {
            assert_eq!(kind(tree(of)), Some(of));
            assert!(tree(of) != OWN && tree(of) < u8::MAX);
        }
        assert_eq!(kind(OWN), None);
    }
}
