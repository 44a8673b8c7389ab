//! Grants: what funders confirmed, and what has come of it.

use crdt::{Cents, Date, GrantId};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Answer, GrantInfo};
use crate::books::{Cause, Phase, Transfer};
use crate::command::Purse;
use crate::records::Kind;
use crate::refused::GrantRefused;
use crate::state::State;
use crate::treasury;
use crate::turn::{Outcome, Turn};
use crate::vendor::is_text;

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who gives it.
    pub funder: String,
    /// How much.
    pub amount: Cents,
    /// The decision or contract.
    pub reference: String,
    /// When it was recorded.
    pub confirmed: Date,
}

/// Records a grant that a funder confirmed: from now on it covers credit.
pub(crate) fn confirm(
    state: &mut State,
    turn: &mut Turn<'_>,
    funder: String,
    amount: Cents,
    reference: String,
) -> Outcome {
    if !is_text(&funder) || !is_text(&reference) {
        return Err(GrantRefused::Text.into());
    }
    if amount.is_zero() {
        return Err(GrantRefused::AmountZero.into());
    }
    let id = GrantId::new(state.random("grant"));
    let (debit, credit) = (Account::Grant(id), Account::Grants);
    let transfer = Transfer { debit, credit, amount };
    state.books.enter(turn, Cause::Grant(id), Phase::Posted, vec![transfer])?;
    let grant = Grant { funder, amount, reference, confirmed: turn.today() };
    turn.put(Kind::Grant, id.as_bytes(), &grant);
    Ok(Answer::GrantConfirmed(id))
}

/// Records that money of a grant came.
pub(crate) fn receive(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: GrantId,
    amount: Cents,
    into: Purse,
) -> Outcome {
    let left = left(state, turn, id)?;
    treasury::check_by_hand(turn, into)?;
    if amount.is_zero() {
        return Err(GrantRefused::AmountZero.into());
    }
    if amount > left {
        return Err(GrantRefused::MoreThanLeft { left }.into());
    }
    let transfer = Transfer { debit: into.account(), credit: Account::Grant(id), amount };
    state.books.enter(turn, Cause::Grant(id), Phase::Posted, vec![transfer])?;
    Ok(Answer::Done)
}

/// Returns what of a grant has not come yet.
pub(crate) fn left(state: &State, turn: &Turn<'_>, id: GrantId) -> Result<Cents, GrantRefused> {
    turn.get::<Grant>(Kind::Grant, id.as_bytes()).ok_or(GrantRefused::UnknownGrant)?;
    Ok(state.books.holds(Account::Grant(id)).positive_part())
}

/// Returns every grant.
pub(crate) fn list(state: &State, turn: &Turn<'_>) -> Vec<GrantInfo> {
    let rows = turn.range(Kind::Grant, &[], &[], usize::MAX).into_iter();
    rows.filter_map(|(key, value)| {
        let (id, grant) = (GrantId::from_slice(&key)?, crdt::wire::decode::<Grant>(&value).ok()?);
        let left = state.books.holds(Account::Grant(id)).positive_part();
        Some(GrantInfo { id, grant, left })
    })
    .collect()
}

impl Purse {
    /// Returns the account of the money.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Bank => Account::Bank,
            Self::Cash => Account::Cash,
        }
    }
}
