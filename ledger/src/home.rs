//! Payments of our members elsewhere: we alone decide grant or denial, once: `docs/protocol.md`.

mod hears;
mod relearns;

use crdt::agreement::Terms;
use crdt::message::{AuthRequest, Bought, Message};
use crdt::pair::{DenyReason, PairBody};
use crdt::seal::Sealed;
use crdt::{CaisseId, CardId, Cents, MemberId, Month, PaymentId, Timestamp, VendorId};

pub(crate) use hears::{hears, oblige, release};
pub(crate) use relearns::relearns;

use crate::account::Account;
use crate::books::{Cause, Phase, Transfer};
use crate::card::{self, CardRefused, Place};
use crate::federation;
use crate::funding::{self, Funding};
use crate::limits;
use crate::payment::read_charge_key;
use crate::payment::{Charge, ChargeState, OPEN_CHARGE, charge_key, open_key, open_range};
use crate::records::{Kind, Records};
use crate::refused::CardUseRefused;
use crate::spent;
use crate::state::State;
use crate::turn::Turn;

/// A hold that waits for its host's decision. No clock ends it: time only makes us ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub since: Timestamp,
    /// Absent after a start: the clock may have been set since, so we ask at once.
    pub ask_at: Option<Timestamp>,
}

/// Loads the holds that are open.
pub(crate) fn load(state: &mut State, records: &dyn Records) {
    let (from, to) = open_range(OPEN_CHARGE);
    for (key, _) in records.range(Kind::Open, &from, &to, usize::MAX) {
        let charge = records.get(Kind::Charge, &key[1..]);
        let charge = charge.and_then(|bytes| crdt::wire::decode::<Charge>(&bytes).ok());
        if let (Some(id), Some(charge)) = (read_charge_key(&key[1..]), charge) {
            state.holds.insert(id, Hold { since: charge.at, ask_at: None });
        }
    }
}

/// What a host asks us to pay, from an authorisation or a sale at its own risk.
pub(crate) struct Request<'a> {
    pub host: CaisseId,
    pub payment: PaymentId,
    pub card: CardId,
    pub covered: Cents,
    pub vendor: VendorId,
    /// What is bought, by which the code opens and what is eligible is checked.
    pub bought: &'a Bought,
    pub code: &'a Sealed,
}

impl Request<'_> {
    /// Returns the question that a host asks, or would have asked, for it.
    pub fn question(&self) -> AuthRequest {
        let Self { payment, card, vendor, covered, .. } = *self;
        let (bought, code) = (self.bought.clone(), self.code.clone());
        AuthRequest { payment, card, vendor, covered, bought, code }
    }
}

/// Answers a host's request: the first answer is the only one.
pub(crate) fn authorise(state: &mut State, turn: &mut Turn<'_>, host: CaisseId, ask: &AuthRequest) {
    if !federation::may_speak_to(state, host) {
        // The host repeats its question; it must not be answered before we know what we said before.
        return;
    }
    let key = charge_key(&host, &ask.payment);
    let known = turn.get::<Charge>(Kind::Charge, &key);
    #[cfg(feature = "mutants")]
    let known = known.filter(|_| !state.is_mutant(crate::caisse::Mutant::M2));
    if let Some(charge) = known {
        if is_other(&charge, ask) {
            turn.send(host, Message::Conflict { payment: ask.payment });
        } else {
            answer_again(state, turn, host, ask.payment, charge);
        }
        return;
    }
    if !federation::may_ask(state, turn, host) {
        return;
    }
    let request = Request {
        host,
        payment: ask.payment,
        card: ask.card,
        covered: ask.covered,
        vendor: ask.vendor,
        bought: &ask.bought,
        code: &ask.code,
    };
    match decide(state, turn, &request) {
        Ok(payer) => grant(state, turn, &request, payer),
        Err(reason) => {
            let body = PairBody::Denied { payment: ask.payment, reason };
            let said = federation::say(state, turn, host, body);
            put_closed(turn, host, ask.payment, ChargeState::Denied(reason), said);
        }
    }
    remember_question(turn, host, ask);
}

/// Returns whether a question is another one than that which was answered under its id. Of a charge that a
/// restore has lost only the amount is known.
fn is_other(charge: &Charge, ask: &AuthRequest) -> bool {
    let promised = matches!(charge.state, ChargeState::Held | ChargeState::Obliged);
    match charge.asked {
        Some(asked) => asked != ask.content(),
        None => promised && charge.covered != ask.covered,
    }
}

fn remember_question(turn: &mut Turn<'_>, host: CaisseId, ask: &AuthRequest) {
    let key = charge_key(&host, &ask.payment);
    if let Some(charge) = turn.get::<Charge>(Kind::Charge, &key) {
        turn.put(Kind::Charge, &key, &Charge { asked: Some(ask.content()), ..charge });
    }
}

/// Repeats the decision that is in the pair feed. A request for a sale that the host had voided is
/// denied, once.
fn answer_again(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    mut charge: Charge,
) {
    if charge.said == 0 {
        let body = PairBody::Denied { payment, reason: DenyReason::Voided };
        charge.said = federation::say(state, turn, host, body);
        turn.put(Kind::Charge, &charge_key(&host, &payment), &charge);
        return;
    }
    federation::say_again(state, turn, host, charge.said);
}

/// Decides in the order of precedence of [`DenyReason`], except that what is eligible and what the member
/// restricted come right after the code; changes nothing but the count of wrong codes.
fn decide(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
) -> Result<Payer, DenyReason> {
    let host = request.host;
    let terms = federation::terms_with(state, host).ok_or(DenyReason::NoAgreement)?;
    let digest = request.bought.request(request.payment, request.card, request.vendor);
    let code = state.secrets.sealing.open(request.code, &request.payment, &digest);
    let code = code.unwrap_or_default();
    let member =
        card::check(state, turn, request.card, &code).map_err(|refused| match refused {
            CardRefused::Unknown => DenyReason::UnknownCard,
            CardRefused::Blocked => DenyReason::CardBlocked,
            CardRefused::Locked(_) => DenyReason::CardLocked,
            CardRefused::WrongCode(_) => DenyReason::WrongCode,
        })?;
    let Request { vendor, bought, covered, .. } = *request;
    federation::eligible::check(state, host, vendor, bought, covered)?;
    // A partner learns that the card does not pay, not why.
    card::may_pay(state, turn, request.card, member, Place::Elsewhere).map_err(|refused| {
        match refused {
            CardUseRefused::Frozen => DenyReason::CardBlocked,
            CardUseRefused::Blank => DenyReason::UnknownCard,
            CardUseRefused::Over { .. }
            | CardUseRefused::OtherVendor
            | CardUseRefused::Limit { .. } => DenyReason::SpendingCap,
        }
    })?;
    within_visitor_limits(state, turn, request, member, &terms)?;
    let Funding { account, available, room } = funding::of(state, turn, member);
    if available < request.covered {
        return Err(DenyReason::InsufficientFunds);
    }
    let of_card = card::room(state, turn, request.card).unwrap_or(Cents::MAX);
    if room.min(of_card) < request.covered {
        return Err(DenyReason::SpendingCap);
    }
    // What the host can still sell by lots is promised as well.
    let promised = request.covered.checked_add(state.offline.left_for(host));
    let owed = state.books.owed_to(host);
    #[cfg(feature = "mutants")]
    let owed = state.books_before_batch.as_ref().map_or(owed, |books| books.owed_to(host));
    let owed = promised.and_then(|more| owed.checked_add(more.signed()));
    let open =
        state.holds.range((host, PaymentId::new([0; 16]))..=(host, PaymentId::new([255; 16])));
    let below = owed.is_some_and(|owed| owed.positive_part() <= terms.ceiling);
    if !below || open.count() >= limits::OPEN_HOLDS_PER_HOST {
        return Err(DenyReason::Ceiling);
    }
    Ok(Payer { member: Some(member), account })
}

/// Whose purchase it is, as far as it is known, and from what it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Payer {
    member: Option<MemberId>,
    account: Account,
}

impl Payer {
    /// A promise of which a restore has lost to whom it was made: the caisse itself stands for it.
    const NOBODY: Self = Self { member: None, account: Account::Suspense };
}

fn visit_key(host: CaisseId, month: Month, member: MemberId) -> Vec<u8> {
    [host.as_bytes().as_slice(), month.to_string().as_bytes(), member.as_bytes()].concat()
}

fn within_visitor_limits(
    state: &State,
    turn: &Turn<'_>,
    request: &Request<'_>,
    member: MemberId,
    terms: &Terms,
) -> Result<(), DenyReason> {
    debug_assert!(state.members.contains_key(&member));
    let key = visit_key(request.host, turn.now.month(), member);
    let spent: Cents = turn.get(Kind::Visit, &key).unwrap_or_default();
    let month = spent.checked_add(request.covered).ok_or(DenyReason::VisitorLimit)?;
    if request.covered > terms.per_payment || month > terms.per_month {
        return Err(DenyReason::VisitorLimit);
    }
    Ok(())
}

/// Holds the money and says so.
fn grant(state: &mut State, turn: &mut Turn<'_>, request: &Request<'_>, payer: Payer) {
    let Request { host, payment, covered, .. } = *request;
    let month = turn.now.month();
    let Some(member) = payer.member else { return };
    let pseudonym = state.secrets.pseudonym(&host, month, &member);
    let body = PairBody::Granted { payment, member: pseudonym, month, covered };
    let said = federation::say(state, turn, host, body);
    hold(state, turn, host, payment, covered, payer, said);
    count_visit(turn, host, month, member, covered);
    count_card(state, turn, request);
}

/// Counts what a card with limits spends elsewhere.
pub(crate) fn count_card(state: &State, turn: &mut Turn<'_>, request: &Request<'_>) {
    let key = open_key(OPEN_CHARGE, &charge_key(&request.host, &request.payment));
    card::count(state, turn, request.card, &key, request.covered);
}

/// Counts what a member spends at a host in a month, for the agreement's limit.
pub(crate) fn count_visit(
    turn: &mut Turn<'_>,
    host: CaisseId,
    month: Month,
    member: MemberId,
    covered: Cents,
) {
    let key = visit_key(host, month, member);
    let before: Cents = turn.get(Kind::Visit, &key).unwrap_or_default();
    turn.put(Kind::Visit, &key, &before.checked_add(covered).unwrap_or(Cents::MAX));
    spent::count(turn, member, turn.today(), covered);
}

/// Books a hold. A promise made before a restore is kept even if the member's money is not there:
/// then the caisse itself stands for it.
fn hold(
    state: &mut State,
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    covered: Cents,
    payer: Payer,
    said: u64,
) {
    let cause = Cause::Charge(host, payment);
    let on = |account| {
        vec![Transfer { debit: account, credit: Account::Partner(host), amount: covered }]
    };
    let account = match state.books.enter(turn, cause, Phase::Held, on(payer.account)) {
        Ok(()) => payer.account,
        Err(_) => {
            let taken = state.books.enter(turn, cause, Phase::Held, on(Account::Suspense));
            debug_assert!(taken.is_ok(), "the suspense account has no limit but overflow");
            Account::Suspense
        }
    };
    let charge = Charge {
        at: turn.now,
        member: payer.member,
        account: Some(account),
        covered,
        refunded: Cents::ZERO,
        recovered: Cents::ZERO,
        state: ChargeState::Held,
        said,
        lot: None,
        loss: None,
        asked: None,
    };
    let key = charge_key(&host, &payment);
    turn.put(Kind::Charge, &key, &charge);
    turn.put(Kind::Open, &open_key(OPEN_CHARGE, &key), &());
    let ask_at = Some(turn.now.after(limits::QUERY_AFTER));
    state.holds.insert((host, payment), Hold { since: turn.now, ask_at });
}

pub(crate) fn put_closed(
    turn: &mut Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
    state: ChargeState,
    said: u64,
) {
    let (at, zero) = (turn.now, Cents::ZERO);
    let charge = Charge {
        at,
        member: None,
        account: None,
        covered: zero,
        refunded: zero,
        recovered: zero,
        state,
        said,
        asked: None,
        lot: None,
        loss: None,
    };
    turn.put(Kind::Charge, &charge_key(&host, &payment), &charge);
}

/// Asks hosts about holds without news.
pub(crate) fn tick(state: &mut State, turn: &mut Turn<'_>) {
    #[cfg(feature = "mutants")]
    if state.is_mutant(crate::caisse::Mutant::M1) {
        expire_holds(state, turn);
    }
    let now = turn.now;
    let due = state.holds.iter_mut().filter(|(_, hold)| hold.ask_at.is_none_or(|at| at <= now));
    for ((host, payment), hold) in due {
        hold.ask_at = Some(now.after(limits::QUERY_AFTER));
        let connected = state.federation.as_ref().is_some_and(|f| f.is_connected(host));
        if connected {
            turn.send(*host, Message::Query { payment: *payment });
        }
    }
}

/// When the next question is due.
pub(crate) fn next_wakeup(state: &State) -> Option<Timestamp> {
    let at_once = Timestamp::from_ms(i64::MIN);
    state.holds.values().map(|hold| hold.ask_at.unwrap_or(at_once)).min()
}

/// Mutant M1: takes "I do not know" for "it failed".
#[cfg(feature = "mutants")]
fn expire_holds(state: &mut State, turn: &mut Turn<'_>) {
    let old = |hold: &Hold| hold.since.after(crdt::Duration::from_ms(8_000)) <= turn.now;
    let expired: Vec<_> =
        state.holds.iter().filter(|(_, hold)| old(hold)).map(|(id, _)| *id).collect();
    for (host, payment) in expired {
        let key = charge_key(&host, &payment);
        if let Some(mut charge) = turn.get::<Charge>(Kind::Charge, &key) {
            hears::end_hold(state, turn, host, payment, &charge, Phase::HoldReleased);
            charge.state = ChargeState::Released;
            turn.put(Kind::Charge, &key, &charge);
        }
    }
}
