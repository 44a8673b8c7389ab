//! Vendors and the committee's decisions about them.

use crdt::{BasisPoints, Digest, Timestamp, VendorId};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::limits;
use crate::records::Kind;
use crate::refused::VendorRefused;
use crate::shelf;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// A vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vendor {
    /// Its name, as on its stall.
    pub name: String,
    /// INSEE code of its commune.
    pub commune: String,
    /// What kind of place it is.
    pub kind: String,
    /// The hash of the secret with which its till speaks.
    pub till: Option<Digest>,
    /// The committee's decisions, oldest first.
    pub approvals: Vec<Approval>,
}

/// A dated decision of the committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// From when.
    pub from: Timestamp,
    /// At which rate sales are covered.
    pub coverage: BasisPoints,
    /// Why, for people.
    pub reason: String,
}

impl Vendor {
    /// Returns the rate in force at a moment. A sale keeps the rate under which it was authorised.
    #[must_use]
    pub fn coverage(&self, now: Timestamp) -> Option<BasisPoints> {
        let in_force = self.approvals.iter().rev().find(|approval| approval.from <= now);
        in_force.map(|approval| approval.coverage)
    }
}

pub(crate) fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= limits::TEXT_CHARS
}

/// Records a vendor and opens its sheet in the catalogue.
pub(crate) fn add(state: &mut State, turn: &mut Turn<'_>, vendor: Vendor) -> Outcome {
    if !is_text(&vendor.name) || !is_text(&vendor.kind) {
        return Err(VendorRefused::Text.into());
    }
    let code = vendor.commune.as_bytes();
    if code.len() != 5 || !code.iter().all(u8::is_ascii_alphanumeric) {
        return Err(VendorRefused::Commune.into());
    }
    let id = VendorId::new(state.random("vendor"));
    turn.put(Kind::Vendor, id.as_bytes(), &vendor);
    state.vendors.insert(id, vendor);
    shelf::put_vendor(state, turn, id)?;
    Ok(Answer::VendorAdded(id))
}

/// Approves a vendor from now on.
pub(crate) fn approve(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: VendorId,
    coverage: BasisPoints,
    reason: String,
) -> Outcome {
    let vendor = state.vendors.get_mut(&id).ok_or(VendorRefused::UnknownVendor)?;
    if !is_text(&reason) {
        return Err(VendorRefused::Text.into());
    }
    vendor.approvals.push(Approval { from: turn.now, coverage, reason });
    turn.put(Kind::Vendor, id.as_bytes(), vendor);
    shelf::put_vendor(state, turn, id)?;
    Ok(Answer::Done)
}
