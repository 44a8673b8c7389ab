//! Whose rules decide what is eligible for a visitor: what we state for our members, and what follows from
//! what others state.

use crdt::agreement::{Eligible, VisitorRates};
use crdt::feed::PublicBody;
use crdt::message::Bought;
use crdt::pair::DenyReason;
use crdt::{BasisPoints, CaisseId, Cents, VendorId};

use super::{check_may_publish, publish, terms_with};
use crate::refused::PaymentRefused;
use crate::state::State;
use crate::turn::Turn;

/// Publishes what the configuration says of visits, if that is not what we stated last and we may.
pub(crate) fn publish_ours(state: &mut State, turn: &mut Turn<'_>) {
    let Some(federation) = state.federation.as_ref().filter(|f| f.is_member(&state.me)) else {
        return;
    };
    let stated = federation.view.agreements.stated(&state.me);
    let wanted = state.settings.visits.clone();
    // Taken out of the configuration, it is taken back: then nothing is eligible.
    let news = if wanted.is_some() { stated != wanted.as_ref() } else { is_something(stated) };
    if news && check_may_publish(state).is_ok() {
        let body = PublicBody::EligibilityStated(wanted.unwrap_or_default());
        let _ = publish(state, turn, body);
    }
}

fn is_something(stated: Option<&Eligible>) -> bool {
    stated.is_some_and(|stated| *stated != Eligible::default())
}

/// Returns the rates for a card of `home` at a vendor of ours; `None` for a card of our own.
///
/// # Errors
/// [`PaymentRefused::NotEligible`].
pub(crate) fn visitor_rates(
    state: &State,
    home: CaisseId,
    rate: BasisPoints,
    kind: &str,
) -> Result<Option<VisitorRates>, PaymentRefused> {
    if home == state.me {
        return Ok(None);
    }
    let Some(terms) = terms_with(state, home) else {
        // Refused later, in its place of precedence.
        let products = crdt::agreement::Products::Count;
        return Ok(Some(VisitorRates { vendor: rate, most: BasisPoints::WHOLE, products }));
    };
    let stated = state.federation.as_ref().and_then(|f| f.view.agreements.stated(&home));
    let rates = terms.visitor_rates(rate, stated, kind);
    rates.map(Some).ok_or_else(|| PaymentRefused::NotEligible { kind: kind.to_owned() })
}

/// Checks what a host asks us to cover by what we stated ourselves, and the vendor's kind by the host's own
/// catalogue: a host that says one thing to all and another to us is not believed.
pub(crate) fn check(
    state: &State,
    host: CaisseId,
    vendor: VendorId,
    bought: &Bought,
    covered: Cents,
) -> Result<(), DenyReason> {
    let terms = terms_with(state, host).ok_or(DenyReason::NoAgreement)?;
    let federation = state.federation.as_ref().ok_or(DenyReason::NoAgreement)?;
    let stated = federation.view.agreements.stated(&state.me);
    let rate = terms.accepted_rate(stated, &bought.kind).ok_or(DenyReason::NotEligible)?;
    let sheet = federation.view.catalogue.sheet(host, vendor);
    if sheet.is_some_and(|sheet| sheet.vendor.kind != bought.kind) {
        return Err(DenyReason::NotEligible);
    }
    if covered > rate.split(bought.price).covered { Err(DenyReason::NotEligible) } else { Ok(()) }
}
