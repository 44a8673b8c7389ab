//! What members were advanced comes back from later allocations, in slices.

use crdt::{Cents, MemberId, Month};

use crate::account::Account;
use crate::books::{Cause, Phase, Transfer};
use crate::state::State;
use crate::turn::Turn;

/// Returns what a member was advanced and has not given back.
pub(super) fn owed_by(state: &State, member: MemberId) -> Cents {
    state.books.holds(Account::Advance(member)).positive_part()
}

/// Returns how much of an allocation repays what the member was advanced: at most the part that the
/// caisse decided.
pub(crate) fn slice(state: &State, member: MemberId, allocation: Cents) -> Cents {
    let most = state.settings.payments.offline.recovery.split(allocation).covered;
    owed_by(state, member).min(most)
}

/// Takes a slice of an allocation that was just issued.
///
/// # Errors
/// As [`crate::books::Books::enter`].
pub(crate) fn recover(
    state: &mut State,
    turn: &mut Turn<'_>,
    month: Month,
    member: MemberId,
    amount: Cents,
) -> Result<(), crate::refused::BooksRefused> {
    let (debit, credit) = (Account::Member(member), Account::Advance(member));
    let transfer = Transfer { debit, credit, amount };
    let cause = Cause::Recovery(month, member);
    state.books.enter(turn, cause, Phase::Posted, vec![transfer])?;
    state.offline.list_moved = true;
    Ok(())
}
