//! A draw by lot that anyone can check: from a public seed, a list of ids, and nothing else.
//!
//! **The formula.** The ticket of a candidate is the BLAKE3 hash (32 bytes, written in hexadecimal digits)
//! of the seed, a line feed (byte 0x0a) and the id, all in UTF-8. Candidates stand in the order of their
//! tickets, the smallest first. So one line of a shell checks a ticket:
//!
//! ```sh
//! printf '%s\n%s' "$SEED" "$ID" | b3sum
//! ```
//!
//! **Seats.** Quotas come first, in the order in which they are given: each seats the first candidates
//! in order that have its value of its attribute and no seat yet, until so many *with that value* are
//! seated; those whom an earlier quota seated count. The seats that are left go to the first candidates
//! in order without one, whatever they are. A quota that finds too few leaves its seats to these.
//!
//! A seed is only fair if nobody could choose it knowing the candidates: fix the list first, then take a
//! number that nobody makes, such as the next draw of a national lottery.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::limits;

/// Someone who can be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who: an id, not a name.
    pub id: String,
    /// What quotas can be made of.
    pub attributes: BTreeMap<String, String>,
}

/// A number of seats for those with a certain value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The attribute.
    pub attribute: String,
    /// Its value.
    pub value: String,
    /// At least so many seats.
    pub seats: u32,
}

/// Why a draw cannot be made, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum DrawRefused {
    /// There is no seed, or it is too long.
    #[error("a seed has 1 to {} characters and no line break", limits::TEXT_CHARS)]
    Seed,
    /// There are too many candidates.
    #[error("at most {} candidates can be drawn from", limits::CANDIDATES)]
    TooMany,
    /// Not an id.
    #[error(
        "{id:?} is not an id: one has 1 to {} characters, none of them a space",
        limits::TEXT_CHARS
    )]
    Id {
        /// What it says.
        id: String,
    },
    /// An id is there twice.
    #[error("{id:?} is there twice: each candidate has one ticket")]
    Twice {
        /// Which.
        id: String,
    },
    /// There are no seats, or fewer candidates than seats.
    #[error("there are {candidates} candidates: draw 1 to as many seats")]
    Seats {
        /// How many candidates there are.
        candidates: usize,
    },
    /// No candidate has the attribute of a quota.
    #[error("no candidate has an attribute {attribute:?}; known are: {known}")]
    Attribute {
        /// Which.
        attribute: String,
        /// Those that there are.
        known: String,
    },
    /// The quotas have more seats than there are.
    #[error("the quotas ask for more seats than the {seats} that there are")]
    Quotas {
        /// The seats.
        seats: u32,
    },
}

/// A draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The seed.
    pub seed: String,
    /// How many seats were drawn.
    pub seats: u32,
    /// The quotas, in their order, each with how many of its kind have a seat.
    pub quotas: Vec<(Quota, u32)>,
    /// Every candidate in the order of their tickets.
    pub tickets: Vec<Ticket>,
}

/// One candidate's ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The ticket in hexadecimal digits.
    pub ticket: String,
    /// Whose.
    pub id: String,
    /// The values of those attributes of which there are quotas.
    pub attributes: BTreeMap<String, String>,
    /// The seat, if one was drawn.
    pub seat: Option<Seat>,
}

/// By what someone got a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// By a quota, counted from 0.
    Quota(u32),
    /// By the order alone.
    Order,
}

/// Returns the ticket of an id.
#[must_use]
pub fn ticket(seed: &str, id: &str) -> String {
    blake3::hash(format!("{seed}\n{id}").as_bytes()).to_hex().to_string()
}

/// Draws seats by lot.
///
/// # Errors
/// The first of [`DrawRefused`] that applies.
pub fn draw(
    candidates: &[Candidate],
    seats: u32,
    quotas: &[Quota],
    seed: &str,
) -> Result<Draw, DrawRefused> {
    check(candidates, seats, quotas, seed)?;
    let asked: BTreeSet<&str> = quotas.iter().map(|quota| quota.attribute.as_str()).collect();
    let mut tickets: Vec<Ticket> = candidates
        .iter()
        .map(|Candidate { id, attributes }| {
            let shown = attributes.iter().filter(|(name, _)| asked.contains(name.as_str()));
            let attributes = shown.map(|(name, value)| (name.clone(), value.clone())).collect();
            Ticket { ticket: ticket(seed, id), id: id.clone(), attributes, seat: None }
        })
        .collect();
    // The id decides between equal tickets, which nobody has ever seen.
    tickets.sort_by(|one, other| (&one.ticket, &one.id).cmp(&(&other.ticket, &other.id)));
    for (number, quota) in (0..).zip(quotas) {
        fill(&mut tickets, quota, number);
    }
    let taken = tickets.iter().filter(|ticket| ticket.seat.is_some()).count();
    let left = (seats as usize).saturating_sub(taken);
    tickets
        .iter_mut()
        .filter(|ticket| ticket.seat.is_none())
        .take(left)
        .for_each(|ticket| ticket.seat = Some(Seat::Order));
    let seated = |quota: &Quota| {
        let with =
            tickets.iter().filter(|ticket| ticket.seat.is_some() && has(ticket, quota)).count();
        (quota.clone(), u32::try_from(with).unwrap_or(u32::MAX))
    };
    let quotas = quotas.iter().map(seated).collect();
    Ok(Draw { seed: seed.to_owned(), seats, quotas, tickets })
}

fn has(ticket: &Ticket, quota: &Quota) -> bool {
    ticket.attributes.get(&quota.attribute) == Some(&quota.value)
}

fn fill(tickets: &mut [Ticket], quota: &Quota, number: u32) {
    let seated =
        tickets.iter().filter(|ticket| ticket.seat.is_some() && has(ticket, quota)).count();
    let missing = (quota.seats as usize).saturating_sub(seated);
    tickets
        .iter_mut()
        .filter(|ticket| ticket.seat.is_none() && has(ticket, quota))
        .take(missing)
        .for_each(|ticket| ticket.seat = Some(Seat::Quota(number)));
}

fn check(
    candidates: &[Candidate],
    seats: u32,
    quotas: &[Quota],
    seed: &str,
) -> Result<(), DrawRefused> {
    let fits = |text: &str| !text.is_empty() && text.chars().count() <= limits::TEXT_CHARS;
    if !fits(seed) || seed.chars().any(char::is_control) {
        return Err(DrawRefused::Seed);
    }
    if candidates.len() > limits::CANDIDATES {
        return Err(DrawRefused::TooMany);
    }
    let mut ids = BTreeSet::new();
    for Candidate { id, .. } in candidates {
        if !fits(id) || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(DrawRefused::Id { id: id.clone() });
        }
        if !ids.insert(id) {
            return Err(DrawRefused::Twice { id: id.clone() });
        }
    }
    if seats == 0 || seats as usize > candidates.len() {
        return Err(DrawRefused::Seats { candidates: candidates.len() });
    }
    let known: BTreeSet<&str> =
        candidates.iter().flat_map(|c| c.attributes.keys().map(String::as_str)).collect();
    if let Some(quota) = quotas.iter().find(|quota| !known.contains(quota.attribute.as_str())) {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(DrawRefused::Attribute { attribute: quota.attribute.clone(), known });
    }
    let asked: u64 = quotas.iter().map(|quota| u64::from(quota.seats)).sum();
    if asked > u64::from(seats) {
        return Err(DrawRefused::Quotas { seats });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidates(count: u32) -> Vec<Candidate> {
        let candidate = |number: u32| Candidate {
            id: format!("m{number:03}"),
            attributes: BTreeMap::from([(
                "commune".to_owned(),
                if number.is_multiple_of(5) { "Cadenet" } else { "Lauris" }.to_owned(),
            )]),
        };
        (0..count).map(candidate).collect()
    }

    fn quota(value: &str, seats: u32) -> Quota {
        Quota { attribute: "commune".to_owned(), value: value.to_owned(), seats }
    }

    fn seated(draw: &Draw) -> BTreeSet<&str> {
        draw.tickets
            .iter()
            .filter(|ticket| ticket.seat.is_some())
            .map(|ticket| ticket.id.as_str())
            .collect()
    }

    /// The same draw, written anew from the text above and from nothing else of this file: seats are
    /// handed out one at a time to the candidate with the smallest hash.
    fn by_hand(all: &[Candidate], seats: usize, quotas: &[Quota], seed: &str) -> BTreeSet<String> {
        let hash = |id: &str| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(seed.as_bytes()).update(&[0x0a]).update(id.as_bytes());
            *hasher.finalize().as_bytes()
        };
        let mut chosen: Vec<&Candidate> = Vec::new();
        let next = |chosen: &[&Candidate], quota: Option<&Quota>| {
            let fits = |c: &&Candidate| {
                quota.is_none_or(|q| c.attributes.get(&q.attribute) == Some(&q.value))
            };
            let free = all.iter().filter(|c| !chosen.iter().any(|other| other.id == c.id));
            free.filter(fits).min_by_key(|c| hash(&c.id))
        };
        for quota in quotas {
            let value = |c: &&&Candidate| c.attributes.get(&quota.attribute) == Some(&quota.value);
            while chosen.iter().filter(value).count() < quota.seats as usize {
                let Some(found) = next(&chosen, Some(quota)) else { break };
                chosen.push(found);
            }
        }
        while chosen.len() < seats {
            chosen.push(next(&chosen, None).expect("there are as many candidates as seats"));
        }
        chosen.into_iter().map(|c| c.id.clone()).collect()
    }

    #[test]
    fn the_lots_of_a_seed_are_those_that_anyone_works_out() {
        // printf 'Loto 2026-11-25: 4 8 15 16 23 42\nm007' | b3sum
        let expected = "876e72ffb40df603785e3d00ea1674013191a2ad5616e8d9de26bc42c194d25b";
        assert_eq!(ticket("Loto 2026-11-25: 4 8 15 16 23 42", "m007"), expected);
    }

    #[test]
    fn quotas_are_filled_first_and_a_quota_that_finds_too_few_leaves_its_seats_to_the_others() {
        let all = candidates(20);
        let drawn = draw(&all, 6, &[quota("Cadenet", 3)], "seed").expect("it can be drawn");
        assert_eq!(seated(&drawn).len(), 6);
        assert!(drawn.quotas[0].1 >= 3);
        assert!(drawn.tickets.is_sorted_by_key(|ticket| &ticket.ticket));
        let short = draw(&all, 10, &[quota("Cadenet", 9)], "seed").expect("it can be drawn");
        assert_eq!((short.quotas[0].1, seated(&short).len()), (4, 10));
        let none = draw(&all, 6, &[], "seed").expect("it can be drawn");
        assert!(none.tickets[..6].iter().all(|ticket| ticket.seat == Some(Seat::Order)));
        assert!(none.tickets[0].attributes.is_empty(), "what no quota asks about is not shown");
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let all = candidates(4);
        let refused =
            |seats, quotas: &[Quota], seed| draw(&all, seats, quotas, seed).expect_err("no");
        assert_eq!(refused(1, &[], ""), DrawRefused::Seed);
        assert_eq!(refused(1, &[], "a\nb"), DrawRefused::Seed);
        assert_eq!(refused(0, &[], "s"), DrawRefused::Seats { candidates: 4 });
        assert_eq!(refused(5, &[], "s"), DrawRefused::Seats { candidates: 4 });
        assert_eq!(refused(2, &[quota("Lauris", 3)], "s"), DrawRefused::Quotas { seats: 2 });
        let strange = Quota { attribute: "age".to_owned(), ..quota("1", 1) };
        assert!(matches!(refused(2, &[strange], "s"), DrawRefused::Attribute { .. }));
        let twice = [all.clone(), all.clone()].concat();
        assert!(matches!(draw(&twice, 1, &[], "s"), Err(DrawRefused::Twice { .. })));
        let spaced = [Candidate { id: "a b".to_owned(), attributes: BTreeMap::new() }];
        assert!(matches!(draw(&spaced, 1, &[], "s"), Err(DrawRefused::Id { .. })));
    }

    proptest! {
        #[test]
        fn a_third_person_with_the_text_of_the_rule_finds_the_same_seats(
            count in 1_u32..40,
            seats in 1_u32..40,
            first in 0_u32..6,
            second in 0_u32..6,
            seed in "[a-z0-9 é]{1,12}",
            rotate in 0_usize..40,
        ) {
            let seats = seats.min(count);
            let quotas = [quota("Cadenet", first.min(seats)), quota("Lauris", second)];
            let quotas = if first + second <= seats { &quotas[..] } else { &quotas[..1] };
            let mut all = candidates(count);
            let drawn = draw(&all, seats, quotas, &seed).expect("it can be drawn");
            let expected = by_hand(&all, seats as usize, quotas, &seed);
            let found: BTreeSet<String> = seated(&drawn).into_iter().map(str::to_owned).collect();
            prop_assert_eq!(found, expected);
            // The order of the list does not matter.
            let length = all.len();
            all.rotate_left(rotate % length);
            prop_assert_eq!(draw(&all, seats, quotas, &seed), Ok(drawn));
        }
    }
}
