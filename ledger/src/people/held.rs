//! Everything that is held of a person, for the person (GDPR articles 15 and 20).

use crdt::MemberId;

use super::{person_of, traces, waiting};
use crate::account::Account;
use crate::answer::{HeldOf, OtherRecord};
use crate::card::card_info;
use crate::lots;
use crate::query::contributions;
use crate::refused::{MemberRefused, Refused};
use crate::state::State;
use crate::turn::Turn;

/// Returns everything that is held of a member, or of someone who waits.
pub(super) fn of(state: &State, turn: &Turn<'_>, id: MemberId) -> Result<HeldOf, Refused> {
    let member = state.members.get(&id);
    let waits = waiting::of(turn, id).ok();
    let since = member.map(|member| member.since).or(waits.map(|waits| waits.since));
    let since = since.ok_or(MemberRefused::UnknownMember)?;
    let waiting = waits.map(|waits| (turn.day_of(waits.since), waits.household));
    let traces = traces::of(state, turn, id);
    let cards = state.cards.iter().filter(|(_, card)| card.member == id);
    let others = traces.records.iter().map(|(kind, key, value)| OtherRecord {
        kind: *kind,
        key: key.iter().map(|byte| format!("{byte:02x}")).collect(),
        texts: traces::texts(value),
    });
    Ok(HeldOf {
        member: id,
        since,
        waits: waits.is_some(),
        left: member.and_then(|member| member.left),
        erased: member.and_then(|member| member.erased),
        person: person_of(turn, id),
        households: member
            .map_or_else(|| waiting.into_iter().collect(), |member| member.households.clone()),
        balance: state.books.available(id),
        owed: state.books.counters(Account::Claim(id)).available(),
        cards: cards.filter_map(|(card, _)| card_info(state, turn, *card)).collect(),
        contributions: contributions(turn, id),
        lots: lots::of_member(turn, id),
        others: others.collect(),
        purchases: traces.purchases,
        entries: traces.entries,
    })
}
