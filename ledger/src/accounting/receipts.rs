//! Who gave more than they were issued: a draft for the receipts of an association that gives them.

use std::collections::BTreeMap;

use crdt::{Cents, MemberId, wire};

use crate::answer::OverContribution;
use crate::lots::Lot;
use crate::member::Contribution;
use crate::records::Kind;
use crate::refused::AccountingRefused;
use crate::state::State;
use crate::turn::Turn;

/// Lists the members who gave more in a year than they were issued in it.
pub(super) fn list(
    state: &State,
    turn: &Turn<'_>,
    year: i16,
) -> Result<Vec<OverContribution>, AccountingRefused> {
    if !state.settings.accounting.receipts {
        return Err(AccountingRefused::ReceiptsOff);
    }
    super::closing::last_day(year)?;
    let mut sums: BTreeMap<MemberId, (Cents, Cents)> = BTreeMap::new();
    let member = |key: &[u8]| MemberId::from_slice(key.get(..MemberId::LEN)?);
    let add = |to: &mut Cents, amount| *to = to.checked_add(amount).unwrap_or(Cents::MAX);
    for (key, value) in turn.range(Kind::Contribution, &[], &[], usize::MAX) {
        let given = member(&key).zip(wire::decode::<Contribution>(&value).ok());
        if let Some((member, given)) = given
            && turn.day_of(given.at).year() == year
        {
            add(&mut sums.entry(member).or_default().0, given.amount);
        }
    }
    for (key, value) in turn.range(Kind::Allocation, &[], &[], usize::MAX) {
        let lot = member(&key).zip(wire::decode::<Lot>(&value).ok());
        if let Some((member, lot)) = lot
            && lot.issued.year() == year
        {
            add(&mut sums.entry(member).or_default().1, lot.amount);
        }
    }
    let over = |(member, (given, issued)): (MemberId, (Cents, Cents))| {
        let over = given.checked_sub(issued).filter(|over| !over.is_zero())?;
        Some(OverContribution { member, given, issued, over })
    };
    Ok(sums.into_iter().filter_map(over).collect())
}
