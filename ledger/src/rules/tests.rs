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
    }
}

fn per_person(amount: u32, child: Option<u32>) -> Allocation {
    Allocation::PerPerson { amount: euros(amount), child: child.map(euros) }
}

#[test]
fn montpellier_gives_100_for_each_person_children_too() {
    let rules = per_person(100, None);
    assert_eq!(rules.for_household(&household(1, 0, 0)), Some(euros(100)));
    assert_eq!(rules.for_household(&household(2, 1, 2)), Some(euros(500)));
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
        assert_eq!(rules.accepts(&alone, None, euros(accepted)), Ok(()));
    }
    let refused = |amount| rules.accepts(&alone, None, amount).expect_err("it does not fit");
    assert_eq!(refused(Cents::ZERO), ContributionRefused::BelowMinimum { least });
    assert_eq!(refused(Cents::from_u32(499)), ContributionRefused::BelowMinimum { least });
    assert_eq!(refused(Cents::from_u32(25_001)), ContributionRefused::AboveMaximum { most });
    assert_eq!(refused(euros(12)), ContributionRefused::NotAStep { step });
}

#[test]
fn a_household_minimum_is_10_and_5_for_each_further_person() {
    let rules = Contribution::HouseholdMinimum { first: euros(10), further: euros(5), most: None };
    assert_eq!(rules.accepts(&household(1, 0, 0), None, euros(10)), Ok(()));
    assert_eq!(rules.accepts(&household(2, 1, 1), None, euros(25)), Ok(()));
    let below = rules.accepts(&household(2, 1, 1), None, euros(24));
    assert_eq!(below, Err(ContributionRefused::BelowMinimum { least: euros(25) }));
    assert_eq!(rules.accepts(&household(1, 0, 0), None, Cents::MAX), Ok(()));
}

#[test]
fn the_minimum_of_a_large_household_stops_at_the_most_so_that_it_can_contribute() {
    let most = euros(50);
    let rules =
        Contribution::HouseholdMinimum { first: euros(10), further: euros(5), most: Some(most) };
    assert_eq!(rules.accepts(&household(2, 0, 18), None, most), Ok(()));
    let above = rules.accepts(&household(2, 0, 18), None, euros(51));
    assert_eq!(above, Err(ContributionRefused::AboveMaximum { most }));
}

#[test]
fn rules_that_contradict_themselves_are_named() {
    let cent = Cents::from_u32(1);
    assert_eq!(scale(0, 75, None, None).check(), Err(BadRules::NothingForOne));
    assert_eq!(per_person(0, Some(40)).check(), Err(BadRules::NothingForOne));
    assert_eq!(scale(0, 75, None, Some(0)).check(), Err(BadRules::NobodyCounts));
    let huge = Allocation::PerPerson { amount: cent, child: Some(Cents::MAX) };
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
        from: Date::new(2026, 1, 1).expect("a day"),
        reason: "decided".to_owned(),
        decision: Some("AG du 12 janvier".to_owned()),
        allocation: scale(150, 75, Some(40), Some(4)),
        contribution: Contribution::SelfSet { least: euros(5), most: euros(250), step: euros(5) },
        issue: Issue { from_day: 5, after_contribution: true },
        caps: Caps { per_visit: Some(euros(80)), ..Caps::default() },
        lots: Lots { expire_after_days: Some(274), ..Lots::default() },
        keep: Keep::Category,
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
            if scale {
                Allocation::HouseholdScale { first, further, child, most_persons }
            } else {
                Allocation::PerPerson { amount: first, child }
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

#[test]
fn yonne_shares_the_mean_of_the_contributions_and_the_subsidy() {
    let yonne = Allocation::MeanOfContributions { subsidy: euros(20), step: euros(1) };
    // 40 persons gave 1,420 euros: 35.50 each, and 20 more, in whole euros.
    assert_eq!(yonne.mean_for_each(euros(1_420), 40), Some(euros(55)));
    assert_eq!(yonne.mean_for_each(Cents::ZERO, 0), Some(euros(20)));
    assert_eq!(yonne.mean_for_each(Cents::MAX, 1), None);
    assert_eq!(yonne.for_household(&household(2, 0, 1)), Some(Cents::ZERO));
    assert_eq!(per_person(100, None).mean_for_each(euros(100), 1), None);
    let zero = Allocation::MeanOfContributions { subsidy: euros(20), step: Cents::ZERO };
    assert_eq!(zero.check(), Err(BadRules::ZeroStep));
}

#[test]
fn gers_gives_5_for_each_whole_10_spent() {
    let gers = Allocation::Bonus { spent: euros(10), gives: euros(5), most_per_month: None };
    assert_eq!(gers.check(), Ok(()));
    for (spent, earned) in [(0, 0), (9, 0), (10, 5), (19, 5), (20, 10), (100, 50)] {
        assert_eq!(gers.bonus(euros(spent)), euros(earned), "{spent}");
    }
    assert_eq!(per_person(100, None).bonus(euros(100)), Cents::ZERO);
    let more = Allocation::Bonus { spent: euros(10), gives: euros(11), most_per_month: None };
    assert_eq!(more.check(), Err(BadRules::Bonus));
}

#[test]
fn dieulefit_sells_at_65_100_or_125_percent_of_the_price() {
    let tier = |percent| Percent::new(percent).expect("a tier");
    let dieulefit = Allocation::PriceTiers { tiers: vec![tier(65), tier(100), tier(125)] };
    assert_eq!(dieulefit.check(), Ok(()));
    assert_eq!(tier(65).of(euros(20)), Some(euros(13)));
    assert_eq!(tier(125).of(Cents::from_u32(999)), Some(Cents::from_u32(1_248)));
    assert_eq!(tier(500).of(Cents::MAX), None);
    for tiers in [vec![], vec![tier(100)], vec![tier(125), tier(65)], vec![tier(65), tier(65)]] {
        assert_eq!(Allocation::PriceTiers { tiers }.check(), Err(BadRules::Tiers));
    }
    assert!(Percent::new(0).is_err() && Percent::new(501).is_err());
}

#[test]
fn ariege_asks_for_a_share_of_income_that_the_household_works_out_itself() {
    let share = crdt::BasisPoints::new(250).expect("a rate");
    let rules = Contribution::IncomeShare { share, least: euros(10), most: None };
    assert_eq!(rules.check(), Ok(()));
    let home = household(2, 0, 1);
    assert_eq!(rules.accepts(&home, None, Cents::from_u32(4_237)), Ok(()));
    let below = rules.accepts(&home, None, euros(9));
    assert_eq!(below, Err(ContributionRefused::BelowMinimum { least: euros(10) }));
    assert_eq!(rules.expected(&home, None, None), euros(10));
    assert_eq!(rules.expected(&home, None, Some(euros(42))), euros(42));
}

#[test]
fn bands_of_income_ask_for_the_amount_of_the_households_band() {
    let band = |up_to: Option<u32>, amount| Band { up_to: up_to.map(euros), amount: euros(amount) };
    let rules =
        Contribution::Bands(vec![band(Some(1_000), 10), band(Some(2_000), 40), band(None, 90)]);
    assert_eq!(rules.check(), Ok(()));
    let home = household(1, 0, 0);
    assert_eq!(rules.accepts(&home, Some(1), euros(40)), Ok(()));
    let other = rules.accepts(&home, Some(1), euros(10));
    assert_eq!(other, Err(ContributionRefused::OtherBand { amount: euros(40) }));
    assert_eq!(rules.accepts(&home, None, euros(90)), Ok(()));
    let none = rules.accepts(&home, None, euros(50));
    assert_eq!(none, Err(ContributionRefused::NotABand { nearest: euros(40) }));
    assert_eq!(rules.expected(&home, Some(2), None), euros(90));
    for bands in [
        vec![],
        vec![band(Some(1_000), 10)],
        vec![band(None, 10), band(None, 20)],
        vec![band(Some(2_000), 10), band(Some(1_000), 20), band(None, 30)],
        vec![band(None, 10); limits::BANDS + 1],
    ] {
        assert_eq!(Contribution::Bands(bands).check(), Err(BadRules::Bands));
    }
}

#[test]
fn caps_lots_and_days_that_cannot_be_meant_are_named() {
    let with = |change: fn(&mut Rules)| {
        let mut rules = sound();
        change(&mut rules);
        rules.check()
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|rules| rules.issue.from_day = 29), Err(BadRules::IssueDay));
    let zero = with(|rules| rules.caps.per_week = Some(Cents::ZERO));
    assert_eq!(zero, Err(BadRules::ZeroCap));
    assert_eq!(with(|rules| rules.lots.expire_after_days = Some(0)), Err(BadRules::ZeroDays));
    let short = with(|rules| rules.lots.expire_inactive_days = Some(30));
    assert_eq!(short, Err(BadRules::NoticeTooLong));
    assert_eq!(with(|rules| rules.decision = Some(String::new())), Err(BadRules::Text));
}

fn sound() -> Rules {
    Rules {
        version: 1,
        from: Date::new(2026, 1, 1).expect("a day"),
        reason: "decided".to_owned(),
        decision: None,
        allocation: per_person(100, None),
        contribution: Contribution::SelfSet { least: euros(5), most: euros(250), step: euros(5) },
        issue: Issue::default(),
        caps: Caps::default(),
        lots: Lots::default(),
        keep: Keep::default(),
    }
}

#[test]
fn a_rule_set_is_planned_after_the_last_one_and_in_the_future() {
    let day = |text: &str| text.parse::<Date>().expect("a day");
    let records = crate::records::MemoryRecords::default();
    let mut book = RuleBook::load(&records, &sound());
    let today = day("2026-11-24");
    let next = |version, from: &str| Rules { version, from: day(from), ..sound() };
    let refused = |book: &RuleBook, rules: &Rules| book.check(rules, today).expect_err("refused");
    assert_eq!(refused(&book, &next(1, "2027-01-01")), PlanRefused::Version { next: 2 });
    let earliest = day("2026-11-25");
    assert_eq!(refused(&book, &next(2, "2026-11-24")), PlanRefused::TooEarly { earliest });
    assert_eq!(book.check(&next(2, "2027-01-01"), today), Ok(()));
    book.plan(next(2, "2027-01-01"));
    let before = PlanRefused::BeforeAnother { version: 2, from: day("2027-01-01") };
    assert_eq!(refused(&book, &next(3, "2026-12-01")), before);
    book.plan(next(3, "2027-06-01"));
    let versions = ["2025-01-01", "2026-12-31", "2027-01-01", "2027-06-01"];
    assert_eq!(versions.map(|date| book.on(day(date)).version), [1, 1, 2, 3]);
}

proptest! {
    #[test]
    fn no_rule_and_no_household_break_the_machine(
        allocation in any_allocation(), contribution in any_contribution(),
        household in any_household(), amount in any_cents(),
    ) {
        let _ = (allocation.check(), contribution.check());
        let _ = allocation.for_household(&household);
        let _ = contribution.accepts(&household, None, amount);
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
            let least = match contribution.accepts(&household, None, Cents::ZERO) {
                Err(ContributionRefused::BelowMinimum { least }) => least,
                _ => Cents::ZERO,
            };
            prop_assert_eq!(contribution.accepts(&household, None, least), Ok(()));
        }
    }
}
