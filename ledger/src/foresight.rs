//! What the books of the last months say of the months to come, and what other rules would have given.
//! Nothing here changes anything, and no second place holds a figure: each answer is read from the books
//! when it is asked for.

mod flows;
mod forecast;
mod history;
mod replay;
mod simulate;

use crdt::{Date, Month, SignedCents};

use crate::answer::{Answer, ForesightAnswer};
use crate::command::ForesightQuery;
use crate::evaluation;
use crate::refused::ForesightRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

pub(crate) use flows::{each_posted, is_owed, pays_purchases};

/// For how many months at most anything is asked.
pub const MOST_MONTHS: u16 = 60;

/// Beyond so many months a runway is not worked out: nothing stays as it was for ten years.
pub const HORIZON: u16 = 120;

/// Answers a question.
pub(crate) fn answer(state: &State, turn: &Turn<'_>, question: &ForesightQuery) -> Outcome {
    let answer = match question {
        ForesightQuery::Forecast { months } => {
            ForesightAnswer::Forecast(forecast::forecast(state, turn, checked(*months)?)?)
        }
        ForesightQuery::Simulate { rules, months, cells } => {
            let months = checked(*months)?;
            let simulation = simulate::simulate(state, turn, rules, months, *cells)?;
            ForesightAnswer::Simulation(simulation)
        }
        ForesightQuery::Evaluate { from, at } => {
            ForesightAnswer::Evaluation(evaluation::evaluate(state, turn, *from, *at)?)
        }
    };
    Ok(Answer::Foresight(Box::new(answer)))
}

/// Checks a number of months; within the limit it fits the type that months are counted in.
fn checked(months: u16) -> Result<i16, ForesightRefused> {
    match i16::try_from(months) {
        Ok(count) if (1..=MOST_MONTHS).contains(&months) => Ok(count),
        _ => Err(ForesightRefused::Months),
    }
}

/// The months from the first to the last.
fn months_between(first: Month, last: Month) -> Vec<Month> {
    (0..i16::MAX).map(|n| first.plus(n)).take_while(|month| *month <= last).collect()
}

/// The last `count` whole months of which there is something to say; the present one where there is no
/// whole one yet.
fn last_months(first: Month, today: Date, count: i16) -> Vec<Month> {
    let present = today.month();
    if first >= present {
        return vec![present];
    }
    months_between(first.max(present.plus(-count)), present.plus(-1))
}

/// The sum; the largest or smallest amount where there is none, which no books can hold.
pub(crate) const fn plus(one: SignedCents, other: SignedCents) -> SignedCents {
    SignedCents::new(one.get().saturating_add(other.get()))
}

/// The difference, as [`plus`].
pub(crate) const fn minus(one: SignedCents, other: SignedCents) -> SignedCents {
    plus(one, other.negated())
}

/// How many ten-thousandths `part` is of `whole`; `None` if either is not above zero, `part` apart.
pub(crate) fn ratio(part: SignedCents, whole: SignedCents) -> Option<u64> {
    let (part, whole) = (part.positive_part().get(), whole.positive_part().get());
    let points = (u128::from(part) * 10_000).checked_div(u128::from(whole))?;
    u64::try_from(points).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().expect("a month")
    }

    #[test]
    fn the_last_months_are_whole_ones_unless_there_is_none() {
        let today: Date = "2026-11-24".parse().expect("a day");
        let last = |first: &str, count| last_months(month(first), today, count);
        assert_eq!(last("2020-01", 3), [month("2026-08"), month("2026-09"), month("2026-10")]);
        assert_eq!(last("2026-10", 12), [month("2026-10")]);
        assert_eq!(last("2026-11", 12), [month("2026-11")]);
    }

    #[test]
    fn a_ratio_of_nothing_is_none_and_a_large_one_does_not_overflow() {
        let cents = SignedCents::new;
        assert_eq!(ratio(cents(33), cents(100)), Some(3_300));
        assert_eq!(ratio(cents(-5), cents(100)), Some(0));
        assert_eq!(ratio(cents(1), cents(0)), None);
        assert_eq!(ratio(cents(i64::MAX), cents(i64::MAX)), Some(10_000));
        assert_eq!(ratio(cents(i64::MAX), cents(1)), None, "it fits no number");
    }
}
