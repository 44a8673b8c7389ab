//! Operators: statements, settlement runs, bank transfers, allocations, blocked cards, prices.

use std::collections::{BTreeMap, BTreeSet};

use crdt::catalogue::Product;
use crdt::lot::LotTerms;
use crdt::{Cents, Month, RunId};
use ledger::answer::RunInfo;
use ledger::command::OfflineCommand;
use ledger::guarantee::Force;
use ledger::{Answer, Command, Query};

use crate::broken::Broken;
use crate::world::{Asker, Event, World};

/// What operators have done.
#[derive(Clone, Debug, Default)]
pub struct Offices {
    /// Bank transfers that left: run, debtor, creditor, and how much. A bank loses none.
    pub bank: BTreeMap<(RunId, usize, usize), Cents>,
    /// Months for which each caisse was asked to issue allocations.
    pub months: BTreeMap<usize, BTreeSet<Month>>,
    /// What members contributed, in cents, by caisse.
    pub contributed: BTreeMap<usize, i128>,
}

/// Returns a month of the simulated year.
pub(crate) fn month(number: i8) -> Month {
    Month::new(2026, number).expect("a month of the year")
}

impl World {
    /// An operator does one thing, and comes back later while chaos lasts.
    pub(crate) fn office_works(&mut self, house: usize) -> Result<(), Broken> {
        if self.chaos {
            let again = self.chance.ms(4_000, 20_000);
            self.later(again, Event::Office(house));
        }
        if self.is_hostile(house) {
            return Ok(());
        }
        match self.chance.within(0, 99) {
            0..=29 => {
                self.new_refund(house);
                Ok(())
            }
            30..=54 => {
                let other = self.another(house);
                self.states(house, other)
            }
            55..=69 => self.proposes(house),
            70..=72 => self.aborts(house),
            73..=89 => self.moves_money(house),
            90..=93 => self.allocates(house, month(10)),
            94 => self.blocks_a_card(house),
            95 | 96 => self.changes_lots(house),
            _ => self.changes_a_price(house),
        }
    }

    /// Returns the place of another caisse.
    pub(crate) fn another(&mut self, house: usize) -> usize {
        let step = 1 + self.chance.index(self.houses.len() - 1);
        (house + step) % self.houses.len()
    }

    /// States what two caisses owe each other.
    pub(crate) fn states(&mut self, house: usize, other: usize) -> Result<(), Broken> {
        let with = self.houses[other].id;
        self.ask(house, Asker::Office, Command::State { with })
    }

    /// Returns the settlement runs that a caisse knows.
    #[must_use]
    pub fn runs(&self, house: usize) -> Vec<RunInfo> {
        match self.query(house, &Query::Runs) {
            Some(Ok(Answer::Runs(runs))) => runs,
            _ => Vec::new(),
        }
    }

    /// Proposes a run, now and then without one of the others.
    fn proposes(&mut self, house: usize) -> Result<(), Broken> {
        let other = self.another(house);
        let without = match self.chance.within(0, 3) {
            0 => [self.houses[other].id].into(),
            _ => [].into(),
        };
        self.ask(house, Asker::Office, Command::ProposeRun { without })
    }

    /// Takes back what was signed of every run that is not certified: someone in it does not answer.
    pub(crate) fn gives_up_runs(&mut self, house: usize) -> Result<(), Broken> {
        for run in self.runs(house).into_iter().filter(|run| !run.certified) {
            let reason = "someone does not answer".to_owned();
            self.ask(house, Asker::Office, Command::AbortRun { run: run.id, reason })?;
        }
        Ok(())
    }

    fn aborts(&mut self, house: usize) -> Result<(), Broken> {
        let open = self.runs(house).into_iter().filter(|run| !run.certified);
        let open: Vec<RunId> = open.map(|run| run.id).collect();
        if open.is_empty() {
            return Ok(());
        }
        let run = open[self.chance.index(open.len())];
        let reason = "not now".to_owned();
        self.ask(house, Asker::Office, Command::AbortRun { run, reason })
    }

    /// Sends what the certified runs ask for, and confirms what the bank shows.
    pub(crate) fn moves_money(&mut self, house: usize) -> Result<(), Broken> {
        let me = self.houses[house].id;
        for run in self.runs(house).into_iter().filter(|run| run.certified) {
            for transfer in run.transfers {
                let debt = transfer.debt;
                let (Some(debtor), Some(creditor)) =
                    (self.place(&debt.debtor), self.place(&debt.creditor))
                else {
                    continue;
                };
                let key = (run.id, debtor, creditor);
                if debt.debtor == me && !transfer.sent {
                    // The bank takes a transfer with the same end-to-end id once.
                    self.offices.bank.entry(key).or_insert(debt.amount);
                    let command = Command::PaySent { run: run.id, to: debt.creditor };
                    self.ask(house, Asker::Office, command)?;
                }
                let came = self.offices.bank.contains_key(&key);
                if debt.creditor == me && !transfer.received && came {
                    let command = Command::PayReceived { run: run.id, from: debt.debtor };
                    self.ask(house, Asker::Office, command)?;
                }
            }
        }
        Ok(())
    }

    /// Issues the allocations of a month.
    pub(crate) fn allocates(&mut self, house: usize, month: Month) -> Result<(), Broken> {
        let force = Some(Force { reason: "simulated".to_owned() });
        self.offices.months.entry(house).or_default().insert(month);
        self.ask(house, Asker::Office, Command::Allocate { month, force })
    }

    /// Has members contribute, and decides what partners may sell to them without asking.
    pub(crate) fn gives_lots(&mut self, house: usize, lots: LotTerms) -> Result<(), Broken> {
        let members: Vec<_> = match self.query(house, &Query::Members) {
            Some(Ok(Answer::Members(members))) => members.into_iter().map(|m| m.id).collect(),
            _ => Vec::new(),
        };
        for member in members {
            let amount = Cents::from_u32(20_000);
            let into = ledger::command::Purse::Bank;
            let month = month(11);
            let command = Command::AddContribution { member, month, amount, into };
            self.ask(house, Asker::Office, command)?;
            *self.offices.contributed.entry(house).or_default() += i128::from(amount.get());
        }
        let amount = Cents::from_u32(20_000);
        let command = Command::Offline(OfflineCommand::SetReserve { amount });
        self.ask(house, Asker::Office, command)?;
        for other in (0..self.houses.len()).filter(|other| *other != house) {
            let with = self.houses[other].id;
            let most = lots.at_most(self.plan.terms.ceiling);
            let policy = OfflineCommand::SetPolicy { with, policy: Some(most) };
            self.ask(house, Asker::Office, Command::Offline(policy))?;
        }
        Ok(())
    }

    /// Asks for all lots of a partner back, or gives it lots again.
    fn changes_lots(&mut self, house: usize) -> Result<(), Broken> {
        let Some(lots) = self.plan.lots else { return Ok(()) };
        let other = self.another(house);
        let with = self.houses[other].id;
        let most = lots.at_most(self.plan.terms.ceiling);
        let policy = self.chance.permille(600).then_some(most);
        let command = Command::Offline(OfflineCommand::SetPolicy { with, policy });
        self.ask(house, Asker::Office, command)
    }

    fn blocks_a_card(&mut self, house: usize) -> Result<(), Broken> {
        let cards = self.tills.shoppers.iter().filter(|shopper| shopper.home == house);
        let cards: Vec<_> = cards.map(|shopper| shopper.card.card).collect();
        let card = cards[self.chance.index(cards.len())];
        self.ask(house, Asker::Office, Command::BlockCard { card })
    }

    fn changes_a_price(&mut self, house: usize) -> Result<(), Broken> {
        let stalls = self.tills.stalls.iter().filter(|stall| stall.host == house);
        let vendors: Vec<_> = stalls.map(|stall| stall.vendor).collect();
        let vendor = vendors[self.chance.index(vendors.len())];
        let product = Product {
            code: format!("P{}", self.chance.within(1, 5)),
            name: "Lentilles".to_owned(),
            ciqual: None,
            coverage: None,
            price: Some(self.amount(100, 900)),
            climate_g_co2e_per_kg: None,
        };
        let command = Command::PutProducts { vendor, products: vec![product] };
        self.ask(house, Asker::Office, command)
    }
}
