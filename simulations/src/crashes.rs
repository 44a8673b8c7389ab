//! Every point of a small story at which a machine may die, one by one.
//!
//! A story is played once to count its points (`crate::points`); then once for each of them, with an abort
//! exactly there. Each time the world heals, lives on, settles and is audited.

use crdt::Cents;
use crdt::lot::LotTerms;

use crate::broken::{Broken, holds};
use crate::chance::Chance;
use crate::plan::Plan;
use crate::tills::Word;
use crate::trace::Telling;
use crate::world::World;

/// Milliseconds for which a story's points are counted.
const STORY_MS: i64 = 40_000;

/// A small story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// One payment across two caisses.
    Payment,
    /// One refund across two caisses, after a payment.
    Refund,
    /// One payment whose home caisse is not heard, above the floor: it becomes void.
    Void,
    /// The same within the floor: it is made at the host's risk.
    FloorSale,
    /// The same with a lot: the home caisse pays what the host sold alone.
    Lot,
    /// One settlement run of three caisses that owe each other in a circle, with its transfers.
    Run,
}

impl Script {
    /// Every story.
    pub const ALL: [Self; 6] =
        [Self::Payment, Self::Refund, Self::Void, Self::FloorSale, Self::Lot, Self::Run];

    const fn caisses(self) -> u8 {
        match self {
            Self::Payment | Self::Refund | Self::Void | Self::FloorSale | Self::Lot => 2,
            Self::Run => 3,
        }
    }
}

/// Plays a story to its end, without an abort, and returns how many points it has.
///
/// # Errors
/// [`Broken`] if an invariant does not hold.
pub fn points(script: Script) -> Result<u64, Broken> {
    play(script, None).map(|(_, points)| points)
}

/// Plays a story with an abort at one of its points, from 1.
///
/// # Errors
/// [`Broken`] if an invariant does not hold.
pub fn abort_at(script: Script, point: u64) -> Result<(), Broken> {
    play(script, Some(point)).map(drop)
}

/// Plays a story to its end, and returns the world.
///
/// # Errors
/// [`Broken`] if an invariant does not hold.
pub fn played(script: Script) -> Result<World, Broken> {
    play(script, None).map(|(world, _)| world)
}

fn play(script: Script, abort_at: Option<u64>) -> Result<(World, u64), Broken> {
    let mut plan = Plan::calm(script.caisses(), 1);
    if script == Script::FloorSale {
        plan.terms.floor = Cents::from_u32(2_500);
    }
    if script == Script::Lot {
        let [amount, per_sale] = [6_000, 2_500].map(Cents::from_u32);
        plan.lots = Some(LotTerms { amount, per_card: per_sale, per_sale, days: 7 });
    }
    let mut world = World::of_plan(plan, Chance::new(1), Telling::Silent);
    world.is_founded()?;
    world.prepares(script)?;
    world.points.count(abort_at);
    world.plays(script)?;
    let passed = world.points.stop();
    let starts: u32 = world.houses.iter().map(|house| house.starts() - 1).sum();
    holds(starts == u32::from(abort_at.is_some()) || abort_at.is_none(), "setup", || {
        format!("{starts} restarts")
    })?;
    world.ends_well()?;
    if abort_at.is_none() {
        world.is_as_told(script)?;
    }
    Ok((world, passed))
}

impl World {
    /// Lets a member of one caisse buy at another.
    fn buys(&mut self, home: usize, host: usize, amount: u32) -> usize {
        let shopper = self.tills.shoppers.iter().position(|shopper| shopper.home == home);
        let stall = self.tills.stalls.iter().find(|stall| stall.host == host).copied();
        let (shopper, stall) = shopper.zip(stall).expect("every caisse has a member and a stall");
        self.sells(shopper, stall, Cents::from_u32(amount), Self::right_code())
    }

    fn lasts(&mut self, ms: i64) -> Result<(), Broken> {
        self.run(self.now + ms, |_| false)
    }

    /// What happens before points are counted.
    fn prepares(&mut self, script: Script) -> Result<(), Broken> {
        match script {
            Script::Payment | Script::Void | Script::FloorSale | Script::Lot => return Ok(()),
            Script::Refund => drop(self.buys(1, 0, 2_000)),
            Script::Run => {
                for (home, amount) in [(0, 700), (1, 1_100), (2, 900)] {
                    self.buys(home, (home + 1) % 3, amount);
                }
            }
        }
        self.lasts(STORY_MS)
    }

    /// What happens while points are counted.
    fn plays(&mut self, script: Script) -> Result<(), Broken> {
        match script {
            Script::Payment => drop(self.buys(1, 0, 2_000)),
            Script::Refund => drop(self.gives_back(0, Some(Cents::from_u32(800)))),
            Script::Void | Script::FloorSale | Script::Lot => {
                self.post.mute(1, 0, true);
                self.buys(1, 0, 2_000);
                self.lasts(9_000)?;
                self.post.mute(1, 0, false);
            }
            Script::Run => return self.settles_once(0),
        }
        self.lasts(STORY_MS)
    }

    /// Whether the story went as it should when nobody died.
    fn is_as_told(&self, script: Script) -> Result<(), Broken> {
        let word = self.tills.sales[0].word.as_ref();
        let paid = |at_risk: bool| matches!(word, Some(Word::Paid(receipt)) if receipt.at_hosts_risk == at_risk);
        let right = match script {
            Script::Payment => paid(false),
            Script::Refund => paid(false) && matches!(self.tills.refunds[0].word, Some(Ok(_))),
            Script::Void => matches!(word, Some(Word::Refused(_))),
            Script::FloorSale => paid(true),
            Script::Lot => matches!(word, Some(Word::Paid(r)) if r.offline && !r.at_hosts_risk),
            Script::Run => !self.offices.bank.is_empty(),
        };
        holds(right, "setup", || format!("{script:?} ended with {word:?}"))
    }
}
