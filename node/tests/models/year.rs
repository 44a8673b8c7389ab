//! Twelve months of each caisse, by its own configuration.

use crdt::catalogue::Product;
use crdt::{BasisPoints, Cents};
use ledger::Command;
use ledger::account::Account;
use ledger::answer::{AllocationReport, Skipped};
use ledger::command::{BasketLine, Purchase};
use ledger::refused::{MemberRefused, PaymentRefused, Refused};
use ledger::rules::{Allocation, ContributionRefused, Household, MOST_PERSONS, Percent, Rules};
use ledger::sale::Mode;
use node::config::Config;

use super::town::{Family, Town, euros, months, rules_of};

fn given_to(report: &AllocationReport, family: &Family) -> Option<Cents> {
    report.issued.iter().find(|(member, _)| *member == family.member).map(|(_, amount)| *amount)
}

fn cents(amount: Cents) -> i64 {
    i64::try_from(amount.get()).expect("a small amount")
}

#[test]
fn montpellier_each_person_gets_100_a_month_once_the_contribution_is_in() {
    let mut town = Town::of("montpellier");
    let (alone, three) = (town.family(1, 0), town.family(2, 1));
    let vendor = town.vendor(100);
    for (number, month) in months().enumerate() {
        town.comes(month, 2);
        town.contributes(&alone, euros(30)).expect("30 is within 1 and 250");
        let report = town.allocate();
        assert_eq!(given_to(&report, &alone), Some(euros(100)));
        assert_eq!(report.skipped, [(three.member, Skipped::NoContribution)]);
        // The family of three pays in April not at all, and else a week later.
        town.comes(month, 9);
        if number != 3 {
            town.contributes(&three, euros(90)).expect("90 is within 1 and 250");
        }
        let report = town.allocate();
        assert_eq!(given_to(&report, &three), (number != 3).then_some(euros(300)));
        assert_eq!(given_to(&report, &alone), None, "once a month");
        assert_eq!(town.allocate().issued, [], "a second run adds nothing");
        town.buys(&alone, vendor, euros(80)).expect("100 are there");
        if number != 3 {
            town.buys(&three, vendor, euros(290)).expect("300 are there");
        }
        town.month_ends();
    }
    assert_eq!(town.credit(&alone), euros(12 * 20));
    assert_eq!(town.credit(&three), euros(11 * 10));
    assert_eq!(town.balance(Account::Vendor(vendor)), cents(euros(12 * 80 + 11 * 290)));
    assert_eq!(town.balance(Account::Contributions), cents(euros(12 * 30 + 11 * 90)));
}

#[test]
fn gironde_150_and_75_for_each_further_person_are_75_a_household_and_75_a_person() {
    let mut town = Town::of("sud-gironde");
    let families: Vec<(u32, Family)> =
        (1..=8).map(|persons| (u32::from(persons), town.family(1, persons - 1))).collect();
    for month in months() {
        town.comes(month, 1);
        for (persons, family) in &families {
            let least = euros(10 + 5 * (persons - 1));
            let short = town.contributes(family, least.saturating_sub(euros(1)));
            let refused = MemberRefused::from(ContributionRefused::BelowMinimum { least });
            assert_eq!(short, Err(refused.into()), "10, and 5 for each further person");
            town.contributes(family, least).expect("the least is enough");
        }
        let report = town.allocate();
        for (persons, family) in &families {
            assert_eq!(given_to(&report, family), Some(euros(75 + 75 * persons)));
        }
        town.month_ends();
    }
    for (persons, family) in &families {
        assert_eq!(town.credit(family), euros(12 * (75 + 75 * persons)));
    }
    // And so for any household there may be.
    let allocation = rules_of("sud-gironde").allocation;
    for persons in 1..=u16::try_from(MOST_PERSONS).expect("a small number") {
        let household = Household { adults: 1, teens: 0, children: persons - 1 };
        assert_eq!(allocation.for_household(&household), Some(euros(75 + 75 * u32::from(persons))));
    }
}

#[test]
fn lyon_150_then_75_for_each_further_person_and_40_for_each_child() {
    let mut town = Town::of("lyon-8");
    let (couple, parents) = (town.family(2, 0), town.family(2, 2));
    let vendor = town.vendor(70);
    for month in months() {
        town.comes(month, 1);
        let odd = town.contributes(&couple, euros(12));
        let step = ContributionRefused::NotAStep { step: euros(5) };
        assert_eq!(odd, Err(MemberRefused::from(step).into()));
        for family in [&couple, &parents] {
            town.contributes(family, euros(15)).expect("a step of 5");
        }
        let report = town.allocate();
        assert_eq!(given_to(&report, &couple), Some(euros(150 + 75)));
        assert_eq!(given_to(&report, &parents), Some(euros(150 + 75 + 40 + 40)));
        // A basket of 100 at 70 %: the credit pays its part first, the member the rest.
        let receipt = town.buys(&parents, vendor, euros(100)).expect("305 are there");
        assert_eq!((receipt.covered, receipt.member_share), (euros(70), euros(30)));
        town.month_ends();
    }
    assert_eq!(town.credit(&parents), euros(12 * (305 - 70)));
}

#[test]
fn yonne_everyone_who_contributed_gets_the_mean_of_the_contributions_about_55() {
    let mut town = Town::of("yonne");
    let families = [town.family(1, 0), town.family(1, 0), town.family(1, 1)];
    let late = town.family(1, 0);
    let mut given = Cents::ZERO;
    for month in months() {
        town.comes(month, 5);
        // 20, 70 and 130 of four persons.
        for (family, amount) in families.iter().zip([20, 70, 130]) {
            town.contributes(family, euros(amount)).expect("it is within 1 and 250");
        }
        let report = town.allocate();
        let amounts: Vec<_> = families.iter().map(|family| given_to(&report, family)).collect();
        assert_eq!(amounts, [Some(euros(55)), Some(euros(55)), Some(euros(110))]);
        assert_eq!(given_to(&report, &late), None, "the mean is of those who contribute");
        given = given.checked_add(report.total).expect("a small sum");
        town.month_ends();
    }
    let came = town.balance(Account::Contributions);
    assert_eq!(cents(given), came, "without a subsidy, what came in is what is given");
}

fn product(code: &str, percent: u16) -> Product {
    Product {
        code: code.to_owned(),
        name: code.to_owned(),
        ciqual: None,
        coverage: BasisPoints::new(percent * 100).ok(),
        price: None,
        climate_g_co2e_per_kg: None,
    }
}

fn basket(lines: &[(&str, u32)]) -> Purchase {
    let amount = euros(lines.iter().map(|(_, amount)| amount).sum());
    let line = |(product, amount): &(&str, u32)| BasketLine {
        product: (*product).to_owned(),
        amount: euros(*amount),
    };
    Purchase { lines: lines.iter().map(line).collect(), ..amount.into() }
}

#[test]
fn cadenet_the_member_pays_first_and_gets_30_70_or_100_percent_back_by_the_hearts() {
    let mut town = Town::of("cadenet-coeurs");
    let (family, vendor) = (town.family(1, 1), town.vendor(30));
    let products = vec![product("1-coeur", 30), product("2-coeurs", 70), product("3-coeurs", 100)];
    town.ok(Command::PutProducts { vendor, products });
    let mut back = Cents::ZERO;
    for month in months() {
        town.comes(month, 1);
        town.contributes(&family, euros(20)).expect("it is within 1 and 250");
        assert_eq!(town.allocate().issued, [], "nothing in advance");
        town.comes(month, 10);
        let hearts = basket(&[("1-coeur", 20), ("2-coeurs", 30), ("3-coeurs", 10)]);
        let receipt = town.buys(&family, vendor, hearts).expect("it is refundable");
        assert_eq!(receipt.mode, Mode::Reimbursed);
        assert_eq!((receipt.covered, receipt.member_share), (euros(6 + 21 + 10), euros(23)));
        // 200 a month for two persons (assumed): what is above is refused, and the next month begins anew.
        let large = town.buys(&family, vendor, basket(&[("3-coeurs", 164)]));
        let available = euros(163);
        assert_eq!(large, Err(PaymentRefused::InsufficientFunds { available }.into()));
        back = back.checked_add(receipt.covered).expect("a small sum");
        assert_eq!(town.balance(Account::Claim(family.member)), cents(back));
        assert_eq!(town.balance(Account::Vendor(vendor)), 0, "the member paid the vendor");
        town.month_ends();
    }
    assert_eq!(back, euros(12 * 37));
}

#[test]
fn dieulefit_who_pays_125_percent_carries_who_pays_65_and_vendors_get_their_price() {
    let mut town = Town::of("dieulefit");
    let families: Vec<Family> = (0..13).map(|_| town.family(1, 0)).collect();
    let vendor = town.vendor(100);
    let at = |percent| Purchase { tier: Percent::new(percent).ok(), ..euros(20).into() };
    let mut vendor_took = Cents::ZERO;
    for month in months() {
        town.comes(month, 3);
        // Seven pay 5 more, five pay 7 less, one pays the price: the pot comes out even.
        let tiers = std::iter::repeat_n(125, 7).chain(std::iter::repeat_n(65, 5)).chain([100]);
        for (family, percent) in families.iter().zip(tiers) {
            let receipt = town.buys(family, vendor, at(percent)).expect("the pot holds enough");
            let pays = euros(20).checked_times(u64::from(percent)).expect("small").get() / 100;
            assert_eq!(receipt.member_share.get(), pays);
            vendor_took = vendor_took.checked_add(receipt.member_share).expect("a small sum");
            assert!(town.balance(Account::Pot) >= 0);
        }
        assert_eq!(town.balance(Account::Pot), 0);
        let empty = town.buys(&families[0], vendor, at(65));
        assert_eq!(empty, Err(PaymentRefused::PotEmpty { available: Cents::ZERO }.into()));
        let other = town.buys(&families[0], vendor, at(80));
        assert!(matches!(other, Err(Refused::Payment(PaymentRefused::NoSuchTier { .. }))));
        town.month_ends();
    }
    let owed = town.balance(Account::Vendor(vendor));
    assert_eq!(cents(vendor_took) + owed, cents(euros(12 * 13 * 20)), "the price of every sale");
}

#[test]
fn gers_each_10_spent_give_5_and_the_credit_buys_again() {
    let mut town = Town::of("gers");
    let (family, vendor) = (town.family(1, 0), town.vendor(100));
    let (mut earned, mut used) = (Cents::ZERO, Cents::ZERO);
    for month in months() {
        town.comes(month, 1);
        town.contributes(&family, euros(10)).expect("it is within 1 and 250");
        assert_eq!(town.allocate().issued, [], "nothing in advance");
        let before = town.credit(&family);
        let receipt = town.buys(&family, vendor, euros(60)).expect("own money is always taken");
        assert_eq!(receipt.covered, before, "the credit is spent first");
        let tens = receipt.member_share.get() / 1_000;
        assert_eq!(receipt.bonus.get(), tens * 500, "5 for each whole 10");
        earned = earned.checked_add(receipt.bonus).expect("a small sum");
        used = used.checked_add(receipt.covered).expect("a small sum");
        town.month_ends();
    }
    assert_eq!(earned.checked_sub(used), Some(town.credit(&family)));
    assert!(used > Cents::ZERO);
    assert_eq!(town.balance(Account::Vendor(vendor)), cents(used), "the rest was own money");
}

fn rules(allocation: &str, contribution: &str) -> Rules {
    let text = format!(
        "version = 1\nfrom = \"2026-01\"\nreason = \"published\"\n[allocation]\n{allocation}\n\
         [contribution]\n{contribution}\n[issue]\nafter_contribution = true\n"
    );
    Config::parse_rules(&text, "rules.toml").expect("the rules hold")
}

const SELF_SET: &str = "model = \"self_set\"\nleast = 1\nmost = 250\nstep = 1";

/// Plays a year in which every household contributes the same; returns what each gets in a month.
fn a_year_of(rules: Rules, contribution: Cents, households: &[(u16, u16)]) -> Vec<Cents> {
    let mut town = Town::under(rules);
    let families: Vec<Family> =
        households.iter().map(|(adults, children)| town.family(*adults, *children)).collect();
    let mut gets = Vec::new();
    for month in months() {
        town.comes(month, 1);
        for family in &families {
            town.contributes(family, contribution).expect("it fits the rules");
        }
        let report = town.allocate();
        gets = families.iter().filter_map(|family| given_to(&report, family)).collect();
        town.month_ends();
    }
    for (family, monthly) in families.iter().zip(&gets) {
        assert_eq!(Some(town.credit(family)), monthly.checked_times(12));
    }
    gets
}

#[test]
fn nantes_100_and_50_for_each_further_person_and_grenoble_for_at_most_4() {
    let scale = "model = \"household_scale\"\nfirst = 100\nfurther = 50";
    let households = [(1, 0), (2, 0), (2, 2), (2, 4)];
    let nantes = a_year_of(rules(scale, SELF_SET), euros(20), &households);
    assert_eq!(nantes, [100, 150, 250, 350].map(euros));
    let four = format!("{scale}\nmost_persons = 4");
    let grenoble = a_year_of(rules(&four, SELF_SET), euros(20), &households);
    assert_eq!(grenoble, [100, 150, 250, 250].map(euros));
}

#[test]
fn ariege_a_share_of_2_and_a_half_percent_of_the_income_at_least_10_gives_50() {
    let share = "model = \"income_share\"\nshare_percent = \"2.5\"\nleast = 10";
    let rules = rules("model = \"per_person\"\namount = 50", share);
    assert!(matches!(rules.allocation, Allocation::PerPerson { .. }));
    let mut town = Town::under(rules.clone());
    let family = town.family(1, 0);
    let least = ContributionRefused::BelowMinimum { least: euros(10) };
    let short = town.contributes(&family, euros(9));
    assert_eq!(short, Err(MemberRefused::from(least).into()));
    // 1,840 a month: 46.
    assert_eq!(a_year_of(rules, euros(46), &[(1, 0)]), [euros(50)]);
}
