//! A rule set tried on the caisse's own last months, beside the rules that were in force.

use std::collections::{BTreeMap, BTreeSet};

use crdt::{Cents, MemberId, SignedCents};

use super::history::History;
use super::replay::Replay;
use super::{last_months, minus, plus, ratio};
use crate::allocation::rules_of;
use crate::answer::{
    Cost, HouseholdType, Moves, SimulatedMonth, Simulation, TypeFigures, TypeRow, Unknown,
};
use crate::books::JournalEntry;
use crate::command::Cells;
use crate::evaluation::{FEWEST, hidden};
use crate::records::Kind;
use crate::refused::ForesightRefused;
use crate::rules::{Allocation, Household, Rules};
use crate::state::State;
use crate::turn::Turn;

impl HouseholdType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::One,
        Self::OneWithChildren,
        Self::Two,
        Self::TwoWithChildren,
        Self::ThreeOrMore,
        Self::ThreeOrMoreWithChildren,
    ];

    /// Returns the type of a household. One of teens alone counts as one of one adult.
    #[must_use]
    pub const fn of(household: &Household) -> Self {
        let with = household.teens > 0 || household.children > 0;
        match (household.adults, with) {
            (0 | 1, false) => Self::One,
            (0 | 1, true) => Self::OneWithChildren,
            (2, false) => Self::Two,
            (2, true) => Self::TwoWithChildren,
            (_, false) => Self::ThreeOrMore,
            (_, true) => Self::ThreeOrMoreWithChildren,
        }
    }
}

/// What a household would have got over all months.
#[derive(Clone, Copy, Default)]
struct Got {
    in_force: SignedCents,
    tried: SignedCents,
    months: u64,
}

impl Got {
    const fn change(&self) -> SignedCents {
        minus(self.tried, self.in_force)
    }
}

type PerHousehold = BTreeMap<MemberId, Got>;

/// Tries a rule set.
pub(super) fn simulate(
    state: &State,
    turn: &Turn<'_>,
    tried: &Rules,
    months: i16,
    cells: Cells,
) -> Result<Simulation, ForesightRefused> {
    tried.check().map_err(ForesightRefused::Rules)?;
    let first = turn.get::<JournalEntry>(Kind::Journal, &0_u64.to_be_bytes());
    let first = first.ok_or(ForesightRefused::NoHistory)?.date.month();
    let history = History::read(state, turn, last_months(first, turn.today(), months));
    let mut got = PerHousehold::new();
    let mut rows = Vec::new();
    for month in history.months.iter().copied() {
        let in_force = rules_of(state, month);
        let old = Replay::of(in_force, in_force, &history, month);
        let new = Replay::of(tried, in_force, &history, month);
        let mut row = SimulatedMonth {
            month,
            rules: in_force.version,
            in_force: SignedCents::ZERO,
            tried: SignedCents::ZERO,
        };
        for (id, household) in history.present(month) {
            let (before, after) = (old.given(id, &household), new.given(id, &household));
            row.in_force = plus(row.in_force, before);
            row.tried = plus(row.tried, after);
            let sums = got.entry(id).or_default();
            sums.in_force = plus(sums.in_force, before);
            sums.tried = plus(sums.tried, after);
            sums.months += 1;
        }
        rows.push(row);
    }
    let contributions = history.months.iter().map(|month| history.contributions(*month));
    let contributions = Cents::checked_sum(contributions).unwrap_or(Cents::MAX);
    let cost = |given: fn(&SimulatedMonth) -> SignedCents| {
        let given = rows.iter().map(given).fold(SignedCents::ZERO, plus);
        Cost { given, cover_ratio: ratio(contributions.signed(), given) }
    };
    let (types, all) = by_type(&history, &got, cells);
    Ok(Simulation {
        on: turn.today(),
        version: tried.version,
        in_force: cost(|row| row.in_force),
        tried: cost(|row| row.tried),
        contributions,
        types,
        all,
        small_cells_shown: cells == Cells::All,
        unknown: unknown(state, &history, tried),
        months: rows,
    })
}

/// The rows by type and the one of all, with what must not be shown left out.
fn by_type(history: &History, got: &PerHousehold, cells: Cells) -> (Vec<TypeRow>, TypeRow) {
    let mut groups = BTreeMap::<HouseholdType, PerHousehold>::new();
    for (id, sums) in got {
        if let Some(household) = history.household(*id) {
            groups.entry(HouseholdType::of(&household)).or_default().insert(*id, *sums);
        }
    }
    let atoms: Vec<(Vec<HouseholdType>, BTreeSet<MemberId>)> = groups
        .iter()
        .map(|(household, group)| (vec![*household], group.keys().copied().collect()))
        .collect();
    let hides = if cells == Cells::All { None } else { Some(hidden(&atoms)) };
    let is_hidden = |household: &HouseholdType| {
        hides.as_ref().is_some_and(|hides| hides.whole || hides.hides(0, household))
    };
    let mut rows = Vec::new();
    // Who is in no row that shows its moves: those of all households tell theirs by subtraction.
    let mut rest = Moves::default();
    for (household, group) in &groups {
        let shown = (!is_hidden(household)).then(|| figures(group, cells));
        if shown.is_none_or(|figures| figures.moves.is_none()) {
            rest = rest.and(moves(group));
        }
        rows.push(TypeRow { household: Some(*household), figures: shown });
    }
    let whole = hides.as_ref().is_some_and(|hides| hides.whole);
    let mut all = (!whole).then(|| figures(got, cells));
    if let Some(figures) = all.as_mut().filter(|_| cells == Cells::LargeOnly && !rest.is_large()) {
        figures.moves = None;
    }
    (rows, TypeRow { household: None, figures: all })
}

fn moves(group: &PerHousehold) -> Moves {
    let mut moves = Moves::default();
    for got in group.values() {
        match got.change().cmp(&SignedCents::ZERO) {
            std::cmp::Ordering::Greater => moves.gain += 1,
            std::cmp::Ordering::Less => moves.lose += 1,
            std::cmp::Ordering::Equal => moves.stay += 1,
        }
    }
    moves
}

impl Moves {
    const fn and(self, other: Self) -> Self {
        Self {
            gain: self.gain + other.gain,
            lose: self.lose + other.lose,
            stay: self.stay + other.stay,
        }
    }

    /// Whether each of the numbers is none or enough.
    fn is_large(self) -> bool {
        [self.gain, self.lose, self.stay].into_iter().all(|n| n == 0 || n >= FEWEST as u64)
    }
}

fn figures(group: &PerHousehold, cells: Cells) -> TypeFigures {
    let sum = |of: fn(&Got) -> SignedCents| group.values().map(of).fold(SignedCents::ZERO, plus);
    let (in_force, tried) = (sum(|got| got.in_force), sum(|got| got.tried));
    let months: u64 = group.values().map(|got| got.months).sum();
    let months = i64::try_from(months).unwrap_or(i64::MAX).max(1);
    let moves = moves(group);
    let shown = |count: u64| cells == Cells::All || count >= FEWEST as u64;
    let largest = |change: fn(&Got) -> Cents| group.values().map(change).max().unwrap_or_default();
    let gain = largest(|got| got.change().positive_part());
    let loss = largest(|got| got.change().negated().positive_part());
    TypeFigures {
        households: group.len() as u64,
        in_force,
        tried,
        mean_change: SignedCents::new(minus(tried, in_force).get() / months),
        moves: (cells == Cells::All || moves.is_large()).then_some(moves),
        largest_gain: shown(moves.gain).then_some(gain).filter(|gain| !gain.is_zero()),
        largest_loss: shown(moves.lose).then_some(loss).filter(|loss| !loss.is_zero()),
    }
}

/// What cannot be known, as far as the models that take part make it matter.
fn unknown(state: &State, history: &History, tried: &Rules) -> Vec<Unknown> {
    let in_force = history.months.iter().map(|month| &rules_of(state, *month).allocation);
    let models: Vec<&Allocation> = in_force.chain([&tried.allocation]).collect();
    let mut unknown = vec![Unknown::Behaviour, Unknown::Limits];
    if models.iter().any(|model| !model.is_monthly()) {
        unknown.push(Unknown::Elsewhere);
    }
    if models.iter().any(|model| matches!(model, Allocation::PriceTiers { .. })) {
        unknown.push(Unknown::Tiers);
    }
    if matches!(tried.allocation, Allocation::Bonus { .. }) {
        unknown.push(Unknown::OwnMoney);
    }
    unknown
}
