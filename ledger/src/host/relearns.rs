//! What we had said to home caisses before a restore.

use crdt::pair::PairBody;
use crdt::{CaisseId, Cents, Digest, Timestamp, VendorId};

use super::hears::{asked, close, credit_vendor};
use super::void_unheard;
use crate::account::Account;
use crate::offline;
use crate::payment::{Sale, SaleState};
use crate::sale::Mode;
use crate::state::State;
use crate::turn::Turn;

/// A sale of which nothing is known but that we voided it.
pub(super) fn unheard_sale(at: Timestamp, home: CaisseId) -> Sale {
    Sale {
        request: None,
        at,
        vendor: VendorId::new([0; 16]),
        home,
        member: None,
        amount: Cents::ZERO,
        covered: Cents::ZERO,
        member_share: Cents::ZERO,
        mode: Mode::Credit,
        parts: Vec::new(),
        lines: Vec::new(),
        bonus: Cents::ZERO,
        left: None,
        eligibility: None,
        refunded: Cents::ZERO,
        state: SaleState::Voided,
        said: 0,
        lot: None,
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
    let made = |turn: &Turn<'_>, payment, vendor: &VendorId, covered: &Cents, request: &Digest| {
        asked(turn, home, payment).unwrap_or_else(|| Sale {
            request: Some(*request),
            vendor: *vendor,
            amount: *covered,
            covered: *covered,
            ..unheard_sale(turn.now, home)
        })
    };
    match body {
        PairBody::Captured { payment, vendor, covered, request } => {
            let sale = made(turn, *payment, vendor, covered, request);
            credit_vendor(state, turn, *payment, &sale, Account::Partner(home));
            close(state, turn, *payment, sale, SaleState::Captured, said);
        }
        PairBody::FloorCaptured { payment, vendor, card, covered, bought, .. } => {
            let request = bought.request(*payment, *card, *vendor);
            let sale = made(turn, *payment, vendor, covered, &request);
            credit_vendor(state, turn, *payment, &sale, Account::Risk);
            close(state, turn, *payment, sale, SaleState::AtRisk, said);
        }
        PairBody::OfflineCaptured { payment, lot, vendor, card, covered, bought, .. } => {
            let request = bought.request(*payment, *card, *vendor);
            let mut sale = made(turn, *payment, vendor, covered, &request);
            sale.lot = Some(*lot);
            offline::debit(state, turn, (home, *lot), *card, *covered);
            credit_vendor(state, turn, *payment, &sale, Account::Risk);
            close(state, turn, *payment, sale, SaleState::AtRisk, said);
        }
        PairBody::LotClosed { lot, spent } => {
            offline::relearns_closed(state, turn, (home, *lot), *spent);
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
        | PairBody::PayReceived { .. }
        | PairBody::LotGranted { .. }
        | PairBody::LotCloseAsked { .. }
        | PairBody::Contested { .. }
        | PairBody::ContestEnded { .. } => {}
    }
}
