//! What members agreed to give, how they are reminded of it, and corrections of what they hold.

use crdt::{Cents, MemberId, Month};
use ledger::account::Account;
use ledger::agreed;
use ledger::answer::{DisputesAnswer, DunningReport, Late, ReminderInfo};
use ledger::calendar::Zone;
use ledger::command::{Correction, Direction, DisputesCommand, DisputesQuery, Purse};
use ledger::records::{Kind, Records};
use ledger::refused::{
    AgreeRefused, BooksRefused, CorrectRefused, DisputesRefused, MemberRefused, Refused,
};
use ledger::rules::{Contribution, ContributionRefused, Household, Rules};
use ledger::turn::Turn;
use ledger::{Answer, Command, Outcome, Query};

use super::village::{Village, cents, month, rules};

const DAY_MS: i64 = 24 * 3_600_000;

fn enrol(village: &mut Village, name: &str) -> MemberId {
    let household = Household { adults: 1, teens: 0, children: 0 };
    match village.ok(0, Command::AddMember { name: name.to_owned(), household }) {
        Answer::MemberAdded(member) => member,
        other => panic!("no member: {other:?}"),
    }
}

fn agree(
    village: &mut Village,
    member: MemberId,
    amount: u32,
    from: Option<Month>,
) -> Option<Outcome> {
    let agree = DisputesCommand::Agree { member, amount: cents(amount), from };
    village.ask(0, Command::Disputes(agree))
}

fn contribute(village: &mut Village, member: MemberId, month: Month, amount: u32) {
    let amount = cents(amount);
    village.ok(0, Command::AddContribution { member, month, amount, into: Purse::Bank });
}

fn report(outcome: Outcome) -> DunningReport {
    match outcome {
        Ok(Answer::Disputes(DisputesAnswer::Reminded(report))) => report,
        other => panic!("no report: {other:?}"),
    }
}

fn remind(village: &mut Village, month: Month) -> DunningReport {
    report(Ok(village.ok(0, Command::Disputes(DisputesCommand::Remind { month }))))
}

fn reminders(village: &Village) -> Vec<ReminderInfo> {
    match village.query(0, &Query::Disputes(DisputesQuery::Reminders)) {
        Ok(Answer::Disputes(DisputesAnswer::Reminders(list))) => list,
        other => panic!("no list: {other:?}"),
    }
}

fn letters(village: &Village, month: Month) -> Vec<String> {
    match village.query(0, &Query::Disputes(DisputesQuery::ReminderLetters(month))) {
        Ok(Answer::Disputes(DisputesAnswer::Letters(letters))) => letters,
        other => panic!("no letters: {other:?}"),
    }
}

/// The levels that a report names, with whether they were told before.
fn levels(report: &DunningReport) -> Vec<(u8, bool)> {
    report.late.iter().map(|late| (late.level, late.told)).collect()
}

#[test]
fn a_member_agrees_on_a_contribution_within_the_rules_from_a_month_on() {
    let (least, most, step) = (cents(1_000), cents(5_000), cents(500));
    let contribution = Contribution::SelfSet { least, most, step };
    let mut village = Village::alone(&Rules { contribution, ..rules() });
    let member = enrol(&mut village, "Rose");
    let before = village.fingerprint(0);
    let contribution =
        |why| Some(Err(DisputesRefused::Agree(AgreeRefused::Contribution(why)).into()));
    let below = ContributionRefused::BelowMinimum { least };
    assert_eq!(agree(&mut village, member, 500, None), contribution(below));
    let off = ContributionRefused::NotAStep { step };
    assert_eq!(agree(&mut village, member, 1_200, None), contribution(off));
    let past = AgreeRefused::Past { earliest: month() };
    let last = Some(month().plus(-1));
    assert_eq!(
        agree(&mut village, member, 1_500, last),
        Some(Err(DisputesRefused::Agree(past).into()))
    );
    let nobody = agree(&mut village, MemberId::new([9; 16]), 1_500, None);
    assert_eq!(nobody, Some(Err(MemberRefused::UnknownMember.into())));
    assert_eq!(village.fingerprint(0), before);

    assert!(matches!(agree(&mut village, member, 1_500, None), Some(Ok(_))));
    assert!(matches!(agree(&mut village, member, 2_500, Some(month().plus(2))), Some(Ok(_))));
    let other = enrol(&mut village, "Octave");
    let zone = Zone::paris();
    let turn = Turn::new(village.now, &zone, &village.houses[0].disk);
    let of = |months| agreed::of(&turn, member, month().plus(months));
    assert_eq!(
        [-1, 0, 1, 2, 30].map(of),
        [None, Some(cents(1_500)), Some(cents(1_500)), Some(cents(2_500)), Some(cents(2_500))]
    );
    assert_eq!(agreed::of(&turn, other, month()), None);
}

#[test]
fn reminders_follow_the_days_and_a_second_run_of_the_day_adds_nothing() {
    let mut village = Village::alone(&rules());
    let (rose, octave) = (enrol(&mut village, "Rose"), enrol(&mut village, "Octave"));
    let silent = enrol(&mut village, "Personne");
    let december = month().plus(1);
    for member in [rose, octave] {
        agree(&mut village, member, 2_000, Some(december));
    }
    assert_eq!(remind(&mut village, month()).late, [], "nothing was agreed for this month");
    assert_eq!(remind(&mut village, december).late, [], "and the next one is not due yet");
    // 24 November and 7 days: the first of December.
    village.wait(7 * DAY_MS);
    contribute(&mut village, octave, december, 2_000);
    let first = report(village.query(0, &Query::Disputes(DisputesQuery::Late(december))));
    let late =
        Late { member: rose, agreed: cents(2_000), missing: cents(2_000), level: 0, told: false };
    assert_eq!((first.days, first.late.clone()), (0, vec![late]));
    remind(&mut village, december);
    assert_eq!(reminders(&village), [], "it is too early");

    village.wait(10 * DAY_MS);
    let before = village.fingerprint(0);
    let foreseen = report(village.query(0, &Query::Disputes(DisputesQuery::Late(december))));
    assert_eq!((levels(&foreseen), foreseen.preview), (vec![(1, false)], true));
    assert_eq!(village.fingerprint(0), before, "a preview changes nothing");
    assert_eq!(levels(&remind(&mut village, december)), [(1, false)]);
    assert_eq!(levels(&remind(&mut village, december)), [(1, true)]);
    village.wait(14 * DAY_MS);
    remind(&mut village, december);
    assert_eq!(reminders(&village).len(), 1, "one of each level");
    village.wait(DAY_MS);
    // A part has come: it is still late, and is told what is missing.
    contribute(&mut village, rose, december, 500);
    assert_eq!(levels(&remind(&mut village, december)), [(2, false)]);
    let missing: Vec<(u8, Cents)> =
        reminders(&village).iter().map(|reminder| (reminder.level, reminder.missing)).collect();
    assert_eq!(missing, [(1, cents(2_000)), (2, cents(1_500))]);

    // Nothing is suspended by it.
    village.ok(0, Command::IssueCard { member: rose, code: super::village::code("1234") });
    village.wait(40 * DAY_MS);
    assert_eq!(levels(&remind(&mut village, december)), [(3, false)]);
    contribute(&mut village, rose, december, 1_500);
    assert_eq!(remind(&mut village, december).late, [], "it has come");
    assert!(reminders(&village).iter().all(|reminder| reminder.member != silent));
    village.restart(0, None);
    assert_eq!(reminders(&village).len(), 3);
    village.all_is_well();
}

#[test]
fn reminders_are_kind_and_in_french() {
    let mut village = Village::alone(&rules());
    let (rose, octave) = (enrol(&mut village, "Rose"), enrol(&mut village, "Octave"));
    let december = month().plus(1);
    for member in [rose, octave] {
        agree(&mut village, member, 2_000, Some(december));
    }
    village.wait(18 * DAY_MS);
    assert_eq!(letters(&village, december), Vec::<String>::new(), "no letter without its record");
    remind(&mut village, december);
    contribute(&mut village, octave, december, 2_000);
    let [letter] = &letters(&village, december)[..] else { panic!("one letter, to Rose") };
    for words in [
        "caisse 1\nLe 12 décembre 2026",
        "Bonjour Rose,",
        "Votre contribution de décembre 2026, dont nous étions convenus à 20,00\u{a0}€, ne nous est pas encore",
        "peut-être déjà en route",
        "Ce message ne suspend rien",
    ] {
        assert!(letter.contains(words), "{words}: {letter}");
    }
    village.wait(60 * DAY_MS);
    contribute(&mut village, rose, december, 500);
    remind(&mut village, december);
    let third = letters(&village, december).concat();
    assert!(third.contains("en partie ; il reste 15,00\u{a0}€"), "{third}");
    assert!(third.contains("d'une pause"), "{third}");
    let lower = format!("{letter}{third}").to_lowercase();
    for word in ["retard", "impay", "pénalité", "suspendue", "mise en demeure", "dette"] {
        assert!(!lower.contains(word), "{word}");
    }
}

fn correct(village: &mut Village, member: MemberId, direction: Direction, amount: u32) -> Outcome {
    let (amount, reason) = (cents(amount), "Versement de Rose saisi deux fois".to_owned());
    let correction = Correction { member, direction, amount, reason };
    let foreseen =
        village.query(0, &Query::Disputes(DisputesQuery::ForeseeCorrection(correction.clone())));
    let done = village
        .ask(0, Command::Disputes(DisputesCommand::Correct(correction)))
        .expect("it is answered at once");
    assert_eq!(foreseen, done, "what was foreseen is what is done");
    done
}

#[test]
fn a_correction_has_a_reason_never_goes_below_zero_and_is_undone_by_its_opposite() {
    let mut village = Village::alone(&rules());
    let who = village.shopper(0, 1);
    let holds =
        |cents_held| Ok(Answer::Disputes(DisputesAnswer::Corrected { holds: cents(cents_held) }));
    assert_eq!(correct(&mut village, who.member, Direction::Debit, 4_000), holds(6_000));
    let before = village.fingerprint(0);
    let refused = |why| Err(Refused::Disputes(DisputesRefused::Correct(why)));
    let available = cents(6_000);
    let below = CorrectRefused::Books(BooksRefused::Overdrawn { available });
    assert_eq!(correct(&mut village, who.member, Direction::Debit, 6_001), refused(below));
    let zero = correct(&mut village, who.member, Direction::Credit, 0);
    assert_eq!(zero, refused(CorrectRefused::AmountZero));
    let nobody = correct(&mut village, MemberId::new([9; 16]), Direction::Credit, 1);
    assert_eq!(nobody, Err(MemberRefused::UnknownMember.into()));
    assert_eq!(village.fingerprint(0), before);
    let books = |village: &Village| village.houses[0].caisse.books().counters(Account::Corrections);
    assert_eq!(books(&village).balance().get(), 4_000);
    assert_eq!(correct(&mut village, who.member, Direction::Credit, 4_000), holds(10_000));
    assert_eq!(books(&village).balance().get(), 0);
    // Why it was made stands beside the books, not in them.
    let disk = &village.houses[0].disk;
    let says = |kind| {
        let rows = disk.range(kind, &[], &[], usize::MAX);
        rows.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("saisi deux fois"))
    };
    assert!(says(Kind::Note) && !says(Kind::Journal) && !says(Kind::Command));
    village.all_is_well();
}
