//! The monthly run: every member gets what the rules give, once.

use crdt::{Cents, MemberId, Month};

use crate::account::Account;
use crate::answer::{AllocationReport, Answer, Skipped};
use crate::books::{Cause, Phase, Transfer};
use crate::member::contributed;
use crate::records::Kind;
use crate::refused::Refused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Returns the key of a member's allocation of a month.
#[must_use]
pub fn allocation_key(month: Month, member: MemberId) -> Vec<u8> {
    [month.to_string().as_bytes(), member.as_bytes()].concat()
}

/// Says what a run of a month would do.
pub(crate) fn preview(state: &State, turn: &Turn<'_>, month: Month) -> AllocationReport {
    let mut report = AllocationReport {
        month,
        preview: true,
        issued: Vec::new(),
        skipped: Vec::new(),
        total: Cents::ZERO,
    };
    for id in state.members.keys() {
        match decide(state, turn, month, *id) {
            Ok(amount) => report.issued.push((*id, amount)),
            Err(skipped) => report.skipped.push((*id, skipped)),
        }
    }
    let amounts = report.issued.iter().map(|(_, amount)| *amount);
    report.total = Cents::checked_sum(amounts).unwrap_or(Cents::MAX);
    report
}

fn decide(state: &State, turn: &Turn<'_>, month: Month, id: MemberId) -> Result<Cents, Skipped> {
    let key = allocation_key(month, id);
    if turn.get::<Cents>(Kind::Allocation, &key).is_some() {
        return Err(Skipped::AlreadyIssued);
    }
    let rules = &state.settings.rules.allocation;
    let household = state.members.get(&id).ok_or(Skipped::NoAmount)?.household;
    if rules.after_contribution() && contributed(turn, id, month).is_zero() {
        return Err(Skipped::NoContribution);
    }
    match rules.for_household(&household) {
        Some(amount) if !amount.is_zero() => Ok(amount),
        Some(_) | None => Err(Skipped::NoAmount),
    }
}

/// Issues the allocations of a month that are missing.
pub(crate) fn run(state: &mut State, turn: &mut Turn<'_>, month: Month) -> Outcome {
    let report = AllocationReport { preview: false, ..preview(state, turn, month) };
    let transfers: Vec<Transfer> = report
        .issued
        .iter()
        .map(|(member, amount)| Transfer {
            debit: Account::Allocations,
            credit: Account::Member(*member),
            amount: *amount,
        })
        .collect();
    // All or nothing: the whole run must fit before its first entry is made.
    state.books.check(Phase::Posted, &transfers).map_err(Refused::Books)?;
    for ((member, amount), transfer) in report.issued.iter().zip(transfers) {
        let cause = Cause::Allocation(month, *member);
        state.books.enter(turn, cause, Phase::Posted, vec![transfer])?;
        turn.put(Kind::Allocation, &allocation_key(month, *member), amount);
    }
    Ok(Answer::Allocated(report))
}
