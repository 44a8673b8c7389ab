//! What the adversary does: in answer to what it hears, and by itself.

use crdt::agreement::TermsOffer;
use crdt::feed::{Body, FeedId, Head, PublicBody, Verified};
use crdt::message::{AuthRequest, Bought, Message, Reply};
use crdt::pair::{Cut, DenyReason, Pair, PairBody};
use crdt::register::{Change, Proposal};
use crdt::settlement::StatementBody;
use crdt::{
    CaisseId, Cents, Digest, LotId, Month, PaymentId, Pseudonym, RunId, SignedCents, VendorId, wire,
};

use super::{Hostile, Said};

/// Messages of one flood.
const FLOOD: u32 = 40;

impl Hostile {
    /// A host asks it, as the home of a card: it grants, denies, does both, or neither.
    pub(super) fn is_asked(&mut self, host: usize, ask: AuthRequest) -> Vec<Said> {
        if self.decent || self.asked.len() > 200 {
            return Vec::new();
        }
        let AuthRequest { payment, covered, .. } = ask;
        self.asked.push((host, ask));
        match self.chance.within(0, 9) {
            0..=4 => self.grants(host, payment, covered),
            5 => {
                let more = covered.checked_add(covered).unwrap_or(Cents::MAX);
                self.grants(host, payment, more)
            }
            6 => self.says(host, PairBody::Denied { payment, reason: DenyReason::Ceiling }),
            7 => {
                let mut said = self.grants(host, payment, covered);
                let reason = DenyReason::WrongCode;
                said.extend(self.says(host, PairBody::Denied { payment, reason }));
                said
            }
            _ => Vec::new(),
        }
    }

    fn grants(&mut self, host: usize, payment: PaymentId, covered: Cents) -> Vec<Said> {
        let member = Pseudonym::new(self.chance.bytes());
        let month = Month::new(2026, 11).expect("a month");
        self.says(host, PairBody::Granted { payment, member, month, covered })
    }

    /// A home caisse granted: the sale is made, made for another amount, made twice, void and made, or
    /// nothing is said of it.
    pub(super) fn decides(&mut self, home: usize, payment: PaymentId, covered: Cents) -> Vec<Said> {
        if self.decent {
            return Vec::new();
        }
        let more = covered.checked_add(Cents::from_u32(500)).unwrap_or(Cents::MAX);
        let captured = |covered| PairBody::Captured {
            payment,
            vendor: VendorId::new([1; 16]),
            covered,
            request: Digest::new([0; 32]),
        };
        let voided = || PairBody::Voided { payment };
        let bodies = match self.chance.within(0, 6) {
            0 | 1 => vec![captured(covered)],
            2 => vec![captured(more)],
            3 => vec![captured(covered), captured(covered), captured(more)],
            4 => vec![voided(), captured(covered)],
            5 => vec![captured(covered), voided()],
            _ => Vec::new(),
        };
        bodies.into_iter().flat_map(|body| self.says(home, body)).collect()
    }

    /// A home caisse asks what became of a payment.
    pub(super) fn is_queried(&mut self, home: usize, payment: PaymentId) -> Vec<Said> {
        if self.decent || self.chance.permille(600) {
            return Vec::new();
        }
        self.says(home, PairBody::Voided { payment })
    }

    /// Does some harm by itself.
    pub fn acts(&mut self) -> Vec<Said> {
        if self.decent {
            return Vec::new();
        }
        if self.sly && self.kept.len() > 2 {
            return self.asks_all_at_once();
        }
        let others: Vec<usize> = (0..self.ids.len()).filter(|place| *place != self.place).collect();
        let to = others[self.chance.index(others.len())];
        // The first four would cost it its credit.
        match self.chance.within(if self.sly { 4 } else { 0 }, 19) {
            0 => self.forks_publicly(),
            1 => self.forks_for(to),
            2 | 3 => self.repeats(to),
            4 | 5 => self.claims(to),
            6 | 7 => self.claims_by_lots(to),
            8 => self.owes(to),
            9 | 10 => self.sells_with_stolen_code(to),
            11 => self.talks_of_runs(to),
            12 => self.states_what_is_not(to),
            13 => {
                let change = Change::Remove(self.ids[to]);
                let proposal = Proposal { base: [].into(), change };
                self.publishes(PublicBody::Proposed(Box::new(proposal)))
            }
            14 | 15 => self.floods(to),
            16 => self.sends_nonsense(to),
            17 => self.invents_heads(to),
            _ => self.tells_heads(to, Reply::Wanted),
        }
    }

    /// Two entries for one place of its public feed: one for each half of the others.
    fn forks_publicly(&mut self) -> Vec<Said> {
        let feed = FeedId::public(self.me);
        if self.branches.contains_key(&feed) {
            return Vec::new();
        }
        let before = self.chains.get(&feed).cloned().unwrap_or_default();
        let mut said = Vec::new();
        let entries: Vec<Verified> = (1..=2).map(|ceiling| self.offer(feed, ceiling)).collect();
        for reader in (0..self.ids.len()).filter(|reader| *reader != self.place) {
            let entry = entries[reader % 2].clone();
            said.extend(self.to(reader, Message::Entries(vec![entry])));
        }
        for (entry, odd) in entries.into_iter().zip([false, true]) {
            let mut chain = before.clone();
            chain.push(entry);
            let branches = if odd { &mut self.branches } else { &mut self.chains };
            branches.insert(feed, chain);
        }
        said
    }

    fn offer(&self, feed: FeedId, ceiling: u32) -> Verified {
        let mut terms = crate::plan::Plan::calm(2, 1).terms;
        terms.ceiling = Cents::from_u32(ceiling);
        let with = self.ids[(self.place + 1) % self.ids.len()];
        self.sign(
            self.head(feed),
            Body::Public(PublicBody::TermsOffered(TermsOffer { with, terms })),
        )
    }

    /// A second entry for a place in what it said to someone.
    fn forks_for(&mut self, to: usize) -> Vec<Said> {
        let feed = FeedId::pair(self.me, self.ids[to]);
        let length = self.chains.get(&feed).map_or(0, Vec::len);
        if length == 0 {
            return Vec::new();
        }
        let place = self.chance.index(length);
        let chain = &self.chains[&feed];
        let after = match place.checked_sub(1) {
            Some(before) => chain[before].head(),
            None => Head::empty(feed),
        };
        let payment = PaymentId::new(self.chance.bytes());
        let other = self.sign(after, Body::Pair(PairBody::Voided { payment }));
        self.shown.insert(to);
        self.to(to, Message::Entries(vec![other]))
    }

    fn repeats(&mut self, to: usize) -> Vec<Said> {
        if self.heard.is_empty() {
            return Vec::new();
        }
        let (from, bytes) = self.heard[self.chance.index(self.heard.len())].clone();
        let whom = if self.chance.permille(500) { from } else { to };
        vec![(whom, bytes)]
    }

    /// As host: captures that were never granted, or for more; refunds of nothing, and above.
    fn claims(&mut self, to: usize) -> Vec<Said> {
        let vendor = VendorId::new([1; 16]);
        let request = Digest::new([0; 32]);
        let random = PaymentId::new(self.chance.bytes());
        let granted: Vec<_> = self.granted.iter().filter(|(by, ..)| *by == to).copied().collect();
        let known = granted.get(self.chance.index(granted.len())).copied();
        let (payment, covered) = known.map_or((random, Cents::from_u32(5_000)), |(_, p, c)| (p, c));
        let amount = match self.chance.within(0, 3) {
            0 => Cents::MAX,
            1 => Cents::from_u32(1),
            _ => covered,
        };
        let body = match self.chance.within(0, 3) {
            0 => PairBody::Captured { payment, vendor, covered: amount, request },
            1 => PairBody::Captured { payment: random, vendor, covered: amount, request },
            2 => PairBody::Refunded { refund: random, payment, amount },
            _ => PairBody::Voided { payment },
        };
        self.says(to, body)
    }

    /// By the lots that it was given: sales that nobody made, above the lot, after it was closed, and by
    /// lots of others.
    fn claims_by_lots(&mut self, to: usize) -> Vec<Said> {
        let Some(intent) = self.intents.last().cloned() else { return Vec::new() };
        let ledger::command::PaymentCode::Sealed(code) = intent.code else { return Vec::new() };
        let mine: Vec<_> = self.lots.iter().filter(|(by, ..)| *by == to).copied().collect();
        let made_up = (to, LotId::new(self.chance.bytes()), Cents::from_u32(2_000));
        let (_, lot, amount) = mine.get(self.chance.index(mine.len())).copied().unwrap_or(made_up);
        if self.chance.permille(150) {
            return self.says(to, PairBody::LotClosed { lot, spent: Cents::ZERO });
        }
        let covered = match self.chance.within(0, 4) {
            0 => Cents::MAX,
            1 => amount,
            _ => Cents::from_u32(self.chance.within(1, 1_500)),
        };
        let (vendor, card) = (VendorId::new([1; 16]), intent.card.card());
        let payment = PaymentId::new(self.chance.bytes());
        let bought = intent.purchase.bought("market".to_owned());
        let body = PairBody::OfflineCaptured { payment, lot, vendor, card, covered, bought, code };
        let mut said = self.says(to, body.clone());
        if self.chance.permille(300) {
            said.extend(self.says(to, body));
        }
        said
    }

    /// As home: debts that nobody asked for, twice, or of another amount.
    fn owes(&mut self, to: usize) -> Vec<Said> {
        let asked = self.asked.iter().filter(|(host, _)| *host == to);
        let asked: Vec<_> = asked.map(|(_, ask)| (ask.payment, ask.covered)).collect();
        let random = (PaymentId::new(self.chance.bytes()), Cents::MAX);
        let (payment, covered) =
            asked.get(self.chance.index(asked.len())).copied().unwrap_or(random);
        let half = Cents::from_u32(u32::try_from(covered.get() / 2).unwrap_or(u32::MAX));
        let covered = if self.chance.permille(500) { covered } else { half };
        let mut said = self.says(to, PairBody::Obliged { payment, covered });
        if self.chance.permille(300) {
            said.extend(self.says(to, PairBody::Obliged { payment, covered }));
            let reason = DenyReason::Conflict;
            said.extend(self.says(to, PairBody::FloorDeclined { payment, reason }));
        }
        said
    }

    /// Sells at its own risk, and asks, with the sealed codes that its tills gave it: for another amount,
    /// under another id, again.
    fn sells_with_stolen_code(&mut self, to: usize) -> Vec<Said> {
        if self.intents.is_empty() {
            return Vec::new();
        }
        let intent = self.intents[self.chance.index(self.intents.len())].clone();
        let ledger::command::PaymentCode::Sealed(code) = intent.code.clone() else {
            return Vec::new();
        };
        let fresh = self.chance.permille(400);
        let payment = if fresh { PaymentId::new(self.chance.bytes()) } else { intent.payment };
        let (card, vendor) = (intent.card.card(), intent.vendor);
        let bought = intent.purchase.bought("market".to_owned());
        let covered = Cents::from_u32(self.chance.within(1, 6_000));
        if self.chance.permille(500) {
            let ask = AuthRequest { payment, card, vendor, covered, bought, code };
            return self.to(to, Message::AuthRequest(ask));
        }
        self.says(to, PairBody::FloorCaptured { payment, vendor, card, covered, bought, code })
    }

    /// Words about runs that are none of its own, that contradict each other, or that close debts.
    fn talks_of_runs(&mut self, to: usize) -> Vec<Said> {
        let known: Vec<RunId> = self.runs.iter().copied().collect();
        let random = RunId::new(self.chance.bytes());
        let run = known.get(self.chance.index(known.len())).copied().unwrap_or(random);
        match self.chance.within(0, 4) {
            0 => self.publishes(PublicBody::RunSigned { run, result: Digest::new([7; 32]) }),
            1 => self.publishes(PublicBody::CertSeen { run }),
            2 => {
                let reason = "no".to_owned();
                self.publishes(PublicBody::RunAborted { run, reason })
            }
            3 => self.says(to, PairBody::PaySent { run, amount: Cents::MAX }),
            _ => {
                let amount = Cents::from_u32(self.chance.within(1, 100_000));
                self.says(to, PairBody::PayReceived { run, amount })
            }
        }
    }

    fn states_what_is_not(&mut self, to: usize) -> Vec<Said> {
        let pair = ordered(self.me, self.ids[to]);
        let head = |author: CaisseId, reader: CaisseId| {
            let feed = FeedId::pair(author, reader);
            self.shown_to(to, feed).last().map_or(Head::empty(feed), Verified::head)
        };
        let cut = Cut { low: head(pair.low, pair.high), high: head(pair.high, pair.low) };
        let owed_to_low = SignedCents::new(i64::from(self.chance.within(0, 100_000)) - 50_000);
        let digest = Digest::new(self.chance.bytes());
        let statement = StatementBody { pair, cut, owed_to_low, digest };
        self.publishes(PublicBody::Stated(Box::new(statement)))
    }

    fn floods(&mut self, to: usize) -> Vec<Said> {
        let code = self.intents.iter().find_map(|intent| match &intent.code {
            ledger::command::PaymentCode::Sealed(code) => Some((code.clone(), intent.card.card())),
            ledger::command::PaymentCode::Plain(_) => None,
        });
        let feed = FeedId::public(self.ids[to]);
        let mut said = Vec::new();
        for _ in 0..FLOOD {
            let payment = PaymentId::new(self.chance.bytes());
            let message = match (self.chance.within(0, 2), &code) {
                (0, Some((code, card))) => Message::AuthRequest(AuthRequest {
                    payment,
                    card: *card,
                    vendor: VendorId::new([1; 16]),
                    covered: Cents::from_u32(100),
                    bought: Bought {
                        kind: "market".to_owned(),
                        price: Cents::from_u32(100),
                        details: Digest::new(self.chance.bytes()),
                    },
                    code: code.clone(),
                }),
                (1, _) => Message::Query { payment },
                _ => Message::Want { feed, after: 0 },
            };
            said.extend(self.to(to, message));
        }
        said
    }

    /// Bytes that are no message, messages that were changed, and entries whose signature does not hold.
    fn sends_nonsense(&mut self, to: usize) -> Vec<Said> {
        let bytes = match self.chance.within(0, 2) {
            0 => self.chance.bytes::<64>().to_vec(),
            1 => {
                let Some((_, known)) = self.heard.last() else { return Vec::new() };
                let mut bytes = known.clone();
                let place = self.chance.index(bytes.len());
                bytes[place] ^= 1 << self.chance.index(8);
                bytes
            }
            _ => {
                let entries = self.held.values().filter_map(|chain| chain.last());
                let mut entries: Vec<_> = entries.map(|e| e.envelope().clone()).collect();
                entries.iter_mut().for_each(|entry| entry.body.push(0));
                wire::encode(&Message::Entries(entries))
            }
        };
        vec![(to, bytes)]
    }

    /// As many heads as a message holds, of feeds that do not exist.
    fn invents_heads(&mut self, to: usize) -> Vec<Said> {
        let author = self.ids[to];
        let heads = (0..64).map(|_| Head {
            feed: FeedId::pair(CaisseId::new(self.chance.bytes()), author),
            epoch: 0,
            seq: 1_000_000,
            hash: Digest::new([9; 32]),
        });
        let heads = heads.collect();
        self.to(to, Message::Have { heads, reply: Reply::Given })
    }
}

fn ordered(one: CaisseId, other: CaisseId) -> Pair {
    if one < other { Pair { low: one, high: other } } else { Pair { low: other, high: one } }
}
