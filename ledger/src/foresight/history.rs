//! What a replay of rules needs of the last months: households, what they gave, what they bought.

use std::collections::BTreeMap;

use crdt::{Cents, MemberId, Month, wire};

use crate::member::{Contribution, Member, read_contribution_key};
use crate::payment::{Sale, SaleState};
use crate::records::{Kind, Row};
use crate::rules::Household;
use crate::sale::{Mode, Part};
use crate::state::State;
use crate::turn::Turn;
use crate::verify::each;

/// The last months of a caisse.
pub(super) struct History {
    /// The months, oldest first.
    pub months: Vec<Month>,
    members: BTreeMap<MemberId, Member>,
    enrolled: BTreeMap<MemberId, Month>,
    contributed: BTreeMap<(MemberId, Month), Cents>,
    bought: BTreeMap<(MemberId, Month), Vec<Bought>>,
}

/// A purchase at one of our vendors, as far as rules ask.
#[derive(Clone, Debug)]
pub(super) struct Bought {
    pub amount: Cents,
    pub parts: Vec<Part>,
    pub own_money: Cents,
    pub mode: Mode,
    /// What was covered, and what of it was given back since.
    pub covered: Cents,
    pub refunded: Cents,
}

impl History {
    /// Reads months from the store, each kind of records once.
    pub(super) fn read(state: &State, turn: &Turn<'_>, months: Vec<Month>) -> Self {
        let enrolled = |member: &Member| turn.day_of(member.since).month();
        let mut history = Self {
            months,
            members: state.members.clone(),
            enrolled: state.members.iter().map(|(id, m)| (*id, enrolled(m))).collect(),
            contributed: BTreeMap::new(),
            bought: BTreeMap::new(),
        };
        each(turn, Kind::Contribution, |row| {
            if let Some((id, month, amount)) = read_contribution(row) {
                let sum = history.contributed.entry((id, month)).or_default();
                *sum = sum.checked_add(amount).unwrap_or(Cents::MAX);
            }
        });
        each(turn, Kind::Sale, |(_, bytes)| history.add_sale(turn, bytes));
        history
    }

    fn add_sale(&mut self, turn: &Turn<'_>, bytes: &[u8]) {
        let Ok(sale) = wire::decode::<Sale>(bytes) else { return };
        let (Some(member), SaleState::Paid) = (sale.member, &sale.state) else { return };
        let month = turn.day_of(sale.at).month();
        if self.months.contains(&month) {
            self.bought.entry((member, month)).or_default().push(Bought {
                amount: sale.amount,
                parts: sale.parts,
                own_money: sale.member_share,
                mode: sale.mode,
                covered: sale.covered,
                refunded: sale.refunded,
            });
        }
    }

    /// What a member contributed for a month.
    pub(super) fn contributed(&self, member: MemberId, month: Month) -> Cents {
        self.contributed.get(&(member, month)).copied().unwrap_or_default()
    }

    /// What was contributed for a month in all.
    pub(super) fn contributions(&self, month: Month) -> Cents {
        let of_month = self.contributed.iter().filter(|((_, m), _)| *m == month);
        Cents::checked_sum(of_month.map(|(_, amount)| *amount)).unwrap_or(Cents::MAX)
    }

    /// What a member bought in a month.
    pub(super) fn bought(&self, member: MemberId, month: Month) -> &[Bought] {
        self.bought.get(&(member, month)).map_or(&[], Vec::as_slice)
    }

    /// Who a member was at the end of the last month.
    pub(super) fn household(&self, member: MemberId) -> Option<Household> {
        let last = self.months.last()?.last_day();
        self.members.get(&member).map(|member| member.household(last))
    }

    /// Who was a member in a month, and of which household at its end.
    pub(super) fn present(
        &self,
        month: Month,
    ) -> impl Iterator<Item = (MemberId, Household)> + Clone {
        let joined =
            move |id: &MemberId| self.enrolled.get(id).is_some_and(|since| *since <= month);
        let stayed = move |member: &Member| member.left.is_none_or(|left| left.on.month() >= month);
        let members = self.members.iter();
        let members = members.filter(move |(id, member)| joined(id) && stayed(member));
        members.map(move |(id, member)| (*id, member.household(month.last_day())))
    }
}

/// Reads who contributed how much for which month.
fn read_contribution((key, value): &Row) -> Option<(MemberId, Month, Cents)> {
    let (member, month) = read_contribution_key(key)?;
    let Contribution { amount, .. } = wire::decode(value).ok()?;
    Some((member, month, amount))
}
