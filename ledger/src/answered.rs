//! The answers of commands, kept under their request ids.

use crdt::digest::keyed;
use crdt::{Digest, RequestId, wire};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::command::Command;
use crate::limits;
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// What a command was, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// The keyed hash of the command.
    pub command: Digest,
    /// The answer.
    pub answer: Answer,
}

/// Returns the hash by which a command is known again. Keyed, for a command may hold a card's code or a
/// name, which could be guessed from a plain hash.
pub(crate) fn digest(state: &State, command: &Command) -> Digest {
    Digest::new(keyed(&state.secrets.salts.0, "caisse v1 command", &wire::encode(command)))
}

fn key(request: RequestId, part: u32) -> Vec<u8> {
    [request.as_bytes().as_slice(), &part.to_be_bytes()].concat()
}

/// Keeps an answer.
pub(crate) fn keep(turn: &mut Turn<'_>, request: RequestId, answered: &Answered) {
    keep_bytes(turn, request, &wire::encode(answered));
}

/// Returns the answer that was kept, if any.
pub(crate) fn recall(turn: &Turn<'_>, request: RequestId) -> Option<Answered> {
    wire::decode(&recall_bytes(turn, request)?).ok()
}

/// Keeps bytes in parts: the answer of a run names every member, and a record has a limit. The last part
/// is shorter than the others, if need be empty, so that it is known.
fn keep_bytes(turn: &mut Turn<'_>, request: RequestId, bytes: &[u8]) {
    let empty: &[u8] = &[];
    let ends_full = bytes.len().is_multiple_of(limits::ANSWER_PART_BYTES);
    let parts = bytes.chunks(limits::ANSWER_PART_BYTES).chain(ends_full.then_some(empty));
    for (number, part) in (0..).zip(parts) {
        turn.put(Kind::Command, &key(request, number), &part);
    }
}

fn recall_bytes(turn: &Turn<'_>, request: RequestId) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for number in 0.. {
        let part: Vec<u8> = turn.get(Kind::Command, &key(request, number))?;
        bytes.extend_from_slice(&part);
        if part.len() < limits::ANSWER_PART_BYTES {
            break;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use crdt::Timestamp;

    use super::*;
    use crate::calendar::Zone;
    use crate::records::MemoryRecords;
    use crate::turn::Effect;

    #[test]
    fn an_answer_of_any_length_comes_back_from_parts_that_fit_a_record() {
        let (zone, part) = (Zone::paris(), limits::ANSWER_PART_BYTES);
        let [one, other, never] = [1, 2, 3].map(|byte| RequestId::new([byte; 16]));
        for length in [0, 1, part - 1, part, part + 1, 2 * part - 1, 2 * part, 2 * part + 1] {
            let bytes: Vec<u8> = (0_u8..=250).cycle().take(length).collect();
            let mut records = MemoryRecords::default();
            let mut turn = Turn::new(Timestamp::from_ms(0), &zone, &records);
            keep_bytes(&mut turn, one, &bytes);
            keep_bytes(&mut turn, other, b"short");
            for effect in turn.finish() {
                if let Effect::Persist(writes) = effect {
                    let longest =
                        writes.iter().filter_map(|w| w.value.as_ref()).map(Vec::len).max();
                    assert!(longest <= Some(part + 3), "a record has a limit");
                    records.apply(writes);
                }
            }
            let turn = Turn::new(Timestamp::from_ms(0), &zone, &records);
            assert_eq!(recall_bytes(&turn, one), Some(bytes));
            assert_eq!(recall_bytes(&turn, other), Some(b"short".to_vec()));
            assert_eq!(recall_bytes(&turn, never), None);
        }
    }
}
