//! What is left of a commit on a disk when the power goes.
//!
//! The contract of a node's store: a commit is in the file as a whole or not at all, and once the commit
//! has returned it is there for good. Here the commit that was under way is bytes in a file, of which some
//! sectors have reached the disk and others not, and what a store that starts makes of them is what its
//! checksum says. Disks that break the contract are here too: the audit must find them.

use crdt::digest::Domain;
use crdt::wire;
use ledger::records::{Records, Write};

use crate::chance::Chance;

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Bytes of the checksum before a commit.
const CHECKSUM: usize = 32;

/// Whether a disk does what a store promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faith {
    /// A commit is whole or not there, and what was synced stays.
    #[default]
    Keeps,
    /// A commit that was cut off is there in part.
    Tears,
    /// The last commit that was said to be synced is gone after a crash.
    Forgets,
}

/// How much of the commit that was under way had reached the disk.
#[derive(Clone, Debug)]
pub enum Landed {
    /// Nothing.
    Nothing,
    /// So much as chance says: nothing, all, or some sectors of it.
    ByChance(Chance),
}

/// Returns what a store that starts finds of the commit that was under way.
pub(super) fn found(faith: Faith, writes: &[Write], landed: Landed) -> Vec<Write> {
    let Landed::ByChance(mut chance) = landed else { return Vec::new() };
    if writes.is_empty() {
        return Vec::new();
    }
    let mut file = file_of(writes);
    match chance.within(0, 9) {
        0..=2 => file.clear(),
        3..=5 => {}
        _ => tear(&mut chance, &mut file),
    }
    match (read(&file), faith) {
        (Some(whole), _) => whole,
        (None, Faith::Tears) => writes.iter().filter(|_| chance.permille(500)).cloned().collect(),
        (None, Faith::Keeps | Faith::Forgets) => Vec::new(),
    }
}

/// Returns the writes that undo others.
pub(super) fn undoing(disk: &dyn Records, writes: &[Write]) -> Vec<Write> {
    let before = |Write { kind, key, .. }: &Write| Write {
        kind: *kind,
        key: key.clone(),
        value: disk.get(*kind, key),
    };
    writes.iter().map(before).collect()
}

fn file_of(writes: &[Write]) -> Vec<u8> {
    let body = wire::encode(&writes);
    [Domain::Trace.hash(&body).as_bytes().as_slice(), &body].concat()
}

/// Sectors are written in any order: some are there, the others hold zeros, and the end may be missing.
fn tear(chance: &mut Chance, file: &mut Vec<u8>) {
    for sector in file.chunks_mut(SECTOR) {
        if chance.permille(300) {
            sector.fill(0);
        }
    }
    let kept = chance.index(file.len() + 1);
    file.truncate(kept);
}

/// Reads a commit back: whole, or not at all.
fn read(file: &[u8]) -> Option<Vec<Write>> {
    let (checksum, body) = file.split_at_checked(CHECKSUM)?;
    (Domain::Trace.hash(body).as_bytes() == checksum).then(|| wire::decode(body).ok())?
}

#[cfg(test)]
mod tests {
    use ledger::records::Kind;

    use super::*;

    fn writes() -> Vec<Write> {
        let write = |n: u8| Write { kind: Kind::Meta, key: vec![n], value: Some(vec![n; 400]) };
        (0..6).map(write).collect()
    }

    #[test]
    fn a_commit_that_was_cut_off_is_whole_or_not_there() {
        let writes = writes();
        let (mut whole, mut none) = (0, 0);
        for seed in 0..500 {
            let found = found(Faith::Keeps, &writes, Landed::ByChance(Chance::new(seed)));
            assert!(found.is_empty() || found == writes);
            if found.is_empty() { none += 1 } else { whole += 1 }
        }
        assert!(whole > 50 && none > 50, "{whole} whole, {none} not there");
        assert!(found(Faith::Tears, &writes, Landed::Nothing).is_empty());
    }

    #[test]
    fn a_disk_that_tears_leaves_a_part() {
        let writes = writes();
        let part = |found: &Vec<Write>| !found.is_empty() && found.len() < writes.len();
        let torn = (0..100)
            .map(|seed| found(Faith::Tears, &writes, Landed::ByChance(Chance::new(seed))))
            .filter(part);
        assert!(torn.count() > 10);
    }
}
