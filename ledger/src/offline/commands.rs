//! What the operator decides and asks about lots.

use crdt::lot::LotTerms;
use crdt::{CaisseId, Cents, LotId, PaymentId, SignedCents, wire};

use super::{GivenLot, HeldLot, RESERVE_KEY, home, list, read_lot_key};
use crate::account::Account;
use crate::answer::{
    Answer, GivenLotInfo, HeldLotInfo, LossInfo, LossesInfo, LotsDecided, LotsInfo, OfflineAnswer,
};
use crate::command::{OfflineCommand, OfflineQuery};
use crate::federation;
use crate::limits;
use crate::payment::{Charge, read_charge_key};
use crate::records::Kind;
use crate::refused::OfflineRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Carries out a decision about lots.
pub(crate) fn carry_out(
    state: &mut State,
    turn: &mut Turn<'_>,
    command: OfflineCommand,
) -> Outcome {
    let decided = match command {
        OfflineCommand::SetPolicy { with, policy } => set_policy(state, turn, with, policy)?,
        OfflineCommand::SetReserve { amount } => set_reserve(state, turn, amount)?,
        OfflineCommand::Close { lot } => close(state, turn, lot)?,
    };
    Ok(Answer::Offline(OfflineAnswer::Decided(decided)))
}

/// Answers a question about lots.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: OfflineQuery) -> Outcome {
    let answer = match question {
        OfflineQuery::Lots => OfflineAnswer::Lots(Box::new(lots(state, turn))),
        OfflineQuery::PolicyPreview { with, policy } => {
            check_policy(state, with, policy.as_ref())?;
            let asks_back = if policy.is_none() { open_with(state, with) } else { Vec::new() };
            let grants = policy.filter(|_| open_with(state, with).is_empty());
            OfflineAnswer::Decided(LotsDecided { grants, asks_back, ..now(state, true) })
        }
        OfflineQuery::ReservePreview { amount } => {
            check_reserve(state, amount)?;
            OfflineAnswer::Decided(LotsDecided { reserve: amount, ..now(state, true) })
        }
        OfflineQuery::Losses => OfflineAnswer::Losses(losses(state, turn)),
    };
    Ok(Answer::Offline(answer))
}

fn now(state: &State, preview: bool) -> LotsDecided {
    let (reserve, out, money) = (state.offline.reserve, state.offline.left(), money(state));
    LotsDecided { preview, reserve, out, money, grants: None, asks_back: Vec::new() }
}

fn open_with(state: &State, with: CaisseId) -> Vec<LotId> {
    state.offline.given_to(with).filter(|(_, lot)| !lot.close_asked).map(|(id, _)| id).collect()
}

/// What the books say is in the bank and the cash box.
fn money(state: &State) -> SignedCents {
    let [bank, cash] = [Account::Bank, Account::Cash].map(|purse| state.books.holds(purse));
    bank.checked_add(cash).unwrap_or_default()
}

fn check_policy(
    state: &State,
    with: CaisseId,
    policy: Option<&LotTerms>,
) -> Result<(), OfflineRefused> {
    let Some(policy) = policy else {
        return Ok(());
    };
    policy.check()?;
    let terms = federation::terms_with(state, with).ok_or(OfflineRefused::NoAgreement)?;
    if policy.amount > terms.ceiling {
        return Err(OfflineRefused::AboveCeiling { ceiling: terms.ceiling });
    }
    let reserve = state.offline.reserve;
    if policy.amount > reserve {
        return Err(OfflineRefused::AboveReserve { reserve });
    }
    Ok(())
}

fn set_policy(
    state: &mut State,
    turn: &mut Turn<'_>,
    with: CaisseId,
    policy: Option<LotTerms>,
) -> Result<LotsDecided, OfflineRefused> {
    check_policy(state, with, policy.as_ref())?;
    let before = open_with(state, with);
    let Some(policy) = policy else {
        if !before.is_empty() {
            federation::check_may_speak_to(state, with)?;
        }
        state.offline.policies.remove(&with);
        turn.delete(Kind::LotPolicy, with.as_bytes());
        for lot in &before {
            home::ask_back(state, turn, with, *lot);
        }
        return Ok(LotsDecided { asks_back: before, ..now(state, false) });
    };
    state.offline.policies.insert(with, policy);
    turn.put(Kind::LotPolicy, with.as_bytes(), &policy);
    super::met(state, turn, with);
    let new = state.offline.given_to(with).find(|(id, _)| !before.contains(id));
    let grants = new.map(|(_, lot)| lot.terms);
    Ok(LotsDecided { grants, ..now(state, false) })
}

fn check_reserve(state: &State, amount: Cents) -> Result<(), OfflineRefused> {
    let (out, money) = (state.offline.left(), money(state));
    if amount > money.positive_part() {
        return Err(OfflineRefused::NoMoney { money });
    }
    if amount < out {
        return Err(OfflineRefused::BelowLots { out });
    }
    Ok(())
}

fn set_reserve(
    state: &mut State,
    turn: &mut Turn<'_>,
    amount: Cents,
) -> Result<LotsDecided, OfflineRefused> {
    check_reserve(state, amount)?;
    state.offline.reserve = amount;
    turn.put(Kind::Meta, RESERVE_KEY, &amount);
    let partners: Vec<CaisseId> = state.offline.policies.keys().copied().collect();
    for partner in partners {
        super::met(state, turn, partner);
    }
    Ok(now(state, false))
}

fn close(
    state: &mut State,
    turn: &mut Turn<'_>,
    lot: LotId,
) -> Result<LotsDecided, OfflineRefused> {
    let found = state.offline.given.keys().find(|(_, id)| *id == lot).copied();
    let (with, lot) = found.ok_or(OfflineRefused::UnknownLot)?;
    federation::check_may_speak_to(state, with)?;
    home::ask_back(state, turn, with, lot);
    Ok(LotsDecided { asks_back: vec![lot], ..now(state, false) })
}

/// Lists every lot, closed ones too.
fn lots(state: &State, turn: &Turn<'_>) -> LotsInfo {
    let given = turn.range(Kind::LotGiven, &[], &[], usize::MAX).into_iter();
    let given = given.filter_map(|(key, bytes)| {
        let (with, lot) = read_lot_key(&key)?;
        let state: GivenLot = wire::decode(&bytes).ok()?;
        Some(GivenLotInfo { with, lot, state, left: state.left() })
    });
    let held = turn.range(Kind::LotHeld, &[], &[], usize::MAX).into_iter();
    let held = held.filter_map(|(key, bytes)| {
        let (with, lot) = read_lot_key(&key)?;
        let state: HeldLot = wire::decode(&bytes).ok()?;
        Some(HeldLotInfo { with, lot, state, left: state.left(), until: state.until() })
    });
    let (mut given, mut held): (Vec<_>, Vec<_>) = (given.collect(), held.collect());
    given.sort_by_key(|info| std::cmp::Reverse((info.state.at, info.lot)));
    held.sort_by_key(|info| std::cmp::Reverse((info.state.at, info.lot)));
    given.truncate(limits::ROWS as usize);
    held.truncate(limits::ROWS as usize);
    LotsInfo {
        reserve: state.offline.reserve,
        out: state.offline.left(),
        policies: state.offline.policies.iter().map(|(with, terms)| (*with, *terms)).collect(),
        given,
        held,
        list_too_long: list::is_too_long(state, turn),
    }
}

fn losses(state: &State, turn: &Turn<'_>) -> LossesInfo {
    let advances = state.books.accounts().iter().filter_map(|(account, counters)| match account {
        Account::Advance(member) => {
            let owed = counters.balance().negated().positive_part();
            (!owed.is_zero()).then_some((*member, owed))
        }
        _ => None,
    });
    let rows = turn.range(Kind::Charge, &[], &[], usize::MAX).into_iter();
    let losses = rows.filter_map(|(key, bytes)| {
        let (host, payment) = read_charge_key(&key)?;
        loss(host, payment, &wire::decode(&bytes).ok()?)
    });
    let mut losses: Vec<LossInfo> = losses.collect();
    losses.sort_by_key(|loss| std::cmp::Reverse((loss.at, loss.payment)));
    losses.truncate(limits::ROWS as usize);
    let lost = state.books.holds(Account::OfflineLosses);
    LossesInfo { advances: advances.collect(), losses, lost }
}

fn loss(host: CaisseId, payment: PaymentId, charge: &Charge) -> Option<LossInfo> {
    let Charge { at, lot, covered, refunded, .. } = *charge;
    let amount = covered.saturating_sub(refunded);
    let reason = charge.loss?;
    Some(LossInfo { payment, at, host, lot, amount, reason })
}
