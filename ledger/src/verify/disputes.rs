//! Disputes against payments and books: nothing is given back that a dispute does not tell of.

use std::collections::BTreeSet;

use crdt::feed::{Body, Verified};
use crdt::pair::PairBody;
use crdt::{CaisseId, DisputeId, PaymentId, wire};

use super::{Booked, PaymentBooks, Report, each};
use crate::books::Cause;
use crate::dispute::contest::{self, Contest};
use crate::dispute::{self, Dispute};
use crate::records::Kind;
use crate::refund::Refund;
use crate::turn::Turn;

/// Compares every dispute with its payment, its refund and its correction.
pub(super) fn disputes(turn: &Turn<'_>, booked: &PaymentBooks, report: &mut Report) {
    each(turn, Kind::Dispute, |(key, bytes)| {
        let Some((id, dispute)) = DisputeId::from_slice(key).zip(wire::decode(bytes).ok()) else {
            return report.differs("a stored dispute does not decode");
        };
        one(turn, booked, id, &dispute, report);
    });
    for cause in booked.keys() {
        if let Cause::Dispute(id) = cause
            && turn.get::<Dispute>(Kind::Dispute, id.as_bytes()).is_none()
        {
            report.differs(format!("the books know a dispute {id} that is not stored"));
        }
    }
}

fn one(
    turn: &Turn<'_>,
    booked: &PaymentBooks,
    id: DisputeId,
    dispute: &Dispute,
    report: &mut Report,
) {
    match dispute::covered(turn, dispute) {
        None => report.differs(format!("dispute {id} is about no payment of its member")),
        Some(covered) if dispute.amount > covered => {
            report.differs(format!("dispute {id} is about more than its payment covered"));
        }
        Some(_) => {}
    }
    let (refunded, corrected) = dispute::moved(dispute);
    if refunded.max(corrected) > dispute.amount {
        report.differs(format!("dispute {id} gave back more than was contested"));
    }
    let refund: Option<Refund> = turn.get(Kind::Refund, dispute::refund_id(id).as_bytes());
    let of_dispute = refund.map(|refund| (refund.receipt.payment, refund.receipt.amount));
    let expected = (!refunded.is_zero()).then_some((dispute.payment, refunded));
    if of_dispute != expected {
        report.differs(format!("dispute {id} is not what its refund says"));
    }
    let books = booked.get(&Cause::Dispute(id)).copied().unwrap_or_default();
    if books != (Booked { held: 0, posted: i128::from(corrected.get()) }) {
        report.differs(format!("dispute {id} is not what the books say"));
    }
}

/// What we said to a host to be contested must be what we remember.
pub(super) fn contests(turn: &Turn<'_>, host: CaisseId, said: &[Verified], report: &mut Report) {
    let mut contested = BTreeSet::new();
    for entry in said {
        match entry.body() {
            Body::Pair(PairBody::Contested { payment }) => drop(contested.insert(*payment)),
            Body::Pair(PairBody::ContestEnded { payment }) => drop(contested.remove(payment)),
            Body::Pair(_) | Body::Public(_) => {}
        }
    }
    let known = contest::of_host(turn, host).into_iter();
    let known: BTreeSet<PaymentId> =
        known.filter(|(_, of)| *of == Contest::Excluded).map(|(payment, _)| payment).collect();
    if known != contested {
        report.differs(format!("what is contested at {host} is not what was said to it"));
    }
}
