//! An auditor who trusts nobody: from the raw entries on the disks of a world it works out, with code of its
//! own, what became of every payment, refund and settlement between caisses, and compares that with the raw
//! journals, with what the caisses state, and with what tills were told.
//!
//! It shares with the code it checks the decoder of stored bytes, the shapes that come out of it, and the
//! hash by which a settlement run is named: no rule, no sum, no fold. Where both are wrong in the same way
//! they were wrong twice.

mod books;
mod feeds;
mod pairs;
mod runs;

use std::collections::BTreeMap;

use crdt::{CaisseId, PaymentId};
use ledger::{Answer, Query};

use crate::broken::{Broken, broken, holds};
use crate::tills::{Sale, Word};
use crate::world::World;
pub(crate) use books::Journal;
use feeds::Feeds;
use pairs::{Ends, Told};
use runs::Runs;

/// What the auditor worked out of a world.
struct Found {
    told: Told,
    runs: Runs,
    journals: BTreeMap<CaisseId, Journal>,
}

/// Audits the caisses that are honest.
///
/// # Errors
/// The first thing that does not fit, as [`Broken`].
pub fn audit(world: &World) -> Result<(), Broken> {
    let honest: Vec<usize> = world.honest().collect();
    let disks = honest.iter().map(|house| (world.houses[*house].id, &world.houses[*house].disk));
    let disks: BTreeMap<_, _> = disks.collect();
    let feeds = Feeds::read(&disks)?;
    let told = Told::by(&feeds)?;
    told.is_finished()?;
    let runs = Runs::by(&feeds, &told)?;
    let journals = disks.iter().map(|(id, disk)| Ok((*id, Journal::read(disk)?)));
    let journals = journals.collect::<Result<_, Broken>>()?;
    let found = Found { told, runs, journals };
    found.each_payment_is_booked()?;
    found.each_balance_is_booked(&disks.keys().copied().collect::<Vec<_>>())?;
    found.tills_were_told(world)?;
    found.statements_agree(world, &honest)
}

impl Found {
    /// What each side's journal says of each payment is what the feeds say.
    fn each_payment_is_booked(&self) -> Result<(), Broken> {
        for ((ends, payment), fate) in &self.told.payments {
            let (host, home) = (&self.journals[&ends.host], &self.journals[&ends.home]);
            let sold = fate.sold().unwrap_or(0);
            let credited = host.sold(*payment);
            holds(credited == sold, "auditor", || {
                format!("{payment:?} credits a vendor with {credited}, the feeds say {sold}")
            })?;
            let owed = fate.obliged.unwrap_or(0) - fate.refunded;
            let charged = home.charged(ends.host, *payment);
            holds(charged == owed, "auditor", || {
                format!("{payment:?} is charged {charged} at home, the feeds say {owed}")
            })?;
        }
        Ok(())
    }

    /// What each caisse's journal says that it and another owe each other is what the feeds and the
    /// certified runs leave, and its bank has what transfers brought; nothing is held.
    fn each_balance_is_booked(&self, caisses: &[CaisseId]) -> Result<(), Broken> {
        for me in caisses {
            let journal = &self.journals[me];
            let mut bank = 0;
            for partner in caisses.iter().filter(|partner| *partner != me) {
                let owed = self.told.owed(*partner, *me) - self.told.owed(*me, *partner);
                let left = owed - self.runs.settled(*me, *partner);
                let (booked, held) = (journal.owed_to(*partner), journal.held_for(*partner));
                holds(booked == left && held == 0, "auditor", || {
                    format!("{me:?} owes {booked} and holds {held}, the feeds leave {left} owed")
                })?;
                bank += self.runs.received(*me, *partner) - self.runs.received(*partner, *me);
            }
            let found = journal.moved_by_runs();
            holds(found == bank, "auditor", || {
                format!("{me:?} got {found} by runs in its bank, the transfers brought {bank}")
            })?;
        }
        Ok(())
    }

    /// What tills were told is what the feeds say, and the feeds say nothing that no till was told.
    fn tills_were_told(&self, world: &World) -> Result<(), Broken> {
        let mut known = BTreeMap::new();
        for sale in &world.tills.sales {
            let home = world.tills.shoppers[sale.shopper].home;
            let (host, home) = (world.houses[sale.stall.host].id, world.houses[home].id);
            if host == home || [host, home].iter().any(|id| !self.journals.contains_key(id)) {
                continue;
            }
            let key = (Ends { host, home }, sale.intent.payment);
            known.insert(key, sale);
            self.till_was_told(key, sale)?;
        }
        for (key, fate) in &self.told.payments {
            holds(fate.sold().is_none() || known.contains_key(key), "auditor", || {
                format!("{:?} was made, and no till asked for it", key.1)
            })?;
        }
        self.refunds_were_told(world)
    }

    fn till_was_told(&self, key: (Ends, PaymentId), sale: &Sale) -> Result<(), Broken> {
        let fate = self.told.payments.get(&key).cloned().unwrap_or_default();
        let covered = Some(i128::from(sale.covered.get()));
        let right = match &sale.word {
            Some(Word::Paid(receipt)) if receipt.at_hosts_risk => fate.at_risk == covered,
            Some(Word::Paid(receipt)) if receipt.offline => {
                fate.by_lot == covered && fate.obliged == covered
            }
            Some(Word::Paid(_)) => fate.captured == covered && fate.obliged == covered,
            Some(Word::Refused(_)) => fate.sold().is_none(),
            None => false,
        };
        holds(right, "auditor", || {
            format!("{:?} was {:?} to its till, the feeds say {fate:?}", key.1, sale.word)
        })
    }

    fn refunds_were_told(&self, world: &World) -> Result<(), Broken> {
        let mut given = BTreeMap::new();
        for refund in &world.tills.refunds {
            if let Some(Ok(receipt)) = &refund.word {
                given.insert(refund.id, i128::from(receipt.amount.get()));
            }
        }
        for (refund, amount) in &self.told.refunds {
            holds(given.get(refund) == Some(amount), "auditor", || {
                format!("{refund:?} gives {amount} back, its till knows {:?}", given.get(refund))
            })?;
        }
        Ok(())
    }

    /// What two caisses state now is what the feeds say.
    fn statements_agree(&self, world: &World, honest: &[usize]) -> Result<(), Broken> {
        for one in honest {
            for other in honest.iter().filter(|other| *other != one) {
                let (me, with) = (world.houses[*one].id, world.houses[*other].id);
                let stated = match world.query(*one, &Query::Statement { with }) {
                    Some(Ok(Answer::Statement(info))) => i128::from(info.owed_to_us.get()),
                    other => return broken("auditor", format!("no statement: {other:?}")),
                };
                let owed = self.told.owed(me, with) - self.told.owed(with, me);
                holds(stated == owed, "auditor", || {
                    format!("{one} states that {other} owes it {stated}, the feeds say {owed}")
                })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crdt::{Cents, wire};
    use ledger::books::JournalEntry;
    use ledger::records::{Kind, MemoryRecords, Records, Write};

    use super::*;
    use crate::crashes::{Script, played};

    /// Changes the last row of a kind on a disk.
    fn change_last(disk: &mut MemoryRecords, kind: Kind, how: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        let rows = disk.range(kind, &[], &[], usize::MAX);
        let (key, value) = rows.last().expect("the disk holds such a record");
        disk.apply([Write { kind, key: key.clone(), value: how(value) }]);
    }

    fn finds(script: Script, tamper: impl Fn(&mut World)) -> String {
        let mut world = played(script).expect("the story ends well");
        assert_eq!(audit(&world), Ok(()));
        tamper(&mut world);
        audit(&world).expect_err("something was changed").what
    }

    #[test]
    fn a_cent_more_in_a_journal_is_found() {
        let found = finds(Script::Payment, |world| {
            let one_more = |bytes: &[u8]| {
                let mut entry: JournalEntry = wire::decode(bytes).ok()?;
                let amount = &mut entry.transfers[0].amount;
                *amount = amount.checked_add(Cents::from_u32(1))?;
                Some(wire::encode(&entry))
            };
            change_last(&mut world.houses[1].disk, Kind::Journal, one_more);
        });
        assert!(found.contains("owes") || found.contains("charged"), "{found}");
    }

    #[test]
    fn an_entry_that_a_reader_lacks_or_holds_otherwise_is_found() {
        let found = finds(Script::Refund, |world| {
            let rows = world.houses[1].disk.range(Kind::Feed, &[], &[], usize::MAX);
            let of_host = rows
                .iter()
                .filter(|(key, _)| key.starts_with(world.houses[0].id.as_bytes()) && key[32] == 1);
            let rows: Vec<_> = of_host.cloned().collect();
            let [.., (_, other), (key, _)] = rows.as_slice() else { panic!("two entries") };
            let value = Some(other.clone());
            world.houses[1].disk.apply([Write { kind: Kind::Feed, key: key.clone(), value }]);
        });
        assert!(found.contains("reader") || found.contains("chain"), "{found}");
    }

    #[test]
    fn a_word_that_no_feed_says_is_found() {
        let found = finds(Script::Void, |world| {
            let paid = played(Script::Payment).expect("the story ends well");
            world.tills.sales[0].word = paid.tills.sales[0].word.clone();
        });
        assert!(found.contains("to its till"), "{found}");
        let found = finds(Script::Refund, |world| world.tills.refunds[0].word = None);
        assert!(found.contains("gives"), "{found}");
    }

    #[test]
    fn a_payment_that_was_not_settled_is_found() {
        let found = finds(Script::Run, |world| {
            let held = |bytes: &[u8]| {
                let entry: JournalEntry = wire::decode(bytes).ok()?;
                Some(wire::encode(&JournalEntry { transfers: Vec::new(), ..entry }))
            };
            change_last(&mut world.houses[2].disk, Kind::Journal, held);
        });
        assert!(found.contains("owes") || found.contains("bank"), "{found}");
    }
}
