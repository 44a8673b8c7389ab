//! What rules would have given a household in a month. The amounts come from the same functions as the
//! monthly run, the till and the refund use: there is no second reading of the rules.

use crdt::{Cents, MemberId, Month, SignedCents};

use super::history::{Bought, History};
use super::plus;
use crate::allocation::{amount_for, mean_of, waits_for_contribution};
use crate::rules::{Allocation, Household, Percent, Rules};
use crate::sale::Mode;

/// What rules would have given in one month.
pub(super) struct Replay<'a> {
    rules: &'a Rules,
    /// The rules that were in force, under which the purchases were made.
    in_force: &'a Rules,
    history: &'a History,
    month: Month,
    mean: Option<Cents>,
}

impl<'a> Replay<'a> {
    /// Prepares a month.
    pub(super) fn of(
        rules: &'a Rules,
        in_force: &'a Rules,
        history: &'a History,
        month: Month,
    ) -> Self {
        let given = history
            .present(month)
            .map(|(id, household)| (history.contributed(id, month), household));
        Self { rules, in_force, history, month, mean: mean_of(rules, given) }
    }

    /// What a household would have got; negative if it would have paid more into the pot than it got.
    pub(super) fn given(&self, member: MemberId, household: &Household) -> SignedCents {
        let bought = self.history.bought(member, self.month).iter();
        match &self.rules.allocation {
            Allocation::PerPerson { .. }
            | Allocation::HouseholdScale { .. }
            | Allocation::MeanOfContributions { .. } => self.monthly(member, household).signed(),
            Allocation::ProductRefund { .. } => {
                let refunds = bought.map(|bought| bought.kept(refund(bought)));
                let sum = Cents::checked_sum(refunds).unwrap_or(Cents::MAX);
                sum.min(self.rules.allocation.refund_limit(household)).signed()
            }
            Allocation::PriceTiers { tiers } => {
                bought.map(|bought| at_tier(bought, tiers)).fold(SignedCents::ZERO, plus)
            }
            Allocation::Bonus { .. } => {
                let mut earned = Cents::ZERO;
                for bought in bought {
                    let bonus = self.rules.allocation.bonus_after(self.own_money(bought), earned);
                    earned = earned.checked_add(bonus).unwrap_or(Cents::MAX);
                }
                earned.signed()
            }
        }
    }

    fn monthly(&self, member: MemberId, household: &Household) -> Cents {
        let contributed = self.history.contributed(member, self.month);
        if waits_for_contribution(self.rules) && contributed.is_zero() {
            return Cents::ZERO;
        }
        amount_for(self.rules, self.mean, household).unwrap_or_default()
    }

    /// The own money of a purchase: where nothing was earned then, all of it.
    fn own_money(&self, bought: &Bought) -> Cents {
        let earned = matches!(self.in_force.allocation, Allocation::Bonus { .. });
        if earned { bought.own_money } else { bought.kept(bought.amount) }
    }
}

impl Bought {
    /// The part of an amount that stays when as much of it is given back as was of the purchase.
    fn kept(&self, amount: Cents) -> Cents {
        let kept = self.covered.saturating_sub(self.refunded);
        let part = u128::from(amount.get()) * u128::from(kept.get());
        let part = part.checked_div(u128::from(self.covered.get()));
        let part = part.and_then(|part| u64::try_from(part).ok());
        part.map_or(amount, |part| Cents::new(part).unwrap_or(amount))
    }
}

/// What a purchase would have been refunded at the rates that it had.
fn refund(bought: &Bought) -> Cents {
    let refunds = bought.parts.iter().map(|part| part.rate.split(part.amount).covered);
    Cents::checked_sum(refunds).unwrap_or(Cents::MAX)
}

/// What the pot would have added to a purchase; negative if it would have taken.
fn at_tier(bought: &Bought, tiers: &[Percent]) -> SignedCents {
    let tier = match bought.mode {
        Mode::TierBelow(chosen) => nearest(chosen, tiers, |tier| tier <= Percent::WHOLE),
        Mode::TierAbove(chosen) => nearest(chosen, tiers, |tier| tier > Percent::WHOLE),
        Mode::Credit | Mode::Reimbursed => Percent::WHOLE,
    };
    let price = bought.kept(bought.amount);
    let pays = tier.of(price).unwrap_or(price);
    price.signed().checked_sub(pays.signed()).unwrap_or_default()
}

/// The tier nearest to the one chosen, on its side of the price; the price itself is always there.
fn nearest(chosen: Percent, tiers: &[Percent], side: impl Fn(Percent) -> bool) -> Percent {
    if chosen == Percent::WHOLE {
        return chosen;
    }
    let near = tiers.iter().copied().filter(|tier| side(*tier));
    near.min_by_key(|tier| tier.get().abs_diff(chosen.get())).unwrap_or(Percent::WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(percent: u16) -> Percent {
        Percent::new(percent).expect("a tier")
    }

    fn bought(mode: Mode, refunded: u32) -> Bought {
        Bought {
            amount: Cents::from_u32(1_000),
            parts: Vec::new(),
            own_money: Cents::ZERO,
            mode,
            covered: Cents::from_u32(350),
            refunded: Cents::from_u32(refunded),
        }
    }

    #[test]
    fn a_chosen_tier_is_kept_or_moved_to_the_nearest_on_its_side() {
        let tiers = [tier(60), tier(90), tier(130)];
        let at = |mode| at_tier(&bought(mode, 0), &tiers).get();
        assert_eq!(at(Mode::TierBelow(tier(65))), 400);
        assert_eq!(at(Mode::TierBelow(tier(90))), 100);
        assert_eq!(at(Mode::TierBelow(Percent::WHOLE)), 0);
        assert_eq!(at(Mode::TierAbove(tier(125))), -300);
        assert_eq!(at(Mode::Credit), 0);
    }

    #[test]
    fn what_was_given_back_is_not_given_by_any_rule() {
        let tiers = [tier(65), tier(125)];
        let at = |refunded| at_tier(&bought(Mode::TierBelow(tier(65)), refunded), &tiers).get();
        assert_eq!((at(0), at(175), at(350)), (350, 175, 0));
    }
}
