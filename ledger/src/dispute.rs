//! Disputes: a member contests a payment, and the caisse answers.
//!
//! Clocks never decide. They say what is due: a payment can be contested for 90 days, an answer is due
//! within 10 working days, and for 15 days the contested amount is not paid out to the vendor. The member
//! gets nothing in advance.

pub mod contest;
mod decide;
mod letter;
mod open;

use std::collections::BTreeMap;

use crdt::{CaisseId, Cents, Date, DisputeId, MemberId, PaymentId, VendorId, wire};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, DisputeInfo, DisputesAnswer};
use crate::calendar::plus_working_days;
use crate::limits;
use crate::note;
use crate::payment::{Charge, Sale};
use crate::records::Kind;
use crate::refused::{AnswerRefused, DisputesRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};

pub(crate) use decide::{answer, foresee};
pub(crate) use letter::letter;
pub(crate) use open::open;

/// A dispute. What was said stands in notes of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The caisse of the vendor.
    pub host: CaisseId,
    /// The payment.
    pub payment: PaymentId,
    /// The member who contests it.
    pub member: MemberId,
    /// The vendor, if it is ours.
    pub vendor: Option<VendorId>,
    /// What is contested.
    pub amount: Cents,
    /// What of the payment had been given back before.
    pub given_before: Cents,
    /// When it was opened.
    pub opened: Date,
    /// Where it stands.
    pub state: DisputeState,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// Not answered.
    Open,
    /// The member got it back.
    Accepted {
        /// When.
        on: Date,
        /// How much.
        amount: Cents,
        /// How.
        by: Redress,
    },
    /// The member did not get it back.
    Rejected {
        /// When.
        on: Date,
    },
    /// The member withdrew it.
    Withdrawn {
        /// When.
        on: Date,
    },
}

/// How a member gets back what was contested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redress {
    /// By a refund of our vendor, whose id is that of the dispute.
    Refund,
    /// At our own loss; for a sale of ours beside the refund, which the caisse makes good to the vendor.
    OwnLoss,
    /// By refunds of the host.
    Host,
}

impl Dispute {
    /// Returns the day by which it is to be answered.
    #[must_use]
    pub fn answer_by(&self) -> Date {
        plus_working_days(self.opened, limits::DISPUTE_ANSWER_WORKING_DAYS)
    }

    /// Returns the first day on which the contested amount is paid out again.
    #[must_use]
    pub fn frozen_until(&self) -> Date {
        self.opened.plus_days(limits::DISPUTE_FROZEN_DAYS)
    }

    /// Returns what is not to be paid out to a vendor of ours on a day.
    #[must_use]
    pub fn frozen(&self, today: Date) -> Cents {
        let frozen = self.state == DisputeState::Open && today < self.frozen_until();
        if frozen && self.vendor.is_some() { self.amount } else { Cents::ZERO }
    }

    /// Returns when it was closed, if it was.
    #[must_use]
    pub const fn closed(&self) -> Option<Date> {
        match self.state {
            DisputeState::Open => None,
            DisputeState::Accepted { on, .. }
            | DisputeState::Rejected { on }
            | DisputeState::Withdrawn { on } => Some(on),
        }
    }
}

/// Which side of a dispute a note tells.
#[derive(Clone, Copy)]
enum Said {
    ByMember,
    ByCaisse,
}

fn note_key(id: DisputeId, said: Said) -> Vec<u8> {
    let letter = match said {
        Said::ByMember => b'd',
        Said::ByCaisse => b'r',
    };
    [&[letter], id.as_bytes().as_slice()].concat()
}

fn refused(why: impl Into<DisputesRefused>) -> Refused {
    Refused::Disputes(why.into())
}

fn told(turn: &Turn<'_>, id: DisputeId, dispute: &Dispute) -> Answer {
    Answer::Disputes(DisputesAnswer::Dispute(info(turn, id, dispute)))
}

fn charge_of(turn: &Turn<'_>, host: &CaisseId, payment: PaymentId) -> Option<Charge> {
    turn.get(Kind::Charge, &crate::payment::charge_key(host, &payment))
}

/// What this caisse has borne of a sale elsewhere: the charge itself does not know of it.
pub(crate) fn borne(turn: &Turn<'_>, host: &CaisseId, payment: PaymentId) -> Cents {
    let of_payment = all(turn).filter(|(_, dispute)| {
        dispute.payment == payment && dispute.host == *host && dispute.vendor.is_none()
    });
    Cents::checked_sum(of_payment.map(|(_, dispute)| moved(&dispute).1)).unwrap_or(Cents::MAX)
}

/// Withdraws a dispute, for the member.
pub(crate) fn withdraw(state: &mut State, turn: &mut Turn<'_>, id: DisputeId) -> Outcome {
    let mut dispute = still_open(turn, id).map_err(refused)?;
    dispute.state = DisputeState::Withdrawn { on: turn.today() };
    turn.put(Kind::Dispute, id.as_bytes(), &dispute);
    contest::follow(state, turn, dispute.host);
    Ok(told(turn, id, &dispute))
}

fn still_open(turn: &Turn<'_>, id: DisputeId) -> Result<Dispute, AnswerRefused> {
    let dispute = known(turn, id).ok_or(AnswerRefused::UnknownDispute)?;
    dispute.closed().map_or(Ok(dispute), |on| Err(AnswerRefused::Closed { on }))
}

fn known(turn: &Turn<'_>, id: DisputeId) -> Option<Dispute> {
    turn.get(Kind::Dispute, id.as_bytes())
}

/// Returns every dispute. There are few: a caisse hears of one in some thousand payments.
fn all(turn: &Turn<'_>) -> impl Iterator<Item = (DisputeId, Dispute)> + use<> {
    let rows = turn.range(Kind::Dispute, &[], &[], usize::MAX).into_iter();
    rows.filter_map(|(key, bytes)| Some((DisputeId::from_slice(&key)?, wire::decode(&bytes).ok()?)))
}

/// Returns what is contested and not to be paid out today, by vendor: a payout leaves so much of what the
/// vendor is owed where it is. It is worked out from the disputes, so that no second place holds it.
#[must_use]
pub fn contested(turn: &Turn<'_>) -> BTreeMap<VendorId, Cents> {
    let mut sums = BTreeMap::<VendorId, Cents>::new();
    for (_, dispute) in all(turn) {
        let frozen = frozen_of_sale(turn, &dispute);
        if let Some(vendor) = dispute.vendor.filter(|_| !frozen.is_zero()) {
            let sum = sums.entry(vendor).or_default();
            *sum = sum.checked_add(frozen).unwrap_or(Cents::MAX);
        }
    }
    sums
}

/// Returns what is not to be paid out for a dispute today: what of its sale has gone back to the member
/// since, the vendor is not owed any more.
fn frozen_of_sale(turn: &Turn<'_>, dispute: &Dispute) -> Cents {
    let frozen = dispute.frozen(turn.today());
    if frozen.is_zero() {
        return frozen;
    }
    let sale: Option<Sale> = turn.get(Kind::Sale, dispute.payment.as_bytes());
    sale.map_or(frozen, |sale| frozen.min(sale.covered.saturating_sub(sale.refunded)))
}

fn info(turn: &Turn<'_>, id: DisputeId, dispute: &Dispute) -> DisputeInfo {
    let today = turn.today();
    let Dispute { host, payment, member, vendor, amount, opened, state, .. } = *dispute;
    let answer_by = dispute.answer_by();
    DisputeInfo {
        id,
        host,
        payment,
        member,
        vendor,
        amount,
        opened,
        answer_by,
        frozen_until: dispute.frozen_until(),
        frozen: !frozen_of_sale(turn, dispute).is_zero(),
        overdue: state == DisputeState::Open && today > answer_by,
        given_by_host: given_by_host(turn, dispute),
        settlement: contest::of_dispute(turn, dispute),
        state,
    }
}

/// What another caisse has given back since a dispute was opened.
fn given_by_host(turn: &Turn<'_>, dispute: &Dispute) -> Cents {
    let elsewhere = dispute.vendor.is_none();
    let charge = elsewhere.then(|| charge_of(turn, &dispute.host, dispute.payment)).flatten();
    charge.map_or(Cents::ZERO, |charge| charge.given().saturating_sub(dispute.given_before))
}

/// Lists disputes: those that are not answered first, by the day of the answer; then the latest closed.
pub(crate) fn list(turn: &Turn<'_>, due: bool) -> Vec<DisputeInfo> {
    let listed = all(turn).filter(|(_, dispute)| !due || dispute.state == DisputeState::Open);
    let mut list: Vec<_> =
        listed.map(|(id, dispute)| (dispute.closed(), info(turn, id, &dispute))).collect();
    list.sort_by_key(|(closed, info)| {
        (closed.is_some(), std::cmp::Reverse(*closed), info.answer_by, info.id)
    });
    list.into_iter().map(|(_, info)| info).collect()
}

/// Shows a dispute with what was said.
pub(crate) fn show(turn: &Turn<'_>, id: DisputeId) -> Outcome {
    let dispute = known(turn, id).ok_or_else(|| refused(AnswerRefused::UnknownDispute))?;
    let said = |said| note::about(turn, dispute.member, &note_key(id, said));
    let (reason, answer) = (said(Said::ByMember), said(Said::ByCaisse));
    Ok(Answer::Disputes(DisputesAnswer::Shown { info: info(turn, id, &dispute), reason, answer }))
}

/// Returns what the caisse said to a dispute, unless it was erased.
pub(crate) fn why(turn: &Turn<'_>, id: DisputeId) -> Option<String> {
    note::about(turn, known(turn, id)?.member, &note_key(id, Said::ByCaisse))
}

/// Returns what the records say a dispute moved: a refund of our vendor, and a correction.
pub(crate) const fn moved(dispute: &Dispute) -> (Cents, Cents) {
    match dispute.state {
        DisputeState::Accepted { amount, by: Redress::Refund, .. } => (amount, Cents::ZERO),
        DisputeState::Accepted { amount, by: Redress::OwnLoss, .. } if dispute.vendor.is_some() => {
            (amount, amount)
        }
        DisputeState::Accepted { amount, by: Redress::OwnLoss, .. } => (Cents::ZERO, amount),
        DisputeState::Accepted { by: Redress::Host, .. }
        | DisputeState::Open
        | DisputeState::Rejected { .. }
        | DisputeState::Withdrawn { .. } => (Cents::ZERO, Cents::ZERO),
    }
}

/// Returns whether a dispute's payment is there and was made by its member, and how much it covered.
pub(crate) fn covered(turn: &Turn<'_>, dispute: &Dispute) -> Option<Cents> {
    let (member, covered) = match dispute.vendor {
        Some(_) => {
            let sale: Sale = turn.get(Kind::Sale, dispute.payment.as_bytes())?;
            (sale.member, sale.covered)
        }
        None => {
            let charge = charge_of(turn, &dispute.host, dispute.payment)?;
            (charge.member, charge.covered)
        }
    };
    (member == Some(dispute.member)).then_some(covered)
}

/// Returns the refund that a dispute's answer makes.
pub(crate) const fn refund_id(id: DisputeId) -> PaymentId {
    PaymentId::new(*id.as_bytes())
}
