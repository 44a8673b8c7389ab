//! What a member spent by lots beyond their credit comes back from later allocations.

use crdt::Month;
use ledger::answer::AllocationReport;
use ledger::command::Purse;
use ledger::guarantee::Force;
use ledger::{Answer, Command, Query};

use super::super::village::{cents, month};
use super::town::Town;

fn allocate(town: &mut Town, month: Month) -> (AllocationReport, AllocationReport) {
    town.at(month_begins(month));
    let member = town.visitor.member;
    let (amount, into) = (cents(2_000), Purse::Bank);
    town.village.ok(1, Command::AddContribution { member, month, amount, into });
    let Ok(Answer::Allocated(preview)) = town.village.query(1, &Query::AllocationPreview(month))
    else {
        panic!("a preview")
    };
    let force = Some(Force::because("test"));
    let Answer::Allocated(report) = town.village.ok(1, Command::Allocate { month, force }) else {
        panic!("allocated")
    };
    (preview, report)
}

fn month_begins(month: Month) -> crdt::Timestamp {
    let days = i64::from(month.first_day().number());
    crdt::Timestamp::from_ms((days * 24 + 12) * 3_600_000)
}

#[test]
fn an_advance_is_given_back_in_slices_of_three_allocations_and_then_the_card_pays_anywhere() {
    let mut town = Town::open();
    town.spend_at_home(10_000);
    town.village.cut_off(1);
    // 30 euros by the card's cap, in two sales: nothing of it is there.
    town.paid(1, 2_857);
    town.paid(2, 1_430);
    town.back();
    assert_eq!((town.village.balance(1, &town.visitor), town.advance()), (0, 3_000));
    assert_eq!(town.losses().advances, [(town.visitor.member, cents(3_000))]);
    town.village.cut_off(1);
    let listed = ledger::refused::PaymentRefused::WithoutHome(ledger::refused::WithoutHome::Listed);
    assert_eq!(
        town.pay(3, 100),
        Some(Err(listed.into())),
        "no second advance before the first is back"
    );
    town.back();

    let mut left = Vec::new();
    for next in 1..=3 {
        let (preview, report) = allocate(&mut town, month().plus(next));
        assert_eq!(preview.recovered, report.recovered, "the preview shows it");
        left.push((town.advance(), town.village.balance(1, &town.visitor)));
        town.village.all_is_well_at(1);
    }
    // A quarter of 100 euros, then what is left, then nothing.
    assert_eq!(left, [(500, 7_500), (0, 17_000), (0, 27_000)]);
    town.back();
    town.village.cut_off(1);
    town.paid(4, 100);
    town.back();
    town.village.all_is_well();
}
