//! Sales at our vendors: with a card of ours decided here, with a card of a partner together with its
//! home caisse, state by state in `docs/protocol.md`. We alone decide capture or void, once.

mod at_home;
mod hears;
#[cfg(feature = "mutants")]
mod mutants;
mod relearns;

use crdt::card::{CardText, issuer_prefix};
use crdt::message::{AuthRequest, Message};
use crdt::pair::PairBody;
use crdt::register::prefix;
use crdt::{CaisseId, CardId, Cents, LotId, PaymentId, RequestId, Timestamp};

use hears::{asked, close, credit_vendor};
pub(crate) use hears::{conflict, hears};
pub(crate) use relearns::relearns;
use relearns::unheard_sale;

use crate::account::Account;
use crate::command::{PayIntent, PaymentCode};
use crate::federation;
use crate::limits;
use crate::offline;
use crate::payment::{OPEN_SALE, Sale, SaleState, open_key, open_range};
use crate::records::{Kind, Records};
use crate::refused::{PaymentRefused, WithoutHome};
use crate::sale::{self, Buyer, Quote};
use crate::state::State;
use crate::turn::Turn;

/// A sale that waits for its home caisse, and the tills that wait with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub home: CaisseId,
    /// What the home caisse is asked for.
    pub covered: Cents,
    /// Absent after a start: the clock may have been set since, so the wait begins anew.
    pub times: Option<Times>,
    pub requests: Vec<RequestId>,
}

/// When a waiting sale needs us, by the clock of this start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// When we decide without an answer.
    deadline: Timestamp,
    /// When we ask again.
    ask_at: Timestamp,
}

impl Times {
    fn from(now: Timestamp, state: &State) -> Self {
        let deadline = now.after(state.settings.payments.decision);
        Self { deadline, ask_at: now.after(limits::ASK_AGAIN) }
    }
}

/// Loads the sales that are open.
pub(crate) fn load(state: &mut State, records: &dyn Records) {
    let (from, to) = open_range(OPEN_SALE);
    for (key, _) in records.range(Kind::Open, &from, &to, usize::MAX) {
        let sale = records.get(Kind::Sale, &key[1..]);
        let sale = sale.and_then(|bytes| crdt::wire::decode::<Sale>(&bytes).ok());
        if let Some(payment) = PaymentId::from_slice(&key[1..])
            && let Some(Sale { home, covered, state: SaleState::Asked { .. }, .. }) = sale
        {
            let waiting = Waiting { home, covered, times: None, requests: Vec::new() };
            state.waiting.insert(payment, waiting);
        }
    }
}

/// Takes a payment. The answer may come later, when the home caisse has decided.
pub(crate) fn pay(state: &mut State, turn: &mut Turn<'_>, request: RequestId, intent: &PayIntent) {
    let payment = intent.payment;
    if let Some(sale) = turn.get::<Sale>(Kind::Sale, payment.as_bytes()) {
        return pay_again(state, turn, request, intent, sale);
    }
    let (home, quote) = match check(state, turn, intent) {
        Ok(checked) => checked,
        Err(refused) => return turn.reply(request, Err(refused.into())),
    };
    let sale = Sale {
        request: Some(intent.request()),
        at: turn.now,
        vendor: intent.vendor,
        home,
        member: None,
        amount: intent.purchase.amount,
        covered: quote.covered,
        member_share: quote.member_share,
        mode: quote.mode,
        parts: quote.parts,
        lines: quote.lines,
        bonus: Cents::ZERO,
        left: None,
        eligibility: None,
        refunded: Cents::ZERO,
        state: SaleState::Paid,
        said: 0,
        lot: None,
    };
    let refused = match (&intent.code, home == state.me) {
        (PaymentCode::Sealed(code), true) => {
            // A till without a network to us seals the codes of our own cards too. One that does not open is
            // a wrong one.
            let code = state.secrets.sealing.open(code, &intent.payment, &intent.request());
            let code = code.unwrap_or_default();
            return at_home::pay(state, turn, request, intent, sale, &code);
        }
        (PaymentCode::Plain(code), true) => {
            return at_home::pay(state, turn, request, intent, sale, code.digits());
        }
        (PaymentCode::Sealed(code), false) => {
            match ask(state, turn, request, intent, sale, code.clone()) {
                Ok(()) => return,
                Err(refused) => refused,
            }
        }
        (PaymentCode::Plain(_), false) => PaymentRefused::CodeForm,
    };
    turn.reply(request, Err(refused.into()));
}

/// Answers a till that asks again under the id of a sale that is known.
fn pay_again(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    intent: &PayIntent,
    mut sale: Sale,
) {
    let payment = intent.payment;
    if sale.request.is_some_and(|known| known != intent.request()) {
        return turn.reply(request, Err(PaymentRefused::Conflict.into()));
    }
    if sale.request.is_some() && sale.parts.is_empty() {
        // The hash is the same, so this is the price that a restore had lost.
        sale.amount = intent.purchase.amount;
        sale.member_share = sale.amount.saturating_sub(sale.covered);
        let terms = federation::terms_with(state, sale.home).filter(|_| sale.home != state.me);
        sale.eligibility = terms.map(|terms| terms.eligibility);
        if let Ok((_, quote)) = check(state, turn, intent)
            && quote.covered == sale.covered
        {
            (sale.parts, sale.lines) = (quote.parts, quote.lines);
        }
        turn.put(Kind::Sale, payment.as_bytes(), &sale);
    }
    if let Some(outcome) = sale.outcome(payment) {
        turn.reply(request, outcome);
    } else if let Some(waiting) = state.waiting.get_mut(&payment) {
        waiting.requests.push(request);
    }
}

/// Checks everything that does not depend on the member, in the order of [`PaymentRefused`]; returns
/// the card's caisse and what the purchase costs whom.
fn check(
    state: &State,
    turn: &Turn<'_>,
    intent: &PayIntent,
) -> Result<(CaisseId, Quote), PaymentRefused> {
    sale::check(&intent.purchase)?;
    let vendor = state.vendors.get(&intent.vendor).ok_or(PaymentRefused::UnknownVendor)?;
    let rate = vendor.coverage(turn.now).ok_or(PaymentRefused::VendorNotApproved)?;
    let home = home_of(state, &intent.card)?;
    let visitor = federation::eligible::visitor_rates(state, home, rate, &vendor.kind)?;
    let rate = visitor.map_or(rate, |visitor| visitor.vendor);
    let buyer = Buyer { today: turn.today(), visitor };
    let quote = sale::quote(state, intent.vendor, rate, &buyer, &intent.purchase)?;
    Ok((home, quote))
}

/// Returns the caisse that issued a card; a QR code must bear its signature.
pub(crate) fn home_of(state: &State, card: &CardText) -> Result<CaisseId, PaymentRefused> {
    let of_number = issuer_prefix(&card.card());
    let keyring = state.federation.as_ref().map(federation::Federation::keyring);
    let home = if of_number == prefix(&state.me) {
        state.me
    } else {
        let mut partners = keyring.into_iter().flat_map(|keyring| keyring.nodes.keys());
        let found = partners.find(|id| prefix(id) == of_number);
        *found.ok_or(PaymentRefused::UnknownCard)?
    };
    let own = Some(&state.settings.contact.node).filter(|_| home == state.me);
    // A card stays what it is when its caisse changes its keys: any key that the caisse ever had will do.
    let mut keys = keyring.into_iter().flat_map(|keyring| keyring.keys(&home)).chain(own);
    if let CardText::Certificate(certificate) = card
        && (certificate.home != home || !keys.any(|key| certificate.verify(key).is_ok()))
    {
        return Err(PaymentRefused::ForgedCard);
    }
    Ok(home)
}

/// Journals the question and asks the home caisse.
fn ask(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    intent: &PayIntent,
    mut sale: Sale,
    code: crdt::seal::Sealed,
) -> Result<(), PaymentRefused> {
    let home = sale.home;
    if federation::has_forked(state, home) {
        return Err(PaymentRefused::HomeFrozen);
    }
    let terms = federation::terms_with(state, home).ok_or(PaymentRefused::NoAgreement)?;
    if sale.covered > terms.per_payment {
        return Err(PaymentRefused::VisitorLimit { limit: terms.per_payment });
    }
    if !federation::may_speak_to(state, home) {
        return Err(PaymentRefused::HomeUnreachable);
    }
    let connected = state.federation.as_ref().is_some_and(|f| f.is_connected(&home));
    let (card, scanned) = (intent.card.card(), intent.is_scanned());
    if !connected {
        alone(state, turn, &sale, card, scanned)?;
    }
    if state.waiting.len() >= limits::OPEN_SALES {
        return Err(PaymentRefused::Busy);
    }
    if connected && would_owe(state, home, sale.covered).is_none_or(|o| o > terms.ceiling) {
        return Err(PaymentRefused::HomeOwes { ceiling: terms.ceiling });
    }
    let kind = state.vendors.get(&sale.vendor).map(|vendor| vendor.kind.clone());
    let bought = intent.purchase.bought(kind.unwrap_or_default());
    sale.eligibility = Some(terms.eligibility);
    sale.state = SaleState::Asked { card, code, scanned, bought };
    let payment = intent.payment;
    turn.put(Kind::Sale, payment.as_bytes(), &sale);
    turn.put(Kind::Open, &open_key(OPEN_SALE, payment.as_bytes()), &());
    let times = Some(Times::from(turn.now, state));
    let waiting = Waiting { home, covered: sale.covered, times, requests: vec![request] };
    state.waiting.insert(payment, waiting);
    if connected {
        send_question(turn, payment, &sale);
    } else {
        // Nobody will answer: what would be decided at the deadline is decided now.
        decide_alone(state, turn, payment, sale);
    }
    Ok(())
}

/// Returns what a home caisse would owe us with one more sale, those that wait for it included. It keeps the
/// ceiling itself; one that does not must not owe us more all the same.
fn would_owe(state: &State, home: CaisseId, more: Cents) -> Option<Cents> {
    let owed = state.books.holds(Account::Partner(home)).positive_part();
    let waiting = state.waiting.values().filter(|waiting| waiting.home == home);
    Cents::checked_sum(waiting.map(|waiting| waiting.covered).chain([owed, more]))
}

fn send_question(turn: &mut Turn<'_>, payment: PaymentId, sale: &Sale) {
    let SaleState::Asked { card, code, bought, .. } = &sale.state else {
        return;
    };
    let question = AuthRequest {
        payment,
        card: *card,
        vendor: sale.vendor,
        covered: sale.covered,
        bought: bought.clone(),
        code: code.clone(),
    };
    turn.send(sale.home, Message::AuthRequest(question));
}

/// How a sale can be made without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    /// By a lot: the home caisse pays.
    ByLot(LotId),
    /// At our own risk, up to the agreed floor.
    AtRisk,
}

/// Says how a sale can be made without an answer: by a lot, else at our own risk. A card that its caisse
/// has listed is not sold to in either way.
fn alone(
    state: &State,
    turn: &Turn<'_>,
    sale: &Sale,
    card: CardId,
    scanned: bool,
) -> Result<Alone, WithoutHome> {
    let terms = federation::terms_with(state, sale.home);
    let floor = terms.map_or(Cents::ZERO, |terms| terms.floor);
    match offline::choose(state, turn, sale.home, card, scanned, sale.covered) {
        Ok(lot) => Ok(Alone::ByLot(lot)),
        Err(why) if why == WithoutHome::Listed || sale.covered > floor => Err(why),
        Err(_) => Ok(Alone::AtRisk),
    }
}

/// Decides without an answer, once: by a lot, at our own risk, else void.
fn decide_alone(state: &mut State, turn: &mut Turn<'_>, payment: PaymentId, mut sale: Sale) {
    let SaleState::Asked { card, code, scanned, bought } = sale.state.clone() else {
        return;
    };
    let (home, vendor, covered) = (sale.home, sale.vendor, sale.covered);
    let Ok(way) = alone(state, turn, &sale, card, scanned) else {
        let said = federation::say(state, turn, home, PairBody::Voided { payment });
        return close(state, turn, payment, sale, SaleState::Voided, said);
    };
    #[cfg(feature = "mutants")]
    let payment = if state.is_mutant(crate::caisse::Mutant::M5) {
        mutants::forget_old_id(state, turn, payment)
    } else {
        payment
    };
    let body = match way {
        Alone::ByLot(lot) => {
            sale.lot = Some(lot);
            offline::debit(state, turn, (home, lot), card, covered);
            PairBody::OfflineCaptured { payment, lot, vendor, card, covered, bought, code }
        }
        Alone::AtRisk => PairBody::FloorCaptured { payment, vendor, card, covered, bought, code },
    };
    let said = federation::say(state, turn, home, body);
    credit_vendor(state, turn, payment, &sale, Account::Risk);
    close(state, turn, payment, sale, SaleState::AtRisk, said);
    offline::tidy(state, turn, home);
}

/// Answers a home caisse that asks what became of a payment. One that we never heard of is void from
/// now on.
pub(crate) fn queried(state: &mut State, turn: &mut Turn<'_>, home: CaisseId, payment: PaymentId) {
    if !federation::may_speak_to(state, home) {
        return;
    }
    match turn.get::<Sale>(Kind::Sale, payment.as_bytes()) {
        Some(sale) if sale.home == home && sale.said > 0 => {
            federation::say_again(state, turn, home, sale.said);
        }
        Some(_) => {}
        None if !federation::may_ask(state, turn, home) => {}
        None => {
            let said = federation::say(state, turn, home, PairBody::Voided { payment });
            void_unheard(turn, home, payment, said);
        }
    }
}

fn void_unheard(turn: &mut Turn<'_>, home: CaisseId, payment: PaymentId, said: u64) {
    let sale = Sale { said, ..unheard_sale(turn.now, home) };
    turn.put(Kind::Sale, payment.as_bytes(), &sale);
}

/// Asks again, and decides what is due. Only our own clock is asked, and only about our own decision.
pub(crate) fn tick(state: &mut State, turn: &mut Turn<'_>) {
    let due: Vec<PaymentId> = state
        .waiting
        .iter()
        .filter(|(_, waiting)| wakes_at(state, waiting).is_some_and(|at| at <= turn.now))
        .map(|(payment, _)| *payment)
        .collect();
    let anew = Times::from(turn.now, state);
    for payment in due {
        let Some(waiting) = state.waiting.get_mut(&payment) else {
            continue;
        };
        let Times { deadline, .. } = waiting.times.unwrap_or(anew);
        waiting.times = Some(Times { deadline, ..anew });
        let Some(sale) = asked(turn, waiting.home, payment) else {
            continue;
        };
        if deadline <= turn.now {
            decide_alone(state, turn, payment, sale);
        } else {
            send_question(turn, payment, &sale);
        }
    }
}

/// When a sale needs us: never before we may speak to its home caisse.
fn wakes_at(state: &State, waiting: &Waiting) -> Option<Timestamp> {
    let at_once = Timestamp::from_ms(i64::MIN);
    let at = waiting.times.map_or(at_once, |Times { deadline, ask_at }| deadline.min(ask_at));
    federation::may_speak_to(state, waiting.home).then_some(at)
}

/// When the next sale is due.
pub(crate) fn next_wakeup(state: &State) -> Option<Timestamp> {
    state.waiting.values().filter_map(|waiting| wakes_at(state, waiting)).min()
}
