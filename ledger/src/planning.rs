//! Planning rule sets, and the pot that balances tiers of prices.

use crdt::{Cents, RequestId, wire};

use crate::account::Account;
use crate::answer::{Answer, RulesInfo};
use crate::books::{Cause, Phase, Transfer};
use crate::guarantee::{self, Force};
use crate::records::{Kind, Records, Write};
use crate::refused::RulesRefused;
use crate::rules::Rules;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Returns what stores the configuration's rules as the first rule set, if none is stored yet: from then
/// on a changed configuration does not change what is in force.
pub(crate) fn first(state: &State, records: &dyn Records) -> Option<Vec<Write>> {
    let known = !records.range(Kind::Rules, &[], &[], 1).is_empty();
    let rules = &state.settings.rules;
    let value = Some(wire::encode(rules));
    let write = Write { kind: Kind::Rules, key: rules.version.to_be_bytes().to_vec(), value };
    (!known).then(|| vec![write])
}

/// Plans a rule set for a later day. One under which a month's issue would not be covered needs a
/// person's will and reason.
pub(crate) fn plan(
    state: &mut State,
    turn: &mut Turn<'_>,
    rules: Rules,
    force: Option<Force>,
) -> Outcome {
    state.rules.check(&rules, turn.today()).map_err(RulesRefused::from)?;
    let here = state.members.values().filter(|member| member.left.is_none());
    let households = here.map(|member| member.household(rules.from));
    let month = households.map(|household| rules.allocation.for_household(&household));
    let month = Cents::checked_sum(month.map(|amount| amount.unwrap_or(Cents::MAX)));
    let month = month.unwrap_or(Cents::MAX);
    guarantee::check(&guarantee::now(state), month, force.as_ref()).map_err(RulesRefused::from)?;
    let version = rules.version;
    turn.put(Kind::Rules, &version.to_be_bytes(), &rules);
    state.rules.plan(rules);
    Ok(Answer::RulesPlanned(version))
}

/// Takes a planned rule set back.
pub(crate) fn cancel(state: &mut State, turn: &mut Turn<'_>, version: u32) -> Outcome {
    state.rules.cancel(version, turn.today()).map_err(RulesRefused::from)?;
    turn.delete(Kind::Rules, &version.to_be_bytes());
    Ok(Answer::Done)
}

/// Puts money of the caisse into the pot that balances tiers of prices.
pub(crate) fn fund_pot(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    amount: Cents,
) -> Outcome {
    let (debit, credit) = (Account::Allocations, Account::Pot);
    let transfer = Transfer { debit, credit, amount };
    state.books.enter(turn, Cause::Pot(request), Phase::Posted, vec![transfer])?;
    Ok(Answer::Done)
}

/// Returns all rule sets.
pub(crate) fn list(state: &State, turn: &Turn<'_>) -> RulesInfo {
    let sets: Vec<Rules> = state.rules.all().cloned().collect();
    let configured = &state.settings.rules;
    RulesInfo {
        in_force: state.rules.on(turn.today()).version,
        configuration_differs: sets.first().is_some_and(|first| first != configured),
        sets,
    }
}
