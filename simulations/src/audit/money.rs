//! Words against books: what tills were told is what is booked, on both sides.

use std::collections::BTreeMap;

use crdt::{Cents, MemberId, VendorId};
use ledger::account::Account;
use ledger::answer::PaymentStatus;

use super::{payment, sold};
use crate::broken::{Broken, broken, holds};
use crate::tills::{Sale, Word};
use crate::world::{ALLOCATION, World};

/// A vendor was told PAID if and only if the home caisse books it, once and at its amount; a sale at the
/// host's risk that was not accepted is the host's own loss (I3, I4).
pub(super) fn every_word_is_booked(world: &World) -> Result<(), Broken> {
    let mut sales = world.tills.sales.iter().enumerate();
    sales.try_for_each(|(number, sale)| is_booked(world, number, sale))
}

/// The same of one sale.
pub(super) fn is_booked(world: &World, number: usize, sale: &Sale) -> Result<(), Broken> {
    let host = sold(world, sale);
    let status = host.as_ref().map(|info| info.status);
    let home = world.tills.shoppers[sale.shopper].home;
    let charge = (home != sale.stall.host).then(|| payment(world, home, sale)).flatten();
    let charged = charge.as_ref().map(|info| info.status);
    let expected = match (&sale.word, home == sale.stall.host) {
        (Some(Word::Paid(_)), true) => status == Some(PaymentStatus::Paid),
        (Some(Word::Paid(receipt)), false) if receipt.offline => match status {
            Some(PaymentStatus::AtRiskAccepted | PaymentStatus::ByLotAccepted) => {
                charged == Some(PaymentStatus::Obliged)
            }
            Some(PaymentStatus::AtRiskLost) => charged != Some(PaymentStatus::Obliged),
            _ => false,
        },
        (Some(Word::Paid(_)), false) => {
            status == Some(PaymentStatus::Captured) && charged == Some(PaymentStatus::Obliged)
        }
        (Some(Word::Refused(_)), _) => {
            matches!(status, None | Some(PaymentStatus::Refused | PaymentStatus::Voided))
                && !matches!(charged, Some(PaymentStatus::Obliged | PaymentStatus::Held))
        }
        (None, _) => false,
    };
    holds(expected, "I4", || {
        let word = &sale.word;
        format!("sale {number} was {word:?}; the host says {status:?}, the home {charged:?}")
    })?;
    let obliged = charge.filter(|info| info.status == PaymentStatus::Obliged);
    if let Some(info) = obliged.or(host.filter(|_| sale.is_paid())) {
        holds(info.covered == sale.covered, "I3", || format!("sale {number}: {info:?}"))?;
    }
    Ok(())
}

const fn accepted(status: Option<PaymentStatus>) -> bool {
    matches!(status, Some(PaymentStatus::AtRiskAccepted | PaymentStatus::ByLotAccepted))
}

/// Returns whether the member pays for a sale, and not its host.
fn member_pays(world: &World, sale: &Sale) -> bool {
    let status = || sold(world, sale).map(|info| info.status);
    sale.is_paid() && (!sale.is_at_risk() || accepted(status()))
}

/// What is expected of the accounts, from the words of tills alone.
#[derive(Default)]
struct Expected {
    members: BTreeMap<MemberId, i128>,
    vendors: BTreeMap<VendorId, i128>,
}

fn expected(world: &World) -> Expected {
    let mut expected = Expected::default();
    for shopper in &world.tills.shoppers {
        let months = world.offices.months.get(&shopper.home).map_or(0, |months| months.len());
        let amount = i128::from(ALLOCATION.get()) * months as i128;
        expected.members.insert(shopper.member, amount);
    }
    let mut refunded: BTreeMap<usize, i128> = BTreeMap::new();
    for refund in &world.tills.refunds {
        if let Some(Ok(receipt)) = &refund.word {
            *refunded.entry(refund.sale).or_default() += i128::from(receipt.amount.get());
        }
    }
    for (number, sale) in world.tills.sales.iter().enumerate().filter(|(_, s)| s.is_paid()) {
        let left = i128::from(sale.covered.get()) - refunded.get(&number).copied().unwrap_or(0);
        *expected.vendors.entry(sale.stall.vendor).or_default() += left;
        if member_pays(world, sale) {
            let member = world.tills.shoppers[sale.shopper].member;
            *expected.members.entry(member).or_default() -= left;
        }
    }
    expected
}

/// Every balance is what the tills were told, and nothing else (I2, I3, I7). A caisse that came back from
/// a backup may stand itself for what it had promised: there the sums must fit.
pub(super) fn every_balance_follows_from_the_words(world: &World) -> Result<(), Broken> {
    let Expected { members, vendors } = expected(world);
    for (place, house) in world.houses.iter().enumerate() {
        let Some(machine) = house.machine() else { return broken("I5", "a house is down") };
        let balance = |account| i128::from(machine.books().counters(account).balance().get());
        let ours = world.tills.shoppers.iter().filter(|shopper| shopper.home == place);
        let mut sums = (balance(Account::Suspense) + balance(Account::OfflineLosses), 0);
        for shopper in ours {
            let member = shopper.member;
            let (found, wanted) = (balance(Account::Member(member)), members[&member]);
            let found = found + balance(Account::Advance(member));
            sums = (sums.0 + found, sums.1 + wanted);
            // What a lot paid for a blocked card or a wrong code no member pays.
            let whose = house.restored || world.plan.lots.is_some();
            holds(whose || found == wanted, "I3", || {
                format!("a member of house {place} holds {found}, the tills say {wanted}")
            })?;
        }
        holds(sums.0 == sums.1, "I3", || {
            format!("the members of house {place} hold {} in all, the tills say {}", sums.0, sums.1)
        })?;
    }
    vendors_have(world, &vendors)
}

/// Every vendor of an honest caisse is owed what tills were told.
pub(super) fn every_honest_vendor_has_what_tills_say(world: &World) -> Result<(), Broken> {
    vendors_have(world, &expected(world).vendors)
}

fn vendors_have(world: &World, vendors: &BTreeMap<VendorId, i128>) -> Result<(), Broken> {
    for stall in world.tills.stalls.iter().filter(|stall| !world.is_hostile(stall.host)) {
        let Some(machine) = world.houses[stall.host].machine() else {
            return broken("I5", "a house is down");
        };
        let wanted = vendors.get(&stall.vendor).copied().unwrap_or(0);
        let balance = machine.books().counters(Account::Vendor(stall.vendor)).balance();
        let found = i128::from(balance.get());
        holds(found == wanted, "I4", || {
            format!("a vendor of {} is owed {found}, the tills say {wanted}", stall.host)
        })?;
    }
    Ok(())
}

/// After the last settlement no caisse owes another anything, and the banks balance (I11, I14).
pub(super) fn nobody_owes_anything(world: &World) -> Result<(), Broken> {
    for (place, house) in world.houses.iter().enumerate() {
        let Some(machine) = house.machine() else { return broken("I5", "a house is down") };
        for (account, counters) in machine.books().accounts() {
            if let Account::Partner(partner) = account {
                let owed = counters.balance();
                let partner = world.place(partner);
                holds(owed.get() == 0, "I11", || {
                    format!("house {place} owes {owed} to {partner:?} after all was settled")
                })?;
            }
        }
        let moved = world.offices.bank.iter().map(|((_, debtor, creditor), amount)| {
            let sign = i128::from(*creditor == place) - i128::from(*debtor == place);
            sign * i128::from(amount.get())
        });
        let (moved, bank) = (moved.sum::<i128>(), machine.books().counters(Account::Bank));
        let contributed = world.offices.contributed.get(&place).copied().unwrap_or(0);
        let found = -i128::from(bank.balance().get()) - contributed;
        holds(found == moved, "I14", || {
            format!("house {place} has {found} in the bank, {moved} came and went")
        })?;
    }
    let in_all = world.offices.bank.values().copied();
    holds(Cents::checked_sum(in_all).is_some(), "I14", || "the banks overflow".to_owned())
}
