//! Who buys what where: drawn once from a seed, the same on every machine, before any node runs.
//!
//! Every purchase of the plan can be paid: the plan keeps the demo's own account of what members hold
//! ([`Model`]). What is meant to be refused is asked for besides.

mod quotas;

use std::collections::BTreeSet;

use crdt::Cents;
use ledger::command::Code;

use super::chance::Chance;
use super::fixtures::{Fixtures, Place};
use super::model::Model;

/// From what everything is drawn.
pub const SEED: u64 = 20_261_124;

/// The caisse that is killed in the middle of the sales.
pub const VICTIM: Place = Place::Cadenet;

/// Members of each caisse whose contribution has not come in when allocations are issued.
pub const LATE: usize = 3;

/// The highest rate, in percent, at which two caisses agree to cover a visitor's purchase: always less
/// than the whole, so that a visitor pays a part of every purchase.
pub const CAPS: [(Place, Place, u16); 3] = [
    (Place::Montpellier, Place::SudGironde, 90),
    (Place::SudGironde, Place::Cadenet, 70),
    (Place::Cadenet, Place::Montpellier, 80),
];

/// When a purchase is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// While all three caisses run.
    Morning,
    /// By a member of [`VICTIM`] elsewhere, on its way when the caisse is killed; again afterwards if the
    /// sale was void.
    InFlight,
    /// While [`VICTIM`] is down, between the two others.
    Outage,
    /// Tried by a member of [`VICTIM`] elsewhere while it is down, and refused; again afterwards.
    TurnedAway,
    /// Between [`VICTIM`] and the others after its backup was made: what the backup does not know.
    Forgotten,
    /// By a member of [`VICTIM`] elsewhere while it is down again, by lot: read from the QR code, for only
    /// that bears a signature that needs no question.
    ByLot,
    /// When all three run again.
    Evening,
}

/// Grams of the smallest and the largest amount of one product in a basket, and the step between.
const GRAMS: (u32, u32, u32) = (200, 1_200, 100);

/// Different products in one basket at most.
const PRODUCTS_PER_BASKET: usize = 4;

/// Draws that are tried for one purchase: the fixtures give far more choice than that.
const DRAWS: usize = 1_000;

/// How a till reads a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The camera reads the QR code, which bears the signature of the card's caisse.
    QrCode,
    /// The vendor types the number.
    Number,
}

/// Some grams of a product, by its place on the vendor's sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The product.
    pub product: usize,
    /// How much of it.
    pub grams: u32,
}

/// One purchase. Members and vendors are named by their place in the fixtures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Its place in the plan.
    pub number: usize,
    /// When.
    pub act: Act,
    /// The caisse of the vendor.
    pub host: Place,
    /// The vendor.
    pub vendor: usize,
    /// The caisse of the member.
    pub home: Place,
    /// The member.
    pub member: usize,
    /// What is in the basket.
    pub basket: Vec<Item>,
    /// What it costs.
    pub price: Cents,
    /// How the card is read.
    pub reads: Reads,
}

impl Purchase {
    /// Returns whether the member buys in another caisse than its own.
    #[must_use]
    pub fn is_across(&self) -> bool {
        self.host != self.home
    }
}

/// Everything that is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The 200 purchases.
    pub purchases: Vec<Purchase>,
    /// The members whose contribution is late.
    pub late: BTreeSet<(Place, usize)>,
    codes: [Vec<Code>; 3],
}

impl Plan {
    /// Draws a plan.
    #[must_use]
    pub fn draw(fixtures: &Fixtures, seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let codes = Place::ALL
            .map(|place| fixtures.of(place).members.iter().map(|_| code(&mut chance)).collect());
        let late = late(fixtures, &mut chance);
        let mut model = Model::new(fixtures, &late);
        let mut purchases = Vec::new();
        for (act, home, host, count) in quotas::QUOTAS {
            for _ in 0..count {
                let purchase = purchase(fixtures, &model, &mut chance, (home, host, act));
                model.sell(&purchase);
                purchases.push(purchase);
            }
        }
        // The order of the day: by act, and within an act no caisse waits for another.
        chance.shuffle(&mut purchases);
        purchases.sort_by_key(|purchase| purchase.act);
        purchases.iter_mut().enumerate().for_each(|(number, purchase)| purchase.number = number);
        Self { purchases, late, codes }
    }

    /// Returns the code that a member chose.
    #[must_use]
    pub fn code(&self, place: Place, member: usize) -> &Code {
        &self.codes[place.index()][member]
    }

    /// Returns the purchases of an act.
    pub fn of_act(&self, act: Act) -> impl Iterator<Item = &Purchase> {
        self.purchases.iter().filter(move |purchase| purchase.act == act)
    }
}

/// Returns the highest rate in percent at which `host` covers purchases of members of `home`.
#[must_use]
pub fn cap(host: Place, home: Place) -> u16 {
    let agreed = CAPS
        .iter()
        .find(|(one, other, _)| (*one, *other) == (host, home) || (*one, *other) == (home, host));
    agreed.map_or(100, |(_, _, percent)| *percent)
}

fn code(chance: &mut Chance) -> Code {
    format!("{:04}", chance.below(10_000)).parse().expect("four digits are a code")
}

fn late(fixtures: &Fixtures, chance: &mut Chance) -> BTreeSet<(Place, usize)> {
    let mut late = BTreeSet::new();
    for place in Place::ALL {
        let wanted = late.len() + LATE;
        while late.len() < wanted {
            late.insert((place, chance.below(fixtures.of(place).members.len())));
        }
    }
    late
}

/// Draws a purchase that can be paid.
fn purchase(
    fixtures: &Fixtures,
    model: &Model,
    chance: &mut Chance,
    (home, host, act): (Place, Place, Act),
) -> Purchase {
    let drawn = (0..DRAWS).find_map(|_| {
        let vendor = chance.below(fixtures.of(host).vendors.len());
        let member = chance.below(fixtures.of(home).members.len());
        let basket = basket(fixtures.of(host).vendors[vendor].products.len(), chance);
        let price = price(fixtures, host, vendor, &basket);
        let typed = chance.below(4) == 0 && act != Act::ByLot;
        let reads = if typed { Reads::Number } else { Reads::QrCode };
        let number = 0;
        let purchase = Purchase { number, act, host, vendor, home, member, basket, price, reads };
        model.can_pay(&purchase).then_some(purchase)
    });
    drawn.expect("some member can pay some basket")
}

fn basket(products: usize, chance: &mut Chance) -> Vec<Item> {
    let (least, most, step) = GRAMS;
    let steps = ((most - least) / step) as usize + 1;
    let mut basket: Vec<Item> = Vec::new();
    for _ in 0..=chance.below(PRODUCTS_PER_BASKET) {
        let product = chance.below(products);
        let grams = least + step * chance.below(steps) as u32;
        if basket.iter().all(|item| item.product != product) {
            basket.push(Item { product, grams });
        }
    }
    basket
}

/// Returns what a basket costs at the prices on the vendor's sheet, each item rounded down to the cent.
fn price(fixtures: &Fixtures, host: Place, vendor: usize, basket: &[Item]) -> Cents {
    let products = &fixtures.of(host).vendors[vendor].products;
    let costs = basket.iter().map(|Item { product, grams }| {
        let per_kilogram = products[*product].price.unwrap_or_default().get();
        per_kilogram * u64::from(*grams) / 1_000
    });
    Cents::new(costs.sum()).expect("a basket costs less than all the money there is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> (Fixtures, Plan) {
        let fixtures = Fixtures::read();
        let plan = Plan::draw(&fixtures, SEED);
        (fixtures, plan)
    }

    #[test]
    fn a_plan_has_200_purchases_of_which_40_are_across_and_is_the_same_each_time() {
        let (fixtures, plan) = plan();
        let across = plan.purchases.iter().filter(|purchase| purchase.is_across()).count();
        assert_eq!((plan.purchases.len(), across), (200, 40));
        assert_eq!(Plan::draw(&fixtures, SEED), plan);
        assert_ne!(Plan::draw(&fixtures, SEED + 1).purchases, plan.purchases);
    }

    #[test]
    fn every_visitor_pays_a_part_and_no_purchase_needs_more_than_is_held() {
        let (fixtures, plan) = plan();
        let mut model = Model::new(&fixtures, &plan.late);
        for purchase in &plan.purchases {
            assert!(model.can_pay(purchase), "{purchase:?}");
            let shares = model.sell(purchase);
            assert!(shares.covered > 0, "{purchase:?}");
            assert!(shares.own > 0 || !purchase.is_across(), "{purchase:?}");
            assert!(!plan.late.contains(&(purchase.home, purchase.member)));
        }
        for place in Place::ALL {
            let away = plan.purchases.iter().filter(|p| p.home == place && p.is_across()).count();
            assert!(away > 0, "nobody of {place:?} travels");
        }
    }

    #[test]
    fn the_debts_go_round_in_a_circle() {
        let (fixtures, plan) = plan();
        let mut model = Model::new(&fixtures, &plan.late);
        plan.purchases.iter().for_each(|purchase| {
            model.sell(purchase);
        });
        let [one, two, three] = Place::ALL;
        for (debtor, creditor) in [(one, two), (two, three), (three, one)] {
            let net = model.net_owed(debtor, creditor);
            assert!(net > 500, "{debtor:?} owes {creditor:?} {net} cents");
        }
        let (gross, net) = (model.gross(), model.cleared());
        assert!(!net.is_empty() && net.len() < gross.len(), "{gross:?} {net:?}");
    }

    #[test]
    fn during_the_outage_nobody_needs_the_caisse_that_is_down() {
        let (_, plan) = plan();
        let needs = |purchase: &Purchase| purchase.host == VICTIM || purchase.home == VICTIM;
        assert!(!plan.of_act(Act::Outage).any(needs));
        assert!(plan.of_act(Act::Outage).any(Purchase::is_across), "the two others still trade");
        for act in [Act::InFlight, Act::TurnedAway, Act::ByLot] {
            assert!(plan.of_act(act).count() > 1);
            assert!(plan.of_act(act).all(|p| p.home == VICTIM && p.host != VICTIM));
        }
    }
}
