//! Tills at work: each sells, at home and across, and repeats every sale under its id until it is answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crdt::{Cents, PaymentId};
use tests::chance::Chance;
use tests::market::{CODE, Shopper, Stall, coverage, plain_code};
use tests::till::{Sale, Till, Told};
use tests::trouble::{PATIENCE, Trouble};
use tokio::task::JoinSet;

use crate::schedule::CAISSES;
use crate::town::Town;

/// A price that nobody in the test can pay.
const TOO_MUCH: Cents = Cents::from_u32(999_900);

/// Once in so many sales somebody tries to pay too much.
const BIG_SPENDERS: u64 = 16;

/// Once in so many refusals a till tries the same sale once more: it may be paid by now.
const TRY_AGAIN: u64 = 3;

/// Milliseconds between two customers at one till, at most; a little less than half of it at least.
const PAUSE_MS: u64 = 500;

/// How long a till waits before it asks again.
const AGAIN: Duration = Duration::from_millis(100);

/// A sale, who took part in it, and the last that its till was told.
#[derive(Clone, Debug)]
pub struct Word {
    pub sale: Sale,
    /// The caisse of the stall, and the stall's number there.
    pub host: usize,
    pub stall: usize,
    /// The caisse of the card, and the member's number there.
    pub home: usize,
    pub member: usize,
    pub told: Told,
}

impl Word {
    /// What credit pays for the sale, by the test's own arithmetic: every stall is covered at one rate.
    pub fn covered(&self) -> u64 {
        coverage().split(self.sale.amount).covered.get()
    }

    pub fn is_across(&self) -> bool {
        self.host != self.home
    }
}

/// What tills and operators share.
#[derive(Debug)]
pub struct Market {
    /// The cards of each caisse.
    shoppers: Vec<Vec<Shopper>>,
    seal_to: Vec<crdt::seal::SealingKey>,
    pub closing: AtomicBool,
    /// What each caisse's stalls were paid for, for who gives back.
    pub paid: Vec<Mutex<Vec<(PaymentId, u64)>>>,
    /// Sales without an answer, by till.
    open: Mutex<BTreeMap<(usize, usize), PaymentId>>,
}

impl Market {
    pub fn new(town: &Town) -> Self {
        Self {
            shoppers: town.shoppers.clone(),
            seal_to: town.seal_to.clone(),
            closing: AtomicBool::new(false),
            paid: (0..CAISSES).map(|_| Mutex::default()).collect(),
            open: Mutex::default(),
        }
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// One till.
struct Seller {
    host: usize,
    number: usize,
    stall: Stall,
    till: Till,
    chance: Chance,
    market: Arc<Market>,
}

impl Seller {
    async fn work(mut self) -> Vec<Word> {
        let mut words = Vec::new();
        while !self.market.is_closing() {
            let word = self.sell().await;
            if word.told.receipt().is_some() {
                let paid = (word.sale.id, word.covered());
                self.market.paid[self.host].lock().expect("nobody panics with it").push(paid);
            }
            words.push(word);
            let pause = PAUSE_MS * 2 / 5 + self.chance.below(PAUSE_MS * 3 / 5);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        words
    }

    /// Makes one sale and asks until there is an answer; sometimes a refusal is tried once more.
    async fn sell(&mut self) -> Word {
        let place = (self.host, self.number);
        let (sale, home, member) = self.next_sale();
        self.market.open.lock().expect("nobody panics with it").insert(place, sale.id);
        let told = loop {
            let told = answered(&mut self.till, &sale).await;
            let paid = told.receipt().is_some();
            if paid || self.market.is_closing() || !self.chance.once_in(TRY_AGAIN) {
                break told;
            }
            tokio::time::sleep(AGAIN).await;
        };
        self.market.open.lock().expect("nobody panics with it").remove(&place);
        Word { sale, host: self.host, stall: self.number, home, member, told }
    }

    fn next_sale(&mut self) -> (Sale, usize, usize) {
        let id = PaymentId::new(self.chance.bytes());
        let cents = 10 + u32::try_from(self.chance.below(300)).expect("it is below 300");
        let too_much = self.chance.once_in(BIG_SPENDERS);
        let amount = if too_much { TOO_MUCH } else { Cents::from_u32(cents) };
        let home = draw(&mut self.chance, CAISSES);
        let member = draw(&mut self.chance, self.market.shoppers[home].len());
        let shopper = &self.market.shoppers[home][member];
        // A typed number does not pay by a lot.
        let card = if self.chance.once_in(4) { &shopper.number } else { &shopper.card };
        let sale = if home == self.host {
            Sale::new(id, card, amount, &plain_code())
        } else {
            let code = (&self.market.seal_to[home], CODE, self.chance.bytes());
            Sale::sealed(id, card, amount, self.stall.vendor, code).expect("a caisse's own key")
        };
        (sale, home, member)
    }
}

pub fn draw(chance: &mut Chance, below: usize) -> usize {
    usize::try_from(chance.below(below as u64)).expect("it is below a length")
}

/// Asks until the node answers for certain: paid, or refused. A node that is stopping decides nothing.
async fn answered(till: &mut Till, sale: &Sale) -> Told {
    loop {
        if let Ok(told) = till.pay(sale).await {
            let refused = told.refused().is_some_and(|kind| kind != "stopping");
            if refused || told.receipt().is_some() {
                return told;
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// All tills of all caisses.
pub struct Tills {
    working: JoinSet<Vec<Word>>,
    market: Arc<Market>,
}

impl Tills {
    pub fn open(town: &Town, market: &Arc<Market>, chance: &Chance) -> Self {
        let mut working = JoinSet::new();
        for (host, stalls) in town.stalls.iter().enumerate() {
            for (number, stall) in stalls.iter().enumerate() {
                let till = town.nodes[host].till(&stall.secret);
                let chance = chance.of((host * 100 + number) as u64);
                let (stall, market) = (stall.clone(), Arc::clone(market));
                working.spawn(Seller { host, number, stall, till, chance, market }.work());
            }
        }
        Self { working, market: Arc::clone(market) }
    }

    /// Waits until every till has its last answer.
    pub async fn close(self) -> Result<Vec<Word>, Trouble> {
        let words = tokio::time::timeout(PATIENCE, self.working.join_all()).await;
        let words = words.map_err(|_| {
            let open = self.market.open.lock().expect("nobody panics with it");
            Trouble::late(format!("an answer to every till; these have none: {open:?}"))
        })?;
        Ok(words.into_iter().flatten().collect())
    }
}

/// Asks once more for a sale that is finished.
pub async fn ask_again(town: &Town, word: &Word) -> Result<Told, Trouble> {
    let secret = &town.stalls[word.host][word.stall].secret;
    let told = town.nodes[word.host].till(secret).pay(&word.sale).await;
    told.map_err(|why| Trouble::answer(format!("asking again for {}", word.sale.id), why))
}
