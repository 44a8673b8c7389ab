//! The rows of an evaluation, with what would tell of too few left out.

use std::collections::{BTreeMap, BTreeSet};

use crdt::{MemberId, SignedCents};

use super::figures::{Figures, People, Place, Sum};
use super::suppress::{Atom, FEWEST, hidden};
use crate::answer::{Dimension, Indicator, IndicatorRow, Unit};
use crate::foresight::{minus, plus, ratio};

/// The category of what is not divided.
const ALL: &str = "all";

/// The category of vendors of other caisses.
const ELSEWHERE: &str = "elsewhere";

/// Vendors of whose concentration anything can be said: of fewer, the index tells the sales of each.
const FEWEST_VENDORS: usize = 5;

/// By what spending is divided.
const DIMENSIONS: [Dimension; 3] = [Dimension::VendorKind, Dimension::Commune, Dimension::Caisse];

/// Returns the rows of a period.
pub(super) fn rows(figures: &Figures<'_>) -> Vec<IndicatorRow> {
    let mut rows = totals(figures);
    rows.extend(spending(figures));
    rows.extend(concentration(figures));
    rows.extend(refusals(figures));
    let counted = |indicator, count: u64| IndicatorRow {
        n: None,
        ..row(indicator, i64::try_from(count).ok(), Unit::Count, &Behind::Nobody)
    };
    rows.push(counted(Indicator::Decisions, figures.decisions));
    rows.push(counted(Indicator::ApprovedVendors, figures.approved));
    rows
}

/// Who is behind a figure.
enum Behind {
    /// So many households, each difference that the figure gives away counted too.
    Enough(usize),
    /// Too few.
    TooFew,
    /// No household: there is nothing to protect.
    Nobody,
}

impl Behind {
    /// The households of an amount. Money of households that are not known is as that of too few.
    fn of(amount: SignedCents, people: &People) -> Self {
        match Self::each(&[people.len()]) {
            Self::Nobody if amount != SignedCents::ZERO => Self::TooFew,
            behind => behind,
        }
    }

    /// The households of two figures of which a third is made.
    const fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::TooFew, _) | (_, Self::TooFew) => Self::TooFew,
            (Self::Enough(one), Self::Enough(two)) => {
                Self::Enough(if *one < *two { *one } else { *two })
            }
            (Self::Enough(count), Self::Nobody) | (Self::Nobody, Self::Enough(count)) => {
                Self::Enough(*count)
            }
            (Self::Nobody, Self::Nobody) => Self::Nobody,
        }
    }

    /// Of groups of households, each must be empty or large.
    fn each(groups: &[usize]) -> Self {
        match groups.iter().copied().filter(|count| *count > 0).min() {
            None => Self::Nobody,
            Some(least) if least < FEWEST => Self::TooFew,
            Some(least) => Self::Enough(least),
        }
    }
}

fn row(indicator: Indicator, value: Option<i64>, unit: Unit, behind: &Behind) -> IndicatorRow {
    let suppressed = matches!(behind, Behind::TooFew);
    let n = match behind {
        // Two exact numbers of households could be subtracted from each other.
        Behind::Enough(count) => Some((count / 10 * 10) as u64),
        Behind::Nobody => Some(0),
        Behind::TooFew => None,
    };
    IndicatorRow {
        indicator,
        dimension: Dimension::All,
        category: ALL.to_owned(),
        value: value.filter(|_| !suppressed),
        unit,
        n,
        suppressed,
    }
}

fn totals(figures: &Figures<'_>) -> Vec<IndicatorRow> {
    let Figures { contributions, allocations, opening, credit_used, issued, .. } = figures;
    let points = |part: SignedCents, whole| ratio(part, whole).and_then(|p| i64::try_from(p).ok());
    let cents = |indicator, sum: &Sum, behind: &Behind| {
        row(indicator, Some(sum.amount.get()), Unit::Cents, behind)
    };
    let of_contributions = Behind::of(contributions.amount, &contributions.people);
    let to_households = minus(allocations.amount, figures.into_pot);
    let of_allocations = Behind::of(to_households, &allocations.people);
    let both = of_contributions.and(&of_allocations);
    let cover = points(contributions.amount, allocations.amount);
    let holders: People = opening.people.union(&allocations.people).copied().collect();
    // What was held at the beginning follows from take-up, allocations and spending.
    let of_credit = Behind::each(&[holders.len(), opening.people.len(), credit_used.people.len()]);
    let take_up = points(credit_used.amount, plus(opening.amount, *issued));
    let active: BTreeSet<&MemberId> = figures
        .spending
        .values()
        .flat_map(|sum| &sum.people)
        .filter(|m| holders.contains(m))
        .collect();
    let split = Behind::each(&[active.len(), holders.len() - active.len()]);
    let share = points(count(active.len()), count(holders.len()));
    vec![
        cents(Indicator::Contributions, contributions, &of_contributions),
        cents(Indicator::Allocations, allocations, &of_allocations),
        row(Indicator::CoverRatio, cover, Unit::BasisPoints, &both),
        row(Indicator::TakeUp, take_up, Unit::BasisPoints, &of_credit),
        row(Indicator::ActiveShare, share, Unit::BasisPoints, &split),
    ]
}

/// A number of things, for a ratio.
fn count(things: usize) -> SignedCents {
    SignedCents::new(i64::try_from(things).unwrap_or(i64::MAX))
}

fn spending(figures: &Figures<'_>) -> Vec<IndicatorRow> {
    let cells: Vec<(Vec<String>, &Sum)> =
        figures.spending.iter().map(|(place, sum)| (categories(figures, *place), sum)).collect();
    let mut atoms = BTreeMap::<Vec<String>, People>::new();
    for (categories, sum) in &cells {
        atoms.entry(categories.clone()).or_default().extend(&sum.people);
    }
    let atoms: Vec<Atom<String, MemberId>> = atoms.into_iter().collect();
    let hidden = hidden(&atoms);
    let mut all = Sum::default();
    let mut divided = BTreeMap::<(usize, String), Sum>::new();
    for (categories, sum) in cells {
        for place in categories.into_iter().enumerate() {
            let part = divided.entry(place).or_default();
            part.amount = plus(part.amount, sum.amount);
            part.people.extend(&sum.people);
        }
        all.amount = plus(all.amount, sum.amount);
        all.people.extend(&sum.people);
    }
    let mut rows = vec![spent(&all, hidden.whole)];
    for ((dimension, category), sum) in divided {
        let hides = hidden.hides(dimension, &category);
        rows.push(IndicatorRow {
            dimension: DIMENSIONS[dimension],
            category,
            ..spent(&sum, hides)
        });
    }
    rows
}

fn spent(sum: &Sum, hides: bool) -> IndicatorRow {
    let behind = if hides { Behind::TooFew } else { Behind::of(sum.amount, &sum.people) };
    row(Indicator::Spending, Some(sum.amount.get()), Unit::Cents, &behind)
}

/// The category of a place in each of [`DIMENSIONS`].
fn categories(figures: &Figures<'_>, place: Place) -> Vec<String> {
    match place {
        Place::Own(vendor) => {
            let vendor = figures.vendors.get(&vendor);
            let known = |of: fn(&crate::vendor::Vendor) -> &String| {
                vendor.map_or_else(|| "unknown".to_owned(), |vendor| of(vendor).clone())
            };
            vec![known(|vendor| &vendor.kind), known(|vendor| &vendor.commune), "own".to_owned()]
        }
        Place::Elsewhere(caisse) => {
            vec![ELSEWHERE.to_owned(), ELSEWHERE.to_owned(), caisse.to_string()]
        }
    }
}

/// How spending is shared among our own vendors.
fn concentration(figures: &Figures<'_>) -> Vec<IndicatorRow> {
    let own = figures.spending.iter().filter(|(place, _)| matches!(place, Place::Own(_)));
    let mut sales: Vec<(u64, usize)> =
        own.map(|(_, sum)| (sum.amount.positive_part().get(), sum.people.len())).collect();
    sales.sort_unstable_by(|one, other| other.cmp(one));
    let total: u128 = sales.iter().map(|(sales, _)| u128::from(*sales)).sum();
    let share = |sales: u64| (u128::from(sales) * 10_000).checked_div(total).unwrap_or(0);
    let index: u128 = sales.iter().map(|(sales, _)| share(*sales) * share(*sales) / 10_000).sum();
    let top: u128 = sales.iter().take(3).map(|(sales, _)| share(*sales)).sum();
    let people: Vec<usize> = sales.iter().take(3).map(|(_, people)| *people).collect();
    let behind = match sales.len() {
        0 => Behind::Nobody,
        few if few < FEWEST_VENDORS => Behind::TooFew,
        _ => Behind::each(&people),
    };
    let points = |value: u128| i64::try_from(value).ok().filter(|_| total > 0);
    vec![
        row(Indicator::Concentration, points(index), Unit::BasisPoints, &behind),
        row(Indicator::TopThreeShare, points(top), Unit::BasisPoints, &behind),
    ]
}

fn refusals(figures: &Figures<'_>) -> Vec<IndicatorRow> {
    let atoms: Vec<Atom<&str, MemberId>> = figures
        .refusals
        .iter()
        .map(|(reason, (_, people))| (vec![*reason], people.clone()))
        .collect();
    let hidden = hidden(&atoms);
    let count = |count: u64, people: usize, hides: bool| {
        let behind = if hides { Behind::TooFew } else { Behind::each(&[people]) };
        row(Indicator::Refusals, i64::try_from(count).ok(), Unit::Count, &behind)
    };
    let everyone: BTreeSet<&MemberId> =
        figures.refusals.values().flat_map(|(_, people)| people).collect();
    let total = figures.refusals.values().map(|(count, _)| count).sum();
    let mut rows = vec![count(total, everyone.len(), hidden.whole)];
    for (reason, (times, people)) in &figures.refusals {
        rows.push(IndicatorRow {
            dimension: Dimension::Reason,
            category: (*reason).to_owned(),
            ..count(*times, people.len(), hidden.hides(0, reason))
        });
    }
    rows
}
