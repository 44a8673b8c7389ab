//! Statements, and a settlement that everyone signs.

use crdt::feed::{FeedId, Head};
use crdt::pair::{Cut, Pair};
use crdt::settlement::{PairInRun, Run, RunState, Settlements, StatementBody, Word};
use crdt::{CaisseId, RunId, SignedCents};
use ledger::answer::{RunInfo, StatementInfo};
use ledger::refused::{Refused, SettlementRefused};
use ledger::{Answer, Command, Query};

use super::village::{Village, cents, terms};

fn statement(village: &Village, house: usize, other: usize) -> StatementInfo {
    match village.query(house, &Query::Statement { with: village.id(other) }) {
        Ok(Answer::Statement(statement)) => *statement,
        other => panic!("no statement: {other:?}"),
    }
}

fn run(village: &Village, house: usize, id: RunId) -> RunInfo {
    let Ok(Answer::Runs(runs)) = village.query(house, &Query::Runs) else { panic!("runs") };
    runs.into_iter().find(|run| run.id == id).expect("the run is known")
}

/// Three caisses that owe each other in a circle: 7, 7 and 4.20 euros.
fn circle() -> Village {
    let mut village = Village::federated(3, &terms());
    for (host, home, price) in [(0, 1, 1_000), (1, 2, 1_000), (2, 0, 600)] {
        let (visitor, vendor) = (village.shopper(home, 1), village.vendor(host, 10_000));
        village.paid(host, 1 + host as u8, vendor, &visitor, price);
    }
    village
}

fn state_all(village: &mut Village) {
    for (one, other) in [(0, 1), (1, 2), (2, 0)] {
        let with = village.id(other);
        village.ok(one, Command::State { with });
    }
}

#[test]
fn both_sides_find_the_same_statement_line_by_line() {
    let mut village = circle();
    let (ours, theirs) = (statement(&village, 0, 1), statement(&village, 1, 0));
    assert_eq!((&ours.now, &ours.lines), (&theirs.now, &theirs.lines));
    assert_eq!(ours.owed_to_us, SignedCents::new(700));
    assert_eq!(theirs.owed_to_us, SignedCents::new(-700));
    assert_eq!(ours.agreed, None);
    village.ok(0, Command::State { with: village.id(1) });
    let agreed = statement(&village, 1, 0).agreed.expect("the other side answered");
    assert_eq!((agreed.digest, agreed.owed_to_low), (ours.now.digest, ours.now.owed_to_low));
    assert!(!statement(&village, 0, 1).differs);
}

#[test]
fn a_run_signed_by_all_cancels_the_circle_and_leaves_every_net_position() {
    let mut village = circle();
    let nothing = village.ask(0, Command::ProposeRun { without: [].into() }).expect("answered");
    assert_eq!(nothing, Err(Refused::Settlement(SettlementRefused::NothingToSettle)));
    state_all(&mut village);
    let Answer::RunProposed(id) = village.ok(0, Command::ProposeRun { without: [].into() }) else {
        panic!("proposed")
    };
    let runs: Vec<RunInfo> = (0..3).map(|house| run(&village, house, id)).collect();
    for info in &runs {
        assert!(info.certified);
        assert_eq!(info.transfers, runs[0].transfers);
    }
    // 4.20 goes round and cancels; 2.80 is left from 1 to 0 and from 2 to 1.
    let amounts: Vec<_> = runs[0].transfers.iter().map(|t| t.debt.amount).collect();
    assert_eq!(amounts, [cents(280), cents(280)]);
    assert_eq!((village.owes(1, 0), village.owes(2, 1), village.owes(0, 2)), (280, 280, 0));
    village.all_is_well();

    let again = village.ask(1, Command::ProposeRun { without: [].into() }).expect("answered");
    assert_eq!(again, Err(Refused::Settlement(SettlementRefused::NothingToSettle)));
}

#[test]
fn only_the_word_of_the_payee_closes_a_debt() {
    let mut village = circle();
    state_all(&mut village);
    let Answer::RunProposed(run) = village.ok(0, Command::ProposeRun { without: [].into() }) else {
        panic!("proposed")
    };
    let (payee, payer) = (village.id(0), village.id(1));
    village.ok(1, Command::PaySent { run, to: payee });
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (280, -280), "a word of the payer is not");
    village.ok(0, Command::PayReceived { run, from: payer });
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (0, 0));
    village.ok(0, Command::PayReceived { run, from: payer });
    assert_eq!((village.owes(1, 0), village.owes(0, 1)), (0, 0), "and only once");
    let none = village.ask(2, Command::PayReceived { run, from: payer }).expect("answered");
    assert_eq!(none, Err(Refused::Settlement(SettlementRefused::NoSuchTransfer)));
    village.all_is_well();
}

#[test]
fn the_next_run_settles_only_what_came_after() {
    let mut village = circle();
    state_all(&mut village);
    village.ok(0, Command::ProposeRun { without: [].into() });
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 20, vendor, &visitor, 500);
    state_all(&mut village);
    let Answer::RunProposed(second) = village.ok(2, Command::ProposeRun { without: [].into() })
    else {
        panic!("proposed")
    };
    let info = run(&village, 1, second);
    assert!(info.certified);
    let amounts: Vec<_> = info.transfers.iter().map(|t| t.debt.amount).collect();
    assert_eq!(amounts, [cents(350)], "only the new sale");
    assert_eq!(village.owes(1, 0), 280 + 350);
    village.all_is_well();
}

#[test]
fn a_silent_caisse_blocks_its_run_only_and_payments_go_on() {
    let mut village = circle();
    state_all(&mut village);
    village.cut_off(2);
    let Answer::RunProposed(id) = village.ok(0, Command::ProposeRun { without: [].into() }) else {
        panic!("proposed")
    };
    village.wait(60_000);
    assert!(!run(&village, 0, id).certified);
    assert_eq!(village.owes(1, 0), 700, "no effect before every participant certified");
    let (visitor, vendor) = (village.shopper(1, 1), village.vendor(0, 10_000));
    village.paid(0, 30, vendor, &visitor, 500);
    village.cut.clear();
    village.meet();
    village.wait(10_000);
    assert!(run(&village, 2, id).certified);
    assert_eq!(village.owes(1, 0), 280 + 350);
    village.all_is_well();
}

#[test]
fn a_signature_is_taken_back_until_all_are_known_and_the_others_settle_without_the_silent_one() {
    let mut village = circle();
    state_all(&mut village);
    village.cut_off(2);
    let propose =
        |without: &[CaisseId]| Command::ProposeRun { without: without.iter().copied().collect() };
    let Answer::RunProposed(stuck) = village.ok(0, propose(&[])) else { panic!("proposed") };
    let nothing = village.ask(0, propose(&[])).expect("answered");
    let refused = Err(Refused::Settlement(SettlementRefused::NothingToSettle));
    assert_eq!(nothing, refused, "the pair of 0 and 1 is in the run that waits for 2");

    let reason = "house 2 is silent".to_owned();
    village.ok(0, Command::AbortRun { run: stuck, reason: reason.clone() });
    village.ok(0, Command::AbortRun { run: stuck, reason });
    let silent = village.id(2);
    let Answer::RunProposed(second) = village.ok(1, propose(&[silent])) else { panic!("proposed") };
    assert!(run(&village, 0, second).certified && run(&village, 1, second).certified);
    let too_late = village.ask(0, Command::AbortRun { run: second, reason: "no".to_owned() });
    let refused = Err(Refused::Settlement(SettlementRefused::AlreadyCertified));
    assert_eq!(too_late.expect("answered"), refused);

    village.cut.clear();
    village.meet();
    village.wait(10_000);
    for house in 0..3 {
        assert!(
            !run(&village, house, stuck).certified,
            "house {house}: what was taken back stays so"
        );
        assert!(run(&village, house, second).certified);
    }
    assert_eq!(village.owes(1, 0), 700, "two caisses have no circle: 7.00 goes by bank");
    let Answer::RunProposed(third) = village.ok(2, propose(&[])) else { panic!("proposed") };
    assert!(run(&village, 0, third).certified, "the debts of 2 are settled when it is back");
    village.all_is_well();
}

#[test]
fn a_signature_that_was_taken_back_stays_so_whatever_its_author_says_then() {
    let (author, id) = (CaisseId::new([1; 32]), RunId::new([2; 32]));
    let signed = || Word::Signed(crdt::Digest::new([3; 32]));
    let aborted = || Word::Aborted("no".to_owned());
    let words = |said: &[&str]| {
        let mut settlements = Settlements::default();
        for word in said {
            match *word {
                "sign" => settlements.say(author, id, signed()),
                "abort" => settlements.say(author, id, aborted()),
                _ => settlements.cert_seen(author, id),
            }
        }
        settlements
    };
    assert_eq!(words(&["sign", "abort", "seen"]), words(&["abort"]), "it counts as never signed");
    assert_eq!(words(&["abort", "sign", "seen"]), words(&["abort"]));
    assert_eq!(words(&["seen", "sign"]), words(&["sign"]), "before its signature it means nothing");
    let late = words(&["sign", "seen", "abort"]);
    assert_ne!(late, words(&["sign", "seen"]), "its author waits no longer");
    assert_eq!(late, words(&["sign", "seen", "abort", "abort"]));
}

/// A run of three, of which two hold every signature; the third has said both that and that it aborts.
fn torn(said: &[(u8, &str)]) -> RunState {
    let id = |number: u8| CaisseId::new([number; 32]);
    let part = |one: u8, other: u8| {
        let pair = Pair::of(id(one), id(other));
        let head = |author, reader| Head::empty(FeedId::pair(author, reader));
        let cut = Cut { low: head(pair.low, pair.high), high: head(pair.high, pair.low) };
        let (owed_to_low, digest) = (SignedCents::ZERO, crdt::Digest::new([0; 32]));
        let statement = StatementBody { pair, cut, owed_to_low, digest };
        PairInRun { statement, after: None, due_to_low: SignedCents::ZERO }
    };
    let run = Run { pairs: vec![part(1, 2), part(1, 3), part(2, 3)] };
    let mut settlements = Settlements::default();
    settlements.propose(id(1), &run);
    for (author, word) in said {
        match *word {
            "sign" => {
                let signed = Word::Signed(crdt::Digest::new([3; 32]));
                settlements.say(id(*author), run.id(), signed);
            }
            "abort" => settlements.say(id(*author), run.id(), Word::Aborted("no".to_owned())),
            _ => settlements.cert_seen(id(*author), run.id()),
        }
    }
    settlements.run(&run.id()).expect("proposed")
}

#[test]
fn whoever_holds_every_signature_settles_anew_only_once_all_others_have_left_the_run() {
    let [one, two, three] = [1, 2, 3].map(|number| CaisseId::new([number; 32]));
    let honest = |_: &CaisseId| false;
    let signed = [(1, "sign"), (2, "sign"), (3, "sign"), (1, "seen"), (2, "seen")];
    let told = |more: &[(u8, &'static str)]| torn(&[&signed, more].concat());

    // 3 tells 1 that it takes its signature back, and tells 2 that it holds all of them: for 2 the run takes effect.
    let to_two = told(&[(3, "seen")]);
    assert!(to_two.is_certified());
    let to_one = told(&[(3, "abort")]);
    assert!(!to_one.is_over_for(&one, honest), "2 may have let it take effect");
    assert!(to_one.is_over_for(&three, honest), "3 took its signature back");
    let gave_up = told(&[(3, "abort"), (1, "abort")]);
    assert!(!gave_up.is_over_for(&one, honest), "2 has not said that it did not");
    assert!(!gave_up.is_over_for(&two, honest), "2 still waits");
    let all = told(&[(3, "abort"), (1, "abort"), (2, "abort")]);
    assert!(all.is_over_for(&one, honest) && all.is_over_for(&two, honest));
    let forked = told(&[(1, "abort"), (2, "abort")]);
    assert!(!forked.is_over_for(&one, honest));
    assert!(forked.is_over_for(&one, |other| *other == three), "a proof is as good as an abort");
}

#[test]
fn whoever_follows_an_abort_takes_its_own_signature_back() {
    let mut village = circle();
    state_all(&mut village);
    village.cut_off(2);
    let propose = Command::ProposeRun { without: [].into() };
    let Answer::RunProposed(id) = village.ok(0, propose) else { panic!("proposed") };
    village.ok(0, Command::AbortRun { run: id, reason: "house 2 is silent".to_owned() });
    let aborted: Vec<_> = run(&village, 0, id).aborted.into_iter().map(|(who, _)| who).collect();
    assert_eq!(aborted.len(), 2, "{aborted:?}");
    assert!(aborted.contains(&village.id(0)) && aborted.contains(&village.id(1)));
}
