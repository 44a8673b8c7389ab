//! What goes wrong: connections break, machines die, disks are slow or replaced by old copies, clocks
//! jump.

use ledger::records::{Kind, Records};

use crate::broken::Broken;
use crate::chance::Chance;
use crate::hostile::Hostile;
use crate::tills::{Sale, Word};
use crate::world::{Event, Landed, World};

/// Milliseconds until the two ends of a broken connection have noticed.
pub(crate) const NOTICED_MS: (u32, u32) = (1, 5_000);

/// Copies of a disk that are kept, of any age.
const BACKUPS: usize = 8;

/// Points (`crate::points`) that a machine passes before it dies, at most, when it dies at one.
const POINTS_AHEAD: u32 = 8;

impl World {
    /// Something breaks, and something else will later while chaos lasts.
    pub(crate) fn something_breaks(&mut self) -> Result<(), Broken> {
        if !self.chaos {
            return Ok(());
        }
        let again = self.chance.ms(500, self.plan.fault_every);
        self.later(again, Event::Fault);
        let house = self.chance.index(self.houses.len());
        let other = self.another(house);
        match self.chance.within(0, 99) {
            0..=19 => {
                self.breaks_connection(house, other);
                let again = self.chance.ms(10, 15_000);
                self.later(again, Event::Dials(house, other));
            }
            20..=33 => {
                let again = self.chance.ms(1_000, 40_000);
                self.cuts(house, other, again);
            }
            34..=41 => {
                let until = self.now + self.chance.ms(3_000, 20_000);
                self.post.jam(house, other, until);
            }
            42..=49 => {
                self.post.mute(house, other, true);
                let again = self.chance.ms(100, 20_000);
                self.later(again, Event::Unmute(house, other));
            }
            50..=56 => {
                self.houses[house].slow_until = self.now + self.chance.ms(2_000, 20_000);
            }
            57..=82 => self.crashes(house),
            83..=90 => self.backs_up(house),
            _ if self.plan.restores => self.comes_back_from_a_backup(house)?,
            _ => self.crashes(house),
        }
        Ok(())
    }

    pub(crate) fn breaks_connection(&mut self, one: usize, other: usize) {
        let noticed = [(one, other), (other, one)].map(|(house, peer)| {
            let after = self.chance.ms(NOTICED_MS.0, NOTICED_MS.1);
            (after, Event::Notices { house, peer })
        });
        let known_at = self.now + noticed.iter().map(|(after, _)| *after).max().unwrap_or(0) + 1;
        if self.post.disconnect(known_at, one, other) {
            for (after, event) in noticed {
                self.later(after, event);
            }
        }
    }

    /// Two caisses lose each other for a while.
    pub(crate) fn cuts(&mut self, one: usize, other: usize, ms: i64) {
        let at = self.now;
        let names = [one, other].map(|house| self.called.house(house));
        self.trace.tells(at, || format!("{} and {} lose each other.", names[0], names[1]));
        self.post.cut(one, other, true);
        self.breaks_connection(one, other);
        self.later(ms, Event::Dials(one, other));
    }

    /// Keeps a copy of a disk; of those that are kept one goes, whichever.
    fn backs_up(&mut self, house: usize) {
        if !self.plan.restores {
            return;
        }
        let copy = self.houses[house].disk.clone();
        let gone = self.chance.index(BACKUPS);
        let backups = &mut self.houses[house].backups;
        backups.push(copy);
        if backups.len() > BACKUPS {
            backups.remove(gone);
        }
    }

    /// Two caisses try to connect; a cut ends with the attempt.
    pub(crate) fn dials(&mut self, one: usize, other: usize) -> Result<(), Broken> {
        self.post.cut(one, other, false);
        let down = |house: usize| self.houses[house].machine().is_none() && !self.is_hostile(house);
        if down(one) || down(other) {
            // Whoever is down dials when it starts.
            return Ok(());
        }
        match self.post.connect(self.now, one, other) {
            Ok(()) => {
                for (house, peer) in [(one, other), (other, one)] {
                    if self.is_hostile(house) {
                        self.hostile(|hostile| hostile.meets(peer));
                        continue;
                    }
                    let peer = self.houses[peer].id;
                    self.input(house, ledger::Input::Connected(peer))?;
                }
            }
            Err(Some(at)) => self.later(at - self.now, Event::Dials(one, other)),
            Err(None) => {}
        }
        Ok(())
    }

    /// A machine dies: now, in the middle of whatever it does, or at one of the next points where it
    /// stores or says something.
    fn crashes(&mut self, house: usize) {
        if self.houses[house].machine().is_none() {
            return;
        }
        if self.chance.permille(400) {
            let ahead = self.chance.within(0, POINTS_AHEAD);
            return self.points.arm(house, ahead);
        }
        let landed = Landed::ByChance(Chance::new(self.chance.bits()));
        self.dies(house, landed);
    }

    /// A machine dies, and starts again later. Its clock may be set meanwhile.
    pub(crate) fn dies(&mut self, house: usize, landed: Landed) {
        let at = self.now;
        let name = self.called.house(house);
        self.trace.tells(at, || format!("The machine of {name} dies."));
        self.points.disarm(house);
        self.houses[house].crash(landed);
        for other in (0..self.houses.len()).filter(|other| *other != house) {
            self.breaks_connection(house, other);
        }
        if self.chaos && self.chance.permille(300) {
            let skew = self.houses[house].skew_ms() + self.chance.ms(0, 120_000) - 60_000;
            self.houses[house].set_clock(skew);
        }
        let again = self.chance.ms(50, 20_000);
        self.later(again, Event::Starts(house));
    }

    /// Passes a point where a machine may die; returns whether it does.
    pub(crate) fn dies_here(&mut self, house: usize) -> bool {
        let dies = self.points.reach(house);
        if dies {
            self.dies(house, Landed::Nothing);
        }
        dies
    }

    /// A machine is replaced by an adversary that has its keys.
    pub(crate) fn is_taken_over(&mut self, house: usize) {
        let at = self.now;
        let name = self.called.house(house);
        self.trace.tells(at, || format!("An adversary takes {name} over, with its keys."));
        self.houses[house].crash(Landed::Nothing);
        let chance = Chance::new(self.chance.bits());
        self.hostile = Hostile::replaces(house, &self.houses, chance);
        self.later(1_000, Event::Mischief);
    }

    /// A machine that was down starts, and looks for the others.
    pub(crate) fn starts(&mut self, house: usize) -> Result<(), Broken> {
        if self.houses[house].machine().is_some() || self.is_hostile(house) {
            return Ok(());
        }
        let at = self.now;
        let name = self.called.house(house);
        self.trace.tells(at, || format!("{name} starts, and looks for the others."));
        self.houses[house].start();
        for other in (0..self.houses.len()).filter(|other| *other != house) {
            let after = self.chance.ms(5, 2_000);
            self.later(after, Event::Dials(house, other));
        }
        Ok(())
    }

    /// A machine dies and its disk is replaced by an older copy. What nobody else knows of what tills
    /// were told since is lost with it: those tills will ask again, and what they are told then counts.
    fn comes_back_from_a_backup(&mut self, house: usize) -> Result<(), Broken> {
        let down = self.houses[house].backups.is_empty() || self.houses[house].machine().is_none();
        if down || !self.have_recovered(house) {
            return Ok(());
        }
        let which = self.chance.index(self.houses[house].backups.len());
        self.gets_backup(house, which)
    }

    /// A machine dies and its disk is replaced by one of its copies.
    pub(crate) fn gets_backup(&mut self, house: usize, which: usize) -> Result<(), Broken> {
        self.dies(house, Landed::Nothing);
        let (at, name) = (self.now, self.called.house(house));
        self.trace.tells(at, || format!("{name} gets an old copy of its disk."));
        self.houses[house].disk = self.houses[house].backups[which].clone();
        self.houses[house].backups.truncate(which + 1);
        self.houses[house].restored = true;
        self.witness.recount(&self.houses)?;
        for sale in 0..self.tills.sales.len() {
            if !self.survives(&self.tills.sales[sale]) {
                self.tills.sales[sale].word = None;
                self.later(0, Event::Till(sale));
            }
        }
        for refund in 0..self.tills.refunds.len() {
            if !self.refund_survives(refund) {
                self.tills.refunds[refund].word = None;
                self.later(0, Event::GivesBack(refund));
            }
        }
        Ok(())
    }

    /// Returns whether every other caisse that came back from a backup holds again all that `house` said
    /// to it. What two caisses lose at the same time nobody can give back: that is beyond what the
    /// protocol promises.
    fn have_recovered(&self, house: usize) -> bool {
        let id = self.houses[house].id;
        let said = |to: usize| {
            let to = self.houses[to].id;
            super::audit::peers(self, house).into_iter().find(|peer| peer.id == to)
        };
        (0..self.houses.len()).filter(|other| *other != house && self.houses[*other].restored).all(
            |other| {
                let held = super::audit::peers(self, other).into_iter().find(|p| p.id == id);
                held.zip(said(other)).is_some_and(|(held, said)| {
                    held.heard && held.pair_entries == said.our_pair_entries
                })
            },
        )
    }

    /// Returns whether what the till of a sale was told is on some disk from which it will be learned:
    /// the host's own, or the home caisse's copy of what the host said.
    fn survives(&self, sale: &Sale) -> bool {
        let payment = sale.intent.payment;
        let (host, home) = (sale.stall.host, self.tills.shoppers[sale.shopper].home);
        match &sale.word {
            None => true,
            Some(Word::Refused(_)) | Some(Word::Paid(_)) if self.is_decided(host, payment) => true,
            Some(Word::Paid(_)) if home != host => self.is_told(host, home, payment.as_bytes()),
            Some(Word::Paid(_) | Word::Refused(_)) => false,
        }
    }

    fn is_decided(&self, host: usize, payment: crdt::PaymentId) -> bool {
        let bytes = self.houses[host].disk.get(Kind::Sale, payment.as_bytes());
        let sale = bytes.and_then(|b| crdt::wire::decode::<ledger::payment::Sale>(&b).ok());
        sale.is_some_and(|sale| sale.outcome(payment).is_some())
    }

    fn refund_survives(&self, refund: usize) -> bool {
        let refund = &self.tills.refunds[refund];
        let sale = &self.tills.sales[refund.sale];
        let (host, home) = (sale.stall.host, self.tills.shoppers[sale.shopper].home);
        let kept = self.houses[host].disk.get(Kind::Refund, refund.id.as_bytes()).is_some();
        refund.word.is_none() || kept || self.is_told(host, home, refund.id.as_bytes())
    }

    /// Returns whether a caisse's disk holds an entry of another's pair feed that speaks of an id.
    fn is_told(&self, author: usize, reader: usize, id: &[u8]) -> bool {
        let feed = crdt::feed::FeedId::pair(self.houses[author].id, self.houses[reader].id);
        let (from, to) = (
            ledger::federation::feed_key(feed, 0, 0),
            ledger::federation::feed_key(feed, 0, u64::MAX),
        );
        let rows = self.houses[reader].disk.range(Kind::Feed, &from, &to, usize::MAX);
        rows.iter().any(|(_, bytes)| bytes.windows(id.len()).any(|window| window == id))
    }
}
