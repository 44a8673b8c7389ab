//! Paying what is owed: to vendors for their sales, to members who paid first.

use crdt::{Cents, Date, VendorId};

use super::batch::{BatchKind, Payee};
use super::details::{self, Mandate};
use super::order::{self, Proposal, Wanted};
use crate::account::Account;
use crate::answer::OrderReport;
use crate::dispute;
use crate::refused::{LeftOut, Refused, VendorRefused};
use crate::state::State;
use crate::turn::Turn;

/// Says whom a batch would pay.
pub(super) fn preview(
    state: &State,
    turn: &Turn<'_>,
    vendors: &[VendorId],
) -> Result<OrderReport, Refused> {
    Ok(propose(state, turn, vendors)?.report(None))
}

/// Orders transfers of what is owed now.
pub(super) fn order(
    state: &mut State,
    turn: &mut Turn<'_>,
    vendors: &[VendorId],
    on: Option<Date>,
) -> Result<OrderReport, Refused> {
    let proposal = propose(state, turn, vendors)?;
    let on = order::day(turn, on, 0)?;
    order::place(state, turn, BatchKind::Payout, on, proposal)
}

/// What is held is not paid yet, nor what members contest: it may go back to them.
fn propose(state: &State, turn: &Turn<'_>, vendors: &[VendorId]) -> Result<Proposal, Refused> {
    if vendors.iter().any(|id| !state.vendors.contains_key(id)) {
        return Err(VendorRefused::UnknownVendor.into());
    }
    let mut proposal = Proposal::default();
    let owed = |account| state.books.counters(account).available();
    let contested = dispute::contested(turn);
    for id in state.vendors.keys().filter(|id| vendors.is_empty() || vendors.contains(id)) {
        let (payee, owed) = (Payee::Vendor(*id), owed(Account::Vendor(*id)));
        let frozen = contested.get(id).copied().unwrap_or_default().min(owed);
        let amount = owed.saturating_sub(frozen);
        if !frozen.is_zero() {
            proposal.left_out.push((payee, LeftOut::Contested(frozen)));
        }
        if !amount.is_zero() {
            consider(turn, &mut proposal, payee, amount);
        } else if frozen.is_zero() && !vendors.is_empty() {
            proposal.left_out.push((payee, LeftOut::NothingOwed));
        }
    }
    if vendors.is_empty() {
        for account in state.books.accounts().keys() {
            let Account::Claim(member) = *account else { continue };
            let amount = owed(*account);
            if !amount.is_zero() {
                consider(turn, &mut proposal, Payee::Claim(member), amount);
            }
        }
    }
    Ok(proposal)
}

fn consider(turn: &Turn<'_>, proposal: &mut Proposal, payee: Payee, amount: Cents) {
    match details::get(turn, payee.holder()) {
        // A transfer needs no mandate: the copy that a batch keeps has none.
        Some(to) => {
            let to = details::Details { mandate: None::<Mandate>, ..to };
            proposal.add(Wanted { payee, amount, first: false, to });
        }
        None => proposal.left_out.push((payee, LeftOut::NoDetails)),
    }
}
