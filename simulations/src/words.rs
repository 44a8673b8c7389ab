//! A world in words, for whoever reads a trace.

use std::collections::BTreeMap;

use crdt::feed::{Audience, Body, FeedId, Verified};
use crdt::message::Message;
use crdt::{CaisseId, PaymentId};
use ledger::{Answer, Command, Effect, Input, Outcome};

use crate::world::World;

/// What the caisses and sales of a story are called.
#[derive(Clone, Debug, Default)]
pub struct Called {
    /// The caisses, by their places.
    pub houses: Vec<String>,
    /// The sales, by their numbers.
    pub sales: BTreeMap<usize, String>,
}

impl Called {
    /// The name of a caisse.
    #[must_use]
    pub fn house(&self, place: usize) -> String {
        self.houses.get(place).cloned().unwrap_or_else(|| format!("caisse {place}"))
    }

    /// The name of a sale.
    #[must_use]
    pub fn sale(&self, number: usize) -> String {
        self.sales.get(&number).map_or_else(|| format!("sale {number}"), |name| format!("'{name}'"))
    }
}

/// What a till shows.
#[must_use]
pub fn shown(outcome: &Outcome) -> String {
    match outcome {
        Ok(Answer::Paid(receipt)) => {
            let how = match (receipt.offline, receipt.at_hosts_risk) {
                (true, true) => ", at the vendor's caisse's own risk",
                (true, false) => ", by a lot, without asking",
                (false, _) => "",
            };
            format!("PAID, {} by credit, {} to pay{how}", receipt.covered, receipt.member_share)
        }
        Ok(Answer::Refunded(receipt)) => {
            format!("GIVEN BACK {}, {} can still be given back", receipt.amount, receipt.left)
        }
        Ok(_) => "done".to_owned(),
        Err(refused) => format!("REFUSED, {refused}"),
    }
}

/// The places of caisses and the numbers of sales, by their ids.
#[derive(Clone, Debug, Default)]
pub struct Names {
    houses: BTreeMap<CaisseId, usize>,
    sales: BTreeMap<PaymentId, usize>,
}

impl Names {
    /// Collects the names of a world that is told in words; none of a silent one.
    #[must_use]
    pub fn if_told(world: &World) -> Self {
        if !world.trace.is_told() {
            return Self::default();
        }
        let houses = world.houses.iter().enumerate().map(|(place, house)| (house.id, place));
        let sales = world.tills.sales.iter().enumerate();
        let sales = sales.map(|(number, sale)| (sale.intent.payment, number));
        Self { houses: houses.collect(), sales: sales.collect() }
    }

    fn caisse(&self, id: &CaisseId) -> String {
        self.houses.get(id).map_or_else(|| format!("{id:?}"), ToString::to_string)
    }

    fn payment(&self, id: &PaymentId) -> String {
        self.sales.get(id).map_or_else(|| format!("{id:?}"), |number| format!("sale {number}"))
    }

    /// Says what reaches a machine.
    #[must_use]
    pub fn input(&self, input: &Input) -> String {
        match input {
            Input::Command { command, .. } => format!("is asked: {}", self.command(command)),
            Input::Received { from, message } => {
                format!("hears from {}: {}", self.caisse(from), self.message(message))
            }
            Input::Connected(peer) => format!("is connected to {}", self.caisse(peer)),
            Input::Disconnected(peer) => format!("has lost {}", self.caisse(peer)),
            Input::Woke => "wakes".to_owned(),
        }
    }

    fn command(&self, command: &Command) -> String {
        match command {
            Command::Pay(intent) => {
                format!("{} of {}", self.payment(&intent.payment), intent.purchase.amount)
            }
            Command::Refund { payment, amount, .. } => {
                format!("give back {amount:?} of {}", self.payment(payment))
            }
            other => variant(&format!("{other:?}")),
        }
    }

    fn feed(&self, feed: FeedId) -> String {
        match feed.audience {
            Audience::Public => self.caisse(&feed.author),
            Audience::Pair(reader) => {
                format!("{}→{}", self.caisse(&feed.author), self.caisse(&reader))
            }
        }
    }

    fn entry(&self, entry: &Verified) -> String {
        let what = match entry.body() {
            Body::Pair(body) => {
                let mut text = format!("{body:?}");
                for (id, number) in &self.sales {
                    text = text.replace(&format!("{id:?}"), &format!("sale {number}"));
                }
                text
            }
            Body::Public(body) => variant(&format!("{body:?}")),
        };
        format!("{} #{} {what}", self.feed(entry.header().feed), entry.header().seq)
    }

    fn message(&self, message: &Message<Verified>) -> String {
        match message {
            Message::Entries(entries) => {
                entries.iter().map(|e| self.entry(e)).collect::<Vec<_>>().join("; ")
            }
            Message::Have { heads, reply } => {
                let heads = heads.iter().map(|h| format!("{} #{}", self.feed(h.feed), h.seq));
                format!("has ({reply:?}) {}", heads.collect::<Vec<_>>().join(", "))
            }
            Message::Grown(heads) => {
                let heads = heads.iter().map(|h| format!("{} #{}", self.feed(h.feed), h.seq));
                format!("grown {}", heads.collect::<Vec<_>>().join(", "))
            }
            Message::Want { feed, after } => format!("wants {} after #{after}", self.feed(*feed)),
            Message::AuthRequest(ask) => {
                format!("asks for {} of {}", ask.covered, self.payment(&ask.payment))
            }
            Message::Revoked(list) => format!("lists {} cards", list.cards.len()),
            Message::Conflict { payment } => {
                format!("knows another {}", self.payment(payment))
            }
            Message::Query { payment } => format!("what became of {}?", self.payment(payment)),
            Message::Opened(openings) => format!("passes on {} openings of epochs", openings.len()),
            Message::Forked(proofs) => format!("passes on {} fork proofs", proofs.len()),
        }
    }

    /// Says what a machine wants done.
    #[must_use]
    pub fn effect(&self, effect: &Effect) -> String {
        match effect {
            Effect::Persist(writes) => format!("stores {} records", writes.len()),
            Effect::Send { to, message } => {
                format!("to {}: {}", self.caisse(to), self.message(message))
            }
            Effect::SendRange { to, feed, after } => {
                format!("to {}: {} from #{}", self.caisse(to), self.feed(*feed), after + 1)
            }
            Effect::Announce(heads) => {
                let heads = heads.iter().map(|h| format!("{} #{}", self.feed(h.feed), h.seq));
                format!("announces {}", heads.collect::<Vec<_>>().join(", "))
            }
            Effect::Reply { outcome, .. } => format!("answers {outcome:?}"),
            Effect::Partners(partners) => format!("keeps contact with {}", partners.len()),
        }
    }
}

/// The name of a value's variant, from its debug text.
fn variant(text: &str) -> String {
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}
