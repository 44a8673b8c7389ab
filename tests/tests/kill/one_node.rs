//! One caisse, many tills, a hundred kills.

use std::sync::Arc;
use std::time::Duration;

use ledger::account::Account;
use ledger::{Answer, Query};
use tests::Trouble;
use tests::chance::Chance;
use tests::config::Config;
use tests::node::Node;

use crate::seller::{Customer, Round, Seller, Sellers, Word};
use crate::sums::{Books, Sums};

const SEED: u64 = 20_261_124;
const KILLS: u64 = 100;
const TILLS: usize = 8;
const MEMBERS: usize = 16;

/// Euros that each member has to spend: more than all sales of the test together.
const CREDIT: u32 = 3_000;

/// Answers in one round at most, and how long after the last of them the kill comes.
const ANSWERS: u64 = 150;
const MOMENT: Duration = Duration::from_micros(2_500);

/// Once in so many, a node is killed while it starts, somewhere within this time.
const KILLED_AT_START: u64 = 3;
const START: Duration = Duration::from_millis(60);

/// Everything is verified after every so many kills, and at the end.
const VERIFIED: u64 = 10;

/// The node, its tills, and all that they were told.
struct Story {
    node: Node,
    sellers: Vec<Seller>,
    customers: Arc<Vec<Customer>>,
    sums: Sums,
    words: Vec<Word>,
    /// Words that were asked for again since they were told.
    checked: usize,
    /// Sales that a kill left without an answer.
    cut_off: u64,
    chance: Chance,
}

/// Draws a moment below a bound.
fn moment(chance: &mut Chance, bound: Duration) -> Duration {
    let micros = u64::try_from(bound.as_micros()).expect("a short time");
    Duration::from_micros(chance.below(micros))
}

impl Story {
    async fn begin() -> Result<Self, Trouble> {
        let node = Node::open(&Config::new("Montpellier")?.giving(CREDIT)).await?;
        let operator = node.operator();
        let (shoppers, stalls) = (operator.enrol(MEMBERS).await?, operator.set_up(TILLS).await?);
        let chance = Chance::new(SEED);
        let sellers = stalls
            .iter()
            .enumerate()
            .map(|(number, stall)| Seller::new(number, stall, node.till(&stall.secret), &chance));
        let customers = shoppers.into_iter().map(|shopper| Customer { shopper, seal_to: None });
        Ok(Self {
            sellers: sellers.collect(),
            customers: Arc::new(customers.collect()),
            node,
            sums: Sums::default(),
            words: Vec::new(),
            checked: 0,
            cut_off: 0,
            chance,
        })
    }

    /// Lets all tills sell, and kills the node in the middle of it.
    async fn sell_and_kill(&mut self) -> Result<(), Trouble> {
        let round = Round::new(&self.customers);
        let working = Sellers::start(std::mem::take(&mut self.sellers), &round);
        let answers = u32::try_from(self.chance.below(ANSWERS)).expect("it is below a small bound");
        round.answered(answers).await?;
        tokio::time::sleep(moment(&mut self.chance, MOMENT)).await;
        self.node.kill()?;
        round.stop();
        let words;
        (self.sellers, words) = working.end().await;
        self.words.extend(words);
        self.cut_off += self.sellers.iter().filter(|s| s.unanswered.is_some()).count() as u64;
        Ok(())
    }

    /// Starts the node again, sometimes only to kill it in the middle of that. Returns how many kills
    /// that took.
    async fn start_again(&mut self) -> Result<u64, Trouble> {
        let mut kills = 0;
        while self.chance.once_in(KILLED_AT_START) {
            self.node.start()?;
            tokio::time::sleep(moment(&mut self.chance, START)).await;
            self.node.kill()?;
            kills += 1;
        }
        self.node.start()?;
        self.node.ready().await?;
        Ok(kills)
    }

    /// Everything that was acknowledged is there, unchanged, and nothing was charged that was not sold.
    async fn check(&mut self, hint: &str) -> Result<(), Trouble> {
        for word in &self.words[self.checked..] {
            self.sums.told(word, hint);
            let told = self.sellers[word.asked.stall].ask_again(&word.asked).await?;
            assert_eq!(told, word.told, "{hint}: another word about {}", word.asked.sale.id);
        }
        self.checked = self.words.len();
        let operator = self.node.operator();
        self.sums.all_unanswered(&operator, &self.sellers, hint).await?;
        let books = Books::of(&operator).await?;
        let (by_customer, by_stall) =
            (self.sums.by(|asked| asked.customer), self.sums.by(|asked| asked.stall));
        for (number, customer) in self.customers.iter().enumerate() {
            let spent = by_customer.get(&number).copied().unwrap_or(0);
            let moved = books.moved(Account::Member(customer.shopper.member));
            assert_eq!(moved, (spent, u64::from(CREDIT) * 100), "{hint}: member {number}");
        }
        for seller in &self.sellers {
            let earned = by_stall.get(&seller.number).copied().unwrap_or(0);
            let moved = books.moved(Account::Vendor(seller.stall.vendor));
            assert_eq!(moved, (0, earned), "{hint}: stall {}", seller.number);
        }
        Ok(())
    }

    async fn verify(&self, hint: &str) -> Result<(), Trouble> {
        let report = self.node.operator().verify().await?;
        assert!(report.is_clean(), "{hint}: {:?}", report.differences);
        assert!(report.payments >= self.sums.paid.len() as u64, "{hint}: {report:?}");
        Ok(())
    }

    /// The list of payments is the list of what tills were told, and of nothing else.
    async fn nothing_else_is_paid(&self, hint: &str) -> Result<(), Trouble> {
        let all = Query::Payments { limit: ledger::limits::ROWS };
        let Answer::Payments(list) = self.node.operator().ask(&all).await? else {
            return Err(Trouble::answer("payments", "another answer"));
        };
        assert!(list.len() < ledger::limits::ROWS as usize, "{hint}: the list is cut off");
        let made = list.iter().filter(|info| info.status == ledger::answer::PaymentStatus::Paid);
        let made: Vec<_> = made.map(|info| (info.payment, info.covered.get())).collect();
        for (payment, covered) in &made {
            let known = self.sums.paid.get(payment).map(|(_, covered)| *covered);
            assert_eq!(known, Some(*covered), "{hint}: {payment} is paid and nobody sold it");
        }
        assert_eq!(made.len(), self.sums.paid.len(), "{hint}: a paid sale is not in the list");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_hundred_kills_every_word_to_a_till_is_in_the_books_once() -> Result<(), Trouble> {
    let mut story = Story::begin().await?;
    let mut kills = 0;
    while kills < KILLS {
        let hint = format!("seed {SEED}, kill {kills}");
        story.sell_and_kill().await?;
        kills += 1 + story.start_again().await?;
        story.check(&hint).await?;
        if kills.is_multiple_of(VERIFIED) {
            story.verify(&hint).await?;
        }
    }
    let hint = format!("seed {SEED}, at the end");
    for seller in &mut story.sellers {
        if let Some(asked) = seller.unanswered.take() {
            let told = seller.ask_again(&asked).await?;
            story.words.push(Word { asked, told });
        }
    }
    story.check(&hint).await?;
    story.verify(&hint).await?;
    story.nothing_else_is_paid(&hint).await?;
    let (paid, cut_off) = (story.sums.paid.len(), story.cut_off);
    assert!(paid > 2_000 && cut_off > KILLS, "{hint}: {paid} paid, {cut_off} without an answer");
    Ok(())
}
