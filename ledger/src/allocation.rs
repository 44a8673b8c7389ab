//! The monthly run: every member gets what the rules give, once, as a dated lot.

use crdt::{Cents, Date, MemberId, Month};

use crate::account::Account;
use crate::answer::{AllocationReport, Answer, RolledOver, Skipped};
use crate::books::{Cause, Phase, Transfer};
use crate::guarantee::{self, Force};
use crate::lots::{self, Lot, Origin};
use crate::member::{Member, contributed};
use crate::offline;
use crate::records::Kind;
use crate::refused::{MemberRefused, Refused};
use crate::rules::{Allocation, Household, Rules};
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// What each person gets in a month under [`Allocation::MeanOfContributions`], kept from its first run on.
fn mean_key(month: Month) -> Vec<u8> {
    [b"mean ".as_slice(), month.to_string().as_bytes()].concat()
}

/// Returns the rules of a month: those in force on its last day, so that a month has one rule set even
/// if it changes in the middle; what was issued under the old one stays.
pub(crate) fn rules_of(state: &State, month: Month) -> &Rules {
    state.rules.on(month.last_day())
}

/// Says what a run of a month would do.
pub(crate) fn preview(state: &State, turn: &Turn<'_>, month: Month) -> AllocationReport {
    let rules = rules_of(state, month);
    let mean = mean(state, turn, rules, month);
    let mut report = AllocationReport {
        month,
        rules: rules.version,
        preview: true,
        issued: Vec::new(),
        skipped: Vec::new(),
        rolled_over: Vec::new(),
        recovered: Vec::new(),
        total: Cents::ZERO,
        guarantee: guarantee::now(state),
    };
    for id in state.members.keys() {
        match decide(state, turn, rules, mean, month, *id) {
            Ok(amount) => {
                report.issued.push((*id, amount));
                let slice = offline::slice(state, *id, amount);
                report.recovered.extend((!slice.is_zero()).then_some((*id, slice)));
                report.rolled_over.extend(above_roll_over(state, rules, *id));
            }
            Err(skipped) => report.skipped.push((*id, skipped)),
        }
    }
    let amounts = report.issued.iter().map(|(_, amount)| *amount);
    report.total = Cents::checked_sum(amounts).unwrap_or(Cents::MAX);
    report
}

/// What each person gets under a mean of contributions: as the month's first run fixed it, else by what
/// has come in so far.
fn mean(state: &State, turn: &Turn<'_>, rules: &Rules, month: Month) -> Option<Cents> {
    if let Some(fixed) = turn.get(Kind::Meta, &mean_key(month)) {
        return Some(fixed);
    }
    if !matches!(rules.allocation, Allocation::MeanOfContributions { .. }) {
        return None;
    }
    let given = |(id, member): (&MemberId, &Member)| {
        (contributed(turn, *id, month), member.household(month.last_day()))
    };
    mean_of(rules, state.members.iter().map(given))
}

/// What each person gets under a mean of contributions, by what each household gave: those that gave
/// nothing do not count.
pub(crate) fn mean_of(
    rules: &Rules,
    given: impl IntoIterator<Item = (Cents, Household)>,
) -> Option<Cents> {
    let mut sum = Cents::ZERO;
    let mut persons = 0;
    for (amount, household) in given {
        if !amount.is_zero() {
            sum = sum.checked_add(amount)?;
            persons += u64::from(household.persons());
        }
    }
    rules.allocation.mean_for_each(sum, persons)
}

fn decide(
    state: &State,
    turn: &Turn<'_>,
    rules: &Rules,
    mean: Option<Cents>,
    month: Month,
    id: MemberId,
) -> Result<Cents, Skipped> {
    if turn.get::<Lot>(Kind::Allocation, &lots::key(id, Origin::Allocation(month))).is_some() {
        return Err(Skipped::AlreadyIssued);
    }
    let member = state.members.get(&id).ok_or(Skipped::NoAmount)?;
    if member.left.is_some() {
        return Err(Skipped::HasLeft);
    }
    let household = member.household(month.last_day());
    if waits_for_contribution(rules) && contributed(turn, id, month).is_zero() {
        return Err(Skipped::NoContribution);
    }
    amount_for(rules, mean, &household)
}

/// Whether a household gets a month's allocation only once it has contributed.
pub(crate) const fn waits_for_contribution(rules: &Rules) -> bool {
    // A mean is shared among those who contributed to it.
    let shares_mean = matches!(rules.allocation, Allocation::MeanOfContributions { .. });
    rules.issue.after_contribution || shares_mean
}

/// What the rules give a household at a month's run that it does not wait for.
pub(crate) fn amount_for(
    rules: &Rules,
    mean: Option<Cents>,
    household: &Household,
) -> Result<Cents, Skipped> {
    let amount = match mean {
        Some(mean) => mean.checked_times(u64::from(household.persons())),
        None => rules.allocation.for_household(household),
    };
    match amount {
        Some(amount) if !amount.is_zero() => Ok(amount),
        Some(_) | None => Err(Skipped::NoAmount),
    }
}

/// What of a member's credit is above what may be carried into a month.
fn above_roll_over(state: &State, rules: &Rules, member: MemberId) -> Option<RolledOver> {
    let kept = rules.lots.roll_over?;
    let expired = state.books.available(member).checked_sub(kept)?;
    (!expired.is_zero()).then_some(RolledOver { member, expired })
}

/// Issues the allocations of a month that are missing.
pub(crate) fn run(
    state: &mut State,
    turn: &mut Turn<'_>,
    month: Month,
    force: Option<Force>,
) -> Outcome {
    let report = AllocationReport { preview: false, ..preview(state, turn, month) };
    check_day(state, turn.today(), month)?;
    guarantee::check(&report.guarantee, report.total, force.as_ref())?;
    let issue: Vec<Transfer> = report
        .issued
        .iter()
        .map(|(member, amount)| Transfer {
            debit: Account::Allocations,
            credit: Account::Member(*member),
            amount: *amount,
        })
        .collect();
    // All or nothing: the whole run must fit before its first entry is made.
    state.books.check(Phase::Posted, &issue).map_err(Refused::Books)?;
    for RolledOver { member, expired } in &report.rolled_over {
        let (debit, credit) = (Account::Member(*member), Account::Expired);
        let transfer = Transfer { debit, credit, amount: *expired };
        let cause = Cause::RollOver(month, *member);
        state.books.enter(turn, cause, Phase::Posted, vec![transfer])?;
    }
    let issued = state.books.open_day(turn.today());
    for ((member, amount), transfer) in report.issued.iter().zip(issue) {
        let cause = Cause::Allocation(month, *member);
        state.books.enter(turn, cause, Phase::Posted, vec![transfer])?;
        lots::open(turn, *member, Origin::Allocation(month), *amount, issued);
    }
    for (member, slice) in &report.recovered {
        offline::recover(state, turn, month, *member, *slice)?;
    }
    if let Some(mean) = mean(state, turn, rules_of(state, month), month) {
        turn.put(Kind::Meta, &mean_key(month), &mean);
    }
    if let Some(Force { reason }) = force {
        crate::note::keep(state, turn, reason);
    }
    Ok(Answer::Allocated(report))
}

/// A month's allocations are issued from its day of issue on.
fn check_day(state: &State, today: Date, month: Month) -> Result<(), MemberRefused> {
    let day = i32::from(rules_of(state, month).issue.from_day);
    let from = month.first_day().plus_days(day - 1);
    if today < from { Err(MemberRefused::TooEarly { from }) } else { Ok(()) }
}
