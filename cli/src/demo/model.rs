//! What the demo expects: its own small account of everything, kept beside the nodes and compared with
//! what they answer.
//!
//! It is kept in plain numbers of cents and shares no arithmetic with the ledger: a mistake there must
//! not be made here too.

use std::collections::{BTreeMap, BTreeSet};

use crdt::{Cents, SignedCents};

use super::fixtures::{Fixtures, Place};
use super::plan::{Purchase, cap};

/// The most that one payment of a visitor is covered for, and the most in a month, in cents: what an
/// agreement says where a configuration says nothing else.
const VISITOR_LIMITS: (i64, i64) = (5_000, 15_000);

/// How a price is shared, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// What the credit pays.
    pub covered: i64,
    /// What the member pays with their own money.
    pub own: i64,
}

/// A debt between two caisses in cents: debtor, creditor, amount.
pub type Owed = (Place, Place, i64);

/// What everyone should hold or be owed, in cents.
#[derive(Clone, Debug)]
pub struct Model {
    percents: BTreeMap<(Place, usize), u16>,
    members: BTreeMap<(Place, usize), i64>,
    vendors: BTreeMap<(Place, usize), i64>,
    /// What the first caisse owes the second for its members' purchases there.
    owed: BTreeMap<(Place, Place), i64>,
    /// What a member spent in another caisse this month.
    visits: BTreeMap<(Place, usize, Place), i64>,
    lines: BTreeMap<(Place, Place), u64>,
}

/// Returns what a household gets in a month as the caisses publish it, in cents: Montpellier 100 for each
/// person, Sud-Gironde 150 and 75 for each further one, and for Cadenet the stand-in of its configuration.
#[must_use]
pub fn allocation(place: Place, persons: u32) -> i64 {
    let (first, further) = match place {
        Place::Montpellier | Place::Cadenet => (10_000, 10_000),
        Place::SudGironde => (15_000, 7_500),
    };
    first + further * (i64::from(persons) - 1)
}

impl Model {
    /// Makes the account of three caisses whose allocations have been issued to all members but the late
    /// ones.
    #[must_use]
    pub fn new(fixtures: &Fixtures, late: &BTreeSet<(Place, usize)>) -> Self {
        let mut model = Self {
            percents: BTreeMap::new(),
            members: BTreeMap::new(),
            vendors: BTreeMap::new(),
            owed: BTreeMap::new(),
            visits: BTreeMap::new(),
            lines: BTreeMap::new(),
        };
        for place in Place::ALL {
            let start = fixtures.of(place);
            for (number, member) in start.members.iter().enumerate() {
                let held = if late.contains(&(place, number)) {
                    0
                } else {
                    allocation(place, member.household.persons())
                };
                model.members.insert((place, number), held);
            }
            for (number, vendor) in start.vendors.iter().enumerate() {
                model.percents.insert((place, number), vendor.percent);
                model.vendors.insert((place, number), 0);
            }
        }
        model
    }

    /// Returns how the price of a purchase is shared: at the vendor's rate, and for a visitor at most at
    /// the rate of the agreement. The covered part is rounded down to the cent.
    #[must_use]
    pub fn shares(&self, purchase: &Purchase) -> Shares {
        let vendor = self.percents.get(&(purchase.host, purchase.vendor)).copied().unwrap_or(0);
        let visitor = if purchase.is_across() { cap(purchase.host, purchase.home) } else { 100 };
        let price = cents(purchase.price);
        let covered = price * i64::from(vendor.min(visitor)) / 100;
        Shares { covered, own: price - covered }
    }

    /// Returns whether a purchase should be paid.
    #[must_use]
    pub fn can_pay(&self, purchase: &Purchase) -> bool {
        let Shares { covered, own } = self.shares(purchase);
        let held = self.member(purchase.home, purchase.member);
        let visit = (purchase.home, purchase.member, purchase.host);
        let spent = self.visits.get(&visit).copied().unwrap_or(0);
        let (per_payment, per_month) = VISITOR_LIMITS;
        let as_visitor =
            own > 0 && covered <= per_payment && spent.saturating_add(covered) <= per_month;
        covered > 0 && covered <= held && (as_visitor || !purchase.is_across())
    }

    /// Notes a purchase that was paid.
    pub fn sell(&mut self, purchase: &Purchase) -> Shares {
        let shares = self.shares(purchase);
        *self.members.entry((purchase.home, purchase.member)).or_default() -= shares.covered;
        *self.vendors.entry((purchase.host, purchase.vendor)).or_default() += shares.covered;
        if purchase.is_across() {
            let visit = (purchase.home, purchase.member, purchase.host);
            *self.visits.entry(visit).or_default() += shares.covered;
            *self.owed.entry((purchase.home, purchase.host)).or_default() += shares.covered;
            *self.lines.entry((purchase.home, purchase.host)).or_default() += 1;
        }
        shares
    }

    /// Notes that a part of a purchase was given back.
    pub fn give_back(&mut self, purchase: &Purchase, amount: i64) {
        *self.members.entry((purchase.home, purchase.member)).or_default() += amount;
        *self.vendors.entry((purchase.host, purchase.vendor)).or_default() -= amount;
        if purchase.is_across() {
            *self.owed.entry((purchase.home, purchase.host)).or_default() -= amount;
        }
    }

    /// Returns what a member holds.
    #[must_use]
    pub fn member(&self, place: Place, member: usize) -> i64 {
        self.members.get(&(place, member)).copied().unwrap_or(0)
    }

    /// Returns what a vendor is owed.
    #[must_use]
    pub fn vendor(&self, place: Place, vendor: usize) -> i64 {
        self.vendors.get(&(place, vendor)).copied().unwrap_or(0)
    }

    /// Returns what all members of a caisse hold.
    #[must_use]
    pub fn outstanding(&self, place: Place) -> i64 {
        self.members.iter().filter(|((of, _), _)| *of == place).map(|(_, held)| held).sum()
    }

    /// Returns how many purchases two caisses have between them.
    #[must_use]
    pub fn lines(&self, one: Place, other: Place) -> u64 {
        let lines = |pair| self.lines.get(&pair).copied().unwrap_or(0);
        lines((one, other)) + lines((other, one))
    }

    /// Returns what one caisse owes another less what it is owed by it.
    #[must_use]
    pub fn net_owed(&self, debtor: Place, creditor: Place) -> i64 {
        let owed = |pair| self.owed.get(&pair).copied().unwrap_or(0);
        owed((debtor, creditor)) - owed((creditor, debtor))
    }

    /// Returns the debt of each pair.
    #[must_use]
    pub fn gross(&self) -> Vec<Owed> {
        let [one, two, three] = Place::ALL;
        let pairs = [(one, two), (two, three), (three, one)].into_iter();
        let debts = pairs.map(|(debtor, creditor)| match self.net_owed(debtor, creditor) {
            net if net < 0 => (creditor, debtor, -net),
            net => (debtor, creditor, net),
        });
        debts.filter(|(_, _, amount)| *amount > 0).collect()
    }

    /// Returns the debts that remain when the circle is cancelled: three caisses have at most one, and its
    /// smallest debt goes.
    #[must_use]
    pub fn cleared(&self) -> Vec<Owed> {
        let gross = self.gross();
        let debtors: BTreeSet<Place> = gross.iter().map(|(debtor, ..)| *debtor).collect();
        let least = gross.iter().map(|(.., amount)| *amount).min().unwrap_or(0);
        // Each owes exactly one other: a circle.
        let circle = if debtors.len() == Place::ALL.len() { least } else { 0 };
        let left = gross.into_iter().map(|(from, to, amount)| (from, to, amount - circle));
        left.filter(|(.., amount)| *amount > 0).collect()
    }
}

/// Returns an amount as a plain number of cents.
#[must_use]
pub fn cents(amount: Cents) -> i64 {
    amount.signed().get()
}

/// Returns a plain number of cents as an amount; what is below zero is none.
#[must_use]
pub fn amount(cents: i64) -> Cents {
    SignedCents::new(cents).positive_part()
}

/// Writes a plain number of cents as euros.
#[must_use]
pub fn euros(cents: i64) -> String {
    SignedCents::new(cents).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::plan::{Act, Reads};

    fn model() -> Model {
        Model::new(&Fixtures::read(), &BTreeSet::from([(Place::Cadenet, 0)]))
    }

    fn purchase(home: Place, host: Place, vendor: usize, price: u32) -> Purchase {
        let (basket, reads) = (Vec::new(), Reads::QrCode);
        let price = Cents::from_u32(price);
        let (number, act, member) = (0, Act::Morning, 1);
        Purchase { number, act, host, vendor, home, member, basket, price, reads }
    }

    #[test]
    fn a_visitor_is_covered_at_the_lower_rate_of_vendor_and_agreement() {
        let (model, at) = (model(), Place::Montpellier);
        let shares = |home, vendor| model.shares(&purchase(home, at, vendor, 1_001)).covered;
        assert_eq!(shares(at, 0), 1_001, "100 % at home");
        assert_eq!(shares(Place::Cadenet, 0), 800, "80 % by the agreement");
        assert_eq!(shares(Place::Cadenet, 1), 700, "70 % by the vendor");
        assert_eq!(shares(Place::Cadenet, 3), 300, "30 % by the vendor");
    }

    #[test]
    fn what_a_member_holds_less_a_vendor_is_owed_more_and_a_refund_takes_it_back() {
        let mut model = model();
        let visit = purchase(Place::Cadenet, Place::Montpellier, 0, 1_000);
        let before = model.member(Place::Cadenet, 1);
        assert!(model.can_pay(&visit));
        model.sell(&visit);
        assert_eq!(model.member(Place::Cadenet, 1), before - 800);
        assert_eq!(model.vendor(Place::Montpellier, 0), 800);
        assert_eq!(model.net_owed(Place::Cadenet, Place::Montpellier), 800);
        model.give_back(&visit, 300);
        assert_eq!(model.member(Place::Cadenet, 1), before - 500);
        assert_eq!(model.gross(), [(Place::Cadenet, Place::Montpellier, 500)]);
        assert_eq!(model.cleared(), model.gross(), "one debt is no circle");
        let nobody = Purchase { member: 0, ..visit };
        assert!(!model.can_pay(&nobody), "who got nothing can spend nothing");
    }

    #[test]
    fn a_circle_of_debts_is_cancelled_by_its_smallest() {
        let mut model = model();
        let [one, two, three] = Place::ALL;
        for (home, host, price) in [(one, two, 3_000), (two, three, 2_000), (three, one, 1_000)] {
            model.sell(&purchase(home, host, 0, price));
        }
        assert_eq!(model.gross(), [(one, two, 2_700), (two, three, 1_400), (three, one, 800)]);
        assert_eq!(model.cleared(), [(one, two, 1_900), (two, three, 600)]);
    }
}
