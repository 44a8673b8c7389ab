//! Questions: what a caisse tells of itself; nothing here changes anything.

mod federation;
mod people;

pub(crate) use people::contributions;

use crdt::{Cents, MemberId, PaymentId, wire};

use crate::account::Account;
use crate::answer::{AccountInfo, Answer, PaymentInfo, Status};
use crate::command::Query;
use crate::payment::{Charge, ChargeState, Sale, SaleState, read_charge_key};
use crate::records::Kind;
use crate::refused::{MemberRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};
use crate::{
    accounting, allocation, disputes, expiry, foresight, grant, guarantee, limits, lots, offline,
    planning, treasury, verify,
};

/// The age from which the operator is told of a hold.
const OLD_HOLD: crdt::Duration = crdt::Duration::from_ms(15 * 60_000);

/// Answers a question.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: &Query) -> Outcome {
    match question {
        Query::Status => Ok(Answer::Status(Box::new(status(state, turn)))),
        Query::Members => Ok(Answer::Members(people::members(state, turn))),
        Query::Member(id) => people::member(state, turn, *id),
        Query::People(question) => crate::people::answer(state, turn, question),
        Query::Card(id) => {
            crate::card::card_info(state, turn, *id).map(Answer::Card).ok_or(Refused::NotFound)
        }
        Query::Cards(question) => crate::card::answer(state, turn, *question),
        Query::Vendors => Ok(Answer::Vendors(people::vendors(state, turn))),
        Query::Till(secret) => people::till(state, turn, *secret),
        Query::Rules => Ok(Answer::Rules(Box::new(planning::list(state, turn)))),
        Query::Grants => Ok(Answer::Grants(grant::list(state, turn))),
        Query::Treasury(question) => treasury::answer(state, turn, question),
        Query::ExpiryPreview => Ok(Answer::Expired(expiry::preview(state, turn))),
        Query::Guarantee => Ok(Answer::Guarantee(guarantee::now(state))),
        Query::Foresight(question) => foresight::answer(state, turn, question),
        Query::Lots(member) => lots_of(state, turn, *member),
        Query::AllocationPreview(month) => {
            Ok(Answer::Allocated(allocation::preview(state, turn, *month)))
        }
        Query::Payments { limit } => Ok(Answer::Payments(payments(state, turn, *limit))),
        Query::Payment(id) => payment(state, turn, *id),
        Query::Disputes(question) => disputes::query(state, turn, question),
        Query::Contact => Ok(Answer::Contact(Box::new(state.settings.contact.clone()))),
        Query::Federation => federation::register(state, turn),
        Query::CardHome(card) => federation::card_home(state, turn, card),
        Query::Peers => Ok(Answer::Peers(federation::peers(state))),
        Query::Catalogue { text, limit } => {
            Ok(Answer::Catalogue(federation::catalogue(state, text, (*limit).min(limits::ROWS))))
        }
        Query::Statement { with } => federation::statement(state, turn, *with),
        Query::Runs => Ok(Answer::Runs(federation::runs(state, turn))),
        Query::Accounting(question) => accounting::answer(state, turn, question),
        Query::Accounts => Ok(Answer::Accounts(accounts(state))),
        Query::Offline(question) => offline::answer(state, turn, *question),
        Query::Verify => Ok(Answer::Verified(Box::new(verify::verify(state, turn)))),
        Query::Keys(question) => crate::federation::answer(state, turn, *question),
    }
}

fn lots_of(state: &State, turn: &Turn<'_>, member: MemberId) -> Outcome {
    if !state.members.contains_key(&member) {
        return Err(MemberRefused::UnknownMember.into());
    }
    let lots = lots::of_member(turn, member);
    Ok(Answer::Lots(lots::divide(state.books.available(member), &lots)))
}

fn status(state: &State, turn: &Turn<'_>) -> Status {
    let members = state.members.keys();
    let outstanding = members.map(|id| state.books.available(*id));
    let held = state.books.accounts().iter().filter_map(|(account, counters)| match account {
        Account::Member(_) | Account::Suspense => Some(counters.debits_pending),
        _ => None,
    });
    let old = state.holds.values().filter(|hold| hold.since.after(OLD_HOLD) <= turn.now).count();
    let federation = state.federation.as_ref();
    let partners = federation.map(|f| f.partners(&state.me)).unwrap_or_default();
    let connected =
        partners.iter().filter(|p| federation.is_some_and(|f| f.is_connected(&p.id))).count();
    let agreed = partners.iter().filter(|p| crate::federation::terms_with(state, p.id).is_some());
    let degraded = agreed.filter_map(|p| offline::degraded(state, turn, p.id)).collect();
    let forks = federation.into_iter().flat_map(|f| f.replica.forks().keys());
    let mut forked: Vec<_> = forks.map(|feed| feed.author).collect();
    forked.dedup();
    let mut ceilings = crate::federation::ceiling::all(state);
    ceilings.retain(|used| used.level > crate::federation::ceiling::Level::Below);
    Status {
        id: state.me,
        name: state.settings.contact.name.clone(),
        network: federation.map(|f| f.view.network()),
        members: state.members.values().filter(|member| member.left.is_none()).count() as u64,
        cards: state.cards.len() as u64,
        vendors: state.vendors.len() as u64,
        journal_entries: state.books.entries(),
        outstanding: Cents::checked_sum(outstanding).unwrap_or(Cents::MAX),
        held: Cents::checked_sum(held).unwrap_or(Cents::MAX),
        old_holds: old as u64,
        guarantee: guarantee::now(state),
        connected: connected as u64,
        unheard: u64::from(federation.map_or(0, |f| f.unheard(&state.me))),
        forked,
        over_quota: federation.map(|f| f.quota.over(turn.now).collect()).unwrap_or_default(),
        degraded,
        ceilings,
    }
}

fn accounts(state: &State) -> Vec<AccountInfo> {
    let accounts = state.books.accounts().iter();
    accounts
        .map(|(account, counters)| AccountInfo { account: *account, counters: *counters })
        .collect()
}

/// Lists the latest payments. The whole table is read: payments are stored by id, not by time.
fn payments(state: &State, turn: &Turn<'_>, limit: u32) -> Vec<PaymentInfo> {
    let sales =
        turn.range(Kind::Sale, &[], &[], usize::MAX).into_iter().filter_map(|(key, bytes)| {
            Some(sale_info(state, PaymentId::from_slice(&key)?, &wire::decode(&bytes).ok()?))
        });
    let charges = turn.range(Kind::Charge, &[], &[], usize::MAX).into_iter();
    let charges = charges.filter_map(|(key, bytes)| {
        let (host, payment) = read_charge_key(&key)?;
        Some(charge_info(state, host, payment, &wire::decode(&bytes).ok()?))
    });
    let mut list: Vec<PaymentInfo> = sales.chain(charges).collect();
    list.sort_by_key(|info| (std::cmp::Reverse(info.at), info.payment));
    list.truncate(limit.min(limits::ROWS) as usize);
    list
}

fn payment(state: &State, turn: &Turn<'_>, id: PaymentId) -> Outcome {
    if let Some(sale) = turn.get::<Sale>(Kind::Sale, id.as_bytes()) {
        return Ok(Answer::Payment(Box::new(sale_info(state, id, &sale))));
    }
    let partners = state.federation.as_ref().map(|f| f.keyring().nodes.keys());
    let charge = partners.into_iter().flatten().find_map(|host| {
        let key = crate::payment::charge_key(host, &id);
        Some((*host, turn.get::<Charge>(Kind::Charge, &key)?))
    });
    let (host, charge) = charge.ok_or(Refused::NotFound)?;
    Ok(Answer::Payment(Box::new(charge_info(state, host, id, &charge))))
}

pub(crate) fn sale_info(state: &State, payment: PaymentId, sale: &Sale) -> PaymentInfo {
    let reason = match &sale.state {
        SaleState::Refused(refused) => Some(refused.to_string()),
        SaleState::AtRiskLost(reason) => Some(reason.to_string()),
        SaleState::Paid
        | SaleState::Asked { .. }
        | SaleState::Captured
        | SaleState::Voided
        | SaleState::AtRisk
        | SaleState::AtRiskAccepted => None,
    };
    PaymentInfo {
        payment,
        at: sale.at,
        host: state.me,
        home: sale.home,
        vendor: Some(sale.vendor),
        member: sale.member,
        amount: Some(sale.amount),
        covered: sale.covered,
        refunded: sale.refunded,
        status: sale.status(),
        reason,
    }
}

pub(crate) fn charge_info(
    state: &State,
    host: crdt::CaisseId,
    payment: PaymentId,
    charge: &Charge,
) -> PaymentInfo {
    let reason = match charge.state {
        ChargeState::Denied(reason) | ChargeState::FloorDeclined(reason) => {
            Some(reason.to_string())
        }
        ChargeState::Held
        | ChargeState::Obliged
        | ChargeState::Released
        | ChargeState::Tombstone => None,
    };
    PaymentInfo {
        payment,
        at: charge.at,
        host,
        home: state.me,
        vendor: None,
        member: charge.member,
        amount: None,
        covered: charge.covered,
        refunded: charge.refunded,
        status: charge.status(),
        reason,
    }
}
