//! The demo's members, vendors and products fit the configurations that they live under.

use std::collections::BTreeSet;

use ledger::rules::Household;

use super::examples::example;

const VENDORS: &str = include_str!("../../../../cli/fixtures/vendors.csv");
const PRODUCTS: &str = include_str!("../../../../cli/fixtures/products.csv");
const MEMBERS: [(&str, &str); 3] = [
    ("montpellier", include_str!("../../../../cli/fixtures/members-montpellier.csv")),
    ("sud-gironde", include_str!("../../../../cli/fixtures/members-sud-gironde.csv")),
    ("cadenet", include_str!("../../../../cli/fixtures/members-cadenet.csv")),
];

#[test]
fn every_member_of_the_demo_may_give_the_contribution_and_gets_an_allocation() {
    for (caisse, members) in MEMBERS {
        let rules = example(caisse).rules;
        let mut names = BTreeSet::new();
        for line in members.lines().skip(1) {
            let [name, adults, teens, children, contribution] =
                line.split(',').collect::<Vec<_>>()[..].try_into().expect("five fields");
            let number = |text: &str| text.parse::<u16>().expect("a number of persons");
            let (adults, teens, children) = (number(adults), number(teens), number(children));
            let household = Household { adults, teens, children };
            assert!(names.insert(name) && household.is_valid(), "{caisse}: {line}");
            let amount = contribution.parse().expect("an amount");
            assert_eq!(
                rules.contribution.accepts(&household, None, amount),
                Ok(()),
                "{caisse}: {line}"
            );
            assert!(rules.allocation.for_household(&household).is_some(), "{caisse}: {line}");
        }
        assert_eq!(names.len(), 40, "{caisse}");
    }
}

#[test]
fn every_vendor_of_the_demo_is_in_the_territory_of_its_caisse() {
    for line in VENDORS.lines().skip(1) {
        let [caisse, _, _, commune, coverage] =
            line.split(',').collect::<Vec<_>>()[..].try_into().expect("five fields");
        assert!(example(caisse).territory.iter().any(|known| known == commune), "{line}");
        assert!(["100", "70", "30"].contains(&coverage), "{line}");
    }
    assert_eq!(VENDORS.lines().count(), 1 + 18);
}

#[test]
fn the_demo_sells_over_300_foods_at_three_rates_by_vendors_that_exist() {
    let (mut codes, mut foods, mut rates) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in PRODUCTS.lines().skip(1) {
        // The name alone may hold commas, and so quotes.
        let [price, rate, climate, ciqual, rest] =
            line.rsplitn(5, ',').collect::<Vec<_>>()[..].try_into().expect("more than five fields");
        let [caisse, vendor, code, _] =
            rest.splitn(4, ',').collect::<Vec<_>>()[..].try_into().expect("four fields");
        let row = format!("\n{caisse},{vendor},");
        assert!(VENDORS.contains(&row) && codes.insert(code), "{line}");
        assert!(price.parse().is_ok_and(|price: crdt::Cents| !price.is_zero()), "{line}");
        assert!(climate.parse().is_ok_and(|grams: u32| (100..100_000).contains(&grams)), "{line}");
        foods.insert(ciqual);
        rates.insert(rate);
    }
    assert!(foods.len() >= 300, "{} different foods", foods.len());
    assert_eq!(rates, BTreeSet::from(["100", "70", "30"]));
}
