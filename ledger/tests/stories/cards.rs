//! Cards: printed in advance, given in person, replaced, limited, frozen.

use crdt::card::CardText;
use crdt::pair::DenyReason;
use crdt::{CardId, Cents, Date, PaymentId, VendorId};
use ledger::answer::{BlankInfo, CardAnswer, CardInfo};
use ledger::card::Restriction;
use ledger::command::{
    CardCommand, CardQuery, HolderRole, Limits, NewHolder, Restrict, WhyReplaced,
};
use ledger::records::{Kind, Records};
use ledger::refused::{CardCommandRefused, CardUseRefused, PaymentRefused, Refused};
use ledger::{Answer, Command, Outcome, Query};

use super::village::{Shopper, Village, cents, code, terms};

fn ask(village: &mut Village, command: CardCommand) -> Result<CardAnswer, Refused> {
    match village.ask(0, Command::Cards(command)).expect("answered at once") {
        Ok(Answer::Cards(answer)) => Ok(answer),
        Ok(other) => panic!("another answer: {other:?}"),
        Err(refused) => Err(refused),
    }
}

fn done(village: &mut Village, command: CardCommand) -> CardAnswer {
    ask(village, command).expect("not refused")
}

fn refused(village: &mut Village, command: CardCommand) -> CardCommandRefused {
    let before = village.fingerprint(0);
    let Err(Refused::Card(refused)) = ask(village, command) else { panic!("not refused") };
    assert_eq!(village.fingerprint(0), before, "a refusal changes nothing");
    refused
}

fn see(village: &Village, question: CardQuery) -> CardAnswer {
    match village.query(0, &Query::Cards(question)) {
        Ok(Answer::Cards(answer)) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

fn blanks(village: &mut Village, count: u32) -> Vec<BlankInfo> {
    let CardAnswer::Blanks(made) = done(village, CardCommand::MakeBlanks { count }) else {
        panic!("blank cards")
    };
    made
}

fn replace(village: &mut Village, card: CardId) -> CardInfo {
    let (why, code) = (WhyReplaced::Lost, code("9876"));
    let replace = CardCommand::Replace { card, why, code, blank: None };
    let CardAnswer::Replaced { old, new } = done(village, replace) else { panic!("replaced") };
    assert_eq!(old, card);
    *new
}

/// Gives a delegate a card with limits on the shopper's account.
fn delegate(village: &mut Village, shopper: &Shopper, limits: Limits) -> Shopper {
    let name = "Dominique Mandataire".to_owned();
    let holder = Some(NewHolder { name, role: HolderRole::Delegate, limits });
    let (member, code) = (shopper.member, code("1234"));
    let give = CardCommand::Give { member, code, blank: None, holder };
    let CardAnswer::Given(card) = done(village, give) else { panic!("given") };
    Shopper { member, card: card.qr.parse().expect("a card") }
}

fn use_refused(refused: CardUseRefused) -> Option<Outcome> {
    Some(Err(PaymentRefused::CardUse(refused).into()))
}

#[test]
fn a_card_printed_in_advance_pays_nowhere_until_it_is_given_in_person() {
    let mut village = Village::federated(2, &terms());
    let owner = village.shopper(0, 1);
    let (here, there) = (village.vendor(0, 10_000), village.vendor(1, 7_000));
    let [blank, other] = <[_; 2]>::try_from(blanks(&mut village, 2)).expect("two");
    let card = |info: &BlankInfo| info.qr.parse::<CardText>().expect("a card");
    let found = Shopper { member: owner.member, card: card(&blank) };
    assert_eq!(village.pay(0, 1, here, &found, 100), use_refused(CardUseRefused::Blank));
    let denied = PaymentRefused::Denied(DenyReason::UnknownCard);
    assert_eq!(village.pay(1, 2, there, &found, 100), Some(Err(denied.into())));

    village.restart(0, None);
    village.meet();
    let (member, code) = (owner.member, code("1234"));
    let give = CardCommand::Give { member, code, blank: Some(blank.card), holder: None };
    let CardAnswer::Given(given) = done(&mut village, give.clone()) else { panic!("given") };
    assert_eq!((given.card, given.number), (blank.card, blank.number));
    assert_eq!(refused(&mut village, give), CardCommandRefused::NotBlank);
    assert_eq!(village.paid(0, 1, here, &found, 100).covered, cents(100));
    assert_eq!(village.paid(1, 3, there, &found, 100).covered, cents(70));
    let CardAnswer::Blanks(left) = see(&village, CardQuery::Blanks) else { panic!("blanks") };
    assert_eq!(left, [other]);
    village.all_is_well();
}

#[test]
fn a_replaced_card_is_blocked_for_good_and_the_new_one_has_the_balance() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    village.paid(0, 1, vendor, &shopper, 1_000);
    let old = shopper.card.card();
    let new = replace(&mut village, old);
    let refusal = PaymentRefused::CardBlocked;
    assert_eq!(village.pay(0, 2, vendor, &shopper, 100), Some(Err(refusal.into())));
    let shopper = Shopper { card: new.qr.parse().expect("a card"), ..shopper };
    assert_eq!(village.balance(0, &shopper), 9_000);
    let intent = village.intent(0, 3, vendor, &shopper, 9_000, "9876");
    assert!(matches!(village.ok(0, Command::Pay(intent)), Answer::Paid(_)));

    let (why, code) = (WhyReplaced::Stolen, code("1111"));
    let again = CardCommand::Replace { card: old, why, code, blank: None };
    let by = new.number;
    assert_eq!(refused(&mut village, again), CardCommandRefused::Replaced { by });
    village.all_is_well();
}

#[test]
fn the_fourth_card_of_a_household_within_a_year_is_noticed_and_the_fourth_of_ten_years_is_not() {
    const DAY: i64 = 24 * 3_600_000;
    let mut village = Village::strangers(1);
    let shopper = village.shopper(0, 1);
    let mut card = shopper.card.card();
    let notices = |village: &Village| match see(village, CardQuery::Notices) {
        CardAnswer::Notices(notices) => notices,
        other => panic!("{other:?}"),
    };
    for expected in [2, 3] {
        let new = replace(&mut village, card);
        assert_eq!(new.cards_in_year, expected);
        card = new.card;
    }
    assert_eq!(notices(&village), []);
    village.wait(365 * DAY);
    let new = replace(&mut village, card);
    assert_eq!((new.cards_in_year, notices(&village).len()), (1, 0), "the first three are too old");
    card = new.card;
    for _ in 0..2 {
        card = replace(&mut village, card).card;
    }
    assert_eq!(notices(&village), []);
    assert_eq!(replace(&mut village, card).cards_in_year, 4);
    let told = notices(&village);
    assert_eq!((told.len(), told[0].member, told[0].cards), (1, shopper.member, 4));
    village.restart(0, None);
    assert_eq!(notices(&village), told);
    village.all_is_well();
}

#[test]
fn a_delegate_spends_within_the_limits_and_a_new_card_is_not_a_new_month() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let other = village.vendor(0, 10_000);
    let limits = Limits {
        per_purchase: Some(cents(2_000)),
        per_month: Some(cents(3_000)),
        until: Some(Date::new(2026, 12, 31).expect("a day")),
        vendors: vec![vendor],
    };
    let mut helper = delegate(&mut village, &shopper, limits);
    let limit = |room| use_refused(CardUseRefused::Limit { room: cents(room) });
    assert_eq!(village.pay(0, 1, vendor, &helper, 2_001), limit(2_000));
    assert_eq!(village.pay(0, 2, other, &helper, 100), use_refused(CardUseRefused::OtherVendor));
    village.paid(0, 3, vendor, &helper, 2_000);
    assert_eq!(village.pay(0, 4, vendor, &helper, 1_001), limit(1_000));
    let (id, payment) = (PaymentId::new([77; 16]), PaymentId::new([3; 16]));
    village.ok(0, Command::Refund { id, payment, amount: Some(cents(500)) });
    village.paid(0, 5, vendor, &helper, 1_500);
    village.all_is_well();

    let new = replace(&mut village, helper.card.card());
    assert_eq!(new.spent_this_month, cents(3_000));
    helper.card = new.qr.parse().expect("a card");
    let intent = village.intent(0, 6, vendor, &helper, 1, "9876");
    let asked = village.ask(0, Command::Pay(intent));
    assert_eq!(asked, limit(0));
    // The member's own card has no limits, and the next month is another month.
    village.paid(0, 7, other, &shopper, 4_000);
    village.wait(20 * 24 * 3_600_000);
    let intent = village.intent(0, 8, vendor, &helper, 1_000, "9876");
    assert!(matches!(village.ok(0, Command::Pay(intent)), Answer::Paid(_)));
    village.wait(40 * 24 * 3_600_000);
    let until = Date::new(2026, 12, 31).expect("a day");
    let intent = village.intent(0, 9, vendor, &helper, 100, "9876");
    assert_eq!(village.ask(0, Command::Pay(intent)), use_refused(CardUseRefused::Over { until }));
    village.all_is_well();
}

#[test]
fn a_till_that_takes_less_takes_what_the_limits_of_the_card_leave() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let limits = Limits { per_month: Some(cents(700)), ..Limits::default() };
    let helper = delegate(&mut village, &shopper, limits);
    let mut intent = village.intent(0, 1, vendor, &helper, 1_000, "1234");
    intent.purchase.partial = true;
    let Answer::Paid(receipt) = village.ok(0, Command::Pay(intent)) else { panic!("paid") };
    assert_eq!((receipt.covered, receipt.member_share), (cents(700), cents(300)));
    village.all_is_well();
}

#[test]
fn a_delegate_elsewhere_is_limited_too_and_the_other_caisse_is_not_told_why() {
    let mut village = Village::federated(2, &terms());
    let (shopper, there) = (village.shopper(0, 1), village.vendor(1, 7_000));
    let here = village.vendor(0, 10_000);
    let limits = Limits { per_month: Some(cents(1_000)), ..Limits::default() };
    let helper = delegate(&mut village, &shopper, limits);
    let denied = |reason| Some(Err(PaymentRefused::Denied(reason).into()));
    village.paid(1, 1, there, &helper, 1_000);
    assert_eq!(village.pay(1, 2, there, &helper, 1_000), denied(DenyReason::SpendingCap));
    let limit = CardUseRefused::Limit { room: cents(300) };
    assert_eq!(village.pay(0, 3, here, &helper, 301), use_refused(limit));
    village.paid(0, 4, here, &helper, 300);
    village.all_is_well();
    let (id, payment) = (PaymentId::new([78; 16]), PaymentId::new([1; 16]));
    village.ok(1, Command::Refund { id, payment, amount: None });
    village.paid(1, 5, there, &helper, 1_000);

    let at_home: Vec<VendorId> = vec![here];
    let limits = Limits { vendors: at_home, ..Limits::default() };
    done(&mut village, CardCommand::Limit { card: helper.card.card(), limits });
    assert_eq!(village.pay(1, 6, there, &helper, 100), denied(DenyReason::SpendingCap));
    village.all_is_well();
}

#[test]
fn a_frozen_member_pays_nowhere_and_only_at_home_means_at_home() {
    let mut village = Village::federated(2, &terms());
    let shopper = village.shopper(0, 1);
    let (here, there) = (village.vendor(0, 10_000), village.vendor(1, 7_000));
    let denied = |reason| Some(Err(PaymentRefused::Denied(reason).into()));
    let restrict = |change| CardCommand::Restrict { member: shopper.member, change };
    done(&mut village, restrict(Restrict::Freeze));
    assert_eq!(refused(&mut village, restrict(Restrict::Freeze)), CardCommandRefused::SoAlready);
    assert_eq!(village.pay(0, 1, here, &shopper, 100), use_refused(CardUseRefused::Frozen));
    assert_eq!(village.pay(1, 2, there, &shopper, 100), denied(DenyReason::CardBlocked));
    // Whoever does not know the code learns nothing of it.
    let intent = village.intent(0, 3, here, &shopper, 100, "0000");
    let wrong = PaymentRefused::WrongCode { attempts_left: 3 };
    assert_eq!(village.ask(0, Command::Pay(intent)), Some(Err(wrong.into())));
    village.restart(0, None);
    village.meet();
    assert_eq!(village.pay(0, 4, here, &shopper, 100), use_refused(CardUseRefused::Frozen));

    done(&mut village, restrict(Restrict::OnlyAtHome));
    done(&mut village, restrict(Restrict::Unfreeze));
    village.paid(0, 5, here, &shopper, 100);
    assert_eq!(village.pay(1, 6, there, &shopper, 100), denied(DenyReason::SpendingCap));
    let answer = done(&mut village, restrict(Restrict::Anywhere));
    assert_eq!(answer, CardAnswer::Restricted(Restriction::default()));
    village.paid(1, 7, there, &shopper, 100);
    assert!(village.houses[0].disk.range(Kind::Restriction, &[], &[], 9).is_empty());
    village.all_is_well();
}

#[test]
fn a_sale_that_was_authorised_before_the_freeze_is_captured_all_the_same() {
    let mut village = Village::federated(2, &terms());
    let (shopper, there) = (village.shopper(0, 1), village.vendor(1, 7_000));
    let intent = village.intent(1, 1, there, &shopper, 1_000, "1234");
    let request = crdt::RequestId::new([200; 16]);
    let command = Command::Pay(intent);
    village.input(1, ledger::Input::Command { request, command });
    // The question arrives and is granted; the answer is still on its way when the member freezes.
    let (from, to, question) = village.post.pop_front().expect("a question");
    let keyring = village.houses[to].caisse.keyring().expect("a federation");
    let (message, _) = question.verify(keyring);
    let from = village.id(from);
    village.input(to, ledger::Input::Received { from, message });
    let change = Restrict::Freeze;
    done(&mut village, CardCommand::Restrict { member: shopper.member, change });
    let told = village.houses[1].told.iter().find(|(of, _)| *of == request).expect("told");
    assert!(matches!(told.1, Ok(Answer::Paid(_))), "{told:?}");
    assert_eq!(village.balance(0, &shopper), 10_000 - 700);
    village.all_is_well();
}

#[test]
fn a_code_is_changed_in_person_and_a_lock_is_ended_with_a_reason() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let card = shopper.card.card();
    let unlock = |reason: &str| CardCommand::Unlock { card, reason: reason.to_owned() };
    assert_eq!(refused(&mut village, unlock("mistyped")), CardCommandRefused::NotLocked);
    let lock = |village: &mut Village, first: u8| {
        for payment in first..first + 4 {
            let intent = village.intent(0, payment, vendor, &shopper, 100, "0000");
            village.ask(0, Command::Pay(intent));
        }
        let locked = village.pay(0, first + 4, vendor, &shopper, 100);
        assert!(matches!(locked, Some(Err(Refused::Payment(PaymentRefused::CardLocked { .. })))));
    };
    lock(&mut village, 1);
    assert_eq!(refused(&mut village, unlock(" ")), CardCommandRefused::Text);
    done(&mut village, unlock("mistyped, Camille was here"));
    village.paid(0, 10, vendor, &shopper, 100);
    assert_eq!(village.houses[0].disk.range(Kind::Note, b"card", b"care", 9).len(), 1);
    lock(&mut village, 20);
    done(&mut village, CardCommand::ChangeCode { card, code: code("4321") });
    let intent = village.intent(0, 30, vendor, &shopper, 100, "4321");
    assert!(matches!(village.ok(0, Command::Pay(intent)), Answer::Paid(_)));
    village.ok(0, Command::BlockCard { card });
    let change = CardCommand::ChangeCode { card, code: code("1111") };
    assert_eq!(refused(&mut village, change), CardCommandRefused::Blocked);
}

#[test]
fn the_list_of_blocked_cards_is_signed_and_says_nothing_of_whose_they_were() {
    let mut village = Village::strangers(1);
    let (blocked, _) = (village.shopper(0, 1), village.shopper(0, 1));
    village.ok(0, Command::BlockCard { card: blocked.card.card() });
    let CardAnswer::Revoked(list) = see(&village, CardQuery::Revoked) else { panic!("a list") };
    assert_eq!(list.cards, [CardText::Number(blocked.card.card())]);
    let node = super::village::contact(1).node;
    assert_eq!(list.verify(&node), Ok(()));
    assert!(!serde_json_of(&list).contains(&blocked.member.to_string()));
}

fn serde_json_of(list: &crdt::revocation::RevocationList) -> String {
    format!("{list:?}{:?}", crdt::wire::encode(list))
}

#[test]
fn holders_have_names_where_personal_data_lies_and_nowhere_else() {
    let mut village = Village::strangers(1);
    let shopper = village.shopper(0, 1);
    let limits = Limits { per_month: Some(cents(100)), ..Limits::default() };
    let helper = delegate(&mut village, &shopper, limits);
    let new = replace(&mut village, helper.card.card());
    let CardAnswer::List(rows) = see(&village, CardQuery::List(Some(shopper.member))) else {
        panic!("a list")
    };
    let of = |card| rows.iter().find(|row| row.info.card == card).expect("listed");
    let holder = of(new.card).holder.as_ref().expect("the holder of the new card");
    assert_eq!(holder.name, "Dominique Mandataire");
    assert_eq!(of(helper.card.card()).holder, None);
    let needle = b"Dominique";
    for kind in Kind::ALL {
        let rows = village.houses[0].disk.range(kind, &[], &[], usize::MAX);
        let found = rows.iter().any(|(_, value)| value.windows(9).any(|part| part == needle));
        assert_eq!(found, kind == Kind::Person, "{kind:?}");
    }
}

#[test]
fn what_makes_no_sense_about_cards_is_refused_and_changes_nothing() {
    let mut village = Village::strangers(1);
    let (shopper, vendor) = (village.shopper(0, 1), village.vendor(0, 10_000));
    let card = shopper.card.card();
    let give = |name: &str, role, limits: &Limits| CardCommand::Give {
        member: shopper.member,
        code: code("1234"),
        blank: None,
        holder: Some(NewHolder { name: name.to_owned(), role, limits: limits.clone() }),
    };
    let none = Limits::default();
    let (delegate, household) = (HolderRole::Delegate, HolderRole::Household);
    use CardCommandRefused as No;
    let per_month = |amount| Limits { per_month: Some(amount), ..Limits::default() };
    let until = Date::new(2020, 1, 1).expect("a day");
    let over = Limits { until: Some(until), ..Limits::default() };
    let vendors = |vendors| Limits { vendors, ..Limits::default() };
    let strange = vendors(vec![VendorId::new([9; 16])]);
    let many = vendors(vec![vendor; 101]);
    let unknown = CardCommand::ChangeCode { card: village.some_card(), code: code("1234") };
    let blank = blanks(&mut village, 1)[0].card;
    for (command, expected) in [
        (CardCommand::MakeBlanks { count: 0 }, No::Count),
        (CardCommand::MakeBlanks { count: 1_001 }, No::Count),
        (CardCommand::MakeBlanks { count: u32::MAX }, No::Count),
        (give("", household, &none), No::Text),
        (give(&"x".repeat(300), household, &none), No::Text),
        (give("Dominique", delegate, &none), No::NoLimit),
        (give("Dominique", delegate, &per_month(Cents::ZERO)), No::LimitZero),
        (give("Dominique", delegate, &over), No::Over { until }),
        (give("Dominique", delegate, &strange), No::Vendors),
        (give("Dominique", delegate, &many), No::Vendors),
        (unknown, No::UnknownCard),
        (CardCommand::Limit { card: blank, limits: none.clone() }, No::Blank),
        (CardCommand::Limit { card, limits: strange.clone() }, No::Vendors),
    ] {
        assert_eq!(refused(&mut village, command.clone()), expected, "{command:?}");
    }
    village.all_is_well();
}

/// A number below a bound: the same in every run.
fn draw(chance: &mut u64, below: u64) -> u64 {
    *chance =
        chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*chance >> 33) % below
}

#[test]
fn whatever_happens_to_cards_in_whatever_order_everything_can_be_worked_out_again() {
    for seed in 0..6 {
        let mut chance = seed;
        let mut village = Village::federated(2, &terms());
        let shopper = village.shopper(0, 1);
        let vendors = [village.vendor(0, 10_000), village.vendor(1, 7_000)];
        let limits = |most| Limits { per_month: Some(cents(most)), ..Limits::default() };
        let mut helper = delegate(&mut village, &shopper, limits(2_000));
        for step in 1..=120_u8 {
            let payment = PaymentId::new(
                [1 + u8::try_from(draw(&mut chance, step.into())).expect("small"); 16],
            );
            match draw(&mut chance, 12) {
                0..=4 => {
                    let house = usize::try_from(draw(&mut chance, 2)).expect("small");
                    let who = if draw(&mut chance, 3) == 0 { &shopper } else { &helper };
                    let amount = 1 + u32::try_from(draw(&mut chance, 900)).expect("small");
                    village.pay(house, step, vendors[house], who, amount);
                }
                5..=7 => {
                    let house = usize::try_from(draw(&mut chance, 2)).expect("small");
                    let amount = (draw(&mut chance, 2) == 0).then_some(cents(50));
                    village.ask(
                        house,
                        Command::Refund { id: PaymentId::new([255 - step; 16]), payment, amount },
                    );
                }
                8 => {
                    let (card, code) = (helper.card.card(), code("1234"));
                    let replace =
                        CardCommand::Replace { card, why: WhyReplaced::Damaged, code, blank: None };
                    let CardAnswer::Replaced { new, .. } = done(&mut village, replace) else {
                        panic!()
                    };
                    helper.card = new.qr.parse().expect("a card");
                }
                9 => {
                    let all = [
                        Restrict::Freeze,
                        Restrict::Unfreeze,
                        Restrict::OnlyAtHome,
                        Restrict::Anywhere,
                    ];
                    let change = all[usize::try_from(draw(&mut chance, 4)).expect("small")];
                    let _ =
                        ask(&mut village, CardCommand::Restrict { member: shopper.member, change });
                }
                10 => {
                    let most = 1_000 + u32::try_from(draw(&mut chance, 4_000)).expect("small");
                    let card = helper.card.card();
                    done(&mut village, CardCommand::Limit { card, limits: limits(most) });
                }
                _ => {
                    village.restart(0, None);
                    village.meet();
                    village
                        .wait(i64::try_from(draw(&mut chance, 9)).expect("small") * 24 * 3_600_000);
                }
            }
        }
        village.all_is_well();
        assert!(village.balance(0, &shopper) < 10_000, "seed {seed}: nothing was bought");
    }
}
