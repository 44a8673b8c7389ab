//! Tills at work: each sells, one sale after the other, until its node is gone or it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crdt::seal::SealingKey;
use crdt::{Cents, PaymentId};
use tests::chance::Chance;
use tests::market::{CODE, Shopper, Stall, plain_code};
use tests::till::{Sale, Till, Told};
use tests::trouble::{PATIENCE, Trouble};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long a till waits before the next sale when the card's caisse is away.
const SHORT_BREAK: Duration = Duration::from_millis(20);

/// A price that nobody in the test can pay.
const TOO_MUCH: Cents = Cents::from_u32(999_900);

/// Once in so many sales somebody tries to pay too much.
const BIG_SPENDERS: u64 = 16;

/// Once in so many, a till whose question was not answered never asks again.
const GIVES_UP: u64 = 4;

/// Somebody who pays, and the key to which the code is sealed if the card is from elsewhere.
#[derive(Clone, Debug)]
pub struct Customer {
    pub shopper: Shopper,
    pub seal_to: Option<SealingKey>,
}

/// A sale with who takes part in it, by their numbers.
#[derive(Clone, Debug)]
pub struct Asked {
    pub sale: Sale,
    pub customer: usize,
    pub stall: usize,
}

/// A sale and what the till was told.
#[derive(Clone, Debug)]
pub struct Word {
    pub asked: Asked,
    pub told: Told,
}

/// A till, and the sale for which it has no answer.
#[derive(Debug)]
pub struct Seller {
    pub number: usize,
    pub stall: Stall,
    till: Till,
    chance: Chance,
    pub unanswered: Option<Asked>,
    /// Sales without an answer that nobody asks for again.
    pub given_up: Vec<Asked>,
}

/// What all tills of a round share.
#[derive(Clone, Debug)]
pub struct Round {
    pub customers: Arc<Vec<Customer>>,
    /// A permit for each answer.
    pub answers: Arc<Semaphore>,
    pub stop: Arc<AtomicBool>,
}

impl Round {
    pub fn new(customers: &Arc<Vec<Customer>>) -> Self {
        let answers = Arc::new(Semaphore::new(0));
        Self { customers: Arc::clone(customers), answers, stop: Arc::default() }
    }

    /// Waits until so many answers came in this round.
    pub async fn answered(&self, count: u32) -> Result<(), Trouble> {
        let late = || Trouble::late(format!("{count} answers to tills"));
        let waited = tokio::time::timeout(PATIENCE, self.answers.acquire_many(count)).await;
        let permits = waited.map_err(|_| late())?.map_err(|_| late())?;
        permits.forget();
        Ok(())
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Seller {
    pub fn new(number: usize, stall: &Stall, till: Till, chance: &Chance) -> Self {
        let chance = chance.of(number as u64);
        let stall = stall.clone();
        Self { number, stall, till, chance, unanswered: None, given_up: Vec::new() }
    }

    /// Sells until told to stop or until no answer comes.
    async fn work(mut self, round: Round) -> (Self, Vec<Word>) {
        let mut words = Vec::new();
        while !round.stop.load(Ordering::Relaxed) {
            let asked = match self.unanswered.take() {
                Some(asked) if self.chance.once_in(GIVES_UP) => {
                    self.given_up.push(asked);
                    continue;
                }
                Some(asked) => asked,
                None => self.next_sale(&round.customers),
            };
            let Ok(told) = self.till.pay(&asked.sale).await else {
                self.unanswered = Some(asked);
                break;
            };
            round.answers.add_permits(1);
            if told.refused().as_deref() == Some("home_unreachable") {
                tokio::time::sleep(SHORT_BREAK).await;
            }
            words.push(Word { asked, told });
        }
        (self, words)
    }

    fn next_sale(&mut self, customers: &[Customer]) -> Asked {
        let id = PaymentId::new(self.chance.bytes());
        let cents = 10 + u32::try_from(self.chance.below(300)).expect("it is below 300");
        let too_much = self.chance.once_in(BIG_SPENDERS);
        let amount = if too_much { TOO_MUCH } else { Cents::from_u32(cents) };
        let place = self.chance.below(customers.len() as u64);
        let number = usize::try_from(place).expect("it is below a length");
        let Customer { shopper, seal_to } = &customers[number];
        let card = if self.chance.once_in(2) { &shopper.card } else { &shopper.number };
        let sale = match seal_to {
            None => Sale::new(id, card, amount, &plain_code()),
            Some(key) => {
                let code = (key, CODE, self.chance.bytes());
                Sale::sealed(id, card, amount, self.stall.vendor, code).expect("a caisse's own key")
            }
        };
        Asked { sale, customer: number, stall: self.number }
    }

    /// Asks once more, for a sale of whatever age.
    pub async fn ask_again(&mut self, asked: &Asked) -> Result<Told, Trouble> {
        let told = self.till.pay(&asked.sale).await;
        told.map_err(|why| Trouble::answer(format!("asking again for {}", asked.sale.id), why))
    }
}

/// Tills that work at the same time.
pub struct Sellers(JoinSet<(Seller, Vec<Word>)>);

impl Sellers {
    pub fn start(sellers: Vec<Seller>, round: &Round) -> Self {
        let mut working = JoinSet::new();
        for seller in sellers {
            working.spawn(seller.work(round.clone()));
        }
        Self(working)
    }

    /// Waits until all have stopped; returns them in their order, and every word that they were told.
    pub async fn end(self) -> (Vec<Seller>, Vec<Word>) {
        let mut ended = self.0.join_all().await;
        ended.sort_by_key(|(seller, _)| seller.number);
        let (sellers, words): (Vec<_>, Vec<Vec<_>>) = ended.into_iter().unzip();
        (sellers, words.into_iter().flatten().collect())
    }
}
