//! A backup that is older than lots, sales and claims: both sides learn them again.

use std::collections::BTreeMap;

use ledger::Command;
use ledger::answer::PaymentStatus;
use ledger::command::OfflineCommand;

use super::super::village::{Village, cents};
use super::town::Town;

fn nobody_forked(village: &Village) {
    let mut seen = BTreeMap::new();
    for house in 0..village.houses.len() {
        assert_eq!(village.houses[house].caisse.forked(), []);
        for entry in village.entries(house) {
            let place = (entry.header().feed, entry.header().epoch, entry.header().seq);
            let known = *seen.entry(place).or_insert(entry.hash());
            assert_eq!(known, entry.hash(), "{place:?} was signed twice");
        }
    }
}

/// A town in which lots were given, spent, claimed, closed and renewed; with the disks of a house before
/// and after each step.
fn lived(house: usize) -> (Town, Vec<ledger::records::MemoryRecords>) {
    let mut town = Town::open();
    let mut backups = Vec::new();
    let with = town.village.id(0);
    backups.push(town.village.houses[house].disk.clone());
    let policy = Some(super::policy());
    for payment in 1..=3 {
        town.village.cut_off(1);
        town.paid(payment, 1_000);
        backups.push(town.village.houses[house].disk.clone());
        town.back();
        backups.push(town.village.houses[house].disk.clone());
    }
    town.village.ok(1, Command::Offline(OfflineCommand::SetPolicy { with, policy: None }));
    backups.push(town.village.houses[house].disk.clone());
    town.village.ok(1, Command::Offline(OfflineCommand::SetPolicy { with, policy }));
    town.village.cut_off(1);
    town.paid(4, 1_000);
    backups.push(town.village.houses[house].disk.clone());
    town.back();
    (town, backups)
}

#[test]
fn a_home_caisse_restored_from_any_backup_pays_every_claim_once_and_knows_who_pays() {
    let (mut town, backups) = lived(1);
    let claimed = |town: &Town| {
        let mut sums: Vec<_> =
            town.lots(1).given.iter().map(|l| (l.lot, l.state.claimed, l.state.closed)).collect();
        sums.sort_unstable();
        sums
    };
    let before = claimed(&town);
    for (number, backup) in backups.into_iter().enumerate() {
        town.village.restart(1, Some(backup));
        town.village.meet();
        town.village.wait(30_000);
        assert_eq!((town.village.owes(1, 0), town.village.owes(0, 1)), (2_800, -2_800));
        assert_eq!(town.village.balance(1, &town.visitor), 7_200, "backup {number}");
        let after = claimed(&town);
        assert!(before.iter().all(|lot| after.contains(lot)), "backup {number}: {after:?}");
        nobody_forked(&town.village);
        town.village.all_is_well();
    }
}

#[test]
fn a_host_restored_from_any_backup_does_not_spend_twice_what_it_had_spent() {
    let (mut town, backups) = lived(0);
    for (number, backup) in backups.into_iter().enumerate() {
        town.village.restart(0, Some(backup));
        town.village.meet();
        town.village.wait(30_000);
        assert_eq!((town.village.owes(1, 0), town.village.owes(0, 1)), (2_800, -2_800));
        assert_eq!(town.village.payment(0, 4).status, PaymentStatus::ByLotAccepted);
        let open = town.lots(0).held.into_iter().filter(|held| !held.state.closed);
        let open: Vec<_> = open.map(|held| (held.state.spent, held.left)).collect();
        assert_eq!(open, [(cents(700), cents(3_300))], "backup {number}");
        nobody_forked(&town.village);
        town.village.all_is_well();
    }
    town.village.cut_off(1);
    town.paid(9, 1_000);
    town.back();
    assert_eq!(town.village.owes(1, 0), 3_500);
    town.village.all_is_well();
}
