//! How a dispute is opened: what can be contested, by whom, until when.

use crdt::{CaisseId, Cents, Date, DisputeId, MemberId, PaymentId, VendorId};

use super::{Dispute, DisputeState, Said, all, borne, charge_of, contest, note_key, refused, told};
use crate::limits;
use crate::note;
use crate::payment::{Charge, ChargeState, Sale, SaleState};
use crate::records::Kind;
use crate::refused::OpenRefused;
use crate::sale::Mode;
use crate::state::State;
use crate::turn::{Outcome, Turn};
use crate::vendor::is_text;

/// What a payment of a member is, as far as it can be contested.
struct Contestable {
    host: CaisseId,
    vendor: Option<VendorId>,
    covered: Cents,
    given: Cents,
    /// What this caisse has borne of a sale elsewhere in earlier disputes.
    borne: Cents,
    on: Date,
}

/// Opens a dispute.
pub(crate) fn open(
    state: &mut State,
    turn: &mut Turn<'_>,
    payment: PaymentId,
    member: MemberId,
    amount: Option<Cents>,
    reason: &str,
) -> Outcome {
    if !is_text(reason) {
        return Err(refused(OpenRefused::Reason));
    }
    let paid = contestable(state, turn, payment, member).map_err(refused)?;
    let until = paid.on.plus_days(limits::DISPUTE_DAYS);
    if turn.today() > until {
        return Err(refused(OpenRefused::TooLate { until }));
    }
    if let Some((dispute, _)) = all(turn)
        .find(|(_, d)| d.payment == payment && d.host == paid.host && d.state == DisputeState::Open)
    {
        return Err(refused(OpenRefused::AlreadyOpen { dispute }));
    }
    let left = paid.covered.saturating_sub(paid.given).saturating_sub(paid.borne);
    let amount = amount.unwrap_or(left);
    if amount.is_zero() {
        return Err(refused(OpenRefused::AmountZero));
    }
    if amount > left {
        return Err(refused(OpenRefused::MoreThanLeft { left }));
    }
    let Contestable { host, vendor, given: given_before, .. } = paid;
    let (opened, dispute_state) = (turn.today(), DisputeState::Open);
    let id = DisputeId::new(state.random("dispute"));
    let dispute = Dispute {
        host,
        payment,
        member,
        vendor,
        amount,
        given_before,
        opened,
        state: dispute_state,
    };
    turn.put(Kind::Dispute, id.as_bytes(), &dispute);
    contest::follow(state, turn, host);
    note::keep_about(state, turn, member, &note_key(id, Said::ByMember), reason);
    Ok(told(turn, id, &dispute))
}

/// Finds what a member contests: a sale at a vendor of ours, or a charge of a host.
fn contestable(
    state: &State,
    turn: &Turn<'_>,
    payment: PaymentId,
    member: MemberId,
) -> Result<Contestable, OpenRefused> {
    if let Some(sale) = turn.get::<Sale>(Kind::Sale, payment.as_bytes()) {
        if sale.member != Some(member) {
            return Err(OpenRefused::NotTheirs);
        }
        if sale.state != SaleState::Paid {
            return Err(OpenRefused::NotPaid);
        }
        if sale.mode != Mode::Credit {
            return Err(OpenRefused::OwnMoney);
        }
        let Sale { vendor, covered, refunded: given, at, .. } = sale;
        let (host, on) = (state.me, turn.day_of(at));
        let (vendor, borne) = (Some(vendor), Cents::ZERO);
        return Ok(Contestable { host, vendor, covered, given, borne, on });
    }
    let (host, charge) = charge(state, turn, payment).ok_or(OpenRefused::UnknownPayment)?;
    if charge.member != Some(member) {
        return Err(OpenRefused::NotTheirs);
    }
    if charge.state != ChargeState::Obliged {
        return Err(OpenRefused::NotPaid);
    }
    let (given, Charge { covered, at, .. }) = (charge.given(), charge);
    let (borne, on) = (borne(turn, &host, payment), turn.day_of(at));
    Ok(Contestable { host, vendor: None, covered, given, borne, on })
}

/// Finds a charge by its payment alone, among those of every caisse whose key is known.
fn charge(state: &State, turn: &Turn<'_>, payment: PaymentId) -> Option<(CaisseId, Charge)> {
    let hosts = state.federation.as_ref().map(|f| f.keyring().nodes.keys());
    hosts.into_iter().flatten().find_map(|host| Some((*host, charge_of(turn, host, payment)?)))
}
