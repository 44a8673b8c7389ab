//! What a member contests elsewhere is owed, but not settled until the dispute ends: we say so to the host.
//!
//! What we have said follows the disputes: whenever one of them, a refund or the fence to a host moves, it is
//! compared again. So a dispute that was opened while the host was away is told later, and one that a restore
//! has lost does not keep a payment out of settlement for ever.

use std::collections::BTreeMap;

use crdt::pair::PairBody;
use crdt::{CaisseId, PaymentId, wire};
use serde::{Deserialize, Serialize};

use super::{Dispute, DisputeState, all, given_by_host};
use crate::federation;
use crate::payment::{charge_key, read_charge_key};
use crate::records::Kind;
use crate::settle;
use crate::state::State;
use crate::turn::Turn;

/// What a dispute about a payment elsewhere means for settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contest {
    /// The host was told: no statement counts the payment until the dispute ends.
    Excluded,
    /// The payment was settled before, or is in a run that we signed: it stays settled.
    Settled,
}

/// Returns what was found for each payment of a host that is contested.
pub(crate) fn of_host(turn: &Turn<'_>, host: CaisseId) -> BTreeMap<PaymentId, Contest> {
    let from = host.as_bytes();
    let to = charge_key(&host, &PaymentId::new([255; 16]));
    let rows = turn.range(Kind::Contest, from, &[to.as_slice(), &[0]].concat(), usize::MAX);
    let read = |(key, bytes): (Vec<u8>, Vec<u8>)| {
        Some((read_charge_key(&key)?.1, wire::decode(&bytes).ok()?))
    };
    rows.into_iter().filter_map(read).collect()
}

/// Returns what a dispute means for settlement, if that was decided.
pub(super) fn of_dispute(turn: &Turn<'_>, dispute: &Dispute) -> Option<Contest> {
    let elsewhere = dispute.vendor.is_none() && dispute.state == DisputeState::Open;
    let key = charge_key(&dispute.host, &dispute.payment);
    elsewhere.then(|| turn.get(Kind::Contest, &key)).flatten()
}

/// Says to a host what follows from the disputes now, as far as it was not said and we may.
pub(crate) fn follow(state: &mut State, turn: &mut Turn<'_>, host: CaisseId) {
    if host == state.me || !federation::may_speak_to(state, host) {
        return;
    }
    let known = of_host(turn, host);
    let open: Vec<PaymentId> = all(turn)
        .filter(|(_, dispute)| dispute.host == host && runs(turn, dispute))
        .map(|(_, dispute)| dispute.payment)
        .collect();
    for (payment, contest) in &known {
        if !open.contains(payment) {
            if *contest == Contest::Excluded {
                federation::say(state, turn, host, PairBody::ContestEnded { payment: *payment });
            }
            turn.delete(Kind::Contest, &charge_key(&host, payment));
        }
    }
    for payment in open.into_iter().filter(|payment| !known.contains_key(payment)) {
        let contest = if settle::is_settled(state, turn, host, payment) {
            Contest::Settled
        } else {
            federation::say(state, turn, host, PairBody::Contested { payment });
            Contest::Excluded
        };
        turn.put(Kind::Contest, &charge_key(&host, &payment), &contest);
    }
}

/// Returns whether a dispute keeps its payment out of settlement: until it is answered or withdrawn, or the
/// host has given back what is contested.
fn runs(turn: &Turn<'_>, dispute: &Dispute) -> bool {
    let open = dispute.vendor.is_none() && dispute.state == DisputeState::Open;
    open && given_by_host(turn, dispute) < dispute.amount
}

/// Learns again what we had said to a host before a restore.
pub(crate) fn said(turn: &mut Turn<'_>, host: CaisseId, payment: PaymentId, contested: bool) {
    let key = charge_key(&host, &payment);
    if contested {
        turn.put(Kind::Contest, &key, &Contest::Excluded);
    } else {
        turn.delete(Kind::Contest, &key);
    }
}
