//! How a dispute is answered: what the member gets back, and who bears it.

use crdt::{Cents, DisputeId};

use super::{
    Dispute, DisputeState, Redress, Said, borne, charge_of, contest, given_by_host, note_key,
    refund_id, refused, still_open, told,
};
use crate::account::Account;
use crate::answer::{Answer, DisputesAnswer, Foreseen};
use crate::books::{Cause, Phase, Transfer};
use crate::command::{Burden, Decision};
use crate::note;
use crate::payment::Sale;
use crate::records::Kind;
use crate::refund;
use crate::refused::{AnswerRefused, Refused};
use crate::state::State;
use crate::turn::{Outcome, Turn};
use crate::vendor::is_text;

/// What an answer does, once everything is checked.
struct Plan {
    dispute: Dispute,
    /// What the member gets back and how; `None` if nothing.
    given: Option<(Cents, Redress)>,
    reason: Option<String>,
}

/// Answers a dispute.
pub(crate) fn answer(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: DisputeId,
    decision: &Decision,
) -> Outcome {
    let Plan { mut dispute, given, reason } = plan(state, turn, id, decision).map_err(refused)?;
    if let Some((amount, by)) = given {
        give_back(state, turn, id, &dispute, amount, by)?;
    }
    let on = turn.today();
    dispute.state = match given {
        Some((amount, by)) => DisputeState::Accepted { on, amount, by },
        None => DisputeState::Rejected { on },
    };
    turn.put(Kind::Dispute, id.as_bytes(), &dispute);
    contest::follow(state, turn, dispute.host);
    if let Some(reason) = reason {
        note::keep_about(state, turn, dispute.member, &note_key(id, Said::ByCaisse), &reason);
    }
    Ok(told(turn, id, &dispute))
}

/// Says what an answer would do.
pub(crate) fn foresee(
    state: &State,
    turn: &Turn<'_>,
    id: DisputeId,
    decision: &Decision,
) -> Outcome {
    let Plan { dispute, given, .. } = plan(state, turn, id, decision).map_err(refused)?;
    let (amount, by) = given.map_or((Cents::ZERO, None), |(amount, by)| (amount, Some(by)));
    let debited = if by == Some(Redress::Refund) { amount } else { Cents::ZERO };
    let vendor_owed = dispute.vendor.and_then(|vendor| {
        let owed = state.books.counters(Account::Vendor(vendor)).balance();
        owed.checked_sub(debited.signed())
    });
    Ok(Answer::Disputes(DisputesAnswer::Foreseen(Foreseen { amount, by, vendor_owed })))
}

fn plan(
    state: &State,
    turn: &Turn<'_>,
    id: DisputeId,
    decision: &Decision,
) -> Result<Plan, AnswerRefused> {
    let dispute = still_open(turn, id)?;
    let (amount, burden, reason) = match decision {
        Decision::Reject { reason } if is_text(reason) => {
            return Ok(Plan { dispute, given: None, reason: Some(reason.clone()) });
        }
        Decision::Reject { .. } => return Err(AnswerRefused::Reason),
        Decision::Accept { amount, burden, reason } => (amount, *burden, reason.clone()),
    };
    let needed = burden == Burden::Caisse;
    if !reason.as_deref().map_or(!needed, is_text) {
        return Err(AnswerRefused::Reason);
    }
    let amount = amount.unwrap_or(dispute.amount);
    if amount.is_zero() {
        return Err(AnswerRefused::AmountZero);
    }
    if amount > dispute.amount {
        return Err(AnswerRefused::MoreThanContested { contested: dispute.amount });
    }
    let by = match dispute.vendor {
        Some(_) => at_home(state, turn, &dispute, amount, burden)?,
        None => elsewhere(turn, &dispute, amount, burden)?,
    };
    state.books.check(Phase::Posted, &corrections(&dispute, amount, by))?;
    Ok(Plan { dispute, given: Some((amount, by)), reason })
}

/// A sale at a vendor of ours is given back by a refund: from what the vendor is owed, unless a person
/// says otherwise.
fn at_home(
    state: &State,
    turn: &Turn<'_>,
    dispute: &Dispute,
    amount: Cents,
    burden: Burden,
) -> Result<Redress, AnswerRefused> {
    let sale: Option<Sale> = turn.get(Kind::Sale, dispute.payment.as_bytes());
    let left = sale.map_or(Cents::ZERO, |sale| sale.covered.saturating_sub(sale.refunded));
    if amount > left {
        return Err(AnswerRefused::MoreThanLeft { left });
    }
    let owed = dispute.vendor.map(|vendor| state.books.counters(Account::Vendor(vendor)).balance());
    let owed = owed.unwrap_or_default();
    match burden {
        Burden::Vendor if owed < amount.signed() => Err(AnswerRefused::VendorPaid { owed }),
        Burden::Vendor | Burden::VendorOwes => Ok(Redress::Refund),
        Burden::Caisse => Ok(Redress::OwnLoss),
    }
}

/// A sale elsewhere is given back by the host's refund; this caisse can only bear the loss itself.
fn elsewhere(
    turn: &Turn<'_>,
    dispute: &Dispute,
    amount: Cents,
    burden: Burden,
) -> Result<Redress, AnswerRefused> {
    let given = given_by_host(turn, dispute);
    match burden {
        Burden::Vendor | Burden::VendorOwes if given >= amount => Ok(Redress::Host),
        Burden::Vendor | Burden::VendorOwes => Err(AnswerRefused::AtHost { given }),
        Burden::Caisse => {
            let charge = charge_of(turn, &dispute.host, dispute.payment);
            let left = charge.map_or(Cents::ZERO, |c| c.covered.saturating_sub(c.given()));
            let left = left.saturating_sub(borne(turn, &dispute.host, dispute.payment));
            if amount > left {
                return Err(AnswerRefused::MoreThanLeft { left });
            }
            Ok(Redress::OwnLoss)
        }
    }
}

/// What a loss of the caisse moves: beside a refund it is made good to the vendor, else it goes to the
/// member.
fn corrections(dispute: &Dispute, amount: Cents, by: Redress) -> Vec<Transfer> {
    match by {
        Redress::Refund | Redress::Host => Vec::new(),
        Redress::OwnLoss => {
            let credit = dispute.vendor.map_or(Account::Member(dispute.member), Account::Vendor);
            vec![Transfer { debit: Account::Corrections, credit, amount }]
        }
    }
}

fn give_back(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: DisputeId,
    dispute: &Dispute,
    amount: Cents,
    by: Redress,
) -> Result<(), Refused> {
    if dispute.vendor.is_some() && by != Redress::Host {
        let refunded = refund::refund(state, turn, refund_id(id), dispute.payment, Some(amount));
        if let Err(why) = refunded {
            return Err(match why {
                Refused::Refund(why) => refused(AnswerRefused::Refund(why)),
                other => other,
            });
        }
    }
    let transfers = corrections(dispute, amount, by);
    if !transfers.is_empty() {
        state.books.enter(turn, Cause::Dispute(id), Phase::Posted, transfers)?;
    }
    Ok(())
}
