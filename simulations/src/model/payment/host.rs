//! The host: what it decides about its own sales.

use super::{COVERED, HomeWord, IDS, LIES, Liar, MADE_UP, Mutant, Payment, State, Step, Words};

/// A sale, as in the table "The sale, at the host".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table says it")]
pub enum Sale {
    Asked,
    Captured,
    Voided,
    Refused,
    AtRisk,
    AtRiskAccepted,
    AtRiskLost,
}

impl Sale {
    /// Returns what the till is told, if it is decided: whether the sale is made.
    #[must_use]
    pub const fn word(self) -> Option<bool> {
        match self {
            Self::Asked => None,
            Self::Captured | Self::AtRisk | Self::AtRiskAccepted | Self::AtRiskLost => Some(true),
            Self::Voided | Self::Refused => Some(false),
        }
    }
}

/// An entry of the host's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as in the protocol")]
pub enum HostWord {
    Captured(usize),
    Voided(usize),
    FloorCaptured(usize),
    Refunded(usize),
}

/// The host's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Host {
    /// The sales.
    pub sales: [Option<Sale>; IDS],
    /// Units given back.
    pub refunded: [u8; IDS],
    /// The feed for the home caisse.
    pub feed: Vec<HostWord>,
    /// How much of the home caisse's feed was taken in.
    pub read: usize,
}

pub(super) type HostTurn = (Step, Host, Words);

impl Host {
    fn decide(&mut self, id: usize, sale: Sale, word: Option<HostWord>) -> Words {
        self.sales[id] = Some(sale);
        self.feed.extend(word);
        sale.word().map_or_else(Words::default, |paid| Words::tell(id, paid))
    }

    pub(super) fn is_asked(&self, id: usize) -> bool {
        self.sales[id] == Some(Sale::Asked)
    }
}

impl Payment {
    pub(super) fn host_turns(&self, state: &State) -> Vec<HostTurn> {
        let mut turns: Vec<HostTurn> = Vec::new();
        for id in 0..self.sales {
            turns.push(self.till_asks(state, id));
            turns.extend(self.deadline(state, id));
            turns.extend(self.till_refunds(state, id));
        }
        turns.extend(self.host_reads(state));
        turns.extend((0..IDS).filter_map(|id| self.host_answers(state, id)));
        if self.liar == Liar::Host && state.host.disk.feed.len() < LIES {
            turns.extend((0..self.sales).flat_map(|id| lies(state, id)));
        }
        turns
    }

    /// Stores what is asked, asks the home caisse (again), or says again what was decided.
    pub(super) fn till_asks(&self, state: &State, id: usize) -> HostTurn {
        let mut host = state.host.disk.clone();
        let sale = *host.sales[id].get_or_insert(Sale::Asked);
        let words = sale.word().map_or_else(|| Words::auth(id), |paid| Words::tell(id, paid));
        (Step::TillAsks(id), host, words)
    }

    /// The one timer that decides: about the host's own sale.
    pub(super) fn deadline(&self, state: &State, id: usize) -> Option<HostTurn> {
        let mut host = state.host.disk.clone();
        if !host.is_asked(id) {
            return None;
        }
        let words = if state.floor && self.is(Mutant::M5) {
            host.sales[id] = None;
            host.decide(MADE_UP, Sale::AtRisk, Some(HostWord::FloorCaptured(MADE_UP)));
            Words::tell(id, true)
        } else if state.floor {
            host.decide(id, Sale::AtRisk, Some(HostWord::FloorCaptured(id)))
        } else {
            host.decide(id, Sale::Voided, Some(HostWord::Voided(id)))
        };
        Some((Step::Deadline(id), host, words))
    }

    fn till_refunds(&self, state: &State, id: usize) -> Option<HostTurn> {
        let mut host = state.host.disk.clone();
        let given_back = host.refunded[id];
        let made = matches!(host.sales[id], Some(Sale::Captured | Sale::AtRiskAccepted));
        if !made || given_back == COVERED || given_back == self.refunds {
            return None;
        }
        host.refunded[id] = given_back.saturating_add(1);
        host.feed.push(HostWord::Refunded(id));
        Some((Step::TillRefunds(id), host, Words::default()))
    }

    pub(super) fn host_reads(&self, state: &State) -> Option<HostTurn> {
        let mut host = state.host.disk.clone();
        let word = *state.home.disk.feed.get(host.read)?;
        host.read = host.read.saturating_add(1);
        let words = match word {
            HomeWord::Granted(id) if host.is_asked(id) => {
                host.decide(id, Sale::Captured, Some(HostWord::Captured(id)))
            }
            HomeWord::Denied(id) if host.is_asked(id) => host.decide(id, Sale::Refused, None),
            HomeWord::Obliged(id) if host.sales[id] == Some(Sale::AtRisk) => {
                host.decide(id, Sale::AtRiskAccepted, None);
                Words::default()
            }
            HomeWord::FloorDeclined(id) if host.sales[id] == Some(Sale::AtRisk) => {
                host.decide(id, Sale::AtRiskLost, None);
                Words::default()
            }
            HomeWord::Granted(_)
            | HomeWord::Denied(_)
            | HomeWord::Obliged(_)
            | HomeWord::FloorDeclined(_) => Words::default(),
        };
        Some((Step::HostReads, host, words))
    }

    /// Answers with what was decided, which stands in the feed; what is not known becomes void first.
    pub(super) fn host_answers(&self, state: &State, id: usize) -> Option<HostTurn> {
        let mut host = state.host.disk.clone();
        if !state.said.query[id] || host.sales[id].is_some() {
            return None;
        }
        host.decide(id, Sale::Voided, Some(HostWord::Voided(id)));
        Some((Step::HostAnswers(id), host, Words::default()))
    }
}

fn lies(state: &State, id: usize) -> impl Iterator<Item = HostTurn> {
    let words = [
        HostWord::Captured(id),
        HostWord::Voided(id),
        HostWord::FloorCaptured(id),
        HostWord::Refunded(id),
    ];
    words.into_iter().map(|word| {
        let mut host = state.host.disk.clone();
        host.feed.push(word);
        (Step::HostLies(word), host, Words::default())
    })
}
