//! Lines of the bank.

use crdt::{LineId, MemberId, Month};
use ledger::account::Account;
use ledger::answer::{Reconciliation, TreasuryAnswer};
use ledger::command::{AssignTo, Import, Purse, StatementLine, TreasuryCommand, TreasuryQuery};
use ledger::records::{Kind, Records as _};
use ledger::refused::{LineProblem, Refused, TreasuryRefused, Waits};
use ledger::treasury::line::{LineText, Side, Target};
use ledger::{Answer, Command, Query};
use proptest::prelude::*;

use super::super::village::{Village, cents, month};
use super::*;

fn contribution(village: &Village, member: MemberId, month: Month) -> u64 {
    match village.query(0, &Query::Member(member)) {
        Ok(Answer::Member(detail)) => {
            let of = detail.contributions.iter().find(|(of, _)| **of == month);
            of.map_or(0, |(_, amount)| amount.get())
        }
        other => panic!("no member: {other:?}"),
    }
}

fn assign(line: u8, to: AssignTo) -> TreasuryCommand {
    TreasuryCommand::Assign { line: LineId::new([line; 32]), to, reason: None }
}

fn unassign(line: u8) -> TreasuryCommand {
    let reason = "a mistake".to_owned();
    TreasuryCommand::Unassign { line: LineId::new([line; 32]), reason }
}

fn queue(village: &Village) -> Vec<(LineId, Option<Waits>)> {
    match tell(village, TreasuryQuery::Queue) {
        TreasuryAnswer::Queue(lines) => {
            lines.into_iter().map(|info| (info.id, info.waits)).collect()
        }
        other => panic!("no queue: {other:?}"),
    }
}

#[test]
fn a_contribution_is_known_by_its_reference_and_a_file_imported_twice_changes_nothing() {
    let mut village = treasury();
    let member = village.shopper(0, 1).member;
    let reference = reference(&village, member);
    let lines = vec![
        line(1, Side::In, 1_500, &format!("cotisation {reference} pour 12/2026")),
        line(2, Side::In, 4_200, "merci"),
        line(3, Side::In, 0, "nothing"),
    ];
    let december = Month::new(2026, 12).expect("a month");
    let preview = TreasuryQuery::ImportPreview(Box::new(statement(lines.clone())));
    let TreasuryAnswer::Imported(preview) = tell(&village, preview) else { panic!("a preview") };
    assert_eq!(contribution(&village, member, december), 0, "a preview changes nothing");

    let report = import(&mut village, lines.clone());
    let first = (1, LineId::new([1; 32]), Target::Contribution(member, december));
    assert_eq!((report.new, report.known, &report.assigned), (2, 0, &vec![first]));
    assert_eq!(report.waiting, [(2, LineId::new([2; 32]), Waits::NoReference)]);
    assert_eq!(report.problems, [(3, LineProblem::AmountZero)], "one bad line stops nothing");
    assert_eq!((preview.assigned, preview.waiting), (report.assigned, report.waiting));
    assert_eq!(contribution(&village, member, december), 1_500);
    assert_eq!(balance(&village, Account::Unassigned), 4_200);

    let entries = village.houses[0].caisse.books().entries();
    let again = import(&mut village, lines);
    assert_eq!((again.new, again.known), (0, 2));
    assert_eq!(village.houses[0].caisse.books().entries(), entries);
    village.all_is_well();
}

#[test]
fn a_line_that_nobody_knows_is_assigned_by_a_person_and_taken_back_by_a_reversing_entry() {
    let mut village = treasury();
    let member = village.shopper(0, 1).member;
    let vendor = village.vendor(0, 10_000);
    import(
        &mut village,
        vec![line(1, Side::In, 3_000, "Mme Exemple"), line(2, Side::Out, 700, "")],
    );
    assert_eq!(queue(&village).len(), 2);

    let to = AssignTo::Contribution { member, month: month() };
    ok(&mut village, assign(1, to));
    assert_eq!(contribution(&village, member, month()), 5_000, "20 came by hand before");
    assert_eq!(refused(&mut village, assign(1, to)), TreasuryRefused::Assigned);
    ok(&mut village, assign(2, AssignTo::Vendor(vendor)));
    assert_eq!((balance(&village, Account::Vendor(vendor)), queue(&village).len()), (-700, 0));
    village.all_is_well();

    ok(&mut village, unassign(1));
    assert_eq!(contribution(&village, member, month()), 2_000);
    assert_eq!(queue(&village), [(LineId::new([1; 32]), Some(Waits::NoReference))]);
    assert_eq!(refused(&mut village, unassign(1)), TreasuryRefused::NotAssigned);
    village.all_is_well();

    assert_eq!(refused(&mut village, assign(1, AssignTo::Other)), TreasuryRefused::Reason);
    let (line, reason) = (LineId::new([1; 32]), Some("a gift".to_owned()));
    ok(&mut village, TreasuryCommand::Assign { line, to: AssignTo::Other, reason });
    assert_eq!(balance(&village, Account::Corrections), 3_000);
    village.all_is_well();
}

#[test]
fn a_contribution_that_the_rules_do_not_take_waits_until_a_person_says_why() {
    let mut village = treasury();
    let member = village.shopper(0, 1).member;
    let reference = reference(&village, member);
    let report = import(&mut village, vec![line(1, Side::In, 1_050, &reference)]);
    assert!(matches!(report.waiting[..], [(1, _, Waits::Contribution(_))]), "{report:?}");
    let to = AssignTo::Contribution { member, month: month() };
    let refused = ask(&mut village, assign(1, to));
    assert!(matches!(refused, Err(Refused::Member(_))), "{refused:?}");
    let (line, reason) = (LineId::new([1; 32]), Some("agreed by phone".to_owned()));
    ok(&mut village, TreasuryCommand::Assign { line, to, reason });
    assert_eq!(contribution(&village, member, month()), 3_050);
    village.all_is_well();
}

#[test]
fn money_that_was_booked_by_hand_is_not_counted_again_when_its_line_comes() {
    let mut village = treasury();
    // 20 euros by hand, into the bank; the entry before the allocation.
    let member = village.shopper(0, 1).member;
    import(&mut village, vec![line(1, Side::In, 2_000, "Mme Exemple")]);
    assert_eq!(balance(&village, Account::Bank), -4_000);
    let id = LineId::new([1; 32]);
    let TreasuryAnswer::Line(detail) = tell(&village, TreasuryQuery::Line(id)) else {
        panic!("a line")
    };
    assert_eq!(detail.by_hand, [0], "the contribution was the first entry");
    ok(&mut village, assign(1, AssignTo::Already(0)));
    assert_eq!(balance(&village, Account::Bank), -2_000);
    assert_eq!(balance(&village, Account::Unassigned), 0);

    // A second line cannot be the same entry; an entry of another amount cannot be it at all.
    import(&mut village, vec![line(2, Side::In, 2_000, ""), line(3, Side::In, 1_900, "")]);
    let settled = TreasuryRefused::Unfit(Waits::Settled);
    assert_eq!(refused(&mut village, assign(2, AssignTo::Already(0))), settled);
    let unknown = TreasuryRefused::Unfit(Waits::Unknown);
    assert_eq!(refused(&mut village, assign(3, AssignTo::Already(0))), unknown);

    // From now on money in the bank comes by its lines alone.
    let (month, amount) = (month(), cents(500));
    let by_hand = |into| Command::AddContribution { member, month, amount, into };
    let refused = village.ask(0, by_hand(Purse::Bank)).expect("an answer");
    assert_eq!(refused, Err(TreasuryRefused::ComesByStatement.into()));
    village.ok(0, by_hand(Purse::Cash));
    village.all_is_well();
}

#[test]
fn a_grant_is_known_by_its_reference_and_cash_put_into_the_bank_leaves_the_box() {
    let mut village = treasury();
    let reference = "2026-0042".to_owned();
    let confirm =
        Command::ConfirmGrant { funder: "Commune".to_owned(), amount: cents(500_000), reference };
    let Answer::GrantConfirmed(grant) = village.ok(0, confirm) else { panic!("a grant") };
    let member = village.shopper(0, 1).member;
    let (month, amount) = (month(), cents(3_000));
    village.ok(0, Command::AddContribution { member, month, amount, into: Purse::Cash });
    let lines = vec![
        line(1, Side::In, 200_000, "SUBVENTION 2026/0042 COMMUNE"),
        line(2, Side::In, 600_000, "SUBVENTION 2026/0042 COMMUNE"),
        line(3, Side::In, 3_000, "VERSEMENT ESPECES"),
        line(4, Side::In, 3_001, "VERSEMENT ESPECES"),
    ];
    let report = import(&mut village, lines);
    assert_eq!(report.assigned, [(1, LineId::new([1; 32]), Target::Grant(grant))]);
    assert_eq!(balance(&village, Account::Grant(grant)), -300_000);
    let too_much = refused(&mut village, assign(4, AssignTo::Cash));
    assert!(matches!(too_much, TreasuryRefused::Unfit(Waits::Books(_))), "{too_much:?}");
    ok(&mut village, assign(3, AssignTo::Cash));
    assert_eq!(balance(&village, Account::Cash), 0);
    village.all_is_well();
}

#[test]
fn a_statement_of_another_account_or_age_is_refused_with_the_reason() {
    let mut village = Village::strangers(1);
    let file = |account: &str| Import { account: iban(account), ..statement(Vec::new()) };
    let load = |file| TreasuryCommand::Import(Box::new(file));
    assert_eq!(refused(&mut village, load(file(OWN))), TreasuryRefused::NoOwnAccount);
    set(&mut village, Holder::Own, details("Caisse", OWN));
    let other = TreasuryRefused::OtherAccount { account: "DE89 …3000".to_owned() };
    assert_eq!(refused(&mut village, load(file(OTHER))), other);
    let most = ledger::limits::STATEMENT_LINES;
    let many = Import { lines: vec![line(1, Side::In, 1, ""); most + 1], ..file(OWN) };
    assert_eq!(refused(&mut village, load(many)), TreasuryRefused::TooManyLines);

    let on = |number: u8, date| StatementLine { date, ..line(number, Side::In, 100, "") };
    let ancient = Date::new(1999, 1, 1).expect("a day");
    let report = import(&mut village, vec![on(1, ancient), on(2, day(12, 24)), on(3, day(11, 2))]);
    let (early, late) =
        (LineProblem::Date { date: ancient }, LineProblem::Date { date: day(12, 24) });
    assert_eq!((report.new, report.problems), (1, vec![(1, early), (2, late)]));
    // The same day from a table would count twice.
    let table =
        Import { source: Source::Table, ..statement(vec![on(9, day(11, 2)), on(8, day(11, 3))]) };
    let Answer::Treasury(TreasuryAnswer::Imported(report)) = ok(&mut village, load(table)) else {
        panic!("a report")
    };
    let twice = LineProblem::OtherSource { date: day(11, 2) };
    assert_eq!((report.new, report.problems), (1, vec![(9, twice)]));
    let huge = StatementLine { amount: Cents::MAX, ..line(4, Side::In, 1, "") };
    let report = import(&mut village, vec![huge, line(5, Side::In, 100, "")]);
    assert_eq!(report.new, 1, "{report:?}");
    village.all_is_well();
}

#[test]
fn the_report_names_what_stands_between_the_books_and_the_bank() {
    let mut village = treasury();
    village.shopper(0, 1);
    let on = |number: u8, date, side| StatementLine { date, ..line(number, side, 5_000, "x") };
    let file = Import {
        opening: closing(10_000, day(10, 31)),
        closing: closing(10_000 + 5_000 - 700, day(11, 15)),
        ..statement(vec![on(1, day(11, 10), Side::In), on(2, day(11, 20), Side::In)])
    };
    ok(&mut village, TreasuryCommand::Import(Box::new(file)));
    let TreasuryAnswer::Reconciled(found) = tell(&village, TreasuryQuery::Reconcile) else {
        panic!("a report")
    };
    let Reconciliation { books, later, by_hand, unexplained, waiting, unassigned, .. } = *found;
    assert_eq!((books.get(), later.get(), unassigned.get()), (12_000, 5_000, 10_000));
    assert_eq!(by_hand.iter().map(|(place, ..)| *place).collect::<Vec<_>>(), [0]);
    assert_eq!(waiting, 2);
    // A line of 7.00 that went out was never imported.
    assert_eq!(unexplained.map(|amount| amount.get()), Some(700));
}

#[test]
fn what_the_bank_says_of_a_person_is_erased_and_the_books_stay_as_they_are() {
    let mut village = treasury();
    let member = village.shopper(0, 1).member;
    let held = Details { mandate: Some(mandate("M1", 2_000)), ..details("Zoé Secrète", OTHER) };
    set(&mut village, Holder::Member(member), held);
    let month = Month::new(2026, 12).expect("a month");
    let order = order(&mut village, TreasuryCommand::OrderDebits { month, on: None });
    let code = order.code.expect("a batch");
    let text = LineText {
        name: Some("Zoé Secrète".to_owned()),
        iban: Some(iban(OTHER)),
        ..line(1, Side::In, 1_000, &reference(&village, member)).text
    };
    let collected = StatementLine {
        text: LineText { end_to_end: Some(format!("{code}-1")), ..text.clone() },
        ..line(2, Side::In, 2_000, "")
    };
    import(&mut village, vec![StatementLine { text, ..line(1, Side::In, 1_000, "") }, collected]);
    let holds = |village: &Village, what: &str| {
        let rows = Kind::ALL.iter().flat_map(|kind| {
            let rows = village.houses[0].disk.range(*kind, &[], &[], usize::MAX);
            rows.into_iter().map(|(_, value)| value)
        });
        rows.into_iter().any(|value| value.windows(what.len()).any(|w| w == what.as_bytes()))
    };
    assert!(holds(&village, "Zoé Secrète") && holds(&village, OTHER));
    let accounts = village.houses[0].caisse.books().accounts().clone();
    ok(&mut village, TreasuryCommand::Forget { member });
    assert!(!holds(&village, "Zoé Secrète") && !holds(&village, OTHER));
    assert_eq!(village.houses[0].caisse.books().accounts(), &accounts);
    let id = order.batch.expect("a batch");
    let file = village.query(0, &Query::Treasury(TreasuryQuery::BatchFile(id)));
    assert_eq!(file, Err(TreasuryRefused::DetailsErased.into()));
    village.all_is_well();
}

/// Lines of every sort that one member, one grant, one batch of transfers and one of debits can have.
fn every_sort(village: &mut Village) -> Vec<StatementLine> {
    let vendor = owed_vendor(village, 1, 4_000);
    let member = village.shopper(0, 1).member;
    let held = Details { mandate: Some(mandate("M1", 2_000)), ..details("Zoé", OTHER) };
    set(village, Holder::Member(member), held);
    let paid = order(village, payouts()).code.expect("a batch");
    let month = Month::new(2026, 12).expect("a month");
    let debit = TreasuryCommand::OrderDebits { month, on: None };
    let collected = order(village, debit).code.expect("a batch");
    assert_ne!(vendor.as_bytes(), member.as_bytes());
    let reference = reference(village, member);
    vec![
        line(1, Side::In, 20_000, &reference),
        line(2, Side::In, 20_000, &format!("{reference} encore")),
        line(3, Side::In, 150, &reference),
        line(4, Side::Out, 4_000, &format!("{paid}-1")),
        line(5, Side::In, 4_000, &format!("rejet {paid}-1")),
        line(6, Side::In, 2_000, &format!("{collected}-1")),
        line(7, Side::Out, 2_000, &format!("impaye {collected}-1")),
        line(8, Side::In, 4_000, &format!("rejet {paid}-1 bis")),
        line(9, Side::Out, 1_234, "frais"),
        line(10, Side::In, 777, &format!("{collected}-1")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_order_of_imports_with_overlaps_and_repetitions_gives_the_same_books(
        order in Just((0..10_usize).collect::<Vec<_>>()).prop_shuffle(),
        cuts in prop::collection::vec((0..10_usize, 0..10_usize), 0..6),
    ) {
        let mut plain = treasury();
        let lines = every_sort(&mut plain);
        import(&mut plain, lines.clone());

        let mut other = treasury();
        let lines = { every_sort(&mut other); lines };
        let shuffled: Vec<_> = order.iter().map(|at| lines[*at].clone()).collect();
        for (one, end) in cuts {
            let part = shuffled.get(one.min(end)..one.max(end)).unwrap_or_default();
            import(&mut other, part.to_vec());
        }
        import(&mut other, shuffled.clone());
        import(&mut other, shuffled);
        let accounts = |village: &Village| village.houses[0].caisse.books().accounts().clone();
        prop_assert_eq!(accounts(&plain), accounts(&other));
        prop_assert_eq!(queue(&plain).len(), queue(&other).len());
        other.all_is_well();
    }
}
