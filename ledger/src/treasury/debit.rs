//! Collecting contributions by direct debit.
//!
//! A debit counts as a contribution once it is ordered, for the member has done all that was asked; if it
//! comes back, or is rejected, the month shows it missing again.

use crdt::{Date, MemberId, Month, wire};

use super::batch::{BatchKind, Payee};
use super::details::{self, Details, Holder, Mandate};
use super::order::{self, Proposal, Wanted};
use super::recognise::fits_rules;
use crate::agreed;
use crate::answer::OrderReport;
use crate::member::contributed;
use crate::records::Kind;
use crate::refused::{LeftOut, Refused, TreasuryRefused};
use crate::state::State;
use crate::turn::Turn;

/// Days from an order to its debit, if nobody says otherwise: members are told, and banks need one.
const USUAL_DAYS: i32 = 7;

/// Says from whom a batch would collect: what each agreed to give in that month, or else what the mandate
/// says.
pub(super) fn preview(
    state: &State,
    turn: &Turn<'_>,
    month: Month,
) -> Result<OrderReport, TreasuryRefused> {
    Ok(propose(state, turn, month).report(None))
}

/// Orders direct debits of what members agreed to give for a month, and have not given.
pub(super) fn order(
    state: &mut State,
    turn: &mut Turn<'_>,
    month: Month,
    on: Option<Date>,
) -> Result<OrderReport, Refused> {
    if details::own(turn)?.creditor_id.is_none() {
        return Err(TreasuryRefused::NoCreditorId.into());
    }
    let proposal = propose(state, turn, month);
    let on = order::day(turn, on, USUAL_DAYS)?;
    let used: Vec<MemberId> = proposal.wanted.iter().filter_map(first_of).collect();
    let report = order::place(state, turn, BatchKind::Debit(month), on, proposal)?;
    for member in used {
        mark_used(turn, member);
    }
    Ok(report)
}

const fn first_of(wanted: &Wanted) -> Option<MemberId> {
    match wanted.payee {
        Payee::Debit(member) if wanted.first => Some(member),
        Payee::Debit(_) | Payee::Vendor(_) | Payee::Claim(_) => None,
    }
}

fn mark_used(turn: &mut Turn<'_>, member: MemberId) {
    let holder = Holder::Member(member);
    let Some(Details { mandate: Some(mandate), .. }) = details::get(turn, holder) else { return };
    if let Some(known) = details::get(turn, holder) {
        let mandate = Some(Mandate { used: true, ..mandate });
        turn.put(Kind::BankDetails, &details::key(holder), &Details { mandate, ..known });
    }
}

fn propose(state: &State, turn: &Turn<'_>, month: Month) -> Proposal {
    let mut proposal = Proposal::default();
    let rows = turn.range(Kind::BankDetails, b"m", b"n", usize::MAX).into_iter();
    // A longer key is the copy of a batch.
    let own = rows.filter_map(|(key, value)| Some((MemberId::from_slice(key.get(1..)?)?, value)));
    // Who left agreed to no more contributions, whatever the mandate says.
    let stays = |id: &MemberId| state.members.get(id).is_some_and(|member| member.left.is_none());
    for (member, value) in own.filter(|(member, _)| stays(member)) {
        let Ok(to) = wire::decode::<Details>(&value) else { continue };
        let Some(mandate) = &to.mandate else { continue };
        let (payee, first) = (Payee::Debit(member), !mandate.used);
        let amount = agreed::of(turn, member, month).unwrap_or(mandate.monthly);
        if !contributed(turn, member, month).is_zero() {
            proposal.left_out.push((payee, LeftOut::Contributed));
        } else if let Err(why) = fits_rules(state, turn, member, month, amount) {
            proposal.left_out.push((payee, LeftOut::Contribution(why)));
        } else {
            proposal.add(Wanted { payee, amount, first, to });
        }
    }
    proposal
}
