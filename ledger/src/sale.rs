//! What a purchase costs whom: the price is shared between the credit, the pot and the member.

use crdt::agreement::{Products, VisitorRates};
use crdt::{BasisPoints, Cents, Date, MemberId, VendorId};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::books::Transfer;
use crate::command::{BasketLine, Purchase};
use crate::limits;
use crate::refused::PaymentRefused;
use crate::rules::{Allocation, Keep, Percent};
use crate::state::State;

/// How the covered part of a sale is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// From the member's credit, to the vendor.
    Credit,
    /// The member pays the whole price and gets the covered part back in euros.
    Reimbursed,
    /// At a tier below the price: the pot adds the covered part.
    TierBelow(Percent),
    /// At a tier above the price: the vendor takes in more, and owes the rest to the pot.
    TierAbove(Percent),
}

/// A part of a sale that is covered at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The rate.
    pub rate: BasisPoints,
    /// The price of the part.
    pub amount: Cents,
}

/// What a purchase costs whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// How the covered part is paid.
    pub mode: Mode,
    /// What the caisse or the pot pays, or under [`Mode::TierAbove`] what goes to the pot.
    pub covered: Cents,
    /// What the member pays with their own money.
    pub member_share: Cents,
    /// The parts by rate, from the lowest; they sum to the price.
    pub parts: Vec<Part>,
    /// The basket, if the rules say that it is kept.
    pub lines: Vec<BasketLine>,
}

/// Who buys, as far as the price depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buyer {
    /// The day.
    pub today: Date,
    /// The rates for a visitor; `None` for a member of ours.
    pub visitor: Option<VisitorRates>,
}

/// Works out what a purchase costs whom at one of our vendors that is covered at `rate`.
///
/// # Errors
/// The first of [`PaymentRefused`] that applies to what is covered and to the tier.
pub(crate) fn quote(
    state: &State,
    vendor: VendorId,
    rate: BasisPoints,
    buyer: &Buyer,
    purchase: &Purchase,
) -> Result<Quote, PaymentRefused> {
    let rules = state.rules.on(buyer.today);
    let is_visitor = buyer.visitor.is_some();
    let lines = match rules.keep {
        Keep::Basket => purchase.lines.clone(),
        Keep::Category => Vec::new(),
    };
    let parts = parts(state, vendor, rate, buyer.visitor, purchase);
    let mut covered = Cents::ZERO;
    for Part { rate, amount } in &parts {
        covered = covered.checked_add(rate.split(*amount).covered).unwrap_or(Cents::MAX);
    }
    let parts = by_rate(parts);
    let member_share = purchase.amount.saturating_sub(covered);
    let quote = |mode| Quote { mode, covered, member_share, parts, lines };
    let earns = matches!(rules.allocation, Allocation::Bonus { .. });
    let tiers = matches!(rules.allocation, Allocation::PriceTiers { .. });
    if covered.is_zero() && (is_visitor || !(earns || tiers)) {
        return Err(PaymentRefused::NothingCovered);
    }
    if is_visitor {
        return no_tier(purchase, quote(Mode::Credit));
    }
    match &rules.allocation {
        Allocation::PriceTiers { tiers } => tiered(purchase, tiers, quote(Mode::Credit)),
        Allocation::ProductRefund { .. } => no_tier(purchase, quote(Mode::Reimbursed)),
        Allocation::PerPerson { .. }
        | Allocation::HouseholdScale { .. }
        | Allocation::MeanOfContributions { .. }
        | Allocation::Bonus { .. } => no_tier(purchase, quote(Mode::Credit)),
    }
}

fn no_tier(purchase: &Purchase, quote: Quote) -> Result<Quote, PaymentRefused> {
    if purchase.tier.is_some() { Err(PaymentRefused::NoTiers) } else { Ok(quote) }
}

/// At a tier the price is shared between the buyer and the pot; the vendor always gets the whole.
fn tiered(purchase: &Purchase, tiers: &[Percent], quote: Quote) -> Result<Quote, PaymentRefused> {
    let tier = purchase.tier.unwrap_or(Percent::WHOLE);
    if tier != Percent::WHOLE && !tiers.contains(&tier) {
        return Err(PaymentRefused::NoSuchTier { tiers: tiers.to_vec() });
    }
    let pays =
        tier.of(purchase.amount).ok_or(PaymentRefused::AmountTooLarge { limit: limits::SALE })?;
    let mode = if tier <= Percent::WHOLE { Mode::TierBelow(tier) } else { Mode::TierAbove(tier) };
    let covered = Cents::new(pays.get().abs_diff(purchase.amount.get())).unwrap_or(Cents::MAX);
    Ok(Quote { mode, covered, member_share: pays, ..quote })
}

/// Each line at its product's rate, where the product has one; else at the vendor's.
fn parts(
    state: &State,
    vendor: VendorId,
    rate: BasisPoints,
    visitor: Option<VisitorRates>,
    purchase: &Purchase,
) -> Vec<Part> {
    let capped = |rate: BasisPoints| visitor.map_or(rate, |visitor| rate.min(visitor.most));
    let products = visitor.is_none_or(|visitor| visitor.products == Products::Count);
    if purchase.lines.is_empty() {
        return vec![Part { rate: capped(rate), amount: purchase.amount }];
    }
    let of_line = |line: &BasketLine| {
        let own = state.shelf.product(vendor, &line.product).filter(|_| products);
        let own = own.and_then(|product| product.coverage);
        Part { rate: capped(own.unwrap_or(rate)), amount: line.amount }
    };
    purchase.lines.iter().map(of_line).collect()
}

/// Joins parts of the same rate.
fn by_rate(parts: Vec<Part>) -> Vec<Part> {
    let mut sums = std::collections::BTreeMap::<BasisPoints, Cents>::new();
    for Part { rate, amount } in parts {
        let sum = sums.entry(rate).or_default();
        *sum = sum.checked_add(amount).unwrap_or(Cents::MAX);
    }
    sums.into_iter().map(|(rate, amount)| Part { rate, amount }).collect()
}

/// Checks what does not depend on vendor, card or rules.
pub(crate) fn check(purchase: &Purchase) -> Result<(), PaymentRefused> {
    if purchase.amount.is_zero() {
        return Err(PaymentRefused::AmountZero);
    }
    if purchase.amount > limits::SALE {
        return Err(PaymentRefused::AmountTooLarge { limit: limits::SALE });
    }
    if purchase.lines.is_empty() {
        return Ok(());
    }
    let long = |line: &BasketLine| line.product.chars().count() > limits::TEXT_CHARS;
    if purchase.lines.len() > limits::BASKET_LINES || purchase.lines.iter().any(long) {
        return Err(PaymentRefused::BasketTooLarge { limit: limits::BASKET_LINES as u32 });
    }
    let sum = Cents::checked_sum(purchase.lines.iter().map(|line| line.amount));
    match sum {
        Some(sum) if sum == purchase.amount => Ok(()),
        sum => Err(PaymentRefused::BasketSum { sum: sum.unwrap_or(Cents::MAX) }),
    }
}

/// Returns what a sale with a card of ours moves; nothing if nothing is covered.
#[must_use]
pub fn transfers(mode: Mode, member: MemberId, vendor: VendorId, covered: Cents) -> Vec<Transfer> {
    let (debit, credit) = match mode {
        Mode::Credit => (Account::Member(member), Account::Vendor(vendor)),
        Mode::Reimbursed => (Account::Reimbursed, Account::Claim(member)),
        Mode::TierBelow(_) => (Account::Pot, Account::Vendor(vendor)),
        Mode::TierAbove(_) => (Account::Vendor(vendor), Account::Pot),
    };
    if covered.is_zero() { Vec::new() } else { vec![Transfer { debit, credit, amount: covered }] }
}
