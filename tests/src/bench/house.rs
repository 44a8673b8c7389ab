//! A caisse in this process, on its store but without network and doors: to fill its books quickly, and
//! to measure what machine and store alone can do.

use std::path::Path;
use std::time::{Duration, Instant};

use crdt::{PaymentId, RequestId, Timestamp};
use ledger::command::PayIntent;
use ledger::guarantee::Force;
use ledger::{Answer, Caisse, Command, Effect, Input, Outcome, Query};
use node::setup;
use node::store::{Overlay, Store};

use crate::Trouble;
use crate::chance::Chance;
use crate::market::{self, Shopper, Stall, add_member, add_vendor, approve, code, plain_code};

/// Commands in one commit while a caisse is filled.
const AT_ONCE: usize = 512;

/// The machine of one caisse and its store.
pub struct House {
    caisse: Caisse,
    store: Store,
    node: crdt::key::PublicKey,
    chance: Chance,
    now: i64,
    /// How long the machine thought, and how long the store wrote.
    pub spent: (Duration, Duration),
}

fn failed(what: &str) -> impl Fn(String) -> Trouble {
    let what = what.to_owned();
    move |why| Trouble::Answer { what: what.clone(), answer: why }
}

impl House {
    /// Opens the caisse of a directory in which no node runs.
    pub fn open(dir: &Path) -> Result<Self, Trouble> {
        let store = Store::open(dir).map_err(|why| failed("opening a store")(why.to_string()))?;
        let loaded = setup::load(dir);
        let loaded = loaded.map_err(|why| failed("opening a caisse")(why.to_string()))?;
        let node = loaded.secrets.node.public();
        let (caisse, effects) = Caisse::open(loaded.settings, loaded.secrets, &store);
        for effect in effects {
            if let Effect::Persist(writes) = effect {
                store.commit(&writes).map_err(|why| Trouble::answer("a first start", why))?;
            }
        }
        let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = i64::try_from(passed.unwrap_or_default().as_millis()).unwrap_or(i64::MAX);
        let spent = (Duration::ZERO, Duration::ZERO);
        Ok(Self { caisse, store, node, chance: Chance::new(20_261_124), now, spent })
    }

    /// Handles commands as one batch, as a node does: one by one, then one durable commit.
    pub fn batch(&mut self, commands: Vec<Command>) -> Result<Vec<Outcome>, Trouble> {
        let begun = Instant::now();
        let mut overlay = Overlay::new(&self.store);
        let mut outcomes = Vec::new();
        self.now += 1;
        for command in commands {
            let input = Input::Command { request: RequestId::new(self.chance.bytes()), command };
            let now = Timestamp::from_ms(self.now);
            for effect in self.caisse.handle(now, input, &overlay) {
                match effect {
                    Effect::Persist(writes) => overlay.apply(writes),
                    Effect::Reply { outcome, .. } => outcomes.push(outcome),
                    // Nobody is there to hear.
                    Effect::Send { .. }
                    | Effect::SendRange { .. }
                    | Effect::Announce(_)
                    | Effect::Partners(_) => {}
                }
            }
        }
        let writes = overlay.into_writes();
        let thought = begun.elapsed();
        let stored = self.store.commit(&writes);
        stored.map_err(|why| failed("a commit")(why.to_string()))?;
        self.spent.0 += thought;
        self.spent.1 += begun.elapsed() - thought;
        Ok(outcomes)
    }

    /// Handles commands that must all be done.
    fn done(&mut self, commands: Vec<Command>) -> Result<Vec<Answer>, Trouble> {
        let outcomes = self.batch(commands)?.into_iter();
        outcomes.map(|o| o.map_err(|why| failed("filling a caisse")(why.to_string()))).collect()
    }

    fn all_done(&mut self, commands: &[Command]) -> Result<Vec<Answer>, Trouble> {
        let mut answers = Vec::new();
        for part in commands.chunks(AT_ONCE) {
            answers.extend(self.done(part.to_vec())?);
        }
        Ok(answers)
    }

    /// Enrols members with a card each, and gives all of them their credit.
    pub fn enrol(&mut self, count: usize) -> Result<Vec<Shopper>, Trouble> {
        let shoppers = self.members(count)?;
        self.allocate()?;
        Ok(shoppers)
    }

    /// Enrols members with a card each.
    pub fn members(&mut self, count: usize) -> Result<Vec<Shopper>, Trouble> {
        let unexpected = |answer: &Answer| Trouble::answer("enrolling", answer);
        let add: Vec<Command> = (0..count).map(add_member).collect();
        let members = self.all_done(&add)?.into_iter().map(|answer| match answer {
            Answer::MemberAdded(member) => Ok(member),
            other => Err(unexpected(&other)),
        });
        let members: Vec<_> = members.collect::<Result<_, _>>()?;
        let issue = members.iter().map(|m| Command::IssueCard { member: *m, code: code() });
        let cards = self.all_done(&issue.collect::<Vec<_>>())?.into_iter();
        let shoppers = cards.map(|answer| match answer {
            Answer::CardIssued(card) => {
                let read = |text: &str| text.parse().map_err(|why| Trouble::answer("a card", why));
                let (qr, number) = (read(&card.qr)?, read(&card.number)?);
                Ok(Shopper { member: card.member, card: qr, number })
            }
            other => Err(unexpected(&other)),
        });
        shoppers.collect()
    }

    /// Gives all members the month's credit.
    pub fn allocate(&mut self) -> Result<(), Trouble> {
        let force = Some(Force::because("test"));
        self.done(vec![Command::Allocate { month: market::month(), force }])?;
        Ok(())
    }

    /// Asks a question.
    pub fn query(&self, question: &Query) -> Result<Answer, Trouble> {
        let answer = self.caisse.query(Timestamp::from_ms(self.now), question, &self.store);
        answer.map_err(|why| failed("a question")(why.to_string()))
    }

    /// Records and approves stalls.
    pub fn set_up(&mut self, count: usize) -> Result<Vec<Stall>, Trouble> {
        let mut stalls = Vec::new();
        for number in 0..count {
            let (add, secret) = add_vendor(number);
            let answers = self.done(vec![add])?;
            let [Answer::VendorAdded(vendor)] = answers.as_slice() else {
                return Err(Trouble::answer("a new vendor", answers));
            };
            self.done(vec![approve(*vendor)])?;
            stalls.push(Stall { vendor: *vendor, secret });
        }
        Ok(stalls)
    }

    /// Draws a sale of a few cents with one of the cards, scanned or typed.
    pub fn sale(&mut self, shoppers: &[Shopper], stall: &Stall, how: Read) -> Command {
        let shopper = self.chance.one_of(shoppers);
        let card = match how {
            Read::Scanned => shopper.card.clone(),
            Read::Typed => shopper.number.clone(),
        };
        let cents = 2 + u32::try_from(self.chance.below(98)).expect("it is below 98");
        Command::Pay(PayIntent {
            payment: PaymentId::new(self.chance.bytes()),
            card,
            vendor: stall.vendor,
            purchase: crdt::Cents::from_u32(cents).into(),
            code: plain_code(),
            scanned: false,
        })
    }

    /// Fills the books with payments.
    pub fn pay(&mut self, count: u64, shoppers: &[Shopper], stall: &Stall) -> Result<(), Trouble> {
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        while left > 0 {
            let now = left.min(AT_ONCE);
            let sales: Vec<_> = (0..now).map(|_| self.sale(shoppers, stall, Read::Typed)).collect();
            self.done(sales)?;
            left -= now;
        }
        Ok(())
    }

    /// Returns how many payments are in the books.
    pub fn payments(&self) -> u64 {
        let stored = self.store.records(ledger::records::Kind::Sale);
        stored.unwrap_or(0)
    }

    /// Returns the key by which the caisse's cards are checked.
    pub const fn node(&self) -> crdt::key::PublicKey {
        self.node
    }

    /// Returns the bytes of the store's files.
    pub fn disk_bytes(&self) -> Result<u64, Trouble> {
        self.store.disk_bytes().map_err(|why| failed("listing a store")(why.to_string()))
    }
}

/// How a till learns the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// From its QR code, whose signature the machine checks.
    Scanned,
    /// From its number.
    Typed,
}
