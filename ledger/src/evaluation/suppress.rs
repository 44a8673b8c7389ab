//! No figure about a few: which cells of a table are left out, so that none of what is published tells of
//! fewer than [`FEWEST`] people, not even by adding and subtracting.
//!
//! A table has dimensions (such as the kind of a vendor and its commune); what is published are sums by
//! the categories of each dimension, and the sum of all. The finest cells, one category of each dimension,
//! are never published, but subtracting can come close: *the market's sales less those of the village*
//! may be one stall. So categories are left out until this holds: join, in each dimension, all that is
//! left out into one; then every cell of the joined table has enough people, or is empty. Every published
//! sum is the same on all of a joined cell, so whatever is added or subtracted can only tell of whole
//! joined cells. (Complementary suppression; compare Hundepool et al., *Statistical Disclosure Control*,
//! 2012, chapter 4. It leaves out more than need be, and needs no solver.)

use std::collections::{BTreeMap, BTreeSet};

/// The fewest people that a published cell may tell of.
pub const FEWEST: usize = 10;

/// What is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden<C> {
    dimensions: Vec<BTreeSet<C>>,
    /// Everything, even the sum of all.
    pub whole: bool,
}

impl<C: Ord> Hidden<C> {
    /// Whether a category of a dimension is left out.
    pub(crate) fn hides(&self, dimension: usize, category: &C) -> bool {
        let hidden = self.dimensions.get(dimension);
        self.whole || hidden.is_some_and(|hidden| hidden.contains(category))
    }
}

/// The finest cells, each with its category of every dimension and the people behind it.
pub(crate) type Atom<C, P> = (Vec<C>, BTreeSet<P>);

/// Works out what is left out of a table.
pub(crate) fn hidden<C: Ord + Clone, P: Ord>(atoms: &[Atom<C, P>]) -> Hidden<C> {
    let dimensions = atoms.iter().map(|(categories, _)| categories.len()).max().unwrap_or(0);
    let mut hidden = Hidden { dimensions: vec![BTreeSet::new(); dimensions], whole: false };
    while let Some(small) = smallest_joined(atoms, &hidden) {
        let named = small.into_iter().enumerate();
        let named = named.filter_map(|(dimension, category)| Some((dimension, category?)));
        let candidates: Vec<(usize, C)> = named.collect();
        let candidates = if candidates.is_empty() { shown(atoms, &hidden) } else { candidates };
        let fewest = candidates.into_iter().min_by_key(|(dimension, category)| {
            (people(atoms, *dimension, category), std::cmp::Reverse(*dimension), category.clone())
        });
        let Some((dimension, category)) = fewest else {
            hidden.whole = true;
            break;
        };
        hidden.dimensions[dimension].insert(category);
    }
    hidden
}

/// The categories of the smallest joined cell that has too few people; `None` stands for what is joined.
fn smallest_joined<C: Ord + Clone, P: Ord>(
    atoms: &[Atom<C, P>],
    hidden: &Hidden<C>,
) -> Option<Vec<Option<C>>> {
    let mut joined = BTreeMap::<Vec<Option<C>>, BTreeSet<&P>>::new();
    for (categories, people) in atoms.iter().filter(|(_, people)| !people.is_empty()) {
        let shown = |(dimension, category): (usize, &C)| {
            (!hidden.hides(dimension, category)).then(|| category.clone())
        };
        let cell = categories.iter().enumerate().map(shown).collect();
        joined.entry(cell).or_default().extend(people);
    }
    let small = joined.into_iter().filter(|(_, people)| people.len() < FEWEST);
    small.min_by_key(|(_, people)| people.len()).map(|(cell, _)| cell)
}

/// What is still shown: first in dimensions of which something is left out already.
fn shown<C: Ord + Clone, P: Ord>(atoms: &[Atom<C, P>], hidden: &Hidden<C>) -> Vec<(usize, C)> {
    let categories = atoms.iter().flat_map(|(categories, _)| categories.iter().enumerate());
    let shown: BTreeSet<(usize, C)> = categories
        .filter(|(dimension, category)| !hidden.hides(*dimension, category))
        .map(|(dimension, category)| (dimension, category.clone()))
        .collect();
    let begun = |dimension: usize| {
        hidden.dimensions.get(dimension).is_some_and(|hidden| !hidden.is_empty())
    };
    let first: Vec<(usize, C)> = shown.iter().filter(|(d, _)| begun(*d)).cloned().collect();
    if first.is_empty() { shown.into_iter().collect() } else { first }
}

fn people<C: Ord, P: Ord>(atoms: &[Atom<C, P>], dimension: usize, category: &C) -> usize {
    let of = atoms.iter().filter(|(categories, _)| categories.get(dimension) == Some(category));
    of.flat_map(|(_, people)| people).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests;
