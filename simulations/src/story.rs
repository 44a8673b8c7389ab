//! The life of a world: founded, then chaos, then healed, then alive as if nothing had been, then settled
//! and audited.

use std::collections::BTreeSet;

use crdt::pair::DenyReason;
use crdt::register::Charter;
use crdt::{BasisPoints, CaisseId, Cents, Digest};
use ledger::refused::PaymentRefused;
use ledger::rules::Household;
use ledger::{Answer, Command, Query};

use crate::audit;
use crate::broken::{Broken, broken, holds};
use crate::faults::NOTICED_MS;
use crate::hostile::Hostile;
use crate::office::month;
use crate::tills::{Shopper, Stall, Word};
use crate::trace::Telling;
use crate::world::{Asker, Event, Faith, World};

/// Milliseconds in which a healthy world must come to rest.
const PATIENCE_MS: i64 = 400_000;

/// Vendors of each caisse, with their rates in basis points.
const RATES: [u16; 2] = [10_000, 7_000];

/// Milliseconds between the founding and the first sale: longer than any clock may be wrong, so that
/// a decision of the founding is in force on every later day.
const FOUNDED_BEFORE_MS: i64 = 100 * 3_600_000;

/// What became of a world in which nothing broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survived {
    /// The hash of everything that happened.
    pub trace: Digest,
    /// Events.
    pub steps: u64,
    /// Sales asked for.
    pub sales: usize,
    /// Sales paid.
    pub paid: usize,
    /// Sales paid across caisses.
    pub across: usize,
    /// Settlement runs certified.
    pub runs: usize,
    /// Starts of machines, the first ones not counted.
    pub restarts: u32,
    /// Whether one of the caisses was taken over by an adversary.
    pub hostile: bool,
}

/// How to live a world.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether it is told in words.
    pub telling: Telling,
    /// Whether the disks keep their promises.
    pub faith: Faith,
    /// The wrong version of the protocol that every caisse runs.
    #[cfg(feature = "mutants")]
    pub mutant: Option<ledger::caisse::Mutant>,
}

impl Options {
    /// The right protocol, told or not.
    #[must_use]
    pub const fn new(telling: Telling) -> Self {
        Self {
            telling,
            faith: Faith::Keeps,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }
}

/// Lives the world of a seed to its end. The lines of its trace come back in any case.
pub fn live(seed: u64, options: Options) -> (Result<Survived, Broken>, Vec<String>) {
    let mut world = World::new(seed, options.telling);
    #[cfg(feature = "mutants")]
    if let Some(mutant) = options.mutant {
        world.houses.iter_mut().for_each(|house| house.mutate(mutant));
    }
    world.houses.iter_mut().for_each(|house| house.faith = options.faith);
    let lived = world.live();
    let at = world.now;
    if let Err(why) = &lived {
        world.trace.note(at, || format!("BROKEN {why}"));
    }
    (lived, world.trace.lines().to_vec())
}

/// Whether a refusal is about the member, the card or what was agreed, and not about the network.
const fn is_about_the_member(refused: &PaymentRefused) -> bool {
    use DenyReason::{
        CardBlocked, CardLocked, Ceiling, InsufficientFunds, SpendingCap, VisitorLimit,
    };
    matches!(
        refused,
        PaymentRefused::HomeOwes { .. }
            | PaymentRefused::Denied(
                CardBlocked | CardLocked | Ceiling | InsufficientFunds | SpendingCap | VisitorLimit
            )
    )
}

impl World {
    fn live(&mut self) -> Result<Survived, Broken> {
        self.is_founded()?;
        self.goes_wrong()?;
        self.ends_well()?;
        Ok(self.summary())
    }

    /// Heals, lives on, settles, and is audited.
    ///
    /// # Errors
    /// The first thing that is [`Broken`].
    pub(crate) fn ends_well(&mut self) -> Result<(), Broken> {
        self.heals()?;
        self.lives_on()?;
        self.tells_again()?;
        self.settles()?;
        audit::all(self)
    }

    /// Everyone meets, founds, agrees, enrols and approves.
    pub(crate) fn is_founded(&mut self) -> Result<(), Broken> {
        for house in 0..self.houses.len() {
            self.houses[house].start();
        }
        self.meets()?;
        let mut founders: Vec<_> = self.houses.iter().map(|house| house.contact()).collect();
        founders.sort_by_key(|founder| founder.id);
        let charter = Charter { name: "simulated".to_owned(), founders, threshold_percent: 66 };
        for house in 0..self.houses.len() {
            self.ask(house, Asker::Office, Command::Found(Box::new(charter.clone())))?;
        }
        self.rests(5_000)?;
        // Nobody had a federation when they met: they meet again.
        for house in 0..self.houses.len() {
            for peer in (0..self.houses.len()).filter(|peer| *peer != house) {
                let peer = self.houses[peer].id;
                self.input(house, ledger::Input::Connected(peer))?;
            }
        }
        self.rests(5_000)?;
        for house in 0..self.houses.len() {
            for other in (0..self.houses.len()).filter(|other| *other != house) {
                let (with, terms) = (self.houses[other].id, self.plan.terms.clone());
                self.ask(house, Asker::Office, Command::Agree { with, terms })?;
            }
            self.enrols(house)?;
        }
        self.rests(FOUNDED_BEFORE_MS)?;
        if let Some(lots) = self.plan.lots {
            (0..self.houses.len()).try_for_each(|house| self.gives_lots(house, lots))?;
            self.rests(5_000)?;
        }
        (0..self.houses.len()).try_for_each(|house| self.introduces(house))
    }

    /// Connects every two caisses.
    pub(crate) fn meets(&mut self) -> Result<(), Broken> {
        for one in 0..self.houses.len() {
            for other in one + 1..self.houses.len() {
                self.dials(one, other)?;
            }
        }
        Ok(())
    }

    pub(crate) fn rests(&mut self, ms: i64) -> Result<(), Broken> {
        self.run(self.now + ms, |_| false)
    }

    fn enrols(&mut self, house: usize) -> Result<(), Broken> {
        for number in 0..self.plan.members {
            let household = Household { adults: 1, teens: 0, children: 0 };
            let command = Command::AddMember { name: format!("member {number}"), household };
            self.ask(house, Asker::Office, command)?;
        }
        for _ in RATES {
            let command = Command::AddVendor {
                name: "stall".to_owned(),
                commune: "34172".to_owned(),
                kind: "market".to_owned(),
                till: None,
            };
            self.ask(house, Asker::Office, command)?;
        }
        self.rests(1_000)?;
        let Some(Ok(Answer::Members(members))) = self.query(house, &Query::Members) else {
            return broken("setup", "a caisse does not list its members");
        };
        for member in members {
            let code = "4071".parse().expect("four digits");
            let command = Command::IssueCard { member: member.id, code };
            self.ask(house, Asker::Office, command)?;
        }
        let Some(Ok(Answer::Vendors(vendors))) = self.query(house, &Query::Vendors) else {
            return broken("setup", "a caisse does not list its vendors");
        };
        for (vendor, rate) in vendors.into_iter().zip(RATES) {
            let coverage = BasisPoints::new(rate).unwrap_or(BasisPoints::WHOLE);
            let (vendor, reason) = (vendor.id, "decided".to_owned());
            let command = Command::ApproveVendor { vendor, coverage, reason };
            self.ask(house, Asker::Office, command)?;
        }
        self.allocates(house, month(11))
    }

    /// Makes the members and vendors of a caisse known to the tills, and keeps a first backup.
    fn introduces(&mut self, house: usize) -> Result<(), Broken> {
        let Some(Ok(Answer::Members(members))) = self.query(house, &Query::Members) else {
            return broken("setup", "a caisse does not list its members");
        };
        for member in members {
            let Some(Ok(Answer::Member(detail))) = self.query(house, &Query::Member(member.id))
            else {
                return broken("setup", "a caisse does not show a member");
            };
            for card in &detail.cards {
                let Ok(crdt::card::CardText::Certificate(card)) = card.qr.parse() else {
                    return broken("setup", "a card's QR code does not read back");
                };
                self.tills.shoppers.push(Shopper { home: house, member: member.id, card });
            }
        }
        let Some(Ok(Answer::Vendors(vendors))) = self.query(house, &Query::Vendors) else {
            return broken("setup", "a caisse does not list its vendors");
        };
        for vendor in vendors {
            let Some(rate) = vendor.coverage else {
                return broken("setup", "a vendor is not approved");
            };
            self.tills.stalls.push(Stall { host: house, vendor: vendor.id, rate });
        }
        let copy = self.houses[house].disk.clone();
        self.houses[house].backups.push(copy);
        Ok(())
    }

    fn goes_wrong(&mut self) -> Result<(), Broken> {
        self.chaos = true;
        let plan = self.plan.clone();
        if plan.hostile {
            let house = self.chance.index(self.houses.len());
            self.is_taken_over(house);
            self.witness.hostile = Some(self.houses[house].id);
        }
        self.post.spoil(&plan);
        let first = self.chance.ms(500, plan.fault_every);
        self.later(first, Event::Fault);
        for house in 0..self.houses.len() {
            let first = self.chance.ms(3_000, 15_000);
            self.later(first, Event::Office(house));
        }
        let end = self.now + i64::from(plan.chaos_ms);
        let (mut left, mut moments) = (plan.sales, Vec::new());
        while left > 0 {
            let rush = plan.rush && self.chance.permille(300);
            let sales = if rush { self.chance.within(2, 6).min(left) } else { 1 };
            moments.push((self.now + self.chance.ms(0, plan.chaos_ms), sales));
            left -= sales;
        }
        moments.sort_unstable();
        for (moment, sales) in moments {
            self.run(moment, |_| false)?;
            match sales {
                1 => self.new_sale(),
                more => self.new_rush(more as usize),
            }
        }
        self.run(end, |_| false)?;
        self.passes_a_night()
    }

    /// Two caisses are apart for longer than a lot lasts. Nothing else goes wrong any more; whoever was down
    /// starts, and the host sells to members of the other.
    fn passes_a_night(&mut self) -> Result<(), Broken> {
        if !self.plan.night || self.plan.lots.is_none() {
            return Ok(());
        }
        (self.chaos, self.night) = (false, true);
        self.points.disarm_all();
        self.hostile.iter_mut().for_each(Hostile::is_tired);
        self.post.heal();
        for house in 0..self.houses.len() {
            self.starts(house)?;
        }
        self.meets()?;
        self.rests(60_000)?;
        let honest: Vec<usize> = self.honest().collect();
        let host = honest[self.chance.index(honest.len())];
        let home = honest.iter().copied().find(|home| *home != host).unwrap_or(host);
        let night = self.chance.ms(26, 40) * 3_600_000;
        self.cuts(host, home, night);
        let morning = self.now + night;
        let all = self.tills.shoppers.iter().enumerate();
        let ours: Vec<usize> = all.filter(|(_, s)| s.home == home).map(|(n, _)| n).collect();
        let stall = self.tills.stalls.iter().find(|stall| stall.host == host).copied();
        for _ in 0..3 {
            let later = self.chance.ms(60_000, 8 * 3_600_000);
            self.rests(later)?;
            let shopper = ours[self.chance.index(ours.len())];
            let amount = self.amount(100, 1_500);
            if let Some(stall) = stall {
                self.sells(shopper, stall, amount, Self::right_code());
            }
        }
        self.run(morning, |_| false)?;
        self.night = false;
        Ok(())
    }

    /// Nothing breaks any more: everything that was open must come to an end (I5).
    pub(crate) fn heals(&mut self) -> Result<(), Broken> {
        self.chaos = false;
        self.points.disarm_all();
        self.hostile.iter_mut().for_each(Hostile::is_tired);
        let at = self.now;
        self.trace.tells(at, || "Everything heals.".to_owned());
        self.post.heal();
        self.houses.iter_mut().for_each(|house| house.slow_until = 0);
        for house in 0..self.houses.len() {
            self.starts(house)?;
        }
        self.meets()?;
        // A connection that broke a moment ago is noticed, and made again.
        self.rests(2 * i64::from(NOTICED_MS.1))?;
        self.comes_to_rest("after healing")
    }

    /// Lets time pass until every till has its answer, nothing is open, and all know the same.
    fn comes_to_rest(&mut self, when: &str) -> Result<(), Broken> {
        let until = self.now + PATIENCE_MS;
        loop {
            self.rests(3_000)?;
            if audit::is_at_rest(self) {
                return Ok(());
            }
            holds(self.now < until, "I5", || {
                format!("{when}, the world does not come to rest: {}", audit::restless(self))
            })?;
        }
    }

    /// In a healed world every caisse sells to members of the next one, and every sale is decided as if
    /// nothing had been: nothing that went wrong leaves anyone frozen.
    pub(crate) fn lives_on(&mut self) -> Result<(), Broken> {
        let first = self.tills.sales.len();
        let honest: Vec<usize> = self.honest().collect();
        for (place, host) in honest.iter().copied().enumerate() {
            let home = honest[(place + 1) % honest.len()];
            let shopper = self.tills.shoppers.iter().position(|shopper| shopper.home == home);
            let stall = self.tills.stalls.iter().find(|stall| stall.host == host);
            if let (Some(shopper), Some(stall)) = (shopper, stall.copied()) {
                let sale = self.sells(shopper, stall, Cents::from_u32(101), Self::right_code());
                self.called.sales.insert(sale, "one more sale".to_owned());
            }
        }
        self.comes_to_rest("after new sales")?;
        for sale in &self.tills.sales[first..] {
            let frozen = match &sale.word {
                Some(Word::Paid(receipt)) => receipt.offline,
                Some(Word::Refused(refused)) => !is_about_the_member(refused),
                None => true,
            };
            holds(!frozen, "I5", || format!("a sale in a healed world was {:?}", sale.word))?;
        }
        Ok(())
    }

    /// Every till asks once more for every sale and refund: it must hear what it heard before (I3, I4).
    fn tells_again(&mut self) -> Result<(), Broken> {
        for sale in 0..self.tills.sales.len() {
            self.later(0, Event::Till(sale));
        }
        for refund in 0..self.tills.refunds.len() {
            self.later(0, Event::GivesBack(refund));
        }
        for (house, months) in self.offices.months.clone() {
            for month in months {
                self.allocates(house, month)?;
            }
        }
        self.comes_to_rest("after every till asked again")
    }

    /// What is owed is stated, settled and paid, until nothing is owed.
    fn settles(&mut self) -> Result<(), Broken> {
        (0..4).try_for_each(|round| self.settles_once(round))
    }

    /// States what all owe each other, proposes a run, and moves its money.
    pub(crate) fn settles_once(&mut self, round: usize) -> Result<(), Broken> {
        let honest: Vec<usize> = self.honest().collect();
        let hostile: BTreeSet<CaisseId> =
            self.hostile.iter().map(|hostile| self.houses[hostile.place()].id).collect();
        for (place, house) in honest.iter().copied().enumerate() {
            for other in honest[place + 1..].iter().copied() {
                self.states(house, other)?;
            }
            if !hostile.is_empty() {
                self.gives_up_runs(house)?;
            }
        }
        self.comes_to_rest("after the statements")?;
        let proposer = honest[round % honest.len()];
        let command = Command::ProposeRun { without: hostile };
        self.ask(proposer, Asker::Office, command)?;
        self.comes_to_rest("after the run")?;
        for _ in 0..2 {
            for house in honest.iter().copied() {
                self.moves_money(house)?;
            }
            self.comes_to_rest("after the transfers")?;
        }
        Ok(())
    }

    pub(crate) fn summary(&self) -> Survived {
        let paid: Vec<_> = self.tills.sales.iter().filter(|sale| sale.is_paid()).collect();
        let first = self.honest().next().unwrap_or(0);
        let home = |sale: &&&crate::tills::Sale| self.tills.shoppers[sale.shopper].home;
        Survived {
            trace: self.trace.digest(),
            steps: self.trace.steps(),
            sales: self.tills.sales.len(),
            across: paid.iter().filter(|sale| home(sale) != sale.stall.host).count(),
            paid: paid.len(),
            runs: self.runs(first).into_iter().filter(|run| run.certified).count(),
            restarts: self.houses.iter().map(|house| house.starts() - 1).sum(),
            hostile: self.hostile.is_some(),
        }
    }
}
