//! What two caisses told each other of every payment, and what is owed for it.

use std::collections::BTreeMap;

use crdt::feed::{Body, FeedId, Verified};
use crdt::pair::PairBody;
use crdt::{CaisseId, LotId, PaymentId, RunId};

use super::feeds::Feeds;
use crate::broken::{Broken, broken, holds};

/// Where a sale was made, and whose card it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ends {
    pub host: CaisseId,
    pub home: CaisseId,
}

/// What became of a payment, in cents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fate {
    pub granted: Option<i128>,
    pub denied: bool,
    pub captured: Option<i128>,
    pub voided: bool,
    pub at_risk: Option<i128>,
    pub by_lot: Option<i128>,
    pub obliged: Option<i128>,
    pub declined: bool,
    pub refunded: i128,
}

impl Fate {
    /// For how much the sale was made, in whatever way.
    pub fn sold(&self) -> Option<i128> {
        self.captured.or(self.at_risk).or(self.by_lot)
    }
}

/// A lot, in cents.
#[derive(Clone, Debug, Default)]
pub(super) struct LotAccount {
    pub amount: Option<i128>,
    pub sold: i128,
    pub closed: Option<i128>,
}

/// Everything that honest caisses told each other in their pair feeds.
#[derive(Default)]
pub(super) struct Told {
    pub payments: BTreeMap<(Ends, PaymentId), Fate>,
    /// Refunds by their ids.
    pub refunds: BTreeMap<PaymentId, i128>,
    /// Lots by their ids.
    pub lots: BTreeMap<(Ends, LotId), LotAccount>,
    /// Transfers that came: by run, payee and payer.
    pub received: BTreeMap<(RunId, CaisseId, CaisseId), i128>,
}

fn once<T>(place: &mut Option<T>, value: T, what: &PairBody) -> Result<(), Broken> {
    holds(place.is_none(), "auditor", || format!("said twice: {what:?}"))?;
    *place = Some(value);
    Ok(())
}

fn flag(place: &mut bool, what: &PairBody) -> Result<(), Broken> {
    holds(!*place, "auditor", || format!("said twice: {what:?}"))?;
    *place = true;
    Ok(())
}

impl Told {
    /// Reads every pair feed.
    pub fn by(feeds: &Feeds) -> Result<Self, Broken> {
        let mut told = Self::default();
        for (author, reader, entries) in feeds.pairs() {
            for entry in entries {
                let Body::Pair(body) = entry.body() else {
                    return broken("auditor", "a pair feed speaks to all");
                };
                told.takes(author, reader, body)?;
            }
        }
        Ok(told)
    }

    fn fate(&mut self, ends: Ends, payment: &PaymentId) -> &mut Fate {
        self.payments.entry((ends, *payment)).or_default()
    }

    fn takes(&mut self, author: CaisseId, reader: CaisseId, body: &PairBody) -> Result<(), Broken> {
        let as_home = Ends { host: reader, home: author };
        let as_host = Ends { host: author, home: reader };
        let cents = |amount: &crdt::Cents| i128::from(amount.get());
        match body {
            PairBody::Granted { payment, covered, .. } => {
                once(&mut self.fate(as_home, payment).granted, cents(covered), body)
            }
            PairBody::Denied { payment, .. } => flag(&mut self.fate(as_home, payment).denied, body),
            PairBody::Captured { payment, covered, .. } => {
                once(&mut self.fate(as_host, payment).captured, cents(covered), body)
            }
            PairBody::Voided { payment } => flag(&mut self.fate(as_host, payment).voided, body),
            PairBody::FloorCaptured { payment, covered, .. } => {
                once(&mut self.fate(as_host, payment).at_risk, cents(covered), body)
            }
            PairBody::OfflineCaptured { payment, lot, covered, .. } => {
                let account = self.lots.entry((as_host, *lot)).or_default();
                account.sold += cents(covered);
                holds(account.closed.is_none(), "I6", || {
                    format!("sold by a closed lot: {body:?}")
                })?;
                once(&mut self.fate(as_host, payment).by_lot, cents(covered), body)
            }
            PairBody::LotGranted { lot, terms } => {
                let account = self.lots.entry((as_home, *lot)).or_default();
                once(&mut account.amount, cents(&terms.amount), body)
            }
            PairBody::LotCloseAsked { .. }
            | PairBody::Contested { .. }
            | PairBody::ContestEnded { .. } => Ok(()),
            PairBody::LotClosed { lot, spent } => {
                let account = self.lots.entry((as_host, *lot)).or_default();
                once(&mut account.closed, cents(spent), body)
            }
            PairBody::Obliged { payment, covered } => {
                once(&mut self.fate(as_home, payment).obliged, cents(covered), body)
            }
            PairBody::FloorDeclined { payment, .. } => {
                flag(&mut self.fate(as_home, payment).declined, body)
            }
            PairBody::Refunded { refund, payment, amount } => {
                self.fate(as_host, payment).refunded += cents(amount);
                let before = self.refunds.insert(*refund, cents(amount));
                holds(before.is_none(), "auditor", || format!("said twice: {body:?}"))
            }
            PairBody::PaySent { .. } => Ok(()),
            PairBody::PayReceived { run, amount } => {
                let before = self.received.insert((*run, author, reader), cents(amount));
                holds(before.is_none(), "auditor", || format!("said twice: {body:?}"))
            }
        }
    }

    /// Every payment has come to an end, and to one that can follow from what was said of it.
    pub fn is_finished(&self) -> Result<(), Broken> {
        for ((_, lot), account) in &self.lots {
            let within = account.amount.is_some_and(|amount| account.sold <= amount);
            let closed = account.closed.is_none_or(|spent| spent == account.sold);
            holds(within && closed, "I6", || format!("{lot:?} cannot be {account:?}"))?;
        }
        for ((_, payment), fate) in &self.payments {
            let ways = [fate.captured, fate.at_risk, fate.by_lot];
            let decisions = ways.iter().map(Option::is_some).chain([fate.voided]);
            let decided = decisions.filter(|made| *made).count();
            let sold = fate.sold();
            let right = !(fate.granted.is_some() && fate.denied)
                && (fate.captured.is_none() || fate.captured == fate.granted)
                && decided <= 1
                && (fate.granted.is_none() || decided == 1)
                && (fate.obliged.is_none() || fate.obliged == sold)
                && !(fate.obliged.is_some() && fate.declined)
                && (fate.captured.or(fate.by_lot).is_none() || fate.obliged.is_some())
                && (fate.at_risk.is_none() || fate.obliged.is_some() || fate.declined)
                && fate.refunded <= fate.obliged.unwrap_or(0);
            holds(right, "auditor", || format!("{payment:?} cannot be {fate:?}"))?;
        }
        Ok(())
    }

    /// What one caisse is owed by another for payments, settlements left out.
    pub fn owed(&self, host: CaisseId, home: CaisseId) -> i128 {
        let ends = Ends { host, home };
        let of_pair = self.payments.iter().filter(|((of, _), _)| *of == ends);
        of_pair.map(|(_, fate)| fate.obliged.unwrap_or(0) - fate.refunded).sum()
    }
}

/// What `host` is owed by `home` for payments, as far as their feeds go up to two places: a refund counts
/// once the debt that it lessens does.
pub(super) fn owed_up_to(
    feeds: &Feeds,
    (host, host_seq): (CaisseId, u64),
    (home, home_seq): (CaisseId, u64),
) -> i128 {
    let until = |entries: &[Verified], seq: u64| {
        let said = entries.iter().filter(|entry| entry.header().seq <= seq);
        said.map(|entry| entry.body().clone()).collect::<Vec<_>>()
    };
    let mut debts: BTreeMap<PaymentId, i128> = BTreeMap::new();
    for body in until(feeds.of(FeedId::pair(home, host)), home_seq) {
        if let Body::Pair(PairBody::Obliged { payment, covered }) = body {
            debts.insert(payment, covered.get().into());
        }
    }
    for body in until(feeds.of(FeedId::pair(host, home)), host_seq) {
        if let Body::Pair(PairBody::Refunded { payment, amount, .. }) = body
            && let Some(debt) = debts.get_mut(&payment)
        {
            *debt -= i128::from(amount.get());
        }
    }
    debts.values().sum()
}
