//! What we had said to hosts before a restore.

use crdt::CaisseId;
use crdt::pair::PairBody;

use super::hears::obliged;
use super::{Payer, count_visit, hold, put_closed};
use crate::dispute::contest;
use crate::funding;
use crate::offline;
use crate::payment::{Charge, ChargeState, charge_key};
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Learns again what we had said to a host before a restore: promises are kept.
pub(crate) fn relearns(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    body: &PairBody,
    said: u64,
) {
    match body {
        PairBody::Granted { payment, member, month, covered } => {
            let mut members = state.members.keys();
            let found = members.find(|id| state.secrets.pseudonym(&host, *month, id) == *member);
            let found = found.copied();
            let payer = found.map_or(Payer::NOBODY, |member| Payer {
                member: Some(member),
                account: funding::of(state, turn, member).account,
            });
            hold(state, turn, host, *payment, *covered, payer, said);
            // What was promised counts for the caps again, or a restore would give room twice.
            if let Some(member) = found {
                count_visit(turn, host, turn.now.month(), member, *covered);
            }
        }
        PairBody::Denied { payment, reason } => {
            put_closed(turn, host, *payment, ChargeState::Denied(*reason), said);
        }
        PairBody::FloorDeclined { payment, reason } => {
            put_closed(turn, host, *payment, ChargeState::FloorDeclined(*reason), said);
        }
        PairBody::Obliged { payment, covered } => {
            let key = charge_key(&host, payment);
            let held = |charge: &Charge| charge.state == ChargeState::Held;
            let known = turn.get::<Charge>(Kind::Charge, &key).filter(held);
            if known.is_none() {
                hold(state, turn, host, *payment, *covered, Payer::NOBODY, said);
            }
            if let Some(charge) = known.or_else(|| turn.get(Kind::Charge, &key)) {
                obliged(state, turn, host, *payment, charge, said);
            }
        }
        PairBody::Contested { payment } => contest::said(turn, host, *payment, true),
        PairBody::ContestEnded { payment } => contest::said(turn, host, *payment, false),
        PairBody::LotGranted { lot, terms } => {
            offline::relearns_given(state, turn, host, *lot, *terms);
        }
        PairBody::LotCloseAsked { lot } => offline::relearns_asked(state, turn, host, *lot),
        PairBody::OfflineCaptured { .. }
        | PairBody::LotClosed { .. }
        | PairBody::Captured { .. }
        | PairBody::Voided { .. }
        | PairBody::FloorCaptured { .. }
        | PairBody::Refunded { .. }
        | PairBody::PaySent { .. }
        | PairBody::PayReceived { .. } => {}
    }
}
