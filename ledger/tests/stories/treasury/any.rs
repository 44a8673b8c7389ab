//! Whatever a treasurer and a bank do, in any order.

use crdt::{BatchId, LineId, Month};
use ledger::answer::TreasuryAnswer;
use ledger::command::{AssignTo, Rejection, TreasuryCommand, TreasuryQuery};
use ledger::member::Contribution;
use ledger::records::{Kind, Records as _, Write};
use ledger::treasury::line::Side;
use ledger::{Answer, Command, Query};
use proptest::prelude::*;

use super::super::village::{Village, cents, month};
use super::*;

/// One step: what, which line or batch, and how.
type Step = (u8, u8, u8);

struct World {
    village: Village,
    vendor: VendorId,
    member: MemberId,
    codes: Vec<(BatchId, String)>,
}

fn world() -> World {
    let mut village = treasury();
    let vendor = owed_vendor(&mut village, 1, 4_000);
    let member = village.shopper(0, 1).member;
    let held = Details { mandate: Some(mandate("M1", 2_000)), ..details("Zoé", OTHER) };
    set(&mut village, Holder::Member(member), held);
    World { village, vendor, member, codes: Vec::new() }
}

impl World {
    fn name(&self, which: u8) -> String {
        let code = self.codes.get(usize::from(which) % self.codes.len().max(1));
        code.map_or_else(|| "P00000000000000000000-1".to_owned(), |(_, code)| format!("{code}-1"))
    }

    fn batch(&self, which: u8) -> BatchId {
        let code = self.codes.get(usize::from(which) % self.codes.len().max(1));
        code.map_or(BatchId::new([9; 16]), |(id, _)| *id)
    }

    fn command(&self, (what, which, how): Step) -> TreasuryCommand {
        let id = LineId::new([which; 32]);
        let (name, batch) = (self.name(how), self.batch(which));
        let side = if how.is_multiple_of(2) { Side::In } else { Side::Out };
        let month = Month::new(2026, 12).expect("a month");
        let reason = "a reason".to_owned();
        match what {
            0 => {
                let amount = if which.is_multiple_of(3) { 2_000 } else { 4_000 };
                let whole = name.trim_end_matches("-1");
                let words = if which.is_multiple_of(5) { whole } else { &name };
                let lines = vec![line(which, side, amount, words)];
                TreasuryCommand::Import(Box::new(statement(lines)))
            }
            1 => {
                let member = self.member;
                let to = match how % 6 {
                    0 => AssignTo::Contribution { member, month },
                    1 => AssignTo::Vendor(self.vendor),
                    2 => AssignTo::Cash,
                    3 => AssignTo::Batch(batch),
                    4 => AssignTo::Already(u64::from(which)),
                    _ => AssignTo::Other,
                };
                TreasuryCommand::Assign { line: id, to, reason: Some(reason) }
            }
            2 => TreasuryCommand::Unassign { line: id, reason },
            3 => TreasuryCommand::OrderPayouts { vendors: Vec::new(), on: None },
            4 => TreasuryCommand::OrderDebits { month, on: None },
            5 => TreasuryCommand::CancelBatch { batch, reason },
            6 => TreasuryCommand::ConfirmBatch { batch },
            7 => TreasuryCommand::RejectItems { items: vec![Rejection { name, reason: None }] },
            _ => TreasuryCommand::Forget { member: self.member },
        }
    }

    fn step(&mut self, step: Step) {
        let command = self.command(step);
        let before = self.village.fingerprint(0);
        match ask(&mut self.village, command.clone()) {
            Ok(Answer::Treasury(TreasuryAnswer::Ordered(report))) => {
                self.codes.extend(report.batch.zip(report.code));
            }
            Ok(_) => {}
            Err(_) => assert_eq!(self.village.fingerprint(0), before, "{command:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_treasurer_and_a_bank_do_the_records_are_what_the_books_say(
        steps in prop::collection::vec((0..9_u8, 0..8_u8, 0..12_u8), 1..60),
    ) {
        let mut world = world();
        for step in steps {
            world.step(step);
        }
        world.village.all_is_well();
        let given = world.village.houses[0].disk.range(Kind::Contribution, &[], &[], usize::MAX);
        let amounts = given.iter().map(|(_, bytes)| {
            crdt::wire::decode::<Contribution>(bytes).expect("a contribution").amount
        });
        let given = Cents::checked_sum(amounts).expect("few").signed().get();
        prop_assert_eq!(given, balance(&world.village, Account::Contributions));
    }
}

#[test]
fn every_line_that_is_assigned_can_be_taken_back_and_leaves_no_trace_in_the_accounts() {
    let mut world = world();
    let (member, amount) = (world.member, cents(4_000));
    let by_hand = Command::AddContribution {
        member,
        month: Month::new(2026, 10).expect("a month"),
        amount,
        into: ledger::command::Purse::Cash,
    };
    world.village.ok(0, by_hand);
    world.step((3, 0, 0));
    let (batch, code) = world.codes[0].clone();
    let lines = vec![
        line(1, Side::In, 4_000, ""),
        line(2, Side::Out, 4_000, ""),
        line(3, Side::In, 4_000, &format!("{code}-1")),
        line(4, Side::Out, 4_000, &format!("{code}-1")),
    ];
    import(&mut world.village, lines);
    let unassign = |number: u8| {
        let reason = "no".to_owned();
        TreasuryCommand::Unassign { line: LineId::new([number; 32]), reason }
    };
    // What came back, then what was paid: both known by themselves.
    ok(&mut world.village, unassign(3));
    ok(&mut world.village, unassign(4));
    let balances = |village: &Village| -> Vec<(Account, i64)> {
        let accounts = village.houses[0].caisse.books().accounts().iter();
        let balances = accounts.map(|(account, counters)| (*account, counters.balance().get()));
        balances.filter(|(_, balance)| *balance != 0).collect()
    };
    let before = balances(&world.village);
    let reason = Some("a reason".to_owned());
    let cases = [
        (1, AssignTo::Contribution { member, month: month() }),
        (1, AssignTo::Cash),
        (1, AssignTo::Vendor(world.vendor)),
        (1, AssignTo::Other),
        (2, AssignTo::Batch(batch)),
        (2, AssignTo::Vendor(world.vendor)),
        (2, AssignTo::Cash),
    ];
    for (number, to) in cases {
        let line = LineId::new([number; 32]);
        ok(&mut world.village, TreasuryCommand::Assign { line, to, reason: reason.clone() });
        assert_ne!(balances(&world.village), before, "{to:?}");
        world.village.all_is_well();
        ok(&mut world.village, unassign(number));
        assert_eq!(balances(&world.village), before, "{to:?}");
        world.village.all_is_well();
    }
}

#[test]
fn verify_names_a_line_or_a_batch_that_is_not_what_the_books_say() {
    let mut world = world();
    world.step((3, 0, 0));
    import(&mut world.village, vec![line(1, Side::In, 4_000, "x")]);
    world.village.all_is_well();
    let (batch, key) = (world.codes[0].0, LineId::new([1; 32]));
    let item = [batch.as_bytes().as_slice(), &1_u32.to_be_bytes()].concat();
    let harms = [
        (Kind::Line, key.as_bytes().to_vec(), "line"),
        (Kind::Unassigned, key.as_bytes().to_vec(), "line"),
        (Kind::Batch, item, "batch"),
    ];
    for (kind, key, named) in harms {
        let whole = world.village.houses[0].disk.clone();
        world.village.houses[0].disk.apply([Write { kind, key, value: None }]);
        let Ok(Answer::Verified(report)) = world.village.query(0, &Query::Verify) else {
            panic!("verify answers")
        };
        assert!(report.differences.iter().any(|what| what.contains(named)), "{report:?}");
        world.village.houses[0].disk = whole;
    }
    let TreasuryAnswer::Batches(batches) = tell(&world.village, TreasuryQuery::Batches) else {
        panic!("batches")
    };
    assert_eq!(batches.len(), 1);
}
