//! The published rules of real caisses give the published amounts, and no rule can break the machine.

use proptest::prelude::*;

use super::*;

fn euros(euros: u32) -> Cents {
    Cents::from_u32(euros * 100)
}

fn household(adults: u16, teens: u16, children: u16) -> Household {
    Household { adults, teens, children }
}

fn scale(first: u32, further: u32, child: Option<u32>, most_persons: Option<u32>) -> Allocation {
    Allocation::HouseholdScale {
        first: euros(first),
        further: euros(further),
        child: child.map(euros),
        most_persons,
        after_contribution: false,
    }
}

fn per_person(amount: u32, child: Option<u32>) -> Allocation {
    Allocation::PerPerson {
        amount: euros(amount),
        child: child.map(euros),
        after_contribution: true,
    }
}

#[test]
fn montpellier_gives_100_for_each_person_children_too() {
    let rules = per_person(100, None);
    assert_eq!(rules.for_household(&household(1, 0, 0)), Some(euros(100)));
    assert_eq!(rules.for_household(&household(2, 1, 2)), Some(euros(500)));
    assert!(rules.after_contribution());
}

#[test]
fn a_caisse_may_count_children_for_less_or_for_nothing() {
    assert_eq!(per_person(100, Some(50)).for_household(&household(2, 1, 2)), Some(euros(400)));
    assert_eq!(per_person(100, Some(0)).for_household(&household(1, 0, 3)), Some(euros(100)));
}

#[test]
fn gironde_150_plus_75_per_further_person_equals_75_per_household_plus_75_per_person() {
    let gironde = scale(150, 75, None, None);
    for (adults, teens, children) in [(1, 0, 0), (2, 0, 0), (1, 1, 1), (2, 1, 3), (0, 1, 0)] {
        let household = household(adults, teens, children);
        let other = euros(75 + 75 * household.persons());
        assert_eq!(gironde.for_household(&household), Some(other), "{household:?}");
    }
}

#[test]
fn lyon_8_gives_40_for_a_child_under_14_and_75_for_a_teen() {
    let lyon = scale(150, 75, Some(40), None);
    assert_eq!(lyon.for_household(&household(1, 0, 0)), Some(euros(150)));
    assert_eq!(lyon.for_household(&household(2, 0, 2)), Some(euros(150 + 75 + 2 * 40)));
    assert_eq!(lyon.for_household(&household(1, 1, 1)), Some(euros(150 + 75 + 40)));
}

#[test]
fn grenoble_counts_at_most_4_persons_and_nantes_counts_all() {
    let grenoble = scale(100, 50, None, Some(4));
    assert_eq!(grenoble.for_household(&household(2, 1, 0)), Some(euros(200)));
    assert_eq!(grenoble.for_household(&household(2, 1, 1)), Some(euros(250)));
    assert_eq!(grenoble.for_household(&household(2, 1, 5)), Some(euros(250)));
    let nantes = scale(100, 50, None, None);
    assert_eq!(nantes.for_household(&household(2, 1, 5)), Some(euros(450)));
}

#[test]
fn where_few_count_those_over_13_count_first() {
    let rules = scale(100, 50, Some(20), Some(3));
    assert_eq!(rules.for_household(&household(2, 0, 3)), Some(euros(100 + 50 + 20)));
    assert_eq!(rules.for_household(&household(3, 1, 2)), Some(euros(100 + 50 + 50)));
}

#[test]
fn a_household_is_1_to_30_persons_and_never_children_alone() {
    assert!(household(1, 0, 0).is_valid() && household(0, 1, 2).is_valid());
    assert!(household(30, 0, 0).is_valid());
    for bad in [household(0, 0, 0), household(0, 0, 2), household(1, 0, 30)] {
        assert!(!bad.is_valid(), "{bad:?}");
    }
    assert!(!household(u16::MAX, u16::MAX, u16::MAX).is_valid());
}

#[test]
fn a_self_set_contribution_is_refused_by_its_minimum_then_its_maximum_then_its_step() {
    let (least, most, step) = (euros(5), euros(250), euros(5));
    let rules = Contribution::SelfSet { least, most, step };
    let alone = household(1, 0, 0);
    for accepted in [5, 10, 250] {
        assert_eq!(rules.accepts(&alone, euros(accepted)), Ok(()));
    }
    let refused = |amount| rules.accepts(&alone, amount).expect_err("it does not fit");
    assert_eq!(refused(Cents::ZERO), ContributionRefused::BelowMinimum { least });
    assert_eq!(refused(Cents::from_u32(499)), ContributionRefused::BelowMinimum { least });
    assert_eq!(refused(Cents::from_u32(25_001)), ContributionRefused::AboveMaximum { most });
    assert_eq!(refused(euros(12)), ContributionRefused::NotAStep { step });
}

#[test]
fn a_household_minimum_is_10_and_5_for_each_further_person() {
    let rules = Contribution::HouseholdMinimum { first: euros(10), further: euros(5), most: None };
    assert_eq!(rules.accepts(&household(1, 0, 0), euros(10)), Ok(()));
    assert_eq!(rules.accepts(&household(2, 1, 1), euros(25)), Ok(()));
    let below = rules.accepts(&household(2, 1, 1), euros(24));
    assert_eq!(below, Err(ContributionRefused::BelowMinimum { least: euros(25) }));
    assert_eq!(rules.accepts(&household(1, 0, 0), Cents::MAX), Ok(()));
}

#[test]
fn the_minimum_of_a_large_household_stops_at_the_most_so_that_it_can_contribute() {
    let most = euros(50);
    let rules =
        Contribution::HouseholdMinimum { first: euros(10), further: euros(5), most: Some(most) };
    assert_eq!(rules.accepts(&household(2, 0, 18), most), Ok(()));
    let above = rules.accepts(&household(2, 0, 18), euros(51));
    assert_eq!(above, Err(ContributionRefused::AboveMaximum { most }));
}

#[test]
fn rules_that_contradict_themselves_are_named() {
    let cent = Cents::from_u32(1);
    assert_eq!(scale(0, 75, None, None).check(), Err(BadRules::NothingForOne));
    assert_eq!(per_person(0, Some(40)).check(), Err(BadRules::NothingForOne));
    assert_eq!(scale(0, 75, None, Some(0)).check(), Err(BadRules::NobodyCounts));
    let huge =
        Allocation::PerPerson { amount: cent, child: Some(Cents::MAX), after_contribution: false };
    assert_eq!(huge.check(), Err(BadRules::TooMuch));
    let contribution = |least, most, step| Contribution::SelfSet { least, most, step }.check();
    let (least, most) = (euros(300), euros(250));
    let crossed = Err(BadRules::LeastAboveMost { least, most });
    assert_eq!(contribution(least, most, Cents::ZERO), crossed);
    let minimum = Contribution::HouseholdMinimum { first: least, further: cent, most: Some(most) };
    assert_eq!(minimum.check(), crossed);
    assert_eq!(contribution(cent, most, Cents::ZERO), Err(BadRules::ZeroStep));
    let (least, step) = (euros(1), euros(5));
    assert_eq!(contribution(least, most, step), Err(BadRules::LeastOffStep { least, step }));
}

#[test]
fn rules_look_the_same_after_json() {
    let rules = Rules {
        version: 1,
        from: Month::new(2026, 1).expect("a month"),
        reason: "decided".to_owned(),
        allocation: scale(150, 75, Some(40), Some(4)),
        contribution: Contribution::SelfSet { least: euros(5), most: euros(250), step: euros(5) },
    };
    assert_eq!(rules.check(), Ok(()));
    let text = serde_json::to_string(&rules).expect("rules are plain data");
    assert!(text.contains("\"first\":15000"), "amounts are integer cents: {text}");
    assert_eq!(serde_json::from_str::<Rules>(&text).expect("its own text"), rules);
}

fn any_cents() -> impl Strategy<Value = Cents> {
    prop_oneof![0..50_000_u64, Just(Cents::MAX.get()), 0..=Cents::MAX.get()]
        .prop_map(|cents| Cents::new(cents).expect("at most the largest amount"))
}

fn any_allocation() -> impl Strategy<Value = Allocation> {
    let child = proptest::option::of(any_cents());
    let persons = proptest::option::of(prop_oneof![0..6_u32, any::<u32>()]);
    (any_cents(), any_cents(), child, persons, any::<bool>()).prop_map(
        |(first, further, child, most_persons, scale)| {
            let after_contribution = false;
            if scale {
                Allocation::HouseholdScale {
                    first,
                    further,
                    child,
                    most_persons,
                    after_contribution,
                }
            } else {
                Allocation::PerPerson { amount: first, child, after_contribution }
            }
        },
    )
}

fn any_contribution() -> impl Strategy<Value = Contribution> {
    (any_cents(), any_cents(), any_cents(), 0..3_u8).prop_map(
        |(one, two, three, kind)| match kind {
            0 => Contribution::SelfSet { least: one, most: two, step: three },
            1 => Contribution::HouseholdMinimum { first: one, further: two, most: None },
            _ => Contribution::HouseholdMinimum { first: one, further: two, most: Some(three) },
        },
    )
}

fn any_household() -> impl Strategy<Value = Household> {
    let number = || prop_oneof![0..6_u16, any::<u16>()];
    (number(), number(), number())
        .prop_map(|(adults, teens, children)| household(adults, teens, children))
}

proptest! {
    #[test]
    fn no_rule_and_no_household_break_the_machine(
        allocation in any_allocation(), contribution in any_contribution(),
        household in any_household(), amount in any_cents(),
    ) {
        let _ = (allocation.check(), contribution.check());
        let _ = allocation.for_household(&household);
        let _ = contribution.accepts(&household, amount);
    }

    #[test]
    fn under_checked_rules_every_household_gets_something(
        allocation in any_allocation(), household in any_household(),
    ) {
        if allocation.check().is_ok() && household.is_valid() {
            let amount = allocation.for_household(&household);
            prop_assert!(amount.is_some_and(|amount| !amount.is_zero()), "{amount:?}");
        }
    }

    #[test]
    fn under_checked_rules_every_household_can_give_the_least_that_is_asked(
        contribution in any_contribution(), household in any_household(),
    ) {
        if contribution.check().is_ok() && household.is_valid() {
            let least = match contribution.accepts(&household, Cents::ZERO) {
                Err(ContributionRefused::BelowMinimum { least }) => least,
                _ => Cents::ZERO,
            };
            prop_assert_eq!(contribution.accepts(&household, least), Ok(()));
        }
    }
}
