//! Members come, change, leave and are forgotten; others wait.

use crdt::{Date, MemberId, PaymentId};
use ledger::account::Account;
use ledger::answer::{
    DisputesAnswer, Erasure, HeldOf, Imported, PaymentStatus, PeopleAnswer, Skipped,
};
use ledger::command::{
    Applicant, CardCommand, Decision, DisputesCommand, HolderRole, Limits, MemberChange, NewHolder,
    PeopleCommand, PeopleQuery, Pool,
};
use ledger::guarantee::Force;
use ledger::member::ErasureReason;
use ledger::records::{Kind, Records as _};
use ledger::refused::{MemberRefused, PaymentRefused, PeopleRefused, Refused};
use ledger::rules::{Allocation, Household, Issue, Rules};
use ledger::treasury::details::Holder;
use ledger::treasury::line::Side;
use ledger::{Answer, Command, Input, Outcome, Query};

use super::treasury;
use super::village::{Shopper, Village, cents, code, month, rules, terms};

/// One day of a village, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;

/// A caisse that gives 100 euros for each person without a contribution.
fn village() -> Village {
    let allocation = Allocation::PerPerson { amount: cents(10_000), child: None };
    let issue = Issue { from_day: 1, after_contribution: false };
    Village::alone(&Rules { allocation, issue, ..rules() })
}

fn applicant(name: &str, reference: &str) -> Applicant {
    Applicant {
        name: name.to_owned(),
        household: Household { adults: 1, teens: 0, children: 0 },
        phone: Some("06 12 34 56 78".to_owned()),
        email: Some("rose@exemple.fr".to_owned()),
        commune: Some("84360 Lauris".to_owned()),
        reference: Some(reference.to_owned()),
    }
}

fn people(village: &mut Village, command: PeopleCommand) -> Result<PeopleAnswer, Refused> {
    match village.ask(0, Command::People(command)).expect("answered at once") {
        Ok(Answer::People(answer)) => Ok(*answer),
        Ok(other) => panic!("another answer: {other:?}"),
        Err(refused) => Err(refused),
    }
}

fn ask(village: &Village, question: PeopleQuery) -> Result<PeopleAnswer, Refused> {
    match village.query(0, &Query::People(question)) {
        Ok(Answer::People(answer)) => Ok(*answer),
        Ok(other) => panic!("another answer: {other:?}"),
        Err(refused) => Err(refused),
    }
}

fn held(village: &Village, id: MemberId) -> HeldOf {
    match ask(village, PeopleQuery::Held(id)) {
        Ok(PeopleAnswer::Held(held)) => *held,
        other => panic!("nothing is held: {other:?}"),
    }
}

/// Imports one member and gives them a card.
fn enrol(village: &mut Village, name: &str, reference: &str) -> Shopper {
    let lines = PeopleCommand::Import(vec![applicant(name, reference)]);
    let Ok(PeopleAnswer::Imported(done)) = people(village, lines) else { panic!("a report") };
    let [Imported::Added(Some(member))] = *done.as_slice() else { panic!("{done:?}") };
    let issue = Command::IssueCard { member, code: code("1234") };
    let Answer::CardIssued(card) = village.ok(0, issue) else { panic!("a card") };
    Shopper { member, card: card.qr.parse().expect("a card") }
}

fn allocate(village: &mut Village, months: i16) -> Vec<(MemberId, u64)> {
    let force = Some(Force::because("test"));
    let month = month().plus(months);
    match village.ok(0, Command::Allocate { month, force }) {
        Answer::Allocated(report) => report.issued.iter().map(|(id, c)| (*id, c.get())).collect(),
        other => panic!("no report: {other:?}"),
    }
}

fn leave(
    village: &mut Village,
    member: MemberId,
    until: Option<Date>,
) -> Result<PeopleAnswer, Refused> {
    people(village, PeopleCommand::Leave { member, until, reason: "moves away".to_owned() })
}

fn is_blocked(outcome: Option<Outcome>) -> bool {
    outcome == Some(Err(PaymentRefused::CardBlocked.into()))
}

#[test]
fn a_month_is_allocated_to_the_household_of_that_month_also_when_it_is_issued_later() {
    let mut village = village();
    let Shopper { member, .. } = enrol(&mut village, "Rose Pervanchoux", "1");
    let december = Date::new(2026, 12, 1).expect("a day");
    let household = Some(Household { adults: 1, teens: 0, children: 2 });
    let change = MemberChange { household, from: Some(december), ..MemberChange::default() };
    people(&mut village, PeopleCommand::Change { member, change: Box::new(change) })
        .expect("sound");
    village.wait(20 * DAY_MS);
    assert_eq!(allocate(&mut village, 0), [(member, 10_000)], "November, in December");
    assert_eq!(allocate(&mut village, 1), [(member, 30_000)]);
    assert_eq!(held(&village, member).households.len(), 2);
    village.restart(0, None);
    assert_eq!(allocate(&mut village, 1), []);
    village.all_is_well();
}

#[test]
fn a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    let mut village = village();
    let Shopper { member, .. } = enrol(&mut village, "Rose Pervanchoux", "1");
    let before = village.fingerprint(0);
    let day = |year| Some(Date::new(year, 1, 1).expect("a day"));
    let household = Some(Household { adults: 2, teens: 0, children: 0 });
    let nobody = Some(Household { adults: 0, teens: 0, children: 1 });
    let text = |text: &str| Some(text.to_owned());
    let nothing = MemberChange::default;
    for (change, words) in [
        (nothing(), "say what is to be changed"),
        (MemberChange { from: day(2026), ..nothing() }, "say what is to be changed"),
        (MemberChange { name: text(" "), ..nothing() }, "the name has 1 to"),
        (MemberChange { name: text("a\u{1b}b"), ..nothing() }, "the name has 1 to"),
        (MemberChange { email: text("rose"), ..nothing() }, "an e-mail address has"),
        (MemberChange { phone: text(&"1".repeat(201)), ..nothing() }, "the phone has 1 to"),
        (MemberChange { band: Some(21), ..nothing() }, "bands of income are counted"),
        (MemberChange { household: nobody, ..nothing() }, "at least one of them adult"),
        (MemberChange { household, from: day(2025), ..nothing() }, "from a day between"),
        (MemberChange { household, from: day(2029), ..nothing() }, "from a day between"),
    ] {
        let command = PeopleCommand::Change { member, change: Box::new(change) };
        let refused = people(&mut village, command).expect_err(words);
        assert!(refused.to_string().contains(words), "{refused}");
    }
    assert_eq!(village.fingerprint(0), before);
    for (typed, stored) in [(2, Some(1)), (0, None)] {
        let change = Box::new(MemberChange { band: Some(typed), ..nothing() });
        people(&mut village, PeopleCommand::Change { member, change }).expect("sound");
        assert_eq!(held(&village, member).person.and_then(|person| person.band), stored);
    }
}

#[test]
fn who_leaves_gets_no_euros_no_allocation_and_no_sale_and_may_come_back() {
    let mut village = village();
    let (who, vendor) = (enrol(&mut village, "Rose Pervanchoux", "1"), village.vendor(0, 10_000));
    allocate(&mut village, 0);
    let Ok(PeopleAnswer::Left(preview)) =
        ask(&village, PeopleQuery::LeavePreview { member: who.member, until: None })
    else {
        panic!("a preview")
    };
    assert_eq!((preview.expired, preview.blocked), (cents(10_000), 1));
    assert_eq!(village.balance(0, &who), 10_000, "a preview changes nothing");
    leave(&mut village, who.member, None).expect("a member leaves");
    assert_eq!(village.balance(0, &who), 0);
    let books = village.houses[0].caisse.books();
    assert_eq!(books.counters(Account::Expired).balance().get(), 10_000);
    assert!(is_blocked(village.pay(0, 1, vendor, &who, 100)));
    let again = leave(&mut village, who.member, None);
    assert!(matches!(again, Err(Refused::People(PeopleRefused::AlreadyLeft { .. }))));
    let card = Command::IssueCard { member: who.member, code: code("1234") };
    assert_eq!(village.ask(0, card), Some(Err(MemberRefused::HasLeft.into())));
    let Ok(Answer::Allocated(next)) = village.query(0, &Query::AllocationPreview(month().plus(1)))
    else {
        panic!("a preview")
    };
    assert_eq!(next.skipped, [(who.member, Skipped::HasLeft)]);
    village.restart(0, None);
    let back = PeopleCommand::Return { member: who.member, with_credit: true };
    let back = people(&mut village, back);
    let credit = cents(10_000);
    assert_eq!(back, Ok(PeopleAnswer::Returned { member: who.member, credit }));
    assert_eq!(village.balance(0, &who), 10_000);
    assert!(is_blocked(village.pay(0, 2, vendor, &who, 100)), "the old card may be anywhere");
    let twice = PeopleCommand::Return { member: who.member, with_credit: true };
    assert_eq!(people(&mut village, twice), Err(PeopleRefused::NotLeft.into()));
    village.all_is_well();
}

#[test]
fn what_is_left_can_be_spent_until_the_day_that_was_said_and_then_expires() {
    let mut village = village();
    let (who, vendor) = (enrol(&mut village, "Rose Pervanchoux", "1"), village.vendor(0, 10_000));
    allocate(&mut village, 0);
    let past = Date::new(2026, 1, 1).expect("a day");
    assert!(leave(&mut village, who.member, Some(past)).is_err());
    let until = Date::new(2026, 12, 10).expect("a day");
    leave(&mut village, who.member, Some(until)).expect("a member leaves");
    village.paid(0, 1, vendor, &who, 4_000);
    village.ok(0, Command::Expire);
    assert_eq!(village.balance(0, &who), 6_000);
    village.wait(30 * DAY_MS);
    assert!(is_blocked(village.pay(0, 2, vendor, &who, 100)));
    let Answer::Expired(report) = village.ok(0, Command::Expire) else { panic!("a report") };
    assert_eq!((report.total, village.balance(0, &who)), (cents(6_000), 0));
    // A refund after that expires with the next run.
    let refund = Command::Refund {
        id: PaymentId::new([9; 16]),
        payment: PaymentId::new([1; 16]),
        amount: None,
    };
    village.ok(0, refund);
    village.ok(0, Command::Expire);
    assert_eq!(village.balance(0, &who), 0);
    village.all_is_well();
}

#[test]
fn a_hold_elsewhere_goes_its_way_when_a_member_leaves_and_an_erasure_waits_for_it() {
    let mut village = Village::federated(2, &terms());
    let (who, vendor) = (village.shopper(0, 1), village.vendor(1, 10_000));
    // The answer is lost: the hold at home stays until both speak again.
    let intent = village.intent(1, 1, vendor, &who, 1_000, "1234");
    let request = crdt::RequestId::new([9; 16]);
    village.input(1, Input::Command { request, command: Command::Pay(intent) });
    village.deliver_to(0);
    let Ok(PeopleAnswer::Left(left)) = leave(&mut village, who.member, None) else {
        panic!("left")
    };
    assert_eq!((left.held, left.expired), (cents(700), cents(9_300)));
    let erase = |village: &mut Village| {
        let (member, reason) = (who.member, ErasureReason::Request);
        people(village, PeopleCommand::Erase { member, reason })
    };
    let held = village.fingerprint(0);
    assert_eq!(erase(&mut village), Err(PeopleRefused::StillHeld { amount: cents(700) }.into()));
    assert_eq!(village.fingerprint(0), held);
    village.meet();
    village.wait(60_000);
    assert_eq!(village.payment(0, 1).status, PaymentStatus::Obliged, "what was granted is paid");
    let Ok(PeopleAnswer::Erased(erasure)) = erase(&mut village) else { panic!("an erasure") };
    assert_eq!((erasure.expired, village.balance(0, &who)), (cents(0), 0));
    village.all_is_well();
}

#[test]
fn after_an_erasure_nothing_names_the_person_and_the_books_are_as_they_were() {
    let mut village = village();
    let (who, vendor) = (enrol(&mut village, "Rose Pervanchoux", "1"), village.vendor(0, 10_000));
    let other = enrol(&mut village, "Octave Lenoir", "2");
    allocate(&mut village, 0);
    village.paid(0, 1, vendor, &who, 4_000);
    // What other parts of a caisse keep: her bank details, a line of the bank that names her, one that was
    // known by her reference though another name stands on it, and the name of another holder of a card.
    treasury::set(&mut village, Holder::Own, treasury::details("Caisse", treasury::OWN));
    let account = treasury::details("Rose Pervanchoux", "FR7630006000011234567890189");
    treasury::set(&mut village, Holder::Member(who.member), account);
    let line = |number, words: &str| treasury::line(number, Side::In, 1_000, words);
    let known = format!("M DUBOIS {}", treasury::reference(&village, who.member));
    let lines = [line(1, "VIR ROSE PERVANCHOUX"), line(2, &known), line(3, "VIR OCTAVE LENOIR")];
    treasury::import(&mut village, lines.to_vec());
    let (name, limits) = ("Second Holder".to_owned(), Limits::default());
    let holder = Some(NewHolder { name, role: HolderRole::Household, limits });
    let give = CardCommand::Give { member: who.member, code: code("1234"), blank: None, holder };
    village.ok(0, Command::Cards(give));
    let before = held(&village, who.member);
    assert_eq!((before.purchases.len(), before.others.len()), (1, 4), "{:?}", before.others);
    let details = before.others.iter().find(|record| record.kind == Kind::BankDetails);
    let texts = details.map(|record| record.texts.concat()).unwrap_or_default();
    assert!(texts.contains("FR7630006000011234567890189"), "{texts}");
    let counters = village.houses[0].caisse.books().accounts().clone();
    let Ok(PeopleAnswer::Erased(preview)) = ask(&village, PeopleQuery::ErasurePreview(who.member))
    else {
        panic!("a preview")
    };
    let (member, reason) = (who.member, ErasureReason::Request);
    let erased = people(&mut village, PeopleCommand::Erase { member, reason });
    let expected = Erasure { preview: false, ..preview };
    assert_eq!((expected.persons, expected.line_texts, expected.bank_details), (2, 2, 1));
    assert_eq!(expected.expired, cents(6_000));
    assert_eq!(erased, Ok(PeopleAnswer::Erased(expected)));

    village.restart(0, None);
    let disk = &village.houses[0].disk;
    let words = [
        "pervanchoux",
        "06 12 34 56 78",
        "rose@exemple.fr",
        "lauris",
        "fr7630006",
        "second",
        "dubois",
    ];
    for kind in Kind::ALL {
        for (key, value) in disk.range(kind, &[], &[], usize::MAX) {
            let text = String::from_utf8_lossy(&[key, value].concat()).to_lowercase();
            for word in words {
                let of_octave = kind == Kind::Person && text.contains("octave");
                assert!(of_octave || !text.contains(word), "{word} in {kind:?}: {text}");
            }
        }
    }
    let octave = held(&village, other.member);
    assert_eq!(octave.person.map(|person| person.name), Some("Octave Lenoir".to_owned()));
    assert_eq!(octave.others.len(), 1);
    let after = village.houses[0].caisse.books().accounts();
    let vendor = Account::Vendor(vendor);
    assert_eq!(after[&vendor], counters[&vendor]);
    assert!(village.houses[0].caisse.books().is_balanced());
    let again = PeopleCommand::Erase { member, reason };
    assert_eq!(people(&mut village, again), Err(PeopleRefused::Erased.into()));
    let back = PeopleCommand::Return { member, with_credit: false };
    assert_eq!(people(&mut village, back), Err(PeopleRefused::Erased.into()));
    village.all_is_well();
}

#[test]
fn an_erasure_says_what_stands_in_its_way_and_then_changes_nothing() {
    let mut village = village();
    let unknown =
        PeopleCommand::Erase { member: MemberId::new([7; 16]), reason: ErasureReason::Mistake };
    let before = village.fingerprint(0);
    assert_eq!(people(&mut village, unknown), Err(MemberRefused::UnknownMember.into()));
    assert_eq!(village.fingerprint(0), before);
}

#[test]
fn who_waits_is_admitted_with_the_same_id_and_household_in_the_order_of_coming() {
    let mut village = village();
    let mut ids = Vec::new();
    for name in ["Rose", "Octave", "Ismael"] {
        let wait = PeopleCommand::Wait(Box::new(applicant(name, name)));
        let Ok(PeopleAnswer::Waits(id)) = people(&mut village, wait) else { panic!("a place") };
        ids.push(id);
        village.wait(1_000);
    }
    let waiting = |village: &Village| match ask(village, PeopleQuery::Waiting) {
        Ok(PeopleAnswer::Waiting(list)) => list.iter().map(|w| w.id).collect::<Vec<_>>(),
        other => panic!("no list: {other:?}"),
    };
    assert_eq!(waiting(&village), ids);
    assert_eq!(allocate(&mut village, 0), [], "who waits is no member");
    assert!(held(&village, ids[0]).waits);
    let admitted = people(&mut village, PeopleCommand::Admit(ids[1]));
    assert_eq!(admitted, Ok(PeopleAnswer::Admitted(ids[1])));
    let Ok(PeopleAnswer::Candidates(pool)) = ask(&village, PeopleQuery::Candidates(Pool::Waiting))
    else {
        panic!("candidates")
    };
    assert_eq!(pool.len(), 2);
    assert!(!format!("{pool:?}").contains("Rose"), "a lot is drawn among ids");
    people(&mut village, PeopleCommand::StopWaiting(ids[0])).expect("they wait");
    assert_eq!(waiting(&village), [ids[2]]);
    let gone = people(&mut village, PeopleCommand::Admit(ids[0]));
    assert_eq!(gone, Err(PeopleRefused::NotWaiting.into()));
    let disk = &village.houses[0].disk;
    assert_eq!(disk.get(Kind::Person, ids[0].as_bytes()), None, "and is forgotten");
    assert_eq!(allocate(&mut village, 0), [(ids[1], 10_000)]);
    village.all_is_well();
}

#[test]
fn a_file_of_members_read_twice_adds_nobody_and_a_bad_line_stops_no_other() {
    let mut village = village();
    let bad = Applicant { email: Some("nowhere".to_owned()), ..applicant("Bad", "3") };
    let nameless = Applicant { reference: None, ..applicant("Nameless", "") };
    let lines = vec![
        applicant("Rose", "1"),
        bad,
        applicant("Octave", "2"),
        nameless,
        applicant("Rose", "1"),
    ];
    let kinds = |done: Result<PeopleAnswer, Refused>| match done {
        Ok(PeopleAnswer::Imported(done)) => done
            .iter()
            .map(|line| match line {
                Imported::Added(_) => '+',
                Imported::Known(_) => '=',
                Imported::Wrong(_) => '!',
            })
            .collect::<String>(),
        other => panic!("no report: {other:?}"),
    };
    let before = village.fingerprint(0);
    assert_eq!(kinds(ask(&village, PeopleQuery::ImportPreview(lines.clone()))), "+!+!=");
    assert_eq!(village.fingerprint(0), before);
    assert_eq!(kinds(people(&mut village, PeopleCommand::Import(lines.clone()))), "+!+!=");
    assert_eq!(kinds(people(&mut village, PeopleCommand::Import(lines))), "=!=!=");
    let Ok(PeopleAnswer::Roll(roll)) = ask(&village, PeopleQuery::Roll) else { panic!("a roll") };
    assert_eq!(roll.len(), 2);
    let many = vec![applicant("Rose", "1"); 501];
    assert_eq!(
        people(&mut village, PeopleCommand::Import(many)),
        Err(PeopleRefused::TooManyLines.into())
    );
    village.all_is_well();
}

#[test]
fn no_answer_that_is_kept_under_a_request_id_names_a_person() {
    let mut village = village();
    let who = enrol(&mut village, "Rose Pervanchoux", "REF-1");
    let wait = PeopleCommand::Wait(Box::new(applicant("Octave Lenoir", "REF-2")));
    people(&mut village, wait).expect("a place");
    let change = MemberChange { name: Some("Rosa P".to_owned()), ..MemberChange::default() };
    let change = PeopleCommand::Change { member: who.member, change: Box::new(change) };
    people(&mut village, change).expect("sound");
    leave(&mut village, who.member, None).expect("a member leaves");
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Person) {
        for (_, value) in village.houses[0].disk.range(kind, &[], &[], usize::MAX) {
            let text = String::from_utf8_lossy(&value).to_lowercase();
            for word in ["rosa", "pervanchoux", "lenoir", "ref-", "06 12", "lauris", "moves"] {
                assert!(!text.contains(word), "{word} in {kind:?}: {text}");
            }
        }
    }
}

#[test]
fn a_dispute_that_is_answered_after_an_erasure_says_nothing_more_of_the_person() {
    let mut village = village();
    let (who, vendor) = (enrol(&mut village, "Rose Pervanchoux", "1"), village.vendor(0, 10_000));
    allocate(&mut village, 0);
    village.paid(0, 1, vendor, &who, 4_000);
    let (payment, member) = (PaymentId::new([1; 16]), who.member);
    let reason = "Rose dit non".to_owned();
    let open = DisputesCommand::Open { payment, member, amount: None, reason };
    let Answer::Disputes(DisputesAnswer::Dispute(dispute)) = village.ok(0, Command::Disputes(open))
    else {
        panic!("a dispute")
    };
    let reason = ErasureReason::Request;
    people(&mut village, PeopleCommand::Erase { member, reason }).expect("erased");
    let decision = Decision::Reject { reason: "Rose a signé".to_owned() };
    village.ok(0, Command::Disputes(DisputesCommand::Answer { dispute: dispute.id, decision }));
    let notes = village.houses[0].disk.range(Kind::Note, &[], &[], usize::MAX);
    assert!(notes.iter().all(|(_, text)| !String::from_utf8_lossy(text).contains("Rose")));
    village.all_is_well();
}
