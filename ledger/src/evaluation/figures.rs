//! What the indicators are worked out from, with the households behind each sum.

use std::collections::{BTreeMap, BTreeSet};

use crdt::{CaisseId, Date, MemberId, PaymentId, SignedCents, VendorId, wire};

use super::Period;
use crate::account::Account;
use crate::books::{Cause, JournalEntry, Transfer};
use crate::foresight::{each_posted, is_owed, minus, pays_purchases, plus};
use crate::member::{Contribution, read_contribution_key};
use crate::payment::{Sale, SaleState};
use crate::records::Kind;
use crate::refund::Refund;
use crate::refused::PaymentRefused;
use crate::state::State;
use crate::turn::Turn;
use crate::vendor::Vendor;
use crate::verify::each;

/// Households.
pub(super) type People = BTreeSet<MemberId>;

/// A sum with the households behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub amount: SignedCents,
    pub people: People,
}

impl Sum {
    fn add(&mut self, amount: SignedCents, member: MemberId) {
        self.amount = plus(self.amount, amount);
        self.people.insert(member);
    }
}

/// Where something was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// At one of our vendors.
    Own(VendorId),
    /// At a vendor of another caisse.
    Elsewhere(CaisseId),
}

/// What the indicators of a period are worked out from.
pub(super) struct Figures<'a> {
    pub vendors: &'a BTreeMap<VendorId, Vendor>,
    pub contributions: Sum,
    pub allocations: Sum,
    /// What was issued of it as credit.
    pub issued: SignedCents,
    /// What was put of it into the pot, for no household in particular.
    pub into_pot: SignedCents,
    /// What households held at the beginning.
    pub opening: Sum,
    /// What was used of credit.
    pub credit_used: Sum,
    pub spending: BTreeMap<Place, Sum>,
    pub refusals: BTreeMap<&'static str, (u64, People)>,
    pub decisions: u64,
    pub approved: u64,
}

impl<'a> Figures<'a> {
    /// Reads a period.
    pub(super) fn read(state: &'a State, turn: &Turn<'_>, period: Period) -> Self {
        let mut figures = Self {
            vendors: &state.vendors,
            contributions: Sum::default(),
            allocations: Sum::default(),
            issued: SignedCents::ZERO,
            into_pot: SignedCents::ZERO,
            opening: Sum::default(),
            credit_used: Sum::default(),
            spending: BTreeMap::new(),
            refusals: BTreeMap::new(),
            decisions: 0,
            approved: 0,
        };
        let mut held = BTreeMap::<MemberId, SignedCents>::new();
        each_posted(turn, |entry| {
            let booked = turn.day_of(entry.at) <= period.at;
            if booked && entry.date < period.from {
                hold(&mut held, entry);
            } else if booked && entry.date <= period.at {
                figures.count(turn, entry);
            }
        });
        for (member, amount) in held.into_iter().filter(|(_, held)| *held > SignedCents::ZERO) {
            figures.opening.add(amount, member);
        }
        figures.count_contributors(turn, period);
        figures.count_refusals(turn, period);
        figures.count_decisions(turn, period);
        figures
    }

    fn count(&mut self, turn: &Turn<'_>, entry: &JournalEntry) {
        for Transfer { debit, credit, amount } in &entry.transfers {
            let amount = amount.signed();
            self.count_side(*debit, *credit, amount.negated());
            self.count_side(*credit, *debit, amount);
            if is_owed(credit) && pays_purchases(debit) {
                self.count_purchase(turn, entry.cause, (*debit, *credit), amount);
            }
            if is_owed(debit) && pays_purchases(credit) {
                self.count_purchase(turn, entry.cause, (*credit, *debit), amount.negated());
            }
        }
    }

    /// Counts one side of a transfer: `amount` is credited to `account`, or debited if it is negative.
    fn count_side(&mut self, account: Account, other: Account, amount: SignedCents) {
        match (account, other) {
            (Account::Contributions, _) => {
                self.contributions.amount = plus(self.contributions.amount, amount);
            }
            (Account::Allocations, other) => {
                self.allocations.amount = minus(self.allocations.amount, amount);
                if other == Account::Pot {
                    self.into_pot = minus(self.into_pot, amount);
                } else {
                    self.issued = minus(self.issued, amount);
                }
                if let Account::Member(member) = other {
                    self.allocations.people.insert(member);
                }
            }
            (Account::Reimbursed, other) => {
                self.allocations.amount = minus(self.allocations.amount, amount);
                if let Account::Claim(member) = other {
                    self.allocations.people.insert(member);
                }
            }
            _ => {}
        }
    }

    /// Counts what was paid of a purchase from an account to another.
    fn count_purchase(
        &mut self,
        turn: &Turn<'_>,
        cause: Cause,
        (from, to): (Account, Account),
        amount: SignedCents,
    ) {
        if let Account::Member(member) = from {
            self.credit_used.add(amount, member);
        }
        // What is not paid from a member's credit to a vendor does not name both of them.
        let sale = || sale_of(turn, cause);
        let member = match (from, to) {
            (Account::Member(member) | Account::Advance(member), _)
            | (_, Account::Claim(member)) => Some(member),
            _ => sale().and_then(|sale| sale.member),
        };
        let place = match to {
            Account::Vendor(vendor) => Some(Place::Own(vendor)),
            Account::Partner(caisse) => Some(Place::Elsewhere(caisse)),
            _ => sale().map(|sale| Place::Own(sale.vendor)),
        };
        if let (Some(member), Some(place)) = (member, place) {
            self.spending.entry(place).or_default().add(amount, member);
        }
    }

    fn count_contributors(&mut self, turn: &Turn<'_>, period: Period) {
        each(turn, Kind::Contribution, |(key, value)| {
            let Ok(Contribution { at, .. }) = wire::decode(value) else { return };
            if let Some((member, _)) = read_contribution_key(key)
                && period.contains(turn.day_of(at))
            {
                self.contributions.people.insert(member);
            }
        });
    }

    fn count_refusals(&mut self, turn: &Turn<'_>, period: Period) {
        each(turn, Kind::Sale, |(_, bytes)| {
            if let Ok(Sale { at, member: Some(member), state: SaleState::Refused(why), .. }) =
                wire::decode(bytes)
                && period.contains(turn.day_of(at))
            {
                let (count, people) = self.refusals.entry(reason(&why)).or_default();
                *count += 1;
                people.insert(member);
            }
        });
    }

    fn count_decisions(&mut self, turn: &Turn<'_>, period: Period) {
        for vendor in self.vendors.values() {
            let days = vendor.approvals.iter().map(|approval| turn.day_of(approval.from));
            self.decisions += days.clone().filter(|day| period.contains(*day)).count() as u64;
            self.approved += u64::from(days.clone().any(|day| day <= period.at));
        }
    }
}

impl Period {
    fn contains(self, day: Date) -> bool {
        self.from <= day && day <= self.at
    }
}

/// Follows what households hold.
fn hold(held: &mut BTreeMap<MemberId, SignedCents>, entry: &JournalEntry) {
    for Transfer { debit, credit, amount } in &entry.transfers {
        if let Account::Member(member) = debit {
            let sum = held.entry(*member).or_default();
            *sum = minus(*sum, amount.signed());
        }
        if let Account::Member(member) = credit {
            let sum = held.entry(*member).or_default();
            *sum = plus(*sum, amount.signed());
        }
    }
}

/// Returns the sale that an entry is about.
fn sale_of(turn: &Turn<'_>, cause: Cause) -> Option<Sale> {
    let sale = |payment: PaymentId| turn.get::<Sale>(Kind::Sale, payment.as_bytes());
    match cause {
        Cause::Sale(payment) => sale(payment),
        Cause::Refund(id) => {
            let refund = turn.get::<Refund>(Kind::Refund, id.as_bytes())?;
            sale(refund.receipt.payment)
        }
        _ => None,
    }
}

/// The name of a reason in an evaluation. A refusal that no household of ours can meet is `other`.
const fn reason(refused: &PaymentRefused) -> &'static str {
    match refused {
        PaymentRefused::CardBlocked => "card_blocked",
        PaymentRefused::CardLocked { .. } => "card_locked",
        PaymentRefused::WrongCode { .. } => "wrong_code",
        PaymentRefused::CapReached { .. } => "cap_reached",
        PaymentRefused::InsufficientFunds { .. } => "insufficient_funds",
        PaymentRefused::PotEmpty { .. } => "pot_empty",
        _ => "other",
    }
}
