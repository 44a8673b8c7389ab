//! Wrong versions of a host, made on purpose.

use crdt::PaymentId;

use crate::payment::{OPEN_SALE, Sale, SaleState, open_key};
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Mutant M4: the vendor hears before the disk.
pub(super) fn tell_too_early(
    state: &mut State,
    turn: &mut Turn<'_>,
    payment: PaymentId,
    sale: &Sale,
) {
    let mut told = sale.clone();
    told.state = SaleState::Captured;
    let waiting = state.waiting.get_mut(&payment);
    let requests = waiting.map(|waiting| std::mem::take(&mut waiting.requests)).unwrap_or_default();
    if let Some(outcome) = told.outcome(payment) {
        for request in requests {
            turn.reply_early(request, outcome.clone());
        }
    }
}

/// Mutant M5: the sale at our own risk gets a new id, and the old one is forgotten.
pub(super) fn forget_old_id(
    state: &mut State,
    turn: &mut Turn<'_>,
    payment: PaymentId,
) -> PaymentId {
    let new = PaymentId::new(state.random("mutant"));
    turn.delete(Kind::Open, &open_key(OPEN_SALE, payment.as_bytes()));
    if let Some(waiting) = state.waiting.remove(&payment) {
        state.waiting.insert(new, waiting);
    }
    new
}
