//! A damaged store: whatever rows are lost, cut, changed or strange, opening a caisse and asking it to verify itself
//! ends, and says so. (A node reads checksums before; this is for what gets through.)

use crdt::Timestamp;
use ledger::records::{Kind, MemoryRecords, Records as _, Write};
use ledger::{Answer, Caisse, Query};

use crate::bytes::{Bytes, chunk};
use crate::town::{NOW_MS, secrets, settings, town};
use crate::{Target, shape};

/// Damages of one run, at most.
const DAMAGES: usize = 16;

/// Opening any records.
pub const TARGET: Target = Target { name: "store", run, seeds };

fn run(bytes: &[u8]) -> u64 {
    let mut bytes = Bytes(bytes);
    let mut disk = town().disks[0].clone();
    for _ in 0..DAMAGES {
        if bytes.is_empty() {
            break;
        }
        let write = damage(&disk, &mut bytes);
        disk.apply([write]);
    }
    let (caisse, _) = Caisse::open(settings(0), secrets(0, 1), &disk);
    let now = Timestamp::from_ms(NOW_MS);
    for question in [Query::Status, Query::Members, Query::Vendors, Query::Federation, Query::Runs]
    {
        let _ = caisse.query(now, &question, &disk);
    }
    match caisse.query(now, &Query::Verify, &disk) {
        Ok(Answer::Verified(report)) => shape(&format!("{:?}", report.differences.first()).len()),
        other => panic!("verify answers: {other:?}"),
    }
}

/// Chooses a row by its kind and place, and what becomes of it.
fn damage(disk: &MemoryRecords, bytes: &mut Bytes<'_>) -> Write {
    let kind = Kind::ALL[usize::from(bytes.byte()) % Kind::ALL.len()];
    let rows = disk.range(kind, &[], &[], usize::MAX);
    let place = usize::from(bytes.byte());
    let row = rows.get(place.checked_rem(rows.len()).unwrap_or(0)).cloned();
    let how = bytes.byte() % 5;
    let at = usize::from(bytes.short());
    let (key, mut value) = row.unwrap_or_default();
    let value = match how {
        0 => None,
        1 => {
            value.truncate(at.checked_rem(value.len()).unwrap_or(0));
            Some(value)
        }
        2 => {
            let at = at.checked_rem(value.len()).unwrap_or(0);
            if let Some(byte) = value.get_mut(at) {
                *byte ^= bytes.byte().max(1);
            }
            Some(value)
        }
        3 => Some(bytes.chunk().to_vec()),
        _ => {
            let key = bytes.chunk().to_vec();
            return Write { kind, key, value: Some(value) };
        }
    };
    Write { kind, key, value }
}

/// Each kind of damage to each kind of record.
fn seeds() -> Vec<Vec<u8>> {
    let kinds = 0..u8::try_from(Kind::ALL.len()).unwrap_or(u8::MAX);
    let each = |kind: u8| {
        [
            vec![kind, 0, 0, 0, 0],
            vec![kind, 1, 1, 5, 0],
            vec![kind, 0, 2, 3, 0, 0xff],
            [vec![kind, 0, 3, 0, 0], chunk(&[0xff; 12])].concat(),
            [vec![kind, 0, 4, 0, 0], chunk(&[1; 16])].concat(),
        ]
    };
    kinds.flat_map(each).collect()
}
