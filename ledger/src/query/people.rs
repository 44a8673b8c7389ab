//! Members and vendors, for the operator.

use std::collections::BTreeMap;

use crdt::{Cents, Digest, MemberId, Month, VendorId};

use crate::account::Account;
use crate::answer::{Answer, MemberDetail, MemberInfo, VendorInfo};
use crate::card::card_info;
use crate::member::{Contribution, Member, Person, contribution_key};
use crate::records::Kind;
use crate::refused::{MemberRefused, VendorRefused};
use crate::state::State;
use crate::turn::{Outcome, Turn};
use crate::vendor::Vendor;

pub(super) fn members(state: &State, turn: &Turn<'_>) -> Vec<MemberInfo> {
    let mut cards: BTreeMap<MemberId, u32> = BTreeMap::new();
    for card in state.cards.values().filter(|card| !card.blocked) {
        *cards.entry(card.member).or_default() += 1;
    }
    let info = |(id, member): (&MemberId, &Member)| {
        member_info(state, turn, *id, member, cards.get(id).copied().unwrap_or(0))
    };
    state.members.iter().map(info).collect()
}

fn member_info(
    state: &State,
    turn: &Turn<'_>,
    id: MemberId,
    member: &Member,
    cards: u32,
) -> MemberInfo {
    let person: Option<Person> = turn.get(Kind::Person, id.as_bytes());
    MemberInfo {
        id,
        name: person.map(|person| person.name),
        household: member.household(turn.today()),
        left: member.left.map(|left| left.on),
        balance: state.books.available(id),
        cards,
    }
}

pub(super) fn member(state: &State, turn: &Turn<'_>, id: MemberId) -> Outcome {
    let member = state.members.get(&id).ok_or(MemberRefused::UnknownMember)?;
    let own = state.cards_of(id);
    let cards: Vec<_> = own.filter_map(|(card, _)| card_info(state, turn, card)).collect();
    let usable = cards.iter().filter(|card| !card.blocked).count();
    let info = member_info(state, turn, id, member, u32::try_from(usable).unwrap_or(u32::MAX));
    let contributions = contributions(turn, id);
    let restriction = state.restrictions.get(&id).copied().unwrap_or_default();
    let detail = MemberDetail { info, cards, restriction, contributions };
    Ok(Answer::Member(Box::new(detail)))
}

pub(crate) fn contributions(turn: &Turn<'_>, id: MemberId) -> BTreeMap<Month, Cents> {
    let from = contribution_key(id, None, None);
    let to = [from.as_slice(), &[0xff; 32]].concat();
    let mut sums: BTreeMap<Month, Cents> = BTreeMap::new();
    for (key, bytes) in turn.range(Kind::Contribution, &from, &to, usize::MAX) {
        // The key is the member, the seven letters of the month, the request.
        let month = key.get(MemberId::LEN..MemberId::LEN + 7);
        let month = month.and_then(|text| std::str::from_utf8(text).ok()?.parse::<Month>().ok());
        let contribution = crdt::wire::decode::<Contribution>(&bytes);
        if let (Some(month), Ok(contribution)) = (month, contribution) {
            let sum = sums.entry(month).or_default();
            *sum = sum.checked_add(contribution.amount).unwrap_or(Cents::MAX);
        }
    }
    sums
}

pub(super) fn vendors(state: &State, turn: &Turn<'_>) -> Vec<VendorInfo> {
    let vendors = state.vendors.iter();
    vendors.map(|(id, vendor)| vendor_info(state, turn, *id, vendor)).collect()
}

/// Returns the one vendor whose till has a secret.
pub(super) fn till(state: &State, turn: &Turn<'_>, secret: Digest) -> Outcome {
    let found = state.vendors.iter().find(|(_, vendor)| vendor.till == Some(secret));
    let (id, vendor) = found.ok_or(VendorRefused::UnknownVendor)?;
    Ok(Answer::Vendors(vec![vendor_info(state, turn, *id, vendor)]))
}

fn vendor_info(state: &State, turn: &Turn<'_>, id: VendorId, vendor: &Vendor) -> VendorInfo {
    VendorInfo {
        id,
        name: vendor.name.clone(),
        commune: vendor.commune.clone(),
        kind: vendor.kind.clone(),
        coverage: vendor.coverage(turn.now),
        balance: state.books.counters(Account::Vendor(id)).balance(),
    }
}
