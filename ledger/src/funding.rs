//! From what a member's purchase is paid: the member's credit, or under a refund at the product's rate the
//! caisse itself, up to the month's limit.

use crdt::{Cents, Date, MemberId};

use crate::account::Account;
use crate::rules::{Allocation, Rules};
use crate::spent;
use crate::state::State;
use crate::turn::Turn;

/// Where the money of a purchase comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Funding {
    /// The account that is debited.
    pub account: Account,
    /// What it gives today, whatever the caps say.
    pub available: Cents,
    /// What the caps of the rules leave for today.
    pub room: Cents,
}

/// Returns from what a purchase of a member is paid.
pub(crate) fn of(state: &State, turn: &Turn<'_>, member: MemberId) -> Funding {
    let today = turn.today();
    let rules = state.rules.on(today);
    let room = spent::room(turn, &rules.caps, member, today).unwrap_or(Cents::MAX);
    match rules.allocation {
        Allocation::ProductRefund { .. } => Funding {
            account: Account::Reimbursed,
            available: refundable(state, turn, rules, member, today),
            room,
        },
        Allocation::PerPerson { .. }
        | Allocation::HouseholdScale { .. }
        | Allocation::MeanOfContributions { .. }
        | Allocation::PriceTiers { .. }
        | Allocation::Bonus { .. } => Funding {
            account: Account::Member(member),
            available: state.books.available(member),
            room,
        },
    }
}

/// What a household can still get back this month.
fn refundable(
    state: &State,
    turn: &Turn<'_>,
    rules: &Rules,
    member: MemberId,
    today: Date,
) -> Cents {
    let most = state.members.get(&member);
    let most = most.map(|member| rules.allocation.refund_limit(&member.household(today)));
    match most {
        Some(Cents::MAX) => Cents::MAX,
        Some(most) => most.saturating_sub(spent::in_month(turn, member, today)),
        None => Cents::ZERO,
    }
}
