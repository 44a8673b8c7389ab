use proptest::prelude::*;

use super::*;

type Table = Vec<Atom<u8, u16>>;

fn cell(categories: &[u8], people: std::ops::Range<u16>) -> Atom<u8, u16> {
    (categories.to_vec(), people.collect())
}

#[test]
fn a_small_cell_takes_the_next_smallest_with_it_or_the_total_would_tell() {
    let table = [cell(&[0], 0..30), cell(&[1], 30..70), cell(&[2], 70..75)];
    let hidden = hidden(&table);
    assert_eq!(hidden.dimensions, [BTreeSet::from([0, 2])]);
    assert!(!hidden.whole);
}

#[test]
fn several_small_cells_that_are_enough_together_take_none_with_them() {
    let table = [cell(&[0], 0..30), cell(&[1], 30..36), cell(&[2], 36..42)];
    assert_eq!(hidden(&table).dimensions, [BTreeSet::from([1, 2])]);
}

#[test]
fn of_fewer_than_ten_people_nothing_is_said_at_all() {
    let hidden = hidden(&[cell(&[0], 0..5), cell(&[1], 5..9)]);
    assert!(hidden.whole && hidden.hides(0, &0));
}

#[test]
fn the_same_people_in_two_cells_count_once() {
    let table = [cell(&[0], 0..30), cell(&[1], 0..8), cell(&[2], 0..8)];
    assert_eq!(
        hidden(&table).dimensions,
        [BTreeSet::from([0, 1, 2])],
        "the sum is all that is left"
    );
}

#[test]
fn the_market_less_the_village_is_not_one_stall() {
    // All vendors of commune 0 are of kind 0, and one more stall of kind 0 is in commune 1.
    let table = [cell(&[0, 0], 0..40), cell(&[0, 1], 0..3), cell(&[1, 1], 0..40)];
    let hidden = hidden(&table);
    let shown = |dimension, category| !hidden.hides(dimension, &category);
    assert!(!(shown(0, 0) && shown(1, 0)), "{hidden:?}");
    assert!(!hidden.whole);
}

/// Whether `target` is a sum of multiples of `rows`: Gauss over the integers.
fn follows(rows: &[Vec<i128>], target: &[i128]) -> bool {
    let rank = |mut rows: Vec<Vec<i128>>| {
        let (mut rank, width) = (0, target.len());
        for column in 0..width {
            let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != 0) else {
                continue;
            };
            rows.swap(rank, pivot);
            let pivot = rows[rank].clone();
            for row in rows.iter_mut().skip(rank + 1) {
                let (a, b) = (pivot[column], row[column]);
                row.iter_mut().zip(&pivot).for_each(|(n, p)| *n = *n * a - p * b);
                let divisor = row.iter().fold(0_i128, |d, n| gcd(d, *n)).max(1);
                row.iter_mut().for_each(|n| *n /= divisor);
            }
            rank += 1;
        }
        rank
    };
    let with: Vec<Vec<i128>> = rows.iter().cloned().chain([target.to_vec()]).collect();
    rank(rows.to_vec()) == rank(with)
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

/// What is published of a table, as sums of its finest cells.
fn published(table: &Table, hidden: &Hidden<u8>) -> Vec<Vec<i128>> {
    let mut rows = Vec::new();
    if !hidden.whole {
        rows.push(vec![1; table.len()]);
    }
    for dimension in 0..table[0].0.len() {
        for category in 0..4 {
            if !hidden.hides(dimension, &category) {
                let of = |atom: &Atom<u8, u16>| i128::from(atom.0[dimension] == category);
                rows.push(table.iter().map(of).collect());
            }
        }
    }
    rows
}

fn tables() -> impl Strategy<Value = Table> {
    prop::collection::btree_map(prop::collection::vec(0_u8..3, 2), people_sets(), 1..8)
        .prop_map(|table| table.into_iter().collect())
}

fn people_sets() -> impl Strategy<Value = BTreeSet<u16>> {
    prop::collection::btree_set(0_u16..60, 1..40)
}

proptest! {
    /// The law: no sum of published cells, each taken any number of times, added or subtracted, is the
    /// figure of fewer than ten people.
    #[test]
    fn nothing_published_can_be_subtracted_to_a_small_cell(table in tables()) {
        let rows = published(&table, &hidden(&table));
        for chosen in 1_u32..1 << table.len() {
            let is_chosen = |place: usize| chosen >> place & 1 == 1;
            let of = |place| table.iter().enumerate().filter(move |(p, _)| is_chosen(*p) == place);
            let people: BTreeSet<u16> = of(true).flat_map(|(_, (_, people))| people.clone()).collect();
            if people.len() < FEWEST {
                let target: Vec<i128> = (0..table.len()).map(|p| i128::from(is_chosen(p))).collect();
                prop_assert!(!follows(&rows, &target), "{chosen:b} of {table:?}");
            }
        }
    }

    #[test]
    fn a_table_of_large_cells_is_published_whole(count in 1_u8..4) {
        let table: Table = (0..count).map(|n| cell(&[n], 0..15)).collect();
        let hidden = hidden(&table);
        prop_assert!(!hidden.whole && (0..count).all(|n| !hidden.hides(0, &n)));
    }
}
