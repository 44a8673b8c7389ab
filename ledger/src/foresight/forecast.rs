//! The forecast: the last months carried on, under three assumptions that are said with it.

use crdt::{Cents, Month, SignedCents};

use super::flows::{self, sum};
use super::{HORIZON, last_months, minus, months_between, plus, ratio};
use crate::answer::{Forecast, MonthFlows, Point, Scenario, ScenarioPath};
use crate::guarantee::{self, Guarantee};
use crate::refused::ForesightRefused;
use crate::state::State;
use crate::turn::Turn;

/// Of how many months the mean is carried on.
const BASIS: i16 = 3;

/// How many months of history are shown, the present one apart.
const HISTORY: i16 = 12;

/// Foresees the months to come.
pub(super) fn forecast(
    state: &State,
    turn: &Turn<'_>,
    months: i16,
) -> Result<Forecast, ForesightRefused> {
    let known = flows::by_month(turn);
    let first = known.keys().next().copied().ok_or(ForesightRefused::NoHistory)?;
    let (today, present) = (turn.today(), turn.today().month());
    let of = |month: Month| known.get(&month).copied().unwrap_or(MonthFlows::none(month));
    let shown = months_between(first.min(present).max(present.plus(-HISTORY)), present);
    let history: Vec<MonthFlows> = shown.into_iter().map(of).collect();
    let basis = last_months(first, today, BASIS);
    let means: Vec<MonthFlows> = basis.iter().copied().map(of).collect();
    let (guarantee, claims) = (guarantee::now(state), flows::claims(&state.books));
    let start = Start::of(&guarantee, claims, present);
    let given = plus(sum(&history, |m| m.issued), sum(&history, |m| m.reimbursed));
    let cover_ratio = ratio(sum(&history, |m| m.contributions), given);
    let scenarios = [Scenario::AsBefore, Scenario::AllUsed, Scenario::FewerContributions];
    Ok(Forecast {
        on: today,
        history,
        basis_not_over: basis == [present],
        basis,
        guarantee,
        claims,
        cover_ratio,
        scenarios: scenarios.map(|scenario| path(scenario, &means, &start, months)).to_vec(),
    })
}

/// Where the caisse stands now.
struct Start {
    present: Month,
    money: SignedCents,
    credit: Cents,
}

impl Start {
    fn of(guarantee: &Guarantee, claims: Cents, present: Month) -> Self {
        let Guarantee { members, vendors, partners, money, grants } = *guarantee;
        let has = plus(money.signed(), grants.signed());
        let owed = [vendors, partners, claims].into_iter().map(Cents::signed);
        let money = minus(has, owed.fold(SignedCents::ZERO, plus));
        Self { present, money, credit: members.saturating_sub(claims) }
    }
}

/// What every month to come is assumed to bring.
#[derive(Clone, Copy)]
struct Monthly {
    contributions: SignedCents,
    issued: SignedCents,
    reimbursed: SignedCents,
    expired: SignedCents,
    used: SignedCents,
}

impl Monthly {
    /// The mean of months, rounded against the caisse.
    fn mean(months: &[MonthFlows]) -> Self {
        let count = i64::try_from(months.len()).unwrap_or(i64::MAX).max(1);
        let down = |sum: SignedCents| SignedCents::new(sum.get().div_euclid(count));
        let up = |sum: SignedCents| down(sum.negated()).negated();
        Self {
            contributions: down(sum(months, |m| m.contributions)),
            issued: up(sum(months, |m| m.issued)),
            reimbursed: up(sum(months, |m| m.reimbursed)),
            expired: down(sum(months, |m| m.expired)),
            used: up(sum(months, |m| m.used)),
        }
    }

    fn under(self, scenario: Scenario) -> Self {
        match scenario {
            Scenario::AsBefore => self,
            Scenario::AllUsed => {
                let all = plus(self.issued, self.reimbursed);
                Self { used: all.max(self.used), expired: SignedCents::ZERO, ..self }
            }
            Scenario::FewerContributions => {
                let less = SignedCents::new(self.contributions.get().div_euclid(5));
                let rest = minus(self.contributions, less);
                // A fifth is rounded down, so one cent more is taken where it does not divide.
                let exact = self.contributions.get() % 5 == 0;
                let cent = SignedCents::new(i64::from(!exact));
                Self { contributions: minus(rest, cent), ..self }
            }
        }
    }
}

fn path(scenario: Scenario, means: &[MonthFlows], start: &Start, months: i16) -> ScenarioPath {
    let monthly = Monthly::mean(means).under(scenario);
    let (mut money, mut credit) = (start.money, start.credit);
    let (mut runway, mut covered) = (None, None);
    let mut points = Vec::new();
    for month in 1..=HORIZON.cast_signed() {
        let held = match scenario {
            Scenario::AllUsed if month == 1 => credit.signed(),
            Scenario::AllUsed | Scenario::AsBefore | Scenario::FewerContributions => {
                SignedCents::ZERO
            }
        };
        let used = plus(monthly.used, held);
        money = minus(plus(money, monthly.contributions), used);
        let of_credit = minus(used, monthly.reimbursed);
        let after = minus(plus(credit.signed(), monthly.issued), plus(of_credit, monthly.expired));
        credit = after.positive_part();
        let margin = minus(money, credit.signed());
        let whole = u16::try_from(month - 1).ok();
        runway = runway.or_else(|| whole.filter(|_| money < SignedCents::ZERO));
        covered = covered.or_else(|| whole.filter(|_| margin < SignedCents::ZERO));
        if month <= months {
            points.push(Point { month: start.present.plus(month), money, credit, margin });
        }
    }
    ScenarioPath {
        scenario,
        contributions: monthly.contributions,
        issued: plus(monthly.issued, monthly.reimbursed),
        used: monthly.used,
        runway,
        covered,
        path: points,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows(contributions: i64, issued: i64, used: i64) -> MonthFlows {
        MonthFlows {
            contributions: SignedCents::new(contributions),
            issued: SignedCents::new(issued),
            used: SignedCents::new(used),
            ..MonthFlows::none("2026-10".parse().expect("a month"))
        }
    }

    fn start(money: i64, credit: u32) -> Start {
        let present = "2026-11".parse().expect("a month");
        Start { present, money: SignedCents::new(money), credit: Cents::from_u32(credit) }
    }

    #[test]
    fn money_lasts_as_many_whole_months_as_it_pays_for() {
        // Each month loses 100: 1,000 pay ten months to the cent, and credit of 50 a month is added.
        let path = path(Scenario::AsBefore, &[flows(200, 350, 300)], &start(1_000, 0), 12);
        assert_eq!(path.runway, Some(10));
        assert_eq!(path.covered, Some(6), "150 a month are promised more than come in");
        let last = path.path[11];
        assert_eq!((last.money.get(), last.credit.get(), last.margin.get()), (-200, 600, -800));
        assert_eq!((path.path.len(), last.month.to_string().as_str()), (12, "2027-11"));
    }

    #[test]
    fn money_that_grows_lasts_beyond_any_horizon() {
        let path = path(Scenario::AsBefore, &[flows(300, 300, 300)], &start(0, 0), 1);
        assert_eq!((path.runway, path.covered), (None, None));
    }

    #[test]
    fn if_all_credit_is_used_what_is_held_now_is_used_first() {
        let path = path(Scenario::AllUsed, &[flows(0, 100, 10)], &start(500, 300), 3);
        let money: Vec<i64> = path.path.iter().map(|point| point.money.get()).collect();
        assert_eq!(money, [100, 0, -100]);
        assert_eq!((path.runway, path.covered), (Some(2), Some(2)), "no credit is left to cover");
    }

    #[test]
    fn a_fifth_less_and_means_are_rounded_against_the_caisse() {
        let months = [flows(100, 10, 10), flows(101, 10, 11)];
        let mean = Monthly::mean(&months);
        assert_eq!((mean.contributions.get(), mean.issued.get(), mean.used.get()), (100, 10, 11));
        let less = |contributions| {
            let mean = Monthly::mean(&[flows(contributions, 0, 0)]);
            mean.under(Scenario::FewerContributions).contributions.get()
        };
        assert_eq!((less(100), less(101), less(104), less(0)), (80, 80, 83, 0));
    }
}
