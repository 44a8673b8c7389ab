//! Who pays for a sale by a lot: we owe it to the host in any case. The member pays if the code was
//! right, beyond what they hold as an advance; else the loss is the caisse's own.

use crdt::pair::{DenyReason, PairBody};
use crdt::{Cents, LotId, MemberId};

use crate::account::Account;
use crate::books::{Cause, Phase, Transfer};
use crate::card;
use crate::federation;
use crate::funding;
use crate::home::{Request, count_card, count_visit};
use crate::payment::{Charge, ChargeState, charge_key};
use crate::records::Kind;
use crate::state::State;
use crate::turn::Turn;

/// Books a claim that was counted on its lot, and says that we owe it.
pub(super) fn pay(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
    lot: LotId,
    earlier: Option<DenyReason>,
) {
    let Request { host, payment, covered, .. } = *request;
    let payer = find(state, turn, request, earlier);
    let to = Account::Partner(host);
    let account = book(state, turn, request, payer, to);
    let body = PairBody::Obliged { payment, covered };
    let said = federation::say(state, turn, host, body);
    let charge = Charge {
        at: turn.now,
        member: payer.ok(),
        account: Some(account),
        covered,
        refunded: Cents::ZERO,
        recovered: Cents::ZERO,
        state: ChargeState::Obliged,
        said,
        lot: Some(lot),
        loss: payer.err(),
        asked: None,
    };
    keep(state, turn, request, &charge);
}

/// Finds again who pays what a restore had left to the caisse itself.
pub(super) fn assign(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
    lot: LotId,
    charge: Charge,
) {
    let key = charge_key(&request.host, &request.payment);
    let unknown = charge.account == Some(Account::Suspense) && charge.refunded.is_zero();
    if !unknown || charge.covered != request.covered {
        return turn.put(Kind::Charge, &key, &Charge { lot: Some(lot), ..charge });
    }
    let payer = find(state, turn, request, None);
    let account = book(state, turn, request, payer, Account::Suspense);
    let found = (charge.member.is_none()).then_some(payer);
    let charge = Charge {
        member: charge.member.or(payer.ok()),
        account: Some(account),
        lot: Some(lot),
        loss: payer.err(),
        ..charge
    };
    match found {
        Some(_) => keep(state, turn, request, &charge),
        None => turn.put(Kind::Charge, &key, &charge),
    }
}

/// Stores a charge, and counts it for the member's caps: it was spent, whatever they allow.
fn keep(state: &mut State, turn: &mut Turn<'_>, request: &Request<'_>, charge: &Charge) {
    turn.put(Kind::Charge, &charge_key(&request.host, &request.payment), charge);
    let Some(member) = charge.member else { return };
    // What is learned again after a restore counts when it happened.
    let now = std::mem::replace(&mut turn.now, charge.at);
    count_visit(turn, request.host, charge.at.month(), member, charge.covered);
    count_card(state, turn, request);
    turn.now = now;
}

/// Decides whose purchase it was. A locked card pays if the code is right: whoever claims learns nothing
/// by it, and a lock must not be a way to shop at the caisse's expense.
fn find(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
    earlier: Option<DenyReason>,
) -> Result<MemberId, DenyReason> {
    if earlier == Some(DenyReason::WrongCode) {
        // Counted when it was denied; the same code is as wrong now.
        return Err(DenyReason::WrongCode);
    }
    let digest = request.bought.request(request.payment, request.card, request.vendor);
    let code = state.secrets.sealing.open(request.code, &request.payment, &digest);
    card::check_offline(state, turn, request.card, &code.unwrap_or_default())
}

/// Takes what is owed from whoever pays, in favour of the partner, or of the account that stood for it.
/// Returns the main account that pays.
fn book(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
    payer: Result<MemberId, DenyReason>,
    to: Account,
) -> Account {
    let covered = request.covered;
    let (account, available) = match payer {
        Ok(member) => {
            let funding = funding::of(state, turn, member);
            (funding.account, funding.available)
        }
        Err(_) => (Account::OfflineLosses, Cents::MAX),
    };
    let own = covered.min(available);
    let beyond = covered.saturating_sub(own);
    let mut transfers = vec![Transfer { debit: account, credit: to, amount: own }];
    if let (Ok(member), false) = (payer, beyond.is_zero()) {
        let debit = Account::Advance(member);
        transfers.push(Transfer { debit, credit: to, amount: beyond });
        state.offline.list_moved = true;
    }
    let cause = Cause::Charge(request.host, request.payment);
    if state.books.enter(turn, cause, Phase::Posted, transfers).is_ok() {
        return account;
    }
    let transfer = Transfer { debit: Account::Suspense, credit: to, amount: covered };
    let taken = state.books.enter(turn, cause, Phase::Posted, vec![transfer]);
    debug_assert!(taken.is_ok(), "the suspense account has no limit but overflow");
    Account::Suspense
}

/// Returns where a refund of a charge goes: what was sold by a lot lowers the member's advance first.
pub(crate) fn refund(
    state: &mut State,
    charge: &Charge,
    from: Account,
    amount: Cents,
) -> Vec<Transfer> {
    let account = charge.account.unwrap_or(Account::Suspense);
    let advance = charge.member.filter(|_| charge.lot.is_some()).map(Account::Advance);
    let owed = advance.map_or(Cents::ZERO, |a| state.books.holds(a).positive_part());
    let repaid = owed.min(amount);
    let rest = Transfer { debit: from, credit: account, amount: amount.saturating_sub(repaid) };
    match advance {
        Some(credit) if !repaid.is_zero() => {
            state.offline.list_moved = true;
            let mut both = vec![Transfer { debit: from, credit, amount: repaid }];
            both.extend((!rest.amount.is_zero()).then_some(rest));
            both
        }
        _ => vec![rest],
    }
}
