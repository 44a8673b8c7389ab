//! What operators decide about the federation.

use crdt::CaisseId;
use crdt::agreement::{Terms, TermsOffer};
use crdt::feed::PublicBody;
use crdt::register::{Change, Charter, Proposal, ProposalId};

use super::accept::refresh;
use super::{CHARTER_KEY, Federation, check_may_publish, publish, publish_unchecked};
use crate::answer::Answer;
use crate::records::Kind;
use crate::refused::{FederationRefused, Refused};
use crate::shelf;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Signs a founding charter; a caisse that it does not name joins, and waits to be admitted.
///
/// The signature is the first entry of our public feed, and its claimed time is zero: signing again
/// after a restore gives the same bytes, so this one entry needs no fence.
pub(crate) fn found(state: &mut State, turn: &mut Turn<'_>, charter: Charter) -> Outcome {
    if let Some(federation) = &state.federation {
        let same = *federation.view.register.charter() == charter;
        return if same {
            Ok(Answer::Founded(federation.view.network()))
        } else {
            Err(FederationRefused::AlreadyFounded.into())
        };
    }
    charter.check().map_err(FederationRefused::from)?;
    let us = charter.founders.iter().find(|founder| founder.id == state.me);
    if us.is_some_and(|us| *us != state.settings.contact) {
        return Err(FederationRefused::NotOurContact.into());
    }
    let founder = us.is_some();
    turn.put(Kind::Meta, CHARTER_KEY, &charter);
    state.federation = Some(Federation::new(charter.clone()));
    if founder {
        let now = std::mem::take(&mut turn.now);
        publish_unchecked(state, turn, PublicBody::CharterSigned(Box::new(charter.clone())));
        turn.now = now;
    }
    refresh(state, turn);
    Ok(Answer::Founded(charter.network()))
}

/// Returns the federation, once every founder has signed and we may publish.
fn founded(state: &State) -> Result<&Federation, FederationRefused> {
    let federation = state.federation.as_ref().ok_or(FederationRefused::NotFounded)?;
    if !federation.view.register.is_founded() {
        return Err(FederationRefused::FoundersMissing);
    }
    check_may_publish(state)?;
    Ok(federation)
}

/// Proposes a change of the register.
pub(crate) fn propose(state: &mut State, turn: &mut Turn<'_>, change: Change) -> Outcome {
    let federation = founded(state)?;
    match &change {
        Change::Admit(contact) => {
            contact.check().map_err(|bad| FederationRefused::Charter(bad.to_string()))?;
        }
        Change::Remove(caisse) if !federation.is_member(caisse) => {
            return Err(FederationRefused::UnknownCaisse.into());
        }
        Change::Remove(_) => {}
    }
    let proposal = Proposal { base: federation.view.register.effective(), change };
    let id = proposal.id();
    publish(state, turn, PublicBody::Proposed(Box::new(proposal)))?;
    refresh(state, turn);
    Ok(Answer::Proposed(id))
}

/// Approves a proposal.
pub(crate) fn approve(state: &mut State, turn: &mut Turn<'_>, id: ProposalId) -> Outcome {
    let federation = founded(state)?;
    let known = federation.view.register.proposals().any(|(known, ..)| *known == id);
    if !known {
        return Err(FederationRefused::UnknownProposal.into());
    }
    publish(state, turn, PublicBody::Approved(id))?;
    refresh(state, turn);
    Ok(Answer::Done)
}

/// Offers terms to another caisse.
pub(crate) fn agree(
    state: &mut State,
    turn: &mut Turn<'_>,
    with: CaisseId,
    terms: Terms,
) -> Outcome {
    if with == state.me {
        return Err(FederationRefused::Itself.into());
    }
    if !founded(state)?.is_member(&with) {
        return Err(FederationRefused::UnknownCaisse.into());
    }
    let offer = TermsOffer { with, terms };
    publish(state, turn, PublicBody::TermsOffered(offer)).map_err(Refused::from)?;
    shelf::publish(state, turn);
    super::eligible::publish_ours(state, turn);
    Ok(Answer::Done)
}
