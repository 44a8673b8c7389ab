//! What a card with limits may spend, and what it has spent in a month. The books know members only;
//! which card made a payment is kept for cards with limits alone, to give back what is refunded.

use crdt::{CardId, Cents, Date, MemberId, Month};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::command::Limits;
use crate::records::Kind;
use crate::refused::{CardCommandRefused, CardUseRefused};
use crate::state::State;
use crate::turn::Turn;

/// The limits of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limited {
    /// What it may spend.
    pub limits: Limits,
    /// The card under whose id the months are counted: the first of those that replaced each other, for
    /// a new card must not be a new month.
    pub counted_as: CardId,
}

/// Which card made a payment, and in which month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardUse {
    /// As in [`Limited::counted_as`].
    pub card: CardId,
    /// The month in which it counts.
    pub month: Month,
}

impl CardUse {
    /// Returns the key of what a card spent in a month.
    pub(crate) fn spent_key(&self) -> Vec<u8> {
        [self.card.as_bytes().as_slice(), self.month.to_string().as_bytes()].concat()
    }
}

/// Checks limits before a card gets them.
pub(crate) fn check(state: &State, today: Date, limits: &Limits) -> Result<(), CardCommandRefused> {
    let zero = |limit: Option<Cents>| limit.is_some_and(Cents::is_zero);
    if zero(limits.per_purchase) || zero(limits.per_month) {
        return Err(CardCommandRefused::LimitZero);
    }
    if let Some(until) = limits.until
        && until < today
    {
        return Err(CardCommandRefused::Over { until });
    }
    let known = limits.vendors.iter().all(|vendor| state.vendors.contains_key(vendor));
    if !known || limits.vendors.len() > crate::limits::CARD_VENDORS {
        return Err(CardCommandRefused::Vendors);
    }
    Ok(())
}

/// Makes the limits of a card; `None` if nothing is limited.
pub(crate) fn limited(limits: Limits, counted_as: CardId) -> Option<Limited> {
    (!limits.is_empty()).then_some(Limited { limits, counted_as })
}

/// Checks where and when a card pays, its code being right: whoever does not know the code learns none
/// of it.
pub(crate) fn may_pay(
    state: &State,
    turn: &Turn<'_>,
    card: CardId,
    member: MemberId,
    place: Place,
) -> Result<(), CardUseRefused> {
    let restriction = state.restrictions.get(&member);
    if restriction.is_some_and(|restriction| restriction.frozen.is_some()) {
        return Err(CardUseRefused::Frozen);
    }
    let elsewhere = place == Place::Elsewhere;
    if elsewhere && restriction.is_some_and(|restriction| restriction.only_at_home) {
        return Err(CardUseRefused::OtherVendor);
    }
    let Some(limits) = limits_of(state, card) else {
        return Ok(());
    };
    if let Some(until) = limits.until
        && until < turn.today()
    {
        return Err(CardUseRefused::Over { until });
    }
    let listed = |vendor| limits.vendors.is_empty() || limits.vendors.contains(vendor);
    match place {
        Place::Vendor(vendor) if listed(&vendor) => Ok(()),
        Place::Elsewhere if limits.vendors.is_empty() => Ok(()),
        Place::Vendor(_) | Place::Elsewhere => Err(CardUseRefused::OtherVendor),
    }
}

fn limits_of(state: &State, card: CardId) -> Option<&Limits> {
    state.cards.get(&card)?.limited.as_ref().map(|limited| &limited.limits)
}

/// Returns how much a card may still spend today; `None` if its amounts have no limit.
pub(crate) fn room(state: &State, turn: &Turn<'_>, card: CardId) -> Option<Cents> {
    let limited = state.cards.get(&card)?.limited.as_ref()?;
    let of_month = limited.limits.per_month.map(|most| {
        let spent = spent(turn, limited, turn.today().month());
        most.saturating_sub(spent)
    });
    [limited.limits.per_purchase, of_month].into_iter().flatten().min()
}

/// Returns what a card with limits has spent in a month.
pub(crate) fn spent(turn: &Turn<'_>, limited: &Limited, month: Month) -> Cents {
    let key = CardUse { card: limited.counted_as, month }.spent_key();
    turn.get(Kind::CardSpent, &key).unwrap_or_default()
}

/// Counts what a card with limits spent, under the key of the payment.
pub(crate) fn count(
    state: &State,
    turn: &mut Turn<'_>,
    card: CardId,
    payment: &[u8],
    amount: Cents,
) {
    let Some(limited) = state.cards.get(&card).and_then(|card| card.limited.as_ref()) else {
        return;
    };
    let usage = CardUse { card: limited.counted_as, month: turn.today().month() };
    let sum = spent(turn, limited, usage.month).checked_add(amount).unwrap_or(Cents::MAX);
    turn.put(Kind::CardSpent, &usage.spent_key(), &sum);
    turn.put(Kind::CardUse, payment, &usage);
}

/// Takes back what was counted, when a payment did not come about or was given back.
pub(crate) fn uncount(turn: &mut Turn<'_>, payment: &[u8], amount: Cents) {
    let Some(usage) = turn.get::<CardUse>(Kind::CardUse, payment) else {
        return;
    };
    let key = usage.spent_key();
    let sum: Cents = turn.get(Kind::CardSpent, &key).unwrap_or_default();
    turn.put(Kind::CardSpent, &key, &sum.saturating_sub(amount));
}
