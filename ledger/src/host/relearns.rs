//! What we had said to home caisses before a restore.

use crdt::pair::PairBody;
use crdt::{CaisseId, Cents, PaymentId, Timestamp, VendorId};

use super::hears::{asked, close, credit_vendor};
use super::void_unheard;
use crate::account::Account;
use crate::payment::{Sale, SaleState};
use crate::state::State;
use crate::turn::Turn;

/// A sale of which nothing is left but what we said about it.
pub(super) fn unheard_sale(
    at: Timestamp,
    home: CaisseId,
    vendor: VendorId,
    covered: Cents,
    said: u64,
) -> Sale {
    Sale {
        request: crdt::Digest::new([0; 32]),
        at,
        vendor,
        home,
        member: None,
        amount: covered,
        covered,
        refunded: Cents::ZERO,
        state: SaleState::Captured,
        said,
    }
}

/// Learns again what we had said to a home caisse before a restore.
pub(crate) fn relearns(
    state: &mut State,
    turn: &mut Turn<'_>,
    home: CaisseId,
    body: &PairBody,
    said: u64,
) {
    match body {
        PairBody::Captured { payment, vendor, covered } => {
            let sale = relearned(turn, home, *payment, *vendor, *covered, said);
            credit_vendor(state, turn, *payment, &sale, Account::Partner(home));
            close(state, turn, *payment, sale, SaleState::Captured, said);
        }
        PairBody::FloorCaptured { payment, vendor, covered, .. } => {
            let sale = relearned(turn, home, *payment, *vendor, *covered, said);
            credit_vendor(state, turn, *payment, &sale, Account::Risk);
            close(state, turn, *payment, sale, SaleState::AtRisk, said);
        }
        PairBody::Voided { payment } => match asked(turn, home, *payment) {
            Some(sale) => close(state, turn, *payment, sale, SaleState::Voided, said),
            None => void_unheard(turn, home, *payment, said),
        },
        PairBody::Refunded { refund, payment, amount } => {
            crate::refund::relearns(state, turn, *refund, *payment, *amount);
        }
        PairBody::Granted { .. }
        | PairBody::Denied { .. }
        | PairBody::Obliged { .. }
        | PairBody::FloorDeclined { .. }
        | PairBody::PaySent { .. }
        | PairBody::PayReceived { .. } => {}
    }
}

fn relearned(
    turn: &Turn<'_>,
    home: CaisseId,
    payment: PaymentId,
    vendor: VendorId,
    covered: Cents,
    said: u64,
) -> Sale {
    asked(turn, home, payment)
        .unwrap_or_else(|| unheard_sale(turn.now, home, vendor, covered, said))
}
