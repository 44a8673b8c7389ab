//! One caisse of a world whose machine was replaced by an adversary with its valid keys.
//!
//! It forks, repeats what it heard, withholds, tells stale and invented heads, claims what was never granted,
//! floods, and sends bytes that mean nothing. What the others may not lose by it stands in
//! `crate::audit::hostile`. Since it holds its own keys, nothing can keep it from saying what it likes; it
//! cannot say what others sign, nor open a code that a till sealed to another caisse.

mod acts;

use std::collections::{BTreeMap, BTreeSet};

use crdt::feed::{Audience, Body, Draft, Envelope, FeedId, Head, Keyring, PublicBody, Verified};
use crdt::message::{AuthRequest, Message, Reply};
use crdt::pair::PairBody;
use crdt::{CaisseId, Cents, LotId, PaymentId, RunId, Timestamp, wire};
use ledger::command::PayIntent;
use ledger::records::{Kind, Records};
use ledger::state::Secrets;

use crate::chance::Chance;
use crate::world::House;

/// Messages that are kept to be said again.
const KEPT: usize = 48;

/// Bytes for someone, by their place in the world.
pub type Said = (usize, Vec<u8>);

/// The adversary.
pub struct Hostile {
    place: usize,
    me: CaisseId,
    ids: Vec<CaisseId>,
    secrets: Secrets,
    keyring: Keyring,
    chance: Chance,
    /// What it signed.
    chains: BTreeMap<FeedId, Vec<Verified>>,
    /// What it signed for half of its readers instead.
    branches: BTreeMap<FeedId, Vec<Verified>>,
    /// What others signed.
    held: BTreeMap<FeedId, Vec<Verified>>,
    heard: Vec<Said>,
    intents: Vec<PayIntent>,
    granted: Vec<(usize, PaymentId, Cents)>,
    asked: Vec<(usize, AuthRequest)>,
    lots: Vec<(usize, LotId, Cents)>,
    runs: BTreeSet<RunId>,
    shown: BTreeSet<usize>,
    /// What tills asked for and was not asked of their home caisses yet.
    kept: Vec<Said>,
    /// Whether it says nothing that would prove what it is: it keeps its credit, and uses it up at once.
    sly: bool,
    decent: bool,
}

/// The lots that it was given before.
fn lots_given_to(
    me: CaisseId,
    held: &BTreeMap<FeedId, Vec<Verified>>,
    houses: &[House],
) -> Vec<(usize, LotId, Cents)> {
    let for_me = held.iter().filter(|(feed, _)| feed.audience == Audience::Pair(me));
    let entries = for_me.flat_map(|(feed, entries)| entries.iter().map(move |e| (feed.author, e)));
    let lots = entries.filter_map(|(author, entry)| match entry.body() {
        Body::Pair(PairBody::LotGranted { lot, terms }) => {
            let author = houses.iter().position(|house| house.id == author)?;
            Some((author, *lot, terms.amount))
        }
        _ => None,
    });
    lots.collect()
}

impl Hostile {
    /// Takes a caisse over: what is on its disk, and its keys.
    #[must_use]
    pub fn replaces(place: usize, houses: &[House], mut chance: Chance) -> Option<Self> {
        let sly = chance.permille(500);
        let house = &houses[place];
        let mut held: BTreeMap<FeedId, Vec<Verified>> = BTreeMap::new();
        for (_, bytes) in house.disk.range(Kind::Feed, &[], &[], usize::MAX) {
            let entry = Verified::from_store(&bytes)?;
            held.entry(entry.header().feed).or_default().push(entry);
        }
        let (me, network) = (house.id, held.values().next()?.first()?.header().network);
        let nodes = houses.iter().map(|house| (house.id, house.contact().node)).collect();
        let lots = lots_given_to(me, &held, houses);
        let mine: Vec<FeedId> = held.keys().filter(|feed| feed.author == me).copied().collect();
        let chains = mine.iter().filter_map(|feed| Some((*feed, held.remove(feed)?))).collect();
        Some(Self {
            place,
            me,
            ids: houses.iter().map(|house| house.id).collect(),
            secrets: house.secrets(),
            keyring: Keyring { network, nodes, epochs: BTreeMap::new() },
            chance,
            chains,
            branches: BTreeMap::new(),
            held,
            heard: Vec::new(),
            intents: Vec::new(),
            granted: Vec::new(),
            asked: Vec::new(),
            lots,
            runs: BTreeSet::new(),
            shown: BTreeSet::new(),
            kept: Vec::new(),
            sly,
            decent: false,
        })
    }

    /// Returns which caisse it replaced.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// From now on it answers questions about heads as they are, and does no more harm: so that the others
    /// can come to rest.
    pub const fn is_tired(&mut self) {
        self.decent = true;
    }

    /// Returns who was shown two entries of its for one place.
    #[must_use]
    pub const fn shown(&self) -> &BTreeSet<usize> {
        &self.shown
    }

    /// Returns whether its public feed says two things.
    #[must_use]
    pub fn has_forked_publicly(&self) -> bool {
        self.branches.contains_key(&FeedId::public(self.me))
    }

    /// A till asks for a sale at one of its vendors: it learns the card and the sealed code.
    pub fn is_asked_by_till(
        &mut self,
        home: usize,
        intent: &PayIntent,
        covered: Cents,
    ) -> Vec<Said> {
        self.intents.push(intent.clone());
        // What is asked for is not always what the till asked.
        let covered = match self.chance.within(0, 5) {
            0 => covered.checked_add(covered).unwrap_or(covered),
            1 => Cents::from_u32(1),
            _ => covered,
        };
        let ask = AuthRequest {
            payment: intent.payment,
            card: intent.card.card(),
            vendor: intent.vendor,
            covered,
            bought: intent.purchase.bought("market".to_owned()),
            code: match &intent.code {
                ledger::command::PaymentCode::Sealed(code) => code.clone(),
                ledger::command::PaymentCode::Plain(_) => return Vec::new(),
            },
        };
        let said = self.to(home, Message::AuthRequest(ask));
        if !self.sly || self.decent {
            return said;
        }
        self.kept.extend(said);
        Vec::new()
    }

    /// Asks everything that it kept at once, after a word that the other must store: so that several
    /// questions wait for one commit.
    fn asks_all_at_once(&mut self) -> Vec<Said> {
        let homes: BTreeSet<usize> = self.kept.iter().map(|(home, _)| *home).collect();
        let mut said = Vec::new();
        for home in homes {
            let payment = PaymentId::new(self.chance.bytes());
            said.extend(self.says(home, PairBody::Voided { payment }));
        }
        said.extend(self.kept.iter().cloned());
        // Some are lost on their way: all of them are asked once more, then forgotten.
        if self.chance.permille(300) {
            self.kept.clear();
        }
        said
    }

    /// It is connected with someone.
    pub fn meets(&mut self, peer: usize) -> Vec<Said> {
        self.tells_heads(peer, Reply::Wanted)
    }

    /// Something arrives.
    pub fn hears(&mut self, from: usize, bytes: &[u8]) -> Vec<Said> {
        let Ok(message) = wire::decode::<Message<Envelope>>(bytes) else { return Vec::new() };
        if self.heard.len() < KEPT {
            self.heard.push((from, bytes.to_vec()));
        }
        let (message, _) = message.verify(&self.keyring);
        match message {
            Message::Have { heads, reply } => {
                let mut said = self.asks_for_more(from, &heads);
                if reply == Reply::Wanted {
                    said.extend(self.tells_heads(from, Reply::Given));
                }
                said
            }
            Message::Grown(heads) => self.asks_for_more(from, &heads),
            Message::Want { feed, after } => self.is_wanted(from, feed, after),
            Message::Entries(entries) => {
                entries.iter().flat_map(|entry| self.takes(from, entry)).collect()
            }
            Message::AuthRequest(ask) => self.is_asked(from, ask),
            Message::Query { payment } => self.is_queried(from, payment),
            // It keeps what speaks against it to itself.
            Message::Revoked(_)
            | Message::Conflict { .. }
            | Message::Forked(_)
            | Message::Opened(_) => Vec::new(),
        }
    }

    fn to(&self, place: usize, message: Message<Verified>) -> Vec<Said> {
        vec![(place, wire::encode(&message.into_wire()))]
    }

    /// The feed as a reader gets to see it.
    fn shown_to(&self, reader: usize, feed: FeedId) -> &[Verified] {
        let other = self.branches.get(&feed).filter(|_| reader % 2 == 1);
        let own = other.or_else(|| self.chains.get(&feed));
        own.or_else(|| self.held.get(&feed)).map_or(&[], Vec::as_slice)
    }

    fn tells_heads(&mut self, peer: usize, reply: Reply) -> Vec<Said> {
        let reader = self.ids[peer];
        let readable = |feed: &FeedId| match feed.audience {
            Audience::Public => true,
            Audience::Pair(to) => to == reader || feed.author == reader,
        };
        let feeds: Vec<FeedId> =
            self.chains.keys().chain(self.held.keys()).copied().filter(readable).collect();
        let heads = feeds.iter().filter_map(|feed| self.shown_to(peer, *feed).last());
        let mut heads: Vec<Head> = heads.map(Verified::head).collect();
        if !self.decent {
            match self.chance.within(0, 9) {
                // Nothing, heads of long ago, or heads that nobody signed.
                0 => return Vec::new(),
                1 => heads.iter_mut().for_each(|head| head.seq /= 2),
                2 => {
                    for head in &mut heads {
                        head.seq += 3;
                        head.hash = crdt::Digest::new(self.chance.bytes());
                    }
                }
                _ => {}
            }
        }
        self.to(peer, Message::Have { heads, reply })
    }

    fn asks_for_more(&mut self, from: usize, heads: &[Head]) -> Vec<Said> {
        let mut said = Vec::new();
        for head in heads.iter().filter(|head| head.feed.author != self.me) {
            let after = self.held.get(&head.feed).map_or(0, Vec::len) as u64;
            if head.seq > after {
                said.extend(self.to(from, Message::Want { feed: head.feed, after }));
            }
        }
        said
    }

    fn is_wanted(&mut self, from: usize, feed: FeedId, after: u64) -> Vec<Said> {
        if !self.decent && self.chance.permille(300) {
            return Vec::new();
        }
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let entries: Vec<Verified> =
            self.shown_to(from, feed).iter().skip(after).take(200).cloned().collect();
        if entries.is_empty() { Vec::new() } else { self.to(from, Message::Entries(entries)) }
    }

    fn takes(&mut self, from: usize, entry: &Verified) -> Vec<Said> {
        let header = entry.header();
        if header.feed.author == self.me {
            return Vec::new();
        }
        let chain = self.held.entry(header.feed).or_default();
        let next = chain.len() as u64 + 1;
        if header.seq > next {
            return self.to(from, Message::Want { feed: header.feed, after: next - 1 });
        }
        if header.seq < next {
            return Vec::new();
        }
        chain.push(entry.clone());
        let author = self.ids.iter().position(|id| *id == header.feed.author);
        match (entry.body(), author) {
            (Body::Pair(PairBody::Granted { payment, covered, .. }), Some(author)) => {
                self.granted.push((author, *payment, *covered));
                self.decides(author, *payment, *covered)
            }
            (Body::Pair(PairBody::LotGranted { lot, terms }), Some(author)) => {
                self.lots.push((author, *lot, terms.amount));
                Vec::new()
            }
            (Body::Public(PublicBody::RunProposed(run)), _) => {
                self.runs.insert(run.id());
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn sign(&self, after: Head, body: Body) -> Verified {
        let claimed = Timestamp::from_ms(1_795_500_000_000);
        let draft = Draft { network: self.keyring.network, after, body, claimed, seen: Vec::new() };
        draft.sign(&self.secrets.node, &self.secrets.salts.0)
    }

    fn head(&self, feed: FeedId) -> Head {
        let last = self.chains.get(&feed).and_then(|chain| chain.last());
        last.map_or(Head::empty(feed), Verified::head)
    }

    /// Says something to one caisse.
    fn says(&mut self, to: usize, body: PairBody) -> Vec<Said> {
        let feed = FeedId::pair(self.me, self.ids[to]);
        let entry = self.sign(self.head(feed), Body::Pair(body));
        self.chains.entry(feed).or_default().push(entry.clone());
        self.to(to, Message::Entries(vec![entry]))
    }

    /// Says something to all.
    fn publishes(&mut self, body: PublicBody) -> Vec<Said> {
        let feed = FeedId::public(self.me);
        let entry = self.sign(self.head(feed), Body::Public(body));
        self.chains.entry(feed).or_default().push(entry.clone());
        let others = (0..self.ids.len()).filter(|other| *other != self.place);
        let reads_chain =
            |other: &usize| other.is_multiple_of(2) || !self.branches.contains_key(&feed);
        let readers: Vec<usize> = others.filter(reads_chain).collect();
        readers
            .into_iter()
            .flat_map(|reader| self.to(reader, Message::Entries(vec![entry.clone()])))
            .collect()
    }
}
