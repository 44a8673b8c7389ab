//! What kind of world a seed makes: how many caisses, how bad the network, which agreements.

use crdt::agreement::{Eligibility, Terms};
use crdt::lot::LotTerms;
use crdt::{BasisPoints, Cents};

use crate::chance::Chance;

/// Caisses of the largest world.
pub const MOST_CAISSES: u8 = 10;

/// Milliseconds of the largest error of a clock: two days either way (invariant I15).
pub const SKEW_MS: u32 = 48 * 3_600_000;

/// The conditions of one world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many caisses there are.
    pub caisses: u8,
    /// Members of each caisse, each with one card.
    pub members: u8,
    /// Sales in all.
    pub sales: u32,
    /// How long everything goes wrong, in milliseconds.
    pub chaos_ms: u32,
    /// Messages lost, in a thousand.
    pub loss: u32,
    /// Messages that come twice, in a thousand.
    pub twice: u32,
    /// Messages that are garbled, in a thousand: the transport notices and the connection breaks.
    pub garbled: u32,
    /// Messages that take seconds, in a thousand: they overtake nothing and are overtaken.
    pub late: u32,
    /// Milliseconds between two faults, at most.
    pub fault_every: u32,
    /// Whether houses come back from old backups.
    pub restores: bool,
    /// Whether one caisse is taken over by an adversary.
    pub hostile: bool,
    /// Whether sales come in rushes: several at one moment, between the same two caisses or with the same
    /// card at several. Then ceilings are low, and disks slow: many questions wait for one commit.
    pub rush: bool,
    /// Whether clocks are wrong.
    pub skews: bool,
    /// What each lot allows that caisses give each other; none are given when absent.
    pub lots: Option<LotTerms>,
    /// Whether two caisses lose each other for longer than a lot lasts.
    pub night: bool,
    /// Whether every card is scanned: one whose number is typed is not sold to by a lot.
    pub scans: bool,
    /// What every two caisses agreed.
    pub terms: Terms,
}

impl Plan {
    /// Draws the conditions of a world.
    pub fn draw(chance: &mut Chance) -> Self {
        let caisses = match chance.within(0, 9) {
            0..=5 => 3,
            6 | 7 => 4,
            8 => 5,
            _ => u8::try_from(chance.within(6, MOST_CAISSES.into())).unwrap_or(MOST_CAISSES),
        };
        let calm = chance.permille(100);
        let rush = chance.permille(300);
        // An honest host keeps the ceiling too: only one that does not shows what a rush does to it at home.
        let hostile = chance.permille(if rush { 400 } else { 100 });
        let up_to = |chance: &mut Chance, most: u32| if calm { 0 } else { chance.within(0, most) };
        Self {
            caisses,
            members: u8::try_from(chance.within(3, 6)).unwrap_or(3),
            sales: chance.within(30, 60),
            chaos_ms: chance.within(60_000, 150_000),
            loss: up_to(chance, 300),
            twice: up_to(chance, 500),
            garbled: up_to(chance, 10),
            late: up_to(chance, 250),
            fault_every: if calm { 60_000 } else { chance.within(2_000, 15_000) },
            // Who comes back from a backup learns from its partners: not beside one that lies.
            restores: !hostile && chance.permille(350),
            hostile,
            rush,
            skews: true,
            // Lots take up the ceiling: in a rush it is the ceiling that is tried.
            lots: chance.permille(if rush { 200 } else { 500 }).then(|| lots(chance)),
            // Beside an adversary holds stay open, and are asked about all night.
            night: chance.permille(150) && !hostile,
            scans: false,
            terms: terms(chance, rush),
        }
    }

    /// A world in which nothing goes wrong by itself.
    #[must_use]
    pub fn calm(caisses: u8, members: u8) -> Self {
        let terms = Terms {
            eligibility: Eligibility::Host,
            coverage_max: BasisPoints::WHOLE,
            per_payment: Cents::from_u32(4_000),
            per_month: Cents::from_u32(10_000),
            ceiling: Cents::from_u32(20_000),
            floor: Cents::ZERO,
            rhythm_days: 30,
        };
        Self {
            caisses,
            members,
            sales: 0,
            chaos_ms: 0,
            loss: 0,
            twice: 0,
            garbled: 0,
            late: 0,
            fault_every: 60_000,
            restores: false,
            hostile: false,
            rush: false,
            skews: false,
            lots: None,
            night: false,
            scans: true,
            terms,
        }
    }
}

/// Draws what lots allow. They last a day: what is over while the two are apart is the host's own clock's
/// affair, and nobody else's.
fn lots(chance: &mut Chance) -> LotTerms {
    let per_sale = chance.within(1_000, 4_000);
    let per_card = per_sale + chance.within(0, 3_000);
    let amount = per_card + chance.within(0, 8_000);
    let [amount, per_card, per_sale] = [amount, per_card, per_sale].map(Cents::from_u32);
    LotTerms { amount, per_card, per_sale, days: 1 }
}

/// Draws terms: tight ones too, so that limits are reached.
fn terms(chance: &mut Chance, rush: bool) -> Terms {
    let ceiling = if rush { (1_500, 8_000) } else { (3_000, 30_000) };
    let floor = if chance.permille(350) { chance.within(500, 2_500) } else { 0 };
    let coverage = [3_000, 7_000, 10_000][chance.index(3)];
    Terms {
        eligibility: Eligibility::Host,
        coverage_max: BasisPoints::new(coverage).unwrap_or(BasisPoints::WHOLE),
        per_payment: Cents::from_u32(chance.within(1_500, 4_000)),
        per_month: Cents::from_u32(chance.within(3_000, 12_000)),
        ceiling: Cents::from_u32(chance.within(ceiling.0, ceiling.1)),
        floor: Cents::from_u32(floor),
        rhythm_days: 30,
    }
}
