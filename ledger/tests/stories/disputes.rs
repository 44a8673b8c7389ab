//! Disputes: what a member contests, what is due when, and who bears what is given back.

use crdt::{Cents, Date, DisputeId, PaymentId, VendorId, wire};
use ledger::account::Account;
use ledger::answer::{DisputeInfo, DisputesAnswer, Foreseen};
use ledger::calendar::Zone;
use ledger::command::{
    Burden, Decision, DisputesCommand, DisputesQuery, PayIntent, PaymentCode, Purchase,
};
use ledger::dispute::{Dispute, DisputeState, Redress, contested};
use ledger::records::{Kind, Records, Write};
use ledger::refused::{AnswerRefused, DisputesRefused, OpenRefused, Refused};
use ledger::rules::{Allocation, Percent, Rules};
use ledger::turn::Turn;
use ledger::{Answer, Command, Outcome, Query};

use super::village::{Shopper, Village, cents, code, rules, terms};

const DAY_MS: i64 = 24 * 3_600_000;

fn payment(number: u8) -> PaymentId {
    PaymentId::new([number; 16])
}

fn opening(number: u8, who: &Shopper, amount: Option<u32>) -> Command {
    let (payment, member, amount) = (payment(number), who.member, amount.map(cents));
    let reason = "Je n'ai pas fait cet achat".to_owned();
    Command::Disputes(DisputesCommand::Open { payment, member, amount, reason })
}

fn opened(village: &mut Village, number: u8, who: &Shopper, amount: Option<u32>) -> DisputeInfo {
    match village.ok(0, opening(number, who, amount)) {
        Answer::Disputes(DisputesAnswer::Dispute(info)) => info,
        other => panic!("no dispute: {other:?}"),
    }
}

fn accept(amount: Option<u32>, burden: Burden) -> Decision {
    let reason = Some("Le commerçant confirme".to_owned());
    Decision::Accept { amount: amount.map(cents), burden, reason }
}

fn answered(dispute: DisputeId, decision: Decision) -> Command {
    Command::Disputes(DisputesCommand::Answer { dispute, decision })
}

fn refused(outcome: Option<Outcome>) -> DisputesRefused {
    match outcome {
        Some(Err(Refused::Disputes(refused))) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

fn list(village: &Village, due: bool) -> Vec<DisputeInfo> {
    match village.query(0, &Query::Disputes(DisputesQuery::List { due })) {
        Ok(Answer::Disputes(DisputesAnswer::List(list))) => list,
        other => panic!("no list: {other:?}"),
    }
}

fn letter(village: &Village, dispute: DisputeId) -> String {
    match village.query(0, &Query::Disputes(DisputesQuery::Letter(dispute))) {
        Ok(Answer::Disputes(DisputesAnswer::Letters(letters))) => letters.concat(),
        other => panic!("no letter: {other:?}"),
    }
}

/// What is not to be paid out to a vendor now.
fn frozen(village: &Village, vendor: VendorId) -> Cents {
    let zone = Zone::paris();
    let turn = Turn::new(village.now, &zone, &village.houses[0].disk);
    contested(&turn).get(&vendor).copied().unwrap_or_default()
}

fn balance(village: &Village, account: Account) -> i64 {
    village.houses[0].caisse.books().counters(account).balance().get()
}

fn shop() -> (Village, Shopper, VendorId) {
    let mut village = Village::alone(&rules());
    let (who, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &who, 3_000);
    (village, who, vendor)
}

#[test]
fn what_is_contested_is_frozen_and_goes_back_to_the_member_when_the_caisse_accepts() {
    let (mut village, who, vendor) = shop();
    let info = opened(&mut village, 1, &who, None);
    assert_eq!((info.amount, info.vendor, info.frozen), (cents(3_000), Some(vendor), true));
    assert_eq!(frozen(&village, vendor), cents(3_000));
    assert_eq!(village.balance(0, &who), 7_000, "nothing in advance");
    village.all_is_well();

    let decision = accept(None, Burden::Vendor);
    let (dispute, before) = (info.id, village.fingerprint(0));
    let foresee = DisputesQuery::Foresee { dispute, decision: decision.clone() };
    let vendor_owed = Some(Cents::ZERO.signed());
    let foreseen = Foreseen { amount: cents(3_000), by: Some(Redress::Refund), vendor_owed };
    assert_eq!(
        village.query(0, &Query::Disputes(foresee)),
        Ok(Answer::Disputes(DisputesAnswer::Foreseen(foreseen)))
    );
    assert_eq!(village.fingerprint(0), before, "foreseeing changes nothing");

    village.ok(0, answered(info.id, decision.clone()));
    assert_eq!(village.balance(0, &who), 10_000);
    assert_eq!(balance(&village, Account::Vendor(vendor)), 0);
    assert_eq!(frozen(&village, vendor), Cents::ZERO);
    village.all_is_well();

    let again = refused(village.ask(0, answered(info.id, decision)));
    assert!(matches!(again, DisputesRefused::Answer(AnswerRefused::Closed { .. })));
    let refund = Command::Refund { id: payment(9), payment: payment(1), amount: None };
    assert!(
        matches!(village.ask(0, refund), Some(Err(Refused::Refund(_)))),
        "not given back twice"
    );
    village.restart(0, None);
    assert!(matches!(list(&village, false)[0].state, DisputeState::Accepted { .. }));
}

#[test]
fn clocks_say_what_is_due_and_decide_nothing() {
    let (mut village, who, vendor) = shop();
    village.paid(0, 2, vendor, &who, 1_000);
    let date = |text: &str| text.parse::<Date>().expect("a day");
    assert_eq!(village.now.date(), date("2026-11-24"));
    let info = opened(&mut village, 1, &who, Some(1_200));
    // Ten working days from a Tuesday.
    assert_eq!((info.opened, info.answer_by), (date("2026-11-24"), date("2026-12-08")));
    assert_eq!(info.frozen_until, date("2026-12-09"));
    village.wait(14 * DAY_MS);
    assert!(!list(&village, true)[0].overdue, "the last day");
    assert_eq!(frozen(&village, vendor), cents(1_200));
    village.wait(DAY_MS);
    let late = list(&village, true)[0];
    assert!(late.overdue && !late.frozen && late.state == DisputeState::Open);
    assert_eq!(frozen(&village, vendor), Cents::ZERO, "it thaws, and is still to be answered");
    // What is overdue comes first, whenever the other was opened.
    let newer = opened(&mut village, 2, &who, None);
    let order: Vec<_> = list(&village, true).iter().map(|info| info.id).collect();
    assert_eq!(order, [info.id, newer.id]);
    village.wait(400 * DAY_MS);
    assert_eq!(list(&village, true).len(), 2, "no clock closes a dispute");
    assert_eq!(village.balance(0, &who), 6_000);
    village.ok(0, answered(info.id, accept(None, Burden::Vendor)));
    assert_eq!(village.balance(0, &who), 7_200, "an answer that comes late is an answer");
    assert_eq!(list(&village, true).len(), 1);
    village.all_is_well();
}

#[test]
fn a_payment_can_be_contested_for_90_days_and_no_longer() {
    let (mut village, who, _) = shop();
    village.wait(90 * DAY_MS);
    let ended = village.now;
    village.wait(DAY_MS);
    let until = ended.date();
    let late = refused(village.ask(0, opening(1, &who, None)));
    assert_eq!(late, OpenRefused::TooLate { until }.into());
    let (mut village, who, _) = shop();
    village.wait(90 * DAY_MS);
    assert_eq!(opened(&mut village, 1, &who, None).amount, cents(3_000));
}

#[test]
fn what_cannot_be_contested_is_refused_and_nothing_has_changed() {
    let (mut village, who, vendor) = shop();
    let other = village.shopper(0, 1);
    let intent = village.intent(0, 3, vendor, &who, 50_000, "1234");
    village.ask(0, Command::Pay(intent));
    let open = |why: OpenRefused| DisputesRefused::Open(why);
    let before = village.fingerprint(0);
    let of = |village: &mut Village, number, who: &Shopper, amount| {
        refused(village.ask(0, opening(number, who, amount)))
    };
    assert_eq!(of(&mut village, 7, &who, None), open(OpenRefused::UnknownPayment));
    assert_eq!(of(&mut village, 1, &other, None), open(OpenRefused::NotTheirs));
    assert_eq!(of(&mut village, 3, &who, None), open(OpenRefused::NotPaid));
    assert_eq!(of(&mut village, 1, &who, Some(0)), open(OpenRefused::AmountZero));
    let left = cents(3_000);
    assert_eq!(of(&mut village, 1, &who, Some(3_001)), open(OpenRefused::MoreThanLeft { left }));
    for reason in ["", "  ", &"x".repeat(201)] {
        let (member, reason) = (who.member, reason.to_owned());
        let open = DisputesCommand::Open { payment: payment(1), member, amount: None, reason };
        let why = refused(village.ask(0, Command::Disputes(open)));
        assert_eq!(why, OpenRefused::Reason.into());
    }
    assert_eq!(village.fingerprint(0), before);

    let info = opened(&mut village, 1, &who, Some(500));
    let dispute = info.id;
    let before = village.fingerprint(0);
    assert_eq!(of(&mut village, 1, &who, None), open(OpenRefused::AlreadyOpen { dispute }));
    let answer = |village: &mut Village, decision| match refused(
        village.ask(0, answered(dispute, decision)),
    ) {
        DisputesRefused::Answer(why) => why,
        other => panic!("another refusal: {other:?}"),
    };
    let more = answer(&mut village, accept(Some(501), Burden::Vendor));
    assert_eq!(more, AnswerRefused::MoreThanContested { contested: cents(500) });
    let zero = answer(&mut village, accept(Some(0), Burden::Vendor));
    assert_eq!(zero, AnswerRefused::AmountZero);
    let silent = Decision::Accept { amount: None, burden: Burden::Caisse, reason: None };
    assert_eq!(answer(&mut village, silent), AnswerRefused::Reason);
    let mute = Decision::Reject { reason: String::new() };
    assert_eq!(answer(&mut village, mute), AnswerRefused::Reason);
    let unknown =
        refused(village.ask(0, answered(DisputeId::new([3; 16]), accept(None, Burden::Vendor))));
    assert_eq!(unknown, AnswerRefused::UnknownDispute.into());
    assert_eq!(village.fingerprint(0), before);
    // What the till gave back in the meantime is not given back again.
    let refund =
        Command::Refund { id: payment(9), payment: payment(1), amount: Some(cents(2_700)) };
    village.ok(0, refund);
    let left = cents(300);
    let gone = answer(&mut village, accept(None, Burden::Vendor));
    assert_eq!(gone, AnswerRefused::MoreThanLeft { left });
    village.ok(0, answered(dispute, accept(Some(300), Burden::Vendor)));
    village.all_is_well();
}

#[test]
fn a_rejected_or_withdrawn_dispute_moves_nothing_and_frees_what_was_frozen() {
    let (mut village, who, vendor) = shop();
    village.paid(0, 2, vendor, &who, 1_000);
    let (one, two) = (opened(&mut village, 1, &who, None), opened(&mut village, 2, &who, None));
    assert_eq!(frozen(&village, vendor), cents(4_000));
    village.ok(0, answered(one.id, Decision::Reject { reason: "Reçu signé".to_owned() }));
    let withdraw = DisputesCommand::Withdraw { dispute: two.id };
    village.ok(0, Command::Disputes(withdraw.clone()));
    let again = refused(village.ask(0, Command::Disputes(withdraw)));
    assert!(matches!(again, DisputesRefused::Answer(AnswerRefused::Closed { .. })));
    assert_eq!((frozen(&village, vendor), village.balance(0, &who)), (Cents::ZERO, 6_000));
    assert_eq!(list(&village, true), []);
    village.all_is_well();
}

/// Rules under which a vendor comes to owe the caisse: what is paid above the price is the pot's.
fn tiers(village: &Village) -> Rules {
    let tier = |percent| Percent::new(percent).expect("a tier");
    let allocation = Allocation::PriceTiers { tiers: vec![tier(65), tier(125)] };
    let (version, from) = (2, village.now.date().plus_days(1));
    Rules { version, from, allocation, ..rules() }
}

#[test]
fn a_vendor_that_is_owed_too_little_owes_it_or_the_caisse_bears_it_as_a_person_says() {
    for burden in [Burden::VendorOwes, Burden::Caisse] {
        let (mut village, who, vendor) = shop();
        let info = opened(&mut village, 1, &who, None);
        let rules = Box::new(tiers(&village));
        village.ok(0, Command::PlanRules { rules, force: None });
        village.wait(2 * DAY_MS);
        let (card, tier) = (who.card.clone(), Percent::new(125).ok());
        let purchase = Purchase { tier, ..cents(10_000).into() };
        let code = PaymentCode::Plain(code("1234"));
        let above = PayIntent { payment: payment(2), card, vendor, purchase, code, scanned: false };
        village.ok(0, Command::Pay(above));
        assert_eq!(balance(&village, Account::Vendor(vendor)), 500);

        let before = village.fingerprint(0);
        let paid = refused(village.ask(0, answered(info.id, accept(None, Burden::Vendor))));
        assert_eq!(paid, AnswerRefused::VendorPaid { owed: cents(500).signed() }.into());
        assert_eq!(village.fingerprint(0), before);

        village.ok(0, answered(info.id, accept(None, burden)));
        assert_eq!(village.balance(0, &who), 10_000, "the member has it back in any case");
        let (vendor_owed, loss) =
            if burden == Burden::Caisse { (500, -3_000) } else { (-2_500, 0) };
        assert_eq!(balance(&village, Account::Vendor(vendor)), vendor_owed);
        assert_eq!(balance(&village, Account::Corrections), loss);
        village.all_is_well();
    }
}

#[test]
fn a_sale_elsewhere_is_given_back_by_the_host_or_at_the_own_loss_of_the_home_caisse() {
    let mut village = Village::federated(2, &terms());
    let (who, vendor) = (village.shopper(0, 1), village.vendor(1, 7_000));
    village.paid(1, 1, vendor, &who, 2_000);
    village.paid(1, 2, vendor, &who, 1_000);
    let first = opened(&mut village, 1, &who, None);
    let second = opened(&mut village, 2, &who, None);
    assert_eq!((first.amount, first.vendor, first.frozen), (cents(1_400), None, false));
    let at_host = refused(village.ask(0, answered(first.id, accept(None, Burden::Vendor))));
    assert_eq!(at_host, AnswerRefused::AtHost { given: Cents::ZERO }.into());

    let refund = Command::Refund { id: payment(9), payment: payment(1), amount: None };
    village.ok(1, refund);
    village.deliver();
    let (held, owed) = (village.balance(0, &who), village.owes(0, 1));
    assert_eq!(held, 10_000 - 700);
    village.ok(0, answered(first.id, accept(None, Burden::Vendor)));
    assert_eq!((village.balance(0, &who), village.owes(0, 1)), (held, owed), "it had come already");

    village.ok(0, answered(second.id, accept(None, Burden::Caisse)));
    assert_eq!(village.balance(0, &who), 10_000);
    assert_eq!(village.owes(0, 1), owed, "what is owed to the host stays owed");
    assert_eq!(balance(&village, Account::Corrections), -700);
    let twice = refused(village.ask(0, opening(2, &who, None)));
    assert_eq!(twice, OpenRefused::AmountZero.into(), "what the caisse bore is not borne again");
    // If the host gives it back all the same, it makes the loss good: the member does not have it twice.
    let refund = Command::Refund { id: payment(8), payment: payment(2), amount: None };
    village.ok(1, refund);
    village.deliver();
    let given = list(&village, false).into_iter().find(|info| info.id == second.id);
    assert_eq!(given.map(|info| info.given_by_host), Some(Cents::ZERO));
    assert_eq!((village.balance(0, &who), balance(&village, Account::Corrections)), (10_000, 0));
    let states: Vec<_> = list(&village, false).into_iter().map(|info| info.state).collect();
    assert!(
        states
            .iter()
            .any(|state| matches!(state, DisputeState::Accepted { by: Redress::Host, .. }))
    );
    village.all_is_well();
}

#[test]
fn the_member_is_told_in_french_and_what_was_said_is_not_in_the_books() {
    let (mut village, who, _) = shop();
    let info = opened(&mut village, 1, &who, Some(1_250));
    let received = letter(&village, info.id);
    for words in [
        "Bonjour Camille Test,",
        "porte sur 12,50\u{a0}€",
        "au plus tard le 8 décembre 2026",
        "Jusqu'au 8 décembre 2026",
        "« Je n'ai pas fait cet achat »",
    ] {
        assert!(received.contains(words), "{words}: {received}");
    }
    village.ok(0, answered(info.id, accept(Some(1_000), Burden::Vendor)));
    let accepted = letter(&village, info.id);
    assert!(accepted.contains("10,00\u{a0}€ vous sont rendus"), "{accepted}");
    assert!(accepted.contains("« Le commerçant confirme »"), "{accepted}");
    for kind in [Kind::Journal, Kind::Dispute, Kind::Command] {
        for (_, bytes) in village.houses[0].disk.range(kind, &[], &[], usize::MAX) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("achat") && !text.contains("Camille"), "{kind:?}");
        }
    }
}

#[test]
fn verify_names_a_dispute_that_differs_from_its_payment_its_refund_or_the_books() {
    let (mut village, who, _) = shop();
    let info = opened(&mut village, 1, &who, None);
    village.ok(0, answered(info.id, accept(None, Burden::Caisse)));
    let key = info.id.as_bytes().to_vec();
    let stored = village.houses[0].disk.get(Kind::Dispute, &key).expect("it is stored");
    let dispute: Dispute = wire::decode(&stored).expect("it decodes");
    let on = village.now.date();
    let less = DisputeState::Accepted { on, amount: cents(2_999), by: Redress::OwnLoss };
    let refund = DisputeState::Accepted { on, amount: cents(3_000), by: Redress::Refund };
    let wrong = [
        Dispute { amount: cents(3_001), ..dispute.clone() },
        Dispute { amount: cents(2_999), ..dispute.clone() },
        Dispute { payment: payment(5), ..dispute.clone() },
        Dispute { state: DisputeState::Open, ..dispute.clone() },
        Dispute { state: less, ..dispute.clone() },
        Dispute { state: refund, ..dispute.clone() },
    ];
    for wrong in wrong {
        let value = Some(wire::encode(&wrong));
        let write = Write { kind: Kind::Dispute, key: key.clone(), value };
        village.houses[0].disk.apply([write]);
        let Ok(Answer::Verified(report)) = village.query(0, &Query::Verify) else {
            panic!("a report")
        };
        let named = report.differences.iter().any(|what| what.contains("dispute"));
        assert!(named, "{wrong:?}: {:?}", report.differences);
    }
    village.houses[0].disk.apply([Write { kind: Kind::Dispute, key, value: Some(stored) }]);
    village.all_is_well();
}
